//! Descriptions that are wrong in one place each, made from one that is right.

use super::*;

/// Two joints, a massless tip on a fixed joint, and a lamp off the chain.
const GOOD: &str = r#"<robot name="two">
  <link name="base"/>
  <joint name="j1" type="revolute">
    <parent link="base"/><child link="l1"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="2" effort="50" velocity="3"/>
  </joint>
  <link name="l1"><inertial><origin xyz="0.1 0 0"/><mass value="2"/>
    <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.02" iyz="0" izz="0.02"/></inertial></link>
  <joint name="j2" type="revolute">
    <origin xyz="0.3 0 0"/><parent link="l1"/><child link="l2"/><axis xyz="0 1 0"/>
    <limit lower="-2" upper="1" effort="20" velocity="4"/>
  </joint>
  <link name="l2"><inertial><origin xyz="0.2 0 0"/><mass value="1"/>
    <inertia ixx="0.001" ixy="0" ixz="0" iyy="0.003" iyz="0" izz="0.003"/></inertial></link>
  <joint name="l2-tip" type="fixed">
    <origin xyz="0.4 0 0"/><parent link="l2"/><child link="tip"/>
  </joint>
  <link name="tip"/>
  <joint name="l1-lamp" type="fixed">
    <parent link="l1"/><child link="lamp"/>
  </joint>
  <link name="lamp"/>
</robot>"#;

fn build(urdf: &str) -> Result<ArmModel<2>, ModelError> {
    ArmModel::from_urdf(urdf, "base", "tip")
}

/// What is said of the good description with one piece of text replaced.
fn refusal(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    build(&GOOD.replacen(from, to, 1)).unwrap_err().to_string()
}

#[track_caller]
fn assert_refused(from: &str, to: &str, words: &[&str]) {
    let said = refusal(from, to);
    assert!(words.iter().all(|w| said.contains(w)), "{said}");
}

#[test]
fn good_description_gives_names_limits_and_frames() {
    let arm = build(GOOD).unwrap();
    assert_eq!(*arm.joint_names(), ["j1", "j2"]);
    assert_eq!(*arm.link_names(), ["l1", "l2"]);
    let first = JointLimits { lower: -1.0, upper: 2.0, velocity: 3.0, effort: 50.0 };
    assert_eq!(arm.limits()[0], first);
    let fixed: Vec<bool> = arm.frames().iter().map(Frame::is_fixed).collect();
    assert_eq!(fixed, [false, false, true, true]);
    let tip = arm.forward_kinematics(&JointVector::zeros()).translation.vector;
    assert!((tip - Vector3::new(0.7, 0.0, 0.0)).norm() < 1e-15);
}

