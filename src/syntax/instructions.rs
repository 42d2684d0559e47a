//! The instruction table.
