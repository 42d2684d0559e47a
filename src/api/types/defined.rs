//! Types that modules or the embedder define: handles on types of an engine.

use core::fmt;
use core::hash::{Hash, Hasher};
use std::sync::Arc;

use super::Mutability;
use super::value::{HeapType, StorageType, ValType};
use crate::api::engine::Engine;
use crate::error::{Error, Misuse};
use crate::runtime::registry::{Registry, TypeHandle, TypeId};
use crate::syntax::index::TypeIdx;
use crate::syntax::types as syntax;

/// The type of a function: its parameters and results.
///
/// It is a type of its engine, and is used with what belongs to the same engine.
///
/// ```
/// use tickwasm::{Engine, FuncType, ValType};
///
/// let engine = Engine::default();
/// let ty = FuncType::new(&engine, [ValType::I32, ValType::I64], [ValType::F64]);
/// assert_eq!(ty.params().len(), 2);
/// assert_eq!(ty.result(0), Some(ValType::F64));
/// assert_eq!(ty.to_string(), "[i32 i64] -> [f64]");
/// // Types of the same parameters and results are one type, within an engine:
/// assert_eq!(ty, FuncType::new(&engine, ty.params(), ty.results()));
/// assert_ne!(ty, FuncType::new(&Engine::default(), ty.params(), ty.results()));
/// ```
#[derive(Clone)]
pub struct FuncType {
    handle: Arc<TypeHandle>,
}

impl FuncType {
    /// The type of functions from `params` to `results`, each first to last, which has neither supertypes nor subtypes.
    ///
    /// # Panics
    /// Where [`try_new`](Self::try_new) fails: if one of the types is a type of another engine.
    pub fn new(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Self {
        match Self::try_new(engine, params, results) {
            Ok(ty) => ty,
            Err(error) => panic!("{error}"),
        }
    }

    /// Makes a type as [`new`](Self::new) does, and returns an error where that panics.
    ///
    /// # Errors
    /// [`Misuse::WrongEngine`] if one of the types is a type of another engine, or an error if there is no more memory.
    pub fn try_new(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Result<Self, Error> {
        let registry = engine.registry();
        // The types are kept until the new one holds what it refers to.
        let params: Vec<ValType> = params.into_iter().collect();
        let results: Vec<ValType> = results.into_iter().collect();
        let list = |types: &[ValType]| types.iter().map(|ty| ty.within(registry)).collect();
        let (params, results): (Result<_, _>, Result<_, _>) = (list(&params), list(&results));
        Self::of_rust(
            registry,
            syntax::FuncType {
                params: params?,
                results: results?,
            },
        )
    }

    /// The type of functions whose parameters and results are those of Rust types, or are held elsewhere.
    pub(crate) fn of_rust(registry: &Arc<Registry>, ty: syntax::FuncType) -> Result<Self, Error> {
        let handle = Arc::new(registry.register_final(syntax::CompType::Func(ty))?);
        Ok(Self { handle })
    }

    pub(crate) fn of(registry: &Arc<Registry>, id: TypeId) -> Self {
        let handle = Arc::new(registry.hold(id));
        Self { handle }
    }

    /// The type as the crate's inside has it.
    pub(crate) fn inner(&self) -> &syntax::FuncType {
        self.handle.definition().func()
    }

    fn list<'t>(
        &'t self,
        types: &'t [syntax::ValType],
    ) -> impl ExactSizeIterator<Item = ValType> + 't {
        let registry = self.handle.registry();
        types.iter().map(|ty| ValType::of(registry, *ty))
    }

    /// Types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.list(&self.inner().params)
    }

    /// Types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.list(&self.inner().results)
    }

    /// The type of a parameter, counted from 0.
    pub fn param(&self, at: usize) -> Option<ValType> {
        self.params().nth(at)
    }

    /// The type of a result, counted from 0.
    pub fn result(&self, at: usize) -> Option<ValType> {
        self.results().nth(at)
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner().fmt(f)
    }
}

/// The type of a structure's field, or of an array's elements.
///
/// ```
/// use tickwasm::{FieldType, Mutability, StorageType, ValType};
///
/// let ty = FieldType::new(Mutability::Var, StorageType::I8);
/// assert!(ty.mutability().is_var());
/// assert_eq!(ty.unpacked(), ValType::I32);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FieldType {
    mutability: Mutability,
    element: StorageType,
}

impl FieldType {
    /// The type of fields that store such values.
    pub fn new(mutability: Mutability, element_type: StorageType) -> Self {
        Self {
            mutability,
            element: element_type,
        }
    }

    fn of(registry: &Arc<Registry>, ty: syntax::FieldType) -> Self {
        Self {
            mutability: Mutability::of(ty.mutable),
            element: StorageType::of(registry, ty.storage),
        }
    }

    fn within(&self, registry: &Arc<Registry>) -> Result<syntax::FieldType, Misuse> {
        Ok(syntax::FieldType {
            storage: self.element.within(registry)?,
            mutable: self.mutability.is_var(),
        })
    }

    /// The type of the values that are stored.
    pub fn element_type(&self) -> &StorageType {
        &self.element
    }

    /// The type that its values have on the stack.
    pub fn unpacked(&self) -> ValType {
        match &self.element {
            StorageType::I8 | StorageType::I16 => ValType::I32,
            StorageType::ValType(ty) => ty.clone(),
        }
    }

    /// Whether it may be set.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }
}

