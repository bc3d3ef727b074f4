//! The disk of the recorder is full, then has room again, then is taken away.
//!
//! Invariant before and after: every message is in a file or waits in memory; what was recorded stays
//! readable. Not disturbed: everybody, the recorder's own process included.
#![cfg(feature = "system")]

mod recordings;

use anyhow::{Result, ensure};
use r2r::QosProfile;
use r2r::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};
use recordings::{Folder, Python, Tmpfs, read};
use rig::{Scenario, Single};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long a test waits for what is due within a second or two.
const LIMIT: Duration = Duration::from_secs(15);

/// The newest word of the recorder on its disk.
type Word = Rc<RefCell<Option<DiagnosticStatus>>>;

fn listen(s: &mut Scenario) -> Result<Word> {
    let word = Word::default();
    let newest = Rc::clone(&word);
    s.arm.each::<DiagnosticArray>("/diagnostics", QosProfile::default(), move |report| {
        let disk = report.status.into_iter().find(|status| status.name == "recorder: disk");
        if disk.is_some() {
            *newest.borrow_mut() = disk;
        }
    })?;
    Ok(word)
}

/// Waits until the recorder says `level` of its disk; how long that took.
fn wait_for(s: &mut Scenario, word: &Word, level: u64) -> Result<Duration> {
    let begin = Instant::now();
    let said = || word.borrow().as_ref().is_some_and(|word| u64::from(word.level) == level);
    while !said() {
        s.arm.pump();
        ensure!(begin.elapsed() < LIMIT, "level {level} was not reported: {:?}", word.borrow());
    }
    Ok(begin.elapsed())
}

/// Would catch: a full disk that nobody hears of, that anybody waits for, that costs what was recorded,
/// or that ends recording for good.
#[test]
fn a_full_disk_is_told_costs_nothing_that_memory_can_hold_and_stops_nobody() -> Result<()> {
    let folder = Folder::fresh("chaos_18")?;
    let Some(disk) = Tmpfs::mount(&folder.path, "1m")? else {
        println!("SKIPPED: mounting a tmpfs was refused; run as root");
        return Ok(());
    };
    let mut s = Scenario::enabled("chaos_18", &[])?;
    let word = listen(&mut s)?;
    let mut goal = s.start_motion()?;
    let before = s.boots();
    let place = format!("folder:={}", folder.path.display());
    let recorder = Single::start("recorder", &[&place, "keep_free_mb:=0.0"])?;

    // A megabyte holds about two seconds of the arm.
    let full = wait_for(&mut s, &word, 2)?;
    println!("ERROR {full:?} after its start: {:?}", word.borrow().as_ref().map(|w| &w.message));
    let first = folder.names()?;
    let [name] = first.as_slice() else { anyhow::bail!("expected one file: {first:?}") };
    let path = folder.path.join(name);
    let prefix = read(&path)?;
    ensure!(prefix.damage.is_none() && prefix.messages > 500, "{prefix:?}");
    ensure!(Python::read(&path)?.rosbags.counts == prefix.counts, "rosbags reads something else");
    s.arm.pump_for(Duration::from_secs(2));
    ensure!(read(&path)?.counts == prefix.counts, "a full disk changed what was recorded");

    disk.resize("64m")?;
    let again = wait_for(&mut s, &word, 0)?;
    println!("writes again {again:?} after there was room");
    let second = folder.wait_for_another(&[name], LIMIT)?;
    s.arm.pump_for(Duration::from_secs(1));

    disk.take_away()?;
    let gone = wait_for(&mut s, &word, 2)?;
    println!("ERROR {gone:?} after the disk was taken away");
    let again = wait_for(&mut s, &word, 0)?;
    println!("writes again {again:?} after that");
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &[])?;
    drop(recorder);

    // The first two files went away with the disk; the last one holds everything since.
    let names = folder.names()?;
    ensure!(!names.contains(&second), "{second} is on two disks");
    let [last] = names.as_slice() else { anyhow::bail!("expected one file: {names:?}") };
    let after = read(&folder.path.join(last))?;
    ensure!(after.damage.is_none(), "{:?}", after.damage);
    ensure!(after.missing_feedback == 0, "{} samples are missing", after.missing_feedback);
    Ok(())
}

/// Would catch: messages lost in an outage that memory can hold.
#[test]
fn an_outage_shorter_than_the_cache_leaves_no_gap() -> Result<()> {
    let folder = Folder::fresh("chaos_18_gap")?;
    let Some(disk) = Tmpfs::mount(&folder.path, "1m")? else {
        println!("SKIPPED: mounting a tmpfs was refused; run as root");
        return Ok(());
    };
    let mut s = Scenario::enabled("chaos_18_gap", &[])?;
    let word = listen(&mut s)?;
    let place = format!("folder:={}", folder.path.display());
    let recorder = Single::start("recorder", &[&place, "keep_free_mb:=0.0"])?;
    wait_for(&mut s, &word, 2)?;
    s.arm.pump_for(Duration::from_secs(3));
    disk.resize("64m")?;
    wait_for(&mut s, &word, 0)?;
    s.arm.pump_for(Duration::from_secs(2));
    drop(recorder);
    let names = folder.names()?;
    ensure!(names.len() == 2, "{names:?}");
    let all = std::fs::read_dir(&folder.path)?.count();
    ensure!(all == names.len(), "{} files were begun and left behind", all - names.len());
    let paths: Vec<_> = names.iter().map(|name| folder.path.join(name)).collect();
    let all = recordings::read_all(&paths)?;
    ensure!(all.damage.is_none(), "{:?}", all.damage);
    ensure!(all.missing_feedback == 0, "{} samples are missing", all.missing_feedback);
    ensure!(
        all.counts.get("/joints/joint_1/feedback").is_some_and(|count| *count > 1_000),
        "{all:?}"
    );
    Ok(())
}
