//! From a robot and what is attached to it to the flat tables of the kernel.

use std::collections::BTreeMap;
use std::ops::Range;

use super::MAX_GROUPS;
use crate::CollisionError;
use crate::cover::{Sphere, bounding};
use crate::field::{ROUNDING, Reach, V3, single};
use crate::robot::{JointKind, Robot, slide, sweep};
use crate::scene::Scene;
use crate::shape::Pose;

/// Balls are wider by this than they were given: single precision [m].
const SLACK: f64 = 2.0 * ROUNDING as f64;
/// Turns nearer than this to a quarter are a quarter [rad].
const QUARTER: f64 = 1e-7;

/// A turn about the x axis of the frame before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Turn {
    None,
    Quarter,
    Half,
    Back,
    Other { sin: f32, cos: f32 },
}

/// One step of the chain; see [`crate::robot::Frames`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Joint {
    pub turn: Turn,
    pub a: f32,
    /// Added to the position: the turn or shift at position 0.
    pub zero: f32,
    pub d: f32,
    /// Sine and cosine of the constant turn of a sliding joint.
    pub theta: (f32, f32),
    pub slides: bool,
}

/// Balls of one body with the same partners.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// 0: the ground.
    pub body: usize,
    /// Centre of the ball around all, in the body's frame.
    pub ball: V3,
    /// The axis of a capsule around all: links are long, and a ball around one holds much else.
    pub axis: Axis,
    /// Its balls in the tables.
    pub balls: Range<usize>,
    /// Groups before it that it must not touch.
    pub partners: Vec<Partner>,
}

/// A segment: where it begins, the way to its end, and one by the square of its length (0 for a
/// point).
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub from: V3,
    pub way: V3,
    pub inverse_square: f32,
}

/// A group that another one must not touch, and what of both could.
#[derive(Debug, Clone)]
pub(super) struct Partner {
    pub group: usize,
    pub rows: Vec<Row>,
}

/// A ball of the one group and the balls of its partner that it could touch.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub ball: usize,
    pub others: Vec<usize>,
}

/// Radii for one margin, per ball and per group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Margins {
    pub outside: Vec<f32>,
    pub itself: Vec<f32>,
    pub group_outside: Vec<f32>,
    pub group_itself: Vec<f32>,
    pub capsules: Vec<f32>,
}

/// Everything of the arm that a check needs.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    pub(super) base: [V3; 4],
    pub(super) joints: Vec<Joint>,
    pub(super) groups: Vec<Group>,
    /// How many groups stand on the ground; they come first.
    pub(super) grounded: usize,
    pub(super) balls: Vec<V3>,
    pub(super) margins: Vec<Margins>,
    /// By how much a joint moves the ball that it moves most [m/rad, or 1 for sliding].
    pub(crate) sweep: Vec<f64>,
    /// Whether a joint turns.
    pub(crate) turns: Vec<bool>,
}

/// How far apart checked configurations are, at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stride {
    /// Any ball moves less between two [m].
    pub way: f64,
    /// All joints together turn less [rad].
    pub turn: f64,
}

/// A part that can collide: a link, or an attached object.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub name: String,
    pub body: usize,
    /// In the frame of the kernel.
    pub spheres: Vec<Sphere>,
    /// Added to the radii where obstacles are concerned [m].
    pub padding: f64,
}

/// The parts of a robot and its load, and which of them may touch.
pub(crate) struct Parts {
    pub parts: Vec<Part>,
    allowed: Vec<bool>,
}

impl Parts {
    pub fn new(robot: &Robot, scene: &Scene) -> Self {
        let place = |body: usize, pose: &Pose| match body.checked_sub(1) {
            None => *pose,
            Some(i) => robot.frames().from_body.get(i).map_or(*pose, |f| f * pose),
        };
        let mut parts = Vec::new();
        for link in robot.links() {
            let pose = place(link.body, &link.pose);
            parts.push(Part {
                name: link.name.clone(),
                body: link.body,
                spheres: link.spheres.iter().map(|s| s.at(&pose)).collect(),
                padding: scene.padding(&link.name),
            });
        }
        for (name, load) in scene.attached() {
            let pose = place(load.body, &load.pose);
            parts.push(Part {
                name: name.clone(),
                body: load.body,
                spheres: load.spheres.iter().map(|s| s.at(&pose)).collect(),
                padding: scene.padding(name),
            });
        }
        let mut all = Self { allowed: vec![false; parts.len() * parts.len()], parts };
        all.fill(robot, scene);
        all
    }

