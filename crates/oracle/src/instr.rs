//! Instructions, from `wasmparser`'s operators. Indices of types are the store's, all others are the module's own.

use std::rc::Rc;

use wasmparser::{BlockType, MemArg, MemArgTarget, Operator};

use crate::InstantiateError;
use crate::numerics::Numeric;
use crate::numerics::vectors::{Lanes, Vector};
use crate::types::{HeapType, RefType, TypeId, Types, ValType};
use crate::value::Value;

/// An instruction with its kind, by which those that were executed are counted.
pub(crate) struct Op {
    pub(crate) kind: Kind,
    pub(crate) instr: Instr,
}

/// One instruction.
pub(crate) enum Instr {
    Control(Control),
    Drop,
    Select,
    Variable(Variable),
    Table(Table),
    Memory(Memory),
    Reference(Reference),
    Object(Object),
    Const(Value),
    Numeric(Numeric),
    Vector(Vector),
}

/// Instructions that change where execution continues.
pub(crate) enum Control {
    Unreachable,
    Nop,
    /// `end` is the position of the matching `end`, here and below.
    Block {
        params: usize,
        results: usize,
        end: usize,
    },
    Loop {
        params: usize,
    },
    /// `otherwise` is the position at which a zero condition continues: behind `else`, or else at `end`.
    If {
        params: usize,
        results: usize,
        otherwise: usize,
        end: usize,
    },
    Else {
        end: usize,
    },
    TryTable {
        params: usize,
        results: usize,
        end: usize,
        catches: Rc<[Catch]>,
    },
    End,
    Br(u32),
    BrIf(u32),
    /// The default label comes last.
    BrTable(Vec<u32>),
    BrOnNull(u32),
    BrOnNonNull(u32),
    /// Branches if the reference has the type, or if it has not.
    BrOnCast {
        label: u32,
        ty: RefType,
        if_it_has: bool,
    },
    Return,
    Throw(u32),
    ThrowRef,
    /// A call; `tail` calls take the place of the current function, here and below.
    Call {
        func: u32,
        tail: bool,
    },
    CallIndirect {
        ty: TypeId,
        table: u32,
        tail: bool,
    },
    CallRef {
        tail: bool,
    },
}

/// A clause of `try_table`.
#[derive(Clone, Copy)]
pub(crate) struct Catch {
    /// The tag; all tags without one.
    pub(crate) tag: Option<u32>,
    /// Whether the label gets a reference to the exception.
    pub(crate) with_ref: bool,
    pub(crate) label: u32,
}

/// Locals and globals.
pub(crate) enum Variable {
    LocalGet(u32),
    LocalSet(u32),
    LocalTee(u32),
    GlobalGet(u32),
    GlobalSet(u32),
}

/// Tables and element segments.
pub(crate) enum Table {
    Get(u32),
    Set(u32),
    Size(u32),
    Grow(u32),
    Fill(u32),
    Copy { dst: u32, src: u32 },
    Init { elem: u32, table: u32 },
    ElemDrop(u32),
}

/// The static part of a memory access.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) memory: u32,
    pub(crate) offset: u64,
}

/// Memories and data segments.
pub(crate) enum Memory {
    Load {
        ty: ValType,
        bytes: u32,
        signed: bool,
        place: Place,
    },
    Store {
        ty: ValType,
        bytes: u32,
        place: Place,
    },
    /// Loads lanes of half the width of those it makes: 8 bytes in all.
    LoadExtend {
        lanes: Lanes,
        signed: bool,
        place: Place,
    },
    LoadSplat {
        lanes: Lanes,
        place: Place,
    },
    /// Loads `bytes` bytes into the lowest lane and sets all others to zero; 16 bytes are a whole vector.
    LoadZero {
        bytes: u32,
        place: Place,
    },
    LoadLane {
        lanes: Lanes,
        lane: u8,
        place: Place,
    },
    StoreLane {
        lanes: Lanes,
        lane: u8,
        place: Place,
    },
    Size(u32),
    Grow(u32),
    Fill(u32),
    Copy {
        dst: u32,
        src: u32,
    },
    Init {
        data: u32,
        memory: u32,
    },
    DataDrop(u32),
}

