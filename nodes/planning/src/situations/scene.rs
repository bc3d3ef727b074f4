//! Changes of what is around the arm and in its hand.

use super::{HOME, at, down, pose, refusal, to_pose};
use crate::Code;
use crate::question::{Edit, FramedPose, RawShape};

#[test]
fn a_change_of_the_scene_is_whole_or_not_at_all() {
    let mut world = at(HOME);
    let before = world.planning.revision();
    let bad = RawShape { kind: 1, dimensions: vec![0.1], ..RawShape::default() };
    let error = world.edit(&Edit::Add("box".into(), bad, pose([0.5, 0.0, 0.5]))).unwrap_err();
    assert!(error.to_string().contains("1 dimensions, its shape needs 3"), "{error}");
    let unknown = Edit::Attach {
        name: "box".into(),
        shape: RawShape { kind: 0, dimensions: vec![0.02], ..RawShape::default() },
        pose: pose([0.0; 3]),
        link: "claw".into(),
        touch: vec![],
    };
    assert!(world.edit(&unknown).unwrap_err().to_string().contains("claw"));
    assert!(world.edit(&Edit::Remove("box".into())).is_err());
    assert!(world.edit(&Edit::Unknown(77)).is_err());
    assert_eq!(world.planning.revision(), before);
    world.post();
    assert_eq!(world.planning.revision(), before + 1);
    assert!(world.edit(&Edit::Move("post".into(), FramedPose::default())).is_err());
    world.edit(&Edit::Clear).unwrap();
    assert_eq!(world.planning.scene().objects().keys().collect::<Vec<_>>(), ["floor"]);
}

#[test]
fn a_stick_in_the_hand_is_kept_out_of_the_floor_until_it_is_let_go() {
    let mut world = at(HOME);
    let target = to_pose(down([0.45, 0.0, 0.15]));
    assert!(world.plan(target.clone(), &[]).is_ok());
    let stick = RawShape { kind: 2, dimensions: vec![0.01, 0.3], ..RawShape::default() };
    let attach = Edit::Attach {
        name: "stick".into(),
        shape: stick,
        pose: pose([0.0, 0.0, 0.2]),
        link: String::new(),
        touch: vec!["link_6".into(), "link_5".into()],
    };
    world.edit(&attach).unwrap();
    let (code, text) = refusal(world.plan(target.clone(), &[]));
    assert_eq!(code, Code::GoalInCollision, "{text}");
    assert!(text.contains("'stick'") && text.contains("'floor'"), "{text}");
    world.edit(&Edit::Detach("stick".into())).unwrap();
    assert!(world.planning.scene().objects().contains_key("stick"));
}
