//! The types of all modules of an engine, each once: equality of types across modules is equality of numbers.
//!
//! This is the one place that gives the type indices of modules a common meaning. How equal types are found is
//! [`canonical`]'s business.
//!
//! # The holders of a type
//!
//! A rec group is kept as a whole, for as long as something *holds* it: the [`Registration`] of a module with such types, a
//! [`TypeHandle`], or another group that refers to it. When the last holder is dropped, so is the group, with the groups that only it held, and
//! its numbers are given to other types. So only code and data that cannot outlive a holder may use a number. This is the invariant **HELD**:
//!
//! * Code holds the types of its module (`compile`), and so does every store that the module was instantiated in, even in vain
//!   (`Store::hold_module`): functions, globals, tables, tags and objects of the module's types live no longer than their store.
//! * A host function holds its type; the store holds its host functions.
//! * A store holds each type of which it has got objects, globals, tables or tags in another way (`Heap::meet`), and what it remembers
//!   of a type it remembers together with the holder, so that it never takes a new type for an old one of the same number.
//! * The public types hold what they name (`api::types`).

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::syntax::index::TypeIdx;
use crate::syntax::types::*;
use crate::validate::canonical::{self, Interner, Member, Reference};
use crate::validate::matching::{self, Kind, Types};

/// A type of an engine. The number means something as long as the type is held, see the module's description.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(pub u32);

/// The types of an engine. In the types that it gives out, an index is not one of a module but a [`TypeId`]'s number.
#[derive(Debug, Default)]
pub struct Registry {
    inner: RwLock<Inner>,
}

/// The types of a module in the order of their indices, which stay registered for as long as this lives.
#[derive(Debug)]
pub struct Registration {
    registry: Arc<Registry>,
    ids: Box<[TypeId]>,
}

impl Deref for Registration {
    type Target = [TypeId];

    fn deref(&self) -> &[TypeId] {
        &self.ids
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if !self.ids.is_empty() {
            self.registry.write().release(&self.ids);
        }
    }
}

/// A type that stays registered for as long as this lives.
#[derive(Debug)]
pub struct TypeHandle {
    registry: Arc<Registry>,
    id: TypeId,
    definition: Arc<TypeDef>,
}

impl TypeHandle {
    /// The type's definition.
    pub fn definition(&self) -> &TypeDef {
        &self.definition
    }

    /// The type.
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// The registry that has it.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }
}

impl Drop for TypeHandle {
    fn drop(&mut self) {
        self.registry.write().release(&[self.id]);
    }
}

/// An engine has as many types as it can number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("too many types in one engine")]
pub struct TooManyTypes;

#[derive(Debug)]
struct Inner {
    interner: Interner,
    /// Types by number, and of the first of each group, how many hold the group.
    entries: Vec<Option<(Arc<TypeDef>, usize)>>,
    /// Numbers below `entries.len()` that no type has.
    free: Vec<TypeId>,
    /// The most numbers there may be.
    most: u32,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            interner: Interner::default(),
            entries: Vec::new(),
            free: Vec::new(),
            // A canonical index has 31 bits.
            most: 1 << 31,
        }
    }
}

/// A type as the engine knows it. Shared, so that it can be looked at without the lock.
#[derive(Debug)]
pub struct TypeDef {
    /// The composite type. An index in it is a [`TypeId`]'s number.
    pub composite: CompType,
    is_final: bool,
    /// The declared supertype, by its number as well.
    supertype: Option<TypeIdx>,
    /// How many supertypes there are above it.
    depth: u32,
    /// The first member of its group, and its own place in the group.
    leader: TypeId,
    place: u32,
    /// The other members, if it is the first.
    others: Box<[TypeId]>,
}

impl Registry {
    /// Registers the types of a module that has been validated.
    ///
    /// # Errors
    /// If there are too many types; nothing is registered then.
    pub fn register(self: &Arc<Self>, groups: &[RecType]) -> Result<Registration, TooManyTypes> {
        let mut inner = self.write();
        let mut ids: Vec<TypeId> = Vec::new();
        for group in groups {
            if group.subtypes.is_empty() {
                continue;
            }
            let first = ids.len() as u32;
            let canonical = |ty: TypeIdx| ids[ty.index()].0;
            match inner.add(&group.subtypes, |ty| {
                Reference::written(ty, first, canonical)
            }) {
                Ok(leader) => inner.list_members(leader, &mut ids),
                Err(error) => {
                    inner.release(&ids);
                    return Err(error);
                }
            }
        }
        let registry = self.clone();
        let ids = ids.into();
        Ok(Registration { registry, ids })
    }