/// References that are not dereferenced.
pub(crate) enum Reference {
    Null,
    IsNull,
    AsNonNull,
    Eq,
    Func(u32),
    Test(RefType),
    Cast(RefType),
    I31,
    I31Get { signed: bool },
    AnyConvertExtern,
    ExternConvertAny,
}

/// Structures and arrays.
#[derive(Clone, Copy)]
pub(crate) enum Object {
    StructNew(TypeId),
    StructNewDefault(TypeId),
    /// `signed` matters to packed fields only, here and below.
    StructGet {
        ty: TypeId,
        field: u32,
        signed: bool,
    },
    StructSet {
        ty: TypeId,
        field: u32,
    },
    ArrayNew(TypeId),
    ArrayNewDefault(TypeId),
    ArrayNewFixed {
        ty: TypeId,
        count: u32,
    },
    ArrayNewData {
        ty: TypeId,
        data: u32,
    },
    ArrayNewElem {
        ty: TypeId,
        elem: u32,
    },
    ArrayGet {
        ty: TypeId,
        signed: bool,
    },
    ArraySet(TypeId),
    ArrayLen,
    ArrayFill(TypeId),
    ArrayCopy,
    ArrayInitData {
        ty: TypeId,
        data: u32,
    },
    ArrayInitElem {
        elem: u32,
    },
}

/// Defines the kinds of instructions: all that `wasmparser` supports.
macro_rules! define_kinds {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        /// The kind of an instruction, without its immediates.
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum Kind { $($op),* }

        /// Names of the kinds, as `visit_i32_add`.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($visit)),*];

        impl Kind {
            fn of(op: &Operator<'_>) -> Kind {
                match op {
                    $(Operator::$op { .. } => Kind::$op,)*
                    other => unreachable!("{other:?} is not on the list of all operators"),
                }
            }
        }
    };
}
wasmparser::for_each_operator!(define_kinds);

type Result<T> = std::result::Result<T, InstantiateError>;

pub(crate) fn unsupported<T>(what: impl std::fmt::Debug) -> Result<T> {
    Err(InstantiateError::Unsupported(format!("{what:?}")))
}

/// The meaning of the type indices in a module.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) store: &'a Types,
    /// The module's types so far.
    pub(crate) types: &'a [TypeId],
}

