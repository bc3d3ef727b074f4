//! A planned motion as a picture: the way of the tip among the objects from above and from the side,
//! and the speed and torque of every joint over time, each as a share of its limit.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use arm_model::ik::Ik;
use arm_model::{ArmModel, JointVector, Load};
use collision::{Checker, Pose, Scene, Shape};
use planner::{Motion, MotionPlanner, Request, Target};
use plotters::coord::Shift;
use plotters::prelude::*;
use time_parameterization::{Dynamics, Limits, Timing};

use crate::problem::{Problem, ProblemSet};
use crate::{Arm, URDF, problem_folder};

/// As in config/description/joint_limits.yaml.
const ACCELERATION: [f64; 6] = [6.0, 5.0, 8.0, 15.0, 15.0, 20.0];
/// The jerk reaches an acceleration within this time, s.
const BUILD_UP: f64 = 0.1;
/// Points of a line.
const POINTS: usize = 600;
const SIZE: (u32, u32) = (1100, 1000);
const OBJECT: RGBColor = RGBColor(120, 128, 140);
const WAY: RGBColor = RGBColor(221, 108, 32);
const JOINTS: [RGBColor; 6] = [
    RGBColor(46, 111, 142),
    RGBColor(201, 92, 67),
    RGBColor(92, 143, 77),
    RGBColor(138, 92, 160),
    RGBColor(190, 150, 40),
    RGBColor(90, 90, 90),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Line = Vec<(f64, f64)>;

/// Plans a shipped problem of the reference arm and draws the motion.
pub fn draw(name: Option<&str>, output: &Path) -> Result<()> {
    let set = ProblemSet::read(&problem_folder().join("armature.json"))?;
    let found = match name {
        Some(name) => set.problems.iter().find(|problem| problem.name == name),
        None => set.problems.first(),
    };
    let known = || set.problems.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
    let problem =
        found.with_context(|| format!("no problem of that name, there are {}", known()))?;
    let arm = ArmModel::<6>::from_urdf(URDF, "base_link", "tool0")?;
    let scene = problem.scene()?;
    let jerk = ACCELERATION.map(|acceleration| acceleration / BUILD_UP);
    let limits = Limits::of_arm(&arm, &ACCELERATION, &jerk)?;
    let dynamics = Dynamics { arm: &arm, load: Load::EMPTY };
    let motion = plan(problem, &arm, &scene, &Timing::new(limits, Some(dynamics)))?;
    let picture = Picture { arm: &arm, scene: &scene, motion: &motion, dynamics };
    let duration = motion.timed.duration();
    let area = SVGBackend::new(output, SIZE).into_drawing_area();
    area.fill(&WHITE).map_err(failed)?;
    let title = format!("{}: {duration:.2} s, {:.2} rad", problem.name, motion.costs[1]);
    let area = area.titled(&title, ("sans-serif", 24)).map_err(failed)?;
    let (upper, lower) = area.split_vertically(520);
    let (above, side) = upper.split_horizontally(SIZE.0 / 2);
    picture.scene(&above, "from above", ["x, m", "y, m"], |[x, y, _]| (x, y))?;
    picture.scene(&side, "from the side", ["x, m", "z, m"], |[x, _, z]| (x, z))?;
    let (speed, torque) = lower.split_horizontally(SIZE.0 / 2);
    picture.shares(&speed, "speed, share of the limit", &picture.speeds())?;
    picture.shares(&torque, "torque, share of the limit", &picture.torques())?;
    area.present().map_err(failed)?;
    println!("{title}\n{}", output.display());
    Ok(())
}

fn plan(
    problem: &Problem,
    arm: &ArmModel<6>,
    scene: &Scene,
    timing: &Timing<6>,
) -> Result<Motion<6>> {
    let robot = Arm::reference().read(Some(6))?;
    let checker = Checker::new(&robot, scene)?;
    let ik = Ik::new(arm);
    let six = |q: &Vec<f64>| <[f64; 6]>::try_from(q.as_slice()).context("not six joints");
    let goals: Vec<[f64; 6]> = problem.goals.iter().map(six).collect::<Result<_>>()?;
    let mut planner = MotionPlanner::new(&ik, &checker, timing)?;
    let start = six(&problem.start)?;
    Ok(planner.motion(&start, &Target::Joints(&goals), &Request::default(), &mut || false)?)
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{error}")
}

struct Picture<'a> {
    arm: &'a ArmModel<6>,
    scene: &'a Scene,
    motion: &'a Motion<6>,
    dynamics: Dynamics<'a, 6>,
}

