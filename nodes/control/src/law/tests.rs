//! The laws on an arm that answers late, with friction and a load that the model does not know.

use super::*;
use crate::config::{Config, FrictionConfig};
use crate::dynamics::tests::model;
use crate::rules::Rules;
use arm_model::{ArmModel, JointVector, Load, Payload};
use std::collections::VecDeque;

const PERIOD: f64 = 0.004;
/// Cycles between the sample and the torque that answers it.
const LATE: usize = 3;
const COULOMB: [f64; JOINTS] = [3.0, 4.0, 2.0, 0.5, 0.5, 0.3];

fn config() -> Config {
    let mut config = Config { friction_compensation: 0.9, ..Config::default() };
    for (n, coulomb) in (1..).zip(COULOMB) {
        let friction = FrictionConfig { coulomb, viscous: coulomb };
        config.friction.insert(format!("joint_{n}"), friction);
    }
    config
}

/// All joints swing by 0.5 rad at 0.5 Hz around a bent posture, without a step of acceleration.
fn swing(time: f64) -> State {
    let pace = std::f64::consts::PI;
    let (sin, cos) = (pace * time).sin_cos();
    let size = 0.125;
    State {
        position: [0.0, 0.5, -0.5, 0.3, 0.5, 0.2].map(|p| p + size * (1.0 - cos).powi(2)),
        velocity: [size * pace * 2.0 * (1.0 - cos) * sin; JOINTS],
        acceleration: [size * pace * pace * 2.0 * (sin * sin + cos - cos * cos); JOINTS],
    }
}

fn acts(effort: &PerJoint<f64>) -> PerJoint<Option<Acting>> {
    effort.map(|effort| Some(Acting::Torque(effort)))
}

struct Bench {
    rules: Rules,
    tuning: Tuning,
    laws: Laws,
    model: ArmModel<JOINTS>,
    load: Load,
    q: JointVector<JOINTS>,
    v: JointVector<JOINTS>,
    queue: VecDeque<PerJoint<f64>>,
    limit: PerJoint<f64>,
    cycle: u32,
    measured: PerJoint<Option<Measured>>,
    worst: PerJoint<f64>,
    efforts: Vec<PerJoint<f64>>,
}

impl Bench {
    /// At rest where the swing begins, held by the torque that this takes.
    fn new(law: &str, config: &Config) -> Self {
        let rules = Rules::for_test();
        let tuning = rules.tuning(config).unwrap();
        let start = JointVector::from(swing(0.0).position);
        let rotors = JointVector::from([0.5, 0.6, 0.3, 0.064, 0.064, 0.0384]);
        let model = model().with_rotor_inertia(rotors).unwrap();
        let holding: PerJoint<f64> = model.gravity_torque(&start, &Load::EMPTY).into();
        let mut laws = Laws::default();
        laws.select(law, &acts(&holding));
        Self {
            limit: tuning.joints.map(|joint| joint.torque_limit),
            rules,
            tuning,
            laws,
            model,
            load: Load::EMPTY,
            q: start,
            v: JointVector::zeros(),
            queue: vec![holding; LATE].into(),
            cycle: 0,
            measured: [None; JOINTS],
            worst: [0.0; JOINTS],
            efforts: Vec::new(),
        }
    }

    fn time(&self) -> f64 {
        f64::from(self.cycle) * PERIOD
    }

    /// The law under test sees the joints as they are and the reference of the time its torque acts.
    fn step(&mut self, reference: impl Fn(f64) -> State) -> PerJoint<f64> {
        let now = self.time();
        let here = reference(now);
        for joint in 0..JOINTS {
            let error_position = here.position[joint] - self.q[joint];
            self.worst[joint] = self.worst[joint].max(error_position.abs());
            self.measured[joint] = Some(Measured {
                at: Monotonic((now * 1e9) as u64),
                position: self.q[joint],
                velocity: self.v[joint],
                effort: self.queue[0][joint],
                error_position,
                error_velocity: here.velocity[joint] - self.v[joint],
            });
        }
        let output = self.laws.update(&LawInput {
            reference: &reference(now + (LATE as f64 + 0.5) * PERIOD),
            measured: &self.measured,
            dynamics: self.rules.dynamics(),
            tuning: &self.tuning,
            effort_limit: &self.limit,
            dt: PERIOD,
        });
        self.queue.push_back(output.effort);
        let torque = self.queue.pop_front().unwrap();
        self.push(&torque);
        self.efforts.push(output.effort);
        self.cycle += 1;
        output.effort
    }

