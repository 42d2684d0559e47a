//! What the heap knows of the engine's types, so that it need not ask the registry, which is locked.

use std::sync::Arc;

use crate::code::layout::{Place, Storage, StructLayout};
use crate::runtime::registry::{Composite, Registry, TypeId};

/// What a type describes, as bytes.
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
    /// What its objects look like.
    pub shape: Shape,
    /// How many slots the values of its fields fill.
    slots: usize,
    /// The type and its supertypes, the topmost first: whether something is a subtype takes one look at the other's depth.
    lineage: Box<[TypeId]>,
}

impl TypeInfo {
    fn new(registry: &Registry, ty: TypeId) -> Self {
        let shape = match registry.composite(ty) {
            Composite::Func(_) => Shape::Func,
            Composite::Struct(fields) => Shape::Struct(StructLayout::new(&fields)),
            Composite::Array(element) => Shape::Array(Storage::of(element.storage)),
        };
        let fields = match &shape {
            Shape::Struct(layout) => &*layout.fields,
            _ => &[],
        };
        Self {
            slots: fields.iter().map(|field| field.storage.slots()).sum(),
            shape,
            lineage: registry.lineage(ty),
        }
    }

    /// Whether the type is another one or a subtype of it, given that one's depth.
    #[inline]
    pub fn is_subtype(&self, of: TypeId, depth: usize) -> bool {
        self.lineage.get(depth) == Some(&of)
    }

    /// How many supertypes there are above it.
    pub fn depth(&self) -> usize {
        self.lineage.len() - 1
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

/// The types that a store has met.
#[derive(Debug, Default)]
pub struct TypeCache {
    types: Vec<Option<Arc<TypeInfo>>>,
}

impl TypeCache {
    /// A type that was met before.
    #[inline]
    pub fn get(&self, ty: TypeId) -> Option<&TypeInfo> {
        self.types.get(ty.0 as usize)?.as_deref()
    }

    /// A type, which is looked up if it is met for the first time.
    #[inline]
    pub fn meet(&mut self, registry: &Registry, ty: TypeId) -> &Arc<TypeInfo> {
        let index = ty.0 as usize;
        if self.types.len() <= index {
            self.types.resize(index + 1, None);
        }
        self.types[index].get_or_insert_with(|| Arc::new(TypeInfo::new(registry, ty)))
    }
}
