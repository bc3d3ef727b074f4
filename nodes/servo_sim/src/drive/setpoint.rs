//! From one setpoint per SYNC to a smooth reference at every step of the drive's loops.
//!
//! The one rule: position and velocity of the reference never jump. A setpoint is reached one
//! interpolation period after the SYNC that made it effective, along a cubic whose end velocity is
//! the derivative of the parabola through the last three setpoints.
//!
//! A missing setpoint is bridged for one period at constant velocity; after that the reference
//! returns to the last setpoint and stands.

use vocabulary::time::Monotonic;

/// What the loops shall do at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reference {
    /// rad.
    pub position: f64,
    /// rad/s.
    pub velocity: f64,
    /// Torque feed-forward, N·m.
    pub torque: f64,
}

/// A setpoint and when it is to be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Knot {
    at: Monotonic,
    position: f64,
}

/// Interpolates cyclic synchronous positions.
#[derive(Debug, Clone, PartialEq)]
pub struct Interpolator {
    from: Reference,
    start: Monotonic,
    to: Reference,
    end: Monotonic,
    /// The last two setpoints, newest first.
    past: [Option<Knot>; 2],
    /// No setpoint came in time: the way back to the last one has begun.
    settling: bool,
}

/// How many periods the way back to the last setpoint takes.
const SETTLE_PERIODS: u32 = 6;
/// Setpoints older than this many periods say nothing about velocity.
const MEMORY_PERIODS: f64 = 4.5;

impl Interpolator {
    /// Stands at `position` rad with `torque` N·m of feed-forward.
    #[must_use]
    pub fn standing(position: f64, torque: f64, now: Monotonic) -> Self {
        let rest = Reference { position, velocity: 0.0, torque };
        let knot = Knot { at: now, position };
        Self {
            from: rest,
            start: now,
            to: rest,
            end: now,
            past: [Some(knot), None],
            settling: false,
        }
    }

    /// Goes on from `here`, as if it had moved so for a period of `period` s.
    #[must_use]
    pub fn moving(here: Reference, period: f64, now: Monotonic) -> Self {
        let before =
            Knot { at: now.shifted(-period), position: here.position - here.velocity * period };
        let newest = Knot { at: now, position: here.position };
        let past = [Some(newest), Some(before).filter(|_| here.velocity != 0.0)];
        Self { from: here, to: here, past, ..Self::standing(here.position, here.torque, now) }
    }

    /// Takes a setpoint that is effective from `now` and reached at `reach`.
    pub fn push(&mut self, position: f64, torque: f64, now: Monotonic, reach: Monotonic) {
        let from = self.at(now);
        let period = reach.seconds_from(now).max(1e-4);
        self.forget_replaced(reach, period);
        let velocity = self.end_velocity(Knot { at: reach, position }, period);
        self.from = from;
        self.start = now;
        self.to = Reference { position, velocity, torque };
        self.end = reach;
        self.settling = false;
        let [newest, _] = self.past;
        self.past = [Some(Knot { at: reach, position }), newest];
    }

    /// The reference at `now`; `now` must not go backwards.
    pub fn at(&mut self, now: Monotonic) -> Reference {
        let length = self.end.seconds_from(self.start);
        let late = now.seconds_from(self.end);
        if late <= 0.0 && length > 0.0 {
            return cubic(&self.from, &self.to, now.seconds_from(self.start) / length, length);
        }
        if self.to.velocity == 0.0 || length <= 0.0 {
            return self.to;
        }
        if late > length && !self.settling {
            self.turn_back(length);
            return self.at(now);
        }
        let position = self.to.position + self.to.velocity * late.max(0.0);
        Reference { position, ..self.to }
    }

    /// A setpoint for the same instant as the newest one takes its place.
    fn forget_replaced(&mut self, reach: Monotonic, period: f64) {
        let [newest, before] = self.past;
        if newest.is_some_and(|knot| reach.seconds_from(knot.at) < 0.25 * period) {
            self.past = [before, None];
        }
    }

    fn turn_back(&mut self, length: f64) {
        let goal = Reference { velocity: 0.0, ..self.to };
        self.from = Reference { position: self.to.position + self.to.velocity * length, ..self.to };
        self.start = self.end.shifted(length);
        self.end = self.start.shifted(length * f64::from(SETTLE_PERIODS));
        self.to = goal;
        self.settling = true;
    }

    fn end_velocity(&self, last: Knot, period: f64) -> f64 {
        let young = |k: &Knot| {
            let age = last.at.seconds_from(k.at);
            age > 0.25 * period && age < MEMORY_PERIODS * period
        };
        let [middle, first] = self.past.map(|knot| knot.filter(young));
        let Some(middle) = middle else { return 0.0 };
        let newer = slope(middle, last);
        let Some(first) = first.filter(|f| f.at < middle.at) else { return newer };
        let share = last.at.seconds_from(middle.at) / last.at.seconds_from(first.at);
        newer + (newer - slope(first, middle)) * share
    }
}

