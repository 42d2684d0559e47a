//! The types of all modules of an engine, each once: equality of types across modules is equality of numbers.
//!
//! What a type index of one module means in another is answered here and nowhere else. How equal types are found is
//! [`canonical`]'s business. Types are kept as long as the registry.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::syntax::index::TypeIdx;
use crate::syntax::types::*;
use crate::validate::canonical::{self, Interner};
use crate::validate::matching::{self, Kind, Types};

/// A type of an engine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(pub u32);

/// The types of an engine. In the types that it gives out, an index is not one of a module but a [`TypeId`]'s number.
#[derive(Debug, Default)]
pub struct Registry {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    interner: Interner,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    composite: Composite,
    supertype: Option<TypeId>,
    /// How many supertypes there are above it.
    depth: u32,
}

/// What a type describes. Shared, so that it can be looked at without the lock.
#[derive(Clone, Debug)]
pub enum Composite {
    /// A function type.
    Func(Arc<FuncType>),
    /// A structure with these fields.
    Struct(Arc<[FieldType]>),
    /// An array of such elements.
    Array(FieldType),
}

impl Registry {
    /// Registers the types of a module that has been validated: yields those of the engine, by type index.
    pub fn register(&self, groups: &[RecType]) -> Vec<TypeId> {
        let mut inner = self.write();
        let mut ids: Vec<TypeId> = Vec::new();
        for group in groups {
            let first = ids.len() as u32;
            let id = inner.add(group, first, |ty| TypeIdx(ids[ty.index()].0));
            ids.extend((id.0..).take(group.subtypes.len()).map(TypeId));
        }
        ids
    }

    /// Registers a function type that no module declares. Types to which it refers are those of the engine.
    pub fn register_func(&self, ty: FuncType) -> TypeId {
        self.register_final(CompType::Func(ty))
    }

    /// Registers a type that no module declares, which has neither supertypes nor subtypes.
    pub fn register_final(&self, composite: CompType) -> TypeId {
        let group = RecType {
            subtypes: [SubType {
                is_final: true,
                supertypes: Box::default(),
                composite,
            }]
            .into(),
        };
        let mut inner = self.write();
        let known = inner.entries.len() as u32;
        inner.add(&group, known, |ty| ty)
    }

    /// What a type describes.
    ///
    /// # Panics
    /// If the registry has no such type.
    pub fn composite(&self, ty: TypeId) -> Composite {
        self.read().entries[ty.0 as usize].composite.clone()
    }

    /// What a type describes, if the registry has one of that number.
    pub fn find(&self, ty: TypeId) -> Option<Composite> {
        let inner = self.read();
        Some(inner.entries.get(ty.0 as usize)?.composite.clone())
    }

