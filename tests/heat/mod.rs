//! What the tests of thermal share: an arm that heats in seconds instead of minutes, and what is said
//! of its temperatures.
#![allow(unreachable_pub)]

use anyhow::{Context, Result};
use r2r::QosProfile;
use r2r::armature_msgs::msg::{Derating, JointTelemetry, ThermalAlarm, ThermalState};
use rig::launch;
use rig::{ArmClient, Scenario};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Windings and housings heat so many times faster than those of the arm: small motors.
const FASTER: f64 = 12.0;

/// The newest word of everybody on temperatures, and the hottest winding a drive measured.
#[derive(Debug, Default)]
pub struct Heat {
    pub state: Option<ThermalState>,
    pub alarm: Option<ThermalAlarm>,
    pub derating: Option<Derating>,
    /// °C.
    pub hottest: f64,
}

pub type Word = Rc<RefCell<Heat>>;

/// The arm with small motors, enabled; thermal has spoken.
pub fn small_motors(name: &str) -> Result<(Scenario, Word)> {
    let config = launch::config(name, |file, text| match file {
        "servo_sim.yaml" => scale(&scale(&text, "winding_capacity:"), "housing_capacity:"),
        "thermal.yaml" => scale(&scale(&text, "winding_time:"), "housing_time:"),
        _ => text,
    })?;
    let config = format!("config:={}", config.display());
    let mut s = Scenario::enabled(name, &["thermal:=true", &config])?;
    let word = listen(&mut s.arm)?;
    s.arm.wait_for("thermal", Duration::from_secs(20), |_| word.borrow().state.is_some())?;
    Ok((s, word))
}

fn listen(arm: &mut ArmClient) -> Result<Word> {
    let word = Word::default();
    let latched = || QosProfile::default().reliable().transient_local().keep_last(1);
    let heat = Rc::clone(&word);
    arm.each("thermal_state", latched(), move |m| heat.borrow_mut().state = Some(m))?;
    let heat = Rc::clone(&word);
    arm.each("thermal_alarm", latched(), move |m| heat.borrow_mut().alarm = Some(m))?;
    let heat = Rc::clone(&word);
    arm.each("derating", latched(), move |m| heat.borrow_mut().derating = Some(m))?;
    for joint in 1..=6 {
        let heat = Rc::clone(&word);
        let topic = format!("joints/joint_{joint}/telemetry");
        arm.each::<JointTelemetry>(&topic, QosProfile::default().keep_last(10), move |m| {
            let mut heat = heat.borrow_mut();
            heat.hottest = heat.hottest.max(m.winding_temperature);
        })?;
    }
    Ok(word)
}

/// Divides every number after `key` in its line, or up to the end of its list.
fn scale(text: &str, key: &str) -> String {
    let mut parts = text.split(key);
    let mut scaled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(if part.trim_start().starts_with('[') { ']' } else { ',' });
        let (numbers, rest) = part.split_at(end.unwrap_or(0));
        let (open, numbers) = numbers.split_once('[').unwrap_or((" ", numbers));
        let divide = |n: &str| n.trim().parse::<f64>().map(|n| format!("{:.4}", n / FASTER));
        let numbers: Vec<_> = numbers.split(',').map(|n| divide(n).unwrap_or_default()).collect();
        let list = if part.trim_start().starts_with('[') { "[" } else { "" };
        scaled += &format!("{key}{open}{list}{}{rest}", numbers.join(", "));
    }
    scaled
}

/// Waits until something is said of the temperatures; how long that took.
pub fn wait_for(
    s: &mut Scenario,
    word: &Word,
    what: &str,
    limit: Duration,
    condition: impl Fn(&Heat) -> bool,
) -> Result<Duration> {
    let waited = s.arm.wait_for(what, limit, |_| condition(&word.borrow()));
    waited.with_context(|| format!("the last word: {:?}", word.borrow().state))
}
