//! Stations that come, go, collide and fail.

use super::descriptor::tests::camera;
use super::*;

const PERIOD: u64 = 100;

fn ms(at: u64) -> Monotonic {
    Monotonic(at * 1_000_000)
}

fn ready(boot_id: u64) -> Beat {
    Beat { boot_id, readiness: Readiness::Ready }
}

fn registry() -> Registry {
    Registry::new(Patience { strikes: 3, rest: Duration::from_secs(10) })
}

fn joined(at: u64, descriptor: Descriptor) -> Registry {
    let mut all = registry();
    join(&mut all, at, descriptor);
    all
}

fn join(all: &mut Registry, at: u64, descriptor: Descriptor) {
    let (name, boot) = (descriptor.name.clone(), descriptor.boot_id);
    all.describe(ms(at), &name, descriptor);
    all.beat(ms(at), &name, ready(boot));
    all.look(ms(at));
}

fn standing(all: &Registry, name: &str) -> Standing {
    all.get(name).unwrap().standing.clone()
}

#[test]
fn a_station_is_asked_from_its_first_heartbeat_on_and_not_before() {
    let mut all = registry();
    all.describe(ms(0), "a", camera("a"));
    all.look(ms(1));
    assert_eq!(all.pick("inspect_surface", &[]), None);
    all.beat(ms(2), "a", ready(7));
    assert_eq!(all.look(ms(2)).len(), 1);
    assert_eq!(all.pick("inspect_surface", &[]), Some("a"));
    assert_eq!(all.pick("drive_screws", &[]), None);
}

#[test]
fn three_periods_of_silence_and_it_is_not_asked_until_it_speaks() {
    let mut all = joined(0, camera("a"));
    assert!(all.look(ms(4 * PERIOD)).is_empty(), "within three periods and some scheduling");
    assert_eq!(all.look(ms(4 * PERIOD + 1)).len(), 1);
    assert!(matches!(standing(&all, "a"), Standing::Silent(_)));
    assert!(all.why_nobody("inspect_surface", &[]).contains("a: no heartbeat for 0.4 s"));
    all.beat(ms(5 * PERIOD), "a", ready(7));
    all.look(ms(5 * PERIOD));
    assert_eq!(all.pick("inspect_surface", &[]), Some("a"));
}

#[test]
fn a_heartbeat_of_another_process_than_described_does_not_count() {
    let mut all = registry();
    all.describe(ms(0), "a", camera("a"));
    all.beat(ms(1), "a", ready(8));
    all.look(ms(1));
    assert!(matches!(standing(&all, "a"), Standing::Silent(_)));
}

#[test]
fn of_two_stations_with_one_id_the_first_keeps_it_while_it_lives() {
    let mut all = joined(0, camera("a"));
    let twin = Descriptor { id: "id_a".into(), boot_id: 9, ..camera("b") };
    join(&mut all, 10, twin);
    let Standing::Refused(refusal) = standing(&all, "b") else { panic!() };
    assert_eq!(refusal.to_string(), "id \"id_a\" belongs to station \"a\", which is alive");
    assert_eq!(all.pick("inspect_surface", &["a".into()]), None);
    // The first dies: its id is free.
    all.beat(ms(1000), "b", ready(9));
    all.look(ms(1000));
    assert_eq!(all.pick("inspect_surface", &[]), Some("b"));
}

#[test]
fn two_processes_under_one_name_are_refused_until_one_is_gone() {
    let mut all = joined(0, camera("a"));
    all.describe(ms(50), "a", Descriptor { boot_id: 8, ..camera("a") });
    for at in (60..=260).step_by(100) {
        all.beat(ms(at), "a", ready(8));
        all.beat(ms(at + 20), "a", ready(7));
    }
    all.look(ms(290));
    let Standing::Refused(Refusal::SameName { .. }) = standing(&all, "a") else {
        panic!("{:?}", standing(&all, "a"))
    };
    for at in (360..=900).step_by(100) {
        all.beat(ms(at), "a", ready(8));
    }
    all.look(ms(900));
    assert_eq!(standing(&all, "a"), Standing::Usable);
}

#[test]
fn a_station_that_starts_again_is_no_collision() {
    let mut all = joined(0, camera("a"));
    join(&mut all, 50, Descriptor { boot_id: 8, ..camera("a") });
    assert_eq!(standing(&all, "a"), Standing::Usable);
    assert!(!all.is_alive("a", 7), "whoever was asked is gone");
    assert!(all.is_alive("a", 8));
}

#[test]
fn three_failures_in_a_row_and_it_rests_and_gets_one_more_chance() {
    let mut all = joined(0, camera("a"));
    for _ in 0..2 {
        all.failed(ms(1), "a", "it hung");
    }
    all.look(ms(1));
    assert_eq!(standing(&all, "a"), Standing::Usable);
    all.failed(ms(2), "a", "it hung");
    all.look(ms(2));
    assert_eq!(standing(&all, "a").reason(), "failed 3 times in a row, rests: it hung");
    all.beat(ms(10_003), "a", ready(7));
    all.look(ms(10_003));
    assert_eq!(standing(&all, "a"), Standing::Usable);
    all.failed(ms(10_004), "a", "it hung");
    all.look(ms(10_004));
    assert!(matches!(standing(&all, "a"), Standing::Resting { .. }));
}

#[test]
fn whoever_failed_least_is_asked_first() {
    let mut all = joined(0, camera("a"));
    join(&mut all, 1, Descriptor { boot_id: 9, ..camera("b") });
    assert_eq!(all.pick("inspect_surface", &[]), Some("a"));
    all.failed(ms(2), "a", "it lied");
    assert_eq!(all.pick("inspect_surface", &[]), Some("b"));
    all.succeeded("a", 0.1);
    assert_eq!(all.pick("inspect_surface", &[]), Some("a"));
}

#[test]
fn a_busy_or_unready_station_is_not_asked() {
    let mut all = joined(0, camera("a"));
    for readiness in [Readiness::Busy, Readiness::NotReady("no light".into())] {
        all.beat(ms(1), "a", Beat { boot_id: 7, readiness });
        all.look(ms(1));
        assert_eq!(all.pick("inspect_surface", &[]), None);
    }
    assert!(all.why_nobody("inspect_surface", &[]).contains("no light"));
}

#[test]
fn a_flood_of_names_is_bounded() {
    let mut all = registry();
    for number in 0..1000 {
        let name = format!("s{number}");
        all.describe(ms(0), &name, camera(&name));
    }
    assert_eq!(all.all().count(), MOST);
}
