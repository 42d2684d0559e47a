//! Types of imports and exports, and of values.
//!
//! The crate's inside knows a type that a module defines by its number in the engine. Here such a type is a handle, which keeps it
//! and knows its engine, and cannot be made of a number: `defined` has these types, `value` those of values. Functions that take a type
//! from the embedder convert it by `within`, which refuses a type of another engine; functions that return one make it by `of`.

mod defined;
mod value;

use core::fmt;
use std::sync::Arc;

use crate::error::{Error, Misuse};
use crate::runtime::instantiate::{canonical_global, canonical_table};
use crate::runtime::limiter::Exhausted;
use crate::runtime::registry::{Registry, TooManyTypes, TypeDef, TypeId};
use crate::syntax::types as syntax;
use crate::syntax::types::{AddrType, Limits};

pub use defined::{ArrayType, FieldType, FuncType, StructType};
pub use value::{HeapType, RefType, StorageType, ValType};

/// Whether a global may be set.
///
/// ```
/// assert!(tickwasm::Mutability::Var.is_var());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mutability {
    /// It keeps its initial value.
    Const,
    /// It may be set.
    Var,
}

impl Mutability {
    /// Whether it is [`Mutability::Var`].
    pub fn is_var(self) -> bool {
        self == Self::Var
    }

    /// Whether it is [`Mutability::Const`].
    pub fn is_const(self) -> bool {
        self == Self::Const
    }

    pub(crate) fn of(mutable: bool) -> Self {
        match mutable {
            true => Self::Var,
            false => Self::Const,
        }
    }
}

/// The type of a global.
///
/// ```
/// use tickwasm::{GlobalType, Mutability, ValType};
///
/// let ty = GlobalType::new(ValType::I64, Mutability::Var);
/// assert_eq!(ty.content(), &ValType::I64);
/// assert_eq!(ty.to_string(), "(mut i64)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType {
    content: ValType,
    mutability: Mutability,
}

impl GlobalType {
    /// The type of globals that hold values of type `content`.
    pub fn new(content: ValType, mutability: Mutability) -> Self {
        Self {
            content,
            mutability,
        }
    }

    pub(crate) fn of(registry: &Arc<Registry>, ty: syntax::GlobalType) -> Self {
        Self {
            content: ValType::of(registry, ty.value),
            mutability: Mutability::of(ty.mutable),
        }
    }

    pub(crate) fn within(&self, registry: &Arc<Registry>) -> Result<syntax::GlobalType, Misuse> {
        Ok(syntax::GlobalType {
            value: self.content.within(registry)?,
            mutable: self.mutability.is_var(),
        })
    }

    /// The type of its value.
    pub fn content(&self) -> &ValType {
        &self.content
    }

    /// Whether it may be set.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutability {
            Mutability::Var => write!(f, "(mut {})", self.content),
            Mutability::Const => self.content.fmt(f),
        }
    }
}

/// The type of a table: the type and the number of its elements.
///
/// ```
/// use tickwasm::{RefType, TableType};
///
/// let ty = TableType::new(RefType::FUNCREF, 10, Some(20));
/// assert_eq!((ty.minimum(), ty.maximum()), (10, Some(20)));
/// assert_eq!(ty.to_string(), "10 20 funcref");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    element: RefType,
    addr: AddrType,
    limits: Limits,
}

impl TableType {
    /// The type of tables of `element` with `min` elements at first, and at most `max`.
    pub fn new(element: RefType, min: u32, max: Option<u32>) -> Self {
        Self {
            element,
            addr: AddrType::I32,
            limits: Limits {
                min: min.into(),
                max: max.map(u64::from),
            },
        }
    }

    /// The type of tables of `min` elements at first, and at most `max`, whose indices have 64 bits.
    ///
    /// No table has more than 2³² - 1 elements.
    pub fn new64(element: RefType, min: u64, max: Option<u64>) -> Self {
        Self {
            element,
            addr: AddrType::I64,
            limits: Limits { min, max },
        }
    }

    pub(crate) fn of(registry: &Arc<Registry>, ty: syntax::TableType) -> Self {
        Self {
            element: RefType::of(registry, ty.element),
            addr: ty.addr,
            limits: ty.limits,
        }
    }

    pub(crate) fn within(&self, registry: &Arc<Registry>) -> Result<syntax::TableType, Misuse> {
        Ok(syntax::TableType {
            element: self.element.within(registry)?,
            addr: self.addr,
            limits: self.limits,
        })
    }

    /// The type of its elements.
    pub fn element(&self) -> &RefType {
        &self.element
    }

    /// How many elements it has at first.
    pub fn minimum(&self) -> u64 {
        self.limits.min
    }

    /// The most elements that it may have, if the type has a maximum.
    pub fn maximum(&self) -> Option<u64> {
        self.limits.max
    }

    /// Whether it is addressed with 64 bits.
    pub fn is_64(&self) -> bool {
        self.addr == AddrType::I64
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        limits(f, self.addr, self.limits)?;
        write!(f, " {}", self.element)
    }
}

