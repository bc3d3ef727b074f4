//! `conformance`: judges a joint trajectory controller that runs in this ROS domain.

use anyhow::{Result, ensure};
use clap::Parser;
use conformance::{Bench, Case, Finding, Verdict, cases, run_all};

/// Runs the conformance cases against a joint trajectory controller. Moves the arm by a few
/// hundredths of a radian around where it is.
#[derive(Debug, Parser)]
struct Arguments {
    /// Name of the controller's node.
    #[arg(long, default_value = "arm_controller")]
    controller: String,
    /// Joints to move, separated by commas; default: those in controller_state.
    #[arg(long, value_delimiter = ',')]
    joints: Vec<String>,
    /// Only cases whose number or title contains this; may be given again.
    #[arg(long)]
    case: Vec<String>,
    /// Lists the cases and runs nothing.
    #[arg(long)]
    list: bool,
    /// Prints only the lines of the cases, without what was sent and came.
    #[arg(long)]
    quiet: bool,
}

impl Arguments {
    fn wants(&self, case: &Case) -> bool {
        let named = |part: &String| case.id == part || case.title.contains(part.as_str());
        self.case.is_empty() || self.case.iter().any(named)
    }

    fn tell(&self, finding: &Finding) {
        let text = finding.text();
        let shown = if self.quiet && finding.result.is_ok() {
            text.lines().next().unwrap_or_default()
        } else {
            &text
        };
        println!("{shown}");
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let wanted: Vec<Case> = cases::all().into_iter().filter(|c| arguments.wants(c)).collect();
    if arguments.list {
        wanted.iter().for_each(|case| println!("{} {}", case.id, case.title));
        return Ok(());
    }
    let mut bench = Bench::find(&arguments.controller, &arguments.joints)?;
    println!("{} is judged as {:?}", arguments.controller, bench.profile);
    let findings = run_all(&mut bench, wanted, |finding| arguments.tell(finding));
    let count = |of: fn(&Result<Verdict, String>) -> bool| {
        findings.iter().filter(|f| of(&f.result)).count()
    };
    let failed = count(|result| result.is_err());
    let passed = count(|result| matches!(result, Ok(Verdict::Pass)));
    let skipped = findings.len() - failed - passed;
    let took: f64 = findings.iter().map(|f| f.took.as_secs_f64()).sum();
    println!("{passed} passed, {failed} failed, {skipped} skipped in {took:.0} s");
    ensure!(failed == 0, "{failed} cases failed");
    Ok(())
}