fn slope(a: Knot, b: Knot) -> f64 {
    (b.position - a.position) / b.at.seconds_from(a.at)
}

/// Cubic from `a` to `b` at fraction `s` of `length` s; torque goes straight.
fn cubic(a: &Reference, b: &Reference, s: f64, length: f64) -> Reference {
    let s = s.clamp(0.0, 1.0);
    let rise = b.position - a.position;
    let (da, db) = (a.velocity * length, b.velocity * length);
    let (c2, c3) = (3.0 * rise - 2.0 * da - db, da + db - 2.0 * rise);
    Reference {
        position: a.position + s * (da + s * (c2 + s * c3)),
        velocity: (da + s * (2.0 * c2 + s * 3.0 * c3)) / length,
        torque: a.torque + (b.torque - a.torque) * s,
    }
}

/// Decelerates from a moving reference to standstill and keeps its torque.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    /// Where the ramp is now.
    pub reference: Reference,
    /// rad/s².
    pub deceleration: f64,
}

impl Ramp {
    /// Advances by `dt` s.
    pub fn advance(&mut self, dt: f64) -> Reference {
        let r = &mut self.reference;
        let step = self.deceleration * dt;
        let next =
            if r.velocity.abs() <= step { 0.0 } else { r.velocity - step.copysign(r.velocity) };
        r.position += (r.velocity + next) / 2.0 * dt;
        r.velocity = next;
        *r
    }

    /// Whether it has come to rest.
    #[must_use]
    pub fn at_rest(&self) -> bool {
        self.reference.velocity == 0.0
    }
}

/// Takes the jitter out of the SYNC, as the phase-locked loop of a drive does.
#[derive(Debug, Clone, Default)]
pub struct SyncClock {
    last: Option<Monotonic>,
}

/// Share of the phase error that is corrected at each SYNC.
const PHASE_GAIN: f64 = 0.2;

impl SyncClock {
    /// The instant this SYNC was meant for, given one every `period` s.
    pub fn on_sync(&mut self, now: Monotonic, period: f64) -> Monotonic {
        let meant = self.last.map(|last| last.shifted(period));
        let instant = match meant {
            Some(meant) if now.seconds_from(meant).abs() < period / 2.0 => {
                meant.shifted(PHASE_GAIN * now.seconds_from(meant))
            }
            _ => now,
        };
        self.last = Some(instant);
        instant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: u64 = 4_000_000;

    fn at(n: u64) -> Monotonic {
        Monotonic(1_000_000_000 + n * PERIOD)
    }

    #[test]
    fn a_parabola_of_setpoints_is_followed_exactly() {
        let parabola = |t: Monotonic| 0.5 * 3.0 * t.seconds_from(at(0)).powi(2);
        let mut i = Interpolator::standing(0.0, 0.0, at(0));
        for n in 1..10 {
            i.push(parabola(at(n + 1)), 0.0, at(n), at(n + 1));
            if n < 4 {
                continue;
            }
            for k in 0..4 {
                let t = at(n) + std::time::Duration::from_millis(k);
                let r = i.at(t);
                assert!((r.position - parabola(t)).abs() < 1e-12);
                assert!((r.velocity - 3.0 * t.seconds_from(at(0))).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_missing_setpoint_is_bridged_and_then_the_reference_stands_at_the_last_one() {
        let mut i = Interpolator::standing(0.0, 0.0, at(0));
        for n in 1..10 {
            i.push(0.004 * n as f64, 1.0, at(n), at(n + 1));
        }
        let bridged = i.at(at(11));
        assert!((bridged.position - 0.040).abs() < 1e-9, "{bridged:?}");
        let rest = i.at(at(30));
        assert!((rest.position - 0.036).abs() < 1e-9, "{rest:?}");
        assert_eq!((rest.velocity, rest.torque), (0.0, 1.0));
    }

    #[test]
    fn the_reference_never_jumps_when_setpoints_stop_and_go() {
        let mut i = Interpolator::standing(0.0, 0.0, at(0));
        let mut last = i.at(at(0));
        for ms in 4..400_u64 {
            let now = Monotonic(at(0).0 + ms * 1_000_000);
            if ms % 4 == 0 && !(100..130).contains(&ms) {
                i.push(
                    (ms as f64 * 0.01).sin(),
                    0.0,
                    now,
                    now + std::time::Duration::from_millis(4),
                );
            }
            let r = i.at(now);
            assert!((r.position - last.position).abs() < 0.06, "{ms} ms: {last:?} {r:?}");
            last = r;
        }
    }

    #[test]
    fn jitter_of_the_sync_is_filtered_and_a_gap_is_not() {
        let mut clock = SyncClock::default();
        clock.on_sync(at(0), 0.004);
        let late = clock.on_sync(Monotonic(at(1).0 + 1_000_000), 0.004);
        assert_eq!(late.0 - at(1).0, 200_000);
        assert_eq!(clock.on_sync(at(7), 0.004), at(7));
    }
}