impl Scope<'_> {
    pub(crate) fn ty(&self, index: u32) -> TypeId {
        self.types[index as usize]
    }

    pub(crate) fn heap_type(&self, ty: wasmparser::HeapType) -> Result<HeapType> {
        use wasmparser::AbstractHeapType as A;
        Ok(match ty {
            wasmparser::HeapType::Abstract { shared: false, ty } => match ty {
                A::Any => HeapType::Any,
                A::Eq => HeapType::Eq,
                A::I31 => HeapType::I31,
                A::Struct => HeapType::Struct,
                A::Array => HeapType::Array,
                A::None => HeapType::None,
                A::Func => HeapType::Func,
                A::NoFunc => HeapType::NoFunc,
                A::Extern => HeapType::Extern,
                A::NoExtern => HeapType::NoExtern,
                A::Exn => HeapType::Exn,
                A::NoExn => HeapType::NoExn,
                other => return unsupported(other),
            },
            wasmparser::HeapType::Concrete(index) => match index.as_module_index() {
                // Within a recursion group, a type may be mentioned before the module has it.
                Some(index) => match self.types.get(index as usize) {
                    Some(&ty) => HeapType::Def(ty),
                    None => HeapType::Rec(index as usize - self.types.len()),
                },
                None => return unsupported(ty),
            },
            other => return unsupported(other),
        })
    }

    pub(crate) fn ref_type(&self, ty: wasmparser::RefType) -> Result<RefType> {
        Ok(RefType {
            nullable: ty.is_nullable(),
            heap: self.heap_type(ty.heap_type())?,
        })
    }

    pub(crate) fn val_type(&self, ty: wasmparser::ValType) -> Result<ValType> {
        Ok(match ty {
            wasmparser::ValType::I32 => ValType::I32,
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            wasmparser::ValType::F64 => ValType::F64,
            wasmparser::ValType::V128 => ValType::V128,
            wasmparser::ValType::Ref(ty) => ValType::Ref(self.ref_type(ty)?),
        })
    }

    pub(crate) fn val_types(&self, types: &[wasmparser::ValType]) -> Result<Vec<ValType>> {
        types.iter().map(|&ty| self.val_type(ty)).collect()
    }

    /// The numbers of parameters and results of a block.
    fn arity(&self, ty: BlockType) -> (usize, usize) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(index) => {
                let ty = self.store.func(self.ty(index));
                (ty.params.len(), ty.results.len())
            }
        }
    }

    /// The type with a heap type, as casts name it.
    fn cast(&self, nullable: bool, heap: wasmparser::HeapType) -> Result<RefType> {
        let heap = self.heap_type(heap)?;
        Ok(RefType { nullable, heap })
    }

    pub(crate) fn op(&self, op: &Operator<'_>) -> Result<Op> {
        Ok(Op {
            kind: Kind::of(op),
            instr: self.instr(op)?,
        })
    }

    fn instr(&self, op: &Operator<'_>) -> Result<Instr> {
        use Operator as O;
        if let Some(numeric) = Numeric::of(op) {
            return Ok(Instr::Numeric(numeric));
        }
        if let Some(vector) = Vector::of(op) {
            return Ok(Instr::Vector(vector));
        }
        if let Some(control) = self.control(op)? {
            return Ok(Instr::Control(control));
        }
        if let Some(memory) = memory(op)? {
            return Ok(Instr::Memory(memory));
        }
        if let Some(object) = self.object(op) {
            return Ok(Instr::Object(object));
        }
        Ok(match *op {
            O::Drop => Instr::Drop,
            O::Select | O::TypedSelect { .. } => Instr::Select,
            O::LocalGet { local_index } => Instr::Variable(Variable::LocalGet(local_index)),
            O::LocalSet { local_index } => Instr::Variable(Variable::LocalSet(local_index)),
            O::LocalTee { local_index } => Instr::Variable(Variable::LocalTee(local_index)),
            O::GlobalGet { global_index } => Instr::Variable(Variable::GlobalGet(global_index)),
            O::GlobalSet { global_index } => Instr::Variable(Variable::GlobalSet(global_index)),
            O::TableGet { table } => Instr::Table(Table::Get(table)),
            O::TableSet { table } => Instr::Table(Table::Set(table)),
            O::TableSize { table } => Instr::Table(Table::Size(table)),
            O::TableGrow { table } => Instr::Table(Table::Grow(table)),
            O::TableFill { table } => Instr::Table(Table::Fill(table)),
            O::TableCopy {
                dst_table: dst,
                src_table: src,
            } => Instr::Table(Table::Copy { dst, src }),
            O::TableInit {
                elem_index: elem,
                table,
            } => Instr::Table(Table::Init { elem, table }),
            O::ElemDrop { elem_index } => Instr::Table(Table::ElemDrop(elem_index)),
            O::I32Const { value } => Instr::Const(Value::from(value)),
            O::I64Const { value } => Instr::Const(Value::from(value)),
            O::F32Const { value } => Instr::Const(Value::F32(value.bits())),
            O::F64Const { value } => Instr::Const(Value::F64(value.bits())),
            O::V128Const { value } => Instr::Const(Value::V128(value.into())),
            O::RefNull { .. } => Instr::Reference(Reference::Null),
            O::RefIsNull => Instr::Reference(Reference::IsNull),
            O::RefAsNonNull => Instr::Reference(Reference::AsNonNull),
            O::RefEq => Instr::Reference(Reference::Eq),
            O::RefFunc { function_index } => Instr::Reference(Reference::Func(function_index)),
            O::RefTestNonNull { hty } => Instr::Reference(Reference::Test(self.cast(false, hty)?)),
            O::RefTestNullable { hty } => Instr::Reference(Reference::Test(self.cast(true, hty)?)),
            O::RefCastNonNull { hty } => Instr::Reference(Reference::Cast(self.cast(false, hty)?)),
            O::RefCastNullable { hty } => Instr::Reference(Reference::Cast(self.cast(true, hty)?)),
            O::RefI31 => Instr::Reference(Reference::I31),
            O::I31GetS => Instr::Reference(Reference::I31Get { signed: true }),
            O::I31GetU => Instr::Reference(Reference::I31Get { signed: false }),
            O::AnyConvertExtern => Instr::Reference(Reference::AnyConvertExtern),
            O::ExternConvertAny => Instr::Reference(Reference::ExternConvertAny),
            _ => return unsupported(op),
        })
    }

    fn control(&self, op: &Operator<'_>) -> Result<Option<Control>> {
        use Control::*;
        use Operator as O;
        Ok(Some(match op {
            O::Unreachable => Unreachable,
            O::Nop => Nop,
            O::Block { blockty } => {
                let (params, results) = self.arity(*blockty);
                let end = 0;
                Block {
                    params,
                    results,
                    end,
                }
            }
            O::Loop { blockty } => Loop {
                params: self.arity(*blockty).0,
            },
            O::If { blockty } => {
                let (params, results) = self.arity(*blockty);
                If {
                    params,
                    results,
                    otherwise: 0,
                    end: 0,
                }
            }
            O::Else => Else { end: 0 },
            O::TryTable { try_table } => {
                let (params, results) = self.arity(try_table.ty);
                TryTable {
                    params,
                    results,
                    end: 0,
                    catches: try_table.catches.iter().map(catch).collect(),
                }
            }
            O::End => End,
            O::Br { relative_depth } => Br(*relative_depth),
            O::BrIf { relative_depth } => BrIf(*relative_depth),
            O::BrTable { targets } => {
                let mut labels = Vec::new();
                for target in targets.targets() {
                    labels.push(target?);
                }
                labels.push(targets.default());
                BrTable(labels)
            }
            O::BrOnNull { relative_depth } => BrOnNull(*relative_depth),
            O::BrOnNonNull { relative_depth } => BrOnNonNull(*relative_depth),
            O::BrOnCast {
                relative_depth,
                to_ref_type,
                ..
            } => BrOnCast {
                label: *relative_depth,
                ty: self.ref_type(*to_ref_type)?,
                if_it_has: true,
            },
            O::BrOnCastFail {
                relative_depth,
                to_ref_type,
                ..
            } => BrOnCast {
                label: *relative_depth,
                ty: self.ref_type(*to_ref_type)?,
                if_it_has: false,
            },
            O::Return => Return,
            O::Throw { tag_index } => Throw(*tag_index),
            O::ThrowRef => ThrowRef,
            O::Call { function_index } => Call {
                func: *function_index,
                tail: false,
            },
            O::ReturnCall { function_index } => Call {
                func: *function_index,
                tail: true,
            },
            O::CallIndirect {
                type_index,
                table_index,
            } => CallIndirect {
                ty: self.ty(*type_index),
                table: *table_index,
                tail: false,
            },
            O::ReturnCallIndirect {
                type_index,
                table_index,
            } => CallIndirect {
                ty: self.ty(*type_index),
                table: *table_index,
                tail: true,
            },
            O::CallRef { .. } => CallRef { tail: false },
            O::ReturnCallRef { .. } => CallRef { tail: true },
            _ => return Ok(None),
        }))
    }

    fn object(&self, op: &Operator<'_>) -> Option<Object> {
        use Object::*;
        use Operator as O;
        let struct_get = |ty, field, signed| StructGet {
            ty: self.ty(ty),
            field,
            signed,
        };
        let array_get = |ty, signed| ArrayGet {
            ty: self.ty(ty),
            signed,
        };
        Some(match *op {
            O::StructNew { struct_type_index } => StructNew(self.ty(struct_type_index)),
            O::StructNewDefault { struct_type_index } => {
                StructNewDefault(self.ty(struct_type_index))
            }
            O::StructGet {
                struct_type_index: ty,
                field_index,
            } => struct_get(ty, field_index, false),
            O::StructGetS {
                struct_type_index: ty,
                field_index,
            } => struct_get(ty, field_index, true),
            O::StructGetU {
                struct_type_index: ty,
                field_index,
            } => struct_get(ty, field_index, false),
            O::StructSet {
                struct_type_index,
                field_index: field,
            } => StructSet {
                ty: self.ty(struct_type_index),
                field,
            },
            O::ArrayNew { array_type_index } => ArrayNew(self.ty(array_type_index)),
            O::ArrayNewDefault { array_type_index } => ArrayNewDefault(self.ty(array_type_index)),
            O::ArrayNewFixed {
                array_type_index,
                array_size: count,
            } => ArrayNewFixed {
                ty: self.ty(array_type_index),
                count,
            },
            O::ArrayNewData {
                array_type_index,
                array_data_index: data,
            } => ArrayNewData {
                ty: self.ty(array_type_index),
                data,
            },
            O::ArrayNewElem {
                array_type_index,
                array_elem_index: elem,
            } => ArrayNewElem {
                ty: self.ty(array_type_index),
                elem,
            },
            O::ArrayGet { array_type_index } => array_get(array_type_index, false),
            O::ArrayGetS { array_type_index } => array_get(array_type_index, true),
            O::ArrayGetU { array_type_index } => array_get(array_type_index, false),
            O::ArraySet { array_type_index } => ArraySet(self.ty(array_type_index)),
            O::ArrayLen => ArrayLen,
            O::ArrayFill { array_type_index } => ArrayFill(self.ty(array_type_index)),
            O::ArrayCopy { .. } => ArrayCopy,
            O::ArrayInitData {
                array_type_index,
                array_data_index: data,
            } => ArrayInitData {
                ty: self.ty(array_type_index),
                data,
            },
            O::ArrayInitElem {
                array_elem_index: elem,
                ..
            } => ArrayInitElem { elem },
            _ => return None,
        })
    }
}

