//! Types as bytes.
//!
//! <https://webassembly.github.io/spec/core/binary/types.html>

use super::error::{Counted, DecodeError, DecodeErrorKind};
use super::reader::Reader;
use crate::limits;
use crate::syntax::index::TypeIdx;
use crate::syntax::types::*;

/// The heap type that is a single byte, if the byte is one.
fn abstract_heap_type(byte: u8) -> Option<HeapType> {
    Some(match byte {
        0x69 => HeapType::Exn,
        0x6A => HeapType::Array,
        0x6B => HeapType::Struct,
        0x6C => HeapType::I31,
        0x6D => HeapType::Eq,
        0x6E => HeapType::Any,
        0x6F => HeapType::Extern,
        0x70 => HeapType::Func,
        0x71 => HeapType::None,
        0x72 => HeapType::NoExtern,
        0x73 => HeapType::NoFunc,
        0x74 => HeapType::NoExn,
        _ => return None,
    })
}

/// The number type or vector type that is a single byte, if the byte is one.
fn scalar_type(byte: u8) -> Option<ValType> {
    Some(match byte {
        0x7B => ValType::V128,
        0x7C => ValType::F64,
        0x7D => ValType::F32,
        0x7E => ValType::I64,
        0x7F => ValType::I32,
        _ => return None,
    })
}

/// An error about the byte just read, which should have been the whole of a negative number.
fn not_a_type(reader: &Reader<'_>, byte: u8, kind: fn(u8) -> DecodeErrorKind) -> DecodeError {
    reader.error_before(if byte < 0x80 {
        kind(byte)
    } else {
        DecodeErrorKind::IntegerTooLong
    })
}

pub(super) fn heap_type(reader: &mut Reader<'_>) -> Result<HeapType, DecodeError> {
    let byte = reader.peek()?;
    if let Some(heap) = abstract_heap_type(byte) {
        reader.byte()?;
        return Ok(heap);
    }
    let error = reader.error(DecodeErrorKind::HeapType(byte));
    match u32::try_from(reader.s33()?) {
        Ok(index) => Ok(HeapType::Concrete(TypeIdx(index))),
        Err(_) => Err(error),
    }
}

/// Reads the rest of a reference type, if the byte just read begins one.
fn ref_type_from(reader: &mut Reader<'_>, byte: u8) -> Result<Option<RefType>, DecodeError> {
    Ok(match byte {
        0x63 => Some(RefType::nullable(heap_type(reader)?)),
        0x64 => Some(RefType::non_null(heap_type(reader)?)),
        _ => abstract_heap_type(byte).map(RefType::nullable),
    })
}

pub(super) fn ref_type(reader: &mut Reader<'_>) -> Result<RefType, DecodeError> {
    let byte = reader.byte()?;
    match ref_type_from(reader, byte)? {
        Some(ty) => Ok(ty),
        None => Err(not_a_type(reader, byte, DecodeErrorKind::RefType)),
    }
}

/// Reads the rest of a value type, if the byte just read begins one.
fn val_type_from(reader: &mut Reader<'_>, byte: u8) -> Result<Option<ValType>, DecodeError> {
    if let Some(ty) = scalar_type(byte) {
        return Ok(Some(ty));
    }
    Ok(ref_type_from(reader, byte)?.map(ValType::Ref))
}

pub(super) fn val_type(reader: &mut Reader<'_>) -> Result<ValType, DecodeError> {
    let byte = reader.byte()?;
    match val_type_from(reader, byte)? {
        Some(ty) => Ok(ty),
        None => Err(not_a_type(reader, byte, DecodeErrorKind::ValType)),
    }
}

/// Reads a block type: nothing, a value type, or the index of a function type, distinguished by the sign.
#[inline]
pub(super) fn block_type(reader: &mut Reader<'_>) -> Result<BlockType, DecodeError> {
    let byte = reader.peek()?;
    if byte == 0x40 {
        reader.byte()?;
        return Ok(BlockType::Empty);
    }
    long_block_type(reader, byte)
}

fn long_block_type(reader: &mut Reader<'_>, byte: u8) -> Result<BlockType, DecodeError> {
    let error = reader.error(DecodeErrorKind::BlockType(byte));
    if byte & 0xC0 == 0x40 {
        reader.byte()?;
        return val_type_from(reader, byte)?
            .map(BlockType::Result)
            .ok_or(error);
    }
    match u32::try_from(reader.s33()?) {
        Ok(index) => Ok(BlockType::Type(TypeIdx(index))),
        Err(_) => Err(error),
    }
}

fn mutability(reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match reader.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        byte => Err(reader.error_before(DecodeErrorKind::Mutability(byte))),
    }
}

fn storage_type(reader: &mut Reader<'_>) -> Result<StorageType, DecodeError> {
    let byte = reader.byte()?;
    match byte {
        0x77 => Ok(StorageType::I16),
        0x78 => Ok(StorageType::I8),
        _ => match val_type_from(reader, byte)? {
            Some(ty) => Ok(StorageType::Val(ty)),
            None => Err(not_a_type(reader, byte, DecodeErrorKind::StorageType)),
        },
    }
}

fn field_type(reader: &mut Reader<'_>) -> Result<FieldType, DecodeError> {
    Ok(FieldType {
        storage: storage_type(reader)?,
        mutable: mutability(reader)?,
    })
}

