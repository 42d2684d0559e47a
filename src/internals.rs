//! The inside of a module, for people who work on this crate: the command `tickwasm inspect --code` prints it.
//!
//! This is not part of the public interface, and may change with any version.

use crate::Module;
pub use crate::compile::ListedInstr;

/// Lists the instructions of a function that a module defines, with the ops of threaded code that they were lowered to. `defined` counts
/// the functions behind the imported ones; where there is no such function, the list is empty.
///
/// ```
/// use tickwasm::{Engine, Module, internals};
///
/// let text = "(module (func (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))";
/// # #[cfg(feature = "wat")] {
/// let module = Module::new(&Engine::default(), text)?;
/// assert_eq!(internals::listing(&module, 0)[2].instr, "i32.add");
/// assert!(internals::listing(&module, 1).is_empty());
/// # }
/// # Ok::<(), tickwasm::Error>(())
/// ```
pub fn listing(module: &Module, defined: u32) -> Vec<ListedInstr> {
    module.compiled().listing(defined)
}
