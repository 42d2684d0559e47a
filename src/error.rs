//! The error type of the public interface.
//!
//! Each stage inside has its own (`decode`, `validate`, `lower`, `runtime`), which is converted here. Messages keep the phrases that
//! programs search for: `all fuel consumed`, ``unknown import: `m::n` has not been defined``, `out of bounds memory access`.

mod compilation;
mod execution;
mod location;
mod misuse;

use core::any::Any;
use core::fmt;
use std::error::Error as StdError;
use std::path::PathBuf;

use crate::api::{Counted, ExternType, WasmBacktrace};
use crate::escape;
use crate::exec::HostError;
use crate::runtime::trap::Trap;

pub use compilation::{CompilationError, CompilationStage};
use execution::Calls;
pub use execution::{HostFailure, MemoryFault, ThrownException, TrapError};
#[cfg(feature = "wat")]
pub(crate) use location::FieldKind;
pub(crate) use location::Location;
pub use misuse::{MemoryAccessError, Misuse};

/// A result whose error is [`enum@Error`] where nothing else is said.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// An error of this crate or of the embedder.
///
/// It converts into `Box<dyn std::error::Error + Send + Sync>`, and so into the error types that accept any error, such as
/// `anyhow::Error`, with `?`. A boxed error converts into it, as [`Error::Host`] or as what it was before; with the crate's feature
/// `anyhow`, an `anyhow::Error` does as well.
///
/// ```
/// use tickwasm::{Engine, Error, Instance, Module, Store, Trap};
///
/// let engine = Engine::default();
/// let error = Module::new(&engine, "(module (func (result i32)))").unwrap_err();
/// assert!(matches!(error, Error::Compilation(_)));
///
/// let module = Module::new(&engine, r#"(module (func (export "run") unreachable))"#)?;
/// let mut store = Store::new(&engine, ());
/// let run = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "run")?;
/// let error = run.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not a module, or breaks a rule of the specification.
    #[error("compilation failed: {0}")]
    Compilation(CompilationError),
    /// A module has an import that is not defined.
    #[error(
        "unknown import: `{}::{}` has not been defined (expected: {expected}){}",
        escape::name(.module), escape::name(.name), Hint(.similar)
    )]
    MissingImport {
        /// The name of the module to import from.
        module: String,
        /// The name within that module.
        name: String,
        /// The type that the module expects.
        expected: Box<ExternType>,
        /// A similar name that is defined, as `module::name`.
        similar: Option<Box<str>>,
    },
    /// The definition of an import has another type.
    #[error(
        "incompatible import type for `{}::{}`: expected {expected}, found {found}",
        escape::name(.module), escape::name(.name)
    )]
    IncompatibleImport {
        /// The name of the module to import from.
        module: String,
        /// The name within that module.
        name: String,
        /// The type that the module expects.
        expected: Box<ExternType>,
        /// The type of the definition; for a table or memory, with its current size.
        found: Box<ExternType>,
    },
    /// The memories of a store, or one memory, would exceed a limit, or the host lacks the memory.
    #[error("memory exhausted (requested {requested} bytes, limit {limit})")]
    MemoryExhausted {
        /// The bytes that there would be.
        requested: u64,
        /// The most bytes that there may be.
        limit: u64,
    },
    /// The tables of a store, or one table, would exceed a limit.
    #[error("table elements exhausted (requested {requested}, limit {limit})")]
    TableExhausted {
        /// The elements that there would be.
        requested: u64,
        /// The most elements that there may be.
        limit: u64,
    },
    /// A store would have more instances, memories or tables than its limit.
    #[error("too many {what} (limit {limit})")]
    TooMany {
        /// The kind of the items.
        what: Counted,
        /// The most that there may be.
        limit: u32,
    },
    /// The fuel did not suffice for the next instruction.
    #[error("all fuel consumed by WebAssembly{}", Calls(.backtrace))]
    FuelExhausted {
        /// The calls that were under way, innermost first.
        backtrace: WasmBacktrace,
    },
    /// Execution trapped.
    #[error("{0}")]
    Trap(TrapError),
    /// A pointer does not lead into the memory it was given for; see [`tape`](crate::tape).
    #[error("invalid pointer {ptr:#x} (memory size {size})")]
    InvalidPointer {
        /// The pointer.
        ptr: u32,
        /// The bytes of the memory.
        size: u64,
    },
    /// An argument of a host function is missing; see [`tape`](crate::tape).
    #[error("argument {index} out of bounds ({count} available)")]
    ArgOutOfBounds {
        /// The argument, counted from 0.
        index: u32,
        /// How many there are.
        count: u32,
    },
    /// Data that a program and its host exchange cannot be read.
    #[error("serialization: {0}")]
    Serialization(#[source] Box<dyn StdError + Send + Sync + 'static>),
    /// An exception was thrown and not caught.
    #[error("{0}")]
    Exception(ThrownException),
    /// A host function or other code of the embedder failed.
    #[error(transparent)]
    Host(HostFailure),
    /// An access of the embedder to a memory reached beyond it.
    #[error(transparent)]
    MemoryAccess(#[from] MemoryAccessError),
    /// This crate was used in a way that it does not allow.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// A file could not be read.
    #[error("cannot read `{}`: {error}", escape::name(&.path.to_string_lossy()))]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        error: std::io::Error,
    },
}

/// The end of a message about a missing name.
struct Hint<'a>(&'a Option<Box<str>>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(similar) => write!(f, "; `{}` is defined", escape::name(similar)),
            None => Ok(()),
        }
    }
}

impl Error {
    /// Makes an error of the embedder, such as a host function returns.
    pub fn new(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::from(HostError::from(error))
    }

    /// Makes an error of the embedder from a text.
    pub fn msg(message: impl fmt::Display) -> Self {
        Self::from(HostError::from(message.to_string()))
    }

