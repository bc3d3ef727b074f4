//! arm_model
