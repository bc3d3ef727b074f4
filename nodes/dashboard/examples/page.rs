//! The page with an arm that is only played, for work on its looks: no ROS, no build but this.
//!
//! `cargo run -p dashboard --example page [port] [trouble]`; with `trouble` there is something of
//! everything: a dead node, a silent joint, heat, a stop.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // an aid for people at a desk

use dashboard::preview::Motion;
use dashboard::server::{Meshes, Server, Setup};
use dashboard::surroundings::{Form, Shape};
use dashboard::view::{self, CellTopic};
use dashboard::{Answer, Config, Dashboard, Hello, Inputs, Watched};
use std::f64::consts::FRAC_PI_2;
use std::time::{Duration, Instant};
use vocabulary::arm::{ArmMode, ArmState, ArmStatus, Derating, Freshness};
use vocabulary::command::{DriveState, DriverState, Lease};
use vocabulary::health::{CycleStatistics, Health, Heartbeat, Lifecycle};
use vocabulary::joint::{JointLimits, JointOrder};
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::settings::{ControlSettings, LoadEstimate, TipLoad};
use vocabulary::thermal::{SensorState, ThermalAlarm, ThermalLevel, ThermalState};
use vocabulary::time::{Monotonic, Now, Received, Stamp};

const URDF: &str = include_str!("../../../config/description/armature.urdf");
const TOKEN: &str = "played-arm-token";
const NODES: [(&str, f64); 15] = [
    ("arm_controller", 0.01),
    ("can_hub", 0.0),
    ("control", 0.004),
    ("control_standby", 0.004),
    ("dashboard", 0.025),
    ("driver_joint_1", 0.004),
    ("driver_joint_2", 0.004),
    ("driver_joint_3", 0.004),
    ("driver_joint_4", 0.004),
    ("driver_joint_5", 0.004),
    ("driver_joint_6", 0.004),
    ("joint_state", 0.004),
    ("servo_sim", 0.001),
    ("supervisor", 0.02),
    ("thermal", 0.05),
];

/// Poses of the pick and place, and the time from the one before, s.
const WAY: [(f64, [f64; 6]); 8] = [
    (1.8, [0.0, 0.0, 0.0, 0.0, FRAC_PI_2, 0.0]),
    (2.0, [-0.5071, 0.6725, 0.2950, 0.0, 0.6033, -0.5]),
    (1.0, [-0.5071, 1.0203, 0.2184, 0.0, 0.3321, -0.5]),
    (1.0, [-0.5071, 0.6725, 0.2950, 0.0, 0.6033, -0.5]),
    (2.2, [0.7188, 0.5981, 0.2325, 0.0, 0.7402, 0.7]),
    (1.0, [0.7188, 0.9181, 0.2072, 0.0, 0.4454, 0.7]),
    (1.0, [0.7188, 0.5981, 0.2325, 0.0, 0.7402, 0.7]),
    (0.6, [0.7188, 0.5981, 0.2325, 0.0, 0.7402, 0.7]),
];

fn pose(t: f64) -> [f64; 6] {
    let total: f64 = WAY.iter().map(|(time, _)| time).sum();
    let mut left = t.rem_euclid(total);
    let mut from = WAY[WAY.len() - 1].1;
    for (time, to) in WAY {
        if left < time {
            let s = left / time;
            let smooth = s * s * s * (10.0 + s * (6.0 * s - 15.0));
            return std::array::from_fn(|j| from[j] + (to[j] - from[j]) * smooth);
        }
        (left, from) = (left - time, to);
    }
    from
}

fn received<T>(at: Monotonic, value: T) -> Received<T> {
    Received { at, value }
}

/// Steps of the ten minutes that are over when the page is first served.
const HISTORY: u64 = 30_000;

struct Play {
    trouble: bool,
    stopped: Option<f64>,
    paused: f64,
}

impl Play {
    fn path_time(&self, t: f64) -> f64 {
        self.stopped.unwrap_or(t) - self.paused
    }

