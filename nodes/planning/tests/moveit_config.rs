//! Package armature_moveit_config against the robot description and the parameters of the arm: MoveIt
//! itself is not at hand here, so what it would trip over is looked for by name.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}")).unwrap()
}

fn yaml<T: for<'a> Deserialize<'a>>(path: &str) -> T {
    serde_norway::from_str(&text(path)).map_err(|error| format!("{path}: {error}")).unwrap()
}

fn urdf() -> urdf_rs::Robot {
    urdf_rs::read_from_string(&text("config/description/armature.urdf")).unwrap()
}

/// Parameter files of nodes: everything hangs below two keys.
#[derive(Deserialize)]
struct Parameters<T> {
    #[serde(rename = "/**")]
    all: Ros<T>,
}

#[derive(Deserialize)]
struct Ros<T> {
    #[serde(rename = "ros__parameters")]
    own: T,
}

#[derive(Deserialize)]
struct ArmFile {
    arm: ArmKeys,
}

#[derive(Deserialize)]
struct ArmKeys {
    joints: Vec<String>,
    base_link: String,
    tip_link: String,
    acceleration: BTreeMap<String, f64>,
}

fn arm() -> ArmKeys {
    yaml::<Parameters<ArmFile>>("config/arm.yaml").all.own.arm
}

#[derive(Deserialize)]
struct LimitsFile {
    default_velocity_scaling_factor: f64,
    default_acceleration_scaling_factor: f64,
    joint_limits: BTreeMap<String, Limit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    has_acceleration_limits: bool,
    max_acceleration: f64,
    has_jerk_limits: bool,
    max_jerk: f64,
}

#[test]
fn joint_limits_are_those_of_the_arm_and_of_planning() {
    let limits: LimitsFile = yaml("config/description/joint_limits.yaml");
    let arm = arm();
    let planning: planning::Config =
        yaml::<Parameters<planning::Config>>("config/planning.yaml").all.own;
    let names: BTreeSet<&String> = arm.joints.iter().collect();
    assert_eq!(limits.joint_limits.keys().collect::<BTreeSet<_>>(), names);
    for (joint, limit) in &limits.joint_limits {
        assert!(limit.has_acceleration_limits && limit.has_jerk_limits, "{joint}");
        assert_eq!(limit.max_acceleration, arm.acceleration[joint], "{joint}");
        assert_eq!(limit.max_jerk, planning.jerk[joint], "{joint}");
    }
    for factor in
        [limits.default_velocity_scaling_factor, limits.default_acceleration_scaling_factor]
    {
        assert!(factor > 0.0 && factor <= 1.0);
    }
}

#[test]
fn the_file_of_planning_says_what_its_comments_call_default() {
    let file = yaml::<Parameters<planning::Config>>("config/planning.yaml").all.own;
    assert_eq!(file, planning::Config::default());
}

#[test]
fn the_semantic_description_names_only_what_the_robot_has() {
    let (robot, arm, srdf) = (urdf(), arm(), text("config/description/armature.srdf"));
    let links: BTreeSet<&str> = robot.links.iter().map(|link| link.name.as_str()).collect();
    let document = roxmltree::Document::parse(&srdf).unwrap();
    let top = document.root_element();
    assert_eq!(top.attribute("name"), Some(robot.name.as_str()));
    for node in document.descendants() {
        for attribute in ["base_link", "tip_link", "parent_link", "link1", "link2"] {
            if let Some(link) = node.attribute(attribute) {
                assert!(links.contains(link), "{attribute} {link}");
            }
        }
        if node.has_tag_name("link") {
            assert!(links.contains(node.attribute("name").unwrap()));
        }
    }
    let chain = document.descendants().find(|node| node.has_tag_name("chain")).unwrap();
    assert_eq!(chain.attribute("base_link"), Some(arm.base_link.as_str()));
    assert_eq!(chain.attribute("tip_link"), Some(arm.tip_link.as_str()));
    assert_eq!(chain.parent().unwrap().attribute("name"), Some("arm"));
}

#[test]
fn named_positions_are_complete_and_within_the_limits() {
    let (robot, arm, srdf) = (urdf(), arm(), text("config/description/armature.srdf"));
    let document = roxmltree::Document::parse(&srdf).unwrap();
    let states: Vec<_> =
        document.descendants().filter(|node| node.has_tag_name("group_state")).collect();
    assert!(!states.is_empty());
    for state in states {
        let joints: Vec<_> = state.children().filter(|node| node.has_tag_name("joint")).collect();
        let names: Vec<&str> = joints.iter().map(|node| node.attribute("name").unwrap()).collect();
        assert_eq!(names, arm.joints, "{:?}", state.attribute("name"));
        for node in joints {
            let name = node.attribute("name").unwrap();
            let value: f64 = node.attribute("value").unwrap().parse().unwrap();
            let joint = robot.joints.iter().find(|joint| joint.name == name).unwrap();
            assert!((joint.limit.lower..=joint.limit.upper).contains(&value), "{name} {value}");
        }
    }
}

#[derive(Deserialize)]
struct Controllers {
    moveit_simple_controller_manager: BTreeMap<String, serde_norway::Value>,
}

#[derive(Deserialize)]
struct Controller {
    action_ns: String,
    #[serde(rename = "type")]
    kind: String,
    joints: Vec<String>,
}

#[test]
fn the_controller_is_the_action_that_motion_serves() {
    let file: Controllers = yaml("moveit_config/config/moveit_controllers.yaml");
    let manager = file.moveit_simple_controller_manager;
    let names: Vec<String> = serde_norway::from_value(manager["controller_names"].clone()).unwrap();
    assert_eq!(names, ["arm_controller"]);
    let Controller { action_ns, kind, joints } =
        serde_norway::from_value(manager["arm_controller"].clone()).unwrap();
    let served = vocabulary::topics::planning_service::FOLLOW;
    assert_eq!(format!("arm_controller/{action_ns}"), served);
    assert_eq!((kind.as_str(), joints), ("FollowJointTrajectory", arm().joints));
}

#[test]
fn kinematics_are_for_a_group_of_the_semantic_description() {
    let groups: BTreeMap<String, BTreeMap<String, serde_norway::Value>> =
        yaml("moveit_config/config/kinematics.yaml");
    let srdf = text("config/description/armature.srdf");
    let document = roxmltree::Document::parse(&srdf).unwrap();
    let chains = document.descendants().filter(|node| node.has_tag_name("chain"));
    let known: Vec<&str> = chains.filter_map(|c| c.parent()?.attribute("name")).collect();
    assert_eq!(groups.keys().map(String::as_str).collect::<Vec<_>>(), known);
    assert!(groups.values().all(|group| group.contains_key("kinematics_solver")));
}

#[test]
fn the_files_that_are_installed_are_there() {
    let cmake = text("moveit_config/CMakeLists.txt");
    let installed = cmake.lines().filter_map(|line| line.trim().strip_prefix("${description}/"));
    let installed: Vec<&str> = installed.collect();
    assert!(installed.len() >= 3);
    for file in installed {
        assert!(root().join("config/description").join(file).exists(), "{file}");
    }
}
