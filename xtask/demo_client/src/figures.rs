//! The tables at the end and the report.

use crate::measure::Summary;
use report::{Report, Target};
use rig::{GoalOutcome, Program};
use serde_json::{Map, Value, json};

/// The nodes whose cost is the control path.
fn on_control_path(node: &str) -> bool {
    node.starts_with("driver") || ["control", "joint_state", "arm_controller"].contains(&node)
}

fn largest(values: &[f64]) -> f64 {
    if values.is_empty() { f64::NAN } else { values.iter().fold(0.0, |m, v| m.max(v.abs())) }
}

/// The report of the demo, with the limits that were asked for.
pub fn report(summary: &Summary, outcome: &GoalOutcome) -> Report {
    let (rms, worst, last) =
        (largest(&summary.rms), largest(&summary.worst), largest(&summary.last));
    let refused: u64 = summary.nodes.iter().map(|n| n.refused).sum();
    let path = summary.nodes.iter().filter(|n| on_control_path(&n.node));
    let cpu: f64 = path.map(|n| n.cpu_percent).sum();
    let control = summary.nodes.iter().find(|n| n.node == "control");
    let per_node: Map<String, Value> =
        summary.nodes.iter().map(|n| (n.node.clone(), json!(n.cpu_percent))).collect();
    let succeeded = outcome.status == r2r::GoalStatus::Succeeded;
    Report::new(vec![
        Target::at_least("goal succeeded", "", f64::from(u8::from(succeeded)), 1.0),
        Target::at_most("typed command to moving arm (second start)", "s", summary.bringup, 10.0),
        Target::at_most("tracking error, RMS of the worst joint", "rad", rms, 0.002),
        Target::at_most("tracking error, maximum", "rad", worst, 0.010),
        Target::at_most("final position error", "rad", last, 0.001),
        Target::at_most("refused commands", "", refused as f64, 0.0),
        Target::at_most("control path, share of one core", "%", cpu, 60.0),
    ])
    .with("bringup_s", summary.bringup)
    .with("duration_s", summary.duration)
    .with("rms_error_rad", json!(summary.rms))
    .with("max_error_rad", json!(summary.worst))
    .with("final_error_rad", json!(summary.last))
    .with("compared_instants", summary.samples)
    .with("cycles", control.map(|n| n.cycles))
    .with("late_cycles", control.map(|n| n.late))
    .with("refused_commands", refused)
    .with("cpu_percent", per_node)
    .with("error_code", outcome.error_code)
    .with("error_string", outcome.error_string.clone())
}

/// Tracking per joint.
pub fn joints_table(program: &Program, summary: &Summary) -> String {
    let mut text = format!(
        "tracking at {} instants     RMS mrad   max mrad   at the end mrad\n",
        summary.samples
    );
    let columns = summary.rms.iter().zip(&summary.worst).zip(&summary.last);
    for (joint, ((rms, worst), last)) in program.joints.iter().zip(columns) {
        text += &format!(
            "  {joint:<24} {:>9.3} {:>10.3} {:>16.3}\n",
            rms * 1e3,
            worst * 1e3,
            last * 1e3
        );
    }
    text
}

/// Cost and cycles per node.
pub fn nodes_table(summary: &Summary) -> String {
    let mut text = String::from("node                   CPU %   cycles   late   refused\n");
    for node in &summary.nodes {
        text += &format!(
            "  {:<19} {:>6.1} {:>8} {:>6} {:>9}\n",
            node.node, node.cpu_percent, node.cycles, node.late, node.refused
        );
    }
    text
}
