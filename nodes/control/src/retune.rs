//! Changes of law, gains, limits, payload and friction while the arm moves, and what is told of them.
//!
//! The one rule: everything that can be tuned stands in the [`Config`]; a change is a candidate
//! configuration that is accepted as a whole or refused with a reason, and then the old one stays.

use crate::config::{Config, ConfigError};
use crate::control::Control;
use crate::law::Acting;
use crate::rules::Rules;
use vocabulary::command::Mode;
use vocabulary::joint::PerJoint;
use vocabulary::settings::{ControlSettings, TipLoad};
use vocabulary::time::Stamp;

impl Control {
    /// The configuration in force, or on the way to be.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What this arm can have, for whoever judges a candidate.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Goes over to the tunable part of `wanted` within `ramp` s (none: the configured time), also in
    /// motion; the rest of `wanted` counts for nothing.
    ///
    /// # Errors
    /// [`ConfigError`] naming key, value and what is allowed; the old values stay.
    pub fn retune(&mut self, wanted: &Config, ramp: Option<f64>) -> Result<(), ConfigError> {
        let config = self.config.tuned_as(wanted);
        let tuning = self.rules.tuning(&config)?;
        self.tuner.go(tuning, ramp.unwrap_or(config.ramp));
        let acting = self.acting();
        if self.law.select(&config.law, &acting) {
            self.report_now = true;
        }
        self.untold = true;
        self.config = config;
        Ok(())
    }

    /// What acts at the joints now, as far as known.
    pub(crate) fn acting(&self) -> PerJoint<Option<Acting>> {
        match self.applied.mode {
            Mode::Torque => self.applied.effort.map(|effort| Some(Acting::Torque(effort))),
            // What was applied is only the feed-forward; the drives' own loops do the rest.
            Mode::Position => self.beyond.map(|effort| Some(Acting::Beyond(effort))),
        }
    }

    /// What is in force once every ramp has ended, when there is news of it and this is the holder's
    /// to tell.
    pub fn settings_news(&mut self, stamp: Stamp) -> Option<ControlSettings> {
        let tell = self.is_holder() && self.untold;
        self.untold &= !tell;
        tell.then(|| self.settings(stamp))
    }

    /// What is in force once every ramp has ended.
    #[must_use]
    pub fn settings(&self, stamp: Stamp) -> ControlSettings {
        let target = self.tuner.target();
        let payload = &self.config.payload;
        ControlSettings {
            stamp,
            law: self.law.name().to_owned(),
            payload: TipLoad {
                mass: payload.mass,
                center: payload.center_of_mass,
                inertia: payload.inertia,
            },
            torque_limit: target.joints.map(|joint| joint.torque_limit),
            stiffness: target.joints.map(|joint| joint.stiffness),
            damping_ratio: target.joints.map(|joint| joint.damping_ratio),
            estimate: self.load.estimate(),
        }
    }

    /// Takes over what the holder tells, as a standby does; true when that changed anything. A holder
    /// knows better.
    ///
    /// # Errors
    /// As [`Control::retune`].
    pub fn hear_settings(&mut self, told: &ControlSettings) -> Result<bool, ConfigError> {
        if self.is_holder() {
            return Ok(false);
        }
        let wanted = self.config.with_settings(told, self.rules.names());
        let news = wanted != self.config;
        if news {
            self.retune(&wanted, None)?;
        }
        Ok(news)
    }
}
