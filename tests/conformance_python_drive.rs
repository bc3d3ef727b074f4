//! Somebody else's drive: our driver finds, configures, enables and moves a drive that is played
//! by python-canopen.
#![cfg(feature = "system")]

use anyhow::{Context, Result, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::msg::{ArmStatus, JointCommand, JointFeedback, Lease};
use rig::launch::{enter_fresh_domain, free_port};
use rig::{ArmClient, Single};
use std::process::Command;
use std::time::{Duration, Instant};

const ME: u64 = 77;
const COUNTS_PER_RAD: f64 = 1_048_576.0 / std::f64::consts::TAU;

fn nanoseconds() -> u64 {
    let mut time = libc_timespec();
    // SAFETY: plain system call into a local.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn libc_timespec() -> libc::timespec {
    libc::timespec { tv_sec: 0, tv_nsec: 0 }
}

fn order_hash() -> u64 {
    let bytes = (1..=6).flat_map(|n| format!("joint_{n}\0").into_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// Would catch: anything of CANopen or CiA 402 that only our own simulator understands.
#[test]
fn the_driver_enables_and_moves_a_drive_of_python_canopen() -> Result<()> {
    enter_fresh_domain();
    let port = free_port()?;
    let _hub = Single::start("can_hub", &[&format!("port:={port}")])?;
    let python = std::env::var("ARMATURE_TOOLS_PYTHON").context("run this through cargo xtask")?;
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/drive.py"));
    command.args(["--port", &port.to_string(), "--node", "1", "--seconds", "60"]);
    std::thread::sleep(Duration::from_millis(500));
    let drive = Single::run("drive", command)?;
    drive.wait_for_line(&["switch on disabled"], Duration::from_secs(20))?;
    // Neither this drive nor this test is real-time: what is tested is CANopen, not their timing.
    let slow = ["joints:=[joint_1]", "arm.period:=0.02", "silent_after_syncs:=15"];
    let bus = format!("bus.port:={port}");
    let _driver = Single::start("joint_driver", &[&[bus.as_str()], &slow[..]].concat())?;

    let mut client = ArmClient::new("rig")?;
    let latched = || QosProfile::default().reliable().transient_local().keep_last(1);
    let newest = || QosProfile::default().best_effort().keep_last(1);
    let lease = client.node().create_publisher::<Lease>("lease", latched())?;
    let status = client.node().create_publisher::<ArmStatus>("arm/status", latched())?;
    let command = client.node().create_publisher::<JointCommand>("joint_command", newest())?;
    let heard = client.listen::<JointFeedback>("joints/joint_1/feedback", newest())?;

    status.publish(&ArmStatus { mode: 0, permit: 3, ..Default::default() })?;
    lease.publish(&Lease { epoch: 1, holder: ME, ..Default::default() })?;
    client.wait_for("the driver to find the drive", Duration::from_secs(20), |_| {
        heard.borrow().as_ref().is_some_and(|f| f.driver_state == 1)
    })?;
    // The first permit that a driver hears is no yes: it may not have heard the one above.
    let enabled = (4..24).any(|permit| {
        let word = ArmStatus { mode: 1, permit, ..Default::default() };
        let told = status.publish(&word).is_ok();
        let enabled = client.wait_for("the drive to be enabled", Duration::from_secs(1), |_| {
            heard.borrow().as_ref().is_some_and(|f| f.driver_state == 3)
        });
        told && enabled.is_ok()
    });
    ensure!(enabled, "the drive was not enabled: {:?}", heard.borrow());
    let start = heard.borrow().as_ref().map_or(f64::NAN, |f| f.position);
    ensure!(
        (start - 12345.0 / COUNTS_PER_RAD).abs() < 1e-4,
        "enabling moved the drive to {start} rad"
    );

    let begin = Instant::now();
    let mut sequence = 0;
    while begin.elapsed() < Duration::from_secs(3) {
        let s = (begin.elapsed().as_secs_f64() / 2.5).min(1.0);
        let (shape, slope) = (s * s * (3.0 - 2.0 * s), 6.0 * s * (1.0 - s) / 2.5);
        let mut message = JointCommand {
            boot_id: ME,
            epoch: 1,
            sequence,
            sent_at_ns: nanoseconds(),
            setpoint_at_ns: nanoseconds() + 10_000_000,
            valid_for: 0.3,
            joint_order_hash: order_hash(),
            mode: 8,
            position: vec![0.0; 6],
            velocity: vec![0.0; 6],
            acceleration: vec![0.0; 6],
            effort: vec![0.0; 6],
            ..Default::default()
        };
        message.position[0] = start + 0.5 * shape;
        message.velocity[0] = 0.5 * slope;
        sequence += 1;
        command.publish(&message)?;
        client.pump();
        std::thread::sleep(Duration::from_millis(2));
    }
    let end = heard.borrow().as_ref().map_or(f64::NAN, |f| f.position);
    ensure!((end - start - 0.5).abs() < 2e-3, "the drive stands at {end} rad, not {}", start + 0.5);
    let counts = ((start + 0.5) * COUNTS_PER_RAD).round() / 1000.0;
    drive.wait_for_line(&[&format!("position {}", counts as i64)], Duration::from_secs(3))?;
    Ok(())
}