impl Picture<'_> {
    fn times(&self) -> impl Iterator<Item = f64> {
        let duration = self.motion.timed.duration();
        (0..=POINTS).map(move |k| duration * k as f64 / POINTS as f64)
    }

    /// The way of the tip, m.
    fn way(&self) -> Vec<[f64; 3]> {
        let at = |t| JointVector::from(self.motion.timed.sample(t).position);
        self.times()
            .map(|t| self.arm.forward_kinematics(&at(t)).translation.vector.into())
            .collect()
    }

    fn speeds(&self) -> Vec<Line> {
        self.lines(|t| self.motion.timed.sample(t).velocity, |j| self.limit(j, |l| l.velocity))
    }

    fn torques(&self) -> Vec<Line> {
        let torque = |t| self.dynamics.torque(&self.motion.timed.sample(t));
        self.lines(torque, |j| self.limit(j, |l| l.effort))
    }

    fn limit(&self, joint: usize, of: fn(&arm_model::JointLimits) -> f64) -> f64 {
        self.arm.limits().get(joint).map_or(f64::NAN, of)
    }

    /// One line per joint: its value as a share of its limit.
    fn lines(&self, of: impl Fn(f64) -> [f64; 6], limit: impl Fn(usize) -> f64) -> Vec<Line> {
        let all: Vec<(f64, [f64; 6])> = self.times().map(|t| (t, of(t))).collect();
        let line = |j: usize| {
            all.iter()
                .map(|(t, values)| (*t, values.get(j).map_or(0.0, |v| v / limit(j))))
                .collect()
        };
        (0..6).map(line).collect()
    }

    fn shares(&self, area: &Area, caption: &str, lines: &[Line]) -> Result<()> {
        let mut chart = ChartBuilder::on(area)
            .caption(caption, ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(50)
            .build_cartesian_2d(0.0..self.motion.timed.duration(), -1.05..1.05)
            .map_err(failed)?;
        chart.configure_mesh().x_desc("s").draw().map_err(failed)?;
        for ((line, color), name) in lines.iter().zip(JOINTS).zip(self.arm.joint_names()) {
            let series = LineSeries::new(line.iter().copied(), color.stroke_width(2));
            let drawn = chart.draw_series(series).map_err(failed)?;
            drawn.label(name.clone()).legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2))
            });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.8))
            .draw()
            .map_err(failed)
    }

    fn scene(
        &self,
        area: &Area,
        caption: &str,
        [x, y]: [&str; 2],
        view: impl Fn([f64; 3]) -> (f64, f64),
    ) -> Result<()> {
        let outlines: Vec<Line> = self
            .scene
            .objects()
            .values()
            .flat_map(|object| outline(&object.shape, &object.pose))
            .map(|line| line.into_iter().map(&view).collect())
            .collect();
        let way: Line = self.way().into_iter().map(&view).collect();
        // One scale for both axes: the motion's surroundings, 1.2 m to each side of the base.
        let low = if y.starts_with('z') { -0.7 } else { -1.2 };
        let mut chart = ChartBuilder::on(area)
            .caption(caption, ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(50)
            .build_cartesian_2d(-1.2..1.2, low..low + 2.4)
            .map_err(failed)?;
        chart.configure_mesh().x_desc(x).y_desc(y).draw().map_err(failed)?;
        for line in outlines {
            chart.draw_series(LineSeries::new(line, OBJECT.stroke_width(1))).map_err(failed)?;
        }
        let ends: Line = way.first().into_iter().chain(way.last()).copied().collect();
        chart.draw_series(LineSeries::new(way, WAY.stroke_width(3))).map_err(failed)?;
        let dots = ends.into_iter().map(|at| Circle::new(at, 5, WAY.filled()));
        chart.draw_series(dots).map_err(failed)?;
        Ok(())
    }
}

/// Lines that show a shape, in the frame of the scene, m.
fn outline(shape: &Shape, place: &Pose) -> Vec<Vec<[f64; 3]>> {
    let at = |p: [f64; 3]| -> [f64; 3] { (place * nalgebra::Point3::from(p)).coords.into() };
    let circle = |axes: [usize; 2], radius: f64, shift: f64| -> Vec<[f64; 3]> {
        let point = |k: u32| {
            let (sin, cos) = (f64::from(k) * std::f64::consts::TAU / 32.0).sin_cos();
            let mut p = [0.0, 0.0, shift];
            let values = [cos * radius, sin * radius];
            for (axis, value) in axes.into_iter().zip(values) {
                if let Some(slot) = p.get_mut(axis) {
                    *slot = value;
                }
            }
            at(p)
        };
        (0..=32).map(point).collect()
    };
    match shape {
        Shape::Sphere { radius } => [[0, 1], [0, 2]].map(|axes| circle(axes, *radius, 0.0)).into(),
        Shape::Cylinder { radius, length } | Shape::Capsule { radius, length } => {
            let half = length / 2.0;
            let side = |x: f64, y: f64| vec![at([x, y, -half]), at([x, y, half])];
            let r = *radius;
            let mut lines = vec![circle([0, 1], r, -half), circle([0, 1], r, half)];
            lines.extend([side(r, 0.0), side(-r, 0.0), side(0.0, r), side(0.0, -r)]);
            lines
        }
        Shape::Cuboid { half_extents: h } => {
            let level = |z: f64| -> Vec<[f64; 3]> {
                let corners = [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0), (1.0, 1.0)];
                corners.map(|(x, y)| at([x * h.x, y * h.y, z * h.z])).into()
            };
            let (bottom, top) = (level(-1.0), level(1.0));
            let posts = bottom.iter().zip(&top).map(|(b, t)| vec![*b, *t]).collect::<Vec<_>>();
            [vec![bottom, top], posts].concat()
        }
        Shape::Mesh(_) | Shape::Points { .. } => Vec::new(),
    }
}
