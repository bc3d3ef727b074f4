//! Prints the nanoseconds per call of ik-geo for all solutions of random poses of a UR5: best and
//! median of batches, and how many solutions there are on average, as JSON.

use std::hint::black_box;

use ik_geo::robot::{IKSolver, ur5};
use rustix::time::{ClockId, clock_gettime};

const POSES: usize = 1000;
const BATCH: usize = 100;
const BATCHES: usize = 1000;

fn main() {
    let robot = ur5();
    let spread = |k: usize, i: usize| ((k * 7 + i * 13) as f64 * 0.618_034).fract() * 6.2 - 3.1;
    let poses: Vec<_> =
        (0..POSES).map(|k| robot.fk(&std::array::from_fn(|i| spread(k, i)))).collect();
    let mut nanoseconds = Vec::new();
    for batch in 0..BATCHES {
        let start = now();
        for k in 0..BATCH {
            let (rotation, place) = black_box(&poses)[(batch * BATCH + k) % POSES];
            black_box(robot.ik(rotation, place));
        }
        nanoseconds.push((now() - start) / BATCH as f64);
    }
    nanoseconds.sort_by(f64::total_cmp);
    let found: usize = poses.iter().map(|(r, p)| robot.ik(*r, *p).len()).sum();
    let (best, median) = (nanoseconds[0], nanoseconds[BATCHES / 2]);
    let average = found as f64 / POSES as f64;
    println!(r#"{{"all_solutions": [{best:.1}, {median:.1}], "average": {average:.2}}}"#);
}

/// Processor time of this thread [ns]: what others run meanwhile does not count.
fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
