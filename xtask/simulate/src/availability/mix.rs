//! What goes wrong in the comparison: kinds, whom they meet, and when.
//!
//! The one rule: the mix is drawn once per seed and knows nothing of how the arm is built; each kind is
//! as likely as any other, and within a kind each service, signal or joint is. Whom a fault takes with
//! it is the build's affair.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;
use virtual_arm::schedule::{Rogue, Wire};

/// Services with code that can fail, as an operator knows them. Six drivers are one service: the same
/// code.
pub const SERVICES: [Service; 8] = [
    Service::Supervisor,
    Service::Control,
    Service::Motion,
    Service::JointState,
    Service::Thermal,
    Service::Planning,
    Service::Recorder,
    Service::Driver,
];

/// Joints of the arm.
const JOINTS: usize = 6;
/// Least time between two faults, s: the person has come, the arm works again.
const CALM: f64 = 25.0;
/// Mean time on top of it, s.
const MEAN: f64 = 10.0;

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Grants lease and permit.
    Supervisor,
    /// The servo loop.
    Control,
    /// The trajectory API.
    Motion,
    /// Position feedback.
    JointState,
    /// Temperatures.
    Thermal,
    /// Motion planning; here a process that nobody needs.
    Planning,
    /// The black box; here a process that nobody needs.
    Recorder,
    /// Joint drivers.
    Driver,
}

impl Service {
    /// Name of its process where each service has its own; drivers have one per joint.
    pub fn process(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisor",
            Self::Control => "control",
            Self::Motion => "arm_controller",
            Self::JointState => "joint_state",
            Self::Thermal => "thermal",
            Self::Planning => "planning",
            Self::Recorder => "recorder",
            Self::Driver => "driver",
        }
    }
}

/// A service and, for drivers, the joint whose driver it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The service.
    pub service: Service,
    /// The joint, from 0.
    pub joint: usize,
}

/// Kinds of fault (issue 6, point 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The code of a service crashes.
    Crash,
    /// The code of a service hangs.
    Hang,
    /// The kernel ends a process for its memory.
    OutOfMemory,
    /// Goals that make no sense.
    BadInput,
    /// A sensor of a drive says nothing.
    SilentSensor,
    /// A sensor of a drive says what is not so.
    LyingSensor,
    /// The bus is cut.
    BusCut,
    /// Some processes cannot reach the others. Only a distributed system can have it.
    Partition,
    /// Messages are lost, late or doubled. Only a distributed system can have it.
    Messages,
    /// Somebody without the lease publishes commands.
    TwoWriters,
    /// A service is replaced by a new version.
    Upgrade,
}

impl Kind {
    /// All of them, in the order of the report, with what they are called there.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Crash, "crash of code"),
        (Self::Hang, "hang of code"),
        (Self::OutOfMemory, "out of memory"),
        (Self::Upgrade, "upgrade"),
        (Self::BadInput, "bad input"),
        (Self::TwoWriters, "two writers"),
        (Self::Partition, "partition"),
        (Self::Messages, "lost, late messages"),
        (Self::SilentSensor, "silent sensor"),
        (Self::LyingSensor, "lying sensor"),
        (Self::BusCut, "bus cut"),
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// Where it comes from.
    pub fn origin(self) -> Origin {
        match self {
            Self::Crash | Self::Hang | Self::OutOfMemory | Self::Upgrade | Self::BadInput => {
                Origin::Software
            }
            Self::TwoWriters | Self::Partition | Self::Messages => Origin::Distribution,
            Self::SilentSensor | Self::LyingSensor | Self::BusCut => Origin::Hardware,
        }
    }
}

/// Where a fault comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The services themselves.
    Software,
    /// What lies between processes.
    Distribution,
    /// Drives and bus: the same hardware in both builds.
    Hardware,
}

/// What is wrong with a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonsense {
    /// A position that is no number.
    NotANumber,
    /// A joint this arm does not have.
    UnknownJoint,
    /// Far beyond the limits.
    BeyondLimits,
    /// Times that do not rise.
    Times,
    /// A hundred thousand points.
    Long,
    /// No point.
    Empty,
}

/// A fault with all that is drawn of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Blow {
    /// Crash, out of memory or upgrade of a service.
    End(Target),
    /// Its code hangs.
    Hang(Target, Duration),
    /// A goal.
    Goal(Nonsense),
    /// A drive.
    Drive {
        /// Which joint.
        joint: usize,
        /// Signal.
        signal: &'static str,
        /// What is wrong with it.
        how: &'static str,
        /// By how much.
        amount: f64,
        /// For how long.
        time: Duration,
    },
    /// The bus, or the line to one drive.
    Bus(Wire, Option<usize>, Duration),
    /// Services that are cut off.
    Apart(Vec<Target>, Duration),
    /// Messages: loss, delay, longest delay, duplicates.
    Messages(f64, f64, Duration, f64, Duration),
    /// Commands of another.
    Rogue(Rogue, u32),
}

