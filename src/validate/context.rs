//! The context: the declarations of a module, as flat lists, one for each index space.
//!
//! The fields are those of C in the specification, except those that belong to a function: [`FuncValidator`] has them. The
//! [`modules`](super::modules) module fills a context, which does not change afterwards; validation and lowering of bodies read it, from any thread.
//! <https://webassembly.github.io/spec/core/valid/conventions.html#contexts>
//!
//! [`FuncValidator`]: super::FuncValidator

use core::ops::Range;

use super::error::{Check, ErrorKind, Kind, Space, Subject};
use super::matching::{self, Types};
use super::operand::{ABSTRACT_HEAPS, OpType};
use crate::features::{Feature, Features};
use crate::syntax::index::*;
use crate::syntax::types::*;

/// C: the declarations of a module.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The enabled features.
    pub features: Features,
    /// The types, rec groups flattened.
    pub types: Vec<SubType>,
    /// Types of the functions, imports first.
    pub funcs: Vec<TypeIdx>,
    /// The tables, imports first.
    pub tables: Vec<TableType>,
    /// The memories, imports first.
    pub mems: Vec<MemType>,
    /// The globals, imports first.
    pub globals: Vec<GlobalType>,
    /// Types of the tags, imports first.
    pub tags: Vec<TypeIdx>,
    /// Types of the element segments.
    pub elems: Vec<RefType>,
    /// Number of data segments.
    pub datas: u32,
    /// Whether the module states this number before its code.
    pub has_data_count: bool,
    /// Number of imported functions.
    pub imported_funcs: u32,
    /// Number of imported globals.
    pub imported_globals: u32,
    /// Functions to which bodies may make references.
    pub(super) refs: FuncSet,
    /// The facts about types that are needed most often, parallel to `types`.
    pub(super) infos: Vec<TypeInfo>,
    /// Parameters and results of the function types.
    pub(super) operands: Vec<OpType>,
    /// For each abstract heap type a bit for each that it matches.
    pub(super) abstract_matches: [u16; ABSTRACT_HEAPS.len()],
}

/// The facts about a type that are needed most often.
#[derive(Clone, Copy, Debug)]
pub(super) struct TypeInfo {
    /// The first type of the module that is equal to this one.
    pub(super) canonical: TypeIdx,
    /// The declared supertype, as its canonical index.
    pub(super) supertype: Option<TypeIdx>,
    /// Its place when all types are listed so that subtypes follow their supertypes, and the place behind its last subtype. Both are 0
    /// until all types are known.
    pub(super) order: u32,
    pub(super) order_end: u32,
    /// Number of supertypes above it.
    pub(super) depth: u8,
    pub(super) kind: Kind,
    /// The beginning of its parameters in `operands`, if it is a function type; the results follow.
    pub(super) operands: u32,
    pub(super) params: u16,
    pub(super) results: u16,
    /// The first field that has no default value, if it is a structure.
    pub(super) no_default: Option<FieldIdx>,
}

/// A set of functions.
#[derive(Clone, Debug, Default)]
pub(super) struct FuncSet(Vec<u64>);

impl FuncSet {
    pub(super) fn insert(&mut self, func: FuncIdx) {
        let word = func.index() / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (func.0 % 64);
    }

    pub(super) fn contains(&self, func: FuncIdx) -> bool {
        self.0
            .get(func.index() / 64)
            .is_some_and(|word| word >> (func.0 % 64) & 1 != 0)
    }
}

impl Types for Context {
    fn kind(&self, ty: TypeIdx) -> Kind {
        self.infos[ty.index()].kind
    }

    fn is_subtype(&self, sub: TypeIdx, sup: TypeIdx) -> bool {
        let sup = &self.infos[sup.index()];
        let mut sub = &self.infos[sub.index()];
        if sup.order_end != 0 {
            return sup.order <= sub.order && sub.order < sup.order_end;
        }
        // The depth bounds the way up: a subtype has the supertype as its ancestor at exactly that depth.
        while sub.depth > sup.depth {
            let Some(next) = sub.supertype else {
                return false;
            };
            sub = &self.infos[next.index()];
        }
        sub.canonical == sup.canonical
    }
}

