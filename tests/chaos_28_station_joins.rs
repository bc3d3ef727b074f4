//! Case 28: a new station joins the running arm, twenty times.
//!
//! - Before: all joints follow the plans of goals.
//! - Fault: none: twenty times in a row somebody else's node, in rclpy, appears, listens to joint_states and
//!   publishes a topic of its own, and goes again.
//! - After: it can be used without any restart; the goals succeed.
//! - Detected: it hears the joints, and is heard, within 1 s of its node's creation.
//! - Recovered: nothing to recover from.
//! - Undisturbed: all nodes keep process and boot id; no joint ceases to follow; no control cycle is late.
//! - Degrades: a station that comes and goes | moving | nothing is noticed | nothing to do

use crate::stations::Station;
use anyhow::{Result, ensure};
use r2r::QosProfile;
use r2r::std_msgs::msg::String as Text;
use rig::{Drives, Scenario, figures};
use std::time::{Duration, Instant};

const JOINS: usize = 20;

/// Would catch: a newcomer that needs a restart, discovery that holds up a cycle.
#[test]
#[ignore = "long: cargo xtask test --all"]
fn a_station_joins_like_a_card_in_a_slot() -> Result<()> {
    let mut s = Scenario::enabled("chaos_28", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    let seen = s.arm.listen::<Text>("station/seen", QosProfile::default().keep_last(10))?;
    s.wait_for_successor()?;
    let witness = s.witness();
    let late = |s: &Scenario| s.arm.world.heartbeats.get("control").map_or(0, |b| b.late_cycles);
    let missed = late(&s);
    let mut goal = Some(s.start_motion()?);
    drives.clear();
    for number in 1..=JOINS {
        let station = Station::start(number, 50)?;
        let (begin, name) = (Instant::now(), number.to_string());
        let heard = || seen.borrow().as_ref().is_some_and(|text| text.data == name);
        while station.usable()?.is_none() || !heard() {
            s.keep_moving(&mut goal)?;
            ensure!(begin.elapsed() < Duration::from_secs(30), "station {number} never joined");
        }
        let usable = station.usable()?.unwrap_or(f64::NAN);
        figures::at_most("a station is usable after", "s", usable, 1.0);
    }
    figures::at_most("control cycles late", "", (late(&s) - missed) as f64, 0.0);
    figures::at_most("between two commands", "ms", drives.longest_wait() * 1e3, 100.0);
    if let Some(mut goal) = goal {
        s.expect_success(&mut goal)?;
    }
    drives.expect_following()?;
    witness.expect_undisturbed(&mut s, &[])
}
