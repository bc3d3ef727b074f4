//! The arm at work while people look at it: how soon a browser shows the page, how often it draws, what
//! three clients cost the server, and what the dashboard costs control.
//!
//! The one rule: without a dashboard the same arm does the same work for the same time in the same run,
//! and what the machine does to a bare loop stands beside both.

use crate::cycles::Counts;
use crate::motion::Moving;
use crate::witness::Witness;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use report::{Target, quantile};
use rig::launch::free_port;
use rig::{Browser, Page, Screen, Watcher, process};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Clients that watch beside each other.
const CLIENTS: usize = 3;

/// A browser takes no longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much is measured.
struct Effort {
    loads: u64,
    drawing: Duration,
    rounds: u64,
    round: Duration,
}

/// Cycles of control and the drivers, and of the bare loop beside.
#[derive(Debug, Clone, Copy, Default)]
struct Cycles {
    counts: Counts,
    bare: usize,
}

/// All figures.
#[derive(Debug, Default)]
pub struct Looks {
    /// Of each load, s.
    first_paint: Vec<f64>,
    /// Pictures of the arm per second; updates of the pose per second.
    drawn: f64,
    told: f64,
    /// Cores that the server took, by round, with nobody watching and with all clients.
    alone: Vec<f64>,
    watched: Vec<f64>,
    /// Updates of the pose that each client got per second, by round.
    served: Vec<f64>,
    without: Cycles,
    with: Cycles,
    goals_failed: Vec<String>,
    fuzzed: f64,
}

