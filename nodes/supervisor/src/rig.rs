//! Test rig: the supervisor with scripted nodes around it.

use crate::{
    Config, HandOverRequest, Inputs, Outputs, PersistentState, Request, RequestKind, Response,
    Supervisor,
};
use vocabulary::arm::{ArmState, ArmStatus, Freshness};
use vocabulary::command::{DriverState, Lease};
use vocabulary::health::{Health, Heartbeat, Lifecycle, LogLine};
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};
use vocabulary::time::{Monotonic, Now, Received, Stamp};

/// A node the rig plays.
pub struct Played {
    pub name: String,
    pub boot_id: u64,
    pub alive: bool,
    pub resume_required: bool,
    pub health: Health,
}

pub struct Rig {
    pub supervisor: Supervisor,
    pub nodes: Vec<Played>,
    pub driver: PerJoint<DriverState>,
    pub freshness: PerJoint<Freshness>,
    pub velocity: f64,
    pub sees: bool,
    pub paused: bool,
    pub ready: bool,
    /// Controllers take back for cause.
    pub found_bad: bool,
    /// Blocked joints follow as soon as a new permit is out.
    pub obedient: bool,
    pub ms: u64,
    pub status: ArmStatus,
    pub lease: Lease,
    pub stored: Option<PersistentState>,
    pub log: Vec<LogLine>,
    next_id: u64,
    /// Who commands under which epoch; none for whoever holds the lease.
    pub commands: Option<(u64, u64)>,
}

pub fn joints() -> JointOrder {
    JointOrder::new((1..=JOINTS).map(|n| format!("joint_{n}")).collect()).unwrap()
}

impl Rig {
    pub fn new() -> Self {
        let drivers = (1..=6).map(|n| format!("driver_joint_{n}"));
        let others = ["control", "joint_state", "arm_controller"].map(str::to_owned);
        let nodes = drivers.chain(others).zip(100..).map(|(name, boot_id)| Played {
            name,
            boot_id,
            alive: true,
            resume_required: false,
            health: Health::Ok,
        });
        Self {
            supervisor: Supervisor::new(Config::default(), joints(), 1, "boot a", None).unwrap(),
            nodes: nodes.collect(),
            driver: [DriverState::Disabled; JOINTS],
            freshness: [Freshness::Fresh; JOINTS],
            velocity: 0.0,
            sees: true,
            paused: false,
            ready: true,
            found_bad: true,
            obedient: true,
            ms: 1000,
            status: ArmStatus::default(),
            lease: Lease::default(),
            stored: None,
            log: Vec::new(),
            next_id: 1,
            commands: None,
        }
    }

    /// A rig whose arm is enabled.
    pub fn enabled() -> Self {
        let mut rig = Self::new();
        rig.run(1500);
        let answer = rig.call(RequestKind::Enable);
        assert!(answer.success, "{}", answer.message);
        rig
    }

    pub fn node(&mut self, name: &str) -> &mut Played {
        self.nodes.iter_mut().find(|node| node.name == name).unwrap()
    }

    pub fn restart_supervisor(&mut self, machine_boot_id: &str) {
        let text = self.stored.clone().unwrap().to_json().unwrap();
        let stored = PersistentState::from_json(&text).unwrap();
        self.supervisor =
            Supervisor::new(Config::default(), joints(), 2, machine_boot_id, Some(stored)).unwrap();
    }

    pub fn step(&mut self, requests: &[Request]) -> Outputs {
        self.step_with(requests, &[])
    }

    pub fn step_with(&mut self, requests: &[Request], hand_overs: &[HandOverRequest]) -> Outputs {
        self.ms += 20;
        let at = Monotonic(self.ms * 1_000_000);
        let beats: Vec<_> =
            self.nodes.iter().filter(|node| node.alive).map(|n| self.beat(n)).collect();
        let arm = self.sees.then(|| Received { at, value: self.arm_state() });
        let (boot_id, epoch) = self.commands.unwrap_or((self.lease.holder, self.lease.epoch));
        let scripted = self.commands.is_some();
        let lives = self.nodes.iter().any(|n| n.boot_id == boot_id && n.alive);
        let control = crate::ControlReport {
            boot_id,
            epoch,
            paused: self.paused,
            ready: self.ready,
            found_bad: self.found_bad,
        };
        let inputs = Inputs {
            heartbeats: &beats,
            requests,
            hand_overs,
            commanders: None,
            arm_state: arm.as_ref(),
            control: (scripted || lives).then_some(control),
        };
        let outputs = self.supervisor.step(Now { mono: at, stamp: Stamp(self.ms as i64) }, &inputs);
        self.take(&outputs);
        outputs
    }

    fn take(&mut self, outputs: &Outputs) {
        if let Some(state) = &outputs.persist {
            self.stored = Some(state.clone());
        }
        if let Some(lease) = &outputs.lease {
            self.lease = lease.clone();
        }
        if let Some(status) = &outputs.status {
            if self.obedient {
                crate::rig::obey(&mut self.driver, &self.status, status);
            }
            self.status = status.clone();
        }
        self.log.extend(outputs.log.iter().cloned());
    }

    fn beat(&self, node: &Played) -> Received<Heartbeat> {
        let value = Heartbeat {
            node: node.name.clone(),
            boot_id: node.boot_id,
            sequence: self.ms,
            lifecycle: Lifecycle::Active,
            resume_required: node.resume_required,
            health: node.health,
            ..Heartbeat::default()
        };
        Received { at: Monotonic(self.ms * 1_000_000), value }
    }

    fn arm_state(&self) -> ArmState {
        let mut freshness = self.freshness;
        let drivers = self.nodes.iter().filter(|node| node.name.starts_with("driver_"));
        for (freshness, driver) in freshness.iter_mut().zip(drivers) {
            if !driver.alive {
                *freshness = Freshness::Silent;
            }
        }
        ArmState {
            freshness,
            driver: self.driver,
            velocity: [self.velocity; JOINTS],
            ..ArmState::default()
        }
    }

    pub fn run(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            self.step(&[]);
        }
    }

    pub fn request(&mut self, kind: RequestKind) -> Request {
        self.next_id += 1;
        Request { id: self.next_id, kind }
    }

    /// Calls a service and waits for the answer.
    pub fn call(&mut self, kind: RequestKind) -> Response {
        let request = self.request(kind);
        let mut outputs = self.step(&[request]);
        for _ in 0..1000 {
            if let Some(answer) = outputs.responses.pop() {
                assert_eq!(answer.id, request.id);
                return answer;
            }
            outputs = self.step(&[]);
        }
        panic!("{kind:?} was never answered");
    }
}

/// Drivers as they should be: power with any mode but disabled, blocked ones wait for a permit.
fn obey(drivers: &mut PerJoint<DriverState>, old: &ArmStatus, new: &ArmStatus) {
    use vocabulary::arm::ArmMode;
    for driver in drivers {
        *driver = match (*driver, new.mode) {
            (DriverState::Faulted, _) if new.fault_reset == old.fault_reset => *driver,
            (DriverState::Faulted, _) => DriverState::Blocked,
            (_, ArmMode::Disabled) => DriverState::Disabled,
            (DriverState::Blocked, _) if new.permit == old.permit => *driver,
            _ => DriverState::Holding,
        };
    }
}
