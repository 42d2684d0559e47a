//! The choice of an op's handler: the operand kinds of the op become the type parameters of the handler.
//!
//! Each row of the table of ops states what its handlers depend on, in the words of [`choose`]; this file defines the words, and the lists
//! of opcodes that rows name. Lowering brings operands into a normal form, so that not every combination has to exist: of two operands that
//! may be swapped, the first is of the kind that comes first in accumulator, pin, slot, immediate; two immediates never meet, nor two
//! accumulators. Combinations that a row does not list do not occur.

use core::mem::MaybeUninit;

use super::dispatch::{Handler, handler_cells};
use super::handlers::memory::*;
use super::handlers::operand::{Acc, Imm, Pin, Slot};
use super::handlers::{
    self, atomic, bulk, call, control, exception, fuel, heap, memory, memory64, numeric, reference,
    runtime, simd, variable,
};
use super::numerics::*;
use crate::code::Form;
use crate::code::ops::{Addr, Bank, Dst, Op, Src, for_each_op};
use crate::syntax::instr::{Class, Floats, Opcode};
use crate::syntax::types::ValType;

/// An immediate, if only those of 64 bits are meant.
type Imm64 = Imm;

/// The pattern for an operand kind.
macro_rules! kind {
    (Acc) => {
        Src::Acc
    };
    (Pin) => {
        Src::Pin
    };
    (Slot) => {
        Src::Slot(_)
    };
    (Imm) => {
        Src::Imm32(_) | Src::Imm64(_)
    };
    (Imm64) => {
        Src::Imm64(_)
    };
}

