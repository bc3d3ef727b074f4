//! Inverse kinematics: all solutions of closed forms beside rs-opw-kinematics and ik-geo, how many
//! of random poses are recovered, and the numeric solver on arms with and without closed forms.

use arm_model::ik::Ik;
use arm_model::{ArmModel, JointVector, Pose};
use report::Target;
use rs_opw_kinematics::kinematic_traits::Kinematics;
use rs_opw_kinematics::kinematics_impl::OPWKinematics;
use rs_opw_kinematics::parameters::opw_kinematics::Parameters;
use serde_json::{Value, json};

use crate::clock::{Times, now, quantile};
use crate::dynamics::beside;
use crate::peers::Peers;
use crate::{Arms, Effort, Findings};

/// A pose is recovered when every solution reaches it so closely [m, 1] …
const RECOVERED: f64 = 1e-9;
/// … and the joint positions that it came from are among them [rad]. Close to a singularity the
/// rounding of the pose alone moves joints by more than `RECOVERED`.
const SAME_BRANCH: f64 = 1e-6;
/// A timing is the best of so many: what the machine does besides is not the solver's.
const REPEATS: usize = 3;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn joints<const N: usize>(&mut self, arm: &ArmModel<N>) -> JointVector<N> {
        JointVector::from_iterator(
            arm.limits().iter().map(|l| l.lower + (l.upper - l.lower) * self.unit()),
        )
    }
}

pub fn measure(arms: &Arms, peers: &Peers, effort: Effort, findings: &mut Findings) {
    closed_forms(arms, peers, effort, findings);
    let recovered = [
        ("spherical wrist", recovered(&arms.armature, effort.poses)),
        ("three parallel axes", recovered(&arms.ur5, effort.poses)),
        ("spherical wrist, Puma 560", recovered(&arms.puma560, effort.poses)),
    ];
    for (name, (share, detail)) in recovered {
        let name = format!("closed-form IK recovers random poses, {name}");
        findings.targets.push(Target::at_least(&name, "%", share, 100.0));
        findings.detail.insert(name, detail);
    }
    numeric("6 joints in no order", &arms.skewed, effort, findings);
    numeric("Panda, 7 joints", &arms.panda, effort, findings);
    numeric("UR5, as if it had no closed form", &arms.ur5, effort, findings);
    numeric("Puma 560, as if it had no closed form", &arms.puma560, effort, findings);
}

fn poses(arm: &ArmModel<6>) -> Vec<Pose> {
    let mut random = Random(2);
    (0..1000).map(|_| arm.forward_kinematics(&random.joints(arm))).collect()
}

fn closed_forms(arms: &Arms, peers: &Peers, effort: Effort, findings: &mut Findings) {
    let (wrist, parallel) = (Ik::new(&arms.armature), Ik::new(&arms.ur5));
    let (wrist_poses, parallel_poses) = (poses(&arms.armature), poses(&arms.ur5));
    let opw = reference_arm_as_opw();
    let opw_poses: Vec<_> = {
        let mut random = Random(2);
        (0..1000).map(|_| opw.forward(&random.joints(&arms.armature).into())).collect()
    };
    let zero = JointVector::zeros();
    let [mut our_wrist, mut our_parallel, mut their_wrist] = [(); 3].map(|()| Times::default());
    let mut their_parallel = Vec::new();
    for _ in 0..effort.turns {
        our_wrist.measure(&wrist_poses, |pose| wrist.solve_all(pose, &zero));
        their_wrist.measure(&opw_poses, |pose| opw.inverse(pose));
        our_parallel.measure(&parallel_poses, |pose| parallel.solve_all(pose, &zero));
        their_parallel.push(peers.ik_geo().median("all_solutions"));
    }
    let microseconds = |nanoseconds: f64| nanoseconds / 1e3;
    let mut add = |name: &str, ours: &Times, theirs: f64| {
        let name = format!("closed-form IK, all solutions, {name}, median");
        let target = Target::at_most(&name, "us", microseconds(ours.median()), 1.0);
        findings.targets.push(beside(target, microseconds(theirs)));
        let best = microseconds(ours.best());
        findings.detail.insert(name, json!({ "best_us": best }));
    };
    add("spherical wrist", &our_wrist, their_wrist.median());
    add("three parallel axes", &our_parallel, quantile(&their_parallel, 0.5));
}

