//! Several nodes in one process: `monolith --config FOLDER --nodes joint_state,thermal`.
//!
//! The rule: each node runs the very loop of its own process, on a thread of its own; what they share
//! is one process, one participant of the middleware, and their end.

mod loops;

use anyhow::Result;
use clap::Parser;
use monolith::{Program, Setting, Value, inside, of_file, parse};
use node::params::Value as RosValue;
use node::together::{Guest, Work};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use vocabulary::joint::JOINTS;

/// Nodes of the arm in one process.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder with the parameter files.
    #[arg(long)]
    config: PathBuf,
    /// Names of the nodes, separated by commas.
    #[arg(long, default_value = monolith::WHOLE_ARM)]
    nodes: String,
    /// Joints that one driver serves: 1, 2, 3 or 6.
    #[arg(long, default_value_t = JOINTS)]
    joints_per_driver: usize,
    /// A parameter on top of the files: NODE:KEY=VALUE; `driver_joint_*` for all
    /// drivers.
    #[arg(long, value_name = "NODE:KEY=VALUE")]
    set: Vec<Setting>,
    /// What follows is for ROS.
    #[arg(long = "ros-args", num_args = 0.., allow_hyphen_values = true)]
    ros: Vec<String>,
}

type Parameters = BTreeMap<String, Value>;

/// Files, then what the grouping says, then the command line.
fn parameters(arguments: &Arguments, name: &str, program: Program) -> Result<Parameters> {
    let mut parameters = of_file(&arguments.config.join("arm.yaml"))?;
    parameters.extend(of_file(&arguments.config.join(program.file()))?);
    let share = arguments.joints_per_driver;
    match program {
        Program::Driver { first } => {
            let joints = joints(&parameters)?.into_iter().skip(first).take(share);
            parameters.insert("joints".to_owned(), Value::Strings(joints.collect()));
        }
        Program::Supervisor => {
            let share = Value::Integer(i64::try_from(share)?);
            parameters.insert("joints_per_driver".to_owned(), share);
        }
        _ => {}
    }
    for setting in arguments.set.iter().filter(|setting| setting.is_for(name)) {
        parameters.insert(setting.key.clone(), setting.value.clone());
    }
    Ok(parameters)
}

fn joints(parameters: &Parameters) -> Result<[String; JOINTS]> {
    let Some(Value::Strings(joints)) = parameters.get("arm.joints") else {
        anyhow::bail!("arm.yaml: arm.joints must be a list of names");
    };
    joints.clone().try_into().map_err(|list: Vec<_>| {
        anyhow::anyhow!("arm.yaml: arm.joints has {} names, the arm has {JOINTS}", list.len())
    })
}

fn for_ros(parameters: Parameters) -> BTreeMap<String, RosValue> {
    let value = |value| match value {
        Value::Bool(value) => RosValue::Bool(value),
        Value::Integer(value) => RosValue::Integer(value),
        Value::Double(value) => RosValue::Double(value),
        Value::String(value) => RosValue::String(value),
        Value::Bools(values) => RosValue::Bools(values),
        Value::Integers(values) => RosValue::Integers(values),
        Value::Doubles(values) => RosValue::Doubles(values),
        Value::Strings(values) => RosValue::Strings(values),
    };
    parameters.into_iter().map(|(key, given)| (key, value(given))).collect()
}

fn work(program: Program) -> Work {
    match program {
        Program::Supervisor => Box::new(loops::supervisor::run),
        Program::Driver { .. } => Box::new(loops::joint_driver::run),
        Program::JointState => Box::new(loops::joint_state::run),
        Program::Control => Box::new(|shell| loops::control::run(shell, |_, _, _| {})),
        Program::Motion => Box::new(loops::motion::run),
        Program::Thermal => Box::new(loops::thermal::run),
    }
}

/// Whether a second controller runs, here or elsewhere: then commands do not all come from here.
fn has_standby(arguments: &Arguments) -> bool {
    let told = arguments.set.iter().find(|setting| setting.key == "standby");
    told.is_some_and(|setting| setting.value == Value::Bool(true))
}

fn guests(arguments: &Arguments) -> Result<Vec<Guest>> {
    let names = parse(&arguments.nodes)?;
    let arm = joints(&of_file(&arguments.config.join("arm.yaml"))?)?;
    node::inside::open(inside(&names, &arm, arguments.joints_per_driver, has_standby(arguments)));
    let guest = |(name, program): (String, Program)| {
        let parameters = for_ros(parameters(arguments, &name, program)?);
        Ok(Guest { name, parameters, work: work(program) })
    };
    names.into_iter().map(guest).collect()
}

fn main() -> ExitCode {
    match guests(&Arguments::parse()) {
        Ok(guests) => node::together::run(guests),
        Err(error) => {
            eprintln!("monolith: {error:#}");
            ExitCode::from(2)
        }
    }
}
