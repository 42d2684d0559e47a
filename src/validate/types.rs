//! Rules for types: their references are in bounds, and the features that they need are on.
//! <https://webassembly.github.io/spec/core/valid/types.html>

use super::canonical::{Interner, Reference};
use super::context::{Context, TypeInfo, unknown};
use super::error::{Check, ErrorKind, Kind, Space, Subject};
use super::matching;
use crate::features::Feature;
use crate::limits;
use crate::syntax::index::{FieldIdx, TypeIdx};
use crate::syntax::types::*;

impl Context {
    /// Checks a rec group and adds its types.
    pub(super) fn add_rec_type(&mut self, group: &RecType, interner: &mut Interner) -> Check {
        let first = self.types.len();
        let end = first + group.subtypes.len();
        too_many(
            "types of a rec group",
            group.subtypes.len(),
            limits::MAX_REC_GROUP,
        )?;
        too_many("types", end, limits::MAX_TYPES)?;
        if group.subtypes.len() != 1 {
            self.require(Feature::Gc, || Subject::Text("a rec group"))?;
        }
        // Members may refer to each other, so all bounds are checked before any lookup.
        for (ty, index) in group.subtypes.iter().zip(first as u32..) {
            self.check_sub_type_bounds(ty, TypeIdx(index), end)?;
        }
        let canonical = |ty: TypeIdx| self.infos[ty.index()].canonical.0;
        let refer = |ty| Reference::written(ty, first as u32, canonical);
        let (canonical, _) = interner.intern(&group.subtypes, refer, first as u32);
        for (ty, canonical) in group.subtypes.iter().zip(canonical..) {
            self.add_sub_type(ty, TypeIdx(canonical), first as u32)?;
        }
        // The remaining rules compare types of the group with each other.
        for (ty, index) in group.subtypes.iter().zip(first as u32..) {
            if let &[sup] = &*ty.supertypes {
                self.check_supertype(ty, TypeIdx(index), sup)?;
            }
        }
        Ok(())
    }

    fn check_sub_type_bounds(&self, ty: &SubType, index: TypeIdx, end: usize) -> Check {
        if !ty.is_final || !ty.supertypes.is_empty() {
            self.require(Feature::Gc, || Subject::Text("a declaration of subtypes"))?;
        }
        match &*ty.supertypes {
            [] => {}
            &[sup] if sup < index => {}
            &[sup] => return Err(unknown(Space::Type, sup.0, index.index())),
            more => Err(ErrorKind::SuperTypes {
                sub: index,
                count: more.len(),
            })?,
        }
        match &ty.composite {
            CompType::Func(ty) => {
                too_many("parameters", ty.params.len(), limits::MAX_PARAMS)?;
                too_many("results", ty.results.len(), limits::MAX_RESULTS)?;
                if ty.results.len() > 1 {
                    self.require(Feature::MultiValue, || {
                        Subject::Text("a function type with several results")
                    })?;
                }
                for &ty in ty.params.iter().chain(&ty.results) {
                    self.check_val_type_within(ty, end)?;
                }
            }
            CompType::Struct(fields) => {
                self.require(Feature::Gc, || Subject::Text("a structure type"))?;
                too_many("fields", fields.len(), limits::MAX_STRUCT_FIELDS)?;
                for &field in fields {
                    self.check_field_type_within(field, end)?;
                }
            }
            CompType::Array(element) => {
                self.require(Feature::Gc, || Subject::Text("an array type"))?;
                self.check_field_type_within(*element, end)?;
            }
        }
        Ok(())
    }

    /// Adds a type whose references are in bounds; `first` is the index of its group's first member.
    fn add_sub_type(&mut self, ty: &SubType, canonical: TypeIdx, first: u32) -> Check {
        let index = TypeIdx(self.types.len() as u32);
        let mut info = TypeInfo {
            canonical,
            supertype: None,
            order: 0,
            order_end: 0,
            depth: 0,
            kind: kind(&ty.composite),
            operands: self.operands.len() as u32,
            params: 0,
            results: 0,
            no_default: None,
        };
        if let &[sup] = &*ty.supertypes {
            let above = &self.infos[sup.index()];
            info.supertype = Some(above.canonical);
            info.depth = above.depth + 1;
            too_many(
                "super types in a chain",
                info.depth.into(),
                limits::MAX_SUBTYPE_DEPTH,
            )?;
        }
        if let CompType::Func(func) = &ty.composite {
            info.params = func.params.len() as u16;
            info.results = func.results.len() as u16;
            for &ty in func.params.iter().chain(&func.results) {
                // Later members of the group are not in the list yet, but their canonical indices are known: they are consecutive, as
                // those of the equal group are.
                let packed = match ty {
                    ValType::Ref(RefType {
                        nullable,
                        heap: HeapType::Concrete(to),
                    }) if to.0 >= first => {
                        let to = TypeIdx(canonical.0 + to.0 - index.0);
                        ValType::Ref(RefType {
                            nullable,
                            heap: HeapType::Concrete(to),
                        })
                    }
                    ty => self.pack(ty).val_type(),
                };
                self.operands.push(super::operand::OpType::new(packed));
            }
        }
        if let CompType::Struct(fields) = &ty.composite {
            let at = fields
                .iter()
                .position(|field| !field.unpacked().is_defaultable());
            info.no_default = at.map(|at| FieldIdx(at as u32));
        }
        self.infos.push(info);
        self.types.push(ty.clone());
        Ok(())
    }

    fn check_supertype(&self, ty: &SubType, sub: TypeIdx, sup: TypeIdx) -> Check {
        let above = &self.types[sup.index()];
        let why = if above.is_final {
            "the super type is final"
        } else if !matching::composite(self, &ty.composite, &above.composite) {
            "their structures do not match"
        } else {
            return Ok(());
        };
        Err(ErrorKind::SubType { sub, sup, why })?
    }

