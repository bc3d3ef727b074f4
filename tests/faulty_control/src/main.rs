//! A controller that shadows well and goes bad once it holds the lease.
//!
//! Environment: `FAULTY_CONTROL_KIND` is one of `panic`, `nan`, `wrong_sign`, `error_grows` and
//! `silent`; `FAULTY_CONTROL_AFTER_MS` is how long it behaves with the lease, default 300. It says on
//! `rosout` when it goes bad.

use anyhow::{Context, Result, bail};
use control::{Control, Outputs, host};
use node::start;
use std::process::ExitCode;
use vocabulary::command::JointCommand;
use vocabulary::health::LogLine;
use vocabulary::joint::PerJoint;
use vocabulary::time::{Monotonic, Now};

/// Torque by which the feed-forward of every joint grows, N·m/s; the drivers end it at the joint's
/// limit.
const GROWTH: f64 = 4000.0;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Panic,
    Nan,
    WrongSign,
    ErrorGrows,
    Silent,
}

fn kind(name: &str) -> Result<Kind> {
    Ok(match name {
        "panic" => Kind::Panic,
        "nan" => Kind::Nan,
        "wrong_sign" => Kind::WrongSign,
        "error_grows" => Kind::ErrorGrows,
        "silent" => Kind::Silent,
        _ => bail!("FAULTY_CONTROL_KIND = {name:?}: panic, nan, wrong_sign, error_grows or silent"),
    })
}

/// When and how it goes bad.
struct Fault {
    kind: Kind,
    after: f64,
    holds_since: Option<Monotonic>,
    /// Since when it is bad, and where the arm was then.
    bad: Option<(Monotonic, PerJoint<f64>)>,
}

impl Fault {
    fn from_environment() -> Result<Self> {
        let name = std::env::var("FAULTY_CONTROL_KIND").context("FAULTY_CONTROL_KIND")?;
        let after = std::env::var("FAULTY_CONTROL_AFTER_MS").unwrap_or_else(|_| "300".to_owned());
        let after = after.parse::<f64>().context("FAULTY_CONTROL_AFTER_MS")? * 1e-3;
        Ok(Self { kind: kind(&name)?, after, holds_since: None, bad: None })
    }

    fn spoil(&mut self, now: Now, control: &Control, outputs: &mut Outputs) {
        if !control.is_holder() {
            (self.holds_since, self.bad) = (None, None);
            return;
        }
        let since = *self.holds_since.get_or_insert(now.mono);
        let Some(command) = outputs.command.as_mut() else { return };
        if now.mono.seconds_from(since) < self.after {
            return;
        }
        if self.bad.is_none() {
            outputs.log.push(LogLine::warn(format!("goes bad: {:?}", self.kind)));
        }
        let (began, origin) = *self.bad.get_or_insert((now.mono, command.position));
        self.change(command, &origin, now.mono.seconds_from(began));
        if self.kind == Kind::Silent {
            (outputs.command, outputs.handover) = (None, None);
        }
    }

    fn change(&self, command: &mut JointCommand, origin: &PerJoint<f64>, time: f64) {
        match self.kind {
            #[allow(clippy::panic)] // what it is for
            Kind::Panic => panic!("on purpose"),
            Kind::Nan => command.position = [f64::NAN; 6],
            Kind::WrongSign => {
                for (p, origin) in command.position.iter_mut().zip(origin) {
                    *p = 2.0 * origin - *p;
                }
                command.velocity = command.velocity.map(|v| -v);
                command.acceleration = command.acceleration.map(|a| -a);
            }
            Kind::ErrorGrows => {
                command.effort.iter_mut().for_each(|effort| *effort += GROWTH * time);
            }
            Kind::Silent => {}
        }
    }
}

fn main() -> ExitCode {
    start::main("control", |shell| {
        let mut fault = Fault::from_environment()?;
        host::run_spoiled(shell, move |now, control, outputs| fault.spoil(now, control, outputs))
    })
}
