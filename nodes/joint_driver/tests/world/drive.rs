//! A scripted CiA 402 drive: just enough to be driven, with a switch for each way to misbehave.

use can_bus::canopen::cob::{self, PdoNumber, Service};
use can_bus::canopen::emcy::{Emcy, ErrorRegister};
use can_bus::canopen::nmt::{Heartbeat, NmtCommand, NmtState};
use can_bus::canopen::od::{self, Address};
use can_bus::canopen::sdo::{AbortCode, ObjectDictionary, SdoServer};
use can_bus::canopen::{NodeId, pdo::Mapping};
use can_bus::cia402::{State, Statusword};
use can_bus::frame::Frame;
use std::collections::BTreeMap;

/// Objects by address; what is not there does not exist.
#[derive(Default, Clone)]
pub struct Objects {
    pub values: BTreeMap<(u16, u8), Vec<u8>>,
    pub read_only: Vec<(u16, u8)>,
}

impl Objects {
    pub fn set(&mut self, object: od::Object, value: i64) {
        self.values.insert((object.address.index, object.address.sub), object.encode(value));
    }

    pub fn get(&self, object: od::Object) -> i64 {
        let key = (object.address.index, object.address.sub);
        self.values.get(&key).and_then(|data| object.decode(data)).unwrap_or(0)
    }
}

impl ObjectDictionary for Objects {
    fn read(&mut self, at: Address) -> Result<Vec<u8>, AbortCode> {
        self.values.get(&(at.index, at.sub)).cloned().ok_or(AbortCode::NoObject)
    }

    fn write(&mut self, at: Address, data: &[u8]) -> Result<(), AbortCode> {
        if self.read_only.contains(&(at.index, at.sub)) {
            return Err(AbortCode::ReadOnly);
        }
        let slot = self.values.get_mut(&(at.index, at.sub)).ok_or(AbortCode::NoObject)?;
        if slot.len() != data.len() {
            return Err(AbortCode::LengthMismatch);
        }
        *slot = data.to_vec();
        Ok(())
    }
}

pub struct FakeDrive {
    pub node: NodeId,
    pub objects: Objects,
    pub nmt: NmtState,
    pub state: State,
    /// Where the joint is, counts; follows its target at once.
    pub position: i32,
    /// Target position taken over at the last SYNC.
    pub target: i32,
    pub offset: i16,
    /// Answers nothing at all.
    pub dead: bool,
    /// Sends no feedback.
    pub mute: bool,
    /// Enabled, but does not follow.
    pub ignores: bool,
    /// Sends no heartbeat.
    pub heartless: bool,
    server: SdoServer,
    pending: Option<(u16, i32, i16)>,
    last_word: u16,
    syncs: u64,
    pub heartbeat_at: u64,
    pub heard_driver: Option<u64>,
}

impl FakeDrive {
    pub fn new(id: u8) -> Self {
        let node = NodeId::new(id).unwrap();
        let mut objects = Objects::default();
        for object in od::ALL {
            objects.set(*object, 0);
        }
        objects.set(od::DEVICE_TYPE, 0x0002_0192);
        objects.set(od::SUPPORTED_MODES, 0x280);
        objects.set(od::IDENTITY_SERIAL, 1000 + i64::from(id));
        for offset in 0..3_u16 {
            for base in [0x1400, 0x1800] {
                objects.values.insert((base + offset, 1), 0x8000_0000_u32.to_le_bytes().to_vec());
                objects.values.insert((base + offset, 2), vec![255]);
            }
            for base in [0x1600, 0x1A00] {
                objects.values.insert((base + offset, 0), vec![0]);
                for sub in 1..=8 {
                    objects.values.insert((base + offset, sub), vec![0; 4]);
                }
            }
        }
        for n in 1..=5 {
            objects.values.insert((0x2030 + n, 0), vec![200, 0]);
        }
        Self {
            node,
            objects,
            nmt: NmtState::PreOperational,
            state: State::SwitchOnDisabled,
            position: 0,
            target: 0,
            offset: 0,
            dead: false,
            mute: false,
            ignores: false,
            heartless: false,
            server: SdoServer::new(node),
            pending: None,
            last_word: 0,
            syncs: 0,
            heartbeat_at: 0,
            heard_driver: None,
        }
    }

    /// Power gone and back: a boot-up message.
    pub fn reboot(&mut self) -> Frame {
        let (position, id) = (self.position, self.node.get());
        *self = Self { position, ..Self::new(id) };
        Heartbeat::BootUp.frame(self.node)
    }

    pub fn fail(&mut self, code: u16) -> Frame {
        self.state = State::Fault;
        self.objects.set(od::ERROR_CODE, code.into());
        Emcy { code, register: ErrorRegister(1), vendor: [0; 5] }.frame(self.node)
    }

