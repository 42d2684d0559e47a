//! The type of an operand, packed into 32 bits.
//!
//! The operand stack of validation holds these, so that the usual check compares two words; subtyping is consulted only if they
//! differ. A concrete type is represented by the first type of the module that is equal to it, so equal types are equal words.

use core::fmt;

use crate::syntax::index::TypeIdx;
use crate::syntax::types::{HeapType, RefType, ValType};

/// A value type, or the bottom type that matches any type in unreachable code.
///
/// The low byte is a code; the bits above are the type index, if the code has one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpType(u32);

const REF: u32 = 0x40;
const NULLABLE: u32 = 0x20;
const HEAP: u32 = 0x1F;
const CONCRETE: u32 = 12;
const BOT_HEAP: u32 = 13;

/// The abstract heap types, by number.
pub(super) const ABSTRACT_HEAPS: [HeapType; CONCRETE as usize] = [
    HeapType::Any,
    HeapType::Eq,
    HeapType::I31,
    HeapType::Struct,
    HeapType::Array,
    HeapType::None,
    HeapType::Func,
    HeapType::NoFunc,
    HeapType::Exn,
    HeapType::NoExn,
    HeapType::Extern,
    HeapType::NoExtern,
];

impl OpType {
    /// The bottom of all types: an operand of unreachable code.
    pub(super) const BOT: Self = Self(0);
    pub(super) const I32: Self = Self(1);
    pub(super) const I64: Self = Self(2);
    pub(super) const F32: Self = Self(3);
    pub(super) const F64: Self = Self(4);
    pub(super) const V128: Self = Self(5);
    /// A non-null reference of unreachable code.
    pub(super) const BOT_REF: Self = Self(REF | BOT_HEAP);

    /// The packed form of a type; a type index is kept as it is.
    #[inline]
    pub(super) const fn new(ty: ValType) -> Self {
        match ty {
            ValType::I32 => Self::I32,
            ValType::I64 => Self::I64,
            ValType::F32 => Self::F32,
            ValType::F64 => Self::F64,
            ValType::V128 => Self::V128,
            ValType::Ref(ty) => Self::reference(ty),
        }
    }

    const fn reference(ty: RefType) -> Self {
        let heap = match ty.heap {
            HeapType::Any => 0,
            HeapType::Eq => 1,
            HeapType::I31 => 2,
            HeapType::Struct => 3,
            HeapType::Array => 4,
            HeapType::None => 5,
            HeapType::Func => 6,
            HeapType::NoFunc => 7,
            HeapType::Exn => 8,
            HeapType::NoExn => 9,
            HeapType::Extern => 10,
            HeapType::NoExtern => 11,
            HeapType::Concrete(index) => CONCRETE | index.0 << 8,
        };
        Self(REF | if ty.nullable { NULLABLE } else { 0 } | heap)
    }

    /// The code: the whole value unless there is a type index.
    pub(super) const fn code(self) -> u8 {
        self.0 as u8
    }

    /// Not 0 if the types differ in bits of a mask.
    #[inline(always)]
    pub(super) const fn differs(self, other: Self, mask: u32) -> u32 {
        (self.0 ^ other.0) & mask
    }

    /// Whether this is a reference.
    #[inline]
    pub(super) const fn is_ref(self) -> bool {
        self.0 & REF != 0
    }

    /// Whether this is a reference that cannot be null.
    #[inline]
    pub(super) const fn is_non_null(self) -> bool {
        self.0 & (REF | NULLABLE) == REF
    }

    /// The number of an abstract heap type in [`ABSTRACT_HEAPS`], if the reference has one.
    #[inline]
    pub(super) const fn abstract_heap(self) -> Option<usize> {
        let heap = self.0 & HEAP;
        if self.is_ref() && heap < CONCRETE {
            Some(heap as usize)
        } else {
            None
        }
    }

    /// The same reference without null.
    pub(super) const fn without_null(self) -> Self {
        if self.is_ref() {
            Self(self.0 & !NULLABLE)
        } else {
            self
        }
    }

    /// The heap type of a reference; none for a number, vector or bottom type.
    pub(super) const fn heap(self) -> Option<HeapType> {
        if !self.is_ref() {
            return None;
        }
        match self.0 & HEAP {
            CONCRETE => Some(HeapType::Concrete(TypeIdx(self.0 >> 8))),
            BOT_HEAP.. => None,
            heap => Some(ABSTRACT_HEAPS[heap as usize]),
        }
    }

    /// The value type; an arbitrary one for the bottom type.
    pub(super) const fn val_type(self) -> ValType {
        match self {
            Self::I64 => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::V128 => ValType::V128,
            _ => match self.heap() {
                Some(heap) => ValType::Ref(RefType {
                    nullable: !self.is_non_null(),
                    heap,
                }),
                None => ValType::I32,
            },
        }
    }
}

impl fmt::Display for OpType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BOT => f.write_str("_"),
            ty if ty.is_ref() && ty.heap().is_none() => f.write_str("(ref _)"),
            ty => ty.val_type().fmt(f),
        }
    }
}

impl fmt::Debug for OpType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_survives_packing() {
        let concrete = [0, 999_999].map(|index| HeapType::Concrete(TypeIdx(index)));
        let heaps = ABSTRACT_HEAPS.into_iter().chain(concrete);
        let numbers = [
            ValType::I32,
            ValType::I64,
            ValType::F32,
            ValType::F64,
            ValType::V128,
        ];
        let refs = heaps
            .flat_map(|heap| [RefType::nullable(heap), RefType::non_null(heap)])
            .map(ValType::Ref);
        for ty in numbers.into_iter().chain(refs) {
            let packed = OpType::new(ty);
            assert_eq!(packed.val_type(), ty);
            assert_eq!(packed.is_ref(), ty.is_ref());
            assert_eq!(packed.is_non_null(), !ty.is_defaultable());
        }
    }
}