    /// Checks a value type.
    pub(super) fn check_val_type(&self, ty: ValType) -> Check {
        self.check_val_type_within(ty, self.types.len())
    }

    /// Checks a reference type.
    pub(super) fn check_ref_type(&self, ty: RefType) -> Check {
        self.check_val_type(ValType::Ref(ty))
    }

    /// Checks a heap type.
    pub(super) fn check_heap_type(&self, heap: HeapType) -> Check {
        self.check_val_type(ValType::Ref(RefType::nullable(heap)))
    }

    /// Checks the type of a block.
    #[inline]
    pub(super) fn check_block_type(&self, ty: BlockType) -> Check {
        match ty {
            BlockType::Empty => Ok(()),
            BlockType::Result(ty) => self.check_val_type(ty),
            BlockType::Type(index) => {
                let ty = self.func_type_at(index)?;
                if !ty.params.is_empty() || ty.results.len() > 1 {
                    self.require(Feature::MultiValue, || {
                        Subject::Text("a block with parameters or several results")
                    })?;
                }
                Ok(())
            }
        }
    }

    fn check_field_type_within(&self, ty: FieldType, types: usize) -> Check {
        match ty.storage {
            StorageType::Val(ty) => self.check_val_type_within(ty, types),
            StorageType::I8 | StorageType::I16 => Ok(()),
        }
    }

    /// Checks a value type where `types` types are known.
    #[inline]
    fn check_val_type_within(&self, ty: ValType, types: usize) -> Check {
        match ty {
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => Ok(()),
            ValType::V128 => self.require(Feature::Simd, || Subject::Type(ty)),
            ValType::Ref(reference) => {
                self.require(needed(reference), || Subject::Type(ty))?;
                match reference.heap {
                    HeapType::Concrete(index) if index.index() >= types => {
                        Err(unknown(Space::Type, index.0, types))
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Checks the type of a table.
    pub(super) fn check_table_type(&self, ty: &TableType) -> Check {
        // Tables of functions are older than references as values.
        if ty.element != RefType::FUNCREF {
            self.check_ref_type(ty.element)?;
        }
        let max = match ty.addr {
            AddrType::I32 => u64::from(u32::MAX),
            AddrType::I64 => {
                self.require(Feature::Memory64, || {
                    Subject::Text("a table with 64-bit indices")
                })?;
                u64::MAX
            }
        };
        check_limits(ty.limits, max, |elements| ErrorKind::TableSize {
            elements,
            max,
        })
    }

    /// Checks the type of a memory.
    pub(super) fn check_mem_type(&self, ty: &MemType) -> Check {
        if ty.page_size_log2 != 16 {
            self.require(Feature::CustomPageSizes, || Subject::Text("a page size"))?;
        }
        let max = match (ty.addr, ty.page_size_log2) {
            (AddrType::I32, 16) => 1 << 16,
            (AddrType::I32, 0) => u64::from(u32::MAX),
            (AddrType::I64, 16) => 1 << 48,
            (AddrType::I64, 0) => u64::MAX,
            (_, log2) => Err(ErrorKind::PageSize { log2 })?,
        };
        if ty.addr == AddrType::I64 {
            self.require(Feature::Memory64, || {
                Subject::Text("a memory with 64-bit addresses")
            })?;
        }
        if ty.shared {
            self.require(Feature::Threads, || Subject::Text("a shared memory"))?;
            if ty.limits.max.is_none() {
                Err(ErrorKind::SharedWithoutMax)?;
            }
        }
        check_limits(ty.limits, max, |pages| ErrorKind::MemorySize { pages, max })
    }

    /// Checks the type of a global.
    pub(super) fn check_global_type(&self, ty: &GlobalType) -> Check {
        self.check_val_type(ty.value)
    }

    /// Checks the type of a tag.
    pub(super) fn check_tag_type(&self, tag: &TagType) -> Check {
        self.require(Feature::ExceptionHandling, || Subject::Text("a tag"))?;
        let ty = self.func_type_at(tag.ty)?;
        if ty.results.is_empty() {
            Ok(())
        } else {
            Err(ErrorKind::TagResults {
                ty: tag.ty,
                results: ty.results.len(),
            })?
        }
    }
}

/// The feature that brought a reference type.
fn needed(ty: RefType) -> Feature {
    match ty.heap {
        HeapType::Func | HeapType::Extern if ty.nullable => Feature::ReferenceTypes,
        HeapType::Func | HeapType::Extern | HeapType::Concrete(_) => Feature::FunctionReferences,
        HeapType::Exn | HeapType::NoExn => Feature::ExceptionHandling,
        _ => Feature::Gc,
    }
}

/// The kind of a composite type.
pub fn kind(ty: &CompType) -> Kind {
    match ty {
        CompType::Func(_) => Kind::Func,
        CompType::Struct(_) => Kind::Struct,
        CompType::Array(_) => Kind::Array,
    }
}

fn check_limits(limits: Limits, bound: u64, error: impl Fn(u64) -> ErrorKind) -> Check {
    let Limits { min, max } = limits;
    if min > bound {
        Err(error(min))?;
    }
    if let Some(max) = max {
        if max > bound {
            Err(error(max))?;
        }
        if min > max {
            Err(ErrorKind::MinAboveMax { min, max })?;
        }
    }
    Ok(())
}

/// The error for a count above its limit, or success below it.
pub(super) fn too_many(what: &'static str, count: usize, max: u32) -> Check {
    if count as u64 <= u64::from(max) {
        Ok(())
    } else {
        Err(ErrorKind::TooMany {
            what,
            count: count as u64,
            max: u64::from(max),
        })?
    }
}
