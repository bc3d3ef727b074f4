//! Tolerances of a goal: its own where it names them, the configured ones elsewhere.

use crate::config::Constraints;
use crate::rejection::Rejection;
use crate::request::{GoalRequest, RequestTolerance};
use vocabulary::joint::{JointOrder, PerJoint};
use vocabulary::plan::Tolerance;

/// What a goal allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tolerances {
    pub(crate) path: PerJoint<Tolerance>,
    pub(crate) goal: PerJoint<Tolerance>,
    /// Time for settling, s.
    pub(crate) goal_time: f64,
}

impl Tolerances {
    /// The configured ones.
    pub(crate) fn configured(constraints: &Constraints, order: &JointOrder) -> Self {
        let of = |joint: &String| constraints.joints.get(joint).copied().unwrap_or_default();
        let path = order.names().each_ref().map(|joint| Tolerance {
            position: or_unlimited(of(joint).trajectory),
            velocity: f64::INFINITY,
        });
        let goal = order.names().each_ref().map(|joint| Tolerance {
            position: or_unlimited(of(joint).goal),
            velocity: or_unlimited(constraints.stopped_velocity_tolerance),
        });
        Self { path, goal, goal_time: constraints.finite_goal_time() }
    }

    /// The configured ones, overridden by what the goal names.
    pub(crate) fn of_goal(
        goal: &GoalRequest,
        constraints: &Constraints,
        order: &JointOrder,
    ) -> Result<Self, Rejection> {
        let mut tolerances = Self::configured(constraints, order);
        override_with(&mut tolerances.path, &goal.path_tolerance, "path", order)?;
        override_with(&mut tolerances.goal, &goal.goal_tolerance, "goal", order)?;
        let value = goal.goal_time_tolerance;
        if !(value.is_finite() && value >= 0.0) {
            return Err(Rejection::GoalTime { value });
        }
        if value > 0.0 {
            tolerances.goal_time = value;
        }
        Ok(tolerances)
    }
}

fn or_unlimited(value: f64) -> f64 {
    if value == 0.0 { f64::INFINITY } else { value }
}

fn override_with(
    tolerances: &mut PerJoint<Tolerance>,
    named: &[RequestTolerance],
    kind: &'static str,
    order: &JointOrder,
) -> Result<(), Rejection> {
    for RequestTolerance { name, position, velocity } in named {
        let Some(slot) = order.index_of(name).and_then(|index| tolerances.get_mut(index)) else {
            let known = order.names().join(", ");
            return Err(Rejection::UnknownJoint { joint: name.clone(), known });
        };
        slot.position = chosen(*position, slot.position, kind, name)?;
        slot.velocity = chosen(*velocity, slot.velocity, kind, name)?;
    }
    Ok(())
}

fn chosen(value: f64, default: f64, kind: &'static str, joint: &str) -> Result<f64, Rejection> {
    if value == 0.0 {
        Ok(default)
    } else if value < 0.0 {
        Ok(f64::INFINITY)
    } else if value > 0.0 {
        Ok(value)
    } else {
        Err(Rejection::Tolerance { kind, joint: joint.to_owned(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::JointConstraint;

    fn order() -> JointOrder {
        JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap()
    }

    fn constraints() -> Constraints {
        let joint = JointConstraint { trajectory: 0.2, goal: 0.1, ..JointConstraint::default() };
        let joints = [("joint_1".to_owned(), joint), ("joint_2".to_owned(), joint)].into();
        Constraints { joints, ..Constraints::default() }
    }

    fn tolerance(name: &str, position: f64, velocity: f64) -> RequestTolerance {
        RequestTolerance { name: name.to_owned(), position, velocity }
    }

    #[test]
    fn a_goal_overrides_the_defaults_of_the_joints_it_names() {
        let goal = GoalRequest {
            path_tolerance: vec![tolerance("joint_2", 0.3, 0.0), tolerance("joint_1", -1.0, 0.5)],
            goal_tolerance: vec![tolerance("joint_2", 0.0, -1.0)],
            goal_time_tolerance: 5.0,
            ..GoalRequest::default()
        };
        let all = Tolerances::of_goal(&goal, &constraints(), &order()).unwrap();
        assert_eq!(all.path[0], Tolerance { position: f64::INFINITY, velocity: 0.5 });
        assert_eq!(all.path[1], Tolerance { position: 0.3, velocity: f64::INFINITY });
        assert_eq!(all.goal[1], Tolerance { position: 0.1, velocity: f64::INFINITY });
        assert_eq!(all.goal[2], Tolerance { position: f64::INFINITY, velocity: 0.01 });
        assert_eq!(all.goal_time, 5.0);
    }

    #[test]
    fn any_negative_tolerance_means_unlimited() {
        for value in [-1.0, -0.5, -2.0] {
            let goal = GoalRequest {
                path_tolerance: vec![tolerance("joint_2", value, 0.0)],
                ..GoalRequest::default()
            };
            let all = Tolerances::of_goal(&goal, &constraints(), &order()).unwrap();
            assert_eq!(all.path[1].position, f64::INFINITY);
        }
    }

    #[test]
    fn a_tolerance_that_is_no_number_or_of_an_unknown_joint_is_refused() {
        let judge = |name, value| {
            let path_tolerance = vec![tolerance(name, value, 0.0)];
            let goal = GoalRequest { path_tolerance, ..GoalRequest::default() };
            Tolerances::of_goal(&goal, &constraints(), &order()).map_err(|error| error.code())
        };
        assert_eq!(judge("joint_2", f64::NAN), Err(-1));
        assert_eq!(judge("joint_7", 0.1), Err(-2));
        let goal = GoalRequest { goal_time_tolerance: -1.0, ..GoalRequest::default() };
        assert!(Tolerances::of_goal(&goal, &constraints(), &order()).is_err());
    }
}
