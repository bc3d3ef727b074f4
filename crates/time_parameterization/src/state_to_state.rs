//! From any state to any state as quickly as possible, through rsruckig (L. Berscheid, T. Kröger,
//! *Jerk-limited Real-time Trajectory Generation with Arbitrary Target States*, RSS 2021).

use rsruckig::prelude::{
    InputParameter, Profile, Ruckig, RuckigResult, ThrowErrorHandler, Trajectory,
};

use crate::error::TimingError;
use crate::limits::Limits;
use crate::phases::{Joint, Phase};
use crate::timed::State;

/// A joint that could be quicker by less than this sets the duration, s.
const CRITICAL: f64 = 1e-9;

/// A motion from one state to another.
#[derive(Debug, Clone)]
pub struct StateToState<const N: usize> {
    trajectory: Trajectory<N>,
    from: State<N>,
    to: State<N>,
}

impl<const N: usize> StateToState<N> {
    /// The quickest; with `bounded` position limits hold on the way, where that is possible.
    pub(crate) fn quickest(
        from: &State<N>,
        to: &State<N>,
        limits: &Limits<N>,
        bounded: bool,
    ) -> Result<Self, TimingError> {
        let input = input(from, to, limits, bounded);
        let mut trajectory = Trajectory::new(None);
        let mut ruckig = Ruckig::<N, ThrowErrorHandler>::new(None, 0.001);
        let result = ruckig.calculate(&input, &mut trajectory);
        let duration = trajectory.get_duration();
        match result {
            Ok(RuckigResult::Working | RuckigResult::Finished) if duration.is_finite() => {
                Ok(Self { trajectory, from: *from, to: *to })
            }
            Ok(other) => Err(TimingError::NotSolved { reason: format!("ruckig says {other:?}") }),
            Err(error) => Err(TimingError::NotSolved { reason: error.to_string() }),
        }
    }

    /// How long it takes, s.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.trajectory.get_duration()
    }

    /// The state at `t` s, exactly the given ones at both ends.
    #[must_use]
    pub fn at(&self, t: f64) -> State<N> {
        if t <= 0.0 {
            return self.from;
        }
        if t >= self.duration() {
            return self.to;
        }
        let mut state = self.from;
        self.trajectory.state_to_integrate_from(t, &mut 0, |joint, t, p, v, a, jerk| {
            let values = (
                state.position.get_mut(joint),
                state.velocity.get_mut(joint),
                state.acceleration.get_mut(joint),
            );
            if let (Some(position), Some(velocity), Some(acceleration)) = values {
                *position = p + t * (v + t * (a / 2.0 + t * jerk / 6.0));
                *velocity = v + t * (a + t * jerk / 2.0);
                *acceleration = a + t * jerk;
            }
        });
        state
    }

    /// Each joint's phases of constant jerk.
    pub(crate) fn joints(&self) -> [Joint; N] {
        let mut joints = self.from.position.map(Joint::still);
        let Some(profiles) = self.trajectory.get_profiles().first() else { return joints };
        let least = self.trajectory.get_independent_min_durations();
        let found = profiles.iter().zip(least.iter());
        for (joint, (profile, least)) in joints.iter_mut().zip(found) {
            let critical = self.duration() - least < CRITICAL;
            *joint = Joint { phases: phases(profile), critical };
        }
        joints
    }
}

/// The phases of one joint: two to come within limits, then seven.
fn phases(profile: &Profile) -> Vec<Phase> {
    let brake = &profile.brake;
    let braking = (0..2).filter(|_| brake.duration > 0.0).filter_map(|k| {
        let knot = (*brake.p.get(k)?, *brake.v.get(k)?, *brake.a.get(k)?);
        Some((*brake.t.get(k)?, knot, *brake.j.get(k)?))
    });
    let moving = profile.t.iter().zip(&profile.j).enumerate().filter_map(|(k, (t, j))| {
        let knot = (*profile.p.get(k)?, *profile.v.get(k)?, *profile.a.get(k)?);
        Some((*t, knot, *j))
    });
    let phases = braking.chain(moving).scan(0.0, |time, (length, knot, jerk)| {
        let start = *time;
        *time += length;
        Some(Phase { start, knot, jerk })
    });
    phases.collect()
}

fn input<const N: usize>(
    from: &State<N>,
    to: &State<N>,
    limits: &Limits<N>,
    bounded: bool,
) -> InputParameter<N> {
    let mut input = InputParameter::new(None);
    for (ours, theirs) in [
        (&from.position, &mut input.current_position),
        (&from.velocity, &mut input.current_velocity),
        (&from.acceleration, &mut input.current_acceleration),
        (&to.position, &mut input.target_position),
        (&to.velocity, &mut input.target_velocity),
        (&to.acceleration, &mut input.target_acceleration),
        (&limits.velocity, &mut input.max_velocity),
        (&limits.acceleration, &mut input.max_acceleration),
        (&limits.jerk, &mut input.max_jerk),
    ] {
        for (theirs, ours) in theirs.iter_mut().zip(ours) {
            *theirs = *ours;
        }
    }
    if bounded {
        let (mut lower, mut upper) = (input.max_velocity.clone(), input.max_velocity.clone());
        for (theirs, ours) in lower.iter_mut().zip(&limits.lower) {
            *theirs = *ours;
        }
        for (theirs, ours) in upper.iter_mut().zip(&limits.upper) {
            *theirs = *ours;
        }
        (input.min_position, input.max_position) = (Some(lower), Some(upper));
    }
    input
}
