//! Where people and other robots adjust control: parameters, services, the settings that are told.
//!
//! The rule: only the holder of the lease answers. Holder and standby both have the servers, so that
//! nobody has to discover new ones after a takeover; the standby leaves requests unanswered, the
//! client hears the holder's answer, and the standby takes over what the holder tells on
//! `arm_controller/control_settings`.

use super::file::SettingsFile;
use crate::{Config, Control, JointValues, Live, PayloadConfig};
use node::params::Value;
use node::services::Requests;
use node::topics::{Latest, Publisher};
use node::{Shell, StartError};
use r2r::armature_msgs::srv::{SetPayload, SetStiffness, SetTorqueLimits};
use std::cell::Cell;
use std::rc::Rc;
use vocabulary::health::LogLine;
use vocabulary::settings::ControlSettings;
use vocabulary::time::Now;
use vocabulary::topics::{self, service};

/// The servers, and what is told of their work.
pub struct Desk {
    payload: Requests<SetPayload::Service>,
    limits: Requests<SetTorqueLimits::Service>,
    stiffness: Requests<SetStiffness::Service>,
    heard: Latest<ControlSettings>,
    told: Publisher<ControlSettings>,
    holder: Rc<Cell<bool>>,
    file: SettingsFile,
}

/// Parameters that the holder tells everybody, so that a standby may not differ.
fn is_told(key: &str) -> bool {
    let gains = key.strip_prefix("gains.").and_then(|rest| rest.rsplit_once('.'));
    let told = ["stiffness", "damping_ratio", "torque_limit"];
    key == "law" || key.starts_with("payload.") || gains.is_some_and(|(_, f)| told.contains(&f))
}

impl Desk {
    /// Takes up what was kept from an earlier run, declares the live parameters, creates the servers.
    pub fn create(shell: &mut Shell, control: &mut Control) -> Result<Self, StartError> {
        let file = SettingsFile::open(&control.config().state_file, &shell.namespace());
        shell.log_all(&restore(&file, control));
        let holder = Rc::new(Cell::new(false));
        declare(shell, control, Rc::clone(&holder));
        Ok(Self {
            payload: shell.service(service::SET_PAYLOAD)?,
            limits: shell.service(service::SET_TORQUE_LIMITS)?,
            stiffness: shell.service(service::SET_STIFFNESS)?,
            heard: shell.latest(topics::CONTROL_SETTINGS)?,
            told: shell.publisher(topics::CONTROL_SETTINGS)?,
            holder,
            file,
        })
    }

    /// Between two cycles: takes what was asked, tells what changed.
    pub fn work(&mut self, shell: &mut Shell, control: &mut Control, now: Now) {
        self.holder.set(control.is_holder());
        if shell.parameters_mut().take_changed() {
            let changed = shell.parameters().config::<Config>();
            let done = changed.map(|config| control.retune(&config, None));
            log_refusal(
                shell,
                done.map_err(|e| e.to_string()).and_then(|r| r.map_err(|e| e.to_string())),
            );
        }
        let mut changed = self.serve(control);
        if let Some(told) = self.heard.take() {
            let taken = control.hear_settings(&told).map_err(|error| error.to_string());
            changed |= taken == Ok(true);
            log_refusal(shell, taken.map(drop));
        }
        if changed {
            shell.parameters_mut().reflect(values(control));
        }
        if let Some(news) = control.settings_news(now.stamp) {
            self.told.send_all(&Some(news.clone()));
            self.file.keep(news);
        }
    }

    fn serve(&mut self, control: &mut Control) -> bool {
        let mut changed = false;
        let holder = control.is_holder();
        while let Some(request) = self.payload.take() {
            if holder {
                let m = &request.message;
                let c = &m.center_of_mass;
                let inertia = m.inertia.as_slice().try_into().unwrap_or([f64::NAN; 6]);
                let center_of_mass = [c.x, c.y, c.z];
                let payload = PayloadConfig { mass: m.mass, center_of_mass, inertia };
                let (success, message) = said(control.set_payload(payload));
                changed |= success;
                let _client_gone = request.respond(SetPayload::Response { success, message });
            }
        }
        while let Some(request) = self.limits.take() {
            if holder {
                let m = &request.message;
                let limits = JointValues { joints: &m.joints, field: "torque", values: &m.torque };
                let (success, message) = said(control.set_torque_limits(limits, m.ramp));
                changed |= success;
                let _client_gone = request.respond(SetTorqueLimits::Response { success, message });
            }
        }
        while let Some(request) = self.stiffness.take() {
            if holder {
                let m = &request.message;
                let of = |field, values| JointValues { joints: &m.joints, field, values };
                let (hard, ratio) =
                    (of("stiffness", &m.stiffness), of("damping_ratio", &m.damping_ratio));
                let (success, message) = said(control.set_stiffness(hard, ratio, m.ramp));
                changed |= success;
                let _client_gone = request.respond(SetStiffness::Response { success, message });
            }
        }
        changed
    }
}

fn said<E: std::fmt::Display>(done: Result<String, E>) -> (bool, String) {
    done.map_or_else(|error| (false, error.to_string()), |text| (true, text))
}

fn log_refusal(shell: &Shell, done: Result<(), String>) {
    if let Err(reason) = done {
        shell.log(&LogLine::warn(reason));
    }
}

/// The live parameters as they are in force.
fn values(control: &Control) -> Vec<(String, Value)> {
    let (config, rules) = (control.config(), control.rules());
    let Ok(tuning) = rules.tuning(config) else { return Vec::new() };
    let live = config.live(rules.names(), &rules.filled_in(&tuning));
    let value = |live| match live {
        Live::Number(value) => Value::Double(value),
        Live::Numbers(values) => Value::Doubles(values),
        Live::Switch(value) => Value::Bool(value),
        Live::Text(value) => Value::String(value),
    };
    live.into_iter().map(|(key, live)| (key, value(live))).collect()
}

fn declare(shell: &mut Shell, control: &Control, holder: Rc<Cell<bool>>) {
    let (present, rules) = (values(control), control.rules().clone());
    let keys: Vec<String> = present.iter().map(|(key, _)| key.clone()).collect();
    let told: Vec<String> = keys.iter().filter(|key| is_told(key)).cloned().collect();
    let parameters = shell.parameters_mut();
    parameters.declare(present.clone());
    parameters.reflect(present);
    parameters.declare_live(keys, move |candidate| {
        if let Some(key) = candidate.wanted().find(|key| told.iter().any(|told| told == key))
            && !holder.get()
        {
            return Err(format!(
                "{key} is set on the control process that holds the lease; this one follows it"
            ));
        }
        let config: Config = candidate.config().map_err(|error| error.to_string())?;
        rules.tuning(&config).map(drop).map_err(|error| error.to_string())
    });
}

fn restore(file: &SettingsFile, control: &mut Control) -> Vec<LogLine> {
    let kept = match file.load(control.config(), control.rules().names()) {
        Ok(Some(kept)) => kept,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![LogLine::warn(format!("settings not restored: {error:#}"))],
    };
    match control.retune(&kept, None) {
        Ok(()) => vec![LogLine::info("payload, torque limits and stiffness restored")],
        Err(refusal) => vec![LogLine::warn(format!("settings not restored: {refusal}"))],
    }
}