    fn fill(&mut self, robot: &Robot, scene: &Scene) {
        let links = robot.links().len();
        let n = self.parts.len();
        for a in 0..n {
            for b in 0..n {
                let (Some(first), Some(second)) = (self.parts.get(a), self.parts.get(b)) else {
                    continue;
                };
                let touch = match (a < links, b < links) {
                    (true, true) => robot.is_allowed(a, b),
                    (true, false) => scene.may_touch(&second.name, &first.name),
                    (false, true) => scene.may_touch(&first.name, &second.name),
                    (false, false) => false,
                };
                let same = first.body == second.body;
                if let Some(allowed) = self.allowed.get_mut(a * n + b) {
                    *allowed = touch || same;
                }
            }
        }
    }

    pub fn may_touch(&self, a: usize, b: usize) -> bool {
        self.allowed.get(a * self.parts.len() + b).copied().unwrap_or(true)
    }

    /// The balls of a group and those of one nearer to the base that they could touch. Groups are given
    /// by their parts and their first ball.
    fn rows(
        &self,
        robot: &Robot,
        (far, far_first): (&[usize], usize),
        (near, near_first): (&[usize], usize),
    ) -> Vec<Row> {
        let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (a, first) in self.starts(far, far_first) {
            for (b, second) in self.starts(near, near_first) {
                if !self.may_touch(a, b) {
                    for (i, j) in self.pairs(robot, b, a) {
                        rows.entry(first + j).or_default().push(second + i);
                    }
                }
            }
        }
        rows.into_iter().map(|(ball, others)| Row { ball, others }).collect()
    }

    /// The parts of a group, each with its first ball.
    fn starts(&self, members: &[usize], first: usize) -> Vec<(usize, usize)> {
        let mut at = first;
        let mut starts = Vec::new();
        for part in members {
            starts.push((*part, at));
            at += self.parts.get(*part).map_or(0, |p| p.spheres.len());
        }
        starts
    }

    /// Pairs of spheres that could touch: proven for links, all of them for what is attached.
    fn pairs(&self, robot: &Robot, near: usize, far: usize) -> Vec<(usize, usize)> {
        let links = robot.links().len();
        if near < links && far < links {
            return robot.possible(near, far).to_vec();
        }
        let count = |i: usize| self.parts.get(i).map_or(0, |p| p.spheres.len());
        (0..count(near)).flat_map(|i| (0..count(far)).map(move |j| (i, j))).collect()
    }

    /// Parts of one body with the same partners, the ground's first.
    fn grouped(&self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<(usize, Vec<bool>), Vec<usize>> = BTreeMap::new();
        for (i, part) in self.parts.iter().enumerate().filter(|(_, p)| !p.spheres.is_empty()) {
            let row = (0..self.parts.len()).map(|j| self.may_touch(i, j)).collect();
            groups.entry((part.body, row)).or_default().push(i);
        }
        groups.into_values().collect()
    }
}

