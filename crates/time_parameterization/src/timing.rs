//! The entrance: an arm with its limits, and the moves and paths that it is asked to time.
//!
//! The rule: what comes in is checked here, completely, and what goes out keeps every limit at every
//! instant: velocity, acceleration and jerk exactly, torque at the points and between them.

use crate::along;
use crate::curve::{self, distance};
use crate::error::{Place, TimingError};
use crate::limits::{Limits, fraction};
use crate::phases;
use crate::rest_to_rest::RestToRest;
use crate::state_to_state::StateToState;
use crate::timed::{State, Timed};
use crate::torque::Dynamics;

/// Waypoints nearer than this are the same, rad.
const SAME: f64 = 1e-9;
/// An accuracy below this is none: the motion stops at the waypoints, rad.
const NO_ACCURACY: f64 = 1e-6;
/// Slack at position limits on the way, rad: half of what the motion service allows.
const SWING: f64 = 5e-7;
/// Share of a limit that points may take: half of the rounding that the motion service allows.
const ALLOWED: f64 = 1.0 + 5e-7;
/// Time between two looks at the torques of a move, s.
const TORQUE_STEP: f64 = 0.004;
/// What is kept of accelerations when torques do not suffice for a moving start, and how often.
const WEAKER: (f64, usize) = (0.7, 6);

/// How a path shall be driven.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathRequest {
    /// Part of the greatest speed, more than 0 and at most 1: 0.5 takes twice as long.
    pub speed: f64,
    /// How far the motion may be from the waypoints and from the lines between them, rad (Euclidean
    /// norm over all joints).
    pub accuracy: f64,
    /// What leads from waypoint to waypoint.
    pub shape: Shape,
}

/// What leads from waypoint to waypoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Straight lines with rounded corners; with accuracy 0 the motion stops at every waypoint.
    Lines,
    /// A smooth curve exactly through the waypoints: for dense ones, as those of a Cartesian line.
    Through,
}

/// Times motions of an arm.
#[derive(Debug, Clone)]
pub struct Timing<'a, const N: usize> {
    limits: Limits<N>,
    dynamics: Option<Dynamics<'a, N>>,
}

