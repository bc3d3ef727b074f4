//! Forward kinematics, inverse and forward dynamics, beside Pinocchio in the same minute, and
//! whether both say the same of ten thousand states.

use std::error::Error;
use std::path::Path;

use arm_model::{ArmModel, JointVector, Load, Payload};
use nalgebra::{Matrix3, Vector3};
use report::Target;
use serde_json::json;

use crate::clock::{Times, quantile};
use crate::peers::Peers;
use crate::{Arms, Effort, Findings};

const STATES: usize = 10_000;

/// Position, velocity, acceleration and torque.
struct State<const N: usize> {
    q: JointVector<N>,
    v: JointVector<N>,
    a: JointVector<N>,
    tau: JointVector<N>,
}

pub fn measure(
    arms: &Arms,
    peers: &Peers,
    effort: Effort,
    findings: &mut Findings,
) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let urdf = folder.join("../../config/description/armature.urdf");
    speed_and_agreement("armature", &arms.armature, (&urdf, "tool0"), peers, effort, findings)?;
    // Beside the targets, for comparison with what others publish of these arms.
    let mut others = Findings::default();
    let fixture = |name: &str| folder.join("tests/fixtures").join(name);
    let (ur5, panda) = (fixture("ur5.urdf"), fixture("panda.urdf"));
    let once = Effort { turns: 1, ..effort };
    speed_and_agreement("UR5", &arms.ur5, (&ur5, "tip"), peers, once, &mut others)?;
    speed_and_agreement("Panda", &arms.panda, (&panda, "tip"), peers, once, &mut others)?;
    findings.detail.extend(others.detail);
    findings.detail.insert("other_arms".into(), serde_json::to_value(others.targets)?);
    Ok(())
}

fn speed_and_agreement<const N: usize>(
    name: &str,
    arm: &ArmModel<N>,
    (urdf, tip): (&Path, &str),
    peers: &Peers,
    effort: Effort,
    findings: &mut Findings,
) -> Result<(), Box<dyn Error>> {
    let states = states(arm);
    let (asked, answers) = (peers.file("states.bin")?, peers.file("answers.bin")?);
    std::fs::write(&asked, bytes(&states))?;
    std::fs::write(&answers, [])?;
    let payload = Payload::new(3.0, Vector3::new(0.0, 0.0, 0.05), Matrix3::identity() * 0.005)?;
    let laden = Load::with_payload(payload);
    let [mut kinematics, mut inverse, mut forward, mut with_payload] =
        [(); 4].map(|()| Times::default());
    let functions = ["forward_kinematics", "inverse_dynamics", "forward_dynamics"];
    let mut theirs = functions.map(|_| Vec::new());
    for _ in 0..effort.turns {
        let empty = &Load::EMPTY;
        kinematics.measure(&states, |s| arm.forward_kinematics(&s.q));
        inverse.measure(&states, |s| arm.inverse_dynamics(&s.q, &s.v, &s.a, empty));
        forward.measure(&states, |s| arm.forward_dynamics(&s.q, &s.v, &s.tau, empty));
        with_payload.measure(&states, |s| arm.inverse_dynamics(&s.q, &s.v, &s.a, &laden));
        let figures = peers.pinocchio(urdf, tip, &asked, &answers);
        for (theirs, function) in theirs.iter_mut().zip(functions) {
            theirs.push(figures.median(function));
        }
    }
    let names = ["forward kinematics", "inverse dynamics", "forward dynamics"];
    let limits = [150.0, 300.0, 900.0];
    let ours = [&kinematics, &inverse, &forward];
    for (((function, limit), ours), theirs) in names.into_iter().zip(limits).zip(ours).zip(theirs) {
        let target =
            Target::at_most(&format!("{function}, {name}, median"), "ns", ours.median(), limit);
        findings.targets.push(beside(target, quantile(&theirs, 0.5)));
    }
    let off = disagreement(arm, &states, &std::fs::read(&answers)?);
    let told = format!("largest relative difference from Pinocchio, {name}");
    findings.targets.push(Target::at_most(&told, "1", off, 1e-9));
    findings.detail.insert(
        format!("dynamics_{name}"),
        json!({
            "states_compared": if off.is_finite() { STATES } else { 0 },
            "inverse_dynamics_with_payload_median_ns": with_payload.median(),
            "forward_kinematics_best_ns": kinematics.best(),
            "inverse_dynamics_best_ns": inverse.best(),
            "forward_dynamics_best_ns": forward.best(),
        }),
    );
    Ok(())
}

/// With the peer's figure, when there is one.
pub fn beside(target: Target, peer: f64) -> Target {
    if peer.is_finite() { target.with_peer(peer) } else { target }
}

/// The largest difference of any answer, relative to the largest number of that answer or 1; NaN
/// when there are not as many answers as questions.
fn disagreement<const N: usize>(arm: &ArmModel<N>, states: &[State<N>], answers: &[u8]) -> f64 {
    let numbers: Vec<f64> = answers
        .chunks_exact(8)
        .filter_map(|chunk| Some(f64::from_le_bytes(chunk.try_into().ok()?)))
        .collect();
    let per_state = 12 + 2 * N;
    if numbers.len() != per_state * states.len() {
        return f64::NAN;
    }
    let of_one = |(state, theirs): (&State<N>, &[f64])| {
        let tip = arm.forward_kinematics(&state.q);
        let rotation = tip.rotation.to_rotation_matrix().transpose();
        let ours = [
            tip.translation.vector.as_slice().to_vec(),
            rotation.matrix().as_slice().to_vec(),
            arm.inverse_dynamics(&state.q, &state.v, &state.a, &Load::EMPTY).as_slice().to_vec(),
            arm.forward_dynamics(&state.q, &state.v, &state.tau, &Load::EMPTY).as_slice().to_vec(),
        ];
        let mut rest = theirs.iter();
        let relative = ours.iter().map(|ours| {
            let theirs: Vec<f64> = rest.by_ref().take(ours.len()).copied().collect();
            let size = theirs.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
            ours.iter().zip(&theirs).map(|(o, t)| (o - t).abs() / size).fold(0.0, larger)
        });
        relative.fold(0.0, larger)
    };
    states.iter().zip(numbers.chunks_exact(per_state)).map(of_one).fold(0.0, larger)
}

/// The larger one, or NaN when one is.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

fn states<const N: usize>(arm: &ArmModel<N>) -> Vec<State<N>> {
    let mut random = crate::inverse::Random(1);
    let mut within = |low: f64, high: f64| low + (high - low) * random.unit();
    let limits = arm.limits();
    let mut each = |range: &dyn Fn(usize) -> (f64, f64)| {
        JointVector::<N>::from_fn(|i, _| {
            let (low, high) = range(i);
            within(low, high)
        })
    };
    let limit = |i: usize| limits.get(i).copied();
    (0..STATES)
        .map(|_| State {
            q: each(&|i| limit(i).map_or((0.0, 0.0), |l| (l.lower, l.upper))),
            v: each(&|_| (-3.0, 3.0)),
            a: each(&|_| (-20.0, 20.0)),
            tau: each(&|i| limit(i).map_or((0.0, 0.0), |l| (-l.effort, l.effort))),
        })
        .collect()
}

fn bytes<const N: usize>(states: &[State<N>]) -> Vec<u8> {
    let numbers = states.iter().flat_map(|s| [&s.q, &s.v, &s.a, &s.tau]).flat_map(|v| v.iter());
    numbers.flat_map(|x| x.to_le_bytes()).collect()
}