/// A fault and its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// From the moment the arm works, s.
    pub at: f64,
    /// Kind.
    pub kind: Kind,
    /// Particulars.
    pub blow: Blow,
}

/// `count` faults of a seed.
pub fn draw(seed: u64, count: usize) -> Vec<Fault> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut at = 5.0;
    (0..count)
        .filter_map(|_| {
            at += CALM - MEAN * (1.0 - rng.random::<f64>()).ln();
            let (kind, _) = *Kind::ALL.choose(&mut rng)?;
            Some(Fault { at, kind, blow: blow(kind, &mut rng)? })
        })
        .collect()
}

fn seconds(rng: &mut ChaCha8Rng, least: f64, most: f64) -> Duration {
    // As often between 0.1 s and 1 s as between 1 s and 10 s.
    Duration::from_secs_f64((rng.random_range(least.ln()..=most.ln())).exp())
}

fn target(rng: &mut ChaCha8Rng) -> Option<Target> {
    let service = *SERVICES.choose(rng)?;
    Some(Target { service, joint: rng.random_range(0..JOINTS) })
}

fn blow(kind: Kind, rng: &mut ChaCha8Rng) -> Option<Blow> {
    Some(match kind {
        Kind::Crash | Kind::OutOfMemory | Kind::Upgrade => Blow::End(target(rng)?),
        Kind::Hang => Blow::Hang(target(rng)?, seconds(rng, 0.05, 5.0)),
        Kind::BadInput => {
            use Nonsense::{BeyondLimits, Empty, Long, NotANumber, Times, UnknownJoint};
            let all = [NotANumber, UnknownJoint, BeyondLimits, Times, Long, Empty];
            Blow::Goal(*all.choose(rng)?)
        }
        Kind::SilentSensor => {
            let signals = ["position", "velocity", "effort", "temperature", "feedback", "all"];
            drive(signals.choose(rng)?, "off", 0.0, rng)
        }
        Kind::LyingSensor => {
            let lies = [
                ("position", "stuck", 0.0),
                ("position", "wrong", 0.05),
                ("velocity", "wrong", 0.5),
                ("effort", "wrong", 10.0),
                ("temperature", "wrong", 30.0),
                ("temperature", "stuck", 0.0),
                ("position", "garbage", 0.002),
            ];
            let (signal, how, amount) = *lies.choose(rng)?;
            drive(signal, how, amount, rng)
        }
        Kind::BusCut => {
            let one = rng.random_bool(0.5).then(|| rng.random_range(0..JOINTS));
            let wire = if one.is_some() { Wire::Loss(1.0) } else { Wire::Off };
            Blow::Bus(wire, one, seconds(rng, 0.02, 3.0))
        }
        Kind::Partition => {
            let count = rng.random_range(1..=3);
            let some: Vec<Target> = (0..count).filter_map(|_| target(rng)).collect();
            Blow::Apart(some, seconds(rng, 0.1, 10.0))
        }
        Kind::Messages => {
            let time = seconds(rng, 0.2, 5.0);
            match rng.random_range(0..3) {
                0 => Blow::Messages(rng.random_range(0.01..0.2), 0.0, Duration::ZERO, 0.0, time),
                1 => {
                    let late = seconds(rng, 0.002, 0.1);
                    Blow::Messages(0.0, rng.random_range(0.05..0.5), late, 0.0, time)
                }
                _ => Blow::Messages(0.0, 0.0, Duration::ZERO, rng.random_range(0.05..0.5), time),
            }
        }
        Kind::TwoWriters => {
            let all = [Rogue::Stranger, Rogue::Usurper, Rogue::Replay];
            Blow::Rogue(*all.choose(rng)?, rng.random_range(1..500))
        }
    })
}

fn drive(signal: &'static str, how: &'static str, amount: f64, rng: &mut ChaCha8Rng) -> Blow {
    let joint = rng.random_range(0..JOINTS);
    Blow::Drive { joint, signal, how, amount, time: seconds(rng, 0.02, 3.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_faults_twice_and_every_kind() {
        let faults = draw(3, 200);
        assert_eq!(faults, draw(3, 200));
        assert_eq!(faults.len(), 200);
        for (kind, name) in Kind::ALL {
            assert!(faults.iter().any(|fault| fault.kind == kind), "{name}");
        }
    }

    #[test]
    fn every_service_is_met_by_crashes() {
        let faults = draw(1, 2000);
        for service in SERVICES {
            let meets =
                |f: &Fault| matches!(f.blow, Blow::End(target) if target.service == service);
            assert!(faults.iter().any(meets), "{service:?}");
        }
    }
}
