//! Whether a configuration or a straight motion between two is free, and if not, what touches what.
//!
//! The rule: what is called free is free for the spheres, at every place of the motion and not only
//! at sampled ones; and the spheres cover the arm.
//!
//! Objects are not checked against links that never move: no plan could part them.

mod near;

use fearless_simd::{Level, dispatch, prelude::*};

use crate::field::{Field, Primitive, single};
use crate::kernel::{Check, Kernel, Part, Parts, edge};
use crate::robot::Robot;
use crate::scene::Scene;
use crate::{CollisionError, MAX_JOINTS, Pose};

/// Positions beyond this lose too many digits in single precision [rad or m].
const FARTHEST: f32 = 100.0;

/// How many configurations are checked at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lanes {
    /// As many as the processor offers.
    #[default]
    Widest,
    /// Sixteen (AVX-512), or as many as the processor offers.
    Sixteen,
    /// Eight (AVX2 and FMA), or as many as the processor offers.
    Eight,
    /// Four (SSE, NEON).
    Four,
}

/// What a search cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Motions asked for.
    pub motions: u64,
    /// Vectors of configurations checked.
    pub blocks: u64,
    /// Configurations in them.
    pub configurations: u64,
}

/// Two things and how far they are apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearness {
    /// A link or something attached.
    pub first: String,
    /// A link, something attached, or an object.
    pub second: String,
    /// Distance between them, padding subtracted; negative by how deep they touch [m].
    pub distance: f64,
}

impl std::fmt::Display for Nearness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, second, millimetres) = (&self.first, &self.second, self.distance.abs() * 1e3);
        match self.distance < 0.0 {
            true => write!(f, "'{first}' is {millimetres:.1} mm deep in '{second}'"),
            false => write!(f, "'{first}' is {millimetres:.1} mm from '{second}'"),
        }
    }
}

/// An arm in a scene, ready to be asked often. A change of the scene needs a new one.
#[derive(Debug)]
pub struct Checker {
    kernel: Kernel,
    field: Field,
    level: Level,
    robot: Robot,
    parts: Vec<Part>,
    allowed: Vec<bool>,
    objects: Vec<String>,
    /// Object of every obstacle of the field.
    owners: Vec<u32>,
}

impl Checker {
    /// Prepares the tables: the time goes with the space that the arm reaches, about a millisecond.
    pub fn new(robot: &Robot, scene: &Scene) -> Result<Self, CollisionError> {
        let parts = Parts::new(robot, scene);
        let kernel = Kernel::new(robot, &parts, &[edge::COARSE, edge::FINE])?;
        let (mut primitives, mut owners, mut objects) = (Vec::new(), Vec::new(), Vec::new());
        for (name, object) in scene.objects() {
            let own = Primitive::of(&object.shape, &object.pose);
            owners.extend(own.iter().map(|_| objects.len() as u32));
            primitives.extend(own);
            objects.push(name.clone());
        }
        let reach = kernel.reach(robot);
        let n = parts.parts.len();
        Ok(Self {
            allowed: (0..n * n).map(|i| parts.may_touch(i / n, i % n)).collect(),
            parts: parts.parts,
            field: Field::new(primitives, reach),
            kernel,
            level: Level::new(),
            robot: robot.clone(),
            objects,
            owners,
        })
    }

    /// The same with another number of configurations per vector.
    #[must_use]
    pub fn with_lanes(mut self, lanes: Lanes) -> Self {
        self.level = level(lanes);
        self
    }

    /// How many configurations are checked at once.
    #[must_use]
    pub fn lanes(&self) -> usize {
        dispatch!(self.level, simd => width(simd))
    }

    /// The arm.
    #[must_use]
    pub fn robot(&self) -> &Robot {
        &self.robot
    }

    /// Whether nothing touches at these positions [rad or m]. Positions that are too many, too few or
    /// not finite are never free.
    #[must_use]
    pub fn is_free(&self, positions: &[f32]) -> bool {
        if !self.is_valid(positions) {
            return false;
        }
        let check = Check { kernel: &self.kernel, field: &self.field, margin: 0, lanes: 1 };
        dispatch!(self.level, simd => single_check(simd, check, positions)) == 0
    }

    /// Whether nothing touches on the straight way between two configurations, both included.
    #[must_use]
    pub fn is_motion_free(&self, from: &[f32], to: &[f32], tally: &mut Tally) -> bool {
        tally.motions += 1;
        if !self.is_valid(from) || !self.is_valid(to) {
            return false;
        }
        let world = (&self.kernel, &self.field);
        dispatch!(self.level, simd => edge::is_free(simd, world, from, to, tally))
    }

