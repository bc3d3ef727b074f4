//! What a campaign says in the end: the table, the report, and for each failure the shortest schedule
//! that still fails.

use crate::campaign::{Campaign, Tally};
use anyhow::Result;
use report::{Report, Target};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use virtual_arm::schedule::{Broken, Schedule, shrink};

/// How much faster than life one core has to be (issue 6).
const FASTER: f64 = 200.0;

/// Prints and writes all of it; true when nothing failed.
pub fn tell(campaign: &Campaign, tally: &Tally, limit: Duration, folder: &Path) -> Result<bool> {
    let hours = tally.life.as_secs_f64() / 3600.0;
    let faults: u64 = tally.faults.values().sum();
    println!(
        "{hours:.2} virtual hours, {} schedules, {faults} faults, {} goals reached in between; \
         {:.0} s on {} threads, {:.0} times faster than life per core of CPU time",
        tally.kept,
        tally.goals,
        tally.wall.as_secs_f64(),
        campaign.threads,
        tally.ratio()
    );
    let mut failures = Vec::new();
    for (number, (schedule, broken)) in &tally.failed {
        failures.push(explain(campaign, *number, schedule, broken, limit, folder)?);
    }
    let wanted = campaign.wanted.as_secs_f64() / 3600.0;
    let targets = vec![
        Target::at_most("invariants broken", "", tally.failed.len() as f64, 0.0),
        Target::at_least("virtual hours without one", "h", hours, wanted),
        Target::at_least(
            "virtual arm, times faster than life on one core",
            "x",
            tally.ratio(),
            FASTER,
        ),
    ];
    let kinds: Vec<&str> = campaign.kinds.iter().map(|kind| kind.name()).collect();
    let report = Report::new(targets)
        .with("seed", campaign.seed)
        .with("kinds", kinds)
        .with("schedules", tally.kept)
        .with("faults", json!(tally.faults))
        .with("goals", tally.goals)
        .with("threads", campaign.threads as u64)
        .with("wall_s", tally.wall.as_secs_f64())
        .with("recordings", format!("{:016x}", tally.hash))
        .with("failures", failures);
    print!("{}", report.table());
    report.write(folder, "simulate")?;
    Ok(tally.failed.is_empty())
}

fn explain(
    campaign: &Campaign,
    number: u64,
    schedule: &Schedule,
    broken: &Broken,
    limit: Duration,
    folder: &Path,
) -> Result<serde_json::Value> {
    let seed = campaign.seed;
    println!("\nseed {seed}, schedule {number} of {} faults: {broken}", schedule.events.len());
    println!("looking for a shorter one, at most {limit:?} ...");
    let short = shrink(schedule, broken.clone(), &campaign.reference, Instant::now() + limit);
    std::fs::create_dir_all(folder)?;
    let file = folder.join(format!("simulate_{seed}_{number}.yaml"));
    let text = short.schedule.text()?;
    std::fs::write(&file, &text)?;
    println!("{} faults are enough ({} tried):\n{text}", short.schedule.events.len(), short.tried);
    println!("{}", short.broken);
    println!("replay: cargo xtask simulate --replay {}", file.display());
    println!(
        "keep it: a numbered file in virtual_arm/tests/schedules/ is played by every test run"
    );
    Ok(json!({
        "number": number,
        "what": short.broken.class(),
        "faults": short.schedule.events.len(),
        "schedule": text,
        "text": short.broken.to_string(),
    }))
}
