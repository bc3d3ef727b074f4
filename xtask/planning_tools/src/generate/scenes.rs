//! Seven kinds of scene, each different with every draw, and where the tool is wanted in them.
//!
//! Sizes are for an arm of about 0.9 m reach that stands at the origin and looks along x.

use std::f64::consts::{FRAC_PI_2, PI};

use collision::{Pose, Robot};
use nalgebra::{Rotation3, UnitQuaternion, Vector3};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::problem::{Ball, Cuboid, Cylinder, Problem};

/// The kinds, in the order of the file.
pub const KINDS: [&str; 7] =
    ["shelf", "box", "table", "under_table", "cage", "conveyor", "two_arms"];

/// A scene without start and goals, and poses of the tool that somebody could want in it.
pub struct Draft {
    /// The objects.
    pub problem: Problem,
    /// Where the tool may start, and where it may be wanted.
    pub wanted: [Vec<Pose>; 2],
}

/// Draws a scene of a kind.
pub fn draw(kind: &str, robot: &Robot, rng: &mut ChaCha8Rng) -> Draft {
    let mut draft = Draft { problem: Problem::default(), wanted: [Vec::new(), Vec::new()] };
    let mut pen = Pen { draft: &mut draft, rng };
    match kind {
        "shelf" => pen.shelf(),
        "box" => pen.boxes(),
        "table" => pen.table(),
        "under_table" => pen.under_table(),
        "cage" => pen.cage(),
        "conveyor" => pen.conveyor(),
        _ => pen.two_arms(robot),
    }
    draft
}

struct Pen<'a> {
    draft: &'a mut Draft,
    rng: &'a mut ChaCha8Rng,
}

/// Rounded to a tenth of a millimetre: files stay readable.
fn round(v: [f64; 3]) -> [f64; 3] {
    v.map(|x| (x * 1e4).round() / 1e4)
}

