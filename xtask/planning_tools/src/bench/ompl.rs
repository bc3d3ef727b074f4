//! OMPL's RRT-Connect in this process: a small C++ library, compiled when the package is there, that
//! calls back into our check.
#![allow(unsafe_code)] // a C interface to a library that is loaded at run time

use std::ffi::{c_uint, c_void};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use collision::{Checker, Tally};
use libloading::Library;

use crate::problem::Problem;

/// Places of a motion that OMPL checks one by one are this far apart [rad]: as near as VAMP's for a
/// UR5.
const RESOLUTION: f64 = 1.0 / 32.0;
/// Longest step, as ours.
const RANGE: f64 = 1.5;

/// What OMPL may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Our check of whole motions.
    Motions,
    /// Our check of one configuration after the other.
    Configurations,
}

/// In the order of the figures.
pub const KINDS: [Kind; 2] = [Kind::Motions, Kind::Configurations];

/// As in ompl_peer.cpp.
#[repr(C)]
struct OmplProblem {
    joints: c_uint,
    lower: *const f64,
    upper: *const f64,
    start: *const f64,
    goal_count: c_uint,
    goals: *const f64,
    is_free: extern "C" fn(*const c_void, *const f64) -> bool,
    is_motion_free: Option<extern "C" fn(*const c_void, *const f64, *const f64) -> bool>,
    context: *const c_void,
    range: f64,
    resolution: f64,
    seconds: f64,
}

/// As in ompl_peer.cpp.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// How long the search took.
    pub microseconds: f64,
    /// Length of the way found.
    pub cost: f64,
    /// Whether one was found.
    pub solved: bool,
}

type Solve = unsafe extern "C" fn(*const OmplProblem, c_uint) -> Answer;

/// The library.
pub struct Peer {
    solve: Solve,
    /// Keeps the code of `solve` loaded.
    _library: Library,
}

impl Peer {
    /// Compiles and loads it.
    pub fn build(folder: &Path) -> Result<Self> {
        let include = Path::new("/usr/include/ompl-1.5");
        ensure!(include.is_dir(), "libompl-dev is not installed");
        std::fs::create_dir_all(folder)?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/ompl_peer.cpp");
        let library = std::path::absolute(folder)?.join("libompl_peer.so");
        let mut compiler = Command::new("g++");
        compiler.args(["-O3", "-std=c++17", "-shared", "-fPIC", "-I/usr/include/eigen3", "-I"]);
        compiler.arg(include).arg(source).arg("-o").arg(&library).arg("-lompl");
        let output = compiler.output().context("g++ cannot be started")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "ompl_peer.cpp does not compile: {said}");
        // SAFETY: the library was just compiled from our source; it has no initialiser of its own
        // that could misbehave.
        let loaded = unsafe { Library::new(&library) }?;
        // SAFETY: the function has this signature in ompl_peer.cpp.
        let solve = *unsafe { loaded.get::<Solve>(b"ompl_solve") }?;
        Ok(Self { solve, _library: loaded })
    }

    /// Searches one problem.
    pub fn solve(
        &self,
        checker: &Checker,
        problem: &Problem,
        kind: Kind,
        seconds: f64,
        seed: u32,
    ) -> Answer {
        let joints = checker.robot().joints();
        let lower: Vec<f64> = joints.iter().map(|j| j.lower).collect();
        let upper: Vec<f64> = joints.iter().map(|j| j.upper).collect();
        let goals: Vec<f64> = problem.goals.iter().flatten().copied().collect();
        let asked = OmplProblem {
            joints: joints.len() as c_uint,
            lower: lower.as_ptr(),
            upper: upper.as_ptr(),
            start: problem.start.as_ptr(),
            goal_count: problem.goals.len() as c_uint,
            goals: goals.as_ptr(),
            is_free,
            is_motion_free: (kind == Kind::Motions).then_some(is_motion_free),
            context: std::ptr::from_ref(checker).cast(),
            range: RANGE,
            resolution: RESOLUTION,
            seconds,
        };
        // SAFETY: all that is pointed to outlives the call and has the lengths given.
        unsafe { (self.solve)(&raw const asked, seed) }
    }
}

/// Positions as our check takes them.
///
/// # Safety
/// `context` is a [`Checker`], and `positions` has as many numbers as it has joints.
unsafe fn read<'a>(context: *const c_void, positions: *const f64) -> (&'a Checker, Vec<f32>) {
    // SAFETY: as the caller promises.
    let checker = unsafe { &*context.cast::<Checker>() };
    // SAFETY: as the caller promises.
    let positions =
        unsafe { std::slice::from_raw_parts(positions, checker.robot().joints().len()) };
    (checker, positions.iter().map(|x| *x as f32).collect())
}

extern "C" fn is_free(context: *const c_void, positions: *const f64) -> bool {
    // SAFETY: the peer passes on what `solve` gave it, and states of that many joints.
    let (checker, positions) = unsafe { read(context, positions) };
    checker.is_free(&positions)
}

extern "C" fn is_motion_free(context: *const c_void, from: *const f64, to: *const f64) -> bool {
    // SAFETY: as above.
    let (checker, from) = unsafe { read(context, from) };
    // SAFETY: as above.
    let (_, to) = unsafe { read(context, to) };
    checker.is_motion_free(&from, &to, &mut Tally::default())
}
