//! Equality of defined types: rec groups of the same shape are equal, whichever module declares them.
//!
//! A rec group is turned into a *key*, a sequence of words in which a reference to a member of the group itself is a position
//! within it, and any other reference the canonical index of its target. Groups with equal keys are equal types (this is what the
//! specification calls iso-recursive), so a hash map from keys to indices finds the equal of a group in time proportional to its size,
//! regardless of how deep its types nest. The context does this for a module, [`runtime::registry`](crate::runtime::registry) for an engine.
//! <https://webassembly.github.io/spec/core/valid/conventions.html#rolling-and-unrolling>

use std::collections::HashMap;

use crate::syntax::index::TypeIdx;
use crate::syntax::types::*;
use crate::validate::operand::OpType;

/// Finds the equal of a rec group among the groups interned before and not forgotten.
///
/// The hash is keyed at random, so that no module can be written to make its groups collide.
#[derive(Debug, Default)]
pub struct Interner {
    groups: HashMap<Box<[u32]>, u32>,
    key: Vec<u32>,
}

/// The number of words up to which the buffer for keys is kept between two groups.
const KEPT_WORDS: usize = 1 << 14;

/// The target of a type index in a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reference {
    /// A member of the group itself, by its position.
    Member(u32),
    /// Any other type, by its canonical index.
    Outer(u32),
}

impl Reference {
    /// Classifies an index in a group whose first member has the index `first`. `canonical` maps an index before `first` to its canonical
    /// index.
    pub fn written(index: TypeIdx, first: u32, canonical: impl Fn(TypeIdx) -> u32) -> Self {
        match index.0.checked_sub(first) {
            Some(member) => Self::Member(member),
            None => Self::Outer(canonical(index)),
        }
    }
}

/// The parts of a group's member that its key contains.
#[derive(Clone, Copy, Debug)]
pub struct Member<'t> {
    /// Whether no other type may name this one as its supertype.
    pub is_final: bool,
    /// Declared supertypes.
    pub supertypes: &'t [TypeIdx],
    /// The composite type.
    pub composite: &'t CompType,
}

impl<'t> From<&'t SubType> for Member<'t> {
    fn from(ty: &'t SubType) -> Self {
        Self {
            is_final: ty.is_final,
            supertypes: &ty.supertypes,
            composite: &ty.composite,
        }
    }
}

impl Interner {
    /// Returns the canonical index of a group's first member, and whether the group is new. A new group gets `fresh` as this index.
    ///
    /// Canonical indices are below 2³¹.
    pub fn intern<'t>(
        &mut self,
        members: impl IntoIterator<Item = impl Into<Member<'t>>>,
        refer: impl Fn(TypeIdx) -> Reference,
        fresh: u32,
    ) -> (u32, bool) {
        self.write(members, refer);
        match self.groups.get(self.key.as_slice()) {
            Some(&equal) => (equal, false),
            None => {
                self.groups.insert(self.key.as_slice().into(), fresh);
                (fresh, true)
            }
        }
    }

    /// Forgets a group, so that the next one of its kind is new.
    pub fn forget<'t>(
        &mut self,
        members: impl IntoIterator<Item = impl Into<Member<'t>>>,
        refer: impl Fn(TypeIdx) -> Reference,
    ) {
        self.write(members, refer);
        self.groups.remove(self.key.as_slice());
        // Shrink the map once most groups are forgotten; the factor keeps the cost of moving the others in proportion.
        if self.groups.capacity() > 64 && self.groups.len() < self.groups.capacity() / 8 {
            self.groups.shrink_to(self.groups.len() * 2);
        }
    }

    fn write<'t>(
        &mut self,
        members: impl IntoIterator<Item = impl Into<Member<'t>>>,
        refer: impl Fn(TypeIdx) -> Reference,
    ) {
        self.key.clear();
        self.key.shrink_to(KEPT_WORDS);
        let mut writer = Writer {
            key: &mut self.key,
            refer,
        };
        for member in members {
            writer.member(member.into());
        }
    }
}

/// Writes a group's key. Every part is either of fixed length or preceded by its length, so different groups have different keys.
struct Writer<'k, F> {
    key: &'k mut Vec<u32>,
    refer: F,
}

impl<F: Fn(TypeIdx) -> Reference> Writer<'_, F> {
    fn member(&mut self, member: Member<'_>) {
        let kind = match member.composite {
            CompType::Func(_) => 0,
            CompType::Struct(_) => 1,
            CompType::Array(_) => 2,
        };
        self.key.push(kind << 1 | u32::from(member.is_final));
        self.key.push(member.supertypes.len() as u32);
        for &sup in member.supertypes {
            self.index(sup);
        }
        match member.composite {
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
        self.key.push(match (self.refer)(index) {
            Reference::Member(member) => member << 1 | 1,
            Reference::Outer(canonical) => canonical << 1,
        });
    }
}

/// Returns a value type with its type index replaced.
pub fn map_value(ty: ValType, map: &impl Fn(TypeIdx) -> TypeIdx) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(map_reference(ty, map)),
        ty => ty,
    }
}

/// Returns a reference type with its type index replaced.
pub fn map_reference(ty: RefType, map: &impl Fn(TypeIdx) -> TypeIdx) -> RefType {
    match ty.heap {
        HeapType::Concrete(index) => RefType {
            heap: HeapType::Concrete(map(index)),
            ..ty
        },
        _ => ty,
    }
}

/// Returns a composite type with its type indices replaced.
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