impl Pen<'_> {
    fn any(&mut self, low: f64, high: f64) -> f64 {
        self.rng.random_range(low..high)
    }

    fn cuboid(&mut self, center: [f64; 3], half: [f64; 3], yaw: f64) {
        let (sin, cos) = (yaw / 2.0).sin_cos();
        self.draft.problem.boxes.push(Cuboid {
            center: round(center),
            quaternion: [0.0, 0.0, sin, cos],
            half_extents: round(half),
        });
    }

    fn cylinder(&mut self, center: [f64; 3], radius: f64, length: f64, turn: Vector3<f64>) {
        let q = UnitQuaternion::from_scaled_axis(turn);
        self.draft.problem.cylinders.push(Cylinder {
            center: round(center),
            quaternion: [q.i, q.j, q.k, q.w],
            radius: (radius * 1e4).round() / 1e4,
            length: (length * 1e4).round() / 1e4,
        });
    }

    fn upright(&mut self, center: [f64; 3], radius: f64, length: f64) {
        self.cylinder(center, radius, length, Vector3::zeros());
    }

    /// A thing that stands at a place, its foot at z.
    fn thing(&mut self, [x, y, z]: [f64; 3]) {
        if self.rng.random_bool(0.5) {
            let half = [self.any(0.02, 0.05), self.any(0.02, 0.05), self.any(0.04, 0.09)];
            let [_, _, height] = half;
            let yaw = self.any(-1.5, 1.5);
            self.cuboid([x, y, z + height], half, yaw);
        } else {
            let (radius, height) = (self.any(0.02, 0.045), self.any(0.08, 0.18));
            self.upright([x, y, z + height / 2.0], radius, height);
        }
    }

    /// Wants the tool at a place, pointing forward, turned by `yaw` and about itself.
    fn forward(&mut self, which: usize, at: [f64; 3], yaw: f64) {
        let roll = self.any(-PI, PI);
        let pitch = self.any(-0.2, 0.2);
        let turn = Rotation3::from_euler_angles(0.0, pitch, yaw)
            * Rotation3::from_euler_angles(0.0, FRAC_PI_2, 0.0)
            * Rotation3::from_euler_angles(0.0, 0.0, roll);
        self.want(which, at, turn);
    }

    /// Wants the tool at a place, pointing down, more or less.
    fn down(&mut self, which: usize, at: [f64; 3]) {
        let tilt = [self.any(-0.3, 0.3), self.any(-0.3, 0.3), self.any(-PI, PI)];
        let [roll, pitch, yaw] = tilt;
        self.want(which, at, Rotation3::from_euler_angles(PI + roll, pitch, yaw));
    }

    fn want(&mut self, which: usize, at: [f64; 3], turn: Rotation3<f64>) {
        let turn = UnitQuaternion::from_rotation_matrix(&turn);
        let pose = Pose::from_parts(Vector3::from(at).into(), turn);
        if let Some(list) = self.draft.wanted.get_mut(which) {
            list.push(pose);
        }
    }

    /// Boards with sides and back; the tool reaches in between things, from one board to another.
    fn shelf(&mut self) {
        let (front, depth, yaw) =
            (self.any(0.5, 0.58), self.any(0.12, 0.16), self.any(-0.15, 0.15));
        let (gap, width) = (self.any(0.3, 0.38), self.any(0.4, 0.55));
        let bottom = self.any(0.0, 0.12);
        let middle = front + depth;
        let turned =
            |x: f64, y: f64| [x * yaw.cos() - y * yaw.sin(), x * yaw.sin() + y * yaw.cos()];
        let height = 3.0 * gap / 2.0;
        for board in 0..4 {
            let [x, y] = turned(middle, 0.0);
            self.cuboid([x, y, bottom + f64::from(board) * gap], [depth, width, 0.01], yaw);
        }
        for side in [-width, width] {
            let [x, y] = turned(middle, side);
            self.cuboid([x, y, bottom + height], [depth, 0.01, height + 0.01], yaw);
        }
        let [x, y] = turned(middle + depth, 0.0);
        self.cuboid([x, y, bottom + height], [0.01, width, height + 0.01], yaw);
        let first = self.rng.random_range(0..3);
        let second = (first + self.rng.random_range(1..3)) % 3;
        for board in 0..3 {
            let floor = bottom + f64::from(board) * gap + 0.01;
            for _ in 0..self.rng.random_range(1..4) {
                let [x, y] = turned(middle + self.any(-0.02, 0.08), self.any(-0.9, 0.9) * width);
                self.thing([x, y, floor]);
            }
            for _ in 0..3 {
                let [x, y] = turned(front + self.any(0.0, 0.1), self.any(-0.8, 0.8) * width);
                let yaw = y.atan2(x) * 0.5 + yaw * 0.5;
                let at = [x, y, floor + self.any(0.1, 0.2)];
                for (which, _) in [first, second].iter().enumerate().filter(|(_, b)| **b == board) {
                    self.forward(which, at, yaw);
                }
            }
        }
    }

    /// Open boxes on the ground; the tool reaches from one down into the other.
    fn boxes(&mut self) {
        self.cuboid([0.5, 0.0, -0.06], [0.5, 0.8, 0.02], 0.0);
        for (which, side) in [(0, -1.0), (1, 1.0)] {
            let (x, y) = (self.any(0.45, 0.6), side * self.any(0.22, 0.36));
            let yaw = self.any(-0.5, 0.5);
            let (a, b, h) = (self.any(0.15, 0.2), self.any(0.13, 0.17), self.any(0.09, 0.15));
            let floor = -0.04;
            let turned = |u: f64, v: f64| {
                [x + u * yaw.cos() - v * yaw.sin(), y + u * yaw.sin() + v * yaw.cos()]
            };
            self.cuboid([x, y, floor + 0.005], [a, b, 0.005], yaw);
            for (u, v, half) in [
                (a, 0.0, [0.008, b, h]),
                (-a, 0.0, [0.008, b, h]),
                (0.0, b, [a, 0.008, h]),
                (0.0, -b, [a, 0.008, h]),
            ] {
                let [px, py] = turned(u, v);
                self.cuboid([px, py, floor + h], half, yaw);
            }
            for _ in 0..3 {
                let [px, py] = turned(self.any(-0.7, 0.7) * a, self.any(-0.7, 0.7) * b);
                let size = self.any(0.02, 0.035);
                let turn = self.any(-1.5, 1.5);
                self.cuboid([px, py, floor + 0.01 + size], [size, size, size], turn);
                let [px, py] = turned(self.any(-0.5, 0.5) * a, self.any(-0.5, 0.5) * b);
                let at = [px, py, floor + self.any(0.1, 0.14)];
                self.down(which, at);
            }
        }
    }

    /// Things on a table; the tool reaches down between them.
    fn table(&mut self) {
        let top = self.any(-0.1, 0.1);
        self.cuboid([0.62, 0.0, top - 0.02], [0.4, 0.7, 0.02], 0.0);
        for _ in 0..self.rng.random_range(7..11) {
            let at = [self.any(0.35, 0.9), self.any(-0.6, 0.6), top];
            self.thing(at);
        }
        for which in [0, 1] {
            for _ in 0..6 {
                let side = if which == 0 { -1.0 } else { 1.0 };
                let at =
                    [self.any(0.35, 0.7), side * self.any(0.05, 0.5), top + self.any(0.05, 0.1)];
                self.down(which, at);
            }
        }
    }

    /// A table over the work; the tool comes from above it and reaches below it.
    fn under_table(&mut self) {
        let (top, front) = (self.any(0.42, 0.52), self.any(0.38, 0.46));
        let (depth, width) = (self.any(0.2, 0.3), self.any(0.35, 0.5));
        self.cuboid([front + depth, 0.0, top], [depth, width, 0.02], 0.0);
        for y in [-width + 0.03, width - 0.03] {
            for x in [front + 0.03, front + 2.0 * depth - 0.03] {
                self.cuboid([x, y, top / 2.0 - 0.02], [0.025, 0.025, top / 2.0], 0.0);
            }
        }
        for _ in 0..3 {
            let at = [front + self.any(0.1, 0.4), self.any(-0.8, 0.8) * width, top + 0.02];
            self.thing(at);
            let at = [front + self.any(0.1, 0.4), self.any(-0.8, 0.8) * width, 0.0];
            self.thing(at);
        }
        for _ in 0..6 {
            let at =
                [front + self.any(0.0, 0.2), self.any(-0.6, 0.6) * width, top + self.any(0.1, 0.2)];
            self.down(0, at);
            let at = [
                front + self.any(0.02, 0.2),
                self.any(-0.6, 0.6) * width,
                top - self.any(0.14, 0.25),
            ];
            let [x, y, _] = at;
            self.forward(1, at, y.atan2(x));
        }
    }

    /// Bars all around a place; the tool goes in between them.
    fn cage(&mut self) {
        let (x, y) = (self.any(0.55, 0.62), self.any(-0.15, 0.15));
        let (half, low, high) = (self.any(0.2, 0.24), self.any(0.0, 0.05), self.any(0.6, 0.7));
        let bar = 0.012;
        let middle = (low + high) / 2.0;
        for (u, v) in [
            (-1.0, -1.0),
            (-1.0, 1.0),
            (1.0, -1.0),
            (1.0, 1.0),
            (0.0, -1.0),
            (0.0, 1.0),
            (1.0, 0.0),
        ] {
            self.upright([x + u * half, y + v * half, middle], bar, high - low);
        }
        let shift = self.any(-0.3, 0.3) * half;
        self.upright([x - half, y + shift, middle], bar, high - low);
        for z in [low, low + (high - low) * self.any(0.25, 0.4), high] {
            for v in [-half, half] {
                self.cylinder([x, y + v, z], bar, 2.0 * half, Vector3::y() * FRAC_PI_2);
            }
            for u in [-half, half] {
                self.cylinder([x + u, y, z], bar, 2.0 * half, Vector3::x() * FRAC_PI_2);
            }
        }
        self.cuboid([x, y, low - 0.02], [half, half, 0.015], 0.0);
        for _ in 0..2 {
            let at = [x + self.any(-0.5, 0.8) * half, y + self.any(-0.8, 0.8) * half, low];
            self.thing(at);
        }
        for _ in 0..8 {
            let at = [
                x + self.any(-0.5, 0.2) * half,
                y + self.any(-0.4, 0.4) * half,
                self.any(0.25, 0.55),
            ];
            let yaw = self.any(-0.5, 0.5);
            self.forward(1, at, yaw);
            let side = if self.rng.random_bool(0.5) { 1.0 } else { -1.0 };
            let at =
                [self.any(0.2, 0.5), y + side * (half + self.any(0.1, 0.25)), self.any(0.2, 0.6)];
            self.down(0, at);
        }
    }

    /// A belt with rails and a gantry across it; the tool goes from one side of the gantry to the
    /// other.
    fn conveyor(&mut self) {
        let (x, top) = (self.any(0.52, 0.6), self.any(0.0, 0.15));
        let half = self.any(0.14, 0.18);
        self.cuboid([x, 0.0, top - 0.03], [half, 0.9, 0.03], 0.0);
        for side in [-half, half] {
            self.cuboid([x + side, 0.0, top + 0.02], [0.01, 0.9, 0.03], 0.0);
        }
        let (y, height) = (self.any(-0.1, 0.1), self.any(0.32, 0.42));
        for side in [-half - 0.05, half + 0.05] {
            self.cuboid(
                [x + side, y, top + height / 2.0 - 0.05],
                [0.02, 0.03, height / 2.0 + 0.05],
                0.0,
            );
        }
        self.cuboid([x, y, top + height], [half + 0.07, 0.04, 0.03], 0.0);
        self.cuboid([x, y, top + height - 0.08], [0.04, 0.04, 0.05], 0.0);
        for k in 0..6 {
            let along = -0.75 + 0.3 * f64::from(k) + self.any(-0.1, 0.1);
            let at = [x + self.any(-0.5, 0.5) * half, along, top];
            self.thing(at);
        }
        for (which, side) in [(0, -1.0), (1, 1.0)] {
            for _ in 0..6 {
                let at = [
                    x + self.any(-0.5, 0.5) * half,
                    y + side * self.any(0.15, 0.4),
                    top + self.any(0.05, 0.15),
                ];
                self.down(which, at);
            }
        }
    }

    /// Another arm of the same kind on the other side of a shared table.
    fn two_arms(&mut self, robot: &Robot) {
        let distance = self.any(1.0, 1.15);
        let other = Pose::from_parts(
            Vector3::new(distance, self.any(-0.15, 0.15), 0.0).into(),
            UnitQuaternion::from_axis_angle(&Vector3::z_axis(), PI + self.any(-0.2, 0.2)),
        );
        let q: Vec<f64> = loop {
            let q: Vec<f64> = robot
                .joints()
                .iter()
                .map(|j| self.any(j.lower.max(-2.0) * 0.8, j.upper.min(2.0) * 0.8))
                .collect();
            let tip = robot.tip_pose(&q).translation.vector;
            if tip.x > 0.35 && tip.z > 0.15 && tip.y.abs() < 0.4 {
                break q;
            }
        };
        for (link, pose) in robot.links().iter().zip(robot.link_poses(&q)) {
            for sphere in &link.spheres {
                let at = other * pose * nalgebra::Point3::from(sphere.center);
                let center = round(at.coords.into());
                self.draft.problem.spheres.push(Ball { center, radius: sphere.radius });
            }
        }
        self.cuboid([distance / 2.0, 0.0, -0.04], [distance / 2.0 - 0.16, 0.5, 0.02], 0.0);
        for _ in 0..4 {
            let at = [distance / 2.0 + self.any(-0.15, 0.15), self.any(-0.45, 0.45), -0.02];
            self.thing(at);
        }
        for (which, side) in [(0, -1.0), (1, 1.0)] {
            for _ in 0..6 {
                let at = [
                    distance / 2.0 + self.any(-0.15, 0.1),
                    side * self.any(0.1, 0.45),
                    self.any(0.05, 0.25),
                ];
                self.down(which, at);
            }
        }
    }
}
