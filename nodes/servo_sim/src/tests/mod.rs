//! Behaviour of the whole simulator, as a master on the bus sees it.

mod bus;
mod faults;
mod motion;