/// The type of a memory: its size in pages, which have 64 KiB by default.
///
/// ```
/// use tickwasm::MemoryType;
///
/// let ty = MemoryType::new(1, Some(16));
/// assert_eq!((ty.minimum(), ty.maximum(), ty.page_size()), (1, Some(16), 65536));
/// assert_eq!(ty.to_string(), "1 16");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    pub(crate) inner: syntax::MemType,
}

impl MemoryType {
    /// The type of memories of `min` pages at first, and at most `max`.
    pub fn new(min: u32, max: Option<u32>) -> Self {
        Self {
            inner: syntax::MemType {
                addr: AddrType::I32,
                limits: Limits {
                    min: min.into(),
                    max: max.map(u64::from),
                },
                shared: false,
                page_size_log2: 16,
            },
        }
    }

    /// The type of memories of `min` pages at first, and at most `max`, that are addressed with 64 bits.
    pub fn new64(min: u64, max: Option<u64>) -> Self {
        Self {
            inner: syntax::MemType {
                addr: AddrType::I64,
                limits: Limits { min, max },
                shared: false,
                page_size_log2: 16,
            },
        }
    }

    /// How many pages it has at first.
    pub fn minimum(&self) -> u64 {
        self.inner.limits.min
    }

    /// The most pages that it may have, if the type has a maximum.
    pub fn maximum(&self) -> Option<u64> {
        self.inner.limits.max
    }

    /// Whether it is addressed with 64 bits.
    pub fn is_64(&self) -> bool {
        self.inner.addr == AddrType::I64
    }

    /// Whether threads may share it.
    pub fn is_shared(&self) -> bool {
        self.inner.shared
    }

    /// Bytes in a page.
    pub fn page_size(&self) -> u64 {
        1 << self.inner.page_size_log2
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        limits(f, self.inner.addr, self.inner.limits)?;
        f.write_str(if self.inner.shared { " shared" } else { "" })?;
        match self.inner.page_size_log2 {
            16 => Ok(()),
            _ => write!(f, " (pagesize {})", self.page_size()),
        }
    }
}

/// Makes a [`MemoryType`] of any kind.
///
/// ```
/// use tickwasm::MemoryTypeBuilder;
///
/// let ty = MemoryTypeBuilder::new().min(100).max(Some(200)).page_size_log2(0).build()?;
/// assert_eq!((ty.minimum(), ty.page_size()), (100, 1));
/// assert_eq!(ty.to_string(), "100 200 (pagesize 1)");
/// assert!(MemoryTypeBuilder::new().page_size_log2(12).build().is_err());
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryTypeBuilder(MemoryType);

impl Default for MemoryTypeBuilder {
    fn default() -> Self {
        Self(MemoryType::new(0, None))
    }
}

impl MemoryTypeBuilder {
    /// Begins with a memory of 0 pages of 64 KiB, without a maximum, with 32-bit addresses, and not shared.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many pages the memory has at first.
    #[must_use]
    pub fn min(mut self, pages: u64) -> Self {
        self.0.inner.limits.min = pages;
        self
    }

    /// Sets the most pages that it may have.
    #[must_use]
    pub fn max(mut self, pages: Option<u64>) -> Self {
        self.0.inner.limits.max = pages;
        self
    }

    /// Whether it is addressed with 64 bits.
    #[must_use]
    pub fn memory64(mut self, on: bool) -> Self {
        self.0.inner.addr = if on { AddrType::I64 } else { AddrType::I32 };
        self
    }

    /// Whether threads may share it; it needs a maximum then.
    #[must_use]
    pub fn shared(mut self, on: bool) -> Self {
        self.0.inner.shared = on;
        self
    }

    /// Base-2 logarithm of the bytes of a page: 16, which is the default, or 0.
    #[must_use]
    pub fn page_size_log2(mut self, log2: u8) -> Self {
        self.0.inner.page_size_log2 = log2;
        self
    }

    /// The type.
    ///
    /// # Errors
    /// If the size range is empty or beyond what can be addressed, the page size is another than those two, or a shared memory has no
    /// maximum.
    pub fn build(self) -> Result<MemoryType, Error> {
        match self.0.is_possible() {
            true => Ok(self.0),
            false => Err(Misuse::Limits.into()),
        }
    }
}

impl MemoryType {
    /// Returns whether the specification permits such a memory.
    pub(crate) fn is_possible(&self) -> bool {
        let syntax::MemType {
            limits,
            shared,
            page_size_log2,
            ..
        } = self.inner;
        let bits = if self.is_64() { 64 } else { 32 };
        let largest = (1_u128 << bits) >> page_size_log2.min(16);
        let max = limits.max.unwrap_or(limits.min);
        matches!(page_size_log2, 0 | 16)
            && u128::from(max) <= largest
            && limits.min <= max
            && (limits.max.is_some() || !shared)
    }
}

/// The type of a tag, the kind of an exception.
///
/// ```
/// use tickwasm::{Engine, FuncType, TagType, ValType};
///
/// let ty = TagType::new(FuncType::new(&Engine::default(), [ValType::I32], []));
/// assert_eq!(ty.ty().param(0), Some(ValType::I32));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TagType {
    ty: FuncType,
}

