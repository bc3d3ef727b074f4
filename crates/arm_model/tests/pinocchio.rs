//! Every function against Pinocchio, to 1e-9 of the size of the answer, on random states.
//! fixtures/generate.py says where the numbers come from and how they are packed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a test

mod support;

use std::collections::HashMap;
use std::path::Path;

use arm_model::{ArmModel, JointVector, Load, Payload};
use nalgebra::{Matrix3, Vector3};

/// Largest error, relative to the largest number in the answer (at least 1).
const TOLERANCE: f64 = 1e-9;

#[derive(serde::Deserialize)]
struct Fixture {
    fields: Vec<(String, usize)>,
    rotor_inertia: Vec<f64>,
    states: Vec<String>,
}

/// One state: the numbers of each field.
struct State(HashMap<String, Vec<f64>>);

impl State {
    fn get(&self, field: &str) -> &[f64] {
        &self.0[field]
    }

    fn joints(&self, field: &str) -> JointVector<6> {
        JointVector::from_column_slice(self.get(field))
    }

    fn load(&self) -> Load {
        let [xx, xy, xz, yy, yz, zz] = self.get("payload_inertia").try_into().unwrap();
        let inertia = Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz);
        let com = Vector3::from_column_slice(self.get("payload_com"));
        let payload = Payload::new(self.get("payload_mass")[0], com, inertia).unwrap();
        Load { gravity: Vector3::from_column_slice(self.get("gravity")), payload }
    }

    /// Panics when our numbers are not Pinocchio's.
    fn check<'a>(&self, field: &str, ours: impl IntoIterator<Item = &'a f64>) {
        let theirs = self.get(field);
        let ours: Vec<f64> = ours.into_iter().copied().collect();
        assert_eq!(ours.len(), theirs.len(), "{field}");
        let size = theirs.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
        for (o, t) in ours.iter().zip(theirs) {
            assert!((o - t).abs() <= TOLERANCE * size, "{field}: {ours:?}, Pinocchio {theirs:?}");
        }
    }
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("not base64: {c}"),
    };
    let mut bytes = Vec::new();
    for quad in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = quad.iter().fold(0_u32, |bits, &c| bits << 6 | u32::from(digit(c)));
        let aligned = bits << (6 * (4 - quad.len()) + 8);
        bytes.extend_from_slice(&aligned.to_be_bytes()[..quad.len() - 1]);
    }
    bytes
}

fn read(name: &str) -> (Vec<State>, JointVector<6>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let fixture: Fixture = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let unpack = |text: &String| {
        let bytes = base64(text);
        let mut numbers =
            bytes.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap()));
        let mut take = |n| numbers.by_ref().take(n).collect::<Vec<_>>();
        State(fixture.fields.iter().map(|(name, n)| (name.clone(), take(*n))).collect())
    };
    let states = fixture.states.iter().map(unpack).collect();
    (states, JointVector::from_column_slice(&fixture.rotor_inertia))
}

fn check_kinematics(arm: &ArmModel<6>, state: &State) {
    let q = state.joints("q");
    let tip = arm.forward_kinematics(&q);
    let rotation = tip.rotation.to_rotation_matrix();
    state.check("tip_rotation", &rotation.transpose().into_inner()); // row by row
    state.check("tip_position", &tip.translation.vector);
    let poses = arm.link_poses(&q);
    state.check("link_positions", poses.iter().flat_map(|p| p.translation.vector.iter()));
    state.check("jacobian", &arm.jacobian(&q).transpose());
}

fn check_dynamics(arm: &ArmModel<6>, state: &State) {
    let [q, v, a, tau] = ["q", "v", "a", "tau"].map(|field| state.joints(field));
    let load = state.load();
    state.check("rnea", &arm.inverse_dynamics(&q, &v, &a, &load));
    state.check("gravity_torque", &arm.gravity_torque(&q, &load));
    let mass = arm.mass_matrix(&q, &load.payload);
    let upper = (0..6).flat_map(|i| (i..6).map(move |j| (i, j)));
    state.check("crba", upper.map(|ij| &mass[ij]));
    assert_eq!(mass, mass.transpose());
    state.check("aba", &arm.forward_dynamics(&q, &v, &tau, &load));
    let kinetic = arm.kinetic_energy(&q, &v, &load.payload);
    state.check("energy", &[kinetic, arm.potential_energy(&q, &load)]);
}

fn check_all(name: &str, arm: &ArmModel<6>, count: usize) {
    let (states, rotors) = read(name);
    assert_eq!(states.len(), count);
    assert_eq!(*arm.rotor_inertia(), rotors);
    for state in &states {
        check_kinematics(arm, state);
        check_dynamics(arm, state);
    }
}

#[test]
fn reference_arm_agrees_with_pinocchio() {
    check_all("pinocchio_armature.json", &support::armature(), 1000);
}

#[test]
fn skewed_arm_with_branches_and_rotors_agrees_with_pinocchio() {
    check_all("pinocchio_skewed.json", &support::skewed(), 500);
}

/// Checks answers that are there for many states, without payload, of an arm of any number of
/// joints: kinematics, inverse and forward dynamics.
fn check_many<const N: usize>(name: &str, arm: &ArmModel<N>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let bytes = std::fs::read(path).unwrap();
    let mut answers = bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap()));
    let mut random = support::Random::new(20_240_607); // SEED of generate.py
    for state in 0..2000 {
        let q = random.joints(arm);
        let [v, a] =
            [3.0, 20.0].map(|size| JointVector::from_fn(|_, _| random.within(-size, size)));
        let efforts = arm.limits().map(|l| l.effort);
        let tau = JointVector::from_fn(|i, _| random.within(-efforts[i], efforts[i]));
        let mut close = |what: &str, ours: &[f64]| {
            let theirs: Vec<f64> = answers.by_ref().take(ours.len()).collect();
            assert_eq!(theirs.len(), ours.len(), "{name} ends at state {state}");
            let size = theirs.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
            let off = ours.iter().zip(&theirs).fold(0.0_f64, |m, (o, t)| m.max((o - t).abs()));
            assert!(off <= TOLERANCE * size, "{what} of state {state}: {ours:?}, {theirs:?}");
        };
        let tip = arm.forward_kinematics(&q);
        close("tip position", tip.translation.vector.as_slice());
        // Half a turn has two quaternions.
        let turn = tip.rotation.coords * if tip.rotation.w < 0.0 { -1.0 } else { 1.0 };
        close("tip orientation", turn.as_slice());
        close("rnea", arm.inverse_dynamics(&q, &v, &a, &Load::EMPTY).as_slice());
        close("aba", arm.forward_dynamics(&q, &v, &tau, &Load::EMPTY).as_slice());
    }
    assert_eq!(answers.count(), 0, "{name} has more states");
}

#[test]
fn ten_thousand_states_of_five_arms_agree_with_pinocchio() {
    check_many("many_armature.bin", &support::armature());
    check_many("many_skewed.bin", &support::skewed());
    check_many("many_ur5.bin", &support::ur5());
    check_many("many_puma560.bin", &support::puma560());
    check_many("many_panda.bin", &support::panda());
}
