//! The numeric solver: any serial arm, within limits, the same answer for the same question.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a test

mod support;

use arm_model::ik::{Family, Ik, IkError, NumericSettings, Posture, Singularity};
use arm_model::{ArmModel, JointVector, Pose};
use support::{Joint, Random, apart};

/// Solves poses from random references; how many it did not.
fn failures<const N: usize>(arm: &ArmModel<N>, count: usize) -> usize {
    let ik = Ik::new(arm).forced_numeric();
    let mut random = Random::new(3);
    let fails = |_: &usize| {
        let pose = arm.forward_kinematics(&random.joints(arm));
        let Ok(found) = ik.solve(&pose, &random.joints(arm)) else { return true };
        assert!(apart(&arm.forward_kinematics(&found.joints), &pose) < 2e-9, "{found:?}");
        for (q, limits) in found.joints.iter().zip(arm.limits()) {
            assert!(*q >= limits.lower && *q <= limits.upper, "{found:?}");
        }
        false
    };
    (0..count).filter(fails).count()
}

#[test]
fn nine_hundred_and_ninety_nine_of_a_thousand_poses_are_found() {
    assert!(failures(&support::panda(), 3000) <= 3);
    assert!(failures(&support::skewed(), 3000) <= 3);
    assert!(failures(&support::ur5(), 3000) <= 3);
    assert!(failures(&support::puma560(), 3000) <= 3);
}

#[test]
fn arm_of_no_family_says_what_is_missing() {
    let ik = Ik::new(&support::skewed());
    assert_eq!(ik.family(), Family::Numeric);
    assert!(ik.why().contains("axes 2 and 3 are not parallel"), "{}", ik.why());
    let ik = Ik::new(&support::panda());
    assert_eq!(ik.family(), Family::Numeric);
    assert!(ik.why().contains("7 joints"), "{}", ik.why());
}

#[test]
fn same_question_gets_the_same_answer_and_the_seed_may_change_it() {
    let arm = support::panda();
    let mut random = Random::new(11);
    let ask = |seed: u64, pose: &Pose, near: &JointVector<7>| {
        let settings = NumericSettings { seed, ..NumericSettings::default() };
        Ik::new(&arm).with_settings(settings).solve(pose, near).unwrap().joints
    };
    let mut differ = 0;
    for _ in 0..100 {
        let pose = arm.forward_kinematics(&random.joints(&arm));
        let near = random.joints(&arm);
        assert_eq!(ask(1, &pose, &near), ask(1, &pose, &near));
        differ += usize::from(ask(1, &pose, &near) != ask(2, &pose, &near));
    }
    assert!(differ > 0, "the seed is not used");
}

#[test]
fn redundant_arm_takes_the_posture_that_is_wanted() {
    let arm = support::panda();
    let ready = JointVector::from([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]);
    let mut random = Random::new(2);
    let (mut nearer, mut count) = (0, 0);
    for _ in 0..200 {
        let goal = JointVector::<7>::from_fn(|i, _| ready[i] + random.within(-0.3, 0.3));
        let pose = arm.forward_kinematics(&goal);
        let start = random.joints(&arm);
        let solve = |posture| {
            let settings = NumericSettings { posture, ..NumericSettings::default() };
            Ik::new(&arm).with_settings(settings).solve(&pose, &start)
        };
        let (Ok(any), Ok(at)) = (solve(Posture::Any), solve(Posture::At(ready))) else { continue };
        let off = |q: &JointVector<7>| (q - ready).norm();
        assert!(off(&at.joints) <= off(&any.joints) + 1e-9);
        assert!(apart(&arm.forward_kinematics(&at.joints), &pose) < 2e-9);
        nearer += usize::from(off(&at.joints) < off(&any.joints) - 0.01);
        count += 1;
    }
    assert!(nearer * 2 > count, "{nearer} of {count}");
}

#[test]
fn several_starts_find_several_solutions() {
    // Of eight that there are.
    let arm = support::ur5();
    let ik = Ik::new(&arm).forced_numeric();
    let q = JointVector::from([0.1, -1.4, 0.9, 1.0, -1.0, 0.3]);
    let pose = arm.forward_kinematics(&q);
    let found = ik.solve_all(&pose, &q).unwrap();
    assert!((found.nearest().joints - q).amax() < 1e-6);
    for (i, solution) in found.as_slice().iter().enumerate() {
        assert!(apart(&arm.forward_kinematics(&solution.joints), &pose) < 2e-9);
        let others = &found.as_slice()[..i];
        assert!(others.iter().all(|o| (o.joints - solution.joints).amax() > 1e-6));
    }
    assert!(found.as_slice().len() > 3, "{found:?}");
}

#[test]
fn pose_out_of_reach_is_refused_with_how_near_it_came() {
    let ik = Ik::new(&support::panda());
    let far = Pose::translation(1.5, 0.0, 0.4);
    match ik.solve(&far, &JointVector::zeros()) {
        Err(e @ IkError::NotFound { position, starts, .. }) => {
            assert!(position > 0.3 && starts > 5, "{e}");
            assert!(e.to_string().contains("starts"), "{e}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn stretched_arm_without_closed_form_is_called_singular() {
    let ik = Ik::new(&support::panda());
    // Joints 1, 3 and 5 in line.
    let q = JointVector::from([0.2, 0.0, 0.1, -0.0698, 0.0, 0.5, 0.3]);
    let bent = JointVector::from([0.2, 0.5, 0.1, -1.5, 0.3, 1.5, 0.3]);
    assert_eq!(ik.closeness(&q).singularity, Singularity::Other);
    assert!(ik.closeness(&q).margin < ik.closeness(&bent).margin / 3.0);
}

#[test]
fn arm_of_two_joints_finds_the_poses_that_it_has() {
    let joint = |xyz, axis| Joint { xyz, rpy: [0.0; 3], axis, limits: (-2.0, 2.0) };
    let joints = [joint([0.0; 3], [0.0, 0.0, 1.0]), joint([0.3, 0.0, 0.1], [0.0, 1.0, 0.0])];
    let text = support::chain(&joints, ([0.2, 0.0, 0.0], [0.0; 3]));
    let arm = ArmModel::<2>::from_urdf(&text, "base", "tip").unwrap();
    let ik = Ik::new(&arm);
    let mut random = Random::new(1);
    for _ in 0..100 {
        let q = random.joints(&arm);
        let found = ik.solve(&arm.forward_kinematics(&q), &JointVector::zeros()).unwrap();
        assert!((found.joints - q).amax() < 1e-6);
    }
}