impl<'a, const N: usize> Timing<'a, N> {
    /// For an arm with these limits. Torque limits hold only with `dynamics`.
    #[must_use]
    pub fn new(limits: Limits<N>, dynamics: Option<Dynamics<'a, N>>) -> Self {
        let dynamics = dynamics.filter(|_| limits.has_torque());
        Self { limits, dynamics }
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits<N> {
        &self.limits
    }

    /// The quickest motion from rest to rest, in closed form, within limits of velocity,
    /// acceleration and jerk. It goes straight where that takes no longer.
    ///
    /// # Errors
    /// [`TimingError`] naming the joint.
    #[inline]
    pub fn rest_to_rest(
        &self,
        from: &[f64; N],
        to: &[f64; N],
        speed: f64,
    ) -> Result<RestToRest<N>, TimingError> {
        fraction(|| "speed".into(), speed)?;
        self.limits.check_position(from, Place::Start)?;
        self.limits.check_position(to, Place::Target)?;
        if speed < 1.0 {
            return Ok(RestToRest::quickest(from, to, &self.limits.slowed(speed)));
        }
        Ok(RestToRest::quickest(from, to, &self.limits))
    }

    /// The same as points in time, and within torque limits: where torques do not suffice, the whole
    /// motion is slower.
    ///
    /// # Errors
    /// [`TimingError`] naming the joint.
    pub fn point_to_point(
        &self,
        from: &[f64; N],
        to: &[f64; N],
        speed: f64,
    ) -> Result<Timed<N>, TimingError> {
        let motion = self.rest_to_rest(from, to, speed)?;
        let slowed = self.limits.slowed(speed);
        self.strong_enough(points(&motion, (from, to), &slowed))
    }

    /// The quickest motion from one state to another, either of which may move.
    ///
    /// # Errors
    /// [`TimingError`] naming the joint.
    pub fn state_to_state(
        &self,
        from: &State<N>,
        to: &State<N>,
        speed: f64,
    ) -> Result<Timed<N>, TimingError> {
        let still = [0.0; N];
        let at_rest = |state: &State<N>| state.velocity == still && state.acceleration == still;
        if at_rest(from) && at_rest(to) {
            return self.point_to_point(&from.position, &to.position, speed);
        }
        fraction(|| "speed".into(), speed)?;
        let mut slowed = self.limits.slowed(speed);
        check_state(&self.limits, from, Place::Start)?;
        check_state(&slowed, to, Place::Target)?;
        for _ in 0..WEAKER.1 {
            let timed = moving(from, to, &slowed)?;
            let Some((joint, needed)) = self.too_weak(&timed)? else { return Ok(timed) };
            let weaker = slowed.weaker(WEAKER.0);
            if check_state(&weaker, from, Place::Start)
                .and_then(|()| check_state(&weaker, to, Place::Target))
                .is_err()
            {
                return Err(self.torque_error(joint, needed));
            }
            slowed = weaker;
        }
        let timed = moving(from, to, &slowed)?;
        match self.too_weak(&timed)? {
            Some((joint, needed)) => Err(self.torque_error(joint, needed)),
            None => Ok(timed),
        }
    }

    /// The quickest motion along a path, from rest at the first waypoint to rest at the last.
    ///
    /// # Errors
    /// [`TimingError`] naming the waypoint or the joint.
    pub fn path(
        &self,
        waypoints: &[[f64; N]],
        request: &PathRequest,
    ) -> Result<Timed<N>, TimingError> {
        let PathRequest { speed, accuracy, shape } = *request;
        fraction(|| "speed".into(), speed)?;
        if !(accuracy >= 0.0 && accuracy.is_finite()) {
            return Err(TimingError::Accuracy { value: accuracy });
        }
        self.check_waypoints(waypoints)?;
        let timed = match shape {
            Shape::Through => self.along(&curve::through(waypoints, accuracy)?),
            Shape::Lines if accuracy < NO_ACCURACY || waypoints.len() == 2 => self.legs(waypoints),
            Shape::Lines => self.along(&curve::rounded(waypoints, accuracy)),
        }?;
        if let Some(swing) = timed.swing(&self.limits, SWING) {
            let (joint, value) = (self.name(swing.joint), swing.value);
            let at = |limits: &[f64; N]| limits.get(swing.joint).copied().unwrap_or(f64::NAN);
            let (lower, upper) = (at(&self.limits.lower), at(&self.limits.upper));
            return Err(TimingError::Swings { joint, value, lower, upper });
        }
        Ok(if speed < 1.0 { timed.stretched(1.0 / speed) } else { timed })
    }

    fn name(&self, joint: usize) -> String {
        self.limits.names.get(joint).cloned().unwrap_or_default()
    }

    fn check_waypoints(&self, waypoints: &[[f64; N]]) -> Result<(), TimingError> {
        if waypoints.len() < 2 {
            return Err(TimingError::TooFew { count: waypoints.len() });
        }
        for (index, waypoint) in waypoints.iter().enumerate() {
            self.limits.check_position(waypoint, Place::Waypoint(index))?;
        }
        for (index, pair) in waypoints.windows(2).enumerate() {
            if let [from, to] = pair
                && distance(from, to) < SAME
            {
                let (point, distance) = (index + 1, distance(from, to));
                return Err(TimingError::Duplicate { point, distance });
            }
        }
        for (index, waypoint) in waypoints.iter().enumerate() {
            if let Some(dynamics) = &self.dynamics {
                dynamics.check_hold(waypoint, &self.limits, Place::Waypoint(index))?;
            }
        }
        Ok(())
    }

    fn along(&self, curve: &curve::Curve<N>) -> Result<Timed<N>, TimingError> {
        along::time(curve, &self.limits, self.dynamics.as_ref())
    }

    /// Straight from waypoint to waypoint, with a stop at each.
    fn legs(&self, waypoints: &[[f64; N]]) -> Result<Timed<N>, TimingError> {
        let mut legs = waypoints.windows(2).map(|pair| match pair {
            [from, to] => self.leg(from, to),
            _ => Err(TimingError::TooFew { count: pair.len() }),
        });
        let first = legs.next().unwrap_or(Err(TimingError::TooFew { count: 0 }))?;
        legs.try_fold(first, |mut all, leg| {
            all.extend(&leg?);
            Ok(all)
        })
    }

    fn leg(&self, from: &[f64; N], to: &[f64; N]) -> Result<Timed<N>, TimingError> {
        let motion = RestToRest::straight(from, to, &self.limits);
        let timed = points(&motion, (from, to), &self.limits);
        if let Some(dynamics) = &self.dynamics {
            self.each(&timed, |state, share| {
                dynamics.check_hold(&state.position, &self.limits, Place::Share(share))
            })?;
        }
        match &self.dynamics {
            Some(dynamics) if along::slowing(&timed, &self.limits, dynamics) > 1.0 => {
                self.along(&curve::rounded(&[*from, *to], 0.0))
            }
            _ => Ok(timed),
        }
    }

    /// The motion, as slow as its torques make it.
    fn strong_enough(&self, timed: Timed<N>) -> Result<Timed<N>, TimingError> {
        let mut stretch = 1.0_f64;
        if let Some(dynamics) = &self.dynamics {
            self.each(&timed, |state, share| {
                dynamics.check_hold(&state.position, &self.limits, Place::Share(share))?;
                stretch = stretch.max(dynamics.slowing(state, &self.limits).sqrt());
                Ok(())
            })?;
        }
        Ok(if stretch > 1.0 { timed.stretched(stretch) } else { timed })
    }

    /// The first joint whose torque does not suffice, and what it needs, N·m.
    fn too_weak(&self, timed: &Timed<N>) -> Result<Option<(usize, f64)>, TimingError> {
        let Some(dynamics) = &self.dynamics else { return Ok(None) };
        let mut found = None;
        self.each(timed, |state, share| {
            dynamics.check_hold(&state.position, &self.limits, Place::Share(share))?;
            let torques = dynamics.torque(state).into_iter().zip(&self.limits.torque);
            let weak = torques.enumerate().find(|(_, (torque, limit))| torque.abs() > **limit);
            found = found.or(weak.map(|(joint, (torque, _))| (joint, torque)));
            Ok(())
        })?;
        Ok(found)
    }

    /// Every few milliseconds: the state and which part of the time has passed.
    fn each(
        &self,
        timed: &Timed<N>,
        mut look: impl FnMut(&State<N>, f64) -> Result<(), TimingError>,
    ) -> Result<(), TimingError> {
        let steps = (timed.duration() / TORQUE_STEP).ceil().max(1.0) as usize;
        let inner = (0..=steps).map(|step| step as f64 / steps as f64);
        for share in inner {
            look(&timed.sample(share * timed.duration()), share)?;
        }
        let duration = timed.duration().max(f64::MIN_POSITIVE);
        timed.points().iter().try_for_each(|point| look(&point.state, point.time / duration))
    }

    fn torque_error(&self, joint: usize, needed: f64) -> TimingError {
        let limit = self.limits.torque.get(joint).copied().unwrap_or(f64::NAN);
        TimingError::Torque { joint: self.name(joint), needed, limit }
    }
}

fn points<const N: usize>(
    motion: &RestToRest<N>,
    (from, to): (&[f64; N], &[f64; N]),
    limits: &Limits<N>,
) -> Timed<N> {
    let ends = (State::at_rest(*from), State::at_rest(*to));
    let (timed, share) = phases::points(ends, motion.duration(), &motion.joints(), limits);
    if share > ALLOWED { timed.stretched(share) } else { timed }
}

/// The motion between states as points, within position limits where that is possible.
fn moving<const N: usize>(
    from: &State<N>,
    to: &State<N>,
    limits: &Limits<N>,
) -> Result<Timed<N>, TimingError> {
    let free = sampled(from, to, limits, false)?;
    let Some(swing) = free.swing(limits, SWING) else { return Ok(free) };
    match sampled(from, to, limits, true) {
        Ok(bounded) if bounded.swing(limits, SWING).is_none() => Ok(bounded),
        _ => {
            let at = |values: &[f64; N]| values.get(swing.joint).copied().unwrap_or(f64::NAN);
            let joint = limits.names.get(swing.joint).cloned().unwrap_or_default();
            let (lower, upper) = (at(&limits.lower), at(&limits.upper));
            Err(TimingError::Swings { joint, value: swing.value, lower, upper })
        }
    }
}

/// The motion as points; in the rare case that they cannot show it within the limits, a motion
/// within slightly smaller ones.
fn sampled<const N: usize>(
    from: &State<N>,
    to: &State<N>,
    limits: &Limits<N>,
    bounded: bool,
) -> Result<Timed<N>, TimingError> {
    let points = |limits: &Limits<N>| {
        let motion = StateToState::quickest(from, to, limits, bounded)?;
        Ok(phases::points((*from, *to), motion.duration(), &motion.joints(), limits))
    };
    let (timed, share) = points(limits)?;
    if share <= ALLOWED {
        return Ok(timed);
    }
    match points(&limits.slowed(1.0 / share)) {
        Ok((slower, share)) if share <= ALLOWED => Ok(slower),
        _ => Ok(timed),
    }
}

fn check_state<const N: usize>(
    limits: &Limits<N>,
    state: &State<N>,
    place: Place,
) -> Result<(), TimingError> {
    limits.check_position(&state.position, place)?;
    let rates = [
        ("velocity", &state.velocity, &limits.velocity),
        ("acceleration", &state.acceleration, &limits.acceleration),
    ];
    for (quantity, values, bounds) in rates {
        for (joint, (value, bound)) in values.iter().zip(bounds).enumerate() {
            limits.check(joint, place, quantity, (*value, -bound, *bound))?;
        }
    }
    Ok(())
}
