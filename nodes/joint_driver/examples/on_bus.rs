//! The driver's library on a real bus without ROS: enables one joint, swings it, and (with
//! `--faults`) survives bus-off and an interface that goes down. Exit code 0 when all of it worked.
//!
//! `on_bus INTERFACE [--node N] [--counts N] [--swing RAD] [--faults]`: CANopen node id of the drive,
//! default 1; counts of 0x6064 per revolution of the joint, default 1048576; how far it swings, default 0.4.
//!
//! `cargo xtask test --socketcan` runs it on a kernel `vcan0` in an emulated machine, against the
//! simulated drives of `servo_sim`.

use can_bus::bus::{AnyBus, BusConfig, BusEvent as Event, BusInput, BusOptions, Filter};
use joint_driver::{Arm, BusEvent, Config, Driver, Inputs, Outputs};
use std::error::Error;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::command::{DriverState, JointCommand, Lease, Mode};
use vocabulary::joint::{JointLimits, JointOrder};
use vocabulary::time::{Monotonic, Now, Received, Stamp};

type Outcome<T> = Result<T, Box<dyn Error>>;

const ME: u64 = 7;
/// Angular frequency of the swing, rad/s.
const FREQUENCY: f64 = 2.0;

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

fn clock() -> Monotonic {
    Monotonic(1_000_000_000 + u64::try_from(ORIGIN.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

/// What was asked for.
struct Wish {
    interface: String,
    /// CANopen node id.
    node: u8,
    /// Per revolution of the joint.
    counts: u32,
    /// rad.
    swing: f64,
    faults: bool,
}

impl Wish {
    fn read(mut words: impl Iterator<Item = String>) -> Outcome<Self> {
        let interface = words.next().ok_or("usage: on_bus INTERFACE [--node N] …")?;
        let mut wish = Self { interface, node: 1, counts: 1_048_576, swing: 0.4, faults: false };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} wants a number"));
            match word.as_str() {
                "--faults" => wish.faults = true,
                "--node" => wish.node = value()?.parse()?,
                "--counts" => wish.counts = value()?.parse()?,
                "--swing" => wish.swing = value()?.parse()?,
                _ => return Err(format!("{word}: unknown").into()),
            }
        }
        Ok(wish)
    }
}

struct Host {
    driver: Driver,
    bus: AnyBus,
    order: u64,
    status: ArmStatus,
    far: f64,
    swing: Option<(Monotonic, f64)>,
    sequence: u64,
    position: f64,
    state: DriverState,
    worst_error: f64,
    events: Vec<BusEvent>,
    log: Vec<String>,
}

fn arm() -> Outcome<Arm> {
    let order = JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect())?;
    let limits =
        JointLimits { lower: -2.9, upper: 2.9, velocity: 3.0, acceleration: 8.0, effort: 150.0 };
    Ok(Arm { order, limits: [limits; 6] })
}

impl Host {
    fn new(wish: &Wish) -> Outcome<Self> {
        let arm = arm()?;
        let bus = joint_driver::config::BusConfig {
            transport: joint_driver::config::Transport::Socketcan,
            interface: wish.interface.clone(),
            ..Default::default()
        };
        let mut config = Config { joints: vec!["joint_1".into()], bus, ..Config::default() };
        let drive = config.drives.get_mut("joint_1").ok_or("no drive of joint_1")?;
        (drive.node_id, drive.counts_per_revolution) = (wish.node, wish.counts);
        let options =
            BusOptions { filter: Filter::All, setpoint_age: Duration::from_millis(4), clock };
        let bus = BusConfig::Socketcan { interface: wish.interface.clone() };
        Ok(Self {
            driver: Driver::new(config, &arm, 1)?,
            bus: AnyBus::new(&bus, options)?,
            order: arm.order.hash(),
            status: ArmStatus { permit: 1, ..ArmStatus::default() },
            far: wish.swing,
            swing: None,
            sequence: 0,
            position: f64::NAN,
            state: DriverState::Offline,
            worst_error: 0.0,
            events: vec![],
            log: vec![],
        })
    }

    fn command(&mut self) -> Option<Received<JointCommand>> {
        let now = clock();
        let (since, center) = self.swing?;
        let setpoint_at = now.shifted(0.010);
        let phase = FREQUENCY * setpoint_at.seconds_from(since);
        self.sequence += 1;
        let mut command = JointCommand {
            stamp: Stamp(0),
            boot_id: ME,
            epoch: 1,
            sequence: self.sequence,
            sent_at: now,
            setpoint_at,
            valid_for: Duration::from_millis(50),
            joint_order: self.order,
            yields: false,
            mode: Mode::Position,
            position: [0.0; 6],
            velocity: [0.0; 6],
            acceleration: [0.0; 6],
            effort: [0.0; 6],
        };
        command.position[0] = center + self.far * (1.0 - phase.cos()) / 2.0;
        command.velocity[0] = self.far * FREQUENCY * phase.sin() / 2.0;
        Some(Received { value: command, at: now })
    }

