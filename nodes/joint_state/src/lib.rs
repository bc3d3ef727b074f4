//! Position feedback for everybody else
