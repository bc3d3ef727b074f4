//! Nothing to import: the package holds the system tests in this folder.