#[test]
fn base_in_the_middle_makes_a_shorter_arm() {
    let arm = ArmModel::<1>::from_urdf(
        &GOOD.replacen(r#""j1" type="revolute""#, r#""j1" type="fixed""#, 1),
        "l1",
        "tip",
    )
    .unwrap();
    let tip = arm.forward_kinematics(&JointVector::zeros()).translation.vector;
    assert!((tip - Vector3::new(0.7, 0.0, 0.0)).norm() < 1e-15);
}

#[test]
fn text_that_is_not_a_urdf_is_refused() {
    assert!(matches!(build("<robot"), Err(ModelError::Unreadable(_))));
    assert!(matches!(build(""), Err(ModelError::Unreadable(_))));
}

#[test]
fn unknown_base_tip_or_parent_is_named() {
    let wrong = |base, tip| ArmModel::<2>::from_urdf(GOOD, base, tip).unwrap_err().to_string();
    assert!(wrong("floor", "tip").contains("base setting names link 'floor'"));
    assert!(wrong("base", "hand").contains("tip setting names link 'hand'"));
    assert_refused(r#"parent link="l2""#, r#"parent link="l9""#, &["'l2-tip'", "'l9'"]);
}

#[test]
fn tip_that_does_not_hang_on_the_base_is_refused() {
    let upside_down = ArmModel::<2>::from_urdf(GOOD, "tip", "base").unwrap_err();
    assert!(matches!(upside_down, ModelError::NotConnected { end, .. } if end == "base"));
}

#[test]
fn link_with_two_parents_is_refused() {
    assert_refused(r#"child link="lamp""#, r#"child link="l2""#, &["'l2'", "'j2'", "'l1-lamp'"]);
}

#[test]
fn ring_of_joints_is_refused() {
    assert_refused(r#"parent link="base""#, r#"parent link="l2""#, &["ring"]);
    // A ring beside the chain, and a link that hangs on it.
    assert_refused(
        r#"<link name="lamp"/>"#,
        r#"<link name="lamp"/><link name="a"/><link name="b"/><link name="c"/>
           <joint name="ab" type="fixed"><parent link="a"/><child link="b"/></joint>
           <joint name="ba" type="fixed"><parent link="b"/><child link="a"/></joint>
           <joint name="bc" type="fixed"><parent link="b"/><child link="c"/></joint>"#,
        &["ring"],
    );
}

#[test]
fn duplicate_names_are_refused() {
    assert_refused(r#"link name="lamp""#, r#"link name="tip""#, &["two links", "'tip'"]);
    assert_refused(r#""l1-lamp""#, r#""j1""#, &["two joints", "'j1'"]);
}

#[test]
fn wrong_number_of_joints_is_refused_with_their_names() {
    let said = ArmModel::<6>::from_urdf(GOOD, "base", "tip").unwrap_err().to_string();
    assert!(said.contains("2 revolute joints (j1, j2), expected 6"), "{said}");
}

#[test]
fn joint_types_that_are_not_supported_are_named() {
    let second = r#""j2" type="revolute""#;
    assert_refused(second, r#""j2" type="continuous""#, &["'j2'", "continuous", "limits"]);
    assert_refused(second, r#""j2" type="prismatic""#, &["'j2'", "prismatic"]);
    assert_refused(second, r#""j2" type="floating""#, &["'j2'", "floating"]);
    let lamp = r#""l1-lamp" type="fixed""#;
    assert_refused(lamp, r#""l1-lamp" type="continuous""#, &["'l1-lamp'", "make it fixed"]);
}

#[test]
fn mimic_joint_is_refused() {
    let mimic = r#"<axis xyz="0 1 0"/><mimic joint="j1"/>"#;
    assert_refused(r#"<axis xyz="0 1 0"/>"#, mimic, &["'j2'", "'j1'", "mimic"]);
}

#[test]
fn limits_without_room_are_refused() {
    assert_refused(
        r#"lower="-2" upper="1""#,
        r#"lower="2" upper="1""#,
        &["'j2'", "2 rad", "1 rad"],
    );
    assert_refused(r#"lower="-2" upper="1""#, r#"lower="1" upper="1""#, &["'j2'"]);
    assert_refused(r#"upper="1""#, r#"upper="inf""#, &["'j2'", "position limit", "inf"]);
    assert_refused(r#"velocity="4""#, r#"velocity="0""#, &["'j2'", "velocity limit is 0"]);
    assert_refused(r#"effort="20""#, r#"effort="-5""#, &["'j2'", "effort limit is -5"]);
    assert_refused(r#"effort="20""#, r#"effort="NaN""#, &["'j2'", "effort limit is NaN"]);
    let limit = r#"<limit lower="-2" upper="1" effort="20" velocity="4"/>"#;
    assert_refused(limit, "", &["'j2'", "lower limit"]);
}

#[test]
fn axis_without_direction_is_refused() {
    assert_refused(r#"xyz="0 1 0""#, r#"xyz="0 0 0""#, &["'j2'", "axis is zero"]);
    assert_refused(r#"xyz="0 1 0""#, r#"xyz="0 NaN 0""#, &["'j2'", "axis is NaN"]);
}

#[test]
fn origin_that_is_not_finite_is_refused() {
    assert_refused(r#"xyz="0.3 0 0""#, r#"xyz="0.3 inf 0""#, &["joint 'j2'", "origin is inf"]);
    assert_refused(r#"xyz="0.2 0 0""#, r#"xyz="NaN 0 0""#, &["link 'l2'", "inertial origin"]);
}

#[test]
fn mass_that_cannot_be_is_refused() {
    assert_refused(r#"value="1""#, r#"value="0""#, &["link 'l2'", "mass is 0"]);
    assert_refused(r#"value="1""#, r#"value="-1""#, &["link 'l2'", "mass is -1"]);
    assert_refused(r#"value="1""#, r#"value="inf""#, &["link 'l2'", "mass is inf"]);
}

#[test]
fn inertia_that_cannot_be_is_refused() {
    assert_refused(r#"ixx="0.001""#, r#"ixx="-0.001""#, &["link 'l2'", "impossible"]);
    assert_refused(r#"ixx="0.001""#, r#"ixx="0.007""#, &["link 'l2'", "0.007"]);
    assert_refused(r#"ixx="0.001" ixy="0""#, r#"ixx="0.001" ixy="NaN""#, &["link 'l2'", "inertia"]);
}

#[test]
fn moving_link_without_inertial_is_refused_unless_something_fixed_to_it_has_one() {
    let start = GOOD.find(r#"<link name="l2">"#).unwrap();
    let end = start + GOOD.get(start..).unwrap().find("</link>").unwrap() + "</link>".len();
    let bare = [&GOOD[..start], r#"<link name="l2"/>"#, &GOOD[end..]].concat();
    let said = build(&bare).unwrap_err().to_string();
    assert!(said.contains("'l2'") && said.contains("<inertial>"), "{said}");

    let inertial = GOOD[start..end].replace("l2", "tip");
    let on_tip = bare.replace(r#"<link name="tip"/>"#, &inertial);
    assert_eq!(build(&on_tip).unwrap().bodies[1].inertia.mass, 1.0);
}
