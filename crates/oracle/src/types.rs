//! Types: equality by recursion groups, and matching.
//!
//! A store has one list of all types that its modules define. A group that is already there is not added again, so a type
//! is its position in the list, and equal types are equal positions.

use crate::value::{AnyRef, Ref, Value};

/// The position of a defined type in the store's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeId(pub(crate) usize);

/// A heap type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names are the specification's.
pub enum HeapType {
    Any,
    Eq,
    I31,
    Struct,
    Array,
    None,
    Func,
    NoFunc,
    Extern,
    NoExtern,
    Exn,
    NoExn,
    /// A type that a module defines.
    Def(TypeId),
    /// A type of the recursion group that the type mentioning it belongs to: only within groups as they are compared.
    Rec(usize),
}

/// A reference type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefType {
    /// Whether null is among its values.
    pub nullable: bool,
    /// The type of the target.
    pub heap: HeapType,
}

/// A value type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// Reference.
    Ref(RefType),
}

impl ValType {
    /// Nullable reference to a function.
    pub const FUNCREF: ValType = ValType::nullable(HeapType::Func);
    /// Nullable reference to a value of the host.
    pub const EXTERNREF: ValType = ValType::nullable(HeapType::Extern);

    /// The nullable reference type to a heap type.
    pub const fn nullable(heap: HeapType) -> ValType {
        ValType::Ref(RefType {
            nullable: true,
            heap,
        })
    }

    /// The default value of a local of this type; null for all references, since locals without a default are not
    /// read before they are set.
    pub fn zero(self) -> Value {
        match self {
            ValType::V128 => Value::V128(0),
            ValType::Ref(_) => Value::NULL,
            number => Value::from_bits(number, 0),
        }
    }

    /// Width in bits of a number type.
    ///
    /// # Panics
    /// On a vector or reference type.
    pub fn width(self) -> u32 {
        match self {
            ValType::I32 | ValType::F32 => 32,
            ValType::I64 | ValType::F64 => 64,
            other => panic!("{other:?} is no number type"),
        }
    }

    /// Whether this is `f32` or `f64`.
    pub fn is_float(self) -> bool {
        matches!(self, ValType::F32 | ValType::F64)
    }

    /// Whether this is a reference type.
    pub fn is_ref(self) -> bool {
        matches!(self, ValType::Ref(_))
    }
}

/// A function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType {
    /// Types of the parameters.
    pub params: Vec<ValType>,
    /// Types of the results.
    pub results: Vec<ValType>,
}

/// The storage of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StorageType {
    I8,
    I16,
    Val(ValType),
}

impl StorageType {
    /// Number of bytes of a value: for fuel, and in data segments.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            StorageType::I8 => 1,
            StorageType::I16 => 2,
            StorageType::Val(ValType::I32 | ValType::F32) => 4,
            StorageType::Val(ValType::I64 | ValType::F64 | ValType::Ref(_)) => 8,
            StorageType::Val(ValType::V128) => 16,
        }
    }

    /// The type of a field's value on the stack.
    pub(crate) fn unpacked(self) -> ValType {
        match self {
            StorageType::I8 | StorageType::I16 => ValType::I32,
            StorageType::Val(ty) => ty,
        }
    }
}

/// A field of a structure or the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FieldType {
    pub(crate) mutable: bool,
    pub(crate) storage: StorageType,
}

/// The right-hand side of a type definition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CompType {
    Func(FuncType),
    Struct(Vec<FieldType>),
    Array(FieldType),
}

/// A type as a module defines it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SubType {
    pub(crate) is_final: bool,
    pub(crate) supertype: Option<HeapType>,
    pub(crate) comp: CompType,
}

/// A group of types that may mention each other.
struct Group {
    /// As it is compared: its own types are `Rec`.
    types: Vec<SubType>,
    /// The position of its first type in the list.
    first: usize,
}

/// All types of a store.
#[derive(Default)]
pub(crate) struct Types {
    groups: Vec<Group>,
    /// All types of all groups. Their references are `Def`.
    defs: Vec<SubType>,
}

impl Types {
    /// The types of a group, whose own types are `Rec` in it.
    pub(crate) fn define(&mut self, types: Vec<SubType>) -> Vec<TypeId> {
        let count = types.len();
        let known = self.groups.iter().find(|group| group.types == types);
        let first = match known {
            Some(group) => group.first,
            None => {
                let first = self.defs.len();
                self.defs.extend(types.iter().map(|ty| unrolled(ty, first)));
                self.groups.push(Group { types, first });
                first
            }
        };
        (first..first + count).map(TypeId).collect()
    }

    /// A function type of a host: a group of its own, final and without a supertype.
    pub(crate) fn define_func(&mut self, ty: FuncType) -> TypeId {
        self.define(vec![SubType {
            is_final: true,
            supertype: None,
            comp: CompType::Func(ty),
        }])[0]
    }

    pub(crate) fn comp(&self, ty: TypeId) -> &CompType {
        &self.defs[ty.0].comp
    }

    pub(crate) fn func(&self, ty: TypeId) -> &FuncType {
        match self.comp(ty) {
            CompType::Func(func) => func,
            other => unreachable!("validated: a function type, not {other:?}"),
        }
    }

    pub(crate) fn fields(&self, ty: TypeId) -> &[FieldType] {
        match self.comp(ty) {
            CompType::Struct(fields) => fields,
            other => unreachable!("validated: a structure type, not {other:?}"),
        }
    }