/// The dimensions of the reference arm, from the head of its description.
fn reference_arm_as_opw() -> OPWKinematics {
    OPWKinematics::new(Parameters {
        a1: 0.05,
        a2: 0.0,
        b: 0.0,
        c1: 0.30,
        c2: 0.40,
        c3: 0.38,
        c4: 0.10,
        ..Parameters::new()
    })
}

/// The share of random poses that are recovered [%], and how closely.
fn recovered(arm: &ArmModel<6>, count: usize) -> (f64, Value) {
    let (ik, mut random) = (Ik::new(arm), Random(3));
    let (mut good, mut all, mut exact) = (0, 0, 0);
    let (mut worst_pose, mut worst_joint) = (0.0_f64, 0.0_f64);
    for _ in 0..count {
        let q = random.joints(arm);
        let pose = arm.forward_kinematics(&q);
        let Ok(found) = ik.solve_all(&pose, &q) else { continue };
        let off = |joints: &JointVector<6>| {
            let reached = arm.forward_kinematics(joints);
            (reached.to_homogeneous() - pose.to_homogeneous()).amax()
        };
        let pose_error = found.into_iter().map(|s| off(&s.joints)).fold(0.0, f64::max);
        let joint_error = (found.nearest().joints - q).amax();
        good += usize::from(pose_error <= RECOVERED && joint_error <= SAME_BRANCH);
        exact += usize::from(joint_error <= RECOVERED);
        all += found.as_slice().len();
        worst_pose = worst_pose.max(pose_error);
        worst_joint = worst_joint.max(joint_error);
    }
    let share = |part: usize| 100.0 * part as f64 / count as f64;
    let detail = json!({
        "poses": count,
        "solutions_on_average": all as f64 / count as f64,
        "worst_pose_error": worst_pose,
        "worst_joint_error_rad": worst_joint,
        "same_joints_to_1e-9_percent": share(exact),
    });
    (share(good), detail)
}

/// Random poses of the arm, from random references.
fn numeric<const N: usize>(name: &str, arm: &ArmModel<N>, effort: Effort, findings: &mut Findings) {
    let (ik, mut random) = (Ik::new(arm).forced_numeric(), Random(4));
    let mut microseconds = Vec::new();
    let mut lost = 0;
    for _ in 0..effort.problems {
        let pose = arm.forward_kinematics(&random.joints(arm));
        let reference = random.joints(arm);
        let mut best = f64::INFINITY;
        let mut solved = true;
        for _ in 0..REPEATS {
            let start = now();
            let found = ik.solve(&pose, &reference);
            best = best.min((now() - start) / 1e3);
            solved &= found.is_ok_and(|found| {
                let reached = arm.forward_kinematics(&found.joints);
                (reached.to_homogeneous() - pose.to_homogeneous()).amax() <= 2.0 * RECOVERED
            });
        }
        lost += usize::from(!solved);
        microseconds.push(if solved { best } else { f64::INFINITY });
    }
    let within = microseconds.iter().filter(|t| **t <= 1000.0).count();
    let share = 100.0 * within as f64 / effort.problems as f64;
    let median = quantile(&microseconds, 0.5);
    let found = format!("numeric IK within 1 ms, {name}");
    findings.targets.push(Target::at_least(&found, "%", share, 99.9));
    let took = format!("numeric IK, {name}, median");
    findings.targets.push(Target::at_most(&took, "us", median, 100.0));
    let [p99, p999] = [0.99, 0.999].map(|share| quantile(&microseconds, share));
    findings.detail.insert(
        format!("numeric IK, {name}"),
        json!({ "problems": effort.problems, "not_found": lost, "p99_us": p99, "p99.9_us": p999 }),
    );
}
