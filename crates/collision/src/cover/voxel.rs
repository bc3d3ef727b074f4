//! Spheres around a mesh: the space is cut into small cubes; those that the mesh passes through, and
//! those within a closed one, must each lie whole in one sphere.
//!
//! The spheres are chosen greedily among balls around cubes that stand out of the mesh by the excess
//! or a multiple of it: next comes the one that covers most of what is still open for what it covers
//! outside. When that takes too many, space outside is held cheaper.

use std::collections::VecDeque;

use nalgebra::Vector3;
use parry3d_f64::bounding_volume::Aabb;
use parry3d_f64::query::details::intersection_test_aabb_triangle;
use parry3d_f64::shape::Triangle;

use super::{Fineness, Sphere};
use crate::Mesh;
use crate::mesh::to_parry;

/// Cubes along the longest edge.
const CUBES: f64 = 32.0;
/// Centres that are tried; more gain little.
const CENTERS: usize = 600;

pub(super) fn cover(mesh: &Mesh, fine: Fineness) -> Vec<Sphere> {
    let (low, high) = extent(mesh.vertices().iter().copied());
    let mut grid = Grid::around(low, high, 0.0, fine);
    for face in mesh.faces() {
        grid.mark_face(face);
    }
    if mesh.is_closed() {
        grid.fill();
    }
    grid.spheres(fine)
}

pub(super) fn cover_points(points: &[Vector3<f64>], radius: f64, fine: Fineness) -> Vec<Sphere> {
    if points.is_empty() {
        return Vec::new();
    }
    let (low, high) = extent(points.iter().copied());
    let mut grid = Grid::around(low, high, radius, fine);
    for point in points {
        grid.mark_box(point.add_scalar(-radius), point.add_scalar(radius), |_| true);
    }
    grid.spheres(fine)
}

fn extent(points: impl Iterator<Item = Vector3<f64>>) -> (Vector3<f64>, Vector3<f64>) {
    let all = Vector3::repeat(f64::INFINITY);
    points.fold((all, -all), |(low, high), p| (low.inf(&p), high.sup(&p)))
}

struct Grid {
    origin: Vector3<f64>,
    cube: f64,
    size: [usize; 3],
    full: Vec<bool>,
}

impl Grid {
    /// One empty layer of cubes outside of everything, so that the outside is connected.
    fn around(low: Vector3<f64>, high: Vector3<f64>, margin: f64, fine: Fineness) -> Self {
        let span = (high - low).add_scalar(2.0 * margin);
        let cube = (span.max() / CUBES).max(fine.excess / 8.0).max(1e-6);
        let size = [0, 1, 2].map(|k| (span.fixed_rows::<1>(k).x / cube).floor() as usize + 3);
        let origin = low.add_scalar(-margin - cube);
        Self { origin, cube, size, full: vec![false; size.iter().product()] }
    }

    fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        let [sx, sy, _] = self.size;
        (z * sy + y) * sx + x
    }

    fn center(&self, at: [usize; 3]) -> Vector3<f64> {
        self.origin + Vector3::from(at.map(|i| (i as f64 + 0.5) * self.cube))
    }

    fn mark_face(&mut self, face: [Vector3<f64>; 3]) {
        let [a, b, c] = face;
        let triangle = Triangle::new(to_parry(&a), to_parry(&b), to_parry(&c));
        let half = Vector3::repeat(self.cube * (0.5 + 1e-6));
        let (low, high) = extent(face.into_iter());
        self.mark_box(low, high, |center| {
            let cube = Aabb::new(to_parry(&(center - half)), to_parry(&(center + half)));
            intersection_test_aabb_triangle(&cube, &triangle)
        });
    }

    /// Marks the cubes that touch a box and pass a closer look.
    fn mark_box(
        &mut self,
        low: Vector3<f64>,
        high: Vector3<f64>,
        touches: impl Fn(Vector3<f64>) -> bool,
    ) {
        let slack = self.cube * 1e-6;
        let first = self.cube_of(low.add_scalar(-slack));
        let last = self.cube_of(high.add_scalar(slack));
        let (Some(first), Some(last)) = (first, last) else { return };
        for at in block(first, last) {
            if touches(self.center(at)) {
                let index = self.index(at);
                if let Some(full) = self.full.get_mut(index) {
                    *full = true;
                }
            }
        }
    }

    fn cube_of(&self, point: Vector3<f64>) -> Option<[usize; 3]> {
        let cell = (point - self.origin) / self.cube;
        let [sx, sy, sz] = self.size;
        let index = |x: f64, size: usize| Some((x.max(0.0) as usize).min(size.checked_sub(1)?));
        Some([index(cell.x, sx)?, index(cell.y, sy)?, index(cell.z, sz)?])
    }

    /// Marks every cube that cannot be reached from outside.
    fn fill(&mut self) {
        let mut outside = vec![false; self.full.len()];
        let mut open = VecDeque::from([[0, 0, 0]]);
        while let Some(at) = open.pop_front() {
            let index = self.index(at);
            let Some(seen) = outside.get_mut(index) else { continue };
            if *seen || self.full.get(index) == Some(&true) {
                continue;
            }
            *seen = true;
            open.extend(self.neighbours(at));
        }
        self.full = outside.into_iter().map(|outside| !outside).collect();
    }

    fn neighbours(&self, at: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
        let size = self.size;
        let steps = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
        steps.into_iter().filter_map(move |step: [isize; 3]| {
            let mut next = at;
            for ((next, step), size) in next.iter_mut().zip(step).zip(size) {
                *next = next.checked_add_signed(step).filter(|n| *n < size)?;
            }
            Some(next)
        })
    }

    fn spheres(&self, fine: Fineness) -> Vec<Sphere> {
        let [sx, sy, sz] = self.size;
        let all = block([0, 0, 0], [sx - 1, sy - 1, sz - 1]);
        let cubes: Vec<Vector3<f64>> = all
            .filter(|&at| self.full.get(self.index(at)) == Some(&true))
            .map(|at| self.center(at))
            .collect();
        let balls = self.balls(&cubes, fine);
        let mut indifference = 1.0;
        loop {
            let chosen = greedy(&balls, cubes.len(), indifference, fine.most);
            if let Some(chosen) = chosen {
                return chosen.iter().map(|b| b.sphere).collect();
            }
            if indifference > 1e12 {
                // One ball holds everything.
                let (low, high) = extent(cubes.iter().copied());
                let (half, corner) = ((high - low) / 2.0, self.cube / 2.0 * 3f64.sqrt());
                return vec![Sphere::new(low + half, half.norm() + corner)];
            }
            indifference *= 2.0;
        }
    }

    /// Balls to choose from: around evenly picked cubes, with several radii each.
    fn balls(&self, cubes: &[Vector3<f64>], fine: Fineness) -> Vec<Ball> {
        let corner = self.cube / 2.0 * 3f64.sqrt();
        let stride = cubes.len().div_ceil(CENTERS).max(1);
        let mut balls = Vec::new();
        for center in cubes.iter().step_by(stride) {
            let room = self.room(center);
            for excess in [0.5, 1.0, 2.0, 4.0].map(|k| k * fine.excess) {
                // Cubes whose centre is nearer than this lie whole in the ball.
                let within = (room + excess - corner).max(0.0) + 1e-12;
                balls.push(Ball::new(*center, within, cubes, self.cube));
            }
        }
        balls
    }

    /// Distance from a centre to the nearest empty cube's centre, found shell by shell.
    fn room(&self, center: &Vector3<f64>) -> f64 {
        let Some(at) = self.cube_of(*center) else { return 0.0 };
        let longest = self.size.iter().copied().max().unwrap_or(1);
        let mut nearest = f64::INFINITY;
        for shell in 1..=longest {
            if (shell as f64 - 1.0) * self.cube > nearest {
                break;
            }
            let first = at.map(|i| i.saturating_sub(shell));
            let mut last = at.map(|i| i + shell);
            last.iter_mut().zip(self.size).for_each(|(l, size)| *l = (*l).min(size - 1));
            for other in block(first, last) {
                let on_shell = other.iter().zip(at).any(|(o, a)| o.abs_diff(a) == shell);
                if on_shell && self.full.get(self.index(other)) == Some(&false) {
                    nearest = nearest.min((self.center(other) - center).norm());
                }
            }
        }
        if nearest.is_finite() { nearest } else { 0.0 }
    }
}