/// Returns the entry at an index, or the error that the index is unknown.
#[inline]
fn lookup<T>(entries: &[T], space: Space, index: u32) -> Check<&T> {
    match entries.get(index as usize) {
        Some(entry) => Ok(entry),
        None => Err(unknown(space, index, entries.len())),
    }
}

#[cold]
pub(super) fn unknown(space: Space, index: u32, count: usize) -> Box<ErrorKind> {
    Box::new(ErrorKind::Unknown {
        space,
        index,
        count,
    })
}

#[cold]
pub(super) fn unsupported(feature: Feature, subject: Subject) -> Box<ErrorKind> {
    Box::new(ErrorKind::Unsupported { feature, subject })
}

impl Context {
    /// Returns the first type of the module that is equal to a type.
    ///
    /// # Panics
    /// If the module has no such type.
    pub fn canonical(&self, ty: TypeIdx) -> TypeIdx {
        self.infos[ty.index()].canonical
    }

    /// Whether a function may be referred to by `ref.func` in a body.
    pub fn is_declared(&self, func: FuncIdx) -> bool {
        self.refs.contains(func)
    }

    /// Packs a valid type for the operand stack.
    #[inline]
    pub(super) fn pack(&self, ty: ValType) -> OpType {
        match ty {
            ValType::Ref(RefType {
                nullable,
                heap: HeapType::Concrete(index),
            }) => {
                let heap = HeapType::Concrete(self.canonical(index));
                OpType::new(ValType::Ref(RefType { nullable, heap }))
            }
            ty => OpType::new(ty),
        }
    }

    /// Whether a packed type matches another.
    #[inline]
    pub(super) fn matches(&self, a: OpType, b: OpType) -> bool {
        a == b || a == OpType::BOT || self.matches_ref(a, b)
    }

    #[cold]
    fn matches_ref(&self, a: OpType, b: OpType) -> bool {
        if !a.is_ref() || !b.is_ref() || (b.is_non_null() && !a.is_non_null()) {
            return false;
        }
        // Each of these comparisons takes constant time: a few bytes of a body may compare thousands of operands.
        if let (Some(a), Some(b)) = (a.abstract_heap(), b.abstract_heap()) {
            return self.abstract_matches[a] >> b & 1 != 0;
        }
        match (a.heap(), b.heap()) {
            (Some(a), Some(b)) => matching::heap(self, a, b),
            // The bottom of all references matches any of them.
            (a, _) => a.is_none(),
        }
    }

    /// Prepares for matching, once all types are added.
    pub(super) fn index_types(&mut self) {
        for (i, a) in ABSTRACT_HEAPS.into_iter().enumerate() {
            for (j, b) in ABSTRACT_HEAPS.into_iter().enumerate() {
                let matches = matching::heap(self, a, b);
                self.abstract_matches[i] |= u16::from(matches) << j;
            }
        }
        // The size of each type's tree of subtypes; a supertype always precedes its subtypes.
        let mut sizes = vec![0; self.infos.len()];
        for (i, info) in self.infos.iter().enumerate().rev() {
            if info.canonical.index() == i {
                sizes[i] += 1;
                if let Some(above) = info.supertype {
                    sizes[above.index()] += sizes[i];
                }
            }
        }
        // The place for the next subtype of each type, and for the next type without a supertype.
        let (mut next, mut next_root) = (vec![0; self.infos.len()], 0);
        for i in 0..self.infos.len() {
            let info = self.infos[i];
            let (order, end) = if info.canonical.index() == i {
                let place = match info.supertype {
                    Some(above) => &mut next[above.index()],
                    None => &mut next_root,
                };
                let order = *place;
                *place += sizes[i];
                next[i] = order + 1;
                (order, order + sizes[i])
            } else {
                let equal = self.infos[info.canonical.index()];
                (equal.order, equal.order_end)
            };
            self.infos[i].order = order;
            self.infos[i].order_end = end;
        }
    }

