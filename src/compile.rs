//! The pipeline: the only file that names all its stages.
//!
//! ```text
//! bytes → decode → (Instr, offset) → validate → (Instr, InstrType) → lower → Code
//! ```

use std::sync::Arc;

use crate::code::CodeUnit;
use crate::features::Features;
use crate::runtime::registry::TypeId;
use crate::syntax::module::Module;

/// What compilation depends on besides the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Features that are on.
    pub features: Features,
    /// Whether code counts fuel.
    pub fuel: bool,
    /// Whether all functions are lowered at once instead of when they are first called.
    pub eager: bool,
}

/// A compiled module.
#[derive(Debug)]
pub struct Compiled {
    /// The module.
    pub module: Arc<Module>,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Its types, canonical in the engine.
    pub types: Arc<[TypeId]>,
    /// Its code.
    pub code: Arc<CodeUnit>,
}
