//! Types, as the specification classifies them.
//!
//! These are the types as a module *writes* them: a reference to another type is a [`TypeIdx`] of that module.
//! The module `validate::canonical` relates the types of different modules.
//! <https://webassembly.github.io/spec/core/syntax/types.html>

use core::fmt;

use super::index::TypeIdx;

/// An abstract or concrete heap type: the target of a reference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HeapType {
    /// Common supertype of all internal references.
    Any,
    /// Internal references that can be compared.
    Eq,
    /// Unboxed 31-bit integers.
    I31,
    /// All structures.
    Struct,
    /// All arrays.
    Array,
    /// Bottom of the internal hierarchy.
    None,
    /// All functions.
    Func,
    /// Bottom of the function hierarchy.
    NoFunc,
    /// Exceptions.
    Exn,
    /// Bottom of the exception hierarchy.
    NoExn,
    /// The embedder's own values.
    Extern,
    /// Bottom of the external hierarchy.
    NoExtern,
    /// A type that the module defines, or, once the engine has the type, its canonical index there.
    Concrete(TypeIdx),
}

/// A reference type: `(ref null? ht)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    /// Whether the null reference belongs to the type.
    pub nullable: bool,
    /// The heap type.
    pub heap: HeapType,
}

impl RefType {
    /// `(ref null func)`.
    pub const FUNCREF: Self = Self::nullable(HeapType::Func);
    /// `(ref null extern)`.
    pub const EXTERNREF: Self = Self::nullable(HeapType::Extern);

    /// Creates a reference type of its two parts.
    pub const fn new(nullable: bool, heap: HeapType) -> Self {
        Self { nullable, heap }
    }

    /// Whether the null reference belongs to the type.
    pub const fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// The heap type.
    pub const fn heap_type(&self) -> HeapType {
        self.heap
    }

    /// `(ref null heap)`.
    pub const fn nullable(heap: HeapType) -> Self {
        Self {
            nullable: true,
            heap,
        }
    }

    /// `(ref heap)`.
    pub const fn non_null(heap: HeapType) -> Self {
        Self {
            nullable: false,
            heap,
        }
    }
}

/// The type of a value on the operand stack, in a local or in a global.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValType {
    /// 32-bit integers.
    I32,
    /// 64-bit integers.
    I64,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
    /// 128-bit vectors.
    V128,
    /// References.
    Ref(RefType),
}

impl ValType {
    /// `funcref`.
    pub const FUNCREF: Self = Self::Ref(RefType::FUNCREF);
    /// `externref`.
    pub const EXTERNREF: Self = Self::Ref(RefType::EXTERNREF);
    /// `eqref`.
    pub const EQREF: Self = Self::Ref(RefType::nullable(HeapType::Eq));
    /// `arrayref`.
    pub const ARRAYREF: Self = Self::Ref(RefType::nullable(HeapType::Array));
    /// `i31ref`.
    pub const I31REF: Self = Self::Ref(RefType::nullable(HeapType::I31));
    /// `(ref i31)`.
    pub const REF_I31: Self = Self::Ref(RefType::non_null(HeapType::I31));

    /// Whether a local of this type may be read before it is set: everything but non-null references.
    pub const fn is_defaultable(self) -> bool {
        !matches!(
            self,
            Self::Ref(RefType {
                nullable: false,
                ..
            })
        )
    }

    /// Whether this is a reference type.
    pub const fn is_ref(self) -> bool {
        matches!(self, Self::Ref(_))
    }

    /// Number of 8-byte slots of the value stack that a value of this type fills.
    pub const fn slots(self) -> u32 {
        match self {
            Self::V128 => 2,
            _ => 1,
        }
    }
}

/// The type of a field or array element: a value type, or an integer narrower than any value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StorageType {
    /// A full value.
    Val(ValType),
    /// An 8-bit integer.
    I8,
    /// A 16-bit integer.
    I16,
}

impl StorageType {
    /// The type that it has on the operand stack.
    pub const fn unpacked(self) -> ValType {
        match self {
            Self::Val(ty) => ty,
            Self::I8 | Self::I16 => ValType::I32,
        }
    }
}

/// A storage type with its mutability.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FieldType {
    /// The type of the stored value.
    pub storage: StorageType,
    /// Whether it may be written after creation.
    pub mutable: bool,
}

impl FieldType {
    /// The type that its values have on the operand stack.
    pub const fn unpacked(self) -> ValType {
        self.storage.unpacked()
    }
}

/// A function type: `[params] -> [results]`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct FuncType {
    /// Types of the parameters, first to last.
    pub params: Box<[ValType]>,
    /// Types of the results, first to last.
    pub results: Box<[ValType]>,
}

