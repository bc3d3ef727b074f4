//! The reference arm, and scenes from a seed.
#![allow(dead_code)] // each test uses its part
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers outside of #[test]

use collision::{Mesh, Options, Pose, Robot, Scene, Shape};
use nalgebra::Vector3;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

pub const URDF: &str = include_str!("../../../../config/description/armature.urdf");
pub const SRDF: &str = include_str!("../../../../config/description/armature.srdf");

pub fn arm() -> Robot {
    Robot::new(URDF, Some(SRDF), &Options::default()).unwrap()
}

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub fn configuration(robot: &Robot, rng: &mut impl Rng) -> Vec<f64> {
    robot.joints().iter().map(|j| rng.random_range(j.lower..=j.upper)).collect()
}

pub fn single(positions: &[f64]) -> Vec<f32> {
    positions.iter().map(|x| *x as f32).collect()
}

pub fn random_pose(rng: &mut impl Rng, reach: f64) -> Pose {
    let mut any = |r: f64| rng.random_range(-r..r);
    let place = Vector3::new(any(reach), any(reach), any(reach) + 0.3);
    Pose::new(place, Vector3::new(any(2.0), any(2.0), any(2.0)))
}

/// A closed cube, or one without its lid.
pub fn cube_mesh(size: f64, closed: bool) -> Mesh {
    let corner = |i: u32| [i & 1, (i >> 1) & 1, i >> 2].map(|b| (f64::from(b) - 0.5) * size);
    let vertices: Vec<_> = (0..8).map(corner).collect();
    let quads =
        [[0, 2, 3, 1], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5], [4, 5, 7, 6]];
    let count = if closed { 6 } else { 5 };
    let triangles: Vec<_> =
        quads[..count].iter().flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]]).collect();
    Mesh::new("cube", &vertices, &triangles).unwrap()
}

/// One object of every kind and some more, all over the place.
pub fn scene(seed: u64, objects: usize) -> Scene {
    let mut rng = rng(seed);
    let mut scene = Scene::new();
    for i in 0..objects {
        let mut size = || rng.random_range(0.02..0.2);
        let shape = match i % 7 {
            0 => Shape::sphere("o", size()),
            1 => Shape::cuboid("o", [size(), size(), size()]),
            2 => Shape::cylinder("o", size(), size()),
            3 => Shape::capsule("o", size(), size()),
            4 => Ok(Shape::Mesh(Arc::new(cube_mesh(size(), true)))),
            5 => Ok(Shape::Mesh(Arc::new(cube_mesh(size(), false)))),
            _ => {
                let points = (0..50).map(|_| [size(), size(), size()]).collect();
                Shape::points("o", points, 0.005)
            }
        };
        let pose = random_pose(&mut rng, 0.8);
        scene.add(&format!("object {i}"), pose, shape.unwrap()).unwrap();
    }
    scene
}
