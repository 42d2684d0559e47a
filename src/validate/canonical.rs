//! Equality of defined types: rec groups of the same shape are one, whoever writes them.
//!
//! A rec group is turned into a *key*, a sequence of words in which a reference to a member of the group itself is a position
//! within it, and any other reference the canonical index of its target. Groups with equal keys are equal types (this is what the
//! specification calls iso-recursive), so a hash map from keys to indices finds the equal of a group in time proportional to its size,
//! however deep its types nest. The context does this for a module, [`runtime::registry`](crate::runtime::registry) for all of an engine.
//! <https://webassembly.github.io/spec/core/valid/conventions.html#rolling-and-unrolling>

use std::collections::HashMap;

use crate::syntax::index::TypeIdx;
use crate::syntax::types::*;
use crate::validate::operand::OpType;

/// Finds the equal of a rec group among those that it has seen.
///
/// The hash is keyed at random, so that no module can be written whose groups collide.
#[derive(Debug, Default)]
pub struct Interner {
    groups: HashMap<Box<[u32]>, u32>,
    key: Vec<u32>,
}

impl Interner {
    /// The canonical index of a group's first member (its others follow), and whether the group is new.
    ///
    /// `first` is the index that the group's first member has where it is written, and `canonical` the canonical index of any type
    /// before it. A new group gets `fresh` as its canonical index.
    pub fn intern(
        &mut self,
        group: &RecType,
        first: u32,
        canonical: impl Fn(TypeIdx) -> u32,
        fresh: u32,
    ) -> (u32, bool) {
        self.key.clear();
        let mut writer = Writer {
            key: &mut self.key,
            first,
            canonical,
        };
        for ty in &group.subtypes {
            writer.sub_type(ty);
        }
        match self.groups.get(self.key.as_slice()) {
            Some(&equal) => (equal, false),
            None => {
                self.groups.insert(self.key.as_slice().into(), fresh);
                (fresh, true)
            }
        }
    }
}

/// Writes a group's key. Every part is either of fixed length or preceded by its length, so different groups have different keys.
struct Writer<'k, F> {
    key: &'k mut Vec<u32>,
    first: u32,
    canonical: F,
}

impl<F: Fn(TypeIdx) -> u32> Writer<'_, F> {
    fn sub_type(&mut self, ty: &SubType) {
        let kind = match ty.composite {
            CompType::Func(_) => 0,
            CompType::Struct(_) => 1,
            CompType::Array(_) => 2,
        };
        self.key.push(kind << 1 | u32::from(ty.is_final));
        self.key.push(ty.supertypes.len() as u32);
        for &sup in &ty.supertypes {
            self.index(sup);
        }
        match &ty.composite {
            CompType::Func(ty) => {
                self.values(&ty.params);
                self.values(&ty.results);
            }
            CompType::Struct(fields) => {
                self.key.push(fields.len() as u32);
                for &field in fields {
                    self.field(field);
                }
            }
            CompType::Array(field) => self.field(*field),
        }
    }

    fn values(&mut self, types: &[ValType]) {
        self.key.push(types.len() as u32);
        for &ty in types {
            self.value(ty, 0);
        }
    }

    fn field(&mut self, field: FieldType) {
        let mutable = u32::from(field.mutable) << 8;
        match field.storage {
            StorageType::Val(ty) => self.value(ty, mutable),
            StorageType::I8 => self.key.push(mutable | 1 << 9),
            StorageType::I16 => self.key.push(mutable | 2 << 9),
        }
    }

    fn value(&mut self, ty: ValType, flags: u32) {
        self.key.push(flags | u32::from(OpType::new(ty).code()));
        if let ValType::Ref(RefType {
            heap: HeapType::Concrete(index),
            ..
        }) = ty
        {
            self.index(index);
        }
    }

    fn index(&mut self, index: TypeIdx) {
        self.key.push(match index.0.checked_sub(self.first) {
            Some(member) => member << 1 | 1,
            None => (self.canonical)(index) << 1,
        });
    }
}

/// A value type with its type index replaced.
pub fn map_value(ty: ValType, map: &impl Fn(TypeIdx) -> TypeIdx) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(map_reference(ty, map)),
        ty => ty,
    }
}

/// A reference type with its type index replaced.
pub fn map_reference(ty: RefType, map: &impl Fn(TypeIdx) -> TypeIdx) -> RefType {
    match ty.heap {
        HeapType::Concrete(index) => RefType {
            heap: HeapType::Concrete(map(index)),
            ..ty
        },
        _ => ty,
    }
}

/// A composite type with its type indices replaced.
pub fn map_composite(ty: &CompType, map: &impl Fn(TypeIdx) -> TypeIdx) -> CompType {
    let values = |types: &[ValType]| types.iter().map(|&ty| map_value(ty, map)).collect();
    let field = |field: &FieldType| FieldType {
        storage: match field.storage {
            StorageType::Val(ty) => StorageType::Val(map_value(ty, map)),
            packed => packed,
        },
        mutable: field.mutable,
    };
    match ty {
        CompType::Func(ty) => CompType::Func(FuncType {
            params: values(&ty.params),
            results: values(&ty.results),
        }),
        CompType::Struct(fields) => CompType::Struct(fields.iter().map(field).collect()),
        CompType::Array(element) => CompType::Array(field(element)),
    }
}