    /// Makes an error about data that a program and its host exchange.
    pub fn serialization(error: impl Into<Box<dyn StdError + Send + Sync + 'static>>) -> Self {
        Self::Serialization(error.into())
    }

    /// The error of type `E` that this one carries, if it does: the error of a host function, the [`Trap`] code of a trap (or of exhausted
    /// fuel), its [`WasmBacktrace`], or any other error of a variant.
    pub fn downcast_ref<E: StdError + Send + Sync + 'static>(&self) -> Option<&E> {
        fn of<E: 'static>(error: &dyn Any) -> Option<&E> {
            error.downcast_ref()
        }
        match self {
            Self::Compilation(error) => of(error),
            Self::FuelExhausted { backtrace } => of(&Trap::OutOfFuel).or_else(|| of(backtrace)),
            Self::Trap(error) => of(error)
                .or_else(|| of(&error.code))
                .or_else(|| of(&error.backtrace)),
            Self::Exception(thrown) => of(thrown).or_else(|| of(&thrown.backtrace)),
            Self::Host(failure) => failure
                .error
                .downcast_ref()
                .or_else(|| of(&failure.backtrace)),
            Self::Serialization(error) => error.downcast_ref(),
            Self::MemoryAccess(error) => of(error),
            Self::Misuse(error) => of(error),
            Self::File { error, .. } => of(error),
            _ => None,
        }
        .or_else(|| of(self))
    }

    /// Whether [`Error::downcast_ref`] finds an error of type `E`.
    pub fn is<E: StdError + Send + Sync + 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// The error that a host function failed with, if it is of type `E`.
    ///
    /// # Errors
    /// This error, if it carries no such error.
    pub fn downcast<E: StdError + Send + Sync + 'static>(self) -> Result<E, Self> {
        match self {
            Self::Host(HostFailure { error, backtrace }) => match error.downcast() {
                Ok(error) => Ok(*error),
                Err(error) => Err(Self::Host(HostFailure { error, backtrace })),
            },
            error => Err(error),
        }
    }

    /// The calls that were under way when execution stopped, if it did.
    pub fn backtrace(&self) -> Option<&WasmBacktrace> {
        match self {
            Self::Trap(error) => Some(&error.backtrace),
            Self::FuelExhausted { backtrace } => Some(backtrace),
            Self::Exception(thrown) => Some(&thrown.backtrace),
            Self::Host(failure) => Some(&failure.backtrace),
            _ => None,
        }
    }

    /// Makes a trap without a backtrace.
    pub(crate) fn trap(code: Trap, memory_fault: Option<MemoryFault>) -> Self {
        let backtrace = WasmBacktrace::default();
        match code {
            Trap::OutOfFuel => Self::FuelExhausted { backtrace },
            code => Self::Trap(TrapError {
                code,
                backtrace,
                memory_fault,
            }),
        }
    }

    /// Adds a backtrace, if the error can have one and has none yet.
    pub(crate) fn with_backtrace(mut self, calls: WasmBacktrace) -> Self {
        if let Self::Trap(TrapError { backtrace, .. })
        | Self::FuelExhausted { backtrace }
        | Self::Exception(ThrownException { backtrace, .. })
        | Self::Host(HostFailure { backtrace, .. }) = &mut self
            && backtrace.frames().is_empty()
        {
            *backtrace = calls;
        }
        self
    }
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Self {
        // An error that passes through a host function unchanged keeps its variant.
        macro_rules! unless_of {
            ($error:ident: $($ty:ty)*) => {$(
                let $error = match $error.downcast::<$ty>() {
                    Ok(error) => return Self::from(*error),
                    Err(error) => error,
                };
            )*};
        }
        unless_of! { error: Self Trap ThrownException MemoryAccessError Misuse }
        Self::Host(HostFailure {
            error,
            backtrace: WasmBacktrace::default(),
        })
    }
}

#[cfg(feature = "anyhow")]
impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        // Other conversions into a box would hide its type.
        Self::from(error.reallocate_into_boxed_dyn_error_without_backtrace())
    }
}

/// Boxes the error of a host function, of any type, and keeps its type where possible.
pub(crate) fn of_host<E: Into<HostError> + 'static>(error: E) -> HostError {
    #[cfg(feature = "anyhow")]
    {
        // Only this asks whether a type parameter is a certain type.
        let mut error = Some(error);
        let any: &mut dyn Any = &mut error;
        if let Some(error) = any
            .downcast_mut::<Option<anyhow::Error>>()
            .and_then(Option::take)
        {
            return error.reallocate_into_boxed_dyn_error_without_backtrace();
        }
        match error {
            Some(error) => error.into(),
            None => unreachable!("it was taken above, or not at all"),
        }
    }
    #[cfg(not(feature = "anyhow"))]
    error.into()
}

impl From<Trap> for Error {
    fn from(code: Trap) -> Self {
        Self::trap(code, None)
    }
}

impl From<ThrownException> for Error {
    fn from(thrown: ThrownException) -> Self {
        Self::Exception(thrown)
    }
}

impl From<CompilationError> for Error {
    fn from(error: CompilationError) -> Self {
        Self::Compilation(error)
    }
}

/// Converts errors of the standard library that host functions meet into [`Error::Host`].
macro_rules! from_std {
    ($($ty:ty)*) => {$(
        impl From<$ty> for Error {
            fn from(error: $ty) -> Self {
                Self::new(error)
            }
        }
    )*};
}

from_std! {
    std::io::Error
    fmt::Error
    core::str::Utf8Error
    std::string::FromUtf8Error
    core::num::TryFromIntError
    core::num::ParseIntError
    core::num::ParseFloatError
    core::array::TryFromSliceError
    std::time::SystemTimeError
}