/// The handler that a row's words select for an op in code of a form. Until it is complete, it is a head, `(form path [parameters so far])`,
/// and the remaining words.
#[rustfmt::skip]
macro_rules! choose {
    // All parameters are known.
    (($form:ident $($path:ident)::+ []) ()) => { $($path)::+ };
    (($form:ident $($path:ident)::+ [$($known:tt)+]) ()) => { $($path)::+::<$($known)+> };
    // One more parameter is known.
    (@known ($form:ident $($path:ident)::+ [$($known:tt)*]) [$($more:tt)*] $rest:tt) => {
        choose!(($form $($path)::+ [$($known)* $($more)*]) $rest)
    };

    // It is always the same.
    ($head:tt (fixed $param:tt, $($rest:tt)*)) => { choose!(@known $head [$param,] ($($rest)*)) };
    // A number of those listed.
    ($head:tt (number $n:ident [$($each:literal)*], $($rest:tt)*)) => {
        choose!(@number $n [$($each)*] $head ($($rest)*))
    };
    (@number $n:ident [$($each:literal)*] $head:tt $rest:tt) => {
        match $n {
            $($each => choose!(@known $head [$each,] $rest),)*
            _ => return Err(Absent::Operands),
        }
    };
    // Whether an index is the first one.
    ($head:tt (first $index:ident, $($rest:tt)*)) => {
        match $index {
            0 => choose!(@known $head [true,] ($($rest)*)),
            _ => choose!(@known $head [false,] ($($rest)*)),
        }
    };

    // An operand that is no immediate.
    ($head:tt (src $x:ident, $($rest:tt)*)) => {
        choose!(@kinds $x [Acc, Pin, Slot] $head ($($rest)*))
    };
    // An operand of any kind.
    ($head:tt (any $x:ident, $($rest:tt)*)) => {
        choose!(@kinds $x [Acc, Pin, Slot, Imm] $head ($($rest)*))
    };
    // A vector.
    ($head:tt (vector $x:ident, $($rest:tt)*)) => {
        choose!(@kinds $x [Acc, Slot] $head ($($rest)*))
    };
    // An operand in a slot.
    ($head:tt (slot $x:ident, $($rest:tt)*)) => {
        choose!(@kinds $x [Slot] $head ($($rest)*))
    };
    (@kinds $x:ident [$($kind:ident),*] $head:tt $rest:tt) => {
        match $x {
            $(kind!($kind) => choose!(@known $head [$kind,] $rest),)*
            #[allow(unreachable_patterns, reason = "some operands may be of any kind")]
            _ => return Err(Absent::Operands),
        }
    };

    // Two operands that may be swapped.
    ($head:tt (commuting $x:ident $y:ident, $($rest:tt)*)) => {
        choose!(@pairs $x $y
            [Acc Pin, Acc Slot, Acc Imm, Pin Pin, Pin Slot, Pin Imm, Slot Slot, Slot Imm] $head ($($rest)*))
    };
    // Two operands that may not be swapped.
    ($head:tt (ordered $x:ident $y:ident, $($rest:tt)*)) => {
        choose!(@pairs $x $y [
            Acc Pin, Acc Slot, Acc Imm, Pin Acc, Pin Pin, Pin Slot, Pin Imm,
            Slot Acc, Slot Pin, Slot Slot, Slot Imm, Imm Acc, Imm Pin, Imm Slot
        ] $head ($($rest)*))
    };
    // Two operands that are no immediates.
    ($head:tt (two $x:ident $y:ident, $($rest:tt)*)) => {
        choose!(@pairs $x $y
            [Acc Pin, Acc Slot, Pin Acc, Pin Pin, Pin Slot, Slot Acc, Slot Pin, Slot Slot] $head ($($rest)*))
    };
    // Two operands in one of the combinations listed.
    ($head:tt (pairs $x:ident $y:ident $pairs:tt, $($rest:tt)*)) => {
        choose!(@pairs $x $y $pairs $head ($($rest)*))
    };
    (@pairs $x:ident $y:ident [$($xs:ident $ys:ident),*] $head:tt $rest:tt) => {
        match ($x, $y) {
            $((kind!($xs), kind!($ys)) => choose!(@known $head [$xs, $ys,] $rest),)*
            _ => return Err(Absent::Operands),
        }
    };

    // A destination.
    ($head:tt (dst $d:ident, $($rest:tt)*)) => {
        match $d {
            Dst::Acc => choose!(@known $head [Acc,] ($($rest)*)),
            Dst::Slot(_) => choose!(@known $head [Slot,] ($($rest)*)),
            Dst::Pin(_) => choose!(@known $head [Pin,] ($($rest)*)),
        }
    };

    // The destination of a vector: a slot.
    ($head:tt (vector_to $d:ident, $($rest:tt)*)) => { choose!($head (stored $d, fixed Slot, $($rest)*)) };
    // None, but the destination is a slot.
    ($head:tt (stored $d:ident, $($rest:tt)*)) => {
        match $d {
            Dst::Slot(_) => choose!($head ($($rest)*)),
            Dst::Acc | Dst::Pin(_) => return Err(Absent::Operands),
        }
    };

    // An address that is one operand.
    ($head:tt (plain $addr:ident, $($rest:tt)*)) => {
        choose!(@addresses $addr [Plain Acc, Plain Pin, Plain Slot, Plain Imm] $head ($($rest)*))
    };
    // An address.
    ($head:tt (address $addr:ident, $($rest:tt)*)) => {
        choose!(@addresses $addr [
            Plain Acc, Plain Pin, Plain Slot, Plain Imm,
            Sum Acc Pin, Sum Acc Slot, Sum Acc Imm, Sum Pin Pin, Sum Pin Slot, Sum Pin Imm, Sum Slot Slot, Sum Slot Imm,
            Scaled Acc Pin, Scaled Acc Slot, Scaled Pin Acc, Scaled Pin Pin, Scaled Pin Slot,
            Scaled Slot Acc, Scaled Slot Pin, Scaled Slot Slot
        ] $head ($($rest)*))
    };
    (@addresses $addr:ident [$($kind:ident $($x:ident)+),*] $head:tt $rest:tt) => {
        match $addr {
            $(Addr::$kind($(kind!($x)),+) => choose!(@known $head [$kind<$($x),+>,] $rest),)*
            _ => return Err(Absent::Operands),
        }
    };

    // The type of a number of a bank.
    ($head:tt (scalar $bank:ident, $($rest:tt)*)) => {
        match $bank {
            Bank::Int => choose!(@known $head [u64,] ($($rest)*)),
            Bank::F32 => choose!(@known $head [f32,] ($($rest)*)),
            Bank::F64 => choose!(@known $head [f64,] ($($rest)*)),
            Bank::V128 => return Err(Absent::Operands),
        }
    };
    // The type of a value of a bank, and where it goes: vectors to slots.
    ($head:tt (to $bank:ident $d:ident, $($rest:tt)*)) => {
        match $bank {
            Bank::V128 => choose!($head (fixed V128, vector_to $d, $($rest)*)),
            _ => choose!($head (scalar $bank, dst $d, $($rest)*)),
        }
    };
    // The type of a number of a bank, and where it is.
    ($head:tt (scalar_from $bank:ident $x:ident, $($rest:tt)*)) => {
        match ($bank, $x) {
            (Bank::Int, Src::Imm32(_)) => choose!(@known $head [u32, Imm,] ($($rest)*)),
            _ => choose!($head (scalar $bank, any $x, $($rest)*)),
        }
    };
    // The type of a value of a bank, and where it is.
    ($head:tt (from $bank:ident $x:ident, $($rest:tt)*)) => {
        match $bank {
            Bank::V128 => choose!($head (fixed V128, vector $x, $($rest)*)),
            _ => choose!($head (scalar_from $bank $x, $($rest)*)),
        }
    };
    // The same, but of slots and of numbers in the code only the size matters.
    ($head:tt (whole $bank:ident $x:ident, $($rest:tt)*)) => {
        match ($bank, $x) {
            (Bank::V128, _) => choose!($head (fixed V128, vector $x, $($rest)*)),
            (_, Src::Slot(_)) => choose!(@known $head [u64, Slot,] ($($rest)*)),
            (_, Src::Imm32(_)) => choose!(@known $head [u32, Imm,] ($($rest)*)),
            (_, Src::Imm64(_)) => choose!(@known $head [u64, Imm,] ($($rest)*)),
            (_, Src::Acc) => choose!($head (scalar $bank, fixed Acc, $($rest)*)),
            (_, Src::Pin) => choose!($head (scalar $bank, fixed Pin, $($rest)*)),
        }
    };

    // Whether branches charge: in the form in which nothing else does.
    (($form:ident $($head:tt)*) (branches, $($rest:tt)*)) => {
        if $form == Form::Net {
            choose!(@known ($form $($head)*) [true,] ($($rest)*))
        } else {
            choose!(@known ($form $($head)*) [false,] ($($rest)*))
        }
    };
    // Whether calls and returns charge: in both forms of metered code, because either may call and return to the other.
    (($form:ident $($head:tt)*) (calls, $($rest:tt)*)) => {
        if $form == Form::Plain {
            choose!(@known ($form $($head)*) [false,] ($($rest)*))
        } else {
            choose!(@known ($form $($head)*) [true,] ($($rest)*))
        }
    };
    // None, but the handler exists in exact code only.
    (($form:ident $($head:tt)*) (exact, $($rest:tt)*)) => {
        if $form == Form::Exact {
            choose!(($form $($head)*) ($($rest)*))
        } else {
            return Err(Absent::Operands)
        }
    };
}