impl Kernel {
    /// The tables, one set of radii without margin and one per stride.
    pub fn new(robot: &Robot, parts: &Parts, strides: &[Stride]) -> Result<Self, CollisionError> {
        let frames = robot.frames();
        let [x, y, z] = [0, 1, 2].map(|k| {
            let turn = frames.base.rotation.to_rotation_matrix();
            single(&turn.matrix().column(k).into_owned())
        });
        let base = [x, y, z, single(&frames.base.translation.vector)];
        let grouped = parts.grouped();
        if grouped.len() > MAX_GROUPS {
            return Err(CollisionError::TooManyGroups { found: grouped.len(), most: MAX_GROUPS });
        }
        let mut kernel = Self {
            base,
            joints: frames.steps.iter().map(joint).collect(),
            groups: Vec::new(),
            grounded: 0,
            balls: Vec::new(),
            margins: Vec::new(),
            sweep: Vec::new(),
            turns: robot.joints().iter().map(|j| j.kind != JointKind::Prismatic).collect(),
        };
        let spheres = kernel.fill(robot, parts, &grouped);
        let sweeps = kernel.sweeps(robot, &spheres);
        kernel.sweep = (0..kernel.joints.len())
            .map(|j| sweeps.iter().filter_map(|s| s.get(j)).copied().fold(0.0, f64::max))
            .collect();
        kernel.margins.push(kernel.radii(&spheres, |_| (0.0, 0.0)));
        for stride in strides {
            let share = |ball: usize| {
                let own = sweeps.get(ball).map_or(&[][..], |s| s);
                let shares = own.iter().zip(&kernel.sweep).map(|(own, most)| own / most.max(1e-12));
                let way = stride.way * shares.fold(0.0, f64::max);
                (way, stride.turn)
            };
            let margins = kernel.radii(&spheres, share);
            kernel.margins.push(margins);
        }
        Ok(kernel)
    }

    /// Fills groups and balls; the spheres in the order of the tables, with their padding.
    fn fill(
        &mut self,
        robot: &Robot,
        parts: &Parts,
        grouped: &[Vec<usize>],
    ) -> Vec<(Sphere, f64, usize)> {
        let mut spheres: Vec<(Sphere, f64, usize)> = Vec::new();
        for members in grouped {
            let first = spheres.len();
            let body = members.first().and_then(|m| parts.parts.get(*m)).map_or(0, |p| p.body);
            for part in members.iter().filter_map(|m| parts.parts.get(*m)) {
                spheres.extend(part.spheres.iter().map(|s| (*s, part.padding, body)));
            }
            let own: Vec<Sphere> = spheres.iter().skip(first).map(|(s, ..)| *s).collect();
            let partners = grouped.iter().take(self.groups.len()).enumerate();
            let partners = partners.map(|(group, other)| Partner {
                group,
                rows: parts.rows(robot, (members, first), (other, self.first_ball(group))),
            });
            let partners = partners.filter(|p| !p.rows.is_empty()).collect();
            let (ball, axis) = (single(&bounding(&own).middle()), Axis::of(&own));
            self.groups.push(Group { body, ball, axis, balls: first..spheres.len(), partners });
        }
        self.grounded = self.groups.iter().filter(|g| g.body == 0).count();
        self.balls = spheres.iter().map(|(s, ..)| single(&s.middle())).collect();
        spheres
    }

    fn first_ball(&self, group: usize) -> usize {
        self.groups.get(group).map_or(0, |g| g.balls.start)
    }

    /// Per ball and joint: how far the joint moves the ball per unit at most.
    fn sweeps(&self, robot: &Robot, spheres: &[(Sphere, f64, usize)]) -> Vec<Vec<f64>> {
        let steps = &robot.frames().steps;
        let one = |(sphere, _, body): &(Sphere, f64, usize)| {
            let center = sphere.middle();
            (0..*body).map(|j| sweep(steps, robot.joints(), &center, (j, *body))).collect()
        };
        spheres.iter().map(one).collect()
    }

    /// Radii when ball `i` moves by `motion(i)` (way, turn) between two checks.
    fn radii(
        &self,
        spheres: &[(Sphere, f64, usize)],
        motion: impl Fn(usize) -> (f64, f64),
    ) -> Margins {
        let mut margins = Margins::default();
        for (i, (sphere, padding, body)) in spheres.iter().enumerate() {
            let (way, turn) = if *body == 0 { (0.0, 0.0) } else { motion(i) };
            let stride = Stride { way, turn };
            let widened = |radius: f64| stride.widened(radius) as f32;
            margins.outside.push(widened(sphere.radius + padding));
            margins.itself.push(widened(sphere.radius));
        }
        for group in &self.groups {
            let point = Axis::point(group.ball);
            let around = |axis: &Axis, radii: &[f32]| {
                let balls = spheres.iter().zip(radii).skip(group.balls.start);
                let reach = balls
                    .take(group.balls.len())
                    .map(|((s, ..), r)| axis.distance(&s.middle()) + f64::from(*r) + SLACK);
                reach.fold(0.0, f64::max) as f32
            };
            margins.group_outside.push(around(&point, &margins.outside));
            margins.group_itself.push(around(&point, &margins.itself));
            margins.capsules.push(around(&group.axis, &margins.itself));
        }
        margins
    }

