//! One servo on CAN, driven by valid commands only
