//! The quickest motion along a curve with jerk limits.

mod grid;
mod newton;
mod problem;
mod rows;
mod solve;

pub(crate) use grid::{lay, refined};
pub(crate) use problem::Rows;
pub(crate) use rows::{Kind, Spot};
pub(crate) use solve::Solver;