    /// The function type that a type is, if it is one.
    ///
    /// # Panics
    /// If the registry has no such type.
    pub fn func_type(&self, ty: TypeId) -> Option<Arc<FuncType>> {
        match self.composite(ty) {
            Composite::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// A type's supertypes, the topmost first, and the type itself at the end.
    ///
    /// # Panics
    /// If the registry has no such type.
    pub fn lineage(&self, ty: TypeId) -> Box<[TypeId]> {
        let inner = self.read();
        let mut lineage: Vec<TypeId> =
            core::iter::successors(Some(ty), |ty| inner.entries[ty.0 as usize].supertype).collect();
        lineage.reverse();
        lineage.into()
    }

    /// Whether two types are equal, or the first is declared as a subtype of the second, directly or not.
    ///
    /// # Panics
    /// If the registry has no such types.
    pub fn is_subtype(&self, sub: TypeId, sup: TypeId) -> bool {
        sub == sup || self.read().is_subtype(TypeIdx(sub.0), TypeIdx(sup.0))
    }

    /// Whether a value type matches another, where both are types of the engine.
    pub fn matches(&self, a: ValType, b: ValType) -> bool {
        a == b || matching::value(&*self.read(), a, b)
    }

    /// Whether a table type matches another, where both are types of the engine.
    pub fn table_matches(&self, a: TableType, b: TableType) -> bool {
        matching::table(&*self.read(), a, b)
    }

    /// Whether a global type matches another, where both are types of the engine.
    pub fn global_matches(&self, a: GlobalType, b: GlobalType) -> bool {
        matching::global(&*self.read(), a, b)
    }

    // Nothing panics while it holds the lock and has left something half done, so a poisoned lock is as good as any.

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value type of a module as one of the engine, given what [`Registry::register`] has yielded for the module.
pub fn engine_type(ty: ValType, ids: &[TypeId]) -> ValType {
    canonical::map_value(ty, &|index| TypeIdx(ids[index.index()].0))
}

impl Inner {
    /// Adds a group unless it is there; yields the type of its first member. The group's own types have indices from `first`, `map`
    /// says which types of the engine those before it are.
    fn add(&mut self, group: &RecType, first: u32, map: impl Fn(TypeIdx) -> TypeIdx) -> TypeId {
        let fresh = self.entries.len() as u32;
        let (id, is_new) = self.interner.intern(group, first, |ty| map(ty).0, fresh);
        if is_new {
            let map = |ty: TypeIdx| match ty.0.checked_sub(first) {
                Some(member) => TypeIdx(id + member),
                None => map(ty),
            };
            for ty in &group.subtypes {
                let supertype = ty.supertypes.first().map(|&ty| TypeId(map(ty).0));
                let depth = supertype.map_or(0, |ty| self.entries[ty.0 as usize].depth + 1);
                let composite = match canonical::map_composite(&ty.composite, &map) {
                    CompType::Func(ty) => Composite::Func(ty.into()),
                    CompType::Struct(fields) => Composite::Struct(fields.into()),
                    CompType::Array(element) => Composite::Array(element),
                };
                self.entries.push(Entry {
                    composite,
                    supertype,
                    depth,
                });
            }
        }
        TypeId(id)
    }
}

impl Types for Inner {
    fn kind(&self, ty: TypeIdx) -> Kind {
        match self.entries[ty.index()].composite {
            Composite::Func(_) => Kind::Func,
            Composite::Struct(_) => Kind::Struct,
            Composite::Array(_) => Kind::Array,
        }
    }

    fn is_subtype(&self, mut sub: TypeIdx, sup: TypeIdx) -> bool {
        let depth = self.entries[sup.index()].depth;
        // The depth bounds the way up: a type below another has it as its ancestor at exactly that depth.
        while self.entries[sub.index()].depth > depth {
            match self.entries[sub.index()].supertype {
                Some(next) => sub = TypeIdx(next.0),
                None => return false,
            }
        }
        sub == sup
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(wat: &str) -> Vec<RecType> {
        let bytes = wat::parse_str(wat).expect("the text is right");
        crate::decode::decode_module(&bytes)
            .expect("wat writes modules")
            .types
    }

    #[test]
    fn equal_types_of_two_modules_are_one() {
        let registry = Registry::default();
        let a = registry.register(&types("(module (type (func (param i32))) (type (func)))"));
        let b = registry.register(&types("(module (type (func)) (type (func (param i32))))"));
        assert_eq!(a, [b[1], b[0]]);
        let host = registry.register_func(FuncType {
            params: [ValType::I32].into(),
            results: [].into(),
        });
        assert_eq!(host, a[0]);
    }

    #[test]
    fn members_of_rec_groups_are_equal_only_if_the_groups_are() {
        let registry = Registry::default();
        let ids = registry.register(&types(
            "(module
               (rec (type (struct)) (type (func)))
               (rec (type (struct)) (type (func)))
               (rec (type (func)) (type (struct)))
               (type (func)))",
        ));
        assert_eq!(ids[..2], ids[2..4]);
        assert_ne!(ids[1], ids[4]);
        assert_ne!(ids[1], ids[6]);
        assert_ne!(ids[4], ids[6]);
    }

    #[test]
    fn a_type_that_refers_to_itself_differs_from_one_that_refers_to_its_like() {
        let registry = Registry::default();
        let ids = registry.register(&types(
            "(module
               (rec (type $a (struct (field (ref null $a)))))
               (rec (type $b (struct (field (ref null $a)))))
               (rec (type $c (struct (field (ref null $c)))))
               (rec (type $d (struct (field (ref null $c))))))",
        ));
        assert_eq!(ids[0], ids[2]);
        assert_eq!(ids[1], ids[3]);
        assert_ne!(ids[0], ids[1]);
    }

    #[test]
    fn declared_subtypes_are_found_at_any_depth_and_from_any_module() {
        let registry = Registry::default();
        let text = "(module
               (type $a (sub (func)))
               (type $b (sub $a (func)))
               (type $c (sub $b (func)))
               (type $d (sub (func (param i32)))))";
        let one = registry.register(&types(text));
        let two = registry.register(&types(text));
        assert_eq!(one, two);
        assert!(registry.is_subtype(one[2], two[0]));
        assert!(registry.is_subtype(one[2], two[1]));
        assert!(!registry.is_subtype(one[0], two[2]));
        assert!(!registry.is_subtype(one[2], two[3]));
    }

    #[test]
    fn function_types_are_given_out_with_the_types_of_the_engine() {
        let registry = Registry::default();
        registry.register(&types("(module (type (func (param i64))))"));
        let ids = registry.register(&types(
            "(module (type $s (struct)) (type $f (func (param (ref null $s) (ref null $f)))))",
        ));
        let ty = registry.func_type(ids[1]).expect("a function type");
        let reference =
            |id: TypeId| ValType::Ref(RefType::nullable(HeapType::Concrete(TypeIdx(id.0))));
        assert_eq!(*ty.params, [reference(ids[0]), reference(ids[1])]);
        assert_eq!(registry.func_type(ids[0]), None);
        assert!(registry.matches(
            reference(ids[0]),
            ValType::Ref(RefType::nullable(HeapType::Struct))
        ));
        assert!(!registry.matches(reference(ids[0]), reference(ids[1])));
    }
}
