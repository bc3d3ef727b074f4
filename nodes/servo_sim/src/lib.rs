//! Six CiA 402 drives and the physics of the arm: the hardware of those who have none.
//!
//! The one rule: the arm knows the simulator only through the bus. No ROS, no clock, no I/O: the
//! host hands over time and frames and gets frames back; equal inputs and an equal seed give equal
//! outputs.
//!
//! Terms: *drive*, servo amplifier, motor, encoder and gear of one joint; *plant*, the mechanics of
//! the whole arm; *truth*, the state nobody on the bus can see.
#![forbid(unsafe_code)]

mod config;
mod drive;
mod fault;
#[cfg(feature = "ros")]
pub mod host;
mod plant;
mod simulator;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;
mod thermal;
mod truth;

pub use config::{
    BrakeConfig, Config, ConfigError, FrictionConfig, MotorConfig, ServoConfig, ThermalConfig,
};
pub use drive::objects;
pub use fault::{Fault, FaultError, FaultRequest, Kind, Signal};
pub use simulator::{Simulator, StartError};
pub use thermal::Temperatures;
pub use truth::Truth;
