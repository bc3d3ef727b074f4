//! Jobs that are right, and jobs that are wrong with their lines.

use super::*;

const GOOD: &str = "\
name: inspect_and_sort
poses:
  home: {joints: [0.0, -0.5, 1.0, 0.0, 0.9, 0.0]}
  pick: {position: [0.4, -0.2, 0.1]}
objects:
  tray: {box: [0.2, 0.2, 0.02], position: [0.4, 0.3, 0.01]}
routines:
  away:
    - move_to: {object: tray}
      above: 0.1
    - release: {}
steps:
  - move_to: home
  - parts: 3
    steps:
      - move_to: pick
        line: true
        speed: 0.5
      - grip: {box: [0.03, 0.03, 0.02]}
      - call: inspect_surface
        with: {threshold: 0.2}
        deadline: 2.0
        fallback: [other_station, retry, set_aside]
      - branch:
          pass: [{run: away}]
          otherwise:
            - release: {}
    set_aside:
      - run: away
  - repeat: 2
    steps:
      - wait: 0.5
";

fn wrong(text: &str) -> String {
    Job::read(text).unwrap_err().to_string()
}

/// A job with these steps, the first on line 3.
fn steps(text: &str) -> String {
    format!("name: x\nsteps:\n{text}")
}

#[test]
fn a_right_job_becomes_a_program_that_knows_its_lines() {
    let job = Job::read(GOOD).unwrap();
    assert_eq!((job.name.as_str(), job.parts_planned, job.counters), ("inspect_and_sort", 3, 2));
    let acts = job.program.iter().filter_map(|it| match &it.work {
        Work::Act(act) => Some((it.line, act.name.as_str())),
        _ => None,
    });
    let acts: Vec<_> = acts.collect();
    assert_eq!(acts[0], (6, "place tray"));
    assert_eq!(acts[1], (13, "move to home"));
    assert!(acts.contains(&(20, "call inspect_surface")));
    // Run twice: after a good part and for one that is set aside.
    assert_eq!(acts.iter().filter(|act| **act == (9, "move to tray")).count(), 2);
}

#[test]
fn attempts_share_the_deadline_evenly() {
    let job = Job::read(GOOD).unwrap();
    let call = job.program.iter().find_map(|it| match &it.work {
        Work::Act(act) if matches!(act.action, Action::Call { .. }) => Some(act.clone()),
        _ => None,
    });
    let care = call.unwrap().care;
    assert_eq!((care.deadline, care.attempt), (2.0, 2.0 / 3.0));
    assert_eq!(care.then, [Fallback::OtherStation, Fallback::Retry]);
    let Fallback::SetAside(place) = care.last else { panic!("{:?}", care.last) };
    let aside = job.program[place..].iter().find_map(|it| match it.work {
        Work::PartAside(head) => Some(head),
        _ => None,
    });
    assert!(matches!(job.program[aside.unwrap()].work, Work::NextPart { times: 3, .. }));
}

#[test]
fn an_object_is_approached_on_its_top_from_above() {
    let job = Job::read(GOOD).unwrap();
    let target = job.program.iter().find_map(|it| match &it.work {
        Work::Act(act) if act.name == "move to tray" => Some(act.action.clone()),
        _ => None,
    });
    let Some(Action::MoveTo { target: Target::Pose(pose), .. }) = target else { panic!() };
    assert!((pose.position[2] - 0.12).abs() < 1e-12);
    assert_eq!(pose.quaternion, [0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let cases = [
        ("  - move_to: nowhere\n", "line 3: pose \"nowhere\" is not among []"),
        ("  - move_to: {object: tray}\n", "line 3: object \"tray\" is not among []"),
        ("  - run: away\n", "line 3: routine \"away\" is not among []"),
        ("  - wait: 1\n  - dance: 1\n", "line 4: a step does exactly one of"),
        ("  - wait: 1\n    call: see\n", "line 3: a step does exactly one of"),
        ("  - wait: 1\n    speed: 2\n", "line 4: \"speed\" means nothing beside \"wait\""),
        ("  - wait: NaN\n", "line 3: expected a finite number, found \"NaN\""),
        ("  - wait: -1\n", "line 3: -1 is not from 0 to 86400"),
        ("  - call: See\n", "line 3: \"See\" is no name"),
        ("  - call: see\n    deadline: 0\n", "line 4: 0 is not from 0.01"),
        ("  - call: see\n    deadline: 1\n    attempt: 2\n", "line 5: an attempt of 2 s"),
        ("  - call: see\n    fallback: [skip, retry]\n", "line 4: \"retry\" comes after \"skip\""),
        ("  - call: see\n    fallback: pray\n", "line 4: \"pray\" is none of"),
        ("  - call: see\n    fallback: set_aside\n", "line 4: set_aside needs a part"),
        ("  - wait: 1\n  - grip: {box: [1, 1, 1]}\n", "line 4: there is no part to grip"),
        ("  - branch: {pass: []}\n", "line 3: there is no part to judge"),
        ("  - repeat: 0\n    steps: []\n", "line 3: nothing in this loop takes time"),
        ("  - repeat: 1.5\n    steps: []\n", "line 3: expected a whole number"),
        ("  - repeat: 2\n", "line 3: \"steps\" is missing"),
        ("  - move_to: {joints: [1, 2]}\n", "line 3: 2 numbers, expected 6"),
        (
            "  - move_to: {position: [1, 2, 3], rpy: [0, 0, 0], quaternion: [0, 0, 0, 1]}\n",
            "line 3:",
        ),
        ("  - move_to: {position: [0, 0, 0], quaternion: [0, 0, 0, 0]}\n", "line 3: 0 is not from"),
        (
            "  - move_to: {joints: [0, 0, 0, 0, 0, 0]}\n    above: 1\n",
            "line 4: \"above\" means nothing",
        ),
        (
            "  - move_to: {joints: [0, 0, 0, 0, 0, 0]}\n    fallback: other_station\n",
            "line 4: other_station needs",
        ),
    ];
    for (text, expected) in cases {
        let said = wrong(&steps(text));
        assert!(said.starts_with(expected), "{text}: {said}");
    }
}

#[test]
fn routines_that_run_each_other_are_refused_also_when_nobody_runs_them() {
    let text = "name: x\nroutines:\n  a:\n    - run: b\n  b:\n    - run: a\nsteps:\n  - wait: 1\n";
    assert_eq!(wrong(text), "line 6: routines run each other in a circle: a -> b -> a");
}

#[test]
fn routines_that_multiply_are_refused_before_memory_is_full() {
    let mut text = "name: x\nroutines:\n  r0:\n    - wait: 1\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        text.push_str(&format!("  r{level}:\n    - run: r{below}\n    - run: r{below}\n"));
    }
    text.push_str("steps:\n  - run: r39\n");
    assert!(wrong(&text).contains("more than 20000 steps"), "{}", wrong(&text));
}

#[test]
fn parts_within_parts_and_setting_aside_what_is_aside_are_refused() {
    let nested = "  - parts: 1\n    steps:\n      - parts: 1\n        steps: [{wait: 1}]\n";
    assert!(wrong(&steps(nested)).starts_with("line 5: a part cannot"));
    let twice = "  - parts: 1\n    steps: [{wait: 1}]\n    set_aside:\n      - call: see\n        \
                 fallback: set_aside\n";
    assert!(
        wrong(&steps(twice)).starts_with("line 7: set_aside needs"),
        "{}",
        wrong(&steps(twice))
    );
}
