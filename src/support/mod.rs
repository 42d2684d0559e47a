//! Data structures and algorithms that know nothing of WebAssembly.
//!
//! The interface uses them; nothing here names another module of the crate.

pub(crate) mod append_list;
pub(crate) mod cache;
pub(crate) mod cache_dir;
pub(crate) mod digest;
pub(crate) mod host_stack;
pub(crate) mod suggest;
