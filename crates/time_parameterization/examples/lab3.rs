#[path = "../tests/support/mod.rs"]
mod support;
use support::problems::*;
use support::*;
use time_parameterization::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    if a.len() > 2 {
        let seed: u64 = a[1].parse().unwrap();
        let acc: f64 = a[2].parse().unwrap();
        let mut r = Random(seed);
        let w = waypoints(&mut r);
        let shape = if acc > 5.0 { Shape::Through } else { Shape::Lines };
        let l = limits();
        let t = Timing::new(l.clone(), None)
            .path(&w, &PathRequest { speed: 1.0, accuracy: acc, shape })
            .unwrap();
        println!("T {} {:?} points {}", t.duration(), t.peaks(&l), t.points().len());
        let mut v: Vec<(f64, usize, f64, f64)> = t
            .points()
            .windows(2)
            .enumerate()
            .map(|(i, p)| {
                let q = pk(p, &l);
                (q.jerk.max(q.acceleration), i, p[1].time - p[0].time, p[0].time)
            })
            .collect();
        v.sort_by(|a, b| b.0.total_cmp(&a.0));
        for x in v.iter().take(8) {
            println!("{x:?}");
        }
        return;
    }
    let mut r = Random(99);
    let mut bad = 0;
    let mut worst = 0.0f64;
    let mut times = vec![];
    for k in 0..1500u64 {
        let seed = r.uniform(0.0, 1e15) as u64;
        let acc = [0.002, 0.005, 0.02, 0.1, 0.4, 10.0][(k % 6) as usize];
        let mut q = Random(seed);
        let w = waypoints(&mut q);
        let shape = if acc > 5.0 { Shape::Through } else { Shape::Lines };
        let l = limits();
        let s = std::time::Instant::now();
        let t = Timing::new(l.clone(), None)
            .path(&w, &PathRequest { speed: 1.0, accuracy: acc, shape });
        let e = s.elapsed().as_secs_f64();
        let c = if acc > 5.0 { curve::through(&w, acc).unwrap() } else { curve::rounded(&w, acc) };
        let ra = without_jerk(&c, &l, 1000).duration();
        match t {
            Ok(t) => {
                let s = sampled_peaks(&t, &VELOCITY, &ACCELERATION, &JERK);
                let m = s.iter().fold(0.0f64, |a, b| a.max(*b));
                if m < 0.99 || m > 1.000001 {
                    bad += 1;
                    println!(
                        "{seed} {acc} peaks {s:?} T {:.3} RA {ra:.3} {:.0} us",
                        t.duration(),
                        e * 1e6
                    );
                }
                worst = worst.max(t.duration() / ra);
                times.push(e * 1e6 / (t.duration() * 50.0));
            }
            Err(e) => {
                bad += 1;
                println!("{seed} {acc} {e}")
            }
        }
    }
    times.sort_by(f64::total_cmp);
    println!(
        "bad {bad} worst ratio {worst} us per node ~ median {:.1} p99 {:.1}",
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
}
fn pk(p: &[Point<6>], l: &Limits<6>) -> Peaks {
    // one segment
    let mut q = Peaks::default();
    let h = p[1].time - p[0].time;
    for j in 0..6 {
        let poly = trajectory::Polynomial::quintic(
            (p[0].state.position[j], p[0].state.velocity[j], p[0].state.acceleration[j]),
            (p[1].state.position[j], p[1].state.velocity[j], p[1].state.acceleration[j]),
            h,
        );
        for k in 0..50 {
            let (a, b) = (poly.at(h * k as f64 / 50.0), poly.at(h * (k + 1) as f64 / 50.0));
            q.acceleration = q.acceleration.max(a.2.abs() / l.joint(j).acceleration);
            q.jerk = q.jerk.max(((b.2 - a.2) / (h / 50.0)).abs() / l.joint(j).jerk);
        }
    }
    q
}