    pub(crate) fn element(&self, ty: TypeId) -> FieldType {
        match self.comp(ty) {
            CompType::Array(element) => *element,
            other => unreachable!("validated: an array type, not {other:?}"),
        }
    }

    /// Whether a defined type is another or a subtype of it: its declared supertypes are walked.
    pub(crate) fn is_subtype(&self, sub: TypeId, of: TypeId) -> bool {
        sub == of
            || match self.defs[sub.0].supertype {
                Some(HeapType::Def(above)) => self.is_subtype(above, of),
                _ => false,
            }
    }

    /// <https://webassembly.github.io/spec/core/valid/matching.html#heap-types>
    pub(crate) fn heap_matches(&self, sub: HeapType, of: HeapType) -> bool {
        use HeapType::*;
        match (sub, of) {
            _ if sub == of => true,
            (Def(sub), Def(of)) => self.is_subtype(sub, of),
            (Def(sub), _) => match self.comp(sub) {
                CompType::Func(_) => of == Func,
                CompType::Struct(_) => matches!(of, Struct | Eq | Any),
                CompType::Array(_) => matches!(of, Array | Eq | Any),
            },
            (I31 | Struct | Array, Eq | Any) | (Eq, Any) => true,
            (None, _) => self.top(of) == Any,
            (NoFunc, _) => self.top(of) == Func,
            (NoExtern, Extern) | (NoExn, Exn) => true,
            _ => false,
        }
    }

    /// The top of the hierarchy that a heap type belongs to.
    pub(crate) fn top(&self, heap: HeapType) -> HeapType {
        use HeapType::*;
        match heap {
            Any | Eq | I31 | Struct | Array | None => Any,
            Func | NoFunc => Func,
            Extern | NoExtern => Extern,
            Exn | NoExn => Exn,
            Def(ty) => match self.comp(ty) {
                CompType::Func(_) => Func,
                CompType::Struct(_) | CompType::Array(_) => Any,
            },
            Rec(_) => unreachable!("types of the list mention no `Rec`"),
        }
    }

    /// <https://webassembly.github.io/spec/core/valid/matching.html#reference-types>
    pub(crate) fn val_matches(&self, sub: ValType, of: ValType) -> bool {
        match (sub, of) {
            (ValType::Ref(sub), ValType::Ref(of)) => {
                (of.nullable || !sub.nullable) && self.heap_matches(sub.heap, of.heap)
            }
            _ => sub == of,
        }
    }
}

/// The type with `Rec` replaced by positions, given that of the group's first type.
fn unrolled(ty: &SubType, first: usize) -> SubType {
    let heap = |heap: HeapType| match heap {
        HeapType::Rec(at) => HeapType::Def(TypeId(first + at)),
        other => other,
    };
    let val = |ty: ValType| match ty {
        ValType::Ref(ty) => ValType::Ref(RefType {
            heap: heap(ty.heap),
            ..ty
        }),
        other => other,
    };
    let vals = |types: &[ValType]| types.iter().map(|&ty| val(ty)).collect();
    let field = |field: &FieldType| FieldType {
        storage: match field.storage {
            StorageType::Val(ty) => StorageType::Val(val(ty)),
            packed => packed,
        },
        ..*field
    };
    SubType {
        is_final: ty.is_final,
        supertype: ty.supertype.map(heap),
        comp: match &ty.comp {
            CompType::Func(func) => CompType::Func(FuncType {
                params: vals(&func.params),
                results: vals(&func.results),
            }),
            CompType::Struct(fields) => CompType::Struct(fields.iter().map(field).collect()),
            CompType::Array(element) => CompType::Array(field(element)),
        },
    }
}

impl crate::Oracle {
    /// The type of the target of a reference that is not null.
    fn heap_type_of(&self, reference: Ref) -> HeapType {
        match reference {
            Ref::Null => unreachable!("null refers to nothing"),
            Ref::Func(func) => HeapType::Def(self.funcs[func.0].ty),
            Ref::Exn(_) => HeapType::Exn,
            Ref::Extern(_) => HeapType::Extern,
            Ref::Any(AnyRef::I31(_)) => HeapType::I31,
            Ref::Any(AnyRef::Object(object)) => HeapType::Def(self.objects[object.0].ty),
            // A value of the host is of no type below `any`.
            Ref::Any(AnyRef::Host(_)) => HeapType::Any,
        }
    }

    /// Whether a reference has a type, as casts test it. <https://webassembly.github.io/spec/core/exec/values.html>
    pub(crate) fn ref_has_type(&self, reference: Ref, ty: RefType) -> bool {
        match reference {
            Ref::Null => ty.nullable,
            other => self.types.heap_matches(self.heap_type_of(other), ty.heap),
        }
    }

    /// Whether a value has a type.
    pub(crate) fn has_type(&self, value: Value, ty: ValType) -> bool {
        match (value, ty) {
            (Value::Ref(reference), ValType::Ref(ty)) => self.ref_has_type(reference, ty),
            (Value::Ref(_), _) | (_, ValType::Ref(_)) => false,
            _ => value.ty() == ty,
        }
    }

    /// Whether values have types, one by one.
    pub(crate) fn have_types(&self, values: &[Value], types: &[ValType]) -> bool {
        values.len() == types.len()
            && (values.iter().zip(types)).all(|(&value, &ty)| self.has_type(value, ty))
    }
}