impl FuncType {
    /// Number of slots of the value stack that the parameters fill, and the number for the results.
    pub fn slots(&self) -> (usize, usize) {
        let count = |types: &[ValType]| types.iter().map(|ty| ty.slots() as usize).sum();
        (count(&self.params), count(&self.results))
    }
}

/// A composite type: the right-hand side of a type definition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum CompType {
    /// A function type.
    Func(FuncType),
    /// A structure with these fields.
    Struct(Box<[FieldType]>),
    /// An array of such elements.
    Array(FieldType),
}

/// A subtype: a composite type with its declared supertypes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SubType {
    /// Whether no other type may name this one as its supertype.
    pub is_final: bool,
    /// Declared supertypes: at most one in WebAssembly 3.0, which validation checks.
    pub supertypes: Box<[TypeIdx]>,
    /// The structure of the type.
    pub composite: CompType,
}

/// A group of types that may refer to each other. Its types have consecutive indices.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RecType {
    /// The members, in index order.
    pub subtypes: Box<[SubType]>,
}

/// The type of addresses of a memory or table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AddrType {
    /// 32-bit addresses.
    I32,
    /// 64-bit addresses.
    I64,
}

impl AddrType {
    /// The value type of an address.
    pub const fn val_type(self) -> ValType {
        match self {
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
        }
    }
}

/// A size range, in pages (memories) or elements (tables).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limits {
    /// Initial size.
    pub min: u64,
    /// Largest size, if the module bounds it.
    pub max: Option<u64>,
}

/// The type of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemType {
    /// The type of its addresses.
    pub addr: AddrType,
    /// Its size in pages.
    pub limits: Limits,
    /// Whether it may be shared between threads (the threads proposal).
    pub shared: bool,
    /// Base-2 logarithm of the page size: 16 unless the custom-page-sizes proposal says otherwise.
    pub page_size_log2: u8,
}

/// The type of a table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    /// The type of its indices.
    pub addr: AddrType,
    /// Its size in elements.
    pub limits: Limits,
    /// The type of its elements.
    pub element: RefType,
}

/// The type of a global.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType {
    /// The type of its value.
    pub value: ValType,
    /// Whether it may be set.
    pub mutable: bool,
}

/// The type of a tag: a function type whose parameters are the exception's payload.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TagType {
    /// The function type.
    pub ty: TypeIdx,
}

/// The type of something that can be imported or exported.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExternType {
    /// A function of a type of the module.
    Func(TypeIdx),
    /// A table.
    Table(TableType),
    /// A memory.
    Mem(MemType),
    /// A global.
    Global(GlobalType),
    /// A tag.
    Tag(TagType),
}

/// The type of a block.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BlockType {
    /// `[] -> []`.
    Empty,
    /// `[] -> [t]`.
    Result(ValType),
    /// A function type of the module.
    Type(TypeIdx),
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::Eq => "eq",
            Self::I31 => "i31",
            Self::Struct => "struct",
            Self::Array => "array",
            Self::None => "none",
            Self::Func => "func",
            Self::NoFunc => "nofunc",
            Self::Exn => "exn",
            Self::NoExn => "noexn",
            Self::Extern => "extern",
            Self::NoExtern => "noextern",
            Self::Concrete(index) => return index.fmt(f),
        })
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The abbreviations exist for nullable references to the tops and bottoms; these two are commonly used.
            Self {
                nullable: true,
                heap: HeapType::Func,
            } => f.write_str("funcref"),
            Self {
                nullable: true,
                heap: HeapType::Extern,
            } => f.write_str("externref"),
            Self {
                nullable: true,
                heap,
            } => write!(f, "(ref null {heap})"),
            Self {
                nullable: false,
                heap,
            } => write!(f, "(ref {heap})"),
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32 => f.write_str("i32"),
            Self::I64 => f.write_str("i64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::V128 => f.write_str("v128"),
            Self::Ref(ty) => ty.fmt(f),
        }
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The maximal number of types shown of each list: a message stays readable even if there are a thousand.
        const SHOWN: usize = 32;
        fn list(f: &mut fmt::Formatter<'_>, types: &[ValType]) -> fmt::Result {
            f.write_str("[")?;
            for (i, ty) in types.iter().take(SHOWN).enumerate() {
                if i > 0 {
                    f.write_str(" ")?;
                }
                ty.fmt(f)?;
            }
            match types.len().saturating_sub(SHOWN) {
                0 => f.write_str("]"),
                more => write!(f, " ... and {more} more]"),
            }
        }
        list(f, &self.params)?;
        f.write_str(" -> ")?;
        list(f, &self.results)
    }
}
