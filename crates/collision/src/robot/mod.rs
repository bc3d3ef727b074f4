//! A serial arm as collisions see it: joints, links with their shapes and spheres, and the pairs of
//! links that may touch. Read from URDF, SRDF and, if given, a file of spheres.
//!
//! The rule: the spheres of a link cover all its shapes, unless they were given; what was given is
//! taken as the truth.
//!
//! Terms. *Body*: what one joint moves; body 0 is the ground. *Chain*: the actuated joints from the
//! root to the tip; every other joint that could move is frozen.

mod frames;
mod proof;
mod sampling;
mod srdf;
mod tree;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nalgebra::{Unit, UnitQuaternion, Vector3};
use urdf_rs::{Geometry, Robot as Urdf};

use crate::cover::{Fineness, Sphere, cover_all};
use crate::error::file_error;
use crate::{CollisionError, Mesh, Pose, Shape};
pub(crate) use frames::{Frames, Step, slide, sweep};
use srdf::Srdf;
use tree::Tree;

/// How a joint moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JointKind {
    /// It turns between limits.
    Revolute,
    /// It turns without end; its limits here are ±2π.
    Continuous,
    /// It slides.
    Prismatic,
}

/// An actuated joint.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// Its name.
    pub name: String,
    /// How it moves.
    pub kind: JointKind,
    /// Smallest position [rad or m].
    pub lower: f64,
    /// Largest position [rad or m].
    pub upper: f64,
    /// Largest speed by the URDF [rad/s or m/s]; 0 when it says nothing.
    pub velocity: f64,
    origin: Pose,
    axis: Unit<Vector3<f64>>,
}

/// A link with a collision shape or spheres.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// 0: fixed to the ground; i: moved by joint i - 1.
    pub body: usize,
    /// The link in its body's frame.
    pub pose: Pose,
    /// Its collision shapes, in the link's frame.
    pub shapes: Vec<(Pose, Shape)>,
    /// Its spheres, in the link's frame.
    pub spheres: Vec<Sphere>,
}

/// Spheres per link, as JSON: `{"link": [{"center": [x, y, z], "radius": r}, …], …}`.
pub type SphereFile = BTreeMap<String, Vec<Sphere>>;

/// How to read a description.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Last link of the chain. Else the tip of the SRDF's first chain; else where the moving joints
    /// branch out or end.
    pub tip: Option<String>,
    /// How many actuated joints there must be.
    pub joints: Option<usize>,
    /// Positions of joints off the chain [rad or m]; else 0 or the limit next to it.
    pub frozen: HashMap<String, f64>,
    /// All spheres of all links, instead of computed ones: a link that is not in it has none.
    pub spheres: Option<SphereFile>,
    /// How closely computed spheres follow the shapes.
    pub fineness: Fineness,
    /// Folders in which mesh files are looked for: `package://a/b.stl` is sought as `a/b.stl` and as
    /// `b.stl` in each.
    pub mesh_folders: Vec<PathBuf>,
}

/// A serial arm as collisions see it.
#[derive(Debug, Clone)]
pub struct Robot {
    name: String,
    tip: String,
    joints: Vec<Joint>,
    /// Links with shapes or spheres.
    links: Vec<Link>,
    /// Every link of the description by name: its body and its pose there.
    places: BTreeMap<String, (usize, Pose)>,
    allowed: Vec<bool>,
    frames: Frames,
    /// Per pair of links, see [`proof`].
    possible: Vec<proof::Possible>,
    warnings: Vec<String>,
}

impl Robot {
    /// Reads a URDF and, when there is one, an SRDF. Without an SRDF the pairs that may touch are
    /// those next to each other in the chain and those that touch in every one of many sampled
    /// configurations.
    pub fn new(urdf: &str, srdf: Option<&str>, options: &Options) -> Result<Self, CollisionError> {
        let urdf = urdf_rs::read_from_string(urdf)?;
        let srdf = srdf.map(Srdf::read).transpose()?;
        let tip = srdf.as_ref().and_then(|s| s.tip.as_deref());
        let tree = Tree::new(&urdf, options, tip)?;
        let joints = joints(&tree, options);
        let links = links(&urdf, &tree, options)?;
        if !links.iter().any(|l| l.body > 0 && !l.spheres.is_empty()) {
            return Err(CollisionError::NoShapes);
        }
        let mut robot = Self {
            name: urdf.name.clone(),
            tip: tree.tip.clone(),
            places: places(&urdf, &tree, options),
            frames: Frames::new(&joints),
            allowed: vec![false; links.len() * links.len()],
            possible: Vec::new(),
            warnings: Vec::new(),
            joints,
            links,
        };
        robot.allow_bodies();
        match &srdf {
            Some(srdf) => robot.allow_srdf(srdf),
            None => robot.allow_adjacent(&tree, &urdf),
        }
        robot.sample_pairs(srdf.is_none());
        robot.prove();
        Ok(robot)
    }

