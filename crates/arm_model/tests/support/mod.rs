//! The arms that the tests use.
#![allow(dead_code, clippy::unwrap_used)] // each test uses its part

use arm_model::{ArmModel, JointVector};

pub const ARMATURE: &str = include_str!("../../../../config/description/armature.urdf");
pub const SKEWED: &str = include_str!("../fixtures/skewed.urdf");

/// The reference arm.
pub fn armature() -> ArmModel<6> {
    ArmModel::from_urdf(ARMATURE, "base_link", "tool0").unwrap()
}

/// An arm with nothing aligned, branches, and rotors.
pub fn skewed() -> ArmModel<6> {
    let rotors = JointVector::from([0.9, 0.8, 0.5, 0.1, 0.08, 0.02]);
    ArmModel::from_urdf(SKEWED, "world", "tip").unwrap().with_rotor_inertia(rotors).unwrap()
}

pub const UR5: &str = include_str!("../fixtures/ur5.urdf");
pub const PANDA: &str = include_str!("../fixtures/panda.urdf");
pub const PUMA560: &str = include_str!("../fixtures/puma560.urdf");

/// Three parallel axes.
pub fn ur5() -> ArmModel<6> {
    ArmModel::from_urdf(UR5, "base", "tip").unwrap()
}

/// Seven joints.
pub fn panda() -> ArmModel<7> {
    ArmModel::from_urdf(PANDA, "base", "tip").unwrap()
}

/// A spherical wrist, a shoulder with an offset, links of almost the same length.
pub fn puma560() -> ArmModel<6> {
    ArmModel::from_urdf(PUMA560, "base", "tip").unwrap()
}

/// Numbers in [0, 1), the same in each run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A multiplicative congruential generator (Steele and Vigna 2021), its high bits.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Joint positions within the limits.
    pub fn joints<const N: usize>(&mut self, arm: &ArmModel<N>) -> JointVector<N> {
        JointVector::from_fn(|i, _| {
            let limits = arm.limits().get(i).unwrap();
            self.within(limits.lower, limits.upper)
        })
    }
}

/// How far apart two poses are, in any entry of their matrices [m, 1].
pub fn apart(a: &arm_model::Pose, b: &arm_model::Pose) -> f64 {
    (a.to_homogeneous() - b.to_homogeneous()).amax()
}

/// A revolute joint of a made-up arm: place in the link before, axis, limits.
pub struct Joint {
    pub xyz: [f64; 3],
    pub rpy: [f64; 3],
    pub axis: [f64; 3],
    pub limits: (f64, f64),
}

/// The URDF of a chain from `base` to `tip`.
pub fn chain(joints: &[Joint], tip: ([f64; 3], [f64; 3])) -> String {
    let three = |v: [f64; 3]| v.map(|x| format!("{x:?}")).join(" ");
    let mut text = String::from(r#"<robot name="made_up"><link name="base"/>"#);
    let mut parent = "base".to_owned();
    for (i, joint) in joints.iter().enumerate() {
        let link = format!("link_{}", i + 1);
        let (xyz, rpy, axis) = (three(joint.xyz), three(joint.rpy), three(joint.axis));
        let (lower, upper) = joint.limits;
        text += &format!(
            r#"<joint name="joint_{}" type="revolute"><origin xyz="{xyz}" rpy="{rpy}"/>
            <parent link="{parent}"/><child link="{link}"/><axis xyz="{axis}"/>
            <limit lower="{lower:?}" upper="{upper:?}" velocity="1" effort="1"/></joint>
            <link name="{link}"><inertial><mass value="1"/>
            <inertia ixx="1" ixy="0" ixz="0" iyy="1" iyz="0" izz="1"/></inertial></link>"#,
            i + 1
        );
        parent = link;
    }
    text += &format!(
        r#"<joint name="flange" type="fixed"><origin xyz="{}" rpy="{}"/>
        <parent link="{parent}"/><child link="tip"/></joint><link name="tip"/></robot>"#,
        three(tip.0),
        three(tip.1)
    );
    text
}
