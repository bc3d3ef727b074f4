//! The line at work: stations join, judge, leave.

use super::*;

#[test]
fn without_a_station_the_line_runs_and_says_that_nobody_looked() {
    let mut world = World::new(&line(3, SKIP));
    world.run_until(5, 20_000);
    let counts = world.status.counts;
    assert_eq!((counts.unchecked, counts.parts(), counts.skipped), (3, 3, 3));
    assert!(world.said("no station can inspect_surface; the step is skipped"));
    assert!(world.attached.is_empty());
    assert_eq!(world.records.len(), 3);
    assert_eq!(world.part, "", "nothing is worked on any more");
}

#[test]
fn a_station_that_joins_is_used_for_the_next_part_and_missed_when_it_dies() {
    let mut world = World::new(&line(0, SKIP));
    world.run_for(2_000);
    let before = world.status.counts;
    assert!(before.unchecked > 0 && before.passed == 0);
    world.station("camera", Habit::Pass);
    let joined = world.at;
    while world.stations["camera"].asked.is_empty() {
        assert!(world.at < joined + 1_000, "asked within 1 s");
        world.tick();
    }
    world.run_for(2_000);
    assert!(world.status.counts.passed > 0);
    assert!(world.said("station camera is there: inspect_surface"));
    world.stations.get_mut("camera").unwrap().speaks = false;
    let parts = world.status.counts.parts();
    world.run_for(3_000);
    assert!(world.said("station camera is gone"));
    assert!(world.status.counts.parts() > parts + 3, "the line goes on");
}

#[test]
fn a_bad_part_takes_the_other_way_and_is_counted() {
    let mut world = World::new(&line(2, SKIP));
    world.station("camera", Habit::Fail);
    world.run_until(5, 20_000);
    assert_eq!(world.status.counts.failed, 2);
    let bad = |order: &&Order| match order {
        Order::Move { target: crate::job::Target::Pose(pose), .. } => pose.position[1] < -0.1,
        _ => false,
    };
    assert_eq!(world.orders.iter().filter(bad).count(), 2);
}

#[test]
fn pause_finishes_the_step_and_resume_goes_on() {
    let mut world = World::new(&line(5, SKIP));
    world.run_for(40);
    assert!(world.command(Command::Pause).success);
    world.run_until(4, 1_000);
    let moves = world.moves;
    assert_eq!(moves, 1, "the motion under way was finished");
    world.run_for(2_000);
    assert_eq!(world.moves, moves);
    assert!(world.command(Command::Resume).success);
    world.run_until(5, 20_000);
    assert_eq!(world.status.counts.parts(), 5);
}

#[test]
fn step_does_one_step_at_a_time() {
    let mut world = World::with(Config { run: false, ..config() }, &line(1, SKIP), None);
    world.run_for(200);
    assert_eq!((world.status.state, world.moves), (1, 0), "loaded, and nothing moved");
    assert!(world.command(Command::Step).success);
    world.run_until(4, 1_000);
    assert_eq!((world.moves, world.attached.len()), (1, 0));
    assert!(world.command(Command::Step).success);
    world.run_for(500);
    assert_eq!((world.moves, world.attached.len(), world.status.state), (1, 1, 4));
}

#[test]
fn abort_stops_at_once_and_the_job_can_be_started_anew() {
    let mut world = World::new(&line(3, SKIP));
    world.move_time = 5_000;
    world.run_for(500);
    assert!(world.command(Command::Abort).success);
    assert!(world.orders.contains(&Order::StopMove));
    assert_eq!(world.status.state, 6);
    assert!(!world.command(Command::Resume).success);
    assert!(world.command(Command::Start).success);
    assert_eq!(world.status.run, 2);
}

#[test]
fn a_wrong_job_is_refused_with_its_line_and_the_one_that_runs_is_kept() {
    let mut world = World::new(&line(0, SKIP));
    world.run_for(100);
    let wrong = "name: x\nsteps:\n  - move_to: nowhere\n".to_owned();
    let reply = world.command(Command::Check(wrong.clone()));
    assert_eq!((reply.success, reply.line), (false, 3));
    let reply = world.command(Command::Load(wrong.clone()));
    assert!(!reply.success && reply.message.contains("abort it first"));
    world.command(Command::Abort);
    assert_eq!(world.command(Command::Load(wrong)).line, 3);
    assert_eq!(world.status.job, "line");
}

#[test]
fn no_job_is_told_and_every_command_is_answered() {
    let (cell, _) = Cell::new(&config(), None, None).unwrap();
    let mut world = World::new(&line(1, SKIP));
    world.cell = cell;
    for command in [Command::Start, Command::Pause, Command::Resume, Command::Step, Command::Abort]
    {
        assert!(!world.command(command).success);
    }
}