    /// The box that no ball's centre leaves, and the widest balls.
    pub fn reach(&self, robot: &Robot) -> Reach {
        let steps = &robot.frames().steps;
        let slide: f64 = robot.joints().iter().map(slide).sum();
        let arm: f64 = steps.iter().skip(1).map(|s| s.a.hypot(s.d)).sum::<f64>() + slide;
        let far = |c: &V3| c.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let moving = self.groups.iter().skip(self.grounded);
        let centers = moving.flat_map(|g| {
            self.balls.iter().skip(g.balls.start).take(g.balls.len()).chain([&g.ball])
        });
        let local = centers.map(far).fold(0.0, f64::max);
        let reach = (arm + local + 1e-3) as f32;
        let [.., base] = self.base;
        let widest = |pick: fn(&Margins) -> &Vec<f32>, skip: usize| {
            let all = self.margins.iter().flat_map(|m| pick(m).iter().skip(skip));
            all.copied().fold(0.0, f32::max)
        };
        let first = self.groups.get(self.grounded).map_or(0, |g| g.balls.start);
        Reach {
            low: base.map(|x| x - reach),
            high: base.map(|x| x + reach),
            widest: widest(|m| &m.group_outside, self.grounded) + ROUNDING,
            exact: widest(|m| &m.outside, first) + ROUNDING,
        }
    }
}

impl Stride {
    /// Radius of balls that, at both ends of a stride, cover a ball of radius `radius` all along it:
    /// half of the chord lies off each end, and the arc stands off the chord by at most an eighth of
    /// way times turn.
    pub(crate) fn widened(&self, radius: f64) -> f64 {
        (radius + SLACK + self.way * self.turn / 8.0).hypot(self.way / 2.0)
    }
}

impl Axis {
    fn point(at: V3) -> Self {
        Self { from: at, way: [0.0; 3], inverse_square: 0.0 }
    }

    /// The axis between the two balls that are farthest apart.
    fn of(spheres: &[Sphere]) -> Self {
        let pairs = spheres.iter().flat_map(|a| spheres.iter().map(move |b| (a, b)));
        let apart = |(a, b): &(&Sphere, &Sphere)| (a.middle() - b.middle()).norm();
        let farthest = pairs.max_by(|p, q| apart(p).total_cmp(&apart(q)));
        let Some((a, b)) = farthest else { return Self::point([0.0; 3]) };
        let way = b.middle() - a.middle();
        let square = way.norm_squared();
        let inverse_square = if square > 0.0 { (1.0 / square) as f32 } else { 0.0 };
        Self { from: single(&a.middle()), way: single(&way), inverse_square }
    }

    fn distance(&self, p: &nalgebra::Vector3<f64>) -> f64 {
        let from = nalgebra::Vector3::from(self.from.map(f64::from));
        let way = nalgebra::Vector3::from(self.way.map(f64::from));
        let share = ((p - from).dot(&way) * f64::from(self.inverse_square)).clamp(0.0, 1.0);
        (p - from - way * share).norm()
    }
}

fn joint(step: &crate::robot::Step) -> Joint {
    let near = |angle: f64| (step.alpha - angle).abs() < QUARTER;
    let pi = std::f64::consts::PI;
    let turn = if near(0.0) {
        Turn::None
    } else if near(pi / 2.0) {
        Turn::Quarter
    } else if near(-pi / 2.0) {
        Turn::Back
    } else if near(pi) || near(-pi) {
        Turn::Half
    } else {
        Turn::Other { sin: step.alpha.sin() as f32, cos: step.alpha.cos() as f32 }
    };
    let tidy = |x: f64| if x.abs() < 1e-9 { 0.0 } else { x as f32 };
    Joint {
        turn,
        a: tidy(step.a),
        zero: tidy(if step.slides { step.d } else { step.theta }),
        d: tidy(if step.slides { 0.0 } else { step.d }),
        theta: (step.theta.sin() as f32, step.theta.cos() as f32),
        slides: step.slides,
    }
}