    /// The two things that touch deepest, if any does.
    #[must_use]
    pub fn contact(&self, positions: &[f64]) -> Option<Nearness> {
        self.nearest(positions).filter(|n| n.distance < 0.0)
    }

    /// The two things that are nearest to each other, or touch deepest; none when there is only one
    /// thing. Looks at every sphere and object, for reports and not for searches.
    #[must_use]
    pub fn nearest(&self, positions: &[f64]) -> Option<Nearness> {
        let placed = self.placed(positions);
        let mut nearest: Option<Nearness> = None;
        let mut offer = |distance: f64, first: &str, second: &str| {
            if nearest.as_ref().is_none_or(|n| distance < n.distance) {
                nearest = Some(Nearness { first: first.into(), second: second.into(), distance });
            }
        };
        for (i, (part, spheres)) in self.parts.iter().zip(&placed).enumerate() {
            for sphere in spheres.iter().filter(|_| part.body > 0) {
                let found = self.nearest_object(sphere, part.padding);
                if let Some((distance, object)) = found {
                    offer(distance, &part.name, object);
                }
            }
            for (j, (other, others)) in self.parts.iter().zip(&placed).enumerate().skip(i + 1) {
                if !self.may_touch(i, j) {
                    offer(gap(spheres, others), &part.name, &other.name);
                }
            }
        }
        nearest
    }

    /// The spheres of every part at these positions.
    fn placed(&self, positions: &[f64]) -> Vec<Vec<crate::Sphere>> {
        let frames = self.frames(positions);
        let place = |part: &Part| {
            let frame = frames.get(part.body).copied().unwrap_or_else(Pose::identity);
            part.spheres.iter().map(|sphere| sphere.at(&frame)).collect()
        };
        self.parts.iter().map(place).collect()
    }

    fn may_touch(&self, a: usize, b: usize) -> bool {
        self.allowed.get(a * self.parts.len() + b).copied().unwrap_or(true)
    }

    /// The frames of the kernel, the ground first.
    fn frames(&self, positions: &[f64]) -> Vec<Pose> {
        let bodies = self.robot.body_poses(positions);
        let frames = self.robot.frames();
        let moving = bodies.iter().skip(1).zip(&frames.from_body).map(|(b, f)| b * f.inverse());
        std::iter::once(Pose::identity()).chain(moving).collect()
    }

    fn nearest_object(&self, sphere: &crate::Sphere, padding: f64) -> Option<(f64, &str)> {
        let center = single(&sphere.middle());
        let distances = self.field.primitives.iter().map(|o| o.distance(center)).enumerate();
        let (index, distance) = distances.min_by(|a, b| a.1.total_cmp(&b.1))?;
        let owner = *self.owners.get(index)? as usize;
        let distance = f64::from(distance) - sphere.radius - padding;
        Some((distance, self.objects.get(owner)?))
    }

    fn is_valid(&self, positions: &[f32]) -> bool {
        positions.len() == self.robot.joints().len()
            && positions.iter().all(|x| x.abs() <= FARTHEST)
    }
}

fn gap(spheres: &[crate::Sphere], others: &[crate::Sphere]) -> f64 {
    let one = |s: &crate::Sphere| {
        let gaps = others.iter().map(|t| (s.middle() - t.middle()).norm() - s.radius - t.radius);
        gaps.fold(f64::INFINITY, f64::min)
    };
    spheres.iter().map(one).fold(f64::INFINITY, f64::min)
}

#[inline(always)]
fn width<S: Simd>(_: S) -> usize {
    S::f32s::LEN
}

#[inline(always)]
fn single_check<S: Simd>(simd: S, check: Check, positions: &[f32]) -> u64 {
    let mut all = [S::f32s::splat(simd, 0.0); MAX_JOINTS];
    for (at, position) in all.iter_mut().zip(positions) {
        *at = S::f32s::splat(simd, *position);
    }
    crate::kernel::collides(simd, check, &all)
}

fn level(lanes: Lanes) -> Level {
    let widest = Level::new();
    #[cfg(target_arch = "x86_64")]
    {
        let narrower = match lanes {
            Lanes::Widest | Lanes::Sixteen => None,
            Lanes::Eight => widest.as_avx2().map(Level::Avx2),
            Lanes::Four => widest.as_sse4_2().map(Level::Sse4_2),
        };
        narrower.unwrap_or(widest)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = lanes;
        widest
    }
}
