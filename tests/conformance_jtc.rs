//! All conformance cases against the simulated arm, in one launch of it.

use anyhow::{Result, ensure};
use conformance::{Bench, Profile, Verdict, cases, run_all};
use rig::Scenario;

/// Would catch: a controller that differs from joint_trajectory_controller where it should not, and
/// a hole of that one opened again.
#[test]
fn every_conformance_case_passes_on_the_simulated_arm() -> Result<()> {
    let _scenario = Scenario::enabled("conformance_jtc", &[])?;
    let mut bench = Bench::find("arm_controller", &[])?;
    ensure!(bench.profile == Profile::Armature, "judged as {:?}", bench.profile);
    let findings = run_all(&mut bench, cases::all(), |finding| println!("{}", finding.text()));
    let took: f64 = findings.iter().map(|finding| finding.took.as_secs_f64()).sum();
    println!("{} cases in {took:.0} s", findings.len());
    let bad: Vec<_> = findings.iter().filter(|f| f.result != Ok(Verdict::Pass)).collect();
    ensure!(bad.is_empty(), "{}", bad.iter().map(|f| f.text()).collect::<Vec<_>>().join("\n"));
    Ok(())
}