    /// Registers a type that no module declares, which has neither supertypes nor subtypes. Types to which it refers are those of
    /// the engine, and are held.
    ///
    /// # Errors
    /// If there are too many types.
    pub fn register_final(
        self: &Arc<Self>,
        composite: CompType,
    ) -> Result<TypeHandle, TooManyTypes> {
        let ty = SubType {
            is_final: true,
            supertypes: Box::default(),
            composite,
        };
        let mut inner = self.write();
        let id = inner.add(&[ty], |ty| Reference::Outer(ty.0))?;
        Ok(TypeHandle {
            registry: self.clone(),
            id,
            definition: inner.entry(id).clone(),
        })
    }

    /// Holds a type that is held already.
    ///
    /// # Panics
    /// If the registry has no such type.
    pub fn hold(self: &Arc<Self>, id: TypeId) -> TypeHandle {
        let mut inner = self.write();
        *inner.holders(id).1 += 1;
        TypeHandle {
            registry: self.clone(),
            id,
            definition: inner.entry(id).clone(),
        }
    }

    /// The definition of a type.
    ///
    /// # Panics
    /// If the registry has no such type.
    pub fn definition(&self, ty: TypeId) -> Arc<TypeDef> {
        self.read().entry(ty).clone()
    }

    /// A type's supertypes, the topmost first, and the type itself at the end.
    ///
    /// # Panics
    /// If the registry has no such type.
    pub fn lineage(&self, ty: TypeId) -> Box<[TypeId]> {
        let inner = self.read();
        let mut lineage: Vec<TypeId> =
            core::iter::successors(Some(ty), |ty| inner.entry(*ty).supertype()).collect();
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

    /// How many types there are.
    pub fn len(&self) -> usize {
        let inner = self.read();
        inner.entries.len() - inner.free.len()
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

impl TypeDef {
    /// The function type that it is.
    ///
    /// # Panics
    /// If it is another type.
    pub fn func(&self) -> &FuncType {
        match &self.composite {
            CompType::Func(ty) => ty,
            _ => unreachable!("validated: functions and tags have function types"),
        }
    }

    fn supertype(&self) -> Option<TypeId> {
        self.supertype.map(|ty| TypeId(ty.0))
    }

    /// The types to which it refers, those of its own group included, as often as it does.
    fn references(&self) -> impl Iterator<Item = TypeId> {
        let (values, more, fields): (&[ValType], &[ValType], &[FieldType]) = match &self.composite {
            CompType::Func(ty) => (&ty.params, &ty.results, &[]),
            CompType::Struct(fields) => (&[], &[], fields),
            CompType::Array(element) => (&[], &[], core::slice::from_ref(element)),
        };
        let values = values.iter().chain(more).copied();
        let fields = fields.iter().map(|field| field.unpacked());
        let concrete = values.chain(fields).filter_map(|ty| match ty {
            ValType::Ref(RefType {
                heap: HeapType::Concrete(id),
                ..
            }) => Some(TypeId(id.0)),
            _ => None,
        });
        self.supertype().into_iter().chain(concrete)
    }
}

impl<'t> From<&'t TypeDef> for Member<'t> {
    fn from(ty: &'t TypeDef) -> Self {
        Self {
            is_final: ty.is_final,
            supertypes: ty.supertype.as_slice(),
            composite: &ty.composite,
        }
    }
}

impl Inner {
    /// A type that is held.
    fn entry(&self, ty: TypeId) -> &Arc<TypeDef> {
        match self.entries.get(ty.0 as usize) {
            Some(Some((entry, _))) => entry,
            _ => unreachable!("HELD: a type that is named is held"),
        }
    }

    /// How many hold the group of a type that is held.
    fn holders(&mut self, ty: TypeId) -> (TypeId, &mut usize) {
        let leader = self.entry(ty).leader;
        match self.entries.get_mut(leader.0 as usize) {
            Some(Some((_, holders))) => (leader, holders),
            _ => unreachable!("HELD: a type that is named is held"),
        }
    }

    /// Adds a group unless it is there, and holds it once for each of its members; yields the first one. `refer` says what the indices
    /// in it mean.
    fn add(
        &mut self,
        group: &[SubType],
        refer: impl Fn(TypeIdx) -> Reference,
    ) -> Result<TypeId, TooManyTypes> {
        let taken = self.entries.len() - self.free.len();
        if taken + group.len() > self.most as usize {
            return Err(TooManyTypes);
        }
        let fresh = match self.free.last() {
            Some(id) => id.0,
            None => self.entries.len() as u32,
        };
        let (leader, is_new) = self.interner.intern(group, &refer, fresh);
        let leader = TypeId(leader);
        if is_new {
            self.add_new(leader, group, refer);
        }
        *self.holders(leader).1 += group.len();
        Ok(leader)
    }

    /// Adds a group that is not there, whose first member has the number that is free next.
    fn add_new(&mut self, leader: TypeId, group: &[SubType], refer: impl Fn(TypeIdx) -> Reference) {
        // Most groups have one member, of which no list is needed.
        let first = self.number();
        debug_assert_eq!(first, leader);
        let others: Box<[TypeId]> = group[1..].iter().map(|_| self.number()).collect();
        let member = |place: u32| match place {
            0 => leader,
            place => others[place as usize - 1],
        };
        let outer = RefCell::new(Vec::new());
        let map = |ty: TypeIdx| match refer(ty) {
            Reference::Member(place) => TypeIdx(member(place).0),
            Reference::Outer(id) => {
                outer.borrow_mut().push(TypeId(id));
                TypeIdx(id)
            }
        };
        for (place, ty) in (0..).zip(group) {
            let supertype = ty.supertypes.first().map(|&ty| map(ty));
            let definition = TypeDef {
                composite: match refers(&ty.composite) {
                    true => canonical::map_composite(&ty.composite, &map),
                    false => ty.composite.clone(),
                },
                is_final: ty.is_final,
                supertype,
                depth: supertype.map_or(0, |ty| self.entry(TypeId(ty.0)).depth + 1),
                leader,
                place,
                others: match place {
                    0 => others.clone(),
                    _ => Box::default(),
                },
            };
            self.entries[member(place).0 as usize] = Some((Arc::new(definition), 0));
        }
        for ty in outer.into_inner() {
            *self.holders(ty).1 += 1;
        }
    }

    /// A number that no type has.
    fn number(&mut self) -> TypeId {
        self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            TypeId(self.entries.len() as u32 - 1)
        })
    }

