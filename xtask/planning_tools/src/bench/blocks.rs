//! What a vector of configurations costs: free motions, so that no early end flatters the figure, in
//! a scene of 20 boxes that the arm reaches into.

use std::time::Instant;

use anyhow::{Result, ensure};
use collision::{Checker, Lanes, Robot, Scene, Shape, Tally, pose};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::measure::Effort;

/// Free motions that are checked.
const MOTIONS: usize = 300;
/// Their length [rad].
const LENGTH: f32 = 1.5;

/// What was measured, per number of lanes.
pub struct Blocks {
    rows: Vec<Row>,
}

struct Row {
    lanes: usize,
    /// Per vector, best repetition [ns].
    block: f64,
    /// The same for motions of any kind, most of which end early.
    mixed: f64,
}

impl Blocks {
    /// Eight configurations in the widest vectors [ns].
    pub fn per_eight(&self) -> f64 {
        self.rows.first().map_or(f64::NAN, Row::per_eight)
    }

    pub fn print(&self) {
        for row in &self.rows {
            println!(
                "20 boxes, {:>2} lanes: {:.0} ns per vector, {:.0} ns per 8 configurations; mixed \
                 motions {:.0} ns per vector",
                row.lanes,
                row.block,
                row.per_eight(),
                row.mixed
            );
        }
    }

    pub fn json(&self) -> Value {
        let rows = self.rows.iter().map(|r| {
            json!({
                "lanes": r.lanes, "ns_per_vector": r.block, "ns_per_8": r.per_eight(),
                "ns_per_vector_mixed_motions": r.mixed,
            })
        });
        rows.collect()
    }
}

impl Row {
    fn per_eight(&self) -> f64 {
        self.block * 8.0 / self.lanes as f64
    }
}

/// Measures all widths the processor has.
pub fn measure(robot: &Robot, effort: Effort) -> Result<Blocks> {
    let scene = scene()?;
    let mut rows: Vec<Row> = Vec::new();
    for width in [Lanes::Widest, Lanes::Eight, Lanes::Four] {
        let checker = Checker::new(robot, &scene)?.with_lanes(width);
        let lanes = checker.lanes();
        if rows.iter().any(|r| r.lanes == lanes) {
            continue;
        }
        let (free, mixed) = motions(robot, &checker)?;
        let time = |set: &[Motion]| best(&checker, set, effort.repetitions);
        rows.push(Row { lanes, block: time(&free), mixed: time(&mixed) });
    }
    Ok(Blocks { rows })
}

type Motion = (Vec<f32>, Vec<f32>);

/// A shelf with things in it, 20 boxes.
fn scene() -> Result<Scene> {
    let mut scene = Scene::new();
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let mut boxes: Vec<([f64; 3], [f64; 3], f64)> = Vec::new();
    for board in 0..4 {
        boxes.push(([0.75, 0.0, 0.1 + 0.35 * f64::from(board)], [0.15, 0.5, 0.01], 0.1));
    }
    boxes.push(([0.75, 0.5, 0.6], [0.15, 0.01, 0.55], 0.1));
    boxes.push(([0.75, -0.5, 0.6], [0.15, 0.01, 0.55], 0.1));
    boxes.push(([0.9, 0.0, 0.6], [0.01, 0.5, 0.55], 0.1));
    for thing in 0..13 {
        let floor = 0.1 + 0.35 * f64::from(thing % 3);
        let at = [rng.random_range(0.65..0.85), rng.random_range(-0.4..0.4), floor + 0.08];
        boxes.push((at, [0.03, 0.03, 0.07], rng.random_range(-1.0..1.0)));
    }
    for (i, (center, half, yaw)) in boxes.into_iter().enumerate() {
        let name = format!("box {i}");
        let (sin, cos) = (yaw / 2.0f64).sin_cos();
        let pose = pose(&name, center, [0.0, 0.0, sin, cos])?;
        scene.add(&name, pose, Shape::cuboid(&name, half)?)?;
    }
    ensure!(scene.objects().len() == 20);
    Ok(scene)
}

/// Free motions, and motions as they come.
fn motions(robot: &Robot, checker: &Checker) -> Result<(Vec<Motion>, Vec<Motion>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let (mut free, mut mixed) = (Vec::new(), Vec::new());
    for _ in 0..1_000_000 {
        let mut any = || -> Vec<f32> {
            let joints = robot.joints().iter();
            joints.map(|j| rng.random_range(j.lower..j.upper) as f32).collect()
        };
        let (from, to) = (any(), any());
        let way: f32 = from.iter().zip(&to).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
        let to: Vec<f32> =
            from.iter().zip(&to).map(|(a, b)| a + (b - a) * (LENGTH / way)).collect();
        if checker.is_motion_free(&from, &to, &mut Tally::default()) {
            free.push((from.clone(), to.clone()));
        }
        if mixed.len() < MOTIONS {
            mixed.push((from, to));
        }
        if free.len() == MOTIONS {
            return Ok((free, mixed));
        }
    }
    ensure!(false, "the arm is hardly ever free in the scene of 20 boxes");
    Ok((free, mixed))
}

/// Best time per vector over the repetitions [ns].
fn best(checker: &Checker, motions: &[Motion], repetitions: usize) -> f64 {
    let once = |_| {
        let mut tally = Tally::default();
        let begin = Instant::now();
        for (from, to) in motions {
            std::hint::black_box(checker.is_motion_free(from, to, &mut tally));
        }
        begin.elapsed().as_nanos() as f64 / tally.blocks as f64
    };
    (0..repetitions).map(once).fold(f64::INFINITY, f64::min)
}
