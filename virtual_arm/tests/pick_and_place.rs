//! The demo's move on virtual time: it succeeds, the arm follows as asked, and one seed is one run.

mod support;

use anyhow::{Result, ensure};
use support::{PATIENCE, enabled, pick_and_place, succeeded};
use virtual_arm::{HostConfig, TrackingFigures, VirtualArm, VirtualConfig};

/// Runs the move; returns the arm, the figures and the error at the end, rad.
fn run(seed: u64, config: VirtualConfig) -> Result<(VirtualArm, TrackingFigures, f64)> {
    let points = pick_and_place(&config)?;
    let mut arm = enabled(seed, config)?;
    arm.restart_tracking();
    let goal = arm.send_goal(arm.trajectory(&points));
    let state = arm.wait(&goal, PATIENCE);
    succeeded(&arm, &state)?;
    let figures = arm.tracking();
    let place = points.last().map_or([0.0; 6], |(position, _)| *position);
    let errors = arm.truth().position.into_iter().zip(place).map(|(p, q)| (p - q).abs());
    let last = errors.fold(0.0, f64::max);
    Ok((arm, figures, last))
}

fn judge(figures: &TrackingFigures, last: f64) -> Result<()> {
    ensure!(figures.samples > 2000, "{figures:?}");
    ensure!(figures.worst_rms() <= 0.002, "rms {figures:?}");
    ensure!(figures.worst_max() <= 0.010, "max {figures:?}");
    ensure!(last <= 0.001, "final error {last}");
    Ok(())
}

#[test]
fn pick_and_place_succeeds_within_the_tracking_limits() -> Result<()> {
    let (arm, figures, last) = run(1, VirtualConfig::reference()?)?;
    judge(&figures, last)?;
    ensure!(arm.refused() == 0, "{} commands refused", arm.refused());
    Ok(())
}

#[test]
fn pick_and_place_succeeds_on_one_host_and_with_grouped_drivers() -> Result<()> {
    let reference = VirtualConfig::reference()?;
    let host = HostConfig { one_clock: true, ..reference.host };
    for joints_per_driver in [1, 3, 6] {
        let config = VirtualConfig { host, joints_per_driver, ..reference.clone() };
        let (arm, figures, last) = run(2, config)?;
        judge(&figures, last)?;
        ensure!(arm.refused() == 0, "{} commands refused", arm.refused());
    }
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() -> Result<()> {
    let config = VirtualConfig { keep_bytes: true, ..VirtualConfig::reference()? };
    let (first, ..) = run(3, config.clone())?;
    let (again, ..) = run(3, config.clone())?;
    let (other, ..) = run(4, config)?;
    ensure!(first.record().bytes().is_some_and(|bytes| bytes.len() > 1_000_000));
    ensure!(first.record().bytes() == again.record().bytes());
    ensure!(first.record().hash() == again.record().hash());
    ensure!(first.record().hash() != other.record().hash());
    ensure!(first.record().bytes() != other.record().bytes());
    Ok(())
}
