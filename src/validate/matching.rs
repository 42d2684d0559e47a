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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::Context;

    const ANY: ValType = ValType::Ref(RefType::nullable(HeapType::Any));

    fn limits_of(min: u64, max: Option<u64>) -> Limits {
        Limits { min, max }
    }

    #[test]
    fn limits_are_within_others_on_both_sides() {
        let expected = limits_of(2, Some(5));
        for (min, max, is_within) in [
            (2, Some(5), true),
            (3, Some(4), true),
            (1, Some(5), false),
            (2, Some(6), false),
            (1, Some(6), false),
            (2, None, false),
        ] {
            let found = limits_of(min, max);
            assert_eq!(limits(found, expected), is_within, "{found:?}");
        }
        assert!(limits(limits_of(2, None), limits_of(2, None)));
        assert!(!limits(limits_of(1, None), limits_of(2, None)));
    }

    #[test]
    fn memories_match_only_if_addresses_sharing_and_pages_are_the_same() {
        let expected = MemType {
            addr: AddrType::I32,
            limits: limits_of(1, Some(2)),
            shared: false,
            page_size_log2: 16,
        };
        assert!(mem(expected, expected));
        let addr = AddrType::I64;
        assert!(!mem(MemType { addr, ..expected }, expected));
        let shared = true;
        assert!(!mem(MemType { shared, ..expected }, expected));
        let page_size_log2 = 0;
        let small_pages = MemType {
            page_size_log2,
            ..expected
        };
        assert!(!mem(small_pages, expected));
        let limits = limits_of(0, Some(2));
        assert!(!mem(MemType { limits, ..expected }, expected));
    }

    #[test]
    fn what_can_be_written_is_of_the_same_type_and_what_is_only_read_may_be_of_a_subtype() {
        let ctx = Context::default();
        let of = |value, mutable| GlobalType { value, mutable };
        for (found, expected, matches) in [
            (of(ValType::EQREF, false), of(ANY, false), true),
            (of(ANY, false), of(ValType::EQREF, false), false),
            (of(ValType::EQREF, true), of(ANY, true), false),
            (of(ANY, true), of(ANY, true), true),
            (of(ANY, true), of(ANY, false), false),
            (of(ANY, false), of(ANY, true), false),
        ] {
            assert_eq!(global(&ctx, found, expected), matches, "{found:?}");
        }
        let of = |element| TableType {
            addr: AddrType::I32,
            limits: limits_of(1, None),
            element,
        };
        let (funcref, non_null) = (RefType::FUNCREF, RefType::non_null(HeapType::Func));
        assert!(table(&ctx, of(funcref), of(funcref)));
        assert!(!table(&ctx, of(non_null), of(funcref)));
        assert!(!table(&ctx, of(funcref), of(non_null)));
    }
}