    /// The packed parameters of a function type.
    #[inline]
    pub(super) fn params(&self, ty: TypeIdx) -> &[OpType] {
        let info = &self.infos[ty.index()];
        &self.operands[span(info.operands, info.params)]
    }

    /// The packed results of a function type.
    #[inline]
    pub(super) fn results(&self, ty: TypeIdx) -> &[OpType] {
        let info = &self.infos[ty.index()];
        &self.operands[span(info.operands + u32::from(info.params), info.results)]
    }

    /// Checks that a feature is enabled; otherwise returns the error that `subject` needs it.
    #[inline]
    pub(super) fn require(&self, feature: Feature, subject: impl FnOnce() -> Subject) -> Check {
        if self.features.contains(feature) {
            Ok(())
        } else {
            Err(unsupported(feature, subject()))
        }
    }

    /// Returns a type, or the error that there is none at the index.
    #[inline]
    pub(super) fn type_at(&self, ty: TypeIdx) -> Check<&SubType> {
        lookup(&self.types, Space::Type, ty.0)
    }

    /// Returns a function type; a type of another kind is an error.
    #[inline]
    pub(super) fn func_type_at(&self, ty: TypeIdx) -> Check<&FuncType> {
        match &self.type_at(ty)?.composite {
            CompType::Func(ty) => Ok(ty),
            _ => Err(Box::new(ErrorKind::NotFuncType {
                ty,
                found: self.kind(ty),
            })),
        }
    }

    /// The fields of a structure type.
    pub(super) fn struct_at(&self, ty: TypeIdx) -> Check<&[FieldType]> {
        match &self.type_at(ty)?.composite {
            CompType::Struct(fields) => Ok(fields),
            _ => Err(self.wrong_kind(ty, Kind::Struct)),
        }
    }

    /// A field of a structure type.
    pub(super) fn field_at(&self, ty: TypeIdx, field: FieldIdx) -> Check<FieldType> {
        lookup(self.struct_at(ty)?, Space::Field, field.0).copied()
    }

    /// The elements of an array type.
    pub(super) fn array_at(&self, ty: TypeIdx) -> Check<FieldType> {
        match &self.type_at(ty)?.composite {
            CompType::Array(element) => Ok(*element),
            _ => Err(self.wrong_kind(ty, Kind::Array)),
        }
    }

    fn wrong_kind(&self, ty: TypeIdx, required: Kind) -> Box<ErrorKind> {
        Box::new(ErrorKind::TypeKind {
            ty,
            required,
            found: self.kind(ty),
        })
    }

    /// The type index of a function.
    #[inline]
    pub(super) fn func_at(&self, func: FuncIdx) -> Check<TypeIdx> {
        lookup(&self.funcs, Space::Func, func.0).copied()
    }

    #[inline]
    pub(super) fn table_at(&self, table: TableIdx) -> Check<&TableType> {
        lookup(&self.tables, Space::Table, table.0)
    }

    #[inline]
    pub(super) fn mem_at(&self, mem: MemIdx) -> Check<&MemType> {
        lookup(&self.mems, Space::Mem, mem.0)
    }

    #[inline]
    pub(super) fn global_at(&self, global: GlobalIdx) -> Check<&GlobalType> {
        lookup(&self.globals, Space::Global, global.0)
    }

    /// The type index of a tag.
    pub(super) fn tag_at(&self, tag: TagIdx) -> Check<TypeIdx> {
        lookup(&self.tags, Space::Tag, tag.0).copied()
    }

    pub(super) fn elem_at(&self, elem: ElemIdx) -> Check<RefType> {
        lookup(&self.elems, Space::Elem, elem.0).copied()
    }

    pub(super) fn data_at(&self, data: DataIdx) -> Check {
        if data.0 < self.datas {
            Ok(())
        } else {
            Err(unknown(Space::Data, data.0, self.datas as usize))
        }
    }
}

fn span(start: u32, len: u16) -> Range<usize> {
    start as usize..start as usize + usize::from(len)
}
