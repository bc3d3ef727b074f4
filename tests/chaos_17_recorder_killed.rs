//! The recorder is killed in motion: nothing else notices, what was recorded stays readable by anybody,
//! and recording goes on.
//!
//! Invariant before and after: every message that any node sent is in a file, but for the last second
//! before the kill and the time until the recorder is back. Not disturbed: everybody else.
#![cfg(feature = "system")]

mod recordings;

use anyhow::{Context, Result, ensure};
use recordings::{Folder, Python, read};
use rig::Scenario;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// At most this is lost in front of the kill, s.
const LOST: f64 = 1.0;

/// Would catch: a file that only a repair makes readable, a buffer that is lost with its process, a
/// recorder that anybody waits for.
#[test]
fn a_killed_recorder_loses_a_second_and_disturbs_nobody() -> Result<()> {
    let folder = Folder::fresh("chaos_17")?;
    let recordings = format!("recordings:={}", folder.path.display());
    let mut s = Scenario::enabled("chaos_17", &["record:=true", &recordings])?;
    s.arm.wait_for("the recorder", Duration::from_secs(20), |w| w.pid("recorder").is_some())?;
    let mut goal = s.start_motion()?;
    let before = s.boots();

    s.arm.pump_for(Duration::from_secs(2));
    s.kill("recorder")?;
    let killed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
    // The next recorder finishes the file: look at it as the kill left it.
    let cut = folder.copy_newest("cut.mcap")?;

    let since = Instant::now();
    let back = s.wait_until_back("recorder", &before)?;
    println!("back after {back:?}");
    let file = folder.wait_for_another(&[cut.name.as_str()], Duration::from_secs(10))?;
    println!("records into {file} after {:?}", since.elapsed());

    let ours = read(&cut.copy)?;
    ensure!(ours.damage.is_none(), "the cut file is damaged: {:?}", ours.damage);
    let lost = killed - ours.newest;
    println!("{} messages, the newest {lost:.3} s before the kill", ours.messages);
    ensure!(lost < LOST, "{lost:.3} s in front of the kill are lost");
    ensure!(ours.missing_feedback == 0, "{} samples of joints are missing", ours.missing_feedback);
    for topic in ["/joint_command", "/heartbeat", "/joints/joint_6/feedback", "/joint_states"] {
        ensure!(ours.counts.contains_key(topic), "{topic} was not recorded");
    }

    let others = Python::read(&cut.copy)?;
    for (who, found) in [("rosbags", &others.rosbags), ("mcap", &others.mcap)] {
        ensure!(
            found.counts == ours.counts,
            "{who} reads {:?}, not {:?}",
            found.counts,
            ours.counts
        );
        ensure!(
            found.decoded.contains(&"armature_msgs/msg/Heartbeat".to_owned()),
            "{who}: {found:?}"
        );
    }

    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &["recorder"])?;
    let finished = folder.wait_until_finished(&cut.name, Duration::from_secs(20))?;
    ensure!(read(&finished)?.counts == ours.counts, "the finished file holds something else");
    s.launch.stop();
    let last = folder.path.join(&file);
    let after = read(&last).with_context(|| file.clone())?;
    ensure!(recordings::is_finished(&last)? && after.damage.is_none(), "{file} was not ended");
    ensure!(
        after.missing_feedback == 0,
        "{} samples of joints are missing",
        after.missing_feedback
    );
    Ok(())
}