    /// A driver that dies after 6 s.
    fn is_dead(&self, node: &str, t: f64) -> bool {
        self.trouble && t > 6.0 && node == "driver_joint_3"
    }

    fn inputs(&self, now: Now, t: f64, tick: u64) -> Inputs {
        let beats =
            NODES.iter().filter(|(node, _)| tick.is_multiple_of(5) && !self.is_dead(node, t));
        Inputs {
            heartbeats: beats.map(|row| received(now.mono, self.heartbeat(*row, t))).collect(),
            arm: Some(received(now.mono, self.arm(now, t))),
            control: Some(received(now.mono, self.control(t))),
            status: Some(self.status(now, t)),
            lease: Some(Lease { epoch: 12, holder: 7 * 77 + u64::from(b'l'), ..Lease::default() }),
            thermal: Some(received(now.mono, self.thermal(t))),
            thermal_alarm: Some(self.thermal_alarm()),
            derating: self.trouble.then_some(Derating {
                stamp: now.stamp,
                boot_id: 1,
                stop: false,
                torque: [1.0; 6],
                speed: 0.62,
            }),
            watched: NODES.iter().map(|(node, _)| watched(node)).collect(),
            cell: (tick.is_multiple_of(100) && self.trouble).then(cell),
            shapes: (tick == 0).then(shapes),
            motion: (tick > HISTORY && tick.is_multiple_of(600)).then(motion),
            settings: Some(ControlSettings {
                law: "position".into(),
                payload: TipLoad { mass: 1.0, ..TipLoad::default() },
                estimate: Some(LoadEstimate { mass: 0.97, center: [0.0; 3], deviation: 0.05 }),
                ..ControlSettings::default()
            }),
            ..Inputs::default()
        }
    }

    fn heartbeat(&self, (node, period): (&str, f64), t: f64) -> Heartbeat {
        let late = if node == "joint_state" { (t / 9.0) as u64 } else { 0 };
        let count = if period > 0.0 { (t / period) as u64 } else { 0 };
        let (health, message) = match (node, self.trouble) {
            ("joint_state", true) => (Health::Warn, "joint_3 is silent".to_owned()),
            _ => (Health::Ok, String::new()),
        };
        Heartbeat {
            node: node.to_owned(),
            boot_id: node.len() as u64 * 77 + u64::from(node.as_bytes()[node.len() - 1]),
            pid: 4100 + node.len() as u32,
            sequence: (t * 20.0) as u64 + 1,
            lifecycle: Lifecycle::Active,
            health,
            message,
            cycles: CycleStatistics { period, count, late, worst_lateness: 0.0021, refused: 0 },
            cpu_time: t * 0.01 * (node.len() as f64 / 4.0),
            version: "0.1.0".into(),
            ..Heartbeat::default()
        }
    }

    /// Where the arm should be and where it is.
    fn poses(&self, t: f64) -> ([f64; 6], [f64; 6]) {
        let path = self.path_time(t);
        (pose(path + 0.03), pose(path))
    }

    fn arm(&self, now: Now, t: f64) -> ArmState {
        let path = self.path_time(t);
        let (should, is) = self.poses(t);
        let mut arm = ArmState {
            stamp: now.stamp,
            age: [0.003; 6],
            freshness: [Freshness::Fresh; 6],
            position: is,
            velocity: std::array::from_fn(|j| (should[j] - is[j]) / 0.03),
            effort: std::array::from_fn(|j| {
                [4.0, 96.0, 31.0, 3.0, 6.0, 0.7][j] * (0.8 + 0.2 * (path * 1.7 + j as f64).sin())
            }),
            temperature: self.winding(t),
            drive: [DriveState::OperationEnabled; 6],
            driver: [DriverState::Following; 6],
        };
        if self.is_dead("driver_joint_3", t) {
            arm.freshness[2] = Freshness::Silent;
            arm.age[2] = t - 6.0;
        }
        arm
    }

