//! Userspace CAN bus speaking socketcand