    /// Appends the members of a group, given the first.
    fn list_members(&self, leader: TypeId, ids: &mut Vec<TypeId>) {
        ids.push(leader);
        ids.extend(&self.entry(leader).others);
    }

    /// Holds the group of each of some types once less, and forgets those groups that nothing holds any more.
    fn release(&mut self, types: &[TypeId]) {
        let mut unheld = Vec::new();
        for ty in types {
            self.let_go(*ty, &mut unheld);
        }
        // A list instead of a recursion: a module can declare a million groups of which each refers to the one before.
        while let Some(leader) = unheld.pop() {
            self.forget(leader, &mut unheld);
        }
        if self.entries.len() == self.free.len() {
            // Nothing has a number, so all begins anew, and nothing remains of how many types there were.
            let most = self.most;
            *self = Self {
                most,
                ..Self::default()
            };
        }
    }

    /// Holds the group of a type once less. If nothing holds it any more, its first member is added to a list.
    fn let_go(&mut self, ty: TypeId, unheld: &mut Vec<TypeId>) {
        let (leader, holders) = self.holders(ty);
        *holders -= 1;
        if *holders == 0 {
            unheld.push(leader);
        }
    }

    /// Forgets a group that nothing holds, and lets go what it refers to.
    fn forget(&mut self, leader: TypeId, unheld: &mut Vec<TypeId>) {
        let mut ids = Vec::new();
        self.list_members(leader, &mut ids);
        let entries = &self.entries;
        let entry = |ty: TypeId| match &entries[ty.0 as usize] {
            Some((entry, _)) => &**entry,
            None => unreachable!("HELD: a group that is there holds what it refers to"),
        };
        let members = ids.iter().map(|ty| entry(*ty));
        self.interner.forget(members, |ty| {
            let entry = entry(TypeId(ty.0));
            match entry.leader == leader {
                true => Reference::Member(entry.place),
                false => Reference::Outer(ty.0),
            }
        });
        let mut outer = Vec::new();
        for ty in &ids {
            let references = entry(*ty).references();
            outer.extend(references.filter(|ty| entry(*ty).leader != leader));
        }
        for ty in ids {
            self.entries[ty.0 as usize] = None;
            self.free.push(ty);
        }
        for ty in outer {
            self.let_go(ty, unheld);
        }
    }
}