/// Measures everything; `fuzzed` is what the test of ten thousand requests said.
pub fn measure(quick: bool, fuzzed: Option<&str>) -> Result<Looks> {
    let effort = if quick {
        Effort { loads: 5, drawing: seconds(10), rounds: 1, round: seconds(15) }
    } else {
        Effort { loads: 20, drawing: seconds(60), rounds: 3, round: seconds(60) }
    };
    let fuzzed = fuzzed.and_then(|text| text.trim().parse().ok()).unwrap_or(f64::NAN);
    let mut looks = Looks { fuzzed, ..Looks::default() };
    let bar = ProgressBar::new(effort.rounds + 1);
    for _ in 0..effort.rounds {
        looks.round(effort.round)?;
        bar.inc(1);
    }
    looks.page(&effort)?;
    bar.finish_and_clear();
    Ok(looks)
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The arm at work, with its dashboard at the port.
fn shown() -> Result<(Moving, u16)> {
    let port = free_port()?;
    let place = format!("dashboard_port:={port}");
    let mut moving = Moving::start("bench-dashboard", &["dashboard:=true", &place])?;
    moving.keep_moving(seconds(3))?;
    Ok((moving, port))
}

/// Keeps the arm at work and counts.
fn look(moving: &mut Moving, time: Duration) -> Result<Cycles> {
    let witness = Witness::start();
    let before = moving.scenario.arm.world.heartbeats.clone();
    let until = Instant::now() + time;
    while Instant::now() < until {
        moving.forget();
        moving.keep_moving(seconds(1))?;
    }
    let counts = Counts::between(&before, &moving.scenario.arm.world.heartbeats);
    Ok(Cycles { counts, bare: witness.testimony().late() })
}

impl Cycles {
    fn plus(self, other: Self) -> Self {
        Self { counts: self.counts.plus(other.counts), bare: self.bare + other.bare }
    }
}

/// Clients that take in whatever comes.
struct Clients {
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<u64>>>,
}

impl Clients {
    fn open(port: u16) -> Result<Self> {
        let end = Arc::<AtomicBool>::default();
        let watchers = (0..CLIENTS).map(|_| Watcher::open(port));
        let watchers = watchers.collect::<Result<Vec<_>>>()?;
        let watch = |mut watcher: Watcher| -> JoinHandle<Result<u64>> {
            let end = Arc::clone(&end);
            std::thread::spawn(move || {
                while !end.load(Ordering::Relaxed) {
                    watcher.take()?;
                }
                Ok(watcher.count("frame"))
            })
        };
        let threads = watchers.into_iter().map(watch).collect();
        Ok(Self { end, threads })
    }

    /// The poses that the worst served got.
    fn close(self) -> Result<u64> {
        self.end.store(true, Ordering::Relaxed);
        let counts = self
            .threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a client fell over"))?);
        let counts = counts.collect::<Result<Vec<_>>>()?;
        counts.into_iter().min().context("no clients")
    }
}

impl Looks {
    /// The arm at work without a dashboard, and with one that all clients watch.
    fn round(&mut self, time: Duration) -> Result<()> {
        let mut moving = Moving::start("bench-unseen", &[])?;
        moving.keep_moving(seconds(3))?;
        self.without = self.without.plus(look(&mut moving, time)?);
        self.goals_failed.append(&mut moving.failures);
        drop(moving);

        let (mut moving, port) = shown()?;
        let pid = moving.scenario.arm.world.pid("dashboard").context("no dashboard was heard")?;
        let (began, before) = (Instant::now(), process::cpu_time(pid)?);
        look(&mut moving, time / 2)?;
        self.alone.push((process::cpu_time(pid)? - before) / began.elapsed().as_secs_f64());
        let clients = Clients::open(port)?;
        let (began, before) = (Instant::now(), process::cpu_time(pid)?);
        self.with = self.with.plus(look(&mut moving, time)?);
        let took = began.elapsed().as_secs_f64();
        self.watched.push((process::cpu_time(pid)? - before) / took);
        self.served.push(clients.close()? as f64 / took);
        self.goals_failed.append(&mut moving.failures);
        Ok(())
    }

    /// The page in a browser.
    fn page(&mut self, effort: &Effort) -> Result<()> {
        let (mut moving, port) = shown()?;
        let url = format!("http://127.0.0.1:{port}/");
        let mut browser = Browser::start()?;
        for _ in 0..effort.loads {
            // A context of its own: nothing is cached.
            let page = browser.open(&url, Screen::DESK)?;
            let paint =
                "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
            let paint = browser.wait(page, paint, PATIENCE)?;
            self.first_paint.push(paint.as_f64().context("no first paint")? / 1e3);
            browser.close(page)?;
            moving.keep_moving(Duration::from_millis(200))?;
        }
        let page = browser.open(&url, Screen::DESK)?;
        browser.wait(page, "return armature.stats.drawn > 5", PATIENCE)?;
        moving.keep_moving(seconds(2))?;
        let [drawn, told, began] = counters(&mut browser, page)?;
        moving.keep_moving(effort.drawing)?;
        let [drawn_then, told_then, ended] = counters(&mut browser, page)?;
        let took = (ended - began) / 1e3;
        (self.drawn, self.told) = ((drawn_then - drawn) / took, (told_then - told) / took);
        Ok(())
    }

    /// The figures against the limits.
    pub fn targets(&self) -> Vec<Target> {
        let percent = |cores: &[f64]| quantile(cores, 0.5) * 100.0;
        let late = |cycles: &Cycles| cycles.counts.late as f64;
        let lost = |cycles: &Cycles| cycles.counts.lost;
        vec![
            Target::at_most(
                "first paint of the page, median",
                "s",
                quantile(&self.first_paint, 0.5),
                1.0,
            ),
            Target::at_least("pictures of the moving arm", "1/s", self.drawn, 30.0),
            Target::at_most(
                "server with three clients",
                "% of a core",
                percent(&self.watched),
                10.0,
            )
            .with_peer(percent(&self.alone)),
            Target::at_most(
                "late cycles beyond those without a dashboard",
                "",
                (late(&self.with) - late(&self.without)).max(0.0),
                0.0,
            )
            .with_peer(self.with.bare as f64 - self.without.bare as f64),
            Target::at_most(
                "lost cycles beyond those without a dashboard",
                "",
                (lost(&self.with) - lost(&self.without)).max(0.0),
                0.0,
            ),
            Target::at_least("fuzzed requests answered or refused", "", self.fuzzed, 10_000.0),
        ]
    }

    /// Everything else.
    pub fn detail(&self) -> serde_json::Value {
        let cycles = |cycles: &Cycles| {
            let Counts { cycles: ran, late, lost } = cycles.counts;
            serde_json::json!({ "cycles": ran, "late": late, "lost": lost, "late_bare_loop": cycles.bare })
        };
        serde_json::json!({
            "first_paint_s": self.first_paint, "poses_told_to_the_browser_per_s": self.told,
            "server_cores_without_clients": self.alone, "server_cores_with_three_clients": self.watched,
            "poses_per_s_and_client": self.served,
            "without_dashboard": cycles(&self.without), "with_three_clients": cycles(&self.with),
            "goals_failed": self.goals_failed,
        })
    }
}

/// Pictures drawn, poses told, and the clock of the page, ms.
fn counters(browser: &mut Browser, page: Page) -> Result<[f64; 3]> {
    let script =
        "const { drawn, frames } = armature.stats; return [drawn, frames, performance.now()]";
    Ok(serde_json::from_value(browser.run(page, script)?)?)
}