    fn control(&self, t: f64) -> ControlState {
        let (should, is) = self.poses(t);
        let stands = self.stopped.is_some();
        ControlState {
            phase: if stands { ControlPhase::Paused } else { ControlPhase::Executing },
            path_time: self.path_time(t).rem_euclid(10.6),
            path_duration: 10.6,
            speed_scaling: if self.trouble { 0.62 } else { 1.0 },
            reference_position: should,
            feedback_position: is,
            error_position: std::array::from_fn(|j| {
                (should[j] - is[j]) * 0.06 + 2e-4 * (t * (3.0 + j as f64)).sin()
            }),
            ..ControlState::default()
        }
    }

    fn status(&self, now: Now, t: f64) -> ArmStatus {
        let (mode, reason) = match (self.stopped, self.is_dead("driver_joint_3", t)) {
            (_, true) => (ArmMode::Hold, "driver_joint_3 is silent"),
            (Some(_), _) => (ArmMode::Stopped, "arm/stop was called"),
            _ => (ArmMode::Enabled, "arm/enable"),
        };
        ArmStatus { mode, reason: reason.into(), stamp: now.stamp, ..ArmStatus::default() }
    }

    /// °C.
    fn winding(&self, t: f64) -> [f64; 6] {
        let heat = (t / 400.0).min(1.0);
        let hot = if self.trouble { 58.0 } else { 22.0 };
        std::array::from_fn(|j| 34.0 + 4.0 * j as f64 + heat * 9.0 + if j == 1 { hot } else { 0.0 })
    }

    fn levels(&self) -> [ThermalLevel; 6] {
        std::array::from_fn(|j| match (self.trouble, j) {
            (true, 1) => ThermalLevel::Derate,
            (true, 4) => ThermalLevel::Warning,
            _ => ThermalLevel::Normal,
        })
    }

    fn thermal(&self, t: f64) -> ThermalState {
        let winding = self.winding(t);
        ThermalState {
            winding,
            winding_bound: winding.map(|w| w + 6.0),
            housing: winding.map(|w| w - 7.0),
            winding_limit: [110.0; 6],
            time_to_limit: std::array::from_fn(|j| match (self.trouble, j) {
                (true, 1) => 38.0,
                (true, 4) => 214.0,
                _ => f64::INFINITY,
            }),
            load: [0.3; 6],
            torque_limit: [1.0; 6],
            speed: 1.0,
            ambient: 24.0,
            winding_sensor: [SensorState::Ok; 6],
            level: self.levels(),
            ..ThermalState::default()
        }
    }

    fn thermal_alarm(&self) -> ThermalAlarm {
        ThermalAlarm {
            level: if self.trouble { ThermalLevel::Derate } else { ThermalLevel::Normal },
            levels: self.levels(),
            latched: [false, self.trouble, false, false, false, false],
            reasons: std::array::from_fn(|j| match (self.trouble, j) {
                (true, 1) => "winding at 104 °C, at most 108 °C of 110 °C; reaches the limit in \
                              38 s at this load"
                    .into(),
                (true, 4) => "winding reaches 110 °C in 214 s at this load".into(),
                _ => String::new(),
            }),
            ..ThermalAlarm::default()
        }
    }
}

fn watched(node: &str) -> Watched {
    Watched {
        node: node.to_owned(),
        expected: !["dashboard", "can_hub", "servo_sim"].contains(&node),
        joints: node.strip_prefix("driver_").unwrap_or_default().to_owned(),
        boots: 1,
    }
}

/// A table, something on it, and something in the hand.
fn shapes() -> Vec<Shape> {
    let shape = |name: &str, form, frame: &str, position, size| Shape {
        name: name.into(),
        form,
        frame: frame.into(),
        position,
        turn: [0.0, 0.0, 0.0, 1.0],
        size,
        color: [0.3, 0.7, 0.4, 0.6],
        points: Vec::new(),
    };
    vec![
        shape("scene/table", Form::Box, "base_link", [0.55, 0.0, 0.05], [0.5, 0.9, 0.1]),
        shape("scene/part", Form::Cylinder, "base_link", [0.6, 0.3, 0.16], [0.08, 0.08, 0.12]),
        shape("scene/ball", Form::Ball, "base_link", [0.45, -0.3, 0.14], [0.08; 3]),
        shape("carried/part", Form::Box, "tool0", [0.0, 0.0, 0.05], [0.06, 0.06, 0.1]),
    ]
}