/// The handler that a row's selection names.
#[rustfmt::skip]
macro_rules! choose_by {
    // A handler.
    ($form:ident ($($path:ident)::+; $($words:tt)*)) => {
        choose!(($form $($path)::+ []) ($($words)*))
    };
    // One for each kind of destination.
    ($form:ident {$d:ident: Acc $acc:tt Slot $slot:tt Pin $pin:tt}) => {
        match $d {
            Dst::Acc => choose_by!($form $acc),
            Dst::Slot(_) => choose_by!($form $slot),
            Dst::Pin(_) => choose_by!($form $pin),
        }
    };
    // One that a function in the module of the handlers finds.
    ($form:ident [call $($path:ident)::+($op:ident)]) => {
        $($path)::+($op).ok_or(Absent::Opcode)?
    };
    ($form:ident [call $($path:ident)::+($op:ident, form)]) => {
        match $($path)::+($op, $form) {
            Some(_) if $form == Form::Plain => return Err(Absent::Operands),
            found => found.ok_or(Absent::Opcode)?,
        }
    };
    // One for each list; the first parameter is the type that the list gives.
    ($form:ident [$key:tt; $list:ident ($($path:ident)::+; $($words:tt)*) $($others:tt)*]) => {
        $list! { one_of $key ($form $($path)::+ []) ($($words)*) ($form [$key; $($others)*]) }
    };
    ($form:ident [$key:tt;]) => {
        return Err(Absent::Opcode)
    };
}

/// The handler of a member of a list, or else the result of the other lists.
macro_rules! one_of {
    ($key:tt $head:tt $words:tt ($($others:tt)*) $($member:pat => $ty:ident,)*) => {
        match $key {
            $($member => choose!(@known $head [$ty,] $words),)*
            #[allow(unreachable_patterns, reason = "the last list may have all remaining opcodes")]
            _ => choose_by!($($others)*),
        }
    };
}

