//! Nothing that parry calls colliding is called free: not a configuration, not a motion, on no number
//! of lanes.

mod support;

use collision::{Checker, Lanes, Load, Pose, Scene, Shape, Tally, Truth};
use support::{arm, configuration, rng, scene, single};

const WIDTHS: [Lanes; 3] = [Lanes::Sixteen, Lanes::Eight, Lanes::Four];

#[test]
fn configuration_that_touches_in_truth_is_never_free() {
    let robot = arm();
    let mut found = [0, 0];
    for seed in 0..40 {
        let scene = scene(seed, 6);
        let checker = Checker::new(&robot, &scene).unwrap();
        let truth = Truth::new(&robot, &scene);
        let mut rng = rng(seed);
        for _ in 0..250 {
            let at = configuration(&robot, &mut rng);
            let free = checker.is_free(&single(&at));
            let touching = truth.collision(&at);
            found[usize::from(free)] += 1;
            assert!(!(free && touching.is_some()), "{at:?} is free, yet {touching:?} touch");
        }
    }
    // Both answers occur, so the test can fail.
    assert!(found[0] > 500 && found[1] > 500, "{found:?}");
}

#[test]
fn motion_that_touches_anywhere_in_truth_is_never_free() {
    let robot = arm();
    let mut found = [0, 0];
    for seed in 100..130 {
        let scene = scene(seed, 5);
        let truth = Truth::new(&robot, &scene);
        let checker = Checker::new(&robot, &scene).unwrap();
        let mut rng = rng(seed);
        for _ in 0..30 {
            let (from, to) = (configuration(&robot, &mut rng), configuration(&robot, &mut rng));
            // Short ones, too: most of the long ones are blocked.
            let to: Vec<f64> = from.iter().zip(&to).map(|(a, b)| a + (b - a) * 0.2).collect();
            let free = checker.is_motion_free(&single(&from), &single(&to), &mut Tally::default());
            found[usize::from(free)] += 1;
            for step in (0..=400).filter(|_| free) {
                let share = f64::from(step) / 400.0;
                let at: Vec<f64> = from.iter().zip(&to).map(|(a, b)| a + (b - a) * share).collect();
                let touching = truth.collision(&at);
                assert!(touching.is_none(), "{at:?} is on a free motion, yet {touching:?} touch");
            }
        }
    }
    assert!(found[0] > 100 && found[1] > 100, "{found:?}");
}

#[test]
fn every_width_gives_the_same_answers() {
    let robot = arm();
    let scene = scene(7, 8);
    let checkers = WIDTHS.map(|w| Checker::new(&robot, &scene).unwrap().with_lanes(w));
    let mut rng = rng(7);
    for _ in 0..500 {
        let (from, to) = (configuration(&robot, &mut rng), configuration(&robot, &mut rng));
        let (from, to) = (single(&from), single(&to));
        let free = checkers.each_ref().map(|c| c.is_free(&from));
        assert!(free == [free[0]; 3], "{from:?}: {free:?}");
        // The places on a motion differ with the width; a difference is only possible within the
        // margins, which none of these happens to meet.
        let free = checkers.each_ref().map(|c| c.is_motion_free(&from, &to, &mut Tally::default()));
        assert!(free == [free[0]; 3], "{from:?} to {to:?}: {free:?}");
    }
}

#[test]
fn free_is_not_said_of_less_than_the_spheres_allow() {
    // The fast check agrees with the slow look at every sphere, but for rounding.
    let robot = arm();
    let mut close = 0;
    for seed in 200..220 {
        let scene = scene(seed, 6);
        let checker = Checker::new(&robot, &scene).unwrap();
        let mut rng = rng(seed);
        for _ in 0..200 {
            let at = configuration(&robot, &mut rng);
            let distance = checker.nearest(&at).unwrap().distance;
            if distance.abs() < 1e-4 {
                close += 1;
                continue;
            }
            assert_eq!(checker.is_free(&single(&at)), distance > 0.0, "{at:?}: {distance}");
        }
    }
    assert!(close < 50);
}

#[test]
fn what_is_attached_is_checked_and_gone_when_removed() {
    let robot = arm();
    let upright = [0.0, 0.0, -1.57, 0.0, 0.0, 0.0];
    let mut scene = Scene::new();
    let ceiling = Shape::cuboid("ceiling", [0.5, 0.5, 0.02]).unwrap();
    scene.add("ceiling", Pose::translation(0.0, 0.0, 1.4), ceiling).unwrap();
    let is_free = |scene: &Scene| Checker::new(&robot, scene).unwrap().is_free(&single(&upright));
    assert!(is_free(&scene));
    let rod = Shape::cylinder("rod", 0.01, 0.4).unwrap();
    let pose = Pose::translation(0.0, 0.0, 0.2);
    let load = Load { link: "tool0", pose, shape: rod, touch: &["link_6"] };
    scene.attach(&robot, "rod", load).unwrap();
    assert!(!is_free(&scene));
    let contact = Checker::new(&robot, &scene).unwrap().contact(&upright).unwrap();
    assert_eq!((contact.first.as_str(), contact.second.as_str()), ("rod", "ceiling"));
    scene.remove("rod").unwrap();
    assert!(is_free(&scene));
}

#[test]
fn object_taken_and_released_comes_to_lie_where_the_hand_is() {
    let robot = arm();
    let home = [0.0, 0.0, 0.0, 0.0, 1.57, 0.0];
    let mut scene = Scene::new();
    let tip = robot.tip_pose(&home);
    let shape = Shape::sphere("ball", 0.02).unwrap();
    scene.add("ball", tip * Pose::translation(0.0, 0.0, 0.05), shape).unwrap();
    scene.take(&robot, "ball", ("tool0", &["link_6"]), &home).unwrap();
    assert!(scene.objects().is_empty() && scene.attached().len() == 1);
    let turned = [1.0, 0.0, 0.0, 0.0, 1.57, 0.0];
    scene.release(&robot, "ball", &turned).unwrap();
    let expected = robot.tip_pose(&turned) * Pose::translation(0.0, 0.0, 0.05);
    let lies = scene.objects()["ball"].pose;
    assert!((lies.translation.vector - expected.translation.vector).norm() < 1e-9);
}

#[test]
fn padding_keeps_a_link_away() {
    let robot = arm();
    let home = [0.0, 0.0, 0.0, 0.0, 1.57, 0.0];
    let mut scene = Scene::new();
    let tip = robot.tip_pose(&home).translation.vector;
    let shape = Shape::sphere("ball", 0.02).unwrap();
    scene.add("ball", Pose::translation(tip.x, tip.y, tip.z - 0.04), shape).unwrap();
    let distance = |scene: &Scene| {
        let checker = Checker::new(&robot, scene).unwrap();
        assert_eq!(checker.is_free(&single(&home)), checker.contact(&home).is_none());
        checker.nearest(&home).unwrap()
    };
    let bare = distance(&scene);
    assert!(bare.distance > 0.0 && bare.first == "link_6", "{bare}");
    scene.pad("link_6", 0.1).unwrap();
    assert!((distance(&scene).distance - (bare.distance - 0.1)).abs() < 1e-6);
    assert!(scene.pad("link_6", -0.1).is_err() && scene.pad("link_6", f64::NAN).is_err());
}
