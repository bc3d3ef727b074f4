//! The plan at hand and how far it has come.

use trajectory::Path;
use vocabulary::plan::MotionPlan;
use vocabulary::time::Monotonic;

/// What became of the plan at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not begun; begins as soon as it may.
    Waiting,
    /// Under way.
    Begun,
    /// Stopped, reached or refused: only a new revision goes on.
    Over,
}

/// A plan with what this controller knows of it.
#[derive(Debug, Clone)]
pub(crate) struct AtHand {
    pub(crate) plan: MotionPlan,
    pub(crate) progress: Progress,
    /// Since when it waits for arm or joints.
    pub(crate) blocked_since: Option<Monotonic>,
    /// The path, from the first time it was begun: a resumed plan follows the same one.
    pub(crate) path: Option<Path>,
    /// Path time from which it goes on, s.
    pub(crate) path_time: f64,
    /// The course follows this plan's path (and not a blend, or the path before).
    pub(crate) on_path: bool,
}

impl AtHand {
    /// A plan just received. When it is the one at hand, issued again, it goes on along the same
    /// path and where that was left, which this controller knows best.
    pub(crate) fn new(plan: MotionPlan, before: Option<Self>) -> Self {
        let same = before.filter(|b| b.plan.plan_id == plan.plan_id && b.path.is_some());
        let (path_time, on_path) =
            same.as_ref().map_or((plan.from_path_time, false), |b| (b.path_time, b.on_path));
        let path = same.and_then(|b| b.path);
        Self { plan, progress: Progress::Waiting, blocked_since: None, path, path_time, on_path }
    }

    /// Whether `plan` is news.
    pub(crate) fn is_older_than(&self, plan: &MotionPlan) -> bool {
        self.plan.plan_id != plan.plan_id || self.plan.revision < plan.revision
    }

    pub(crate) fn duration(&self) -> f64 {
        self.plan.waypoints.last().map_or(0.0, |w| w.time)
    }

    /// Whether the path begins elsewhere than where the arm is: at a waypoint, or in its middle.
    pub(crate) fn begins_on_path(&self) -> bool {
        self.path_time > 0.0 || self.plan.waypoints.first().is_some_and(|w| w.time <= 0.0)
    }
}
