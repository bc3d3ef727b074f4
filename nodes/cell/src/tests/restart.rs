//! The cell dies and comes back.

use super::*;

#[test]
fn a_restart_at_any_moment_finishes_every_part_once() {
    // As without a restart; then killed after every single tick of the first parts.
    for killed_at in (0..1_400).step_by(TICK as usize) {
        let mut world = World::new(&line(4, SKIP));
        world.station("camera", Habit::Pass);
        world.run_for(killed_at + TICK);
        world.restart("one");
        world.run_until(5, 30_000);
        let parts: Vec<&str> = world.records.iter().map(|it| it.part.as_str()).collect();
        let all = ["line_1_00001", "line_1_00002", "line_1_00003", "line_1_00004"];
        assert_eq!(parts, all, "killed at {killed_at} ms");
        assert!(world.attached.is_empty(), "killed at {killed_at} ms: {:?}", world.attached);
        let camera = &world.stations["camera"];
        // Before the station was known a part may have gone through unchecked; none was inspected twice.
        let done = camera.done.len();
        let passed = world.status.counts.passed as usize;
        assert_eq!(done, passed, "killed at {killed_at} ms");
    }
}

#[test]
fn an_order_under_way_is_given_again_by_its_name() {
    let mut world = World::new(&line(1, "        deadline: 5.0\n        fallback: skip\n"));
    world.station("camera", Habit::Never);
    while world.stations["camera"].asked.is_empty() {
        world.tick();
    }
    world.restart("one");
    world.stations.get_mut("camera").unwrap().habit = Habit::Pass;
    world.run_until(5, 5_000);
    let [first, second] = &world.stations["camera"].asked[..] else { panic!() };
    assert_eq!(first, second);
    assert_eq!(world.status.counts.passed, 1);
}

#[test]
fn another_start_of_the_arm_waits_for_a_yes() {
    let mut world = World::new(&line(2, SKIP));
    world.run_for(300);
    let moves = world.moves;
    world.restart("two");
    world.run_for(2_000);
    assert_eq!((world.status.state, world.moves), (4, moves));
    assert!(world.status.reason.contains("cell/resume"));
    world.command(Command::Resume);
    world.run_until(5, 20_000);
    assert_eq!(world.records.len(), 2);
}

#[test]
fn a_job_that_is_done_is_not_begun_again_by_a_restart() {
    let mut world = World::new(&line(1, SKIP));
    world.run_until(5, 10_000);
    let moves = world.moves;
    world.restart("one");
    world.run_for(3_000);
    assert_eq!((world.status.state, world.moves, world.status.counts.parts()), (5, moves, 1));
}

#[test]
fn another_start_of_the_arm_begins_a_new_run_of_what_was_done() {
    let mut world = World::new(&line(1, SKIP));
    world.run_until(5, 10_000);
    world.restart("two");
    world.run_for(100);
    assert_eq!((world.status.state, world.status.run), (2, 2));
}

#[test]
fn a_state_that_does_not_fit_its_job_is_dropped_not_believed() {
    let mut world = World::new(&line(1, SKIP));
    world.run_for(200);
    world.saved.state.place = 9_999;
    world.restart("one");
    world.run_until(5, 10_000);
    assert_eq!(world.status.run, 2, "a new run: it counts on");
}

#[test]
fn two_runs_never_share_the_name_of_an_order() {
    let mut world = World::new(&line(1, SKIP));
    world.station("camera", Habit::Pass);
    world.run_until(5, 10_000);
    // The state file is lost.
    let at = world.at + 1_000;
    let asked = world.stations["camera"].asked.clone();
    let mut other = World::new(&line(1, SKIP));
    other.at = at;
    other.station("camera", Habit::Pass);
    other.run_until(5, 10_000);
    assert!(!other.stations["camera"].asked.iter().any(|order| asked.contains(order)));
}
