//! The contents of the known sections.
//!
//! Each function gets a reader of the whole section and appends to the module. The caller checks that the reader was read to its
//! end.
//! <https://webassembly.github.io/spec/core/binary/modules.html#sections>

use super::error::{Counted, DecodeError, DecodeErrorKind};
use super::instructions::const_expr;
use super::reader::Reader;
use super::types;
use crate::limits;
use crate::syntax::index::*;
use crate::syntax::module::*;
use crate::syntax::types::*;

type Result<T = ()> = core::result::Result<T, DecodeError>;

/// Reads `count` entries into `entries`, and the offset of each into `offsets`.
fn entries<'m, T>(
    reader: &mut Reader<'m>,
    count: u32,
    entries: &mut Vec<T>,
    offsets: &mut Vec<usize>,
    mut entry: impl FnMut(&mut Reader<'m>) -> Result<T>,
) -> Result {
    let room = reader.room(count);
    entries.reserve(room);
    offsets.reserve(room);
    for _ in 0..count {
        offsets.push(reader.offset());
        entries.push(entry(reader)?);
    }
    Ok(())
}

/// Number of imports of a kind.
fn imported(module: &Module, is_kind: impl Fn(&ExternType) -> bool) -> usize {
    module
        .imports
        .iter()
        .filter(|import| is_kind(&import.ty))
        .count()
}

pub(super) fn type_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    let count = reader.count(Counted::Types, 0, limits::MAX_TYPES)?;
    let mut total = 0;
    entries(
        reader,
        count,
        &mut module.types,
        &mut module.offsets.types,
        |reader| {
            let group = types::rec_type(reader, total)?;
            total += group.subtypes.len();
            Ok(group)
        },
    )
}

pub(super) fn import_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    let count = reader.count(Counted::Imports, 0, limits::MAX_IMPORTS)?;
    entries(
        reader,
        count,
        &mut module.imports,
        &mut module.offsets.imports,
        |reader| {
            Ok(Import {
                module: reader.name()?.into(),
                name: reader.name()?.into(),
                ty: match reader.byte()? {
                    0 => ExternType::Func(TypeIdx(reader.u32()?)),
                    1 => ExternType::Table(types::table_type(reader)?),
                    2 => ExternType::Mem(types::mem_type(reader)?),
                    3 => ExternType::Global(types::global_type(reader)?),
                    4 => ExternType::Tag(types::tag_type(reader)?),
                    kind => return Err(reader.error_before(DecodeErrorKind::ImportKind(kind))),
                },
            })
        },
    )
}

pub(super) fn function_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    let imported = imported(module, |ty| matches!(ty, ExternType::Func(_)));
    let count = reader.count(Counted::Funcs, imported, limits::MAX_FUNCS)?;
    entries(
        reader,
        count,
        &mut module.funcs,
        &mut module.offsets.funcs,
        |reader| reader.u32().map(TypeIdx),
    )
}

pub(super) fn table_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    /// The byte before a table with an initial element, followed by a zero; no table type begins with them.
    const HAS_INIT: u8 = 0x40;
    let imported = imported(module, |ty| matches!(ty, ExternType::Table(_)));
    let count = reader.count(Counted::Tables, imported, limits::MAX_TABLES)?;
    entries(
        reader,
        count,
        &mut module.tables,
        &mut module.offsets.tables,
        |reader| {
            let has_init = reader.peek()? == HAS_INIT;
            if has_init {
                reader.byte()?;
                reader.zero()?;
            }
            Ok(Table {
                ty: types::table_type(reader)?,
                init: match has_init {
                    true => Some(const_expr(reader)?),
                    false => None,
                },
            })
        },
    )
}

pub(super) fn memory_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    let imported = imported(module, |ty| matches!(ty, ExternType::Mem(_)));
    let count = reader.count(Counted::Mems, imported, limits::MAX_MEMS)?;
    entries(
        reader,
        count,
        &mut module.mems,
        &mut module.offsets.mems,
        types::mem_type,
    )
}

pub(super) fn tag_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    let imported = imported(module, |ty| matches!(ty, ExternType::Tag(_)));
    let count = reader.count(Counted::Tags, imported, limits::MAX_TAGS)?;
    entries(
        reader,
        count,
        &mut module.tags,
        &mut module.offsets.tags,
        types::tag_type,
    )
}

pub(super) fn global_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    let imported = imported(module, |ty| matches!(ty, ExternType::Global(_)));
    let count = reader.count(Counted::Globals, imported, limits::MAX_GLOBALS)?;
    entries(
        reader,
        count,
        &mut module.globals,
        &mut module.offsets.globals,
        |reader| {
            Ok(Global {
                ty: types::global_type(reader)?,
                init: const_expr(reader)?,
            })
        },
    )
}

