//! Traps: why execution of guest code ended abruptly.

/// An error of the embedder's, as the layers below the API pass it on.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// The reason of a trap.
///
/// <https://webassembly.github.io/spec/core/intro/overview.html#trap>
///
/// ```
/// use tickwasm::{Error, Trap};
///
/// // A host function can trap as instructions do:
/// let error = Error::from(Trap::IntegerOverflow);
/// assert_eq!(error.downcast_ref::<Trap>().unwrap().to_string(), "integer overflow");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
#[repr(u8)]
pub enum Trap {
    /// The value stack reached its limit, or host functions and guests called each other too deeply: 200 times, or over 256 KiB of the
    /// host's stack.
    #[error("call stack exhausted")]
    StackOverflow,
    /// A memory access, or a bulk operation on memory, reached beyond the memory or segment.
    #[error("out of bounds memory access")]
    MemoryOutOfBounds,
    /// A table access, or a bulk operation on a table, reached beyond the table or segment.
    #[error("out of bounds table access")]
    TableOutOfBounds,
    /// An indirect call named an element beyond the table.
    #[error("undefined element: out of bounds table access")]
    UndefinedElement,
    /// An indirect call met a null element.
    #[error("uninitialized element")]
    IndirectCallToNull,
    /// An indirect call met a function of another type.
    #[error("indirect call type mismatch")]
    BadSignature,
    /// An integer division or a conversion overflowed.
    #[error("integer overflow")]
    IntegerOverflow,
    /// An integer was divided by zero.
    #[error("integer divide by zero")]
    IntegerDivisionByZero,
    /// A NaN was converted to an integer.
    #[error("invalid conversion to integer")]
    BadConversionToInteger,
    /// The `unreachable` instruction was executed.
    #[error("wasm `unreachable` instruction executed")]
    UnreachableCodeReached,
    /// A null reference was used where an object is needed.
    #[error("null reference")]
    NullReference,
    /// An access to an array, or a bulk operation on one, reached beyond the array or segment.
    #[error("out of bounds array access")]
    ArrayOutOfBounds,
    /// A reference was cast to a type that its object is not of.
    #[error("cast failure")]
    CastFailure,
    /// An object would be larger than any may be.
    #[error("allocation size too large")]
    AllocationTooLarge,
    /// A limit, or the host's memory, does not suffice for another object.
    #[error("no memory for another object")]
    HeapExhausted,
    /// An atomic access was not at a multiple of its width.
    #[error("unaligned atomic")]
    HeapMisaligned,
    /// `memory.atomic.wait32` or `memory.atomic.wait64` was executed on a memory that is not shared.
    #[error("atomic wait on non-shared memory")]
    AtomicWaitNonSharedMemory,
    /// The embedder interrupted the execution.
    #[error("interrupt")]
    Interrupt,
    /// The fuel did not suffice for the next instruction.
    #[error("all fuel consumed by WebAssembly")]
    OutOfFuel,
}
