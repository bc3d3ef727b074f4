//! `cargo xtask demo --cell`: a line that goes on. It works without inspection; a station is started beside
//! it, as by hand in another terminal; the job uses it; it is killed; the job goes on and says so.
//!
//! The one rule: the station is a program of its own that nobody here was built with.

use anyhow::{Context, Result};
use r2r::armature_msgs::msg::CellStatus;
use report::{Report, Target};
use rig::line::inspection;
use rig::{ArmClient, Launch, Line};
use std::path::Path;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(90);

/// Shows it; true when everything went as promised.
pub fn show(report: &Path, launch: impl FnOnce() -> Result<Launch>) -> Result<bool> {
    say("launching armature_bringup arm.launch.xml cell:=true");
    let launch = launch()?;
    let mut arm = ArmClient::new("demo")?;
    let up = arm.wait_until_up(Duration::from_secs(60));
    up.with_context(|| format!("see {}", launch.log().display()))?;
    let line = Line::watch(&mut arm)?;
    line.wait(&mut arm, "the cell", LONG, |line| line.status().state == CellStatus::LOADED as u8)?;
    say(&arm.trigger("arm/enable")?);
    let mut teller = Teller::default();
    say(&arm.trigger("cell/start")?);

    say("the line works without inspection …");
    until(&mut arm, &line, &mut teller, "two parts", |line| line.status().parts_unchecked >= 2)?;

    say("somebody starts the inspection station: cargo xtask station inspection");
    let station = inspection("inspection")?;
    let begin = Instant::now();
    let is_mark = |line: &str| line.contains("station inspection is there");
    let there = ("inspection", &station);
    let node = line.join(&mut arm, there, is_mark, LONG, |line| teller.tell(line))?;
    // It says so when it is complete: whoever is seen before that was seen at once.
    let joined = node.map_or(0.0, |node| node.elapsed().as_secs_f64());
    let process = begin.elapsed().as_secs_f64();
    say(&format!(
        "the cell may ask it {joined:.2} s after it was there, {process:.2} s after its process"
    ));
    let judged = |line: &Line| line.status().parts_passed + line.status().parts_failed;
    until(&mut arm, &line, &mut teller, "three judged parts", |line| judged(line) >= 3)?;
    let (right, all) = compare(&line);

    say("and kills it without warning");
    let before = line.status();
    let killed = Instant::now();
    rig::process::signal(station.id(), libc::SIGKILL)?;
    until(&mut arm, &line, &mut teller, "the cell to say so", |line| {
        line.said("station inspection is gone", killed).is_some()
    })?;
    let missed = killed.elapsed().as_secs_f64();
    until(&mut arm, &line, &mut teller, "two parts without it", |line| {
        line.status().parts_unchecked >= before.parts_unchecked + 2
    })?;
    let after = line.status();
    say(&arm.trigger("cell/abort")?);

    let targets = vec![
        Target::at_most("the station is usable after it is there", "s", joined, 1.0),
        Target::at_most("its death is said after", "s", missed, 1.0),
        Target::at_least("parts judged right", "%", 100.0 * right as f64 / all.max(1) as f64, 99.0),
        Target::at_least(
            "parts done after its death",
            "",
            f64::from(after.parts_done - before.parts_done),
            2.0,
        ),
    ];
    let report_made = Report::new(targets)
        .with("from_the_start_of_its_process_s", process)
        .with("parts", after.parts_done)
        .with("mean_cycle_time_s", after.mean_cycle_time);
    println!("{}", report_made.table());
    let path = report_made.write(report, "demo_cell").context("cannot write the report")?;
    println!("report: {}", path.display());
    Ok(report_made.ok())
}

fn say(text: &str) {
    println!("» {text}");
}

fn until(
    arm: &mut ArmClient,
    line: &Line,
    teller: &mut Teller,
    what: &str,
    mut condition: impl FnMut(&Line) -> bool,
) -> Result<()> {
    line.wait(arm, what, LONG, |line| {
        teller.tell(line);
        condition(line)
    })?;
    Ok(())
}

/// How many of the judged parts were judged as they are.
fn compare(line: &Line) -> (usize, usize) {
    let camera = part_camera::Config::default();
    let finished = line.finished();
    let judged = finished.iter().filter_map(|(part, how)| {
        let said_good = how.starts_with("good");
        let is_good = part_camera::Part::of(part, camera.seed, camera.bad).is_good();
        (said_good || how.starts_with("bad")).then_some(said_good == is_good)
    });
    let judged: Vec<bool> = judged.collect();
    (judged.iter().filter(|right| **right).count(), judged.len())
}

/// Tells what the cell says, once.
#[derive(Default)]
struct Teller {
    told: usize,
}

impl Teller {
    fn tell(&mut self, line: &Line) {
        let events = line.events();
        for (_, event) in events.iter().skip(self.told) {
            println!("  {}", event.what);
        }
        self.told = events.len();
    }
}