    /// One period of mechanics.
    fn push(&mut self, torque: &PerJoint<f64>) {
        let dt = PERIOD / 8.0;
        for _ in 0..8 {
            let mut net = JointVector::from(*torque);
            for joint in 0..JOINTS {
                let v = self.v[joint];
                net[joint] -= COULOMB[joint] * ((v / 0.02).tanh() + v);
            }
            let a = self.model.forward_dynamics(&self.q, &self.v, &net, &self.load);
            self.v += a * dt;
            self.q += self.v * dt;
        }
    }

    fn run(&mut self, seconds: f64, reference: impl Fn(f64) -> State) {
        for _ in 0..(seconds / PERIOD) as usize {
            self.step(&reference);
        }
    }
}

#[test]
fn the_torque_law_follows_a_swing_with_the_right_model() {
    let mut bench = Bench::new("torque", &config());
    bench.run(6.0, swing);
    assert!(bench.worst.iter().all(|worst| *worst < 0.004), "{:?} rad", bench.worst);
}

#[test]
fn an_undeclared_payload_sags_and_the_integral_brings_it_back() {
    let mut bench = Bench::new("torque", &config());
    bench.load = Load::with_payload(Payload::point(1.0, [0.0, 0.0, 0.05].into()).unwrap());
    let still = |_: f64| State::at_rest(swing(0.0).position);
    bench.run(8.0, still);
    bench.worst = [0.0; JOINTS];
    bench.run(1.0, still);
    assert!(bench.worst.iter().all(|worst| *worst < 0.005), "{:?} rad", bench.worst);
    assert!(bench.laws.integral()[1].abs() > 1.0);
}

#[test]
fn the_first_torque_of_an_adopted_law_is_the_one_that_acted() {
    let mut bench = Bench::new("position", &config());
    bench.run(0.3, swing);
    let acting = [5.0, 40.0, 20.0, 1.0, 2.0, 0.1];
    assert!(bench.laws.select("torque", &acts(&acting)));
    assert!(
        !bench.laws.select("torque", &acts(&acting)) && !bench.laws.select("magic", &acts(&acting))
    );
    let first = bench.step(swing);
    for (first, acting) in first.iter().zip(acting) {
        assert!((first - acting).abs() < 1e-9, "{first} {acting}");
    }
}

#[test]
fn a_restored_integral_makes_a_successor_say_what_the_predecessor_would() {
    let mut bench = Bench::new("torque", &config());
    bench.load = Load::with_payload(Payload::point(1.0, [0.0; 3].into()).unwrap());
    bench.run(2.0, swing);
    let mut successor = Laws::default();
    successor.select("torque", &[None; JOINTS]);
    successor.restore(&bench.laws.integral());
    let one = *bench.efforts.last().unwrap();
    bench.laws = successor;
    let other = bench.step(swing);
    for (joint, (one, other)) in one.iter().zip(other).enumerate() {
        assert!((one - other).abs() < 0.02 * bench.limit[joint], "{joint}: {one} {other}");
    }
}

#[test]
fn a_joint_at_its_limit_does_not_wind_up() {
    let mut bench = Bench::new("torque", &config());
    let start = swing(0.0);
    let still = |_: f64| State::at_rest(start.position);
    bench.run(0.5, still);
    // The arm is held half a radian away for three seconds, then let go.
    let away = |_: f64| {
        let mut position = start.position;
        position[0] += 0.5;
        State::at_rest(position)
    };
    bench.limit[0] = 20.0;
    let (q, v) = (bench.q, bench.v);
    for _ in 0..750 {
        bench.step(away);
        (bench.q, bench.v) = (q, v);
    }
    assert!(bench.efforts.last().unwrap()[0] <= 20.0);
    let wound = bench.laws.integral()[0];
    assert!(wound <= 0.0, "{wound} N m");
}

#[test]
fn a_silent_joint_gets_the_torque_of_the_model() {
    let mut bench = Bench::new("torque", &config());
    bench.run(1.0, swing);
    let before = bench.laws.integral()[1];
    let reference = swing(bench.time());
    let output = bench.laws.update(&LawInput {
        reference: &reference,
        measured: &[None; JOINTS],
        dynamics: bench.rules.dynamics(),
        tuning: &bench.tuning,
        effort_limit: &bench.limit,
        dt: PERIOD,
    });
    let model = bench.rules.dynamics().torque(&reference, &bench.tuning, 1.0);
    assert!((output.effort[1] - model[1] - before).abs() < 1e-9);
}

#[test]
fn torque_never_exceeds_the_limit_whatever_is_measured() {
    let mut bench = Bench::new("torque", &config());
    bench.limit = [0.5; JOINTS];
    for _ in 0..50 {
        let torque = bench.step(swing);
        assert!(torque.iter().all(|torque| torque.abs() <= 0.5));
    }
}
