//! A process that crashes again and again is started more and more slowly, and then not let at its work.
//!
//! The rule: whoever ends as he was asked to has not crashed. A start is taken down before anything else
//! is done and struck out at a proper end; what is left are crashes. From the third start within 30 s on
//! each waits twice as long as the one before; after five crashes the process stays up, says so in its
//! heartbeat, and does nothing until a person configures and activates it.
//!
//! What is taken down counts for one name under one parent (a launch), and is forgotten with it.

use crate::clock;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use vocabulary::time::Monotonic;

/// How far back crashes count.
const WINDOW: Duration = Duration::from_secs(30);
/// So many crashes in that time are a loop; `ARMATURE_CRASH_LIMIT` says otherwise, 0 for never.
const CRASHES: usize = 5;
/// What the second restart waits, besides what launch does.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A process that cannot even begin ends so slowly once it is a crash loop.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The starts of one name under one parent.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    file: Option<PathBuf>,
    /// Earlier starts that did not end properly, within the window.
    crashes: usize,
    limit: usize,
}

impl Restarts {
    /// Takes this start down, by the node name in the arguments.
    pub(crate) fn take_down(default_name: &str) -> Self {
        let name = argument("__node:=").unwrap_or_else(|| default_name.to_owned());
        Self::take_down_as(&format!("{}{name}", argument("__ns:=").unwrap_or_default()))
    }

    /// As [`Restarts::take_down`], under this name.
    pub(crate) fn take_down_as(name: &str) -> Self {
        let limit = env::var("ARMATURE_CRASH_LIMIT").ok().and_then(|text| text.parse().ok());
        let parent = std::os::unix::process::parent_id();
        let folder = env::temp_dir().join("armature-starts");
        forget_orphans(&folder);
        let place = name.replace('/', ".");
        let file = folder.join(format!("{parent}-{place}"));
        Self::in_file(file, clock::monotonic(), limit.unwrap_or(CRASHES))
    }

    fn in_file(file: PathBuf, now: Monotonic, limit: usize) -> Self {
        let mut starts = read(&file, now);
        let crashes = starts.len();
        starts.push(now.0);
        let written = write(&file, &starts);
        // Where nothing can be taken down, nothing is a loop.
        Self { file: written.then_some(file), crashes, limit }
    }

    /// How long to wait before the beginning.
    pub(crate) fn pause(&self) -> Duration {
        if self.limit == 0 || self.crashes < 2 {
            return Duration::ZERO;
        }
        let doubled = u32::try_from(self.crashes - 2).unwrap_or(u32::MAX).min(8);
        (FIRST_PAUSE * 2_u32.pow(doubled)).min(LONGEST_PAUSE)
    }

    /// Why this process must not begin its work.
    pub(crate) fn quarantine(&self) -> Option<String> {
        let looped = self.limit > 0 && self.crashes >= self.limit;
        looped.then(|| {
            let window = WINDOW.as_secs();
            let crashes = self.crashes;
            format!(
                "in quarantine: it crashed {crashes} times within {window} s; find out why, then \
                 configure and activate it (ros2 lifecycle set)"
            )
        })
    }

    /// How long a process that cannot begin waits before it ends.
    pub(crate) fn patience(&self) -> Duration {
        if self.quarantine().is_some() { LONGEST_PAUSE } else { Duration::ZERO }
    }

    /// This process ends as it was asked to.
    pub(crate) fn strike_out(&self) {
        let Some(file) = &self.file else { return };
        let mut starts = read(file, clock::monotonic());
        starts.pop();
        write(file, &starts);
    }
}

/// The value of an argument of the command line that begins so.
fn argument(key: &str) -> Option<String> {
    env::args().find_map(|word| word.strip_prefix(key).map(str::to_owned))
}

/// Starts within the window, oldest first.
fn read(file: &Path, now: Monotonic) -> Vec<u64> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let starts = text.lines().filter_map(|line| line.parse().ok());
    starts.filter(|at| *at <= now.0 && now.since(Monotonic(*at)) < WINDOW).collect()
}

/// Whether it could be written.
fn write(file: &Path, starts: &[u64]) -> bool {
    if starts.is_empty() {
        return fs::remove_file(file).is_ok();
    }
    let text = starts.iter().map(|at| format!("{at}\n")).collect::<String>();
    let folder = file.parent().map(fs::create_dir_all);
    folder.is_some_and(|made| made.is_ok()) && fs::write(file, text).is_ok()
}

/// Removes what was taken down under parents that are gone.
fn forget_orphans(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let parent = name.split('-').next().and_then(|id| id.parse::<u32>().ok());
        if parent.is_some_and(|parent| !Path::new(&format!("/proc/{parent}")).exists()) {
            let _gone_already = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> PathBuf {
        let file = env::temp_dir().join(format!("restarts-{name}-{}", std::process::id()));
        let _not_there = fs::remove_file(&file);
        file
    }

    /// Starts at these seconds, none of which ends properly; the last one.
    fn starts(name: &str, at: &[u64]) -> Restarts {
        let file = file(name);
        let mut newest = Restarts::default();
        for at in at {
            let now = Monotonic((1_000 + at) * 1_000_000_000);
            newest = Restarts::in_file(file.clone(), now, CRASHES);
        }
        newest
    }

    #[test]
    fn a_crash_loop_slows_down_and_ends_in_quarantine() {
        let pauses = [0, 0, 200, 400, 800, 1600].map(Duration::from_millis);
        for (count, pause) in (1..).zip(pauses) {
            let at: Vec<_> = (0..count).collect();
            let restarts = starts("loop", &at);
            assert_eq!(restarts.pause(), pause, "start {count}");
            assert_eq!(restarts.quarantine().is_some(), count > 5, "start {count}");
        }
        let text = starts("loop", &[0, 1, 2, 3, 4, 5]).quarantine().unwrap();
        assert!(text.contains("5 times within 30 s"), "{text}");
    }

    #[test]
    fn rare_crashes_are_no_loop() {
        let restarts = starts("rare", &[0, 8, 16, 24, 32, 40, 48]);
        assert!(restarts.quarantine().is_none() && restarts.crashes == 3);
    }

    #[test]
    fn whoever_ends_properly_has_not_crashed() {
        let file = file("proper");
        for _ in 0..10 {
            let restarts = Restarts::in_file(file.clone(), clock::monotonic(), CRASHES);
            assert_eq!(restarts.crashes, 0);
            restarts.strike_out();
        }
        assert!(!file.exists());
    }

    #[test]
    fn a_limit_of_zero_lets_everybody_begin() {
        let file = file("none");
        for _ in 0..9 {
            let restarts = Restarts::in_file(file.clone(), clock::monotonic(), 0);
            assert!(restarts.quarantine().is_none() && restarts.pause().is_zero());
        }
        fs::remove_file(file).unwrap();
    }
}
