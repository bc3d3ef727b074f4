//! What the tests of this crate share: the reference arm, and a master that speaks to the drives.

use crate::{Config, Simulator};
use arm_model::ArmModel;
use can_bus::canopen::cob::{self, PdoNumber};
use can_bus::canopen::nmt::NmtCommand;
use can_bus::canopen::od::{self, Address, Object};
use can_bus::canopen::pdo_config::{PdoConfig, Transmission};
use can_bus::canopen::sdo::AbortCode;
use can_bus::canopen::{NodeId, sdo};
use can_bus::cia402::State;
use can_bus::frame::Frame;
use std::time::Duration;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// Counts per rad of the default configuration.
pub const COUNTS: f64 = 1_048_576.0 / std::f64::consts::TAU;
/// The bus cycle.
pub const PERIOD: Duration = Duration::from_millis(4);

/// The reference arm.
pub fn model() -> ArmModel<JOINTS> {
    let urdf = include_str!("../../../config/description/armature.urdf");
    ArmModel::from_urdf(urdf, "base_link", "tool0").unwrap()
}

/// An arm whose joints start where gravity pulls.
pub fn bent() -> Config {
    Config { initial_position: [0.2, 0.5, 0.3, 0.1, 0.6, -0.2], ..Config::default() }
}

/// A master with the simulator in its hand.
pub struct Rig {
    pub sim: Simulator,
    pub now: Monotonic,
    /// Frames of the drives, with their times.
    pub heard: Vec<(Monotonic, Frame)>,
}

pub fn node(joint: usize) -> NodeId {
    NodeId::new(joint as u8 + 1).unwrap()
}

impl Rig {
    /// A booted arm.
    pub fn new(config: Config) -> Self {
        let sim = Simulator::new(config, model(), 7).unwrap();
        let mut rig = Self { sim, now: Monotonic(5_000_000_000), heard: Vec::new() };
        rig.run(100);
        rig
    }

    /// A booted, configured and enabled arm, CSP with all PDOs as the driver sets them.
    pub fn enabled(config: Config) -> Self {
        let mut rig = Self::new(config);
        for joint in 0..JOINTS {
            rig.configure(joint);
            rig.enable(joint);
        }
        rig
    }

    pub fn send(&mut self, frames: &[Frame]) -> Vec<Frame> {
        let out = self.sim.step(self.now, frames);
        self.heard.extend(out.iter().map(|f| (self.now, *f)));
        out
    }

    /// Time goes by, `ms` milliseconds.
    pub fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.now = self.now + Duration::from_millis(1);
            self.send(&[]);
        }
    }

    /// `cycles` SYNCs, each 4 ms after the one before.
    pub fn sync(&mut self, cycles: u64) {
        for _ in 0..cycles {
            self.send(&[Frame::standard(cob::SYNC, &[]).unwrap()]);
            self.now = self.now + PERIOD;
        }
    }

    pub fn request(&mut self, joint: usize, data: [u8; 8]) -> Option<[u8; 8]> {
        let frame = Frame::standard(cob::sdo_request(node(joint)), &data).unwrap();
        let out = self.send(&[frame]);
        let reply = out.iter().find(|f| f.cob_id() == Some(cob::sdo_reply(node(joint))))?;
        reply.data().try_into().ok()
    }

    pub fn try_write(&mut self, joint: usize, at: Address, data: &[u8]) -> Result<(), AbortCode> {
        let [low, high] = at.index.to_le_bytes();
        let mut request = [0x23 | (4 - data.len() as u8) << 2, low, high, at.sub, 0, 0, 0, 0];
        request[4..4 + data.len()].copy_from_slice(data);
        let reply = self.request(joint, request).unwrap();
        match sdo::Reply::decode(&reply) {
            Some(sdo::Reply::Abort { code, .. }) => Err(code),
            _ => Ok(()),
        }
    }

    pub fn write(&mut self, joint: usize, object: Object, value: i64) {
        self.try_write(joint, object.address, &object.encode(value)).unwrap();
    }

    pub fn read(&mut self, joint: usize, object: Object) -> i64 {
        let [low, high] = object.address.index.to_le_bytes();
        let reply = self.request(joint, [0x40, low, high, object.address.sub, 0, 0, 0, 0]).unwrap();
        object.decode(&reply[4..4 + object.data_type.size()]).unwrap()
    }

    /// PDOs and watchdog as the driver of this project sets them.
    pub fn configure(&mut self, joint: usize) {
        let every = Transmission::EverySync(1);
        let command = [od::CONTROLWORD, od::TARGET_POSITION, od::TORQUE_OFFSET];
        let feedback = [od::STATUSWORD, od::POSITION_ACTUAL, od::TORQUE_ACTUAL];
        let pdos = [
            PdoConfig::receive(PdoNumber::One, every, &command).unwrap(),
            PdoConfig::transmit(PdoNumber::One, every, &feedback).unwrap(),
        ];
        for write in pdos.iter().flat_map(|p| p.writes(node(joint))) {
            self.try_write(joint, write.address, &write.data).unwrap();
        }
        self.write(joint, od::ABORT_CONNECTION_OPTION, 3);
        self.write(joint, od::QUICK_STOP_OPTION, 6);
        self.write(joint, od::CONSUMER_HEARTBEAT, 100 << 16 | 300);
        self.write(joint, od::MODE, 8);
        self.send(&[NmtCommand::Start.frame(Some(node(joint)))]);
    }

    /// To operation enabled by SDO, target on position.
    pub fn enable(&mut self, joint: usize) {
        let position = self.read(joint, od::POSITION_ACTUAL);
        self.write(joint, od::TARGET_POSITION, position);
        for word in [0x06, 0x07, 0x0F] {
            self.write(joint, od::CONTROLWORD, word);
        }
        assert_eq!(self.sim.states()[joint], State::OperationEnabled);
    }

    pub fn command(joint: usize, word: u16, position: f64, per_mille: i16) -> Frame {
        let counts = (position * COUNTS).round() as i32;
        let mut data = [0; 8];
        data[..2].copy_from_slice(&word.to_le_bytes());
        data[2..6].copy_from_slice(&counts.to_le_bytes());
        data[6..].copy_from_slice(&per_mille.to_le_bytes());
        Frame::standard(cob::rpdo(PdoNumber::One, node(joint)), &data).unwrap()
    }

    /// One cycle: SYNC, then setpoints with torque feed-forward in N·m for the next one.
    pub fn cycle(&mut self, position: PerJoint<f64>, torque: PerJoint<f64>) {
        let rated = Config::default().motor.rated_torque;
        self.send(&[Frame::standard(cob::SYNC, &[]).unwrap()]);
        let frames: Vec<Frame> = (0..JOINTS)
            .map(|i| {
                let per_mille = (torque[i] / rated[i] * 1000.0).round() as i16;
                Self::command(i, 0x0F, position[i], per_mille)
            })
            .collect();
        self.now = self.now + Duration::from_micros(1500);
        self.send(&frames);
        self.now = self.now + (PERIOD - Duration::from_micros(1500));
    }

    /// Error codes of the EMCYs heard from a joint.
    pub fn emergencies(&self, joint: usize) -> Vec<u16> {
        let decode = |(_, f): &(Monotonic, Frame)| can_bus::canopen::emcy::Emcy::decode(f);
        self.heard
            .iter()
            .filter_map(decode)
            .filter(|(n, _)| *n == node(joint))
            .map(|(_, e)| e.code)
            .collect()
    }
}
