//! Making instances: of a module with its imports in order, or with a linker that finds them by name.

pub(crate) mod instance;
pub(crate) mod linker;
