//! Figures of peers that cannot be built by a benchmark: recorded once, by hand, on a machine of this
//! kind, and labelled so wherever they appear.

use serde_json::{Value, json};

/// VAMP on the UR5's 689 valid problems of MotionBenchMaker (g++ -O3 -march=native), and OMPL with
/// VAMP's check on 645 of them; µs.
pub fn json() -> Value {
    json!({
        "note": "recorded, not of this run: UR5, MotionBenchMaker, 2026-11",
        "vamp_plan_us": { "median": 43.0, "q25": 27.5, "q75": 84.0, "p95": 687.0, "mean": 175.0 },
        "vamp_simplify_us": { "median": 122.0 },
        "vamp_plan_and_simplify_us": { "median": 175.0, "mean": 303.0, "p95": 846.0, "max": 11966.0 },
        "vamp_path_cost": { "raw": 11.16, "simplified": 6.69 },
        "vamp_block_of_8_ns": { "bookshelf": 309.0, "cage": 479.0 },
        "ompl_same_motion_check_us": { "median": 180.0, "q75": 692.0, "p95": 21407.0, "mean": 6100.0 },
        "ompl_single_configurations_us": { "median": 1082.0, "p95": 70338.0, "mean": 13720.0 },
    })
}