/// A ball to choose, and what it covers.
struct Ball {
    sphere: Sphere,
    /// One bit per cube that lies whole in it.
    covers: Vec<u64>,
    /// Its volume outside of all cubes, in cubes.
    outside: f64,
}

impl Ball {
    fn new(center: Vector3<f64>, within: f64, cubes: &[Vector3<f64>], cube: f64) -> Self {
        let mut covers = vec![0u64; cubes.len().div_ceil(64)];
        let (mut radius, mut count) = (0f64, 0.0);
        for (word, chunk) in covers.iter_mut().zip(cubes.chunks(64)) {
            for (bit, at) in chunk.iter().enumerate() {
                if (at - center).norm_squared() <= within * within {
                    *word |= 1 << bit;
                    count += 1.0;
                    radius = radius.max(farthest_corner(at, &center, cube));
                }
            }
        }
        let volume = 4.0 / 3.0 * std::f64::consts::PI * (radius / cube).powi(3);
        let sphere = Sphere::new(center, radius * (1.0 + 1e-9));
        Self { sphere, covers, outside: (volume - count).max(0.0) }
    }
}

/// Balls that together cover all cubes; none when `most` do not suffice. `indifference` is the volume
/// outside, in cubes, that a further ball is worth.
fn greedy(balls: &[Ball], cubes: usize, indifference: f64, most: usize) -> Option<Vec<&Ball>> {
    let mut open = vec![u64::MAX; cubes.div_ceil(64)];
    if let Some(last) = open.last_mut().filter(|_| !cubes.is_multiple_of(64)) {
        *last = (1 << (cubes % 64)) - 1;
    }
    let mut chosen = Vec::new();
    while open.iter().any(|word| *word != 0) {
        if chosen.len() == most {
            return None;
        }
        let gain = |b: &Ball| -> u32 {
            b.covers.iter().zip(&open).map(|(c, o)| (c & o).count_ones()).sum()
        };
        let worth = |b: &&Ball| f64::from(gain(b)) / (b.outside + indifference);
        let best = balls.iter().map(|b| (worth(&b), b)).max_by(|a, b| a.0.total_cmp(&b.0));
        // What no ball covers is left to the one around everything.
        let (_, best) = best.filter(|(worth, _)| *worth > 0.0)?;
        open.iter_mut().zip(&best.covers).for_each(|(open, covers)| *open &= !covers);
        chosen.push(best);
    }
    Some(chosen)
}

fn farthest_corner(cube: &Vector3<f64>, from: &Vector3<f64>, size: f64) -> f64 {
    (cube - from).abs().add_scalar(size / 2.0).norm()
}

/// Every index from `first` to `last`, both included.
fn block(first: [usize; 3], last: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let ([x0, y0, z0], [x1, y1, z1]) = (first, last);
    (z0..=z1).flat_map(move |z| (y0..=y1).flat_map(move |y| (x0..=x1).map(move |x| [x, y, z])))
}
