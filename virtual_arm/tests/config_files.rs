//! The files in `config/` against the nodes that read them: every key is known, every value is in
//! range, the documented defaults are the defaults, and what two files say is the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // helpers of tests

use arm_model::ArmModel;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_norway::{Mapping, Value};
use std::collections::BTreeMap;
use std::path::Path;
use vocabulary::config::ArmConfig;
use vocabulary::joint::{JOINTS, JointLimits, PerJoint};

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(file);
    std::fs::read_to_string(path).unwrap()
}

/// The parameters in a ROS parameter file, as nested maps.
fn parameters(file: &str) -> Mapping {
    let document: BTreeMap<String, BTreeMap<String, Mapping>> =
        serde_norway::from_str(&read(file)).unwrap();
    assert_eq!(document.keys().collect::<Vec<_>>(), ["/**"], "{file} is for every node name");
    document["/**"]["ros__parameters"].clone()
}

fn config<C: DeserializeOwned>(parameters: Mapping) -> Result<C, serde_norway::Error> {
    serde_norway::from_value(Value::Mapping(parameters))
}

fn arm() -> ArmConfig {
    let mut shared = parameters("arm.yaml");
    let arm = shared.remove("arm").unwrap();
    assert!(shared.is_empty(), "arm.yaml holds only keys under arm.");
    serde_norway::from_value(arm).unwrap()
}

fn model() -> ArmModel<JOINTS> {
    let arm = arm();
    ArmModel::from_urdf(&read("description/armature.urdf"), &arm.base_link, &arm.tip_link).unwrap()
}

fn limits() -> PerJoint<JointLimits> {
    let described = (*model().limits()).map(|l| (l.lower, l.upper, l.velocity, l.effort));
    arm().limits(&described).unwrap()
}

/// A misspelt key must stop the start with its name, at the top and in every group.
fn refuses_misspelt_keys<C: DeserializeOwned>(file: &str) {
    let good = parameters(file);
    for (key, value) in &good {
        let mut bad = good.clone();
        bad.remove(key);
        let name = format!("{}_", key.as_str().unwrap());
        bad.insert(Value::String(name.clone()), value.clone());
        let message = config::<C>(bad).err().expect(&name).to_string();
        assert!(message.contains(&name), "{file}: {message}");
    }
}

#[test]
fn the_arm_file_is_valid_and_its_joints_are_those_of_the_description() {
    assert_eq!(arm(), ArmConfig::default());
    assert_eq!(arm().validate(), Ok(()));
    assert_eq!(arm().joints, model().joint_names());
}

#[test]
fn the_acceleration_limits_are_those_that_moveit_reads() {
    #[derive(Deserialize)]
    struct Limits {
        joint_limits: BTreeMap<String, Limit>,
    }
    #[derive(Deserialize)]
    struct Limit {
        max_acceleration: f64,
    }
    let limits: Limits = serde_norway::from_str(&read("description/joint_limits.yaml")).unwrap();
    let moveit: BTreeMap<_, _> =
        limits.joint_limits.into_iter().map(|(joint, l)| (joint, l.max_acceleration)).collect();
    assert_eq!(arm().acceleration, moveit);
}

#[test]
fn the_supervisor_file_states_the_defaults() {
    let file: supervisor::Config = config(parameters("supervisor.yaml")).unwrap();
    assert_eq!(file, supervisor::Config::default());
    refuses_misspelt_keys::<supervisor::Config>("supervisor.yaml");
}

#[test]
fn the_cell_and_camera_files_state_the_defaults() {
    let file: cell::Config = config(parameters("cell.yaml")).unwrap();
    assert_eq!(file, cell::Config::default());
    refuses_misspelt_keys::<cell::Config>("cell.yaml");
    let file: part_camera::Config = config(parameters("part_camera.yaml")).unwrap();
    assert_eq!(file, part_camera::Config::default());
    refuses_misspelt_keys::<part_camera::Config>("part_camera.yaml");
}

#[test]
fn the_job_of_the_demonstration_is_right() {
    let job = cell::job::Job::read(&read("jobs/inspect_and_sort.yaml")).unwrap();
    assert_eq!(job.name, "inspect_and_sort");
}

#[test]
fn the_joint_state_file_states_the_defaults() {
    let file: joint_state::Config = config(parameters("joint_state.yaml")).unwrap();
    assert_eq!(file, joint_state::Config::default());
    refuses_misspelt_keys::<joint_state::Config>("joint_state.yaml");
}

#[test]
fn the_driver_file_states_the_defaults_and_fits_the_arm() {
    let file: joint_driver::Config = config(parameters("joint_driver.yaml")).unwrap();
    assert_eq!(file, joint_driver::Config::default());
    let arm = joint_driver::Arm { order: arm().joint_order().unwrap(), limits: limits() };
    assert_eq!(file.validate(&arm), Ok(()));
    refuses_misspelt_keys::<joint_driver::Config>("joint_driver.yaml");
}