/// A type of structures.
///
/// ```
/// use tickwasm::{Engine, FieldType, Mutability, StructType, ValType};
///
/// let engine = Engine::default();
/// let field = |ty: ValType| FieldType::new(Mutability::Var, ty.into());
/// let ty = StructType::new(&engine, [field(ValType::I32), field(ValType::F64)])?;
/// assert_eq!(ty.fields().len(), 2);
/// // Types of the same fields are one type:
/// assert_eq!(ty, StructType::new(&engine, ty.fields())?);
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone)]
pub struct StructType {
    handle: Arc<TypeHandle>,
}

impl StructType {
    /// The type of structures of these fields, which has neither supertypes nor subtypes.
    ///
    /// # Errors
    /// [`Misuse::WrongEngine`] if a field's type is a type of another engine, or an error if there is no more memory.
    pub fn new(
        engine: &Engine,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> Result<Self, Error> {
        let registry = engine.registry();
        // The types are kept until the new one holds what it refers to.
        let fields: Vec<FieldType> = fields.into_iter().collect();
        let inner: Result<_, _> = fields.iter().map(|field| field.within(registry)).collect();
        let handle = registry.register_final(syntax::CompType::Struct(inner?))?;
        let handle = Arc::new(handle);
        Ok(Self { handle })
    }

    /// The structure type of a number, if it is one.
    pub(crate) fn of(registry: &Arc<Registry>, id: TypeId) -> Option<Self> {
        match heap_type(registry, TypeIdx(id.0)) {
            HeapType::ConcreteStruct(ty) => Some(ty),
            _ => None,
        }
    }

    /// The fields as the crate's inside has them.
    pub(crate) fn inner(&self) -> &[syntax::FieldType] {
        match &self.handle.definition().composite {
            syntax::CompType::Struct(fields) => fields,
            _ => unreachable!("it was made of a structure type"),
        }
    }

    /// Its fields.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldType> + '_ {
        let registry = self.handle.registry();
        let fields = self.inner().iter();
        fields.map(|field| FieldType::of(registry, *field))
    }

    /// A field, counted from 0.
    pub fn field(&self, at: usize) -> Option<FieldType> {
        self.fields().nth(at)
    }
}

/// A type of arrays.
///
/// ```
/// use tickwasm::{ArrayType, Engine, FieldType, Mutability, StorageType};
///
/// let bytes = ArrayType::new(&Engine::default(), FieldType::new(Mutability::Var, StorageType::I8));
/// assert_eq!(bytes.element().element_type(), &StorageType::I8);
/// ```
#[derive(Clone)]
pub struct ArrayType {
    handle: Arc<TypeHandle>,
}

impl ArrayType {
    /// The type of arrays of such elements, which has neither supertypes nor subtypes.
    ///
    /// # Panics
    /// Where [`try_new`](Self::try_new) fails: if the type of the elements is a type of another engine.
    pub fn new(engine: &Engine, element: FieldType) -> Self {
        match Self::try_new(engine, element) {
            Ok(ty) => ty,
            Err(error) => panic!("{error}"),
        }
    }

    /// Makes a type as [`new`](Self::new) does, and returns an error where that panics.
    ///
    /// # Errors
    /// [`Misuse::WrongEngine`] if the type of the elements is a type of another engine, or an error if there is no more memory.
    pub fn try_new(engine: &Engine, element: FieldType) -> Result<Self, Error> {
        let registry = engine.registry();
        let inner = element.within(registry)?;
        let handle = Arc::new(registry.register_final(syntax::CompType::Array(inner))?);
        Ok(Self { handle })
    }

    /// The array type of a number, if it is one.
    pub(crate) fn of(registry: &Arc<Registry>, id: TypeId) -> Option<Self> {
        match heap_type(registry, TypeIdx(id.0)) {
            HeapType::ConcreteArray(ty) => Some(ty),
            _ => None,
        }
    }

    /// The elements' type as the crate's inside has it.
    pub(crate) fn inner(&self) -> syntax::FieldType {
        match self.handle.definition().composite {
            syntax::CompType::Array(element) => element,
            _ => unreachable!("it was made of an array type"),
        }
    }

    /// The type of its elements.
    pub fn element(&self) -> FieldType {
        FieldType::of(self.handle.registry(), self.inner())
    }
}

/// Makes the heap type of a defined type, and holds it.
pub(super) fn heap_type(registry: &Arc<Registry>, id: TypeIdx) -> HeapType {
    let handle = Arc::new(registry.hold(TypeId(id.0)));
    match handle.definition().composite {
        syntax::CompType::Func(_) => HeapType::ConcreteFunc(FuncType { handle }),
        syntax::CompType::Struct(_) => HeapType::ConcreteStruct(StructType { handle }),
        syntax::CompType::Array(_) => HeapType::ConcreteArray(ArrayType { handle }),
    }
}

macro_rules! types_of_an_engine {
    ($($ty:ident)*) => {$(
        impl $ty {
            pub(crate) fn id(&self) -> TypeId {
                self.handle.id()
            }

            /// Its number in an engine, if it is a type of that engine.
            pub(crate) fn within(&self, registry: &Arc<Registry>) -> Result<TypeId, Misuse> {
                match Arc::ptr_eq(self.handle.registry(), registry) {
                    true => Ok(self.id()),
                    false => Err(Misuse::WrongEngine),
                }
            }
        }

        impl PartialEq for $ty {
            fn eq(&self, other: &Self) -> bool {
                self.within(other.handle.registry()) == Ok(other.id())
            }
        }

        impl Eq for $ty {}

        impl Hash for $ty {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (self.id(), Arc::as_ptr(self.handle.registry())).hash(state);
            }
        }
    )*};
}

types_of_an_engine!(FuncType StructType ArrayType);

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FuncType({self})")
    }
}

impl fmt::Debug for StructType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StructType").field(&self.inner()).finish()
    }
}

impl fmt::Debug for ArrayType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ArrayType").field(&self.inner()).finish()
    }
}
