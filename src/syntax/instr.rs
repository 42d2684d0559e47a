//! Instructions and what can be asked about them, derived from the table in [`instructions`](super::instructions).
//!
//! [`Instr`] is an instruction with its immediates, [`Opcode`] one without. How they are read from bytes is not said here but
//! in `decode::instructions`, how they are written as text in [`print`](super::print).
//! <https://webassembly.github.io/spec/core/syntax/instructions.html>

use super::index::*;
use super::instructions::for_each_instruction;
use super::types::*;
use crate::features::Feature;

/// Takes the table's rows apart: what every macro that is called by `for_each_instruction` begins with.
macro_rules! derive_instructions {
    ($($group:ident $prefix:literal {$(
        $code:literal $name:ident $mnemonic:literal $(($($imm:ident: $ty:ty),+))?
        $class:ident $(($bytes:literal))? $([$($param:ident)*] -> [$($result:ident)*])?
        $feature:ident $(const $const_feature:ident)?;
    )*})*) => {
        /// An instruction.
        ///
        /// Lists among its immediates are borrowed from whoever decoded it, and are overwritten by the next one.
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

            /// Where and how it accesses memory, if its immediates say so.
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
                access_bytes: 0 $(+ $bytes)?,
                plain_type: optional!($((&[$(ValType::$param),*], &[$(ValType::$result),*]))?),
                feature: Feature::$feature,
                const_feature: optional!($(Feature::$const_feature)?),
            },
        )*)*];
    };
}

/// `Some` of what is there, or `None`.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

for_each_instruction!(derive_instructions);

/// A row of the table, apart from the immediates.
struct Row {
    prefix: u8,
    code: u32,
    mnemonic: &'static str,
    class: Class,
    access_bytes: u8,
    plain_type: Option<PlainType>,
    feature: Feature,
    const_feature: Option<Feature>,
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
    /// Others whose type is the same everywhere.
    Plain,
    /// Structure of the code: does nothing when run, and costs no fuel.
    Marker,
    /// Everything else: a rule of its own in validation and lowering.
    Special,
}

impl Opcode {
    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Its name in the text format. A few opcodes share theirs.
    pub fn mnemonic(self) -> &'static str {
        self.row().mnemonic
    }

    /// The proposal that brought it.
    pub fn feature(self) -> Feature {
        self.row().feature
    }

    /// Its class.
    pub fn class(self) -> Class {
        self.row().class
    }

    /// Its type, if that is the same in every place and module.
    pub fn plain_type(self) -> Option<PlainType> {
        self.row().plain_type
    }

    /// How many bytes of memory it reads or writes, if it has a [`MemArg`].
    pub fn access_bytes(self) -> Option<u8> {
        Some(self.row().access_bytes).filter(|&bytes| bytes != 0)
    }

    /// Base-2 logarithm of [`access_bytes`](Self::access_bytes): the natural alignment, which bounds [`MemArg::align`].
    pub fn natural_align(self) -> Option<u32> {
        self.access_bytes().map(|bytes| bytes.trailing_zeros())
    }

    /// The bytes it begins with: a single one, or a prefix and a number in LEB128.
    pub fn encoding(self) -> (u8, Option<u32>) {
        match self.row() {
            Row {
                prefix: 0, code, ..
            } => (*code as u8, None),
            Row { prefix, code, .. } => (*prefix, Some(*code)),
        }
    }

    /// The proposal that allowed it in constant expressions, if one did.
    pub fn const_feature(self) -> Option<Feature> {
        self.row().const_feature
    }

    /// Whether it may stand in a constant expression, given the features that allow it there.
    pub fn is_const(self) -> bool {
        self.const_feature().is_some()
    }
}

/// Where and how an instruction accesses memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemArg {
    /// Base-2 logarithm of the alignment that the address is said to have; less than 64, not yet checked against the natural one.
    pub align: u32,
    /// Added to the address; not yet checked against the memory's address type.
    pub offset: u64,
    /// The memory.
    pub mem: MemIdx,
}

/// The immediates of `br_on_cast` and `br_on_cast_fail`, which share a byte in the binary format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CastArg {
    /// Where to branch.
    pub label: LabelIdx,
    /// The operand's type.
    pub from: RefType,
    /// The type to which it is cast.
    pub to: RefType,
}

/// How many operands `array.new_fixed` has. (A plain `u32` among the immediates is the bits of a float.)
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
        /// Where to branch.
        label: LabelIdx,
    },
    /// `catch_ref`: as `catch`, with a reference to the exception behind the payload.
    OneRef {
        /// The tag.
        tag: TagIdx,
        /// Where to branch.
        label: LabelIdx,
    },
    /// `catch_all`: all exceptions; branches with nothing.
    All {
        /// Where to branch.
        label: LabelIdx,
    },
    /// `catch_all_ref`: all exceptions; branches with a reference to the exception.
    AllRef {
        /// Where to branch.
        label: LabelIdx,
    },
}

/// An immediate.
trait Immediate: Sized {
    type Kept;
    /// What becomes of it when its instruction is kept: lists are emptied, all else stays.
    fn kept(self) -> Self::Kept;

    /// Itself, if it says where memory is accessed.
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

    #[test]
    fn instructions_are_small() {
        assert!(size_of::<Instr<'_>>() <= 32);
    }
}
