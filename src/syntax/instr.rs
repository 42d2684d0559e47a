//! Instructions and their properties, derived from the table in [`instructions`](super::instructions).
//!
//! [`Instr`] is an instruction with its immediates, [`Opcode`] one without. The module `decode::instructions` reads them from bytes,
//! [`print`](super::print) writes them as text.
//! <https://webassembly.github.io/spec/core/syntax/instructions.html>

use super::cost::BulkUnit;
use super::index::*;
use super::instructions::for_each_instruction;
use super::types::*;
use crate::features::Feature;

/// Takes the table's rows apart.
macro_rules! derive_instructions {
    ($($group:ident $prefix:literal {$(
        $code:literal $name:ident $mnemonic:literal $(($($imm:ident: $ty:ty),+))? {
            $class:ident $(($bytes:literal))? $([$($param:ident)*] -> [$($result:ident)*])?
            $feature:ident $($fact:ident $(($about:ident))?)*
        }
    )*})*) => {
        /// An instruction.
        ///
        /// Lists among its immediates are borrowed from the decoder, and the next instruction overwrites them.
        #[derive(Clone, Copy, PartialEq, Debug)]
        pub enum Instr<'a> {
            $($(
                #[doc = concat!("`", $mnemonic, "`")]
                $name $({ $(#[doc = stringify!($imm)] $imm: $ty),+ })?,
            )*)*
        }

        /// An instruction without its immediates.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        pub enum Opcode {
            $($(
                #[doc = concat!("`", $mnemonic, "`")]
                $name,
            )*)*
        }

        impl Opcode {
            /// All opcodes, in the table's order.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];
        }

        impl Instr<'_> {
            /// The instruction without its immediates.
            #[inline]
            pub const fn opcode(&self) -> Opcode {
                match self {
                    $($(Self::$name { .. } => Opcode::$name,)*)*
                }
            }

            /// The memory access among its immediates, if there is one.
            #[inline]
            pub fn memarg(&self) -> Option<MemArg> {
                match *self {
                    $($(
                        Self::$name $({ $($imm),+ })? => None $($(.or($imm.memarg()))+)?,
                    )*)*
                }
            }

            /// The instruction with its lists emptied, so that it can be kept.
            ///
            /// Constant expressions are kept so: no instruction with a list is allowed in them.
            pub fn without_lists(self) -> Instr<'static> {
                match self {
                    $($(
                        Self::$name $({ $($imm),+ })? => Instr::$name $({ $($imm: $imm.kept()),+ })?,
                    )*)*
                }
            }
        }

        /// The rows, by opcode.
        static ROWS: [Row; Opcode::ALL.len()] = [$($(
            Row {
                prefix: $prefix,
                code: $code,
                mnemonic: $mnemonic,
                class: Class::$class,
                immediates: <[&str]>::len(&[$($(stringify!($imm)),+)?]),
                access_bytes: 0 $(+ $bytes)?,
                plain_type: optional!($((&[$(ValType::$param),*], &[$(ValType::$result),*]))?),
                feature: Feature::$feature,
                facts: {
                    let facts = Facts::NONE;
                    $(let facts = fact!(facts, $fact $($about)?);)*
                    facts
                },
            },
        )*)*];
    };
}

/// `Some` of the argument, or `None` without one.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// Adds a fact to those of a row.
macro_rules! fact {
    ($facts:ident, constant $feature:ident) => {
        Facts {
            constant: Some(Feature::$feature),
            ..$facts
        }
    };
    ($facts:ident, traps) => {
        Facts {
            traps: true,
            ..$facts
        }
    };
    ($facts:ident, commutes) => {
        Facts {
            commutes: true,
            ..$facts
        }
    };
    ($facts:ident, mirrored $opcode:ident) => {
        Facts {
            mirrored: Some(Opcode::$opcode),
            ..$facts
        }
    };
    ($facts:ident, opposite $opcode:ident) => {
        Facts {
            opposite: Some(Opcode::$opcode),
            ..$facts
        }
    };
    ($facts:ident, nan $floats:ident) => {
        Facts {
            nan: Some(Floats::$floats),
            ..$facts
        }
    };
    ($facts:ident, bulk $unit:ident) => {
        Facts {
            bulk: Some(BulkUnit::$unit),
            ..$facts
        }
    };
    ($facts:ident, strictly $opcode:ident) => {
        Facts {
            strictly: Some(Opcode::$opcode),
            ..$facts
        }
    };
}

