//! Subtyping: whether a value of one type may be used where another is expected.
//!
//! The rules do not resolve type indices: [`Types`] does, for a module's own indices (the context) as well as for
//! canonical ones (the registry).
//! <https://webassembly.github.io/spec/core/valid/matching.html>

pub use super::error::Kind;
use crate::syntax::index::TypeIdx;
use crate::syntax::types::*;

/// The facts about defined types that matching needs.
pub trait Types {
    /// The kind of a defined type.
    fn kind(&self, ty: TypeIdx) -> Kind;
    /// Whether two defined types are equal, or the first declares the second as its supertype, directly or not.
    fn is_subtype(&self, sub: TypeIdx, sup: TypeIdx) -> bool;
}

/// Whether one heap type matches another.
pub fn heap(types: &impl Types, a: HeapType, b: HeapType) -> bool {
    use HeapType::*;
    match (a, b) {
        (Concrete(a), Concrete(b)) => types.is_subtype(a, b),
        (Concrete(a), b) => match types.kind(a) {
            Kind::Func => b == Func,
            Kind::Struct => matches!(b, Struct | Eq | Any),
            Kind::Array => matches!(b, Array | Eq | Any),
        },
        (None, Concrete(b)) => types.kind(b) != Kind::Func,
        (NoFunc, Concrete(b)) => types.kind(b) == Kind::Func,
        (None, b) => matches!(b, None | I31 | Struct | Array | Eq | Any),
        (I31 | Struct | Array, Eq | Any) | (Eq, Any) => true,
        (NoFunc, Func) | (NoExn, Exn) | (NoExtern, Extern) => true,
        (a, b) => a == b,
    }
}

/// Whether one reference type matches another.
pub fn reference(types: &impl Types, a: RefType, b: RefType) -> bool {
    (!a.nullable || b.nullable) && heap(types, a.heap, b.heap)
}

/// Whether one value type matches another.
pub fn value(types: &impl Types, a: ValType, b: ValType) -> bool {
    match (a, b) {
        (ValType::Ref(a), ValType::Ref(b)) => reference(types, a, b),
        (a, b) => a == b,
    }
}

/// Whether the values of one list match those of another.
pub fn values(types: &impl Types, a: &[ValType], b: &[ValType]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| value(types, a, b))
}

/// Whether two value types are equal: each matches the other.
pub fn equal(types: &impl Types, a: ValType, b: ValType) -> bool {
    value(types, a, b) && value(types, b, a)
}

/// Whether one storage type matches another.
pub fn storage(types: &impl Types, a: StorageType, b: StorageType) -> bool {
    match (a, b) {
        (StorageType::Val(a), StorageType::Val(b)) => value(types, a, b),
        (a, b) => a == b,
    }
}

/// Whether one field type matches another: mutable fields only if they are equal, since they are read as well as written.
pub fn field(types: &impl Types, a: FieldType, b: FieldType) -> bool {
    a.mutable == b.mutable
        && storage(types, a.storage, b.storage)
        && (!a.mutable || storage(types, b.storage, a.storage))
}

/// Whether one function type matches another.
pub fn func(types: &impl Types, a: &FuncType, b: &FuncType) -> bool {
    values(types, &b.params, &a.params) && values(types, &a.results, &b.results)
}

/// Whether one composite type matches another, as the rule for declared supertypes requires.
pub fn composite(types: &impl Types, a: &CompType, b: &CompType) -> bool {
    match (a, b) {
        (CompType::Func(a), CompType::Func(b)) => func(types, a, b),
        (CompType::Struct(a), CompType::Struct(b)) => {
            a.len() >= b.len() && a.iter().zip(b).all(|(&a, &b)| field(types, a, b))
        }
        (CompType::Array(a), CompType::Array(b)) => field(types, *a, *b),
        _ => false,
    }
}

/// Whether limits are within others, as those of an import must be.
pub fn limits(a: Limits, b: Limits) -> bool {
    a.min >= b.min
        && match (a.max, b.max) {
            (_, None) => true,
            (Some(a), Some(b)) => a <= b,
            (None, Some(_)) => false,
        }
}

/// Whether one table type matches another.
pub fn table(types: &impl Types, a: TableType, b: TableType) -> bool {
    a.addr == b.addr
        && limits(a.limits, b.limits)
        && equal(types, ValType::Ref(a.element), ValType::Ref(b.element))
}

/// Whether one memory type matches another.
pub fn mem(a: MemType, b: MemType) -> bool {
    a.addr == b.addr
        && a.shared == b.shared
        && a.page_size_log2 == b.page_size_log2
        && limits(a.limits, b.limits)
}

/// Whether one global type matches another.
pub fn global(types: &impl Types, a: GlobalType, b: GlobalType) -> bool {
    a.mutable == b.mutable
        && value(types, a.value, b.value)
        && (!a.mutable || value(types, b.value, a.value))
}