    /// Reads a file of spheres.
    pub fn read_spheres(json: &str) -> Result<SphereFile, CollisionError> {
        let file: SphereFile = serde_json::from_str(json)?;
        for (link, spheres) in &file {
            let owner = format!("sphere of link '{link}'");
            for sphere in spheres {
                crate::shape::coordinates(&owner, "center", &sphere.center)?;
                Shape::sphere(&owner, sphere.radius)?;
            }
        }
        Ok(file)
    }

    /// The spheres of every link in the form of the file.
    #[must_use]
    pub fn spheres(&self) -> SphereFile {
        self.links.iter().map(|l| (l.name.clone(), l.spheres.clone())).collect()
    }

    /// Name of the robot.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name of the last link of the chain.
    #[must_use]
    pub fn tip(&self) -> &str {
        &self.tip
    }

    /// The actuated joints, base to tip.
    #[must_use]
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// The links that can collide.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Place of a link in [`Robot::links`].
    #[must_use]
    pub fn link(&self, name: &str) -> Option<usize> {
        self.links.iter().position(|l| l.name == name)
    }

    /// Whether two links, by their place in [`Robot::links`], may touch or never move to each other.
    #[must_use]
    pub fn is_allowed(&self, first: usize, second: usize) -> bool {
        self.allowed.get(first * self.links.len() + second).copied().unwrap_or(true)
    }

    /// Lets two links touch; false when one of them does not exist.
    pub fn allow(&mut self, first: &str, second: &str) -> bool {
        let (Some(a), Some(b)) = (self.link(first), self.link(second)) else { return false };
        self.set_allowed(a, b);
        true
    }

    /// Pairs of links that may touch though they move to each other.
    #[must_use]
    pub fn allowed_pairs(&self) -> Vec<[&str; 2]> {
        let mut pairs = Vec::new();
        for (i, first) in self.links.iter().enumerate() {
            for (j, second) in self.links.iter().enumerate().skip(i + 1) {
                if first.body != second.body && self.is_allowed(i, j) {
                    pairs.push([first.name.as_str(), second.name.as_str()]);
                }
            }
        }
        pairs
    }

    /// What was strange in the description but could be lived with.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub(crate) fn frames(&self) -> &Frames {
        &self.frames
    }

    /// Where the bodies are, the ground first; as many as `positions` reach.
    #[must_use]
    pub fn body_poses(&self, positions: &[f64]) -> Vec<Pose> {
        let mut poses = vec![Pose::identity()];
        let mut last = Pose::identity();
        for (joint, at) in self.joints.iter().zip(positions) {
            last = last * joint.origin * joint.motion(*at);
            poses.push(last);
        }
        poses
    }

    /// Where the links are in the frame of the root, in the order of [`Robot::links`].
    #[must_use]
    pub fn link_poses(&self, positions: &[f64]) -> Vec<Pose> {
        let bodies = self.body_poses(positions);
        let body = |l: &Link| bodies.get(l.body).copied().unwrap_or_else(Pose::identity);
        self.links.iter().map(|l| body(l) * l.pose).collect()
    }

    /// Where the tip is in the frame of the root.
    #[must_use]
    pub fn tip_pose(&self, positions: &[f64]) -> Pose {
        let last = self.body_poses(positions).last().copied();
        let tip = self.frame(&self.tip).map_or_else(Pose::identity, |(_, pose)| pose);
        last.unwrap_or_else(Pose::identity) * tip
    }

    /// The body of any link of the description, 0 for the ground, and the link's pose in its frame.
    #[must_use]
    pub fn frame(&self, link: &str) -> Option<(usize, Pose)> {
        self.places.get(link).copied()
    }

    fn set_allowed(&mut self, a: usize, b: usize) {
        let n = self.links.len();
        for index in [a * n + b, b * n + a] {
            if let Some(allowed) = self.allowed.get_mut(index) {
                *allowed = true;
            }
        }
    }

    /// Links of one body never move to each other.
    fn allow_bodies(&mut self) {
        let bodies: Vec<usize> = self.links.iter().map(|l| l.body).collect();
        for (i, a) in bodies.iter().enumerate() {
            for (j, _) in bodies.iter().enumerate().filter(|(_, b)| *b == a) {
                self.set_allowed(i, j);
            }
        }
    }

    fn allow_srdf(&mut self, srdf: &Srdf) {
        for [first, second] in &srdf.allowed {
            self.allow(first, second);
        }
    }

    /// Pairs whose links, or the links they are fixed to, share a joint.
    fn allow_adjacent(&mut self, tree: &Tree, urdf: &Urdf) {
        for joint in urdf.joints.iter().filter(|j| tree::moves(j)) {
            self.allow(&joint.parent.link, &joint.child.link);
        }
        debug_assert!(self.joints.len() == tree.chain.len());
        // A bare frame between two links does not part them.
        let bodies: Vec<usize> = self.links.iter().map(|l| l.body).collect();
        for (i, a) in bodies.iter().enumerate() {
            for (j, b) in bodies.iter().enumerate() {
                let only = |body: usize| bodies.iter().filter(|x| **x == body).count() == 1;
                if a.abs_diff(*b) == 1 && only(*a) && only(*b) {
                    self.set_allowed(i, j);
                }
            }
        }
    }
}

