//! The one error type of the public interface.
//!
//! Each stage inside has its own (`decode`, `validate`, `lower`, `runtime`); they meet here. Texts keep the phrases that people match
//! on: `all fuel consumed`, ``unknown import: `m::n` has not been defined``, `out of bounds memory access`.

mod compilation;
mod location;

use core::any::Any;
use core::fmt;
use std::error::Error as StdError;
use std::path::PathBuf;

use crate::api::{
    self, AsContextMut, Counted, ExnRef, ExternType, FrameInfo, FuncType, Tag, Val, ValType,
    WasmBacktrace,
};
use crate::escape;
use crate::exec::{Fault, HostError};
use crate::features::Feature;
use crate::runtime::trap::Trap;

pub use compilation::{CompilationError, CompilationStage};
#[cfg(feature = "wat")]
pub(crate) use location::FieldKind;
pub(crate) use location::Location;

/// A result whose error is [`enum@Error`] where nothing else is said.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Whatever can go wrong.
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
    /// A module imports what nobody has defined.
    #[error(
        "unknown import: `{}::{}` has not been defined (expected: {expected}){}",
        escape::name(.module), escape::name(.name), Hint(.similar)
    )]
    MissingImport {
        /// The name of the module to import from.
        module: String,
        /// The name within that module.
        name: String,
        /// What the module expects.
        expected: Box<ExternType>,
        /// What is defined under a similar name, as `module::name`.
        similar: Option<Box<str>>,
    },
    /// What is defined under the names of an import is of another type.
    #[error(
        "incompatible import type for `{}::{}`: expected {expected}, found {found}",
        escape::name(.module), escape::name(.name)
    )]
    IncompatibleImport {
        /// The name of the module to import from.
        module: String,
        /// The name within that module.
        name: String,
        /// What the module expects.
        expected: Box<ExternType>,
        /// What it was given. A table's or memory's type tells its current size.
        found: Box<ExternType>,
    },
    /// The memories of a store, or one memory, would exceed a limit, or the host has not as much.
    #[error("memory exhausted (requested {requested} bytes, limit {limit})")]
    MemoryExhausted {
        /// Bytes that there would be.
        requested: u64,
        /// Bytes that there may be.
        limit: u64,
    },
    /// The tables of a store, or one table, would exceed a limit.
    #[error("table elements exhausted (requested {requested}, limit {limit})")]
    TableExhausted {
        /// Elements that there would be.
        requested: u64,
        /// Elements that there may be.
        limit: u64,
    },
    /// A store would have more instances, memories or tables than its limit.
    #[error("too many {what} (limit {limit})")]
    TooMany {
        /// Of what.
        what: Counted,
        /// How many there may be.
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
        /// Bytes of the memory.
        size: u64,
    },
    /// A host function was asked for an argument that it was not given; see [`tape`](crate::tape).
    #[error("argument {index} out of bounds ({count} available)")]
    ArgOutOfBounds {
        /// The argument, counted from 0.
        index: u32,
        /// How many there are.
        count: u32,
    },
    /// What was written to be read by another does not mean anything to it: data that a program and its host exchange.
    #[error("serialization: {0}")]
    Serialization(#[source] Box<dyn StdError + Send + Sync + 'static>),
    /// An exception was thrown that nobody has caught.
    #[error("{0}")]
    Exception(ThrownException),
    /// A host function failed, or something else of the embedder's.
    #[error(transparent)]
    Host(HostFailure),
    /// An access of the embedder to a memory reached beyond it.
    #[error(transparent)]
    MemoryAccess(#[from] MemoryAccessError),
    /// This crate was not used as it has to be.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// A file could not be read.
    #[error("cannot read `{}`: {error}", escape::name(&.path.to_string_lossy()))]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: std::io::Error,
    },
}

/// The end of a message about something missing.
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
    /// An error of the embedder's own, as a host function may return it.
    pub fn new(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::from(HostError::from(error))
    }

    /// An error of the embedder's own that is just a text.
    pub fn msg(message: impl fmt::Display) -> Self {
        Self::from(HostError::from(message.to_string()))
    }

    /// An error in data that a program and its host exchange.
    pub fn serialization(error: impl Into<Box<dyn StdError + Send + Sync + 'static>>) -> Self {
        Self::Serialization(error.into())
    }

    /// The error that this one is about, if it is of type `E`: what a host function failed with, the [`Trap`] code of a trap
    /// (also of exhausted fuel), its [`WasmBacktrace`], or any other error that a variant carries.
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
    /// This error, if it is about anything else.
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

    /// A trap without a backtrace.
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

    /// Adds a backtrace where there can be one and is none yet.
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
        // What went through a host function unchanged is what it was before.
        let error = match error.downcast::<Self>() {
            Ok(error) => return *error,
            Err(error) => error,
        };
        let error = match error.downcast::<Trap>() {
            Ok(trap) => return Self::from(*trap),
            Err(error) => error,
        };
        let error = match error.downcast::<ThrownException>() {
            Ok(thrown) => return Self::from(*thrown),
            Err(error) => error,
        };
        let error = match error.downcast::<MemoryAccessError>() {
            Ok(access) => return Self::from(*access),
            Err(error) => error,
        };
        let error = match error.downcast::<Misuse>() {
            Ok(misuse) => return Self::from(*misuse),
            Err(error) => error,
        };
        Self::Host(HostFailure {
            error,
            backtrace: WasmBacktrace::default(),
        })
    }
}