/// Whether a type refers to others beside its supertype.
fn refers(composite: &CompType) -> bool {
    let concrete = |ty: ValType| {
        matches!(
            ty,
            ValType::Ref(RefType {
                heap: HeapType::Concrete(_),
                ..
            })
        )
    };
    match composite {
        CompType::Func(ty) => {
            let values = |types: &[ValType]| types.iter().any(|ty| concrete(*ty));
            values(&ty.params) || values(&ty.results)
        }
        CompType::Struct(fields) => fields.iter().any(|field| concrete(field.unpacked())),
        CompType::Array(element) => concrete(element.unpacked()),
    }
}

impl Types for Inner {
    fn kind(&self, ty: TypeIdx) -> Kind {
        match self.entry(TypeId(ty.0)).composite {
            CompType::Func(_) => Kind::Func,
            CompType::Struct(_) => Kind::Struct,
            CompType::Array(_) => Kind::Array,
        }
    }

    fn is_subtype(&self, sub: TypeIdx, sup: TypeIdx) -> bool {
        let (mut sub, sup) = (TypeId(sub.0), TypeId(sup.0));
        let depth = self.entry(sup).depth;
        // The depth bounds the way up: a type below another has it as its ancestor at exactly that depth.
        while self.entry(sub).depth > depth {
            match self.entry(sub).supertype() {
                Some(next) => sub = next,
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

    fn register(registry: &Arc<Registry>, wat: &str) -> Registration {
        registry.register(&types(wat)).expect("there is room")
    }

    #[test]
    fn equal_types_of_two_modules_are_one() {
        let registry = Arc::new(Registry::default());
        let a = register(
            &registry,
            "(module (type (func (param i32))) (type (func)))",
        );
        let b = register(
            &registry,
            "(module (type (func)) (type (func (param i32))))",
        );
        assert_eq!(*a, [b[1], b[0]]);
        let host = registry.register_final(CompType::Func(FuncType {
            params: [ValType::I32].into(),
            results: [].into(),
        }));
        assert_eq!(host.map(|host| host.id()), Ok(a[0]));
    }

    #[test]
    fn members_of_rec_groups_are_equal_only_if_the_groups_are() {
        let registry = Arc::new(Registry::default());
        let ids = register(
            &registry,
            "(module
               (rec (type (struct)) (type (func)))
               (rec (type (struct)) (type (func)))
               (rec (type (func)) (type (struct)))
               (type (func)))",
        );
        assert_eq!(ids[..2], ids[2..4]);
        assert_ne!(ids[1], ids[4]);
        assert_ne!(ids[1], ids[6]);
        assert_ne!(ids[4], ids[6]);
    }

    #[test]
    fn a_type_that_refers_to_itself_differs_from_one_that_refers_to_its_like() {
        let registry = Arc::new(Registry::default());
        let ids = register(
            &registry,
            "(module
               (rec (type $a (struct (field (ref null $a)))))
               (rec (type $b (struct (field (ref null $a)))))
               (rec (type $c (struct (field (ref null $c)))))
               (rec (type $d (struct (field (ref null $c))))))",
        );
        assert_eq!(ids[0], ids[2]);
        assert_eq!(ids[1], ids[3]);
        assert_ne!(ids[0], ids[1]);
    }

    #[test]
    fn declared_subtypes_are_found_at_any_depth_and_from_any_module() {
        let registry = Arc::new(Registry::default());
        let text = "(module
               (type $a (sub (func)))
               (type $b (sub $a (func)))
               (type $c (sub $b (func)))
               (type $d (sub (func (param i32)))))";
        let one = register(&registry, text);
        let two = register(&registry, text);
        assert_eq!(*one, *two);
        assert!(registry.is_subtype(one[2], two[0]));
        assert!(registry.is_subtype(one[2], two[1]));
        assert!(!registry.is_subtype(one[0], two[2]));
        assert!(!registry.is_subtype(one[2], two[3]));
    }

    #[test]
    fn function_types_are_given_out_with_the_types_of_the_engine() {
        let registry = Arc::new(Registry::default());
        register(&registry, "(module (type (func (param i64))))");
        let ids = register(
            &registry,
            "(module (type $s (struct)) (type $f (func (param (ref null $s) (ref null $f)))))",
        );
        let definition = registry.definition(ids[1]);
        let ty = definition.func();
        let reference =
            |id: TypeId| ValType::Ref(RefType::nullable(HeapType::Concrete(TypeIdx(id.0))));
        assert_eq!(*ty.params, [reference(ids[0]), reference(ids[1])]);
        assert!(registry.matches(
            reference(ids[0]),
            ValType::Ref(RefType::nullable(HeapType::Struct))
        ));
        assert!(!registry.matches(reference(ids[0]), reference(ids[1])));
    }