/// Lists of opcodes, each a macro that hands the opcodes and the types of the same names to another one.
macro_rules! lists {
    ($dollar:tt $($(#[$doc:meta])* $list:ident: $($name:ident)*;)*) => {$(
        $(#[$doc])*
        macro_rules! $list {
            ($callback:ident $dollar($dollar args:tt)*) => {
                $callback! { $dollar($dollar args)* $(Opcode::$name => $name,)* }
            };
        }
    )*};
}

lists! { $
    /// Operators on one number that do not trap, tests and conversions.
    UNOPS:
        I32Clz I32Ctz I32Popcnt I32Eqz I32Extend8S I32Extend16S
        I64Clz I64Ctz I64Popcnt I64Eqz I64Extend8S I64Extend16S I64Extend32S
        F32Abs F32Neg F32Ceil F32Floor F32Trunc F32Nearest F32Sqrt
        F64Abs F64Neg F64Ceil F64Floor F64Trunc F64Nearest F64Sqrt
        I32WrapI64 I64ExtendI32S I64ExtendI32U
        I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U
        I64TruncSatF32S I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U
        F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U
        F64ConvertI32S F64ConvertI32U F64ConvertI64S F64ConvertI64U
        F32DemoteF64 F64PromoteF32
        I32ReinterpretF32 I64ReinterpretF64 F32ReinterpretI32 F64ReinterpretI64
        RefI31;
    /// Those that may trap.
    TRAPPING_UNOPS:
        I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U
        I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U
        I31GetS I31GetU;
    /// Operators on two numbers that may be swapped: lowering uses the mirrored comparison.
    COMMUTING_BINOPS:
        I32Add I32Mul I32And I32Or I32Xor I64Add I64Mul I64And I64Or I64Xor
        F32Add F32Mul F32Min F32Max F64Add F64Mul F64Min F64Max
        I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU
        I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
        F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge;
    /// Those that may not.
    ORDERED_BINOPS:
        I32Sub I32Shl I32ShrS I32ShrU I32Rotl I32Rotr I64Sub I64Shl I64ShrS I64ShrU I64Rotl I64Rotr
        F32Sub F32Div F32Copysign F64Sub F64Div F64Copysign;
    /// Those that may trap.
    TRAPPING_BINOPS:
        I32DivS I32DivU I32RemS I32RemU I64DivS I64DivU I64RemS I64RemU;
    /// Loads of numbers.
    LOADS:
        I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U
        I64Load8S I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U;
    /// Stores of numbers.
    STORES:
        I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32;
    /// Loads that exist for fields and elements.
    FIELD_LOADS:
        I32Load8S I32Load8U I32Load16S I32Load16U I32Load I64Load F32Load F64Load;
    /// Stores that exist for fields and elements.
    FIELD_STORES:
        I32Store8 I32Store16 I32Store I64Store F32Store F64Store;
    /// Arithmetic on integers of two slots.
    WIDE_OPS:
        I64Add128 I64Sub128 I64MulWideS I64MulWideU;
    /// From a vector to a vector.
    VECTOR_UNOPS:
        V128Not I8x16Abs I8x16Neg I8x16Popcnt I16x8Abs I16x8Neg I32x4Abs I32x4Neg I64x2Abs I64x2Neg
        F32x4Abs F32x4Neg F32x4Sqrt F32x4Ceil F32x4Floor F32x4Trunc F32x4Nearest
        F64x2Abs F64x2Neg F64x2Sqrt F64x2Ceil F64x2Floor F64x2Trunc F64x2Nearest
        F32x4DemoteF64x2Zero F64x2PromoteLowF32x4
        I16x8ExtaddPairwiseI8x16S I16x8ExtaddPairwiseI8x16U I32x4ExtaddPairwiseI16x8S I32x4ExtaddPairwiseI16x8U
        I16x8ExtendLowI8x16S I16x8ExtendHighI8x16S I16x8ExtendLowI8x16U I16x8ExtendHighI8x16U
        I32x4ExtendLowI16x8S I32x4ExtendHighI16x8S I32x4ExtendLowI16x8U I32x4ExtendHighI16x8U
        I64x2ExtendLowI32x4S I64x2ExtendHighI32x4S I64x2ExtendLowI32x4U I64x2ExtendHighI32x4U
        I32x4TruncSatF32x4S I32x4TruncSatF32x4U F32x4ConvertI32x4S F32x4ConvertI32x4U
        I32x4TruncSatF64x2SZero I32x4TruncSatF64x2UZero F64x2ConvertLowI32x4S F64x2ConvertLowI32x4U;
    /// From a number to a vector.
    SPLATS:
        I8x16Splat I16x8Splat I32x4Splat I64x2Splat F32x4Splat F64x2Splat;
    /// From a vector to a number.
    VECTOR_TESTS:
        V128AnyTrue I8x16AllTrue I16x8AllTrue I32x4AllTrue I64x2AllTrue
        I8x16Bitmask I16x8Bitmask I32x4Bitmask I64x2Bitmask;
    /// Operators on two vectors that may be swapped: an accumulator comes first.
    COMMUTING_VECTOR_BINOPS:
        V128And V128Or V128Xor
        I8x16Add I16x8Add I32x4Add I64x2Add I16x8Mul I32x4Mul I64x2Mul
        I8x16Eq I16x8Eq I32x4Eq I64x2Eq I8x16Ne I16x8Ne I32x4Ne I64x2Ne
        F32x4Add F32x4Mul F64x2Add F64x2Mul F32x4Eq F64x2Eq F32x4Ne F64x2Ne
        I8x16MinS I8x16MinU I8x16MaxS I8x16MaxU I16x8MinS I16x8MinU I16x8MaxS I16x8MaxU
        I32x4MinS I32x4MinU I32x4MaxS I32x4MaxU
        I8x16AddSatS I8x16AddSatU I16x8AddSatS I16x8AddSatU I8x16AvgrU I16x8AvgrU
        I16x8Q15mulrSatS I32x4DotI16x8S
        I16x8ExtmulLowI8x16S I16x8ExtmulHighI8x16S I16x8ExtmulLowI8x16U I16x8ExtmulHighI8x16U
        I32x4ExtmulLowI16x8S I32x4ExtmulHighI16x8S I32x4ExtmulLowI16x8U I32x4ExtmulHighI16x8U
        I64x2ExtmulLowI32x4S I64x2ExtmulHighI32x4S I64x2ExtmulLowI32x4U I64x2ExtmulHighI32x4U;
    /// Those that may not.
    ORDERED_VECTOR_BINOPS:
        V128Andnot I8x16Swizzle I16x8RelaxedDotI8x16I7x16S
        I8x16Sub I16x8Sub I32x4Sub I64x2Sub I8x16SubSatS I8x16SubSatU I16x8SubSatS I16x8SubSatU
        I8x16LtS I8x16LtU I8x16GtS I8x16GtU I8x16LeS I8x16LeU I8x16GeS I8x16GeU
        I16x8LtS I16x8LtU I16x8GtS I16x8GtU I16x8LeS I16x8LeU I16x8GeS I16x8GeU
        I32x4LtS I32x4LtU I32x4GtS I32x4GtU I32x4LeS I32x4LeU I32x4GeS I32x4GeU
        I64x2LtS I64x2GtS I64x2LeS I64x2GeS
        I8x16NarrowI16x8S I8x16NarrowI16x8U I16x8NarrowI32x4S I16x8NarrowI32x4U
        F32x4Sub F32x4Div F32x4Min F32x4Max F32x4Pmin F32x4Pmax F32x4Lt F32x4Gt F32x4Le F32x4Ge
        F64x2Sub F64x2Div F64x2Min F64x2Max F64x2Pmin F64x2Pmax F64x2Lt F64x2Gt F64x2Le F64x2Ge;
    /// Shifts of a vector by a number.
    SHIFTS:
        I8x16Shl I8x16ShrS I8x16ShrU I16x8Shl I16x8ShrS I16x8ShrU
        I32x4Shl I32x4ShrS I32x4ShrU I64x2Shl I64x2ShrS I64x2ShrU;
    /// The load of 16 bytes, which has all kinds of addresses.
    WHOLE_VECTOR_LOADS:
        V128Load;
    /// Loads that make a vector of fewer bytes.
    VECTOR_LOADS:
        V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U
        V128Load8Splat V128Load16Splat V128Load32Splat V128Load64Splat V128Load32Zero V128Load64Zero;
    /// Stores of vectors.
    VECTOR_STORES:
        V128Store;
    /// Operators on three vectors.
    TERNOPS:
        V128Bitselect F32x4RelaxedMadd F32x4RelaxedNmadd F64x2RelaxedMadd F64x2RelaxedNmadd
        I32x4RelaxedDotI8x16I7x16AddS;
    /// Replacements of a lane.
    REPLACEMENTS:
        I8x16ReplaceLane I16x8ReplaceLane I32x4ReplaceLane I64x2ReplaceLane F32x4ReplaceLane F64x2ReplaceLane;
}

/// Extractions of a lane, whose bytes are converted as by a load.
macro_rules! EXTRACTIONS {
    ($callback:ident $($args:tt)*) => {
        $callback! {
            $($args)*
            Opcode::I8x16ExtractLaneS => I32Load8S,
            Opcode::I8x16ExtractLaneU => I32Load8U,
            Opcode::I16x8ExtractLaneS => I32Load16S,
            Opcode::I16x8ExtractLaneU => I32Load16U,
            Opcode::I32x4ExtractLane => I32Load,
            Opcode::I64x2ExtractLane => I64Load,
            Opcode::F32x4ExtractLane => F32Load,
            Opcode::F64x2ExtractLane => F64Load,
        }
    };
}

/// Operations that make NaNs canonical: in numbers.
macro_rules! SCALAR_FLOATS {
    ($callback:ident $($args:tt)*) => {
        $callback! { $($args)* Floats::F32 => F32Canonical, Floats::F64 => F64Canonical, }
    };
}

/// In vectors.
macro_rules! VECTOR_FLOATS {
    ($callback:ident $($args:tt)*) => {
        $callback! { $($args)* Floats::F32x4 => F32x4Canonical, Floats::F64x2 => F64x2Canonical, }
    };
}

/// Lists of conditions, each a test or comparison and the one that holds when it does not.
macro_rules! conditions {
    ($dollar:tt $($(#[$doc:meta])* $list:ident: $($name:ident = $holds:ident $fails:ident,)*;)*) => {$(
        $(#[$doc])*
        macro_rules! $list {
            ($callback:ident $dollar($dollar args:tt)*) => {
                $callback! {
                    $dollar($dollar args)*
                    $((Opcode::$name, false) => $holds, (Opcode::$name, true) => $fails,)*
                }
            };
        }
    )*};
}

conditions! { $
    /// Tests for zero.
    ZERO_TESTS: I32Eqz = I32Eqz I32Nez, I64Eqz = I64Eqz I64Nez,;
    /// Comparisons, and tests of bits.
    CONDITIONS:
        I32Eq = I32Eq I32Ne, I32Ne = I32Ne I32Eq, I32LtS = I32LtS I32GeS, I32LtU = I32LtU I32GeU,
        I32GtS = I32GtS I32LeS, I32GtU = I32GtU I32LeU, I32LeS = I32LeS I32GtS, I32LeU = I32LeU I32GtU,
        I32GeS = I32GeS I32LtS, I32GeU = I32GeU I32LtU, I64Eq = I64Eq I64Ne, I64Ne = I64Ne I64Eq,
        I64LtS = I64LtS I64GeS, I64LtU = I64LtU I64GeU, I64GtS = I64GtS I64LeS, I64GtU = I64GtU I64LeU,
        I64LeS = I64LeS I64GtS, I64LeU = I64LeU I64GtU, I64GeS = I64GeS I64LtS, I64GeU = I64GeU I64LtU,
        F32Eq = F32Eq F32Ne, F32Ne = F32Ne F32Eq, F32Lt = F32Lt F32NotLt, F32Gt = F32Gt F32NotGt,
        F32Le = F32Le F32NotLe, F32Ge = F32Ge F32NotGe, F64Eq = F64Eq F64Ne, F64Ne = F64Ne F64Eq,
        F64Lt = F64Lt F64NotLt, F64Gt = F64Gt F64NotGt, F64Le = F64Le F64NotLe, F64Ge = F64Ge F64NotGe,
        I32And = I32Test I32TestNot, I64And = I64Test I64TestNot,;
}

/// The reason why an op has no handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Absent {
    /// There is none for the opcode, with any operands.
    Opcode,
    /// There is none for operands of these kinds.
    Operands,
}

/// A handler, if there is one.
pub(super) type Found = Result<Handler, Absent>;

/// Writes the function that finds the handler of an op.
macro_rules! derive_selection {
    ($(
        $(#[$doc:meta])*
        $name:ident $({ $($field:ident: $ty:ident),* })? [$($facts:tt)*]
        $text:literal => $selection:tt;
    )*) => {
        /// Finds the handler of an op in code of a form.
        #[allow(unused_variables, reason = "handlers do not depend on all operands")]
        pub(super) fn find(op: &Op, form: Form) -> Found {
            let handler: Handler = match *op {
                $(Op::$name $({ $($field),* })? => choose_by!(form $selection),)*
            };
            Ok(handler)
        }
    };
}

for_each_op!(derive_selection);

/// The handler of an op in code of a form, as the cells that hold its address.
pub(crate) fn select(op: &Op, form: Form) -> [MaybeUninit<u32>; 2] {
    debug_assert!(
        is_well_formed(op),
        "{op:?} has an immediate of the wrong width"
    );
    match find(op, form) {
        Ok(handler) => handler_cells(handler),
        Err(absent) => fail(op, absent),
    }
}

/// Reports an op that lowering never makes.
#[cold]
#[inline(never)]
fn fail(op: &Op, absent: Absent) -> ! {
    unreachable!("lowering: {op:?} has no handler: {absent:?}")
}

/// Whether the handler of an op reads the cells that [`Op::write`] writes, in the aspect that [`find`] does not check: an immediate has
/// the width of the operand.
pub(super) fn is_well_formed(op: &Op) -> bool {
    let fits = |x: Src, ty: ValType| match x {
        Src::Imm32(_) => matches!(ty, ValType::I32 | ValType::F32),
        Src::Imm64(_) => !matches!(ty, ValType::I32 | ValType::F32),
        _ => true,
    };
    let fits_bank = |x: Src, bank: Bank| match bank {
        Bank::Int | Bank::V128 => true,
        Bank::F32 => fits(x, ValType::F32),
        Bank::F64 => fits(x, ValType::F64),
    };
    let (params, _) = op.opcode().and_then(Opcode::plain_type).unwrap_or_default();
    let params_fit = core::iter::zip(op.params(), params).all(|(x, &ty)| fits(x, ty));
    params_fit
        && match *op {
            Op::Load { addr, .. } | Op::Store { addr, .. } => {
                let (Addr::Plain(x) | Addr::Sum(_, x) | Addr::Scaled(_, x)) = addr;
                fits(x, ValType::I32)
            }
            Op::ArrayGet { i, .. } => fits(i, ValType::I32),
            Op::Copy { bank, x, d } => !matches!(d, Dst::Pin(_)) || fits_bank(x, bank),
            Op::Return1 { bank, x, .. } => fits_bank(x, bank),
            Op::Canonical { x, .. } => x == Src::Acc,
            Op::Atomic { op, .. } => op.class() == Class::Atomic || op == Opcode::AtomicFence,
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_numeric_row_that_is_implemented_has_its_handlers() {
        let (slot, acc) = (Src::Slot(0), Src::Acc);
        let mut rows = 0;
        for &op in Opcode::ALL {
            if !op.feature().is_implemented() {
                continue;
            }
            let ops = match op.class() {
                Class::Unop | Class::Cvtop | Class::Testop => vec![Op::Unop {
                    op,
                    x: slot,
                    d: Dst::Acc,
                }],
                Class::Binop | Class::Relop => vec![Op::Binop {
                    op,
                    x: acc,
                    y: slot,
                    d: Dst::Acc,
                }],
                Class::Load => vec![
                    Op::Load {
                        op,
                        addr: Addr::Plain(acc),
                        offset: 0,
                        d: Dst::Acc,
                    },
                    Op::LoadFrom {
                        op,
                        x: 0,
                        mem: 1,
                        offset: 0,
                        d: 0,
                    },
                ],
                Class::Store => vec![
                    Op::Store {
                        op,
                        addr: Addr::Plain(acc),
                        value: slot,
                        offset: 0,
                    },
                    Op::StoreTo {
                        op,
                        x: 0,
                        value: 0,
                        mem: 1,
                        offset: 0,
                    },
                ],
                _ => continue,
            };
            for op in &ops {
                // A row that was forgotten above has no handler, and this panics with its name.
                select(op, Form::Plain);
            }
            rows += 1;
        }
        assert!(rows > 140, "the table has more numeric rows than {rows}");
    }
}
