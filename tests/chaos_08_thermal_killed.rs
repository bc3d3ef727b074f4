//! Case 8: the thermal service is killed, frozen, or replaced by another version while the arm moves.
//!
//! - Before: all joints follow the plan of a goal; thermal says that nothing need be slowed.
//! - Fault: SIGKILL; SIGSTOP for 4 s; a shadowing version is activated and the old one deactivated.
//! - After: the goal succeeds unslowed; one thermal service speaks.
//! - Detected: not needed by anybody who moves; control keeps the last derating, which tightens with its age.
//! - Recovered: thermal is back within 2 s.
//! - Undisturbed: all other nodes keep process and boot id; no joint ceases to follow.
//! - Degrades: thermal | moving | control keeps the last derating, tightened with its age | launch starts it
//!   again; it begins from what the drives report

use anyhow::{Context, Result, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::msg::Derating;
use r2r::lifecycle_msgs::msg::Transition;
use rig::{Drives, Scenario, figures};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Who said last how much the arm must be slowed: its boot id, and 1 for not at all.
type Word = Rc<RefCell<Option<(u64, f64)>>>;

fn hear_derating(s: &mut Scenario) -> Result<Word> {
    let word = Word::default();
    let heard = Rc::clone(&word);
    let qos = QosProfile::default().reliable().transient_local().keep_last(1);
    s.arm.each::<Derating>("derating", qos, move |derating| {
        *heard.borrow_mut() = Some((derating.boot_id, derating.speed));
    })?;
    Ok(word)
}

/// The arm with a live thermal service, in motion.
fn moving(name: &str, arguments: &[&str]) -> Result<(Scenario, Drives, Word)> {
    let arguments = [&["thermal:=true"], arguments].concat();
    let mut s = Scenario::enabled(name, &arguments)?;
    let drives = Drives::watch(&mut s.arm)?;
    let word = hear_derating(&mut s)?;
    s.arm.wait_for("thermal", Duration::from_secs(20), |w| w.heartbeats.contains_key("thermal"))?;
    s.arm.wait_for("its word", Duration::from_secs(10), |_| word.borrow().is_some())?;
    Ok((s, drives, word))
}

/// No joint stopped to follow, and nothing was slowed.
fn expect_nothing_noticed(drives: &Drives, word: &Word) -> Result<()> {
    drives.expect_following()?;
    let speed = word.borrow().map_or(f64::NAN, |(_, speed)| speed);
    ensure!(speed == 1.0, "a cool arm was slowed to {speed}");
    Ok(())
}

/// Would catch: a control loop that waits for thermal, or an arm that stops without it.
#[test]
fn a_killed_thermal_service_comes_back_and_the_motion_goes_on() -> Result<()> {
    let (mut s, drives, word) = moving("chaos_08_killed", &[])?;
    let mut goal = s.start_motion()?;
    let before = s.boots();
    drives.clear();
    s.kill("thermal")?;
    let back = s.wait_until_back("thermal", &before)?;
    figures::took("thermal is back", back, 2000.0);
    s.expect_success(&mut goal)?;
    expect_nothing_noticed(&drives, &word)?;
    let now = s.boots().get("thermal").copied();
    s.arm.wait_for("its word", Duration::from_secs(5), |_| word.borrow().map(|w| w.0) == now)?;
    s.expect_undisturbed(&before, &["thermal"])
}

/// Would catch: a publisher or subscriber that blocks when thermal reads nothing any more.
#[test]
fn a_frozen_thermal_service_is_missed_by_nobody_who_moves() -> Result<()> {
    let (mut s, drives, word) = moving("chaos_08_frozen", &[])?;
    let mut goal = s.start_motion()?;
    let before = s.boots();
    drives.clear();
    s.signal("thermal", libc::SIGSTOP)?;
    s.arm.pump_for(Duration::from_secs(4));
    s.signal("thermal", libc::SIGCONT)?;
    s.expect_success(&mut goal)?;
    expect_nothing_noticed(&drives, &word)?;
    s.expect_undisturbed(&before, &[])
}

/// Would catch: a second version that speaks before its turn, or a change that the arm notices.
#[test]
fn a_shadowing_version_takes_over_in_motion() -> Result<()> {
    let (mut s, drives, word) = moving("chaos_08_replaced", &["thermal_shadow:=true"])?;
    s.arm.wait_for("the shadow", Duration::from_secs(20), |w| {
        w.heartbeats.contains_key("thermal_shadow")
    })?;
    let boot = |s: &Scenario, node: &str| {
        let boots = s.boots();
        boots.get(node).copied().with_context(|| format!("{node} was never heard"))
    };
    let (old, new) = (boot(&s, "thermal")?, boot(&s, "thermal_shadow")?);
    let mut goal = s.start_motion()?;
    let before = s.boots();
    drives.clear();
    ensure!(word.borrow().map(|w| w.0) == Some(old), "the shadow speaks before its turn");
    s.change_state("thermal_shadow", Transition::TRANSITION_CONFIGURE as u8)?;
    s.change_state("thermal_shadow", Transition::TRANSITION_ACTIVATE as u8)?;
    s.change_state("thermal", Transition::TRANSITION_DEACTIVATE as u8)?;
    s.arm.wait_for("the new word", Duration::from_secs(5), |_| {
        word.borrow().map(|w| w.0) == Some(new)
    })?;
    s.expect_success(&mut goal)?;
    expect_nothing_noticed(&drives, &word)?;
    ensure!(word.borrow().map(|w| w.0) == Some(new), "the old version speaks again");
    s.expect_undisturbed(&before, &[])
}
