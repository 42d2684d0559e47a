//! Errors of the embedder: uses of this crate that it does not allow.

use core::fmt;

use super::Hint;
use crate::api::{FuncType, ValType};
use crate::escape;
use crate::features::Feature;

/// An access of the embedder to a memory, beyond its end.
///
/// ```
/// use tickwasm::{Engine, Memory, MemoryType, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
/// let error = memory.read(&store, 65535, &mut [0; 2]).unwrap_err();
/// assert_eq!(error.to_string(), "out of bounds memory access: 2 bytes at 65535 of a memory of 65536 bytes");
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("out of bounds memory access: {size} bytes at {offset} of a memory of {len} bytes")]
#[non_exhaustive]
pub struct MemoryAccessError {
    /// The offset at which the access began.
    pub offset: usize,
    /// The number of bytes to be accessed.
    pub size: usize,
    /// The number of bytes of the memory.
    pub len: usize,
}

/// A use of this crate that it does not allow.
///
/// ```
/// use tickwasm::{Engine, Error, Misuse, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// assert!(matches!(store.set_fuel(1), Err(Error::Misuse(Misuse::FuelNotCounted))));
/// ```
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// A value of one store was used with another.
    #[error("object used with the wrong store")]
    WrongStore,
    /// A module, linker or store of one engine was used with one of another.
    #[error("object used with the wrong engine")]
    WrongEngine,
    /// Fuel was asked for in an engine that does not count it.
    #[error("fuel is not counted: the engine was made without `Config::consume_fuel`")]
    FuelNotCounted,
    /// This build of the crate would overflow the host's stack: the compiler did not turn the calls between handlers into jumps.
    #[error(
        "this build of tickwasm has lost its tail calls: build it with the feature `loop-dispatch`, or without unusual flags"
    )]
    LostTailCalls,
    /// There is no export of this name.
    #[error("unknown export `{}`{}", escape::name(.name), Hint(.similar))]
    UnknownExport {
        /// The name.
        name: Box<str>,
        /// A similar name that is exported.
        similar: Option<Box<str>>,
    },
    /// An export of this name is not a function.
    #[error("export `{}` is not a function", escape::name(.name))]
    NotAFunction {
        /// The name.
        name: Box<str>,
    },
    /// A configuration asks for a value stack that is larger than any host can have.
    #[error("the value stack is too large: see `Config::max_wasm_stack`")]
    StackTooLarge,
    /// A function was called with too few or too many arguments, or with room for too few or too many results.
    #[error("expected {expected} {what}, got {found}")]
    Count {
        /// The kind of the values.
        what: &'static str,
        /// The number that is needed.
        expected: usize,
        /// The number that was given.
        found: usize,
    },
    /// A value is not of the type that is needed in its place.
    #[error("type mismatch: expected {expected}, found {found}")]
    Type {
        /// The type that is needed.
        expected: ValType,
        /// The type of the value.
        found: ValType,
    },
    /// A function was requested with another type than it has.
    #[error("type mismatch: expected a function of type {expected}, found {found}")]
    Signature {
        /// The type that was requested.
        expected: FuncType,
        /// The type of the function.
        found: FuncType,
    },
    /// An immutable global cannot be set.
    #[error("immutable global cannot be set")]
    ImmutableGlobal,
    /// An exception has no value of this index.
    #[error("the exception has no value {index}, it carries {count}")]
    NoSuchField {
        /// The index.
        index: usize,
        /// The number of its values.
        count: usize,
    },
    /// An immutable field or element cannot be set.
    #[error("immutable field cannot be set")]
    ImmutableField,
    /// A structure or array has no field or element of this index.
    #[error("out of bounds access: {index} of {count} fields or elements")]
    FieldIndex {
        /// The index.
        index: u64,
        /// The number of fields or elements.
        count: u64,
    },
    /// A table has no element of this index.
    #[error("out of bounds table access: element {index} of a table of {size}")]
    TableIndex {
        /// The index.
        index: u64,
        /// The number of elements.
        size: u64,
    },
    /// A name was defined twice in a linker that does not allow it.
    #[error("import of `{}::{}` defined twice", escape::name(.module), escape::name(.name))]
    DefinedTwice {
        /// The module's name.
        module: Box<str>,
        /// The name within the module.
        name: Box<str>,
    },
    /// A linker has no module of this name.
    #[error("no module `{}` is defined", escape::name(.name))]
    UnknownModule {
        /// The name.
        name: Box<str>,
    },
    /// A type has no default value.
    #[error("{0} has no default value")]
    NoDefault(ValType),
    /// A host function asked to suspend a call that was not made to be resumed.
    #[error(
        "a host function asked to suspend a call that cannot be resumed: make it with `call_resumable`"
    )]
    NotResumable,
    /// An async host function was reached in a call that cannot wait for it.
    #[error(
        "an async host function was called where it cannot be awaited: make the call with `call_async`"
    )]
    NotAsync,
    /// A suspended call cannot be resumed with the failure of a host function: it does not wait for one.
    #[error("the suspended call does not wait for a host function")]
    NotWaiting,
    /// Interruption was asked for in an engine that does not have it.
    #[error(
        "execution cannot be interrupted: the engine was made without `Config::epoch_interruption`"
    )]
    NotInterruptible,
    /// A yield interval is 0.
    #[error("the yield interval must not be 0")]
    NoInterval,
    /// A shared memory cannot be made in a store.
    #[error("a shared memory belongs to no store: make it with `SharedMemory::new`")]
    Shared,
    /// There is no feature of this name, or none that is implemented.
    #[error("unknown feature `{}`; there are `all`{Switchable}", escape::name(.name))]
    UnknownFeature {
        /// The name.
        name: Box<str>,
    },
    /// A type's size range is empty or larger than what can be addressed.
    #[error("size minimum must not be greater than maximum")]
    Limits,
}

/// Displays the features that can be switched, as the rest of a list.
struct Switchable;

impl fmt::Display for Switchable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Feature::switchable().try_for_each(|feature| write!(f, ", `{feature}`"))
    }
}