for_each_instruction!(derive_instructions);

/// A row of the table, apart from the immediates.
struct Row {
    prefix: u8,
    code: u32,
    mnemonic: &'static str,
    class: Class,
    /// Number of immediates.
    immediates: usize,
    /// Number of bytes of memory that it accesses; 0 if it accesses none, or if its immediates do not say where.
    access_bytes: u8,
    plain_type: Option<PlainType>,
    feature: Feature,
    facts: Facts,
}

/// The facts at the end of a row; most rows have few of them. The module `instructions` defines their meanings.
#[derive(Clone, Copy)]
struct Facts {
    constant: Option<Feature>,
    traps: bool,
    commutes: bool,
    mirrored: Option<Opcode>,
    opposite: Option<Opcode>,
    nan: Option<Floats>,
    bulk: Option<BulkUnit>,
    strictly: Option<Opcode>,
}

impl Facts {
    const NONE: Self = Self {
        constant: None,
        traps: false,
        commutes: false,
        mirrored: None,
        opposite: None,
        nan: None,
        bulk: None,
        strictly: None,
    };
}

/// Floats that an instruction computes, alone or in a vector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Floats {
    /// An `f32`.
    F32,
    /// An `f64`.
    F64,
    /// Four `f32` in a vector.
    F32x4,
    /// Two `f64` in a vector.
    F64x2,
}

impl Floats {
    /// All of them, each at its number.
    pub const ALL: [Self; 4] = [Self::F32, Self::F64, Self::F32x4, Self::F64x2];
}

/// The type of an instruction that has the same one everywhere: parameters and results.
pub type PlainType = (&'static [ValType], &'static [ValType]);

/// Instructions that are validated and lowered alike.
///
/// All but `Special` and most of `Marker` have a plain type. That of an instruction with a [`MemArg`] holds for 32-bit memories: with a
/// 64-bit one, the first parameter is an `i64`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// Constants of number types.
    Const,
    /// From a number to one of its type.
    Unop,
    /// From two numbers of a type to one of it.
    Binop,
    /// From a number to a truth value.
    Testop,
    /// From two numbers of a type to a truth value.
    Relop,
    /// From a number to one of another type, or of the other signedness.
    Cvtop,
    /// Loads of numbers.
    Load,
    /// Stores of numbers.
    Store,
    /// Constant vectors.
    Vconst,
    /// Loads of whole vectors, also those that extend, splat or fill up with zeros.
    Vload,
    /// Stores of whole vectors.
    Vstore,
    /// Loads of a lane.
    VloadLane,
    /// Stores of a lane.
    VstoreLane,
    /// Pure functions of vectors and numbers. If there is a lane among the immediates, its bound depends on the shape.
    Vplain,
    /// Atomic accesses to memory, which must be aligned exactly.
    Atomic,
    /// Others with the same type everywhere.
    Plain,
    /// Structure of the code: does nothing when run, and costs no fuel.
    Marker,
    /// Everything else: a rule of its own in validation and lowering.
    Special,
}