    /// Waits for the bus or the driver's next deadline, then steps once.
    async fn turn(&mut self) {
        let mut frames = vec![];
        let wake = self.driver.next_wake(clock()).since(clock());
        let first = tokio::time::timeout(wake, self.bus.recv()).await.ok();
        let mut input = first;
        while let Some(next) = input {
            match next {
                BusInput::Frame { frame, received_at } => {
                    frames.push(Received { value: frame, at: received_at });
                }
                BusInput::Event(event) => self.take(event),
            }
            input = self.bus.try_recv();
        }
        let lease = Lease { epoch: 1, holder: ME, ..Lease::default() };
        let commands: Vec<_> = self.command().into_iter().collect();
        let inputs = Inputs {
            frames: &frames,
            bus_events: &std::mem::take(&mut self.events),
            commands: &commands,
            lease: Some(&lease),
            status: Some(&self.status),
            active: true,
        };
        let mut out = Outputs::default();
        let now = clock();
        self.driver.step(Now { mono: now, stamp: Stamp(now.0 as i64) }, &inputs, &mut out);
        for outgoing in &out.frames {
            if outgoing.setpoint {
                self.bus.setpoint(outgoing.frame);
            } else {
                self.bus.message(outgoing.frame);
            }
        }
        self.bus.flush();
        for line in out.log {
            println!("  {:?} {}", line.level, line.text);
            self.log.push(line.text);
        }
        for feedback in out.feedback {
            (self.position, self.state) = (feedback.position, feedback.driver);
            let error = (feedback.position - feedback.setpoint_position).abs();
            self.worst_error = self.worst_error.max(error);
        }
    }

    fn take(&mut self, event: Event) {
        println!("  bus: {event:?}");
        self.events.push(BusEvent::from(&event));
    }

    async fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) -> Outcome<()> {
        let begin = Instant::now();
        while !condition(self) {
            self.turn().await;
            if begin.elapsed() > Duration::from_secs(20) {
                return Err(format!("waited 20 s in vain for {what}; {:?}", self.state).into());
            }
        }
        println!("{what}: {:.0} ms", begin.elapsed().as_secs_f64() * 1e3);
        Ok(())
    }

    fn said(&self, words: &str) -> bool {
        self.log.iter().any(|line| line.contains(words))
    }

    async fn run_for(&mut self, time: Duration) {
        let begin = Instant::now();
        while begin.elapsed() < time {
            self.turn().await;
        }
    }

    fn permit(&mut self, mode: ArmMode) {
        self.status = ArmStatus { mode, permit: self.status.permit + 1, ..self.status.clone() };
    }

    async fn swing(&mut self) -> Outcome<()> {
        self.until("drive set up", |host| host.state == DriverState::Disabled).await?;
        let before = self.position;
        self.permit(ArmMode::Enabled);
        self.until("drive enabled", |host| host.state == DriverState::Holding).await?;
        if (self.position - before).abs() > 1e-3 {
            return Err(
                format!("enabling moved the joint by {} rad", self.position - before).into()
            );
        }
        self.swing = Some((clock(), self.position));
        self.until("following", |host| host.state == DriverState::Following).await?;
        self.run_for(Duration::from_secs_f64(std::f64::consts::PI / FREQUENCY)).await;
        let moved = self.position - before;
        println!("moved {moved:.4} rad, worst lag {:.4} rad", self.worst_error);
        if (moved - self.far).abs() > 0.05 * self.far.abs() {
            return Err(format!("moved {moved} rad instead of {}", self.far).into());
        }
        Ok(())
    }

    async fn faults(&mut self, interface: &str) -> Outcome<()> {
        shell(&format!("cansend {interface} 20000040#0000000000000000"))?;
        self.until("bus-off noticed", |host| host.said("bus-off")).await?;
        self.swing = None;
        shell(&format!("cansend {interface} 20000100#0000000000000000"))?;
        self.recover("bus-off").await?;
        shell(&format!("ip link set {interface} down"))?;
        self.until("interface down noticed", |host| host.said("ip link set")).await?;
        shell(&format!("ip link set {interface} up"))?;
        self.recover("interface down").await
    }

    /// After a fault the joint is powered but stays blocked until a new permit.
    async fn recover(&mut self, after: &str) -> Outcome<()> {
        self.until(&format!("blocked after {after}"), |host| host.state == DriverState::Blocked)
            .await?;
        self.permit(ArmMode::Enabled);
        self.until(&format!("ready after {after}"), |host| host.state == DriverState::Holding).await
    }
}

fn shell(line: &str) -> Outcome<()> {
    let status = Command::new("sh").args(["-c", line]).status()?;
    if status.success() { Ok(()) } else { Err(format!("{line}: {status}").into()) }
}

fn main() -> Outcome<()> {
    let wish = Wish::read(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut host = Host::new(&wish)?;
        host.swing().await?;
        if wish.faults {
            host.faults(&wish.interface).await?;
        }
        println!("all of it worked");
        Ok(())
    })
}
