//! The simulated drives alone, without ROS, on a socketcand or a kernel bus: for tools and tests
//! that want a drive.

use anyhow::Context;
use arm_model::ArmModel;
use can_bus::bus::{AnyBus, BusConfig, BusInput, BusOptions, Filter};
use can_bus::frame::Frame;
use can_bus::socketcand::SocketcandConfig;
use clap::Parser;
use servo_sim::{Config, Simulator};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use vocabulary::time::Monotonic;

/// The arm this project describes.
const REFERENCE_ARM: &str = include_str!("../../../config/description/armature.urdf");
/// Longest time between two looks at the clock.
const TICK: Duration = Duration::from_millis(4);
/// Frames taken at once, so that receiving cannot starve the drives' own time.
const BATCH: usize = 256;

/// Six CiA 402 drives, node ids 1 to 6, and the arm they move.
#[derive(Parser)]
struct Arguments {
    /// Where the socketcand server listens.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Its TCP port.
    #[arg(long, default_value_t = 29_536)]
    port: u16,
    /// Name of the bus there.
    #[arg(long, default_value = "vcan0")]
    channel: String,
    /// A CAN interface of the kernel (vcan0, can0) instead of the server.
    #[arg(long)]
    interface: Option<String>,
    /// Description of another arm than the reference arm.
    #[arg(long)]
    urdf: Option<PathBuf>,
    /// Decides all noise.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn now() -> Monotonic {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Monotonic(1 + START.elapsed().as_nanos() as u64)
}

fn bus_config(arguments: &Arguments) -> BusConfig {
    match arguments.interface.clone() {
        Some(interface) => BusConfig::Socketcan { interface },
        None => BusConfig::Socketcand(SocketcandConfig {
            host: arguments.host.clone(),
            port: arguments.port,
            channel: arguments.channel.clone(),
        }),
    }
}

fn open(arguments: &Arguments) -> anyhow::Result<(AnyBus, Simulator)> {
    let reference = || Ok(REFERENCE_ARM.to_owned());
    let urdf = arguments.urdf.as_ref().map_or_else(reference, |path| {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    })?;
    let model = ArmModel::from_urdf(&urdf, "base_link", "tool0")?;
    let simulator = Simulator::new(Config::default(), model, arguments.seed)?;
    let options = BusOptions { filter: Filter::All, setpoint_age: TICK, clock: now };
    Ok((AnyBus::new(&bus_config(arguments), options)?, simulator))
}

/// Frames that came before `until`; events are told to the terminal.
async fn receive(bus: &mut AnyBus, until: Monotonic) -> Vec<Frame> {
    let mut frames = Vec::new();
    let wait = until.since(now());
    let mut input = tokio::time::timeout(wait, bus.recv()).await.ok();
    while let Some(some) = input.take() {
        match some {
            BusInput::Frame { frame, .. } => frames.push(frame),
            BusInput::Event(event) => println!("{event:?}"),
        }
        if frames.len() < BATCH {
            input = bus.try_recv();
        }
    }
    frames
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let (mut bus, mut simulator) = open(&Arguments::parse())?;
    loop {
        let tick = now() + TICK;
        let frames = tokio::select! {
            frames = receive(&mut bus, simulator.next_wake().map_or(tick, |w| w.min(tick))) => frames,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        for frame in simulator.step(now(), &frames) {
            bus.message(frame);
        }
        bus.flush();
        for line in simulator.take_log() {
            println!("{}", line.text);
        }
    }
}