fn catch(catch: &wasmparser::Catch) -> Catch {
    use wasmparser::Catch as C;
    let (tag, with_ref, label) = match *catch {
        C::One { tag, label } => (Some(tag), false, label),
        C::OneRef { tag, label } => (Some(tag), true, label),
        C::All { label } => (None, false, label),
        C::AllRef { label } => (None, true, label),
    };
    Catch {
        tag,
        with_ref,
        label,
    }
}

fn place(arg: &MemArg) -> Result<Place> {
    match arg.target {
        MemArgTarget::Memory(memory) => Ok(Place {
            memory,
            offset: arg.offset,
        }),
        MemArgTarget::Array(_) => unsupported(arg),
    }
}

fn memory(op: &Operator<'_>) -> Result<Option<Memory>> {
    use Memory::*;
    use Operator as O;
    use ValType::*;
    let load = |ty, bytes, signed, arg| {
        Ok::<_, InstantiateError>(Load {
            ty,
            bytes,
            signed,
            place: place(arg)?,
        })
    };
    let store = |ty, bytes, arg| {
        Ok::<_, InstantiateError>(Store {
            ty,
            bytes,
            place: place(arg)?,
        })
    };
    let extend = |lanes, signed, arg| {
        Ok::<_, InstantiateError>(LoadExtend {
            lanes,
            signed,
            place: place(arg)?,
        })
    };
    let splat = |lanes, arg| {
        Ok::<_, InstantiateError>(LoadSplat {
            lanes,
            place: place(arg)?,
        })
    };
    let zero = |bytes, arg| {
        Ok::<_, InstantiateError>(LoadZero {
            bytes,
            place: place(arg)?,
        })
    };
    let load_lane = |lanes, arg, lane| {
        Ok::<_, InstantiateError>(LoadLane {
            lanes,
            lane,
            place: place(arg)?,
        })
    };
    let store_lane = |lanes, arg, lane| {
        Ok::<_, InstantiateError>(StoreLane {
            lanes,
            lane,
            place: place(arg)?,
        })
    };
    Ok(Some(match op {
        O::I32Load { memarg } => load(I32, 4, false, memarg)?,
        O::I64Load { memarg } => load(I64, 8, false, memarg)?,
        O::F32Load { memarg } => load(F32, 4, false, memarg)?,
        O::F64Load { memarg } => load(F64, 8, false, memarg)?,
        O::I32Load8S { memarg } => load(I32, 1, true, memarg)?,
        O::I32Load8U { memarg } => load(I32, 1, false, memarg)?,
        O::I32Load16S { memarg } => load(I32, 2, true, memarg)?,
        O::I32Load16U { memarg } => load(I32, 2, false, memarg)?,
        O::I64Load8S { memarg } => load(I64, 1, true, memarg)?,
        O::I64Load8U { memarg } => load(I64, 1, false, memarg)?,
        O::I64Load16S { memarg } => load(I64, 2, true, memarg)?,
        O::I64Load16U { memarg } => load(I64, 2, false, memarg)?,
        O::I64Load32S { memarg } => load(I64, 4, true, memarg)?,
        O::I64Load32U { memarg } => load(I64, 4, false, memarg)?,
        O::I32Store { memarg } => store(I32, 4, memarg)?,
        O::I64Store { memarg } => store(I64, 8, memarg)?,
        O::F32Store { memarg } => store(F32, 4, memarg)?,
        O::F64Store { memarg } => store(F64, 8, memarg)?,
        O::I32Store8 { memarg } => store(I32, 1, memarg)?,
        O::I32Store16 { memarg } => store(I32, 2, memarg)?,
        O::I64Store8 { memarg } => store(I64, 1, memarg)?,
        O::I64Store16 { memarg } => store(I64, 2, memarg)?,
        O::I64Store32 { memarg } => store(I64, 4, memarg)?,
        O::V128Store { memarg } => store(V128, 16, memarg)?,
        O::V128Load { memarg } => zero(16, memarg)?,
        O::V128Load32Zero { memarg } => zero(4, memarg)?,
        O::V128Load64Zero { memarg } => zero(8, memarg)?,
        O::V128Load8x8S { memarg } => extend(Lanes::I16X8, true, memarg)?,
        O::V128Load8x8U { memarg } => extend(Lanes::I16X8, false, memarg)?,
        O::V128Load16x4S { memarg } => extend(Lanes::I32X4, true, memarg)?,
        O::V128Load16x4U { memarg } => extend(Lanes::I32X4, false, memarg)?,
        O::V128Load32x2S { memarg } => extend(Lanes::I64X2, true, memarg)?,
        O::V128Load32x2U { memarg } => extend(Lanes::I64X2, false, memarg)?,
        O::V128Load8Splat { memarg } => splat(Lanes::I8X16, memarg)?,
        O::V128Load16Splat { memarg } => splat(Lanes::I16X8, memarg)?,
        O::V128Load32Splat { memarg } => splat(Lanes::I32X4, memarg)?,
        O::V128Load64Splat { memarg } => splat(Lanes::I64X2, memarg)?,
        O::V128Load8Lane { memarg, lane } => load_lane(Lanes::I8X16, memarg, *lane)?,
        O::V128Load16Lane { memarg, lane } => load_lane(Lanes::I16X8, memarg, *lane)?,
        O::V128Load32Lane { memarg, lane } => load_lane(Lanes::I32X4, memarg, *lane)?,
        O::V128Load64Lane { memarg, lane } => load_lane(Lanes::I64X2, memarg, *lane)?,
        O::V128Store8Lane { memarg, lane } => store_lane(Lanes::I8X16, memarg, *lane)?,
        O::V128Store16Lane { memarg, lane } => store_lane(Lanes::I16X8, memarg, *lane)?,
        O::V128Store32Lane { memarg, lane } => store_lane(Lanes::I32X4, memarg, *lane)?,
        O::V128Store64Lane { memarg, lane } => store_lane(Lanes::I64X2, memarg, *lane)?,
        O::MemorySize { mem } => Size(*mem),
        O::MemoryGrow { mem } => Grow(*mem),
        O::MemoryFill { mem } => Fill(*mem),
        O::MemoryCopy { dst_mem, src_mem } => Copy {
            dst: *dst_mem,
            src: *src_mem,
        },
        O::MemoryInit { data_index, mem } => Init {
            data: *data_index,
            memory: *mem,
        },
        O::DataDrop { data_index } => DataDrop(*data_index),
        _ => return Ok(None),
    }))
}
