//! The trajectory API: validates, plans, watches, answers
