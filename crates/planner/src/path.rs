//! A way through joint space in straight pieces.
#![allow(clippy::indexing_slicing)] // points are counted by the path itself

/// Corners of a way, start and goal included.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Path {
    joints: usize,
    points: Vec<f32>,
    /// Start and goal in the precision in which they were given.
    ends: [Vec<f64>; 2],
}

impl Path {
    pub(crate) fn new(joints: usize, start: &[f64], goal: &[f64]) -> Self {
        Self { joints, points: Vec::new(), ends: [start.to_vec(), goal.to_vec()] }
    }

    /// A way through these corners; none when there are fewer than two or they differ in size.
    #[must_use]
    pub fn from_corners(corners: &[Vec<f64>]) -> Option<Self> {
        let (first, last) = (corners.first()?, corners.last()?);
        let joints = first.len();
        if corners.len() < 2 || joints == 0 || corners.iter().any(|c| c.len() != joints) {
            return None;
        }
        let mut path = Self::new(joints, first, last);
        path.points.extend(corners.iter().flatten().map(|x| *x as f32));
        Some(path)
    }

    /// How many corners it has, start and goal included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len() / self.joints.max(1)
    }

    /// Whether it has no corners.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The corners [rad or m]; the first and the last exactly as they were asked for.
    #[must_use]
    pub fn corners(&self) -> Vec<Vec<f64>> {
        let points = self.points.chunks(self.joints.max(1));
        let mut corners: Vec<Vec<f64>> =
            points.map(|p| p.iter().map(|x| f64::from(*x)).collect()).collect();
        let [start, goal] = &self.ends;
        if let Some(first) = corners.first_mut() {
            first.clone_from(start);
        }
        if let Some(last) = corners.last_mut() {
            last.clone_from(goal);
        }
        corners
    }

    /// Its length in joint space, the root of the sum of squares [rad or m].
    #[must_use]
    pub fn cost(&self) -> f64 {
        (1..self.len()).map(|i| f64::from(distance(self.point(i - 1), self.point(i)))).sum()
    }

    /// The goal in full precision.
    pub(crate) fn lead_to(&mut self, goal: &[f64]) {
        let [_, last] = &mut self.ends;
        goal.clone_into(last);
    }

    pub(crate) fn point(&self, i: usize) -> &[f32] {
        &self.points[i * self.joints..(i + 1) * self.joints]
    }

    pub(crate) fn push(&mut self, point: &[f32]) {
        self.points.extend_from_slice(point);
    }

    /// Removes the corners from `first` up to, not including, `last`.
    pub(crate) fn remove(&mut self, first: usize, last: usize) {
        self.points.drain(first * self.joints..last * self.joints);
    }

    /// Puts a corner before corner `i`.
    pub(crate) fn insert(&mut self, i: usize, point: &[f32]) {
        let at = i * self.joints;
        self.points.splice(at..at, point.iter().copied());
    }

    pub(crate) fn set(&mut self, i: usize, point: &[f32]) {
        let joints = self.joints;
        self.points[i * joints..(i + 1) * joints].copy_from_slice(point);
    }

    pub(crate) fn joints(&self) -> usize {
        self.joints
    }
}

/// Length of the straight motion between two configurations.
#[inline]
pub(crate) fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f32>().sqrt()
}

/// What lies at `share` of the way from `a` to `b`.
#[inline]
pub(crate) fn between(a: &[f32], b: &[f32], share: f32, out: &mut [f32]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = a + (b - a) * share;
    }
}
