//! The speed scaling that the parameters ask for.

use super::harness::{BOOT, Rig, arm};
use crate::{Config, Control};

#[test]
fn the_initial_speed_scaling_is_reported_and_counts() {
    let mut rig = Rig::new();
    let config = Config { initial_speed_scaling: 0.123, ..Config::default() };
    rig.control = Control::new(config, arm(), BOOT).unwrap();
    rig.enable();
    rig.grant(1);
    rig.run(0.1);
    assert!((rig.state().speed_scaling - 0.123).abs() < 1e-12);
}
