//! x
#[path = "../tests/support/mod.rs"]
mod support;
use support::problems::*;
use support::*;
use time_parameterization::*;
fn cpu() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    t.tv_sec as f64 + 1e-9 * t.tv_nsec as f64
}
fn main() {
    let mut r = Random(47110815);
    let l = limits();
    let timing = Timing::new(l.clone(), None);
    let q = PathRequest { speed: 1.0, accuracy: 1.0, shape: Shape::Through };
    let mut ts = vec![];
    let mut pts = 0;
    let mut sum = 0.0;
    let reps: usize = std::env::args().nth(1).map_or(3, |a| a.parse().unwrap());
    for _ in 0..100 {
        let w = waypoints(&mut r);
        let c = curve::through(&w, 9.0).unwrap();
        let d: Vec<[f64; 6]> =
            (0..200).map(|k| c.at(c.length() * k as f64 / 199.0).unwrap().position).collect();
        let mut best = f64::INFINITY;
        for _ in 0..reps {
            let s = cpu();
            let t = timing.path(&d, &q).unwrap();
            best = best.min(cpu() - s);
            if best == 0.0 {
                println!();
            }
            pts += t.points().len();
            sum += t.duration();
        }
        ts.push(best * 1e6);
    }
    ts.sort_by(f64::total_cmp);
    println!(
        "dense: median {:.0} us p90 {:.0} mean points {} mean T {:.6}",
        ts[50],
        ts[90],
        pts / 100 / reps,
        sum / 100.0 / reps as f64
    );
    let mut r = Random(47110815);
    let q = PathRequest { speed: 1.0, accuracy: 0.1, shape: Shape::Lines };
    let mut ts = vec![];
    let (mut pts, mut sum) = (0, 0.0);
    for _ in 0..100 {
        let w = waypoints(&mut r);
        let mut best = f64::INFINITY;
        for _ in 0..reps {
            let s = cpu();
            let t = timing.path(&w, &q).unwrap();
            best = best.min(cpu() - s);
            pts += t.points().len();
            sum += t.duration();
        }
        ts.push(best * 1e6);
    }
    ts.sort_by(f64::total_cmp);
    println!(
        "lines: median {:.0} us p90 {:.0} mean points {} mean T {:.6}",
        ts[50],
        ts[90],
        pts / 100 / reps,
        sum / 100.0 / reps as f64
    );
}