impl Opcode {
    const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Its name in the text format. A few opcodes share one.
    pub const fn mnemonic(self) -> &'static str {
        self.row().mnemonic
    }

    /// The proposal that introduced it.
    pub const fn feature(self) -> Feature {
        self.row().feature
    }

    /// Its class.
    pub const fn class(self) -> Class {
        self.row().class
    }

    /// Its type, if that is the same in every place and module.
    pub const fn plain_type(self) -> Option<PlainType> {
        self.row().plain_type
    }

    /// Whether it has immediates.
    pub const fn has_immediates(self) -> bool {
        self.row().immediates > 0
    }

    /// Number of bytes of memory that it reads or writes, if it has a [`MemArg`].
    pub const fn access_bytes(self) -> Option<u8> {
        match self.row().access_bytes {
            0 => None,
            bytes => Some(bytes),
        }
    }

    /// Base-2 logarithm of [`access_bytes`](Self::access_bytes): the natural alignment, which bounds [`MemArg::align`].
    pub fn natural_align(self) -> Option<u32> {
        self.access_bytes().map(|bytes| bytes.trailing_zeros())
    }

    /// The bytes it begins with: a single byte, or a prefix and a number in LEB128.
    pub fn encoding(self) -> (u8, Option<u32>) {
        match self.row() {
            Row {
                prefix: 0, code, ..
            } => (*code as u8, None),
            Row { prefix, code, .. } => (*prefix, Some(*code)),
        }
    }

    /// The proposal that allowed it in constant expressions, if one did.
    pub const fn const_feature(self) -> Option<Feature> {
        self.row().facts.constant
    }

    /// Whether it is allowed in a constant expression, given the features that permit it there.
    pub const fn is_const(self) -> bool {
        self.const_feature().is_some()
    }

    /// Whether it may trap by itself. Calls that trap because of the callee, and traps for lack of room, are not meant.
    pub const fn traps(self) -> bool {
        self.row().facts.traps || self.row().access_bytes > 0
    }

    /// Whether its two operands may be swapped; not every vector instruction that commutes has this fact.
    pub const fn commutes(self) -> bool {
        self.row().facts.commutes
    }

    /// The comparison that holds for `y, x` when this one holds for `x, y`, if that is another one.
    pub const fn mirrored(self) -> Option<Self> {
        self.row().facts.mirrored
    }

    /// The comparison that holds when this one does not, if there is one: because of NaN, most comparisons of floats have none.
    pub const fn opposite(self) -> Option<Self> {
        self.row().facts.opposite
    }

    /// The floats among its results, if a NaN among them may be one of several.
    pub const fn nan(self) -> Option<Floats> {
        self.row().facts.nan
    }

    /// The work that it costs more fuel for, if any.
    pub const fn bulk_cost(self) -> Option<BulkUnit> {
        self.row().facts.bulk
    }

    /// The instruction that it is executed as: itself, unless the standard permits several results. Then it is the one that yields what the
    /// deterministic profile prescribes. <https://webassembly.github.io/spec/core/exec/numerics.html#relaxed-operations>
    pub const fn strict(self) -> Self {
        match self.row().facts.strictly {
            Some(strict) => strict,
            None => self,
        }
    }
}

/// The immediates of an instruction that accesses memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemArg {
    /// Base-2 logarithm of the alignment that the address is said to have; less than 64, not yet checked against the natural one.
    pub align: u32,
    /// The offset added to the address; not yet checked against the memory's address type.
    pub offset: u64,
    /// The memory.
    pub mem: MemIdx,
}

/// The immediates of `br_on_cast` and `br_on_cast_fail`, which share a byte in the binary format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CastArg {
    /// The label to branch to.
    pub label: LabelIdx,
    /// The operand's type.
    pub from: RefType,
    /// The target type of the cast.
    pub to: RefType,
}

/// Number of operands of `array.new_fixed`. (A plain `u32` among the immediates is the bits of a float.)
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Count(pub u32);

/// A reserved byte, which must be zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ZeroByte;

/// A clause of `try_table`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Catch {
    /// `catch`: exceptions of a tag; branches with their payload.
    One {
        /// The tag.
        tag: TagIdx,
        /// The label to branch to.
        label: LabelIdx,
    },
    /// `catch_ref`: as `catch`, with a reference to the exception behind the payload.
    OneRef {
        /// The tag.
        tag: TagIdx,
        /// The label to branch to.
        label: LabelIdx,
    },
    /// `catch_all`: all exceptions; branches with nothing.
    All {
        /// The label to branch to.
        label: LabelIdx,
    },
    /// `catch_all_ref`: all exceptions; branches with a reference to the exception.
    AllRef {
        /// The label to branch to.
        label: LabelIdx,
    },
}

/// An immediate.
trait Immediate: Sized {
    type Kept;
    /// Returns the form that is kept with an instruction: lists are emptied, all else is unchanged.
    fn kept(self) -> Self::Kept;

    /// Itself, if it is the place of a memory access.
    #[inline(always)]
    fn memarg(self) -> Option<MemArg> {
        None
    }
}

impl Immediate for MemArg {
    type Kept = Self;

    fn kept(self) -> Self {
        self
    }

    #[inline(always)]
    fn memarg(self) -> Option<MemArg> {
        Some(self)
    }
}

impl<T> Immediate for &[T]
where
    T: 'static,
{
    type Kept = &'static [T];
    fn kept(self) -> &'static [T] {
        &[]
    }
}

