//! Errors that end an execution: traps, exceptions and failures of host functions, each with its backtrace.

use core::fmt;
use std::error::Error as StdError;

use super::Result;
use crate::api::{self, AsContextMut, ExnRef, FrameInfo, Tag, Val, WasmBacktrace};
use crate::exec::{Fault, HostError};
use crate::runtime::trap::Trap;

/// A trap with its backtrace.
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
    pub(super) code: Trap,
    pub(super) backtrace: WasmBacktrace,
    pub(super) memory_fault: Option<MemoryFault>,
}

impl TrapError {
    /// The reason.
    pub fn code(&self) -> Trap {
        self.code
    }

    /// The instruction that trapped in the text format, such as `i32.load offset=4`; `None` if the trap happened outside of any function.
    pub fn instruction(&self) -> Option<String> {
        self.backtrace.frames().first()?.instruction()
    }

    /// The access to a memory that trapped: `None` if the code is not [`Trap::MemoryOutOfBounds`], or the access left a segment instead.
    pub fn memory_fault(&self) -> Option<&MemoryFault> {
        self.memory_fault.as_ref()
    }

    /// The calls that were under way, innermost first. It is empty if the trap happened outside of any, as while segments are copied.
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
    /// The number of bytes to be accessed.
    pub size: u64,
    /// The number of bytes of the memory.
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

/// Displays the access behind a message.
struct Access<'a>(&'a Option<MemoryFault>);

impl fmt::Display for Access<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(fault) => write!(f, ": {fault}"),
            None => Ok(()),
        }
    }
}

/// Displays the innermost call's instruction below a message.
struct Instruction<'a>(&'a WasmBacktrace);

impl fmt::Display for Instruction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.frames().first().and_then(FrameInfo::instruction) {
            Some(instruction) => write!(f, "\nwasm instruction: {instruction}"),
            None => Ok(()),
        }
    }
}

/// Displays a backtrace below a message.
pub(super) struct Calls<'a>(pub(super) &'a WasmBacktrace);

impl fmt::Display for Calls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.frames() {
            [] => Ok(()),
            _ => write!(f, "\n{}", self.0),
        }
    }
}

/// An exception that was not caught, with its backtrace. A host function that returns it throws it again.
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
    pub(super) backtrace: WasmBacktrace,
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

    /// The calls that were under way when it was thrown, innermost first. It is empty if the embedder threw it.
    pub fn backtrace(&self) -> &WasmBacktrace {
        &self.backtrace
    }

    /// Makes a reference to the exception.
    ///
    /// # Errors
    /// If it is an exception of another store, or the store may hold no more.
    pub fn to_exn_ref(&self, store: impl AsContextMut) -> Result<ExnRef> {
        api::refer_to(store, self)
    }
}

/// The failure of a host function, with the backtrace of its call.
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
    pub(super) error: HostError,
    pub(super) backtrace: WasmBacktrace,
}

impl HostFailure {
    /// The error of the host function.
    pub fn error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.error
    }

    /// The calls that were under way, innermost first.
    pub fn backtrace(&self) -> &WasmBacktrace {
        &self.backtrace
    }

    /// The error of the host function.
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