pub(super) fn export_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    let count = reader.count(Counted::Exports, 0, limits::MAX_EXPORTS)?;
    entries(
        reader,
        count,
        &mut module.exports,
        &mut module.offsets.exports,
        |reader| {
            Ok(Export {
                name: reader.name()?.into(),
                item: match reader.byte()? {
                    0 => ExternIdx::Func(FuncIdx(reader.u32()?)),
                    1 => ExternIdx::Table(TableIdx(reader.u32()?)),
                    2 => ExternIdx::Mem(MemIdx(reader.u32()?)),
                    3 => ExternIdx::Global(GlobalIdx(reader.u32()?)),
                    4 => ExternIdx::Tag(TagIdx(reader.u32()?)),
                    kind => return Err(reader.error_before(DecodeErrorKind::ExportKind(kind))),
                },
            })
        },
    )
}

pub(super) fn start_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    module.offsets.start = reader.offset();
    module.start = Some(FuncIdx(reader.u32()?));
    Ok(())
}

pub(super) fn element_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    let count = reader.count(Counted::Elems, 0, limits::MAX_ELEM_SEGMENTS)?;
    entries(
        reader,
        count,
        &mut module.elems,
        &mut module.offsets.elems,
        elem,
    )
}

/// Reads an element segment: three flags state which of its parts are present.
fn elem(reader: &mut Reader<'_>) -> Result<Elem> {
    let at = reader.offset();
    let flags = reader.u32()?;
    if flags > 7 {
        return Err(DecodeError {
            kind: DecodeErrorKind::ElemKind(flags),
            offset: at,
        });
    }
    let (not_active, explicit, exprs) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
    let mode = match (not_active, explicit) {
        (true, true) => SegmentMode::Declarative,
        (true, false) => SegmentMode::Passive,
        (false, _) => SegmentMode::Active {
            target: TableIdx(if explicit { reader.u32()? } else { 0 }),
            offset: const_expr(reader)?,
        },
    };
    let has_type = not_active || explicit;
    let ty = match (exprs, has_type) {
        (true, true) => types::ref_type(reader)?,
        (true, false) => RefType::FUNCREF,
        (false, has_type) => {
            if has_type {
                match reader.byte()? {
                    0 => {}
                    kind => return Err(reader.error_before(DecodeErrorKind::ElemKind(kind.into()))),
                }
            }
            RefType::non_null(HeapType::Func)
        }
    };
    let count = reader.count(Counted::ElemItems, 0, limits::MAX_TABLE_ELEMS)?;
    let items = match exprs {
        true => ElemItems::Exprs(reader.list(count, const_expr)?),
        false => ElemItems::Funcs(reader.list(count, |reader| reader.u32().map(FuncIdx))?),
    };
    Ok(Elem { ty, items, mode })
}

pub(super) fn data_count_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    module.data_count = Some(reader.count(Counted::Datas, 0, limits::MAX_DATA_SEGMENTS)?);
    Ok(())
}

pub(super) fn code_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    // The number is compared with the number of functions at the end only: the section with the others may be missing.
    let bodies = reader.count(Counted::Funcs, 0, limits::MAX_FUNCS)?;
    module.bodies.reserve(reader.room(bodies));
    for _ in 0..bodies {
        let at = reader.clone();
        let range = reader.sized()?.rest();
        if range.len() > limits::MAX_BODY_BYTES as usize {
            return Err(at.error(DecodeErrorKind::TooMany {
                what: Counted::BodyBytes,
                limit: limits::MAX_BODY_BYTES,
            }));
        }
        module.bodies.push(FuncBody { range });
    }
    Ok(())
}

pub(super) fn data_section(reader: &mut Reader<'_>, module: &mut Module) -> Result {
    let count = reader.count(Counted::Datas, 0, limits::MAX_DATA_SEGMENTS)?;
    entries(
        reader,
        count,
        &mut module.datas,
        &mut module.offsets.datas,
        data,
    )
}

fn data(reader: &mut Reader<'_>) -> Result<Data> {
    let at = reader.offset();
    let mode = match reader.u32()? {
        1 => SegmentMode::Passive,
        kind @ (0 | 2) => SegmentMode::Active {
            target: MemIdx(if kind == 2 { reader.u32()? } else { 0 }),
            offset: const_expr(reader)?,
        },
        kind => {
            return Err(DecodeError {
                kind: DecodeErrorKind::DataKind(kind),
                offset: at,
            });
        }
    };
    let length = reader.u32()? as usize;
    Ok(Data {
        init: reader.take(length)?,
        mode,
    })
}