macro_rules! kept_as_is {
    ($($ty:ty),*) => {$(
        impl Immediate for $ty {
            type Kept = Self;
            fn kept(self) -> Self {
                self
            }
        }
    )*};
}
kept_as_is!(
    u8, u32, u64, i32, i64, [u8; 16], BlockType, HeapType, CastArg, Count, ZeroByte
);
kept_as_is!(
    TypeIdx, FuncIdx, TableIdx, MemIdx, GlobalIdx, TagIdx, ElemIdx, DataIdx, LocalIdx, LabelIdx,
    FieldIdx
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opcodes_are_in_ascending_order_of_their_encoding() {
        for pair in Opcode::ALL.windows(2) {
            let key = |opcode: Opcode| (opcode.row().prefix, opcode.row().code);
            assert!(
                key(pair[0]) < key(pair[1]),
                "{:?} stands before {:?}",
                pair[0],
                pair[1]
            );
        }
    }

    #[test]
    fn names_are_the_mnemonics_in_camel_case_unless_a_mnemonic_has_several_opcodes() {
        for &opcode in Opcode::ALL {
            let mut name = String::new();
            for word in opcode.mnemonic().split(['.', '_']) {
                name.push_str(&word[..1].to_uppercase());
                name.push_str(&word[1..]);
            }
            let given = format!("{opcode:?}");
            match opcode.mnemonic() {
                "select" | "ref.test" | "ref.cast" => assert!(given.starts_with(&name)),
                _ => assert_eq!(given, name),
            }
        }
    }

    #[test]
    fn access_widths_agree_with_mnemonics() {
        for &opcode in Opcode::ALL {
            let mnemonic = opcode.mnemonic();
            let Some(bytes) = opcode.access_bytes() else {
                continue;
            };
            let is_wait = mnemonic.starts_with("memory.atomic");
            let (value, access) = mnemonic
                .split_once('.')
                .expect("all that access memory have a dot");
            let access = access.trim_start_matches("atomic.");
            let access = access.split_once('.').map_or(access, |(access, _)| access);
            let digits: String = access
                .chars()
                .skip_while(|c| !c.is_ascii_digit())
                .take_while(char::is_ascii_digit)
                .collect();
            let bits = match (value, access) {
                ("memory", "notify") => 32,
                ("v128", access) if access.contains("x") => 64,
                (value, _) if digits.is_empty() => value[1..].parse().unwrap(),
                _ => digits.parse().unwrap(),
            };
            assert_eq!(u32::from(bytes) * 8, bits, "{mnemonic}");
            assert_eq!(
                opcode.class() == Class::Atomic,
                is_wait || mnemonic.contains(".atomic."),
                "{mnemonic}"
            );
        }
    }

    #[test]
    fn only_special_and_marker_rows_lack_a_type() {
        for &opcode in Opcode::ALL {
            let may_lack = matches!(opcode.class(), Class::Special | Class::Marker);
            assert!(opcode.plain_type().is_some() || may_lack, "{opcode:?}");
        }
    }

    /// The instructions with a fact that names another instruction, each with that one.
    fn pairs(other: fn(Opcode) -> Option<Opcode>) -> impl Iterator<Item = (Opcode, Opcode)> {
        let all = Opcode::ALL.iter();
        all.filter_map(move |&opcode| Some((opcode, other(opcode)?)))
    }

    /// The name of a comparison with its relation replaced by another one.
    fn renamed(opcode: Opcode, relations: &[(&str, &str)]) -> String {
        let (ty, relation) = opcode.mnemonic().split_once('.').unwrap();
        let (relation, sign) = relation.split_at(2);
        let renamed = relations.iter().find_map(|&(x, y)| match relation {
            _ if relation == x => Some(y),
            _ if relation == y => Some(x),
            _ => None,
        });
        format!("{ty}.{}{sign}", renamed.unwrap_or(relation))
    }

    #[test]
    fn every_comparison_commutes_or_has_a_mirrored_one() {
        for &opcode in Opcode::ALL {
            if opcode.class() == Class::Relop {
                assert_ne!(opcode.commutes(), opcode.mirrored().is_some(), "{opcode:?}");
            }
        }
        for (opcode, mirrored) in pairs(Opcode::mirrored) {
            assert_eq!(opcode.class(), Class::Relop, "{opcode:?}");
            assert_eq!(mirrored.mirrored(), Some(opcode));
            assert_eq!(mirrored.plain_type(), opcode.plain_type(), "{opcode:?}");
            let name = renamed(opcode, &[("lt", "gt"), ("le", "ge")]);
            assert_eq!(mirrored.mnemonic(), name);
        }
    }

    #[test]
    fn every_comparison_has_an_opposite_unless_nan_is_neither() {
        for &opcode in Opcode::ALL {
            let is_relop = opcode.class() == Class::Relop;
            let of_floats = opcode.mnemonic().starts_with('f');
            let expected = is_relop && (opcode.commutes() || !of_floats);
            assert_eq!(opcode.opposite().is_some(), expected, "{opcode:?}");
        }
        for (opcode, opposite) in pairs(Opcode::opposite) {
            assert_eq!(opposite.opposite(), Some(opcode));
            assert_eq!(opposite.plain_type(), opcode.plain_type(), "{opcode:?}");
            let name = renamed(opcode, &[("eq", "ne"), ("lt", "ge"), ("gt", "le")]);
            assert_eq!(opposite.mnemonic(), name);
        }
    }

    #[test]
    fn what_commutes_has_two_operands_of_a_type() {
        for &opcode in Opcode::ALL.iter().filter(|opcode| opcode.commutes()) {
            let operands = opcode.plain_type().map(|(operands, _)| operands);
            assert!(
                matches!(operands, Some([x, y]) if x == y),
                "{opcode:?} takes {operands:?}"
            );
            assert!(!opcode.has_immediates(), "{opcode:?}");
        }
    }

    #[test]
    fn a_relaxed_instruction_is_taken_for_a_strict_one_of_the_same_facts() {
        for (opcode, strict) in pairs(|opcode| opcode.row().facts.strictly) {
            assert_eq!(opcode.feature(), Feature::RelaxedSimd, "{opcode:?}");
            assert_eq!(strict.feature(), Feature::Simd, "{opcode:?}");
            assert_eq!(strict.strict(), strict);
            assert_eq!(strict.plain_type(), opcode.plain_type(), "{opcode:?}");
            assert_eq!(strict.commutes(), opcode.commutes(), "{opcode:?}");
            assert_eq!(strict.nan(), opcode.nan(), "{opcode:?}");
        }
    }

    #[test]
    fn what_makes_a_nan_yields_floats_of_its_shape() {
        for &opcode in Opcode::ALL {
            let Some(floats) = opcode.nan() else { continue };
            let (ty, shape) = match floats {
                Floats::F32 => (ValType::F32, "f32."),
                Floats::F64 => (ValType::F64, "f64."),
                Floats::F32x4 => (ValType::V128, "f32x4."),
                Floats::F64x2 => (ValType::V128, "f64x2."),
            };
            let results = opcode.plain_type().map(|(_, results)| results);
            assert_eq!(results, Some(&[ty][..]), "{opcode:?}");
            assert!(opcode.mnemonic().starts_with(shape), "{opcode:?}");
        }
    }

    #[test]
    fn numeric_instructions_trap_if_they_divide_or_truncate_to_an_integer() {
        use Class::*;
        for &opcode in Opcode::ALL {
            let (ty, operator) = opcode.mnemonic().split_once('.').unwrap_or_default();
            let partial = matches!(
                operator.split('_').collect::<Vec<_>>()[..],
                ["div" | "rem", "s" | "u"] | ["trunc", "f32" | "f64", "s" | "u"]
            );
            match opcode.class() {
                Const | Unop | Binop | Testop | Relop | Cvtop | Vconst | Vplain | Marker => {
                    assert_eq!(opcode.traps(), partial && ty.starts_with('i'), "{opcode:?}");
                }
                Load | Store | Vload | Vstore | VloadLane | VstoreLane | Atomic => {
                    assert!(opcode.traps(), "{opcode:?}");
                }
                Plain | Special => {}
            }
        }
    }

    #[test]
    fn what_may_stand_in_constant_expressions_does_not_trap() {
        for &opcode in Opcode::ALL.iter().filter(|opcode| opcode.is_const()) {
            assert!(!opcode.traps(), "{opcode:?}");
        }
    }

    #[test]
    fn instructions_are_small() {
        assert!(size_of::<Instr<'_>>() <= 32);
    }
}