impl Joint {
    fn motion(&self, at: f64) -> Pose {
        match self.kind {
            JointKind::Prismatic => {
                Pose::from_parts(self.axis.scale(at).into(), UnitQuaternion::identity())
            }
            _ => {
                let turn = UnitQuaternion::from_axis_angle(&self.axis, at);
                Pose::from_parts(Vector3::zeros().into(), turn)
            }
        }
    }
}

fn joints(tree: &Tree, options: &Options) -> Vec<Joint> {
    let one = |joint: &&urdf_rs::Joint| {
        let kind = tree::kind(joint).unwrap_or(JointKind::Revolute);
        let (lower, upper) = match kind {
            JointKind::Continuous => (-std::f64::consts::TAU, std::f64::consts::TAU),
            _ => (joint.limit.lower, joint.limit.upper),
        };
        // From the child link of the joint before, over fixed links, to this joint.
        let place = tree.anchor(&joint.parent.link, &options.frozen).1;
        Joint {
            name: joint.name.clone(),
            kind,
            lower,
            upper,
            velocity: joint.limit.velocity,
            origin: place * tree::origin(joint),
            axis: tree::axis(joint),
        }
    };
    tree.chain.iter().map(one).collect()
}

fn places(urdf: &Urdf, tree: &Tree, options: &Options) -> BTreeMap<String, (usize, Pose)> {
    let place = |l: &urdf_rs::Link| (l.name.clone(), tree.anchor(&l.name, &options.frozen));
    urdf.links.iter().map(place).collect()
}

fn links(urdf: &Urdf, tree: &Tree, options: &Options) -> Result<Vec<Link>, CollisionError> {
    if let Some(file) = &options.spheres {
        for link in file.keys() {
            if !urdf.links.iter().any(|l| l.name == *link) {
                let user = "the sphere file".into();
                return Err(CollisionError::UnknownLink { user, link: link.clone() });
            }
        }
    }
    let mut links = Vec::new();
    for link in &urdf.links {
        let (body, pose) = tree.anchor(&link.name, &options.frozen);
        let (shapes, spheres) = match &options.spheres {
            Some(file) => {
                let spheres = file.get(&link.name).cloned().unwrap_or_default();
                // The shapes are not needed then, and their files need not exist.
                (shapes(link, options).unwrap_or_default(), spheres)
            }
            None => {
                let shapes = shapes(link, options)?;
                let spheres = cover_all(&shapes, options.fineness);
                (shapes, spheres)
            }
        };
        if !spheres.is_empty() {
            links.push(Link { name: link.name.clone(), body, pose, shapes, spheres });
        }
    }
    Ok(links)
}

fn shapes(link: &urdf_rs::Link, options: &Options) -> Result<Vec<(Pose, Shape)>, CollisionError> {
    let owner = format!("link '{}'", link.name);
    let one = |collision: &urdf_rs::Collision| {
        let origin = &collision.origin;
        crate::shape::coordinates(&owner, "origin", &[*origin.xyz, *origin.rpy].concat())?;
        Ok((tree::urdf_pose(origin), shape(&owner, &collision.geometry, options)?))
    };
    link.collision.iter().map(one).collect()
}

fn shape(owner: &str, geometry: &Geometry, options: &Options) -> Result<Shape, CollisionError> {
    match geometry {
        Geometry::Box { size } => Shape::cuboid(owner, size.map(|s| s / 2.0)),
        Geometry::Cylinder { radius, length } => Shape::cylinder(owner, *radius, *length),
        Geometry::Capsule { radius, length } => Shape::capsule(owner, *radius, *length),
        Geometry::Sphere { radius } => Shape::sphere(owner, *radius),
        Geometry::Mesh { filename, scale } => {
            let path = find_mesh(owner, filename, &options.mesh_folders)?;
            let scale = scale.map_or([1.0; 3], |s| *s);
            Ok(Shape::Mesh(Arc::new(Mesh::from_stl(owner, &path, scale)?)))
        }
    }
}

/// Where a mesh file of a description lies.
fn find_mesh(owner: &str, name: &str, folders: &[PathBuf]) -> Result<PathBuf, CollisionError> {
    if !name.to_lowercase().ends_with(".stl") {
        return Err(file_error(owner, name, None, "only STL files can be read"));
    }
    let plain = name.strip_prefix("file://").unwrap_or(name);
    if Path::new(plain).is_file() {
        return Ok(plain.into());
    }
    let inner = name.strip_prefix("package://").unwrap_or(plain);
    let short = inner.split_once('/').map_or(inner, |(_, rest)| rest);
    let candidates = folders.iter().flat_map(|f| [f.join(inner), f.join(short)]);
    candidates.into_iter().find(|p| p.is_file()).ok_or_else(|| {
        let folders: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
        file_error(owner, name, None, format!("not in any of [{}]", folders.join(", ")))
    })
}