impl TagType {
    /// The type of tags whose exceptions carry the parameters of `ty`.
    pub fn new(ty: FuncType) -> Self {
        Self { ty }
    }

    /// The function type whose parameters the exceptions carry.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }
}

/// The type of an item that can be imported or exported.
///
/// ```
/// use tickwasm::{Engine, ExternType, Module};
///
/// let module = Module::new(&Engine::default(), r#"(module (memory (export "m") 1 2))"#)?;
/// match module.get_export("m") {
///     Some(ExternType::Memory(ty)) => assert_eq!(ty.maximum(), Some(2)),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A global.
    Global(GlobalType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A tag.
    Tag(TagType),
}

impl ExternType {
    /// Converts the type that a module has, given the types that its indices stand for.
    pub(crate) fn of(registry: &Arc<Registry>, types: &[TypeId], ty: syntax::ExternType) -> Self {
        match ty {
            syntax::ExternType::Func(ty) => Self::Func(FuncType::of(registry, types[ty.index()])),
            syntax::ExternType::Table(ty) => {
                Self::Table(TableType::of(registry, canonical_table(ty, types)))
            }
            syntax::ExternType::Mem(inner) => Self::Memory(MemoryType { inner }),
            syntax::ExternType::Global(ty) => {
                Self::Global(GlobalType::of(registry, canonical_global(ty, types)))
            }
            syntax::ExternType::Tag(tag) => Self::Tag(TagType {
                ty: FuncType::of(registry, types[tag.ty.index()]),
            }),
        }
    }

    /// The function type, if it is one.
    pub fn func(&self) -> Option<&FuncType> {
        match self {
            Self::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The global type, if it is one.
    pub fn global(&self) -> Option<&GlobalType> {
        match self {
            Self::Global(ty) => Some(ty),
            _ => None,
        }
    }

    /// The table type, if it is one.
    pub fn table(&self) -> Option<&TableType> {
        match self {
            Self::Table(ty) => Some(ty),
            _ => None,
        }
    }

    /// The memory type, if it is one.
    pub fn memory(&self) -> Option<&MemoryType> {
        match self {
            Self::Memory(ty) => Some(ty),
            _ => None,
        }
    }

    /// The tag type, if it is one.
    pub fn tag(&self) -> Option<&TagType> {
        match self {
            Self::Tag(ty) => Some(ty),
            _ => None,
        }
    }
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(ty) => write!(f, "function {ty}"),
            Self::Global(ty) => write!(f, "global {ty}"),
            Self::Table(ty) => write!(f, "table {ty}"),
            Self::Memory(ty) => write!(f, "memory {ty}"),
            Self::Tag(ty) => write!(f, "tag {}", ty.ty),
        }
    }
}

macro_rules! from_type {
    ($($variant:ident($ty:ident))*) => {$(
        impl From<$ty> for ExternType {
            fn from(ty: $ty) -> Self {
                Self::$variant(ty)
            }
        }
    )*};
}

from_type!(Func(FuncType) Global(GlobalType) Table(TableType) Memory(MemoryType) Tag(TagType));

/// An import of a module.
///
/// ```
/// use tickwasm::{Engine, Module};
///
/// let module = Module::new(&Engine::default(), r#"(module (import "env" "log" (func (param i32))))"#)?;
/// let import = module.imports().next().expect("it has one");
/// assert_eq!((import.module(), import.name()), ("env", "log"));
/// assert_eq!(import.ty().to_string(), "function [i32] -> []");
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ImportType<'m> {
    pub(crate) module: &'m str,
    pub(crate) name: &'m str,
    pub(crate) ty: ExternType,
}

impl<'m> ImportType<'m> {
    /// The name of the module to import from.
    pub fn module(&self) -> &'m str {
        self.module
    }

    /// The name within that module.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// The type that the module expects.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

/// An export of a module.
///
/// ```
/// use tickwasm::{Engine, Module};
///
/// let module = Module::new(&Engine::default(), r#"(module (func (export "run") (result i32) i32.const 0))"#)?;
/// let export = module.exports().next().expect("it has one");
/// assert_eq!(export.name(), "run");
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExportType<'m> {
    pub(crate) name: &'m str,
    pub(crate) ty: ExternType,
}

impl<'m> ExportType<'m> {
    /// The name.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// The type of the exported item.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

impl From<TooManyTypes> for Error {
    fn from(TooManyTypes: TooManyTypes) -> Self {
        Exhausted::Host {
            requested: size_of::<TypeDef>() as u64,
        }
        .into()
    }
}

/// Limits in the text format.
fn limits(f: &mut fmt::Formatter<'_>, addr: AddrType, limits: Limits) -> fmt::Result {
    if addr == AddrType::I64 {
        f.write_str("i64 ")?;
    }
    write!(f, "{}", limits.min)?;
    match limits.max {
        Some(max) => write!(f, " {max}"),
        None => Ok(()),
    }
}