#[cfg(feature = "anyhow")]
impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        // The other way to make a box of it would hide its type.
        Self::from(error.reallocate_into_boxed_dyn_error_without_backtrace())
    }
}

/// The error of a host function, which may be of any type, with its type as far as that can be kept.
pub(crate) fn of_host<E: Into<HostError> + 'static>(error: E) -> HostError {
    #[cfg(feature = "anyhow")]
    {
        // There is no other way to ask whether a type that is a parameter is this one.
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

/// Errors of the standard library that host functions meet, as [`Error::Host`].
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

/// A trap, and where it happened.
///
/// <https://webassembly.github.io/spec/core/intro/overview.html#trap>
///
/// ```
/// use tickwasm::{Engine, Error, Instance, Module, Store, Trap};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func $f (export "f") (param i32) (result i32)
///     local.get 0  i32.const 0  i32.div_s))"#)?;
/// let mut store = Store::new(&engine, ());
/// let f = Instance::new(&mut store, &module, &[])?.get_typed_func::<i32, i32>(&mut store, "f")?;
/// match f.call(&mut store, 1) {
///     Err(Error::Trap(trap)) => {
///         assert_eq!(trap.code(), Trap::IntegerDivisionByZero);
///         assert_eq!(trap.backtrace().frames()[0].func_name(), Some("f"));
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error("wasm trap: {code}{}{}{}", Access(.memory_fault), Instruction(.backtrace), Calls(.backtrace))]
pub struct TrapError {
    code: Trap,
    backtrace: WasmBacktrace,
    memory_fault: Option<MemoryFault>,
}

impl TrapError {
    /// The reason.
    pub fn code(&self) -> Trap {
        self.code
    }

    /// The instruction that trapped in the text format, as `i32.load offset=4`. Nothing if the trap happened outside of any function.
    pub fn instruction(&self) -> Option<String> {
        self.backtrace.frames().first()?.instruction()
    }

    /// The access to a memory that trapped, if the code is [`Trap::MemoryOutOfBounds`] and it was not a segment that was left.
    pub fn memory_fault(&self) -> Option<&MemoryFault> {
        self.memory_fault.as_ref()
    }

    /// The calls that were under way, innermost first. Empty if the trap happened outside of any, as while segments are copied.
    pub fn backtrace(&self) -> &WasmBacktrace {
        &self.backtrace
    }
}

/// An access of a guest to a memory, beyond its end.
///
/// ```
/// use tickwasm::{Engine, Error, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (memory 1) (func (export "f") (param i32) (result i64)
///     (i64.load32_u offset=8 (local.get 0))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let f = Instance::new(&mut store, &module, &[])?.get_typed_func::<i32, i64>(&mut store, "f")?;
/// let Err(Error::Trap(trap)) = f.call(&mut store, 65530) else { panic!("it traps") };
/// let fault = trap.memory_fault().expect("it was a memory access");
/// assert_eq!((fault.address, fault.offset, fault.size), (65530, 8, 4));
/// assert_eq!(trap.instruction().as_deref(), Some("i64.load32_u offset=8"));
/// assert!(trap.to_string().starts_with(
///     "wasm trap: out of bounds memory access: 4 bytes at 65538 of a memory of 65536 bytes"
/// ));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct MemoryFault {
    /// The memory, by its index in the module.
    pub memory: u32,
    /// The address that the instruction was given.
    pub address: u64,
    /// The offset that it adds to the address.
    pub offset: u64,
    /// How many bytes were to be accessed.
    pub size: u64,
    /// How many bytes the memory has.
    pub memory_size: u64,
}

impl From<Fault> for MemoryFault {
    fn from(fault: Fault) -> Self {
        Self {
            memory: fault.memory,
            address: fault.address,
            offset: fault.offset,
            size: fault.size,
            memory_size: fault.len,
        }
    }
}

impl fmt::Display for MemoryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = u128::from(self.address) + u128::from(self.offset);
        let Self {
            size, memory_size, ..
        } = self;
        write!(
            f,
            "{size} bytes at {start} of a memory of {memory_size} bytes"
        )
    }
}

/// The access behind a message.
struct Access<'a>(&'a Option<MemoryFault>);

impl fmt::Display for Access<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(fault) => write!(f, ": {fault}"),
            None => Ok(()),
        }
    }
}

/// The innermost call's instruction below a message.
struct Instruction<'a>(&'a WasmBacktrace);

impl fmt::Display for Instruction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.frames().first().and_then(FrameInfo::instruction) {
            Some(instruction) => write!(f, "\nwasm instruction: {instruction}"),
            None => Ok(()),
        }
    }
}

/// A backtrace below a message.
struct Calls<'a>(&'a WasmBacktrace);