#[test]
fn the_control_file_is_valid_and_compensates_the_simulated_drives() {
    let file: control::Config = config(parameters("control.yaml")).unwrap();
    assert_eq!(file.validate(), Ok(()));
    let sim = servo_sim::Config::default();
    assert_eq!(file.friction_compensation, sim.friction.compensation);
    for (index, joint) in arm().joints.iter().enumerate() {
        let inertia = sim.motor.reflected_inertia()[index];
        assert!((file.rotor_inertia[joint] - inertia).abs() < 1e-9, "{joint}");
        let friction = file.friction[joint];
        assert!((friction.coulomb - sim.friction.coulomb[index]).abs() < 1e-9, "{joint}");
        assert!((friction.viscous - sim.friction.viscous[index]).abs() < 1e-9, "{joint}");
    }
    let (rotor_inertia, friction) = (BTreeMap::new(), BTreeMap::new());
    let (gains, friction_compensation) = (BTreeMap::new(), 0.0);
    let rest =
        control::Config { rotor_inertia, friction, gains, friction_compensation, ..file.clone() };
    assert_eq!(rest, control::Config::default());
    // The gains are sound for this arm, and those of the file are about the defaults.
    let model = Some(model());
    let arm = control::Arm { order: arm().joint_order().unwrap(), limits: limits(), model };
    let rules = control::Rules::new(&file, &arm).unwrap();
    let given = rules.tuning(&file).unwrap();
    let without = rules.tuning(&control::Config { gains: BTreeMap::new(), ..file }).unwrap();
    for (given, without) in given.joints.iter().zip(without.joints) {
        assert!((given.stiffness / without.stiffness - 1.0).abs() < 0.05, "{given:?}");
        assert_eq!(given.torque_limit, without.torque_limit);
    }
    refuses_misspelt_keys::<control::Config>("control.yaml");
}

#[test]
fn the_motion_file_states_the_defaults_but_for_the_tolerances() {
    let mut file: motion::Config = config(parameters("motion.yaml")).unwrap();
    assert_eq!(file.validate(), Ok(()));
    assert_eq!(file.constraints.joints.keys().cloned().collect::<Vec<_>>(), arm().joints);
    file.constraints.joints.clear();
    assert_eq!(file, motion::Config::default());
    refuses_misspelt_keys::<motion::Config>("motion.yaml");
}

#[test]
fn the_recorder_file_states_the_defaults_and_keeps_fewer_large_messages() {
    let mut file: recorder::Config = config(parameters("recorder.yaml")).unwrap();
    assert_eq!(file.validate(), Ok(()));
    let rules = recorder::rules::Rules::new(&file.rules, file.depth);
    let depth = |kind| rules.decide("/any", kind).map(|decision| decision.depth);
    assert_eq!(depth("sensor_msgs/msg/CompressedImage"), Some(64));
    assert_eq!(depth("armature_msgs/msg/JointFeedback"), Some(1_000));
    file.rules.clear();
    assert_eq!(file, recorder::Config::default());
    refuses_misspelt_keys::<recorder::Config>("recorder.yaml");
}

#[test]
fn the_thermal_file_states_the_defaults_and_describes_the_simulated_motors() {
    let file: thermal::Config = config(parameters("thermal.yaml")).unwrap();
    assert_eq!(file, thermal::Config::default());
    assert_eq!(file.validate(), Ok(()));
    refuses_misspelt_keys::<thermal::Config>("thermal.yaml");
    let sim = servo_sim::Config::default();
    for (index, joint) in arm().joints.iter().enumerate() {
        let (motor, heat) = (&file.motors[joint], &sim.thermal);
        let pairs = [
            (motor.resistance, heat.resistance[index]),
            (motor.torque_constant, sim.motor.joint_torque_constant()[index]),
            (motor.rated_torque, sim.motor.rated_torque[index]),
            (motor.winding_resistance, heat.winding_to_housing[index]),
            (motor.housing_resistance, heat.housing_to_ambient[index]),
            (motor.winding_time, heat.winding_to_housing[index] * heat.winding_capacity[index]),
            (motor.housing_time, heat.housing_to_ambient[index] * heat.housing_capacity[index]),
            (motor.brake_power, sim.brake.coil_power[index]),
            (motor.coulomb, sim.friction.coulomb[index]),
            (motor.viscous, sim.friction.viscous[index]),
            (motor.rotor_inertia, sim.motor.reflected_inertia()[index]),
            (motor.stage_rise, heat.stage_rise),
            (motor.stage_time, heat.stage_time),
        ];
        for (known, simulated) in pairs {
            assert!(
                (known - simulated).abs() < 1e-6 * simulated.max(1.0),
                "{joint}: {known}, {simulated}"
            );
        }
        assert!(motor.winding_limit < heat.winding_limit && motor.stage_limit < heat.stage_limit);
    }
}

#[test]
fn the_simulator_file_states_the_defaults_and_the_drives_that_the_driver_expects() {
    let mut sim = parameters("servo_sim.yaml");
    let bus = sim.remove("bus").unwrap();
    let sim: servo_sim::Config = config(sim).unwrap();
    assert_eq!(sim, servo_sim::Config::default());
    let driver: joint_driver::Config = config(parameters("joint_driver.yaml")).unwrap();
    for (index, joint) in arm().joints.iter().enumerate() {
        let drive = &driver.drives[joint];
        assert_eq!(drive.node_id, sim.node_ids[index], "{joint}");
        assert_eq!(drive.counts_per_revolution, sim.counts_per_revolution[index], "{joint}");
        assert_eq!(drive.rated_torque, sim.motor.rated_torque[index], "{joint}");
    }
    assert_eq!(bus["port"], u64::from(driver.bus.port));
    assert_eq!(bus["channel"], driver.bus.channel.as_str());
}

#[test]
fn the_hub_file_states_the_defaults() {
    let file: can_hub::Config = config(parameters("can_hub.yaml")).unwrap();
    assert_eq!(file, can_hub::Config::default());
    refuses_misspelt_keys::<can_hub::Config>("can_hub.yaml");
}

#[test]
fn the_dashboard_file_states_the_defaults() {
    let file: dashboard::Config = config(parameters("dashboard.yaml")).unwrap();
    assert_eq!(file, dashboard::Config::default());
    refuses_misspelt_keys::<dashboard::Config>("dashboard.yaml");
}
