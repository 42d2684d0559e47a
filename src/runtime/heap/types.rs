//! The heap's copies of facts about types, so that it need not lock the engine's registry.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::NoMemory;
use crate::code::layout::{Place, Storage, StructLayout};
use crate::runtime::registry::{Registry, TypeHandle, TypeId};
use crate::syntax::types::CompType;

/// The layout of a type's objects.
#[derive(Debug)]
pub enum Shape {
    /// A function: not an object.
    Func,
    /// A structure.
    Struct(StructLayout),
    /// An array of such elements.
    Array(Storage),
}

/// A type.
#[derive(Debug)]
pub struct TypeInfo {
    /// The layout of its objects.
    pub shape: Shape,
    /// How many slots the values of its fields fill.
    slots: usize,
    /// The type and its supertypes, the topmost first.
    lineage: Box<[TypeId]>,
    /// Keeps the type, so that all this remains true of its number.
    handle: TypeHandle,
}

impl TypeInfo {
    fn new(registry: &Arc<Registry>, ty: TypeId) -> Self {
        let handle = registry.hold(ty);
        let shape = match &handle.definition().composite {
            CompType::Func(_) => Shape::Func,
            CompType::Struct(fields) => Shape::Struct(StructLayout::new(fields)),
            CompType::Array(element) => Shape::Array(Storage::of(element.storage)),
        };
        let fields = match &shape {
            Shape::Struct(layout) => &*layout.fields,
            _ => &[],
        };
        Self {
            slots: fields.iter().map(|field| field.storage.slots()).sum(),
            shape,
            lineage: registry.lineage(ty),
            handle,
        }
    }

    /// Whether the type is another one or a subtype of it. There are at most 64 to look at.
    #[inline]
    pub fn is_subtype(&self, of: TypeId) -> bool {
        self.lineage.contains(&of)
    }

    /// How many slots the values of its fields fill, if it is a structure type.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// The fields, if it is a structure type.
    pub fn fields(&self) -> &[Place] {
        match &self.shape {
            Shape::Struct(layout) => &layout.fields,
            _ => &[],
        }
    }

    /// Bytes of a structure, or of an array of so many elements.
    pub fn bytes(&self, count: u32) -> u64 {
        match &self.shape {
            Shape::Func => 0,
            Shape::Struct(layout) => layout.bytes.into(),
            Shape::Array(element) => u64::from(count) << element.log2(),
        }
    }

    /// How elements are stored, if it is an array type.
    pub fn element(&self) -> Option<Storage> {
        match self.shape {
            Shape::Array(element) => Some(element),
            _ => None,
        }
    }
}

/// The types that a store has met: a table by a hash of their numbers, which is as large as the store's types are many.
///
/// The hash is multiplicative, of a random factor, so that no module can be written whose types collide.
#[derive(Debug, Default)]
pub struct TypeCache {
    /// Its length is a power of two, or nothing.
    table: Box<[Option<Met>]>,
    len: usize,
    factor: u32,
    /// How many bits of the product are dropped for a place in the table.
    shift: u32,
}

#[derive(Debug)]
struct Met {
    id: TypeId,
    info: Arc<TypeInfo>,
}

/// Places of the smallest table, as a power of two.
const SMALLEST: u32 = 4;

impl TypeCache {
    /// A type that was met before.
    #[inline]
    pub fn get(&self, ty: TypeId) -> Option<&TypeInfo> {
        let at = self.place(ty);
        match self.table.get(at)? {
            // Most types are where the hash says.
            Some(met) if met.id == ty => Some(&met.info),
            _ => Some(&self.table[self.find(ty)?].as_ref()?.info),
        }
    }

    /// A type, which is looked up if it is met for the first time. It is held from then on.
    #[inline]
    pub fn meet(
        &mut self,
        registry: &Arc<Registry>,
        ty: TypeId,
    ) -> Result<&Arc<TypeInfo>, NoMemory> {
        let at = self.place(ty);
        let at = match self.table.get(at) {
            // Most types are where the hash says.
            Some(Some(met)) if met.id == ty => at,
            _ => self.find_or_add(registry, ty)?,
        };
        match &self.table[at] {
            Some(met) => Ok(&met.info),
            None => unreachable!("it was found or added just now"),
        }
    }

    /// Where in the table a type is, if it is there. There is always a free place, where the search ends.
    fn find(&self, ty: TypeId) -> Option<usize> {
        let mut at = self.place(ty);
        while self.table.get(at)?.as_ref()?.id != ty {
            at = (at + 1) & (self.table.len() - 1);
        }
        Some(at)
    }

    /// Where a type is, unless that place is taken.
    #[inline]
    fn place(&self, ty: TypeId) -> usize {
        (ty.0.wrapping_mul(self.factor) >> (self.shift & 31)) as usize
    }

    /// Where in the table a type is, which is added if it is not there.
    #[cold]
    fn find_or_add(&mut self, registry: &Arc<Registry>, ty: TypeId) -> Result<usize, NoMemory> {
        if let Some(at) = self.find(ty) {
            return Ok(at);
        }
        if self.len * 4 >= self.table.len() {
            self.grow()?;
        }
        let info = Arc::new(TypeInfo::new(registry, ty));
        debug_assert_eq!(info.handle.id(), ty);
        self.len += 1;
        Ok(self.put(Met { id: ty, info }))
    }

    /// Puts a type that is not there into the first free place.
    fn put(&mut self, met: Met) -> usize {
        let mut at = self.place(met.id);
        while self.table[at].is_some() {
            at = (at + 1) & (self.table.len() - 1);
        }
        self.table[at] = Some(met);
        at
    }

    /// Makes the table twice as large.
    fn grow(&mut self) -> Result<(), NoMemory> {
        let places = (self.table.len() * 2).max(1 << SMALLEST);
        let mut table = Vec::new();
        table.try_reserve_exact(places).map_err(|_| NoMemory)?;
        table.resize_with(places, || None);
        if self.factor == 0 {
            self.factor = RandomState::new().hash_one(0) as u32 | 1;
        }
        self.shift = u32::BITS - places.ilog2();
        let old = core::mem::replace(&mut self.table, table.into());
        for met in old.into_iter().flatten() {
            self.put(met);
        }
        Ok(())
    }
}
