//! The steady control cycle allocates nothing: neither holding nor on a path, under any law, nor while
//! law, gains and payload change.

#![allow(missing_docs, clippy::unwrap_used)] // a test

use arm_model::ArmModel;
use control::{Arm, Config, Control, Inputs};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::command::{DriverState, JointFeedback, Lease};
use vocabulary::joint::{JointLimits, JointOrder};
use vocabulary::plan::{ControlPhase, Issue, MotionPlan, PlanAction, Tolerance, Waypoint};
use vocabulary::time::{Monotonic, Now, Stamp};

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

struct Counting;

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const URDF: &str = include_str!("../../../config/description/armature.urdf");

fn control() -> Control {
    let model = ArmModel::<6>::from_urdf(URDF, "base_link", "tool0").unwrap();
    let order = JointOrder::new(model.joint_names().to_vec()).unwrap();
    let limits = model.limits().map(|l| JointLimits {
        lower: l.lower,
        upper: l.upper,
        velocity: l.velocity,
        acceleration: 8.0,
        effort: l.effort,
    });
    Control::new(Config::default(), Arm { order, limits, model: Some(model) }, 1).unwrap()
}

fn plan() -> MotionPlan {
    let tolerance = [Tolerance { position: 9.0, velocity: 9.0 }; 6];
    let waypoint = |time: f64| Waypoint {
        time,
        position: [0.02 * time; 6],
        velocity: Some([0.01; 6]),
        acceleration: Some([0.0; 6]),
    };
    MotionPlan {
        issued: Issue { stamp: Stamp(2_000_000_000_000), epoch: 1 },
        plan_id: 1,
        revision: 0,
        permit: 1,
        action: PlanAction::Execute,
        waypoints: (1..=1000).map(|k| waypoint(f64::from(k) * 0.02)).collect(),
        from_path_time: 0.0,
        start: Stamp(0),
        path_tolerance: tolerance,
        goal_tolerance: tolerance,
        goal_time: 1.0,
    }
}

fn feedback(at: Monotonic) -> JointFeedback {
    JointFeedback { sampled_at: at, driver: DriverState::Following, ..JointFeedback::default() }
}

/// Allocations within 1000 cycles on a path; `between` does what people do between two cycles.
fn allocations(mut between: impl FnMut(u64, &mut Control)) -> usize {
    let mut control = control();
    let status = ArmStatus { mode: ArmMode::Enabled, permit: 1, ..ArmStatus::default() };
    let lease = Lease { epoch: 1, holder: 1, ..Lease::default() };
    let mut first = Inputs { status: Some(status), lease: Some(lease), ..Inputs::default() };
    let (mut allocated, mut executing) = (0, 0);
    let began = std::time::Instant::now();
    for cycle in 0..1200_u64 {
        let now = Monotonic(1_000_000_000 + cycle * 4_000_000);
        let mut inputs = std::mem::take(&mut first);
        inputs.feedback = std::array::from_fn(|_| Some((feedback(now), now)));
        inputs.plan = (cycle == 100).then(plan);
        let now = Now { mono: now, stamp: Stamp(1_000_000_000_000 + cycle as i64 * 4_000_000) };
        between(cycle, &mut control);
        let before = ALLOCATIONS.with(Cell::get);
        let out = control.step(now, &inputs);
        if cycle > 200 {
            allocated += ALLOCATIONS.with(Cell::get) - before;
            assert!(out.command.is_some());
        }
        let phase = out.state.map(|state| state.phase);
        executing += usize::from(phase == Some(ControlPhase::Executing));
    }
    println!("{:.1} µs per cycle", began.elapsed().as_secs_f64() / 1200.0 * 1e6);
    assert!(executing > 100, "{executing}");
    allocated
}

#[test]
fn a_thousand_cycles_on_a_path_allocate_nothing() {
    assert_eq!(allocations(|_, _| {}), 0);
}

#[test]
fn law_torque_allocates_nothing() {
    let allocated = allocations(|cycle, control| {
        if cycle == 0 {
            let wanted = Config { law: "torque".to_owned(), ..Config::default() };
            control.retune(&wanted, None).unwrap();
        }
    });
    assert_eq!(allocated, 0);
}

#[test]
fn cycles_in_which_law_gains_and_payload_change_allocate_nothing() {
    let mut changes = 0;
    let allocated = allocations(|cycle, control| {
        if cycle > 200 && cycle % 50 == 0 {
            let law = if cycle % 100 == 0 { "torque" } else { "position" };
            let mut wanted = Config { law: law.to_owned(), ..Config::default() };
            wanted.payload.mass = (cycle % 3) as f64;
            let gains = wanted.gains.entry("joint_2".to_owned()).or_default();
            gains.damping_ratio = 1.0 - 0.1 * (cycle % 4) as f64;
            control.retune(&wanted, Some(0.1)).unwrap();
            changes += 1;
        }
    });
    assert!(changes > 10);
    assert_eq!(allocated, 0);
}
