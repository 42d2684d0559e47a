//! The parts of WebAssembly that can be switched on and off, one name each.
//!
//! A feature is a proposal as the community group named it; most have long been merged into the standard. The instruction
//! table says which feature an instruction came with, validation asks this set whether it is on.

use core::fmt;

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $state:ident;)*) => {
        /// A proposal, merged or not.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Feature {
            $($(#[$doc])* $name,)*
        }

        impl Feature {
            /// All features, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The proposal's name, as its repository is called.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Whether the executor can run code that uses the feature.
            pub const fn is_implemented(self) -> bool {
                matches!(self.state(), State::On | State::Optional)
            }

            /// The state of the feature in the executor.
            pub const fn state(self) -> State {
                match self {
                    $(Self::$name => State::$state,)*
                }
            }
        }
    };
}

impl Feature {
    /// The features that can be switched: all that are implemented, except WebAssembly 1.0 itself.
    pub fn switchable() -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|feature| *feature != Self::Mvp && feature.is_implemented())
    }
}

/// The state of a feature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Implemented, and on by default.
    On,
    /// Implemented, not part of the standard, and off by default.
    Optional,
    /// Part of the standard, decoded and validated, but not executed yet.
    Postponed,
    /// Not part of the standard, and not executed yet.
    Proposed,
}

features! {
    /// WebAssembly 1.0.
    Mvp = "mvp", On;
    /// Importing and exporting mutable globals.
    MutableGlobal = "mutable-global", On;
    /// `i32.extend8_s` and its like.
    SignExtension = "sign-extension", On;
    /// `i32.trunc_sat_f32_s` and its like.
    SaturatingFloatToInt = "saturating-float-to-int", On;
    /// Several results, block parameters.
    MultiValue = "multi-value", On;
    /// `memory.copy` and its like, passive segments.
    BulkMemory = "bulk-memory", On;
    /// `externref`, several tables, `table.get` and its like.
    ReferenceTypes = "reference-types", On;
    /// Arithmetic and references to defined globals in constant expressions.
    ExtendedConst = "extended-const", On;
    /// `return_call` and its like.
    TailCall = "tail-call", On;
    /// Several memories in a module.
    MultiMemory = "multi-memory", On;
    /// 128-bit vectors.
    Simd = "simd", On;
    /// Vector instructions with several permitted results.
    RelaxedSimd = "relaxed-simd", On;
    /// Memories and tables with 64-bit addresses.
    Memory64 = "memory64", On;
    /// `(ref $t)`, `call_ref` and their like.
    FunctionReferences = "function-references", On;
    /// Structures, arrays, casts, rec groups.
    Gc = "gc", On;
    /// `throw`, `try_table`, `exnref`.
    ExceptionHandling = "exception-handling", On;
    /// Shared memories, atomic accesses, wait and notify.
    Threads = "threads", Optional;
    /// Memories with pages of one byte.
    CustomPageSizes = "custom-page-sizes", Optional;
    /// 128-bit addition, subtraction and multiplication of integers.
    WideArithmetic = "wide-arithmetic", Optional;
    /// `try`, `catch`, `delegate` and `rethrow`, which came before `try_table`.
    LegacyExceptions = "legacy-exceptions", Optional;
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of features.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Features(u32);

impl Features {
    /// The default: every feature whose state is [`State::On`].
    pub const DEFAULT: Self = {
        let mut set = Self(0);
        let mut i = 0;
        while i < Feature::ALL.len() {
            if matches!(Feature::ALL[i].state(), State::On) {
                set = set.with(Feature::ALL[i], true);
            }
            i += 1;
        }
        set
    };

    /// All features, implemented or not: for tests of the decoder and validator.
    #[cfg(test)]
    pub const ALL: Self = Self((1 << Feature::ALL.len()) - 1);

    /// The set with a feature switched.
    #[must_use]
    pub const fn with(self, feature: Feature, on: bool) -> Self {
        let bit = 1 << feature as u32;
        Self(if on { self.0 | bit } else { self.0 & !bit })
    }

    /// Whether a feature is on.
    #[inline]
    pub const fn contains(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u32) != 0
    }
}

impl Default for Features {
    fn default() -> Self {
        Self::DEFAULT
    }
}
