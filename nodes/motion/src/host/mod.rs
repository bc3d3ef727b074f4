//! The process of the trajectory API: poll, step, publish the plan, answer the clients.
//!
//! The rule: every goal is accepted and answered by the library's events; an inactive node aborts it.

mod ros;
mod wiring;

use crate::{Config, Motion};
use node::realtime::{self, CycleTimer, Realtime};
use node::{Shell, StartError, signal};
use std::time::Duration;
use wiring::Wiring;

/// Its name unless launch gives it another one.
pub const NAME: &str = "arm_controller";

/// Below everything that moves the arm.
const PRIORITY: i32 = 25;
/// What waits for nothing but time is looked at so often.
const PERIOD: Duration = Duration::from_millis(10);

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(mut shell: Shell) -> anyhow::Result<()> {
    let config = ros::declare_live(&mut shell)?;
    shell.log_all(&config.notes());
    let limits = node::arm::described(shell.parameters()).map_err(StartError::from)?.limits;
    let mut motion = Motion::new(config, shell.order().clone(), limits, shell.boot_id())
        .map_err(StartError::config)?;
    let mut wiring = Wiring::create(&mut shell)?;
    let mut timer = CycleTimer::new(PERIOD);
    shell.start();
    shell.log_all(&realtime::request(Realtime::of(shell.config(), PRIORITY)));
    while !signal::stop_requested() {
        timer.wait();
        let now = shell.poll();
        let inputs = wiring.inputs(&motion, &shell);
        if shell.parameters_mut().take_changed() {
            let changed: Config = shell.parameters().config().map_err(StartError::from)?;
            motion.reconfigure(changed).map_err(StartError::config)?;
        }
        let outputs = motion.step(now, &inputs);
        shell.log_all(&outputs.log);
        wiring.send(outputs, &mut motion, &shell, now);
        wiring.serve(&motion, &shell, now);
        shell.beat(now, || timer.annotate(motion.health()));
    }
    Ok(())
}
