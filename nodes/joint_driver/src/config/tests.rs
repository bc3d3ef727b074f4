use super::*;

fn arm() -> Arm {
    let names = (1..=6).map(|n| format!("joint_{n}")).collect();
    let limits =
        JointLimits { lower: -2.0, upper: 2.0, velocity: 2.0, acceleration: 8.0, effort: 20.0 };
    Arm { order: JointOrder::new(names).unwrap(), limits: [limits; 6] }
}

fn refused(change: impl FnOnce(&mut Config)) -> String {
    let mut config = Config::default();
    change(&mut config);
    config.validate(&arm()).unwrap_err().to_string()
}

fn drive(config: &mut Config, joint: &str) -> DriveConfig {
    config.drives.get(joint).unwrap().clone()
}

#[test]
fn the_default_drives_the_simulated_arm() {
    let config = Config::default();
    assert_eq!(config.validate(&arm()), Ok(()));
    let nodes: Vec<_> = config.driven(&arm()).unwrap().iter().map(|d| d.drive.node_id).collect();
    assert_eq!(nodes, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn each_bad_key_is_named_with_what_is_allowed() {
    let text = refused(|c| c.max_valid_for = 0.6);
    assert_eq!(text, "parameter max_valid_for = 0.6 is out of range: 0.001 to 0.5 is allowed");
    assert!(refused(|c| c.period = f64::NAN).contains("period"));
    assert!(refused(|c| c.heartbeat_timeout = 0.1).contains("heartbeat_timeout"));
    assert!(refused(|c| c.bus.bitrate = 0).contains("bus.bitrate"));
    let text = refused(|c| c.drives.get_mut("joint_2").unwrap().node_id = 120);
    assert!(text.starts_with("parameter drives.joint_2.node_id = 120 is out of range"), "{text}");
    let text = refused(|c| c.drives.get_mut("joint_2").unwrap().direction = 0);
    assert_eq!(text, "parameter drives.joint_2.direction = 0: use 1 or -1");
    let scale = |c: &mut Config| {
        c.drives.get_mut("joint_2").unwrap().telemetry.current.scale = 0.0;
    };
    assert!(refused(scale).contains("drives.joint_2.telemetry.current.scale"));
}

#[test]
fn joints_that_are_repeated_unknown_or_without_drive_are_named() {
    let text = refused(|c| c.joints = vec!["joint_1".into(), "joint_1".into()]);
    assert_eq!(text, "parameter joints: joint_1 is named twice");
    let text = refused(|c| c.joints = vec!["elbow".into()]);
    assert!(
        text.starts_with("parameter joints: no joint \"elbow\", the arm has joint_1,"),
        "{text}"
    );
    let text = refused(|c| {
        c.drives.insert("wrist".into(), DriveConfig::for_test(9));
    });
    assert!(text.contains("\"wrist\""), "{text}");
    let text = refused(|c| {
        c.drives.remove("joint_3");
    });
    assert!(text.contains("drives.joint_3 is missing"), "{text}");
    let text = refused(|c| {
        let twin = drive(c, "joint_1");
        c.drives.insert("joint_4".into(), twin);
    });
    assert!(text.contains("drives.joint_4.node_id = 1 is already that of joint_1"), "{text}");
}

#[test]
fn limits_that_allow_nothing_are_refused() {
    let mut arm = arm();
    arm.limits[2].upper = -3.0;
    let text = Config::default().validate(&arm).unwrap_err().to_string();
    assert_eq!(text, "limits of joint_3: lower -2 is not below upper -3");
    arm.limits[2].upper = f64::INFINITY;
    assert!(Config::default().validate(&arm).is_err());
}

#[test]
fn a_period_is_told_to_the_drive_in_the_coarsest_unit() {
    let of = |period| Config { period, ..Config::default() }.interpolation();
    assert_eq!(of(0.004), Ok((4, -3)));
    assert_eq!(of(0.0025), Ok((25, -4)));
    assert!(of(0.001_234_567).is_err());
}

#[test]
fn six_drives_at_a_kilohertz_are_more_than_one_bus_carries() {
    let text = refused(|c| c.period = 0.001);
    assert!(text.contains("arm.period") && text.contains("two buses"), "{text}");
    let load = Config::default().bus_load().unwrap();
    assert!((0.42..0.5).contains(&load.fraction), "{load:?}");
}
