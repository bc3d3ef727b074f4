//! The servo loop: samples the plan, writes one command for all joints
