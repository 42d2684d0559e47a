//! The layout of structures and arrays in memory: the bytes of each field.
//!
//! Fields keep their order, each at a multiple of its size. So a field has the same place in a type as in all its subtypes, and
//! code can name the place instead of the field.

use crate::syntax::instr::Opcode;
use crate::syntax::types::{FieldType, StorageType, ValType};

/// The storage of a field or an element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Storage {
    /// One byte of an `i32`.
    I8,
    /// Two bytes of an `i32`.
    I16,
    /// An `i32` or `f32`.
    Bits32,
    /// An `i64` or `f64`.
    Bits64,
    /// A reference.
    Ref,
    /// A vector.
    Bits128,
}

impl Storage {
    /// The storage of values of a type.
    pub const fn of(ty: StorageType) -> Self {
        match ty {
            StorageType::I8 => Self::I8,
            StorageType::I16 => Self::I16,
            StorageType::Val(ValType::I32 | ValType::F32) => Self::Bits32,
            StorageType::Val(ValType::I64 | ValType::F64) => Self::Bits64,
            StorageType::Val(ValType::V128) => Self::Bits128,
            StorageType::Val(ValType::Ref(_)) => Self::Ref,
        }
    }

    /// Base-2 logarithm of the number of bytes it takes.
    pub const fn log2(self) -> u32 {
        match self {
            Self::I8 => 0,
            Self::I16 => 1,
            Self::Bits32 => 2,
            Self::Bits64 | Self::Ref => 3,
            Self::Bits128 => 4,
        }
    }

    /// Number of bytes it takes.
    pub const fn bytes(self) -> usize {
        1 << self.log2()
    }

    /// Number of slots its value fills.
    pub const fn slots(self) -> usize {
        match self {
            Self::Bits128 => 2,
            _ => 1,
        }
    }

    /// The storage with a number.
    pub const fn of_code(code: u32) -> Self {
        match code {
            0 => Self::I8,
            1 => Self::I16,
            2 => Self::Bits32,
            3 => Self::Bits64,
            4 => Self::Ref,
            _ => Self::Bits128,
        }
    }
}

/// A field's place and kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its first byte.
    pub offset: u32,
    /// Its storage.
    pub storage: Storage,
}

/// The fields of a structure type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StructLayout {
    /// The place of each field.
    pub fields: Box<[Place]>,
    /// Bytes of all of them.
    pub bytes: u32,
}

impl StructLayout {
    /// The layout of fields of these types. Their number is limited by validation, and so is the sum.
    pub fn new(fields: &[FieldType]) -> Self {
        let mut end = 0_u32;
        let place = |field: &FieldType| {
            let storage = Storage::of(field.storage);
            let offset = end.next_multiple_of(storage.bytes() as u32);
            end = offset + storage.bytes() as u32;
            Place { offset, storage }
        };
        let fields = fields.iter().map(place).collect();
        Self { fields, bytes: end }
    }
}

/// The condition that a cast sets for a reference that is not null.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// None: it is cast to the top of its hierarchy.
    Top,
    /// An impossible one: it is cast to the bottom.
    Bottom,
    /// It can be compared: any reference but host values.
    Eq,
    /// It is an unboxed integer.
    I31,
    /// It is a structure.
    Struct,
    /// It is an array.
    Array,
    /// It is an object of a type of the engine, by its canonical id.
    Object(u32),
    /// It is a function of a type of the engine.
    Func(u32),
}

impl Target {
    /// Its two cells: a code and an id.
    pub const fn cells(self) -> (u32, u32) {
        match self {
            Self::Top => (0, 0),
            Self::Bottom => (1, 0),
            Self::Eq => (2, 0),
            Self::I31 => (3, 0),
            Self::Struct => (4, 0),
            Self::Array => (5, 0),
            Self::Object(id) => (6, id),
            Self::Func(id) => (7, id),
        }
    }

    /// The target with these [`cells`](Self::cells).
    pub const fn of_cells(code: u32, id: u32) -> Self {
        match code {
            0 => Self::Top,
            1 => Self::Bottom,
            2 => Self::Eq,
            3 => Self::I31,
            4 => Self::Struct,
            5 => Self::Array,
            6 => Self::Object(id),
            _ => Self::Func(id),
        }
    }
}

/// The instruction that reads a field or element as it would read memory; none for vectors.
pub const fn load(ty: StorageType, signed: bool) -> Option<Opcode> {
    Some(match (ty, signed) {
        (StorageType::I8, true) => Opcode::I32Load8S,
        (StorageType::I8, false) => Opcode::I32Load8U,
        (StorageType::I16, true) => Opcode::I32Load16S,
        (StorageType::I16, false) => Opcode::I32Load16U,
        (StorageType::Val(ValType::I32), _) => Opcode::I32Load,
        (StorageType::Val(ValType::I64 | ValType::Ref(_)), _) => Opcode::I64Load,
        (StorageType::Val(ValType::F32), _) => Opcode::F32Load,
        (StorageType::Val(ValType::F64), _) => Opcode::F64Load,
        (StorageType::Val(ValType::V128), _) => return None,
    })
}

/// The instruction that writes a field or element as it would write memory; none for vectors.
pub const fn store(ty: StorageType) -> Option<Opcode> {
    Some(match ty {
        StorageType::I8 => Opcode::I32Store8,
        StorageType::I16 => Opcode::I32Store16,
        StorageType::Val(ValType::I32) => Opcode::I32Store,
        StorageType::Val(ValType::I64 | ValType::Ref(_)) => Opcode::I64Store,
        StorageType::Val(ValType::F32) => Opcode::F32Store,
        StorageType::Val(ValType::F64) => Opcode::F64Store,
        StorageType::Val(ValType::V128) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(types: &[StorageType]) -> Vec<FieldType> {
        let field = |&storage| FieldType {
            storage,
            mutable: true,
        };
        types.iter().map(field).collect()
    }

    #[test]
    fn a_field_is_at_a_multiple_of_its_size() {
        let types = [
            StorageType::I8,
            StorageType::Val(ValType::I64),
            StorageType::I16,
            StorageType::I8,
            StorageType::Val(ValType::V128),
        ];
        let layout = StructLayout::new(&fields(&types));
        let offsets: Vec<u32> = layout.fields.iter().map(|field| field.offset).collect();
        assert_eq!(offsets, [0, 8, 16, 18, 32]);
        assert_eq!(layout.bytes, 48);
    }

    #[test]
    fn a_subtype_has_the_fields_of_its_supertype_where_that_has_them() {
        let types = [
            StorageType::I16,
            StorageType::Val(ValType::I32),
            StorageType::I8,
        ];
        let sub = StructLayout::new(&fields(&types));
        let sup = StructLayout::new(&fields(&types[..2]));
        assert_eq!(sub.fields[..2], *sup.fields);
    }
}