    pub fn statusword(&self) -> u16 {
        let follows = self.state == State::OperationEnabled && !self.ignores;
        let follows = if follows { Statusword::FOLLOWS_COMMAND } else { 0 };
        self.state.bits() | Statusword::REMOTE | follows
    }

    pub fn on_frame(&mut self, frame: &Frame, now: u64) -> Vec<Frame> {
        if self.dead {
            return Vec::new();
        }
        if let Some((command, target)) = NmtCommand::decode(frame)
            && target.is_none_or(|node| node == self.node)
        {
            self.nmt = match command {
                NmtCommand::Start => NmtState::Operational,
                NmtCommand::Stop => NmtState::Stopped,
                _ => NmtState::PreOperational,
            };
            return Vec::new();
        }
        match frame.cob_id().and_then(Service::of) {
            Some(Service::Sync) if self.nmt == NmtState::Operational => self.on_sync(),
            Some(Service::Rpdo(PdoNumber::One, node)) if node == self.node => {
                self.on_setpoint(frame);
                Vec::new()
            }
            Some(Service::SdoRequest(node)) if node == self.node => {
                let reply = self.server.on_frame(frame, &mut self.objects);
                self.objects.set(od::MODE_DISPLAY, self.objects.get(od::MODE));
                reply.into_iter().collect()
            }
            Some(Service::Heartbeat(node)) if node.get() >= 100 => {
                self.heard_driver = Some(now);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn on_setpoint(&mut self, frame: &Frame) {
        let mapping =
            Mapping::of(&[od::CONTROLWORD, od::TARGET_POSITION, od::TORQUE_OFFSET]).unwrap();
        if self.nmt == NmtState::Operational
            && let Ok([word, target, offset, ..]) = mapping.unpack(frame.data())
        {
            self.pending = Some((word as u16, target as i32, offset as i16));
        }
    }

    fn on_sync(&mut self) -> Vec<Frame> {
        if let Some((word, target, offset)) = self.pending.take() {
            self.command(word);
            if self.state == State::OperationEnabled && !self.ignores {
                (self.target, self.position, self.offset) = (target, target, offset);
            }
        }
        self.syncs += 1;
        if self.mute {
            return Vec::new();
        }
        let feedback =
            Mapping::of(&[od::STATUSWORD, od::POSITION_ACTUAL, od::TORQUE_ACTUAL]).unwrap();
        let values = [i64::from(self.statusword()), i64::from(self.position), 100];
        let payload = feedback.pack(&values).unwrap();
        let first = cob::tpdo(PdoNumber::One, self.node);
        let mut frames = vec![Frame::standard(first, payload.bytes()).unwrap()];
        if self.syncs.is_multiple_of(25) {
            let mode = self.objects.get(od::MODE_DISPLAY) as u8;
            let second = [0, 0, 0, 0, mode, 200, 0];
            frames.push(Frame::standard(cob::tpdo(PdoNumber::Two, self.node), &second).unwrap());
        }
        frames
    }

    fn command(&mut self, word: u16) {
        let reset = word & 0x80 != 0 && self.last_word & 0x80 == 0;
        self.last_word = word;
        self.state = match (self.state, word & 0x0F) {
            (State::Fault, _) if reset => State::SwitchOnDisabled,
            (State::Fault, _) => State::Fault,
            (_, w) if w & 2 == 0 => State::SwitchOnDisabled,
            (State::OperationEnabled, w) if w & 4 == 0 => State::QuickStopActive,
            (State::SwitchOnDisabled, w) if w & 7 == 6 => State::ReadyToSwitchOn,
            (State::ReadyToSwitchOn, w) if w & 7 == 7 => State::SwitchedOn,
            (State::SwitchedOn | State::QuickStopActive, 0x0F) => State::OperationEnabled,
            (State::SwitchedOn | State::OperationEnabled, w) if w & 7 == 6 => {
                State::ReadyToSwitchOn
            }
            (State::OperationEnabled, 0x07) => State::SwitchedOn,
            (state, _) => state,
        };
    }

    /// Heartbeat out, driver's heartbeat watched. `now` in ns.
    pub fn tick(&mut self, now: u64) -> Vec<Frame> {
        if self.dead {
            return Vec::new();
        }
        let timeout = (self.objects.get(od::CONSUMER_HEARTBEAT) & 0xFFFF) as u64 * 1_000_000;
        let lost = self.heard_driver.is_some_and(|heard| now - heard > timeout);
        if lost && timeout > 0 && self.state == State::OperationEnabled {
            self.state = State::QuickStopActive;
        }
        let period = self.objects.get(od::PRODUCER_HEARTBEAT) as u64 * 1_000_000;
        if period == 0 || now < self.heartbeat_at || self.heartless {
            return Vec::new();
        }
        self.heartbeat_at = now + period;
        vec![Heartbeat::Alive(self.nmt).frame(self.node)]
    }
}