fn func_type(reader: &mut Reader<'_>) -> Result<FuncType, DecodeError> {
    let count = reader.count(Counted::Params, 0, limits::MAX_PARAMS)?;
    let params = reader.list(count, val_type)?;
    let count = reader.count(Counted::Results, 0, limits::MAX_RESULTS)?;
    let results = reader.list(count, val_type)?;
    Ok(FuncType { params, results })
}

/// Reads a composite type whose first byte has been read.
fn comp_type_from(reader: &mut Reader<'_>, byte: u8) -> Result<CompType, DecodeError> {
    match byte {
        0x5E => field_type(reader).map(CompType::Array),
        0x5F => {
            let count = reader.count(Counted::Fields, 0, limits::MAX_STRUCT_FIELDS)?;
            reader.list(count, field_type).map(CompType::Struct)
        }
        0x60 => func_type(reader).map(CompType::Func),
        _ => Err(not_a_type(reader, byte, DecodeErrorKind::DefType)),
    }
}

/// Reads a subtype whose first byte has been read.
fn sub_type_from(reader: &mut Reader<'_>, byte: u8) -> Result<SubType, DecodeError> {
    if byte != 0x4F && byte != 0x50 {
        return Ok(SubType {
            is_final: true,
            supertypes: Box::default(),
            composite: comp_type_from(reader, byte)?,
        });
    }
    let count = reader.u32()?;
    let supertypes = reader.list(count, |reader| reader.u32().map(TypeIdx))?;
    let first = reader.byte()?;
    Ok(SubType {
        is_final: byte == 0x4F,
        supertypes,
        composite: comp_type_from(reader, first)?,
    })
}

/// Reads a rec group. `others` is the number of types that the module already has.
pub(super) fn rec_type(reader: &mut Reader<'_>, others: usize) -> Result<RecType, DecodeError> {
    let byte = reader.byte()?;
    let subtypes = if byte == 0x4E {
        let at = reader.clone();
        let count = reader.count(Counted::RecGroup, 0, limits::MAX_REC_GROUP)?;
        if others.saturating_add(count as usize) > limits::MAX_TYPES as usize {
            return Err(at.error(DecodeErrorKind::TooMany {
                what: Counted::Types,
                limit: limits::MAX_TYPES,
            }));
        }
        reader.list(count, |reader| {
            let byte = reader.byte()?;
            sub_type_from(reader, byte)
        })?
    } else {
        Box::new([sub_type_from(reader, byte)?])
    };
    Ok(RecType { subtypes })
}

/// The flags before limits, which the kind of entity restricts.
mod flags {
    pub(super) const MAX: u8 = 1;
    pub(super) const SHARED: u8 = 2;
    pub(super) const ADDR64: u8 = 4;
    pub(super) const PAGE_SIZE: u8 = 8;
}

/// Reads flags, of which only those in `allowed` may be set.
fn limits_flags(reader: &mut Reader<'_>, allowed: u8) -> Result<u8, DecodeError> {
    let flags = reader.byte()?;
    if flags & !allowed == 0 {
        return Ok(flags);
    }
    Err(reader.error_before(DecodeErrorKind::LimitsFlags(flags)))
}

fn addr_type(flags: u8) -> AddrType {
    if flags & flags::ADDR64 == 0 {
        AddrType::I32
    } else {
        AddrType::I64
    }
}

fn limits_of(reader: &mut Reader<'_>, flags: u8) -> Result<Limits, DecodeError> {
    let min = reader.u64()?;
    let max = match flags & flags::MAX {
        0 => None,
        _ => Some(reader.u64()?),
    };
    Ok(Limits { min, max })
}

pub(super) fn table_type(reader: &mut Reader<'_>) -> Result<TableType, DecodeError> {
    let element = ref_type(reader)?;
    let flags = limits_flags(reader, flags::MAX | flags::ADDR64)?;
    let limits = limits_of(reader, flags)?;
    Ok(TableType {
        addr: addr_type(flags),
        limits,
        element,
    })
}

pub(super) fn mem_type(reader: &mut Reader<'_>) -> Result<MemType, DecodeError> {
    let all = flags::MAX | flags::SHARED | flags::ADDR64 | flags::PAGE_SIZE;
    let flags = limits_flags(reader, all)?;
    let limits = limits_of(reader, flags)?;
    let page_size_log2 = match flags & flags::PAGE_SIZE {
        0 => 16,
        _ => {
            let at = reader.clone();
            let log2 = reader.u32()?;
            match u8::try_from(log2) {
                Ok(log2 @ 0..=16) => log2,
                _ => return Err(at.error(DecodeErrorKind::PageSize(log2))),
            }
        }
    };
    Ok(MemType {
        addr: addr_type(flags),
        limits,
        shared: flags & flags::SHARED != 0,
        page_size_log2,
    })
}

pub(super) fn global_type(reader: &mut Reader<'_>) -> Result<GlobalType, DecodeError> {
    Ok(GlobalType {
        value: val_type(reader)?,
        mutable: mutability(reader)?,
    })
}

pub(super) fn tag_type(reader: &mut Reader<'_>) -> Result<TagType, DecodeError> {
    reader.zero()?;
    Ok(TagType {
        ty: TypeIdx(reader.u32()?),
    })
}
