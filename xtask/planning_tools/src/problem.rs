//! Problem sets as JSON: a scene of spheres, boxes and cylinders, a start, and goals any of which will
//! do. Lengths in m, positions in rad or m, in the frame of the robot's root link.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use collision::{CollisionError, Scene, Shape, pose};
use serde::{Deserialize, Serialize};

/// A file of problems.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProblemSet {
    /// The problems.
    pub problems: Vec<Problem>,
}

/// One problem.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Its name; what comes before the last underscore is its kind.
    pub name: String,
    /// Balls of the scene.
    #[serde(default)]
    pub spheres: Vec<Ball>,
    /// Boxes of the scene.
    #[serde(default)]
    pub boxes: Vec<Cuboid>,
    /// Cylinders of the scene, along z of their own frame.
    #[serde(default)]
    pub cylinders: Vec<Cylinder>,
    /// Where the motion begins.
    pub start: Vec<f64>,
    /// Where it may end.
    pub goals: Vec<Vec<f64>>,
}

/// A ball.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ball {
    /// Its centre.
    pub center: [f64; 3],
    /// Its radius.
    pub radius: f64,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cuboid {
    /// Its centre.
    pub center: [f64; 3],
    /// Its rotation, x, y, z, w.
    pub quaternion: [f64; 4],
    /// Half of each edge.
    pub half_extents: [f64; 3],
}

/// A cylinder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cylinder {
    /// Its middle.
    pub center: [f64; 3],
    /// Its rotation, x, y, z, w.
    pub quaternion: [f64; 4],
    /// Its radius.
    pub radius: f64,
    /// Its length.
    pub length: f64,
}

impl ProblemSet {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let set: Self = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        ensure!(!set.problems.is_empty(), "{}: no problems", path.display());
        let joints = set.problems.first().map_or(0, |p| p.start.len());
        for problem in &set.problems {
            let same = problem.goals.iter().chain([&problem.start]).all(|q| q.len() == joints);
            ensure!(same && joints > 0, "{}: positions must be {joints} each", problem.name);
            ensure!(!problem.goals.is_empty(), "{}: no goals", problem.name);
        }
        Ok(set)
    }

    /// How many joints its arm has.
    pub fn joints(&self) -> usize {
        self.problems.first().map_or(0, |p| p.start.len())
    }
}

impl Problem {
    /// What comes before the last underscore of its name.
    pub fn kind(&self) -> &str {
        self.name.rsplit_once('_').map_or(&self.name, |(kind, _)| kind)
    }

    /// Its scene.
    pub fn scene(&self) -> Result<Scene, CollisionError> {
        let upright = [0.0, 0.0, 0.0, 1.0];
        let mut scene = Scene::new();
        for (i, s) in self.spheres.iter().enumerate() {
            let name = format!("sphere {i}");
            scene.add(&name, pose(&name, s.center, upright)?, Shape::sphere(&name, s.radius)?)?;
        }
        for (i, b) in self.boxes.iter().enumerate() {
            let name = format!("box {i}");
            let shape = Shape::cuboid(&name, b.half_extents)?;
            scene.add(&name, pose(&name, b.center, b.quaternion)?, shape)?;
        }
        for (i, c) in self.cylinders.iter().enumerate() {
            let name = format!("cylinder {i}");
            let shape = Shape::cylinder(&name, c.radius, c.length)?;
            scene.add(&name, pose(&name, c.center, c.quaternion)?, shape)?;
        }
        Ok(scene)
    }
}