impl fmt::Display for Calls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.frames() {
            [] => Ok(()),
            _ => write!(f, "\n{}", self.0),
        }
    }
}

/// An exception that nobody has caught, and where it was thrown. A host function that returns it throws it again.
///
/// <https://webassembly.github.io/spec/core/exec/runtime.html#exception-instances>
///
/// ```
/// use tickwasm::{Engine, Error, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (tag $t (export "t") (param i32))
///     (func (export "f") (throw $t (i32.const 5))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
/// match f.call(&mut store, ()) {
///     Err(Error::Exception(thrown)) => {
///         assert_eq!(Some(thrown.tag()), instance.get_tag(&mut store, "t"));
///         assert_eq!(thrown.payload()[0].i32(), Some(5));
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error("uncaught exception{}", Calls(.backtrace))]
pub struct ThrownException {
    tag: Tag,
    payload: Box<[Val]>,
    backtrace: WasmBacktrace,
}

impl ThrownException {
    pub(crate) fn new(tag: Tag, payload: Box<[Val]>) -> Self {
        Self {
            tag,
            payload,
            backtrace: WasmBacktrace::default(),
        }
    }

    /// The exception's tag.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// The values that it carries.
    pub fn payload(&self) -> &[Val] {
        &self.payload
    }

    /// The calls that were under way where it was thrown, innermost first. Empty if the embedder threw it.
    pub fn backtrace(&self) -> &WasmBacktrace {
        &self.backtrace
    }

    /// A reference to the exception.
    ///
    /// # Errors
    /// If it is an exception of another store, or the store may hold no more.
    pub fn to_exn_ref(&self, store: impl AsContextMut) -> Result<ExnRef> {
        api::refer_to(store, self)
    }
}

/// The failure of a host function, and where it was called.
///
/// Its text is that of the error, which is also its source.
///
/// ```
/// use tickwasm::{Engine, Error, Func, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let parse = Func::wrap(&mut store, || -> Result<i32, std::num::ParseIntError> { "x".parse() });
/// let error = parse.typed::<(), i32>(&store)?.call(&mut store, ()).unwrap_err();
/// assert!(error.downcast_ref::<std::num::ParseIntError>().is_some());
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct HostFailure {
    error: HostError,
    backtrace: WasmBacktrace,
}

impl HostFailure {
    /// What the host function failed with.
    pub fn error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.error
    }

    /// The calls that were under way, innermost first.
    pub fn backtrace(&self) -> &WasmBacktrace {
        &self.backtrace
    }

    /// What the host function failed with.
    pub fn into_error(self) -> Box<dyn StdError + Send + Sync + 'static> {
        self.error
    }
}

impl fmt::Display for HostFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl StdError for HostFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.error)
    }
}

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
    /// Where the access began.
    pub offset: usize,
    /// How many bytes were to be accessed.
    pub size: usize,
    /// How many bytes the memory has.
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
    /// A configuration asks for a value stack that is larger than anything a host can have.
    #[error("the value stack is too large: see `Config::max_wasm_stack`")]
    StackTooLarge,
    /// A function was called with too few or too many arguments, or with room for too few or too many results.
    #[error("expected {expected} {what}, got {found}")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many there have to be.
        expected: usize,
        /// How many there were.
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
    /// A function was asked for with other types than it has.
    #[error("type mismatch: the function has type {found}, asked for was {expected}")]
    Signature {
        /// The type that was asked for.
        expected: FuncType,
        /// The type of the function.
        found: FuncType,
    },
    /// A global that cannot be set was to be set.
    #[error("immutable global cannot be set")]
    ImmutableGlobal,
    /// A value of an exception was asked for that it does not carry.
    #[error("the exception has no value {index}, it carries {count}")]
    NoSuchField {
        /// The value.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A field or element that cannot be set was to be set.
    #[error("immutable field cannot be set")]
    ImmutableField,
    /// A field of a structure or an element of an array was to be accessed that it does not have.
    #[error("out of bounds access: {index} of {count} fields or elements")]
    FieldIndex {
        /// The field or element.
        index: u64,
        /// How many there are.
        count: u64,
    },
    /// An element of a table was to be accessed that it does not have.
    #[error("out of bounds table access: element {index} of a table of {size}")]
    TableIndex {
        /// The element.
        index: u64,
        /// How many there are.
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
    /// A type has no value that could stand where none is given.
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
    /// A suspended call was to be told that a host function has failed, and waits for none.
    #[error("the suspended call does not wait for a host function")]
    NotWaiting,
    /// Interruption was asked for in an engine that does not have it.
    #[error(
        "execution cannot be interrupted: the engine was made without `Config::epoch_interruption`"
    )]
    NotInterruptible,
    /// An interval of no fuel at all.
    #[error("the interval to yield in must not be 0")]
    NoInterval,
    /// A memory that threads share was to be made in a store.
    #[error("a shared memory is of no store: `SharedMemory::new` makes one")]
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

/// The features that can be switched, at the end of a list.
struct Switchable;

impl fmt::Display for Switchable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Feature::switchable().try_for_each(|feature| write!(f, ", `{feature}`"))
    }
}