    #[test]
    fn a_group_goes_with_its_last_holder_and_takes_along_what_it_alone_referred_to() {
        let registry = Arc::new(Registry::default());
        let kept = register(&registry, "(module (type (struct)))");
        let text = "(module (type $s (struct)) (type $t (array (ref null $s))) (rec (type (func (param (ref $t)))) (type (struct))))";
        let one = register(&registry, text);
        let two = register(&registry, text);
        assert_eq!((kept[0], registry.len()), (one[0], 4));
        drop(one);
        assert_eq!(registry.len(), 4);
        let member = registry.hold(two[3]);
        drop(two);
        // The member keeps its group, and that the array.
        assert_eq!(registry.len(), 4);
        let again = register(&registry, text);
        assert_eq!(again[3], member.id());
        drop(again);
        drop(member);
        assert_eq!(registry.len(), 1);
        drop(kept);
        assert_eq!(registry.len(), 0);
        assert_eq!(registry.read().entries.capacity(), 0);
    }

    #[test]
    fn numbers_are_used_again_only_when_their_types_are_gone() {
        let registry = Arc::new(Registry::default());
        let anchor = register(&registry, "(module (type (func (param f32))))");
        let mut most = 0;
        for width in 0..100 {
            let fields = "i64 ".repeat(width % 10 + 1);
            let text = format!("(module (rec (type (struct (field {fields}))) (type (func))))");
            let ids = register(&registry, &text);
            assert!(!ids.contains(&anchor[0]));
            most = most.max(ids.iter().map(|ty| ty.0).max().unwrap_or(0));
        }
        assert!(most < 4);
        assert_eq!(registry.definition(anchor[0]).func().params.len(), 1);
    }

    #[test]
    fn a_million_groups_that_refer_to_each_other_are_forgotten_without_recursion() {
        let registry = Arc::new(Registry::default());
        let of = |supertype: u32| RecType {
            subtypes: [SubType {
                is_final: true,
                supertypes: [].into(),
                composite: CompType::Array(FieldType {
                    storage: match supertype {
                        0 => StorageType::I8,
                        ty => {
                            let heap = HeapType::Concrete(TypeIdx(ty - 1));
                            StorageType::Val(ValType::Ref(RefType::nullable(heap)))
                        }
                    },
                    mutable: false,
                }),
            }]
            .into(),
        };
        let groups: Vec<RecType> = (0..1_000_000).map(of).collect();
        let run = move || {
            let ids = registry.register(&groups).expect("there is room");
            let last = registry.hold(ids[ids.len() - 1]);
            drop(ids);
            assert_eq!(registry.len(), 1_000_000);
            drop(last);
            assert_eq!(registry.len(), 0);
        };
        let thread = std::thread::Builder::new().stack_size(128 << 10);
        thread
            .spawn(run)
            .expect("a thread")
            .join()
            .expect("no panic");
    }

    #[test]
    fn a_module_whose_types_have_no_numbers_left_is_refused_and_leaves_nothing() {
        let registry = Arc::new(Registry::default());
        registry.write().most = 3;
        let two = register(&registry, "(module (type (func)) (type (struct)))");
        let text = "(module (type (array i8)) (type (array i16)) (type (func)))";
        assert_eq!(registry.register(&types(text)).unwrap_err(), TooManyTypes);
        assert_eq!(registry.len(), 2);
        drop(two);
        assert_eq!(register(&registry, text).len(), 3);
    }

