//! No function that the control cycle calls may allocate: a counting allocator says so.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a test

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use arm_model::ik::Ik;
use arm_model::{JointVector, Load, Payload, Pose};
use nalgebra::{Matrix3, Vector3};

thread_local! {
    /// Allocations of this thread; the test harness has threads of its own.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: hands everything to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_during(run: impl FnOnce()) -> usize {
    let before = COUNT.with(Cell::get);
    run();
    COUNT.with(Cell::get) - before
}

#[test]
fn counting_allocator_sees_an_allocation() {
    assert_eq!(allocations_during(|| drop(black_box(Box::new(1)))), 1);
}

#[test]
fn inverse_kinematics_allocates_nothing() {
    for arm in [support::armature(), support::ur5(), support::skewed()] {
        let ik = Ik::new(&arm);
        let q = JointVector::from([0.1, -0.4, 0.9, 2.0, -1.0, 0.3]);
        let pose = arm.forward_kinematics(&q);
        let nowhere = Pose::translation(9.0, 0.0, 0.0);
        let count = allocations_during(|| {
            black_box(ik.solve_all(&pose, &q).unwrap());
            black_box(ik.solve(&nowhere, &q).unwrap_err());
            black_box(ik.closeness(&q));
        });
        assert_eq!(count, 0, "{:?}", ik.family());
    }
}

#[test]
fn kinematics_and_dynamics_allocate_nothing() {
    let arm = support::skewed();
    let q = JointVector::from([0.1, -0.4, 0.9, 2.0, -1.0, 0.3]);
    let count = allocations_during(|| {
        let payload =
            Payload::new(2.0, Vector3::new(0.0, 0.1, 0.2), Matrix3::identity() * 0.01).unwrap();
        let load = Load::with_payload(payload);
        black_box(arm.forward_kinematics(&q));
        black_box(arm.link_poses(&q));
        black_box(arm.jacobian(&q));
        black_box(arm.inverse_dynamics(&q, &q, &q, &load));
        black_box(arm.gravity_torque(&q, &load));
        black_box(arm.mass_matrix(&q, &load.payload));
        black_box(arm.forward_dynamics(&q, &q, &q, &load));
        black_box(arm.kinetic_energy(&q, &q, &load.payload));
        black_box(arm.potential_energy(&q, &load));
        black_box(arm.frames().iter().map(|f| f.pose(&q).translation.x).sum::<f64>());
    });
    assert_eq!(count, 0);
}