fn motion() -> Motion {
    let times: Vec<f64> = (0..=40).map(|n| f64::from(n) * 0.1).collect();
    let positions = times.iter().map(|t| pose(t + 1.8)).collect();
    Motion { times, positions }
}

fn cell() -> Vec<CellTopic> {
    let topic = |topic: &str, message| CellTopic {
        topic: topic.into(),
        message_type: String::new(),
        message,
    };
    vec![
        topic(
            "cell/job",
            serde_json::json!({"job": "inspect and sort", "state": "running", "step": "inspect", "part": 118, "good": 109, "bad": 8, "cycle_time": 6.42, "reason": ""}),
        ),
        topic(
            "stations/camera/descriptor",
            serde_json::json!({"id": "camera-1", "kind": "inspection", "capabilities": ["inspect_surface", "read_code"], "frame": "camera_link", "interface_version": {"major": 1, "minor": 2}, "heartbeat_period": 0.5}),
        ),
    ]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(8470);
    let recordings_folder = std::env::var("RECORDINGS").unwrap_or_default();
    let config = Config { port, recordings_folder, ..Config::default() };
    let order = JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap();
    let limits = [
        (-2.967, 2.967, 150.0),
        (-1.5, 2.0, 220.0),
        (-2.2, 1.3, 100.0),
        (-2.967, 2.967, 24.0),
        (-1.9, 1.9, 24.0),
        (-3.1, 3.1, 12.0),
    ]
    .map(|(lower, upper, effort)| JointLimits {
        lower,
        upper,
        effort,
        velocity: 3.0,
        acceleration: 6.0,
    });
    let hello = Hello {
        version: "0.1.0".into(),
        namespace: "/".into(),
        joints: view::joints(&order, &limits),
        ..Hello::default()
    };
    let token = arguments.iter().all(|word| word != "locked").then(|| TOKEN.to_owned());
    let setup =
        Setup::new(&config, config.validate().unwrap(), token, hello, Meshes::of(URDF, |_| None));
    let mut server = Server::start(setup, config.history).unwrap();
    let mut dashboard = Dashboard::new(&config, order);
    let mut play = Play {
        trouble: arguments.iter().any(|word| word == "trouble"),
        stopped: None,
        paused: 0.0,
    };
    println!("http://127.0.0.1:{port}/#token={TOKEN}");
    let began = Instant::now();
    // Ten minutes of history in a moment.
    for tick in 0..HISTORY {
        step(&mut dashboard, &server, &mut play, tick as f64 * 0.02, tick);
    }
    for tick in HISTORY.. {
        let t = 600.0 + began.elapsed().as_secs_f64();
        while let Some(request) = server.next_call() {
            match request.call.name() {
                "stop" => play.stopped = Some(t),
                "resume" => {
                    if let Some(at) = play.stopped.take() {
                        play.paused += t - at
                    }
                }
                _ => {}
            }
            let _gone = request.reply.send(Answer { success: true, message: "played".into() });
        }
        step(&mut dashboard, &server, &mut play, t, tick);
        std::thread::sleep(Duration::from_millis(25));
    }
}

fn step(dashboard: &mut Dashboard, server: &Server, play: &mut Play, t: f64, tick: u64) {
    let unix =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let offset = unix - if t > 600.0 { t } else { 600.0 };
    let now = Now { mono: Monotonic((t * 1e9) as u64), stamp: Stamp(((offset + t) * 1e9) as i64) };
    let inputs = Inputs { browsers: server.browsers(), ..play.inputs(now, t, tick) };
    let outputs = dashboard.step(now, inputs);
    server.publish(outputs.updates);
    outputs.point.iter().for_each(|point| server.remember(point));
}
