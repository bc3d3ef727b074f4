//! What `cargo xtask bench planning` and `report planning` run, and the generator of the problem sets.

mod bench;
mod draw;
mod generate;
mod problem;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use collision::{Fineness, Options, Robot};

/// Motion planning measured.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Measure; writes bench_planning.json.
    Bench(bench::Arguments),
    /// Write the spheres computed for an arm, in the form of --spheres.
    Spheres {
        #[command(flatten)]
        arm: Arm,
        /// How far they may stand out, m.
        #[arg(long, default_value_t = 0.01)]
        excess: f64,
        /// Where the file goes.
        #[arg(long)]
        output: PathBuf,
    },
    /// Plan a problem and draw the motion.
    Draw {
        /// Which of the reference arm's; without one, the first.
        name: Option<String>,
        /// Where the SVG goes.
        #[arg(long)]
        output: PathBuf,
    },
    /// Make a set of problems in seven kinds of scene.
    Generate {
        #[command(flatten)]
        arm: Arm,
        /// Another seed, other problems.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Problems of each kind.
        #[arg(long, default_value_t = 12)]
        count: usize,
        /// Where the file goes.
        #[arg(long)]
        output: PathBuf,
    },
}

/// Which arm.
#[derive(Debug, Clone, Default, Args)]
struct Arm {
    /// Its URDF; without one, the reference arm's.
    #[arg(long)]
    urdf: Option<PathBuf>,
    /// Its SRDF; without one, pairs that may touch are found by sampling.
    #[arg(long, requires = "urdf")]
    srdf: Option<PathBuf>,
    /// Spheres of its links, as JSON: link → list of {center, radius}; without, they are computed.
    #[arg(long)]
    spheres: Option<PathBuf>,
    /// Last link of its chain.
    #[arg(long)]
    tip: Option<String>,
    /// Folders with the mesh files of its packages.
    #[arg(long)]
    meshes: Vec<PathBuf>,
}

impl Arm {
    /// The one that this repository describes.
    fn reference() -> Self {
        Self::default()
    }

    /// Reads the arm, which must have so many joints if a number is given.
    fn read(&self, joints: Option<usize>) -> Result<Robot> {
        self.read_with(joints, Fineness::default())
    }

    fn read_with(&self, joints: Option<usize>, fineness: Fineness) -> Result<Robot> {
        let (urdf, srdf) = match &self.urdf {
            Some(urdf) => (text(urdf)?, self.srdf.as_deref().map(text).transpose()?),
            None => (URDF.to_owned(), Some(SRDF.to_owned())),
        };
        let spheres = self.spheres.as_deref().map(text).transpose()?;
        let mut mesh_folders = self.meshes.clone();
        mesh_folders.extend(self.urdf.iter().filter_map(|u| u.parent()).map(Path::to_owned));
        let options = Options {
            tip: self.tip.clone(),
            joints,
            spheres: spheres.as_deref().map(Robot::read_spheres).transpose()?,
            mesh_folders,
            fineness,
            ..Options::default()
        };
        let robot = Robot::new(&urdf, srdf.as_deref(), &options)?;
        robot.warnings().iter().for_each(|warning| eprintln!("warning: {warning}"));
        Ok(robot)
    }
}

const URDF: &str = include_str!("../../../config/description/armature.urdf");
const SRDF: &str = include_str!("../../../config/description/armature.srdf");

/// Where the problem sets lie.
fn problem_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("problems")
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn spheres(arm: &Arm, excess: f64, output: &Path) -> Result<()> {
    let robot = arm.read_with(None, Fineness { excess, ..Fineness::default() })?;
    let mut file = robot.spheres();
    for sphere in file.values_mut().flatten() {
        // A tenth of a millimetre; radii upwards and by what the centre may have lost.
        sphere.center = sphere.center.map(|x| (x * 1e4).round() / 1e4);
        sphere.radius = (sphere.radius * 1e4 + 1.0).ceil() / 1e4;
    }
    println!("{} spheres", file.values().map(Vec::len).sum::<usize>());
    std::fs::write(output, serde_json::to_string_pretty(&file)? + "\n")?;
    Ok(())
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().verb {
        Verb::Bench(arguments) => bench::run(&arguments),
        Verb::Spheres { arm, excess, output } => spheres(&arm, excess, &output).map(|()| true),
        Verb::Draw { name, output } => draw::draw(name.as_deref(), &output).map(|()| true),
        Verb::Generate { arm, seed, count, output } => {
            let robot = arm.read(None);
            robot.and_then(|r| generate::generate(&r, seed, count, &output)).map(|()| true)
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
