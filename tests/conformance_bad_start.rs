//! What cannot work says so in one line that names the thing and what to do.

use anyhow::{Result, ensure};
use rig::Single;
use rig::launch::{enter_fresh_domain, free_port};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(15);

/// Would catch: a misspelled or wild parameter that is ignored, and an arm that is not the one
/// configured.
#[test]
fn an_unknown_or_wild_parameter_aborts_the_start_and_is_named() -> Result<()> {
    enter_fresh_domain();
    let mut typo = Single::start("control", &["laed:=0.01"])?;
    typo.wait_for_line(&["laed"], SOON)?;
    typo.wait_for_end(SOON)?;
    let mut wild = Single::start("control", &["lead:=12.0"])?;
    wild.wait_for_line(&["lead", "12"], SOON)?;
    wild.wait_for_end(SOON)
}

/// Would catch: a driver that waits in silence for a bus that is not there.
#[test]
fn a_missing_bus_is_named_with_its_address() -> Result<()> {
    enter_fresh_domain();
    let port = free_port()?;
    let driver = Single::start("joint_driver", &[&format!("bus.port:={port}")])?;
    driver.wait_for_line(&["vcan0", &port.to_string()], SOON)?;
    Ok(())
}

/// Would catch: a driver that waits in silence for a drive that does not answer.
#[test]
fn a_drive_that_is_not_there_is_named_with_joint_node_and_bus() -> Result<()> {
    enter_fresh_domain();
    let port = free_port()?;
    let _hub = Single::start("can_hub", &[&format!("port:={port}")])?;
    let driver = Single::start("joint_driver", &[&format!("bus.port:={port}")])?;
    driver.wait_for_line(&["joint_1", "node 1", "vcan0"], SOON)?;
    Ok(())
}

/// Would catch: two processes that both write setpoints to one drive.
#[test]
fn a_second_driver_for_the_same_joint_stays_silent_and_says_so() -> Result<()> {
    enter_fresh_domain();
    let port = format!("port:={}", free_port()?);
    let bus = format!("bus.{port}");
    let _hub = Single::start("can_hub", &[&port])?;
    let first = Single::start("joint_driver", &[&bus])?;
    first.wait_for_line(&["joint_1", "node 1", "vcan0"], SOON)?;
    let second = Single::start("joint_driver", &[&bus])?;
    second.wait_for_line(&["joint_1", "vcan0", "already driven", "stop that one"], SOON)?;
    ensure!(!first.output().contains("already driven"), "the first one gave way");
    Ok(())
}