    /// Numbers that look random, the same in each run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as usize % end
        }
    }

    /// The types of a module, small enough that modules often have some in common.
    fn random_types(random: &mut Random) -> Vec<RecType> {
        let mut known = 0;
        let mut groups = Vec::new();
        for _ in 0..1 + random.below(4) {
            let members = 1 + random.below(3) / 2;
            let end = known + members;
            let value = |random: &mut Random| match random.below(3) {
                0 => ValType::I32,
                1 => ValType::I64,
                _ => {
                    let ty = TypeIdx(random.below(end) as u32);
                    ValType::Ref(RefType::nullable(HeapType::Concrete(ty)))
                }
            };
            let subtype = |random: &mut Random| SubType {
                is_final: random.below(4) != 0,
                supertypes: [].into(),
                composite: match random.below(2) {
                    0 => CompType::Func(FuncType {
                        params: (0..random.below(2)).map(|_| value(random)).collect(),
                        results: [].into(),
                    }),
                    _ => CompType::Array(FieldType {
                        storage: StorageType::Val(value(random)),
                        mutable: random.below(2) == 0,
                    }),
                },
            };
            groups.push(RecType {
                subtypes: (0..members).map(|_| subtype(random)).collect(),
            });
            known = end;
        }
        groups
    }

    type Name = (Arc<str>, usize);

    /// For each type of a module, a name of its group that is the same for equal groups only, and its place there.
    fn names(groups: &[RecType]) -> Vec<Name> {
        let mut names: Vec<Name> = Vec::new();
        for group in groups {
            let first = names.len();
            // The index of a type outside of the group is replaced by what that is called.
            let mut name = format!("{group:?}");
            for at in (0..first).rev() {
                let (outer, place) = &names[at];
                let called = format!("TypeIdx<{place} of {outer}>");
                name = name.replace(&format!("TypeIdx({at})"), &called);
            }
            for member in 0..group.subtypes.len() {
                let index = format!("TypeIdx({})", first + member);
                name = name.replace(&index, &format!("member {member}"));
            }
            let name = Arc::<str>::from(name);
            names.extend((0..group.subtypes.len()).map(|place| (name.clone(), place)));
        }
        names
    }

    #[test]
    fn random_modules_have_equal_numbers_for_equal_types_while_they_live_and_leave_nothing() {
        use std::collections::{BTreeMap, BTreeSet};
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let registry = Arc::new(Registry::default());
        let mut live: Vec<(Registration, Vec<Name>)> = Vec::new();
        for _ in 0..3_000 {
            if live.len() < 12 && random.below(2) == 0 {
                let groups = random_types(&mut random);
                let ids = registry.register(&groups).expect("there is room");
                live.push((ids, names(&groups)));
            } else if !live.is_empty() {
                let at = random.below(live.len());
                live.swap_remove(at);
            }
            let mut numbers: BTreeMap<Name, TypeId> = BTreeMap::new();
            for (ids, names) in &live {
                assert_eq!(ids.len(), names.len());
                for (id, name) in ids.iter().zip(names) {
                    assert_eq!(*numbers.entry(name.clone()).or_insert(*id), *id);
                }
            }
            let distinct: BTreeSet<TypeId> = numbers.values().copied().collect();
            assert_eq!(distinct.len(), numbers.len());
            assert_eq!(registry.len(), numbers.len());
        }
    }

    #[test]
    fn threads_register_and_drop_at_once() {
        let registry = Arc::new(Registry::default());
        let work = |seed: u64| {
            let mut random = Random(seed);
            let mut live: Vec<(Registration, Vec<RecType>)> = Vec::new();
            let mut handles: Vec<TypeHandle> = Vec::new();
            for _ in 0..2_000 {
                match random.below(4) {
                    0 | 1 if live.len() < 8 => {
                        let groups = random_types(&mut random);
                        let ids = registry.register(&groups).expect("there is room");
                        live.push((ids, groups));
                    }
                    2 if !live.is_empty() => {
                        let (ids, _) = &live[random.below(live.len())];
                        handles.push(registry.hold(ids[random.below(ids.len())]));
                        if handles.len() > 8 {
                            let at = random.below(handles.len());
                            handles.swap_remove(at);
                        }
                    }
                    _ if !live.is_empty() => {
                        let at = random.below(live.len());
                        live.swap_remove(at);
                    }
                    _ => {}
                }
                // Held types stay as they were registered, whichever others were released.
                for (ids, groups) in &live {
                    let subtypes = groups.iter().flat_map(|group| &group.subtypes);
                    for (id, ty) in ids.iter().zip(subtypes) {
                        let map = |ty: TypeIdx| TypeIdx(ids[ty.index()].0);
                        let expected = canonical::map_composite(&ty.composite, &map);
                        assert_eq!(registry.definition(*id).composite, expected);
                    }
                }
                for handle in &handles {
                    let found = registry.definition(handle.id());
                    assert!(core::ptr::eq(&*found, handle.definition()));
                }
            }
        };
        std::thread::scope(|scope| {
            for seed in 1..=4 {
                scope.spawn(move || work(seed * 0x9e37_79b9));
            }
        });
        assert_eq!(registry.len(), 0);
    }
}
