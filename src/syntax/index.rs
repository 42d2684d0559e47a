//! Indices: static references from one part of a module to another.
//!
//! Each index space has its own type, so that a function index cannot be used where a type index is meant.
//! <https://webassembly.github.io/spec/core/syntax/modules.html#indices>

use core::fmt;

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a position in a slice.
            #[allow(dead_code, reason = "not every index space is looked up by position yet")]
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<u32> for $name {
            #[inline]
            fn from(index: u32) -> Self {
                Self(index)
            }
        }
    )*};
}

indices! {
    /// A position in the type section, rec groups flattened.
    TypeIdx;
    /// A function, imports first.
    FuncIdx;
    /// A table, imports first.
    TableIdx;
    /// A memory, imports first.
    MemIdx;
    /// A global, imports first.
    GlobalIdx;
    /// A tag, imports first.
    TagIdx;
    /// An element segment.
    ElemIdx;
    /// A data segment.
    DataIdx;
    /// A local of the current function, parameters first.
    LocalIdx;
    /// An enclosing label, counted from the innermost outwards.
    LabelIdx;
    /// A field of a structure type.
    FieldIdx;
}
