//! Stations that hang, lie, die and come twice; planning that does not answer.

use super::*;

fn care(words: &str) -> String {
    format!("        deadline: 1.0\n        fallback: {words}\n")
}

#[test]
fn a_station_that_hangs_costs_no_more_than_the_deadline() {
    let mut world = World::new(&line(1, &care("skip")));
    world.station("camera", Habit::Never);
    while world.stations["camera"].asked.is_empty() {
        world.tick();
    }
    let asked = world.at;
    while world.status.counts.skipped == 0 {
        world.tick();
    }
    let waited = world.at - asked;
    assert!((900..=1_100).contains(&waited), "{waited} ms");
    assert!(world.orders.contains(&Order::Withdraw { station: "camera".into() }));
    assert!(world.said("station camera gave no result within"));
}

#[test]
fn nonsense_is_refused_by_name_and_another_station_is_asked() {
    let cases = [
        (Habit::Nan, "measurement \"width\" is NaN"),
        (Habit::OtherPart, "it is about part \"another\""),
        (Habit::OtherOrder, "it is for order \"another\""),
        (Habit::BadVerdict, "verdict 77 is none of"),
        (Habit::GiveUp, "station camera_1 gave up: GiveUp"),
    ];
    for (habit, expected) in cases {
        let mut world = World::new(&line(2, &care("[other_station, skip]")));
        world.station("camera_1", habit);
        world.station("camera_2", Habit::Pass);
        world.run_until(5, 20_000);
        assert!(world.said(expected), "{habit:?}: {:#?}", world.events);
        assert_eq!(world.status.counts.passed, 2, "{habit:?}");
        // After its first failure the other one comes first.
        assert_eq!(world.stations["camera_1"].asked.len(), 1);
        let refused = u32::from(habit != Habit::GiveUp);
        assert_eq!(world.status.counts.refused, refused, "{habit:?}");
    }
}

#[test]
fn a_result_that_comes_twice_counts_once() {
    let mut world = World::new(&line(3, &care("skip")));
    world.station("camera", Habit::Twice);
    world.run_until(5, 20_000);
    let counts = world.status.counts;
    assert_eq!((counts.passed, counts.parts()), (3, 3));
    assert!(counts.refused >= 2 && world.said("for which nobody waits, is ignored"));
}

#[test]
fn a_station_that_dies_over_an_order_is_not_waited_for() {
    let mut world = World::new(&line(1, "        deadline: 5.0\n        fallback: skip\n"));
    world.station("camera", Habit::Never);
    while world.stations["camera"].asked.is_empty() {
        world.tick();
    }
    world.stations.get_mut("camera").unwrap().speaks = false;
    let died = world.at;
    while world.status.counts.skipped == 0 {
        world.tick();
    }
    assert!(world.at - died < 700, "three heartbeats, not the deadline: {} ms", world.at - died);
    assert!(world.said("station camera is gone: no heartbeat"));
}

#[test]
fn a_station_that_always_fails_is_left_alone_for_a_while() {
    let mut world = World::new(&line(8, &care("skip")));
    world.station("camera", Habit::Nan);
    world.run_until(5, 60_000);
    assert_eq!(world.stations["camera"].asked.len(), 3, "then it rests");
    assert_eq!(world.status.counts.unchecked, 8);
    assert!(world.said("station camera failed 3 times in a row, rests"));
}

#[test]
fn retry_asks_the_same_station_and_set_aside_gives_the_part_up() {
    let mut world = World::new(&line(1, &care("[retry, set_aside]")));
    world.station("camera", Habit::Nan);
    world.run_until(5, 20_000);
    assert_eq!(world.stations["camera"].asked.len(), 2);
    let [first, second] = &world.stations["camera"].asked[..] else { panic!() };
    assert_ne!(first, second, "nonsense is not asked for again by the same name");
    let counts = world.status.counts;
    assert_eq!((counts.aside, counts.retries, counts.parts()), (1, 1, 1));
    assert!(world.attached.is_empty(), "what is set aside was released");
    assert_eq!(world.records[0].fate, crate::state::Fate::Aside);
}

#[test]
fn stop_pauses_with_the_reason_and_resume_tries_again() {
    let mut world = World::new(&line(1, &care("stop")));
    world.run_until(4, 5_000);
    assert_eq!(world.status.reason, "no station can inspect_surface");
    assert_eq!(world.status.line, 11);
    world.station("camera", Habit::Pass);
    world.run_for(300);
    world.command(Command::Resume);
    world.run_until(5, 5_000);
    assert_eq!(world.status.counts.passed, 1);
}

#[test]
fn waiting_for_a_station_ends_when_it_comes() {
    let care = "        deadline: 10\n        wait_for_station: 8\n        fallback: skip\n";
    let mut world = World::new(&line(1, care));
    world.run_for(3_000);
    assert_eq!(world.status.counts.skipped, 0);
    world.station("camera", Habit::Pass);
    world.run_until(5, 2_000);
    assert_eq!(world.status.counts.passed, 1);
}

#[test]
fn planning_that_comes_back_is_asked_again() {
    let mut world = World::new(&line(1, SKIP));
    world.planning = false;
    world.run_for(3_500);
    assert_eq!(world.moves, 0);
    world.planning = true;
    world.run_until(5, 10_000);
    assert_eq!(world.status.counts.parts(), 1);
}

#[test]
fn planning_that_stays_away_pauses_the_job_at_its_deadline() {
    let mut world = World::new(&line(1, SKIP));
    world.planning = false;
    world.run_until(4, 40_000);
    assert_eq!(world.status.reason, "the arm did not arrive within the deadline of 30 s");
}

#[test]
fn an_arm_that_somebody_else_moves_is_waited_for() {
    let mut world = World::new(&line(1, SKIP));
    world.planning = false;
    world.tick();
    let Some(Order::Move { number, .. }) = world.orders.last().cloned() else { panic!() };
    world.later(TICK, number, What::Moved(Moved::Busy("jog".into())));
    world.planning = true;
    world.run_until(5, 10_000);
    assert_eq!(world.status.counts.retries, 0, "that is no failure");
}

#[test]
fn the_job_is_never_longer_in_a_step_than_its_deadline_whatever_stations_do() {
    use rand::{Rng, SeedableRng};
    let habits = [
        Habit::Pass,
        Habit::Fail,
        Habit::Nan,
        Habit::OtherPart,
        Habit::Twice,
        Habit::Never,
        Habit::GiveUp,
    ];
    for seed in 0..40 {
        let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut world = World::new(&line(0, &care("[retry, other_station, set_aside]")));
        for _ in 0..1_500 {
            if dice.random_ratio(1, 40) {
                let name = format!("camera_{}", dice.random_range(0..3));
                match dice.random_ratio(1, 3) {
                    true => drop(world.stations.remove(&name)),
                    false => world.station(&name, habits[dice.random_range(0..habits.len())]),
                }
            }
            world.tick();
            let limit = if world.status.step.starts_with("call") { 1.0 } else { 30.0 };
            assert!(world.status.step_time <= limit, "seed {seed}: {:?}", world.status);
        }
        let parts = world.status.counts.parts();
        assert!(parts > 8, "seed {seed}: only {parts} parts in 30 s");
        assert_eq!(world.records.len(), parts as usize);
        let mut names: Vec<&String> = world.records.iter().map(|it| &it.part).collect();
        names.dedup();
        assert_eq!(names.len(), parts as usize, "no part is finished twice");
    }
}
