//! Programs that use objects, exceptions, tail calls, vectors, and memories and tables of 64 bits.
//!
//! Everything is made by type: an expression of a type is one of the instructions that give it, with expressions for its operands.
//! Most references that are looked through are made not null on the way, most indices are masked and most casts have a way out, so that
//! a program runs far; the rest traps. Functions call those before them only, and loops count, so programs end.

use std::borrow::Cow;

use tickwasm_oracle::{ValType as T, Value};
use wasm_encoder::{
    AbstractHeapType, ArrayType, BlockType, Catch, CodeSection, CompositeInnerType, CompositeType,
    ConstExpr, DataCountSection, DataSection, ElementSection, Elements, ExportKind, ExportSection,
    FieldType, FuncType, Function, FunctionSection, GlobalSection, GlobalType, HeapType,
    Instruction as I, MemArg, MemArgTarget, MemorySection, MemoryType, RefType, StorageType,
    StructType, SubType, TableSection, TableType, TagKind, TagSection, TagType, TypeSection,
    ValType,
};

use super::code::{Body, VECTOR, VECTOR_LOADS, encoder_type};
use super::{Rng, edge};

// Types of the module. The first three are a chain of subtypes.
const POINT: u32 = 0;
const NODE: u32 = 1;
const LEAF: u32 = 2;
const BYTES: u32 = 3;
const SHORTS: u32 = 4;
const INTS: u32 = 5;
const VECTORS: u32 = 6;
const POINTS: u32 = 7;
const ANYS: u32 = 8;
/// `(i32, ref null POINT) -> i32`, which may have subtypes.
const FUNC: u32 = 9;
/// The same, a subtype of it: more arguments, fewer results.
const SUB_FUNC: u32 = 10;
/// `(i64, v128) -> i64`
const OTHER_FUNC: u32 = 11;
/// The first type of the tags.
const TAGS: u32 = 12;

const ARRAYS: [u32; 6] = [BYTES, SHORTS, INTS, VECTORS, POINTS, ANYS];

const fn abstract_heap(ty: AbstractHeapType) -> HeapType {
    HeapType::Abstract { shared: false, ty }
}

const ANY: HeapType = abstract_heap(AbstractHeapType::Any);
const EQ: HeapType = abstract_heap(AbstractHeapType::Eq);
const I31: HeapType = abstract_heap(AbstractHeapType::I31);
const STRUCT: HeapType = abstract_heap(AbstractHeapType::Struct);
const ARRAY: HeapType = abstract_heap(AbstractHeapType::Array);
const EXTERN: HeapType = abstract_heap(AbstractHeapType::Extern);
const EXN: HeapType = abstract_heap(AbstractHeapType::Exn);

const fn nullable(heap_type: HeapType) -> ValType {
    ValType::Ref(RefType {
        nullable: true,
        heap_type,
    })
}

const fn defined(ty: u32) -> ValType {
    nullable(HeapType::Concrete(ty))
}

const fn not_null(ty: u32) -> RefType {
    RefType {
        nullable: false,
        heap_type: HeapType::Concrete(ty),
    }
}

const ANYREF: RefType = RefType {
    nullable: true,
    heap_type: ANY,
};

/// Types of locals, globals and results.
const TYPES: [ValType; 15] = [
    ValType::I32,
    ValType::I64,
    ValType::F64,
    ValType::V128,
    defined(POINT),
    defined(NODE),
    defined(BYTES),
    defined(INTS),
    defined(POINTS),
    nullable(ANY),
    nullable(EQ),
    nullable(I31),
    nullable(EXTERN),
    nullable(EXN),
    defined(FUNC),
];

/// What the exceptions of each tag carry.
const PAYLOADS: [&[ValType]; 4] = [
    &[],
    &[ValType::I32],
    &[ValType::I64, defined(POINT)],
    &[ValType::V128, ValType::F64, nullable(ANY)],
];

/// How many functions can be called by others; the rest are exported only.
const COUNTERS: u32 = 2;

fn fields(ty: u32) -> Vec<StorageType> {
    let val = StorageType::Val;
    let mut fields = vec![StorageType::I8, StorageType::I16, val(ValType::I32)];
    if ty >= NODE {
        let more = [ValType::I64, defined(POINT), nullable(ANY)];
        fields.extend(more.map(StorageType::Val));
    }
    if ty >= LEAF {
        fields.extend([val(ValType::V128), val(ValType::F64)]);
    }
    fields
}

fn element(ty: u32) -> StorageType {
    match ty {
        BYTES => StorageType::I8,
        SHORTS => StorageType::I16,
        INTS => StorageType::Val(ValType::I32),
        VECTORS => StorageType::Val(ValType::V128),
        POINTS => StorageType::Val(defined(POINT)),
        _ => StorageType::Val(nullable(ANY)),
    }
}

fn unpacked(storage: StorageType) -> ValType {
    match storage {
        StorageType::Val(ty) => ty,
        _ => ValType::I32,
    }
}

fn signature(ty: u32) -> (Vec<ValType>, ValType) {
    match ty {
        OTHER_FUNC => (vec![ValType::I64, ValType::V128], ValType::I64),
        SUB_FUNC => (vec![ValType::I32, nullable(STRUCT)], ValType::I32),
        _ => (vec![ValType::I32, defined(POINT)], ValType::I32),
    }
}

/// Puts an instruction that is chosen first.
macro_rules! put {
    ($generator:ident, $instr:expr) => {{
        let instr = $instr;
        $generator.put(instr)
    }};
}

struct Generator<'a> {
    rng: &'a mut Rng,
    func: Function,
    locals: Vec<ValType>,
    /// The first of the counters, which come last.
    counters: u32,
    loops: u32,
    budget: usize,
    /// The types of the functions that may be called.
    callees: &'a [u32],
    ty: u32,
}

impl Generator<'_> {
    fn chance(&mut self, percent: usize) -> bool {
        self.rng.below(100) < percent
    }

    fn put(&mut self, instr: I<'_>) {
        self.func.instruction(&instr);
    }

    fn i32(&mut self, value: i32) {
        self.put(I::I32Const(value));
    }

    fn local(&mut self, ty: ValType) -> Option<u32> {
        let all = (0..).zip(&self.locals[..self.counters as usize]);
        let fit: Vec<u32> = all.filter(|(_, t)| **t == ty).map(|(at, _)| at).collect();
        (!fit.is_empty()).then(|| self.rng.pick(&fit))
    }

    fn leaf(&mut self, ty: ValType) {
        if let Some(local) = self.local(ty)
            && self.chance(60)
        {
            return self.put(I::LocalGet(local));
        }
        if self.chance(30) {
            let global = TYPES.iter().position(|t| *t == ty);
            if let Some(global) = global {
                return self.put(I::GlobalGet(global as u32));
            }
        }
        match ty {
            ValType::I32 if self.chance(70) => {
                let small = self.rng.below(12) as i32;
                self.i32(small);
            }
            ValType::I32 => {
                let value = edge(self.rng, T::I32);
                self.i32(value.bits() as i32);
            }
            ValType::I64 => {
                let value = edge(self.rng, T::I64).bits() as i64;
                self.put(I::I64Const(value));
            }
            ValType::F64 => {
                let value = f64::from(self.rng.below(40) as i32) * 0.75 - 8.0;
                self.put(I::F64Const(value.into()));
            }
            ValType::V128 => {
                let Value::V128(bits) = edge(self.rng, T::V128) else {
                    unreachable!("an edge has its type")
                };
                self.put(I::V128Const(bits as i128));
            }
            ValType::Ref(ty) => match ty.heap_type {
                HeapType::Concrete(FUNC) => {
                    let count = self.callees.iter().filter(|ty| **ty != OTHER_FUNC).count();
                    if count == 0 || self.chance(15) {
                        return self.put(I::RefNull(ty.heap_type));
                    }
                    let func = self.callee(|ty| ty != OTHER_FUNC);
                    self.put(I::RefFunc(func.expect("there is one")));
                }
                HeapType::Concrete(ty @ (POINT | NODE)) if self.chance(60) => {
                    self.put(I::StructNewDefault(ty));
                }
                HeapType::Concrete(ty) if ARRAYS.contains(&ty) && self.chance(60) => {
                    self.i32(8);
                    self.put(I::ArrayNewDefault(ty));
                }
                other => self.put(I::RefNull(other)),
            },
            other => unreachable!("{other:?} is not generated"),
        }
    }

    /// A function that may be called, of a type that fits.
    fn callee(&mut self, fits: impl Fn(u32) -> bool) -> Option<u32> {
        let all = (0..).zip(self.callees);
        let fit: Vec<u32> = all.filter(|(_, ty)| fits(**ty)).map(|(at, _)| at).collect();
        (!fit.is_empty()).then(|| self.rng.pick(&fit))
    }

    /// A reference to an object of a defined type, mostly not null.
    fn object(&mut self, ty: u32, depth: usize) {
        if self.chance(8) {
            return self.expr(defined(ty), depth);
        }
        match self.rng.below(4) {
            0 => {
                // One in place of null.
                self.put(I::Block(BlockType::Result(ValType::Ref(not_null(ty)))));
                self.expr(defined(ty), depth);
                self.put(I::BrOnNonNull(0));
                self.make(ty, 0);
                self.put(I::End);
            }
            1 => {
                // One in place of what is of another type.
                self.put(I::Block(BlockType::Result(ValType::Ref(not_null(ty)))));
                self.expr(nullable(ANY), depth);
                self.put(I::BrOnCast {
                    relative_depth: 0,
                    from_ref_type: ANYREF,
                    to_ref_type: not_null(ty),
                });
                self.put(I::Drop);
                self.make(ty, depth);
                self.put(I::End);
            }
            2 => {
                self.make(ty, depth);
                match self.rng.below(3) {
                    0 => self.put(I::RefCastNonNull(HeapType::Concrete(ty))),
                    1 => self.put(I::RefCastNullable(HeapType::Concrete(ty))),
                    _ => self.put(I::RefAsNonNull),
                }
            }
            _ => self.make(ty, depth),
        }
    }

    /// A new object of a defined type.
    fn make(&mut self, ty: u32, depth: usize) {
        let depth = depth.saturating_sub(1);
        if ty <= LEAF {
            // Sometimes of a subtype.
            let ty = if self.chance(30) {
                (ty + 1).min(LEAF)
            } else {
                ty
            };
            if depth == 0 || self.chance(20) {
                return self.put(I::StructNewDefault(ty));
            }
            for field in fields(ty) {
                self.expr(unpacked(field), depth);
            }
            return self.put(I::StructNew(ty));
        }
        let element = element(ty);
        let from = self.rng.below(8) as i32;
        let count = self.rng.below(8) as i32 + 8;
        match self.rng.below(5) {
            0 => {
                for _ in 0..9 {
                    self.expr(unpacked(element), depth.min(1));
                }
                self.put(I::ArrayNewFixed {
                    array_type_index: ty,
                    array_size: 9,
                });
            }
            1 => {
                self.expr(unpacked(element), depth);
                self.i32(count);
                self.put(I::ArrayNew(ty));
            }
            2 if matches!(element, StorageType::Val(ValType::Ref(_))) => {
                self.i32(from % 3);
                self.i32(count % 5);
                self.put(I::ArrayNewElem {
                    array_type_index: ty,
                    array_elem_index: if ty == POINTS { 0 } else { 1 },
                });
            }
            2 => {
                self.i32(from);
                self.i32(count);
                self.put(I::ArrayNewData {
                    array_type_index: ty,
                    array_data_index: 0,
                });
            }
            _ => {
                self.i32(count);
                self.put(I::ArrayNewDefault(ty));
            }
        }
    }

    /// A number below eight, mostly.
    fn index(&mut self, depth: usize) {
        self.expr(ValType::I32, depth);
        if self.chance(96) {
            self.i32(7);
            self.put(I::I32And);
        }
    }

    /// A number of 64 bits below eight, mostly.
    fn index64(&mut self, depth: usize) {
        self.index(depth);
        self.put(I::I64ExtendI32U);
    }

    /// An address in the memory of 64 bits, mostly in bounds.
    fn address64(&mut self, depth: usize) {
        self.expr(ValType::I64, depth);
        if self.chance(96) {
            self.put(I::I64Const(0x7FF0));
            self.put(I::I64And);
        }
    }

    fn memarg(&mut self, memory: u32) -> MemArg {
        MemArg {
            offset: self.rng.pick(&[0, 1, 8, 100]),
            align: 0,
            target: MemArgTarget::Memory(memory),
            ordering: None,
        }
    }

    /// Code that leaves one value of this type.
    fn expr(&mut self, ty: ValType, depth: usize) {
        self.budget = self.budget.saturating_sub(1);
        if depth == 0 || self.budget == 0 {
            return self.leaf(ty);
        }
        let depth = depth - 1;
        match self.rng.below(20) {
            0 | 1 => return self.leaf(ty),
            2 => {
                self.expr(ValType::I32, depth);
                self.put(I::If(BlockType::Result(ty)));
                self.expr(ty, depth);
                self.put(I::Else);
                self.expr(ty, depth);
                return self.put(I::End);
            }
            3 => {
                self.expr(ty, depth);
                self.expr(ty, depth);
                self.expr(ValType::I32, depth);
                return self.put(I::TypedSelect(ty));
            }
            4 => {
                if let Some(local) = self.local(ty) {
                    self.expr(ty, depth);
                    return self.put(I::LocalTee(local));
                }
            }
            5 => return self.caught(ty, depth),
            6 => {
                // The value stays where the reference is null.
                self.put(I::Block(BlockType::Result(ty)));
                self.expr(ty, depth);
                self.expr(defined(POINT), depth);
                self.put(I::BrOnNull(0));
                self.put(I::Drop);
                return self.put(I::End);
            }
            7 => {
                // The fields of an object, or another value where it is of another type.
                self.put(I::Block(BlockType::Result(ty)));
                self.put(I::Block(BlockType::Result(nullable(ANY))));
                self.expr(nullable(ANY), depth);
                self.put(I::BrOnCastFail {
                    relative_depth: 0,
                    from_ref_type: ANYREF,
                    to_ref_type: not_null(POINT),
                });
                self.put(I::StructGetU {
                    struct_type_index: POINT,
                    field_index: 1,
                });
                self.put(I::Drop);
                self.expr(ty, depth);
                self.put(I::Br(1));
                self.put(I::End);
                self.put(I::Drop);
                self.expr(ty, depth);
                return self.put(I::End);
            }
            _ => {}
        }
        match ty {
            ValType::I32 => self.i32_expr(depth),
            ValType::I64 => self.i64_expr(depth),
            ValType::F64 => {
                self.object(LEAF, depth);
                self.put(I::StructGet {
                    struct_type_index: LEAF,
                    field_index: 7,
                });
            }
            ValType::V128 => self.vector_expr(depth),
            ValType::Ref(ty) => self.reference(ty, depth),
            other => unreachable!("{other:?} is not generated"),
        }
    }

    fn i32_expr(&mut self, depth: usize) {
        match self.rng.below(22) {
            0 => {
                let ty = self.rng.pick(&[POINT, NODE, LEAF]);
                self.object(ty, depth);
                let field_index = self.rng.below(2) as u32;
                let struct_type_index = ty;
                put!(
                    self,
                    match self.rng.below(3) {
                        0 => I::StructGetS {
                            struct_type_index,
                            field_index,
                        },
                        1 => I::StructGetU {
                            struct_type_index,
                            field_index,
                        },
                        _ => I::StructGet {
                            struct_type_index,
                            field_index: 2,
                        },
                    }
                );
            }
            1 | 2 => {
                let ty = self.rng.pick(&[BYTES, SHORTS, INTS]);
                self.object(ty, depth);
                self.index(depth);
                put!(
                    self,
                    match self.rng.below(2) {
                        _ if ty == INTS => I::ArrayGet(ty),
                        0 => I::ArrayGetS(ty),
                        _ => I::ArrayGetU(ty),
                    }
                );
            }
            3 => {
                let ty = self.rng.pick(&ARRAYS);
                self.object(ty, depth);
                self.put(I::ArrayLen);
            }
            4 => {
                self.expr(nullable(EQ), depth);
                self.expr(nullable(EQ), depth);
                self.put(I::RefEq);
            }
            5 => {
                let ty = self.rng.pick(&TYPES[4..]);
                self.expr(ty, depth);
                self.put(I::RefIsNull);
            }
            6 | 7 => {
                self.expr(nullable(ANY), depth);
                let heap = [
                    EQ,
                    I31,
                    STRUCT,
                    ARRAY,
                    ANY,
                    abstract_heap(AbstractHeapType::None),
                ];
                let concrete = self.rng.below(9) as u32;
                let heap = match self.rng.below(2) {
                    0 => self.rng.pick(&heap),
                    _ => HeapType::Concrete(concrete),
                };
                put!(
                    self,
                    match self.rng.below(2) {
                        0 => I::RefTestNonNull(heap),
                        _ => I::RefTestNullable(heap),
                    }
                );
            }
            8 => {
                self.expr(defined(FUNC), depth);
                let heap = self.rng.pick(&[FUNC, SUB_FUNC]);
                self.put(I::RefTestNonNull(HeapType::Concrete(heap)));
            }
            9 => {
                self.expr(ValType::I32, depth);
                self.put(I::RefI31);
                put!(
                    self,
                    if self.rng.below(2) == 0 {
                        I::I31GetS
                    } else {
                        I::I31GetU
                    }
                );
            }
            10..=12 => self.call(FUNC, depth),
            13 => {
                self.expr(ValType::I32, depth);
                self.i32(0xFFF);
                self.put(I::I32And);
                let memarg = self.memarg(0);
                self.put(I::I32Load(memarg));
            }
            14 => {
                self.address64(depth);
                let memarg = self.memarg(1);
                self.put(I::I32Load16S(memarg));
            }
            15 => {
                let (number, _) = self.vector_op(T::I32);
                self.expr(ValType::V128, depth);
                self.vector(number);
            }
            16 => {
                let ty = self.rng.below(2);
                put!(
                    self,
                    if ty == 0 {
                        I::TableSize(0)
                    } else {
                        I::MemorySize(0)
                    }
                );
            }
            _ => {
                self.expr(ValType::I32, depth);
                self.expr(ValType::I32, depth);
                let instr = self.rng.below(6);
                put!(
                    self,
                    match instr {
                        0 => I::I32Add,
                        1 => I::I32Sub,
                        2 => I::I32Xor,
                        3 => I::I32LtS,
                        4 => I::I32GtU,
                        _ => I::I32Eq,
                    }
                );
            }
        }
    }

    fn i64_expr(&mut self, depth: usize) {
        match self.rng.below(10) {
            0 => {
                self.object(NODE, depth);
                self.put(I::StructGet {
                    struct_type_index: NODE,
                    field_index: 3,
                });
            }
            1 | 2 => self.call(OTHER_FUNC, depth),
            3 => {
                self.address64(depth);
                let memarg = self.memarg(1);
                self.put(I::I64Load(memarg));
            }
            4 => self.put(I::TableSize(1)),
            5 => self.put(I::MemorySize(1)),
            6 => {
                self.i32((self.budget % 3) as i32 - 1);
                self.put(I::I64ExtendI32S);
                self.put(I::MemoryGrow(1));
            }
            7 => {
                self.leaf(defined(POINT));
                self.i32((self.budget % 3) as i32);
                self.put(I::I64ExtendI32U);
                self.put(I::TableGrow(1));
            }
            _ => {
                self.expr(ValType::I64, depth);
                self.expr(ValType::I32, depth);
                self.put(I::I64ExtendI32S);
                put!(
                    self,
                    if self.rng.below(2) == 0 {
                        I::I64Add
                    } else {
                        I::I64Mul
                    }
                );
            }
        }
    }

    fn vector_expr(&mut self, depth: usize) {
        match self.rng.below(8) {
            0 => {
                self.object(VECTORS, depth);
                self.index(depth);
                self.put(I::ArrayGet(VECTORS));
            }
            1 => {
                self.object(LEAF, depth);
                self.put(I::StructGet {
                    struct_type_index: LEAF,
                    field_index: 6,
                });
            }
            2 => {
                self.address64(depth);
                let memarg = self.memarg(1);
                self.put(I::V128Load(memarg));
            }
            3 => {
                self.address64(depth);
                let (first, last, params) = self.rng.pick(VECTOR_LOADS);
                if params.len() == 2 {
                    self.expr(ValType::V128, depth);
                }
                let mut body = Body(Vec::new());
                let any = self.rng.next() as u8;
                let number = self.number(first, last);
                body.vector_op_in(number, 1, 0, any);
                self.func.raw(body.0);
            }
            _ => {
                let (number, params) = self.vector_op(T::V128);
                for &param in params {
                    match param {
                        T::F32 => {
                            self.expr(ValType::F64, depth);
                            self.put(I::F32DemoteF64);
                        }
                        other => self.expr(encoder_type(other), depth),
                    }
                }
                self.vector(number);
            }
        }
    }

    fn number(&mut self, first: u32, last: u32) -> u32 {
        first + self.rng.below((last - first + 1) as usize) as u32
    }

    /// One of the vector instructions with this result, each as likely as any other, and its operands.
    fn vector_op(&mut self, result: T) -> (u32, &'static [T]) {
        let fit = VECTOR.iter().filter(|row| row.3 == result);
        let all = fit.flat_map(|&(first, last, params, _)| {
            (first..=last).map(move |number| (number, params))
        });
        let all: Vec<_> = all.collect();
        self.rng.pick(&all)
    }

    fn vector(&mut self, number: u32) {
        let mut body = Body(Vec::new());
        body.vector_op(number, 0, self.rng.next() as u8);
        self.func.raw(body.0);
    }

    fn reference(&mut self, ty: RefType, depth: usize) {
        match ty.heap_type {
            HeapType::Concrete(FUNC) => self.leaf(ValType::Ref(ty)),
            HeapType::Concrete(POINT) => match self.rng.below(6) {
                0 => {
                    self.object(POINTS, depth);
                    self.index(depth);
                    self.put(I::ArrayGet(POINTS));
                }
                1 => {
                    self.object(NODE, depth);
                    self.put(I::StructGet {
                        struct_type_index: NODE,
                        field_index: 4,
                    });
                }
                2 => {
                    self.index64(depth);
                    self.put(I::TableGet(1));
                }
                3 => self.expr(defined(NODE), depth),
                _ => self.make(POINT, depth),
            },
            HeapType::Concrete(ty) => self.make(ty, depth),
            I31 => {
                self.expr(ValType::I32, depth);
                self.put(I::RefI31);
            }
            EQ => {
                let ty = self
                    .rng
                    .pick(&[defined(POINT), defined(BYTES), nullable(I31)]);
                self.expr(ty, depth);
            }
            ANY => match self.rng.below(6) {
                0 => {
                    self.expr(nullable(EXTERN), depth);
                    self.put(I::AnyConvertExtern);
                }
                1 => {
                    self.object(ANYS, depth);
                    self.index(depth);
                    self.put(I::ArrayGet(ANYS));
                }
                2 => {
                    self.object(NODE, depth);
                    self.put(I::StructGet {
                        struct_type_index: NODE,
                        field_index: 5,
                    });
                }
                3 => {
                    let ty = self.rng.below(9) as u32;
                    self.make(ty, depth);
                }
                _ => self.expr(nullable(EQ), depth),
            },
            EXTERN => {
                self.expr(nullable(ANY), depth);
                self.put(I::ExternConvertAny);
            }
            _ => self.leaf(ValType::Ref(ty)),
        }
    }

    fn arguments(&mut self, ty: u32, depth: usize) {
        for param in signature(ty).0 {
            let param = if param == nullable(STRUCT) {
                defined(POINT)
            } else {
                param
            };
            self.expr(param, depth);
        }
    }

    /// A call that gives what functions of this type give, in one of its forms.
    fn call(&mut self, ty: u32, depth: usize) {
        let is_other = ty == OTHER_FUNC;
        let Some(func) = self.callee(|ty| (ty == OTHER_FUNC) == is_other) else {
            return self.leaf(signature(ty).1);
        };
        self.arguments(ty, depth);
        match self.rng.below(3) {
            0 if !is_other => {
                self.reference_to(func);
                self.put(I::CallRef(FUNC));
            }
            1 if self.callees.len() > 4 => {
                self.table_index(is_other);
                self.put(I::CallIndirect {
                    type_index: ty,
                    table_index: 0,
                });
            }
            _ => self.put(I::Call(func)),
        }
    }

    /// A reference to a function of the first type, mostly not null.
    fn reference_to(&mut self, func: u32) {
        if self.chance(90) {
            return self.put(I::RefFunc(func));
        }
        self.leaf(defined(FUNC));
    }

    /// The index of an element of the functions' table: the functions without callees, their types by turns.
    fn table_index(&mut self, is_other: bool) {
        let fit: &[i32] = if is_other { &[1, 3] } else { &[0, 2] };
        let index = match self.rng.below(12) {
            0 => self.rng.below(7) as i32,
            _ => self.rng.pick(fit),
        };
        self.i32(index);
    }

    /// A value that is calculated where exceptions are caught; those of a tag that leave something else give another value.
    fn caught(&mut self, ty: ValType, depth: usize) {
        let tag = self.rng.below(PAYLOADS.len()) as u32;
        let with_ref = self.chance(50);
        let all = self.chance(40);
        let mut carried: Vec<ValType> = if all {
            Vec::new()
        } else {
            PAYLOADS[tag as usize].to_vec()
        };
        if with_ref {
            carried.push(ValType::Ref(RefType {
                nullable: false,
                heap_type: EXN,
            }));
        }
        let block = match &carried[..] {
            [] => BlockType::Empty,
            [one] => BlockType::Result(*one),
            _ => BlockType::FunctionType(block_type(tag, with_ref)),
        };
        let clause = match (all, with_ref) {
            (false, false) => Catch::One { tag, label: 0 },
            (false, true) => Catch::OneRef { tag, label: 0 },
            (true, false) => Catch::All { label: 0 },
            (true, true) => Catch::AllRef { label: 0 },
        };
        // Some clauses in front that never come to it, so that looking for the right one costs something.
        let mut clauses = Vec::new();
        if !all && carried.is_empty() {
            clauses.extend(vec![Catch::One { tag: 0, label: 0 }; self.rng.below(20)]);
        }
        clauses.push(clause);
        self.put(I::Block(BlockType::Result(ty)));
        self.put(I::Block(block));
        self.put(I::TryTable(BlockType::Result(ty), Cow::from(clauses)));
        if self.chance(50) {
            self.expr(ValType::I32, depth);
            self.put(I::If(BlockType::Empty));
            self.throw(depth);
            self.put(I::End);
        }
        self.expr(ty, depth);
        self.put(I::End);
        self.put(I::Br(1));
        self.put(I::End);
        for carried in carried.iter().rev() {
            match carried {
                ValType::Ref(reference) if reference.heap_type == EXN => match self.rng.below(4) {
                    0 => self.put(I::ThrowRef),
                    _ => match self.local(nullable(EXN)) {
                        Some(local) => self.put(I::LocalSet(local)),
                        None => self.put(I::Drop),
                    },
                },
                ty => match self.local(*ty) {
                    Some(local) => self.put(I::LocalSet(local)),
                    None => self.put(I::Drop),
                },
            }
        }
        self.expr(ty, depth);
        self.put(I::End);
    }

    fn throw(&mut self, depth: usize) {
        if self.chance(20) {
            self.leaf(nullable(EXN));
            return self.put(I::ThrowRef);
        }
        let tag = self.rng.below(PAYLOADS.len());
        for &ty in PAYLOADS[tag] {
            self.expr(ty, depth);
        }
        self.put(I::Throw(tag as u32));
    }

    fn statement(&mut self, depth: usize) {
        self.budget = self.budget.saturating_sub(1);
        let inner = depth.saturating_sub(1);
        match self.rng.below(24) {
            0..=4 => {
                let ty = self.rng.pick(&TYPES);
                self.expr(ty, depth);
                match self.local(ty) {
                    Some(local) => self.put(I::LocalSet(local)),
                    None => self.put(I::Drop),
                }
            }
            5 | 6 => {
                let global = self.rng.below(TYPES.len());
                self.expr(TYPES[global], depth);
                self.put(I::GlobalSet(global as u32));
            }
            7 | 8 => {
                let ty = self.rng.pick(&[POINT, NODE, LEAF]);
                let fields = fields(ty);
                let field = self.rng.below(fields.len());
                self.object(ty, inner);
                self.expr(unpacked(fields[field]), inner);
                self.put(I::StructSet {
                    struct_type_index: ty,
                    field_index: field as u32,
                });
            }
            9 | 10 => {
                let ty = self.rng.pick(&ARRAYS);
                self.object(ty, inner);
                self.index(inner);
                self.expr(unpacked(element(ty)), inner);
                self.put(I::ArraySet(ty));
            }
            11 | 12 => self.bulk(inner),
            13 => {
                self.address64(inner);
                self.expr(ValType::V128, inner);
                let memarg = self.memarg(1);
                let lane = self.rng.below(8) as u8;
                put!(
                    self,
                    match lane {
                        0..4 => I::V128Store(memarg),
                        4 => I::V128Store8Lane { memarg, lane },
                        5 => I::V128Store16Lane { memarg, lane },
                        6 => I::V128Store32Lane { memarg, lane: 3 },
                        _ => I::V128Store64Lane { memarg, lane: 1 },
                    }
                );
            }
            14 => {
                self.index64(inner);
                self.expr(defined(POINT), inner);
                self.put(I::TableSet(1));
            }
            15 | 16 if depth > 0 && self.loops < COUNTERS => {
                let counter = self.counters + self.loops;
                let turns = 2 + self.rng.below(4) as i32;
                self.loops += 1;
                self.i32(turns);
                self.put(I::LocalSet(counter));
                self.put(I::Loop(BlockType::Empty));
                for _ in 0..1 + self.rng.below(3) {
                    self.statement(inner);
                }
                self.put(I::LocalGet(counter));
                self.i32(1);
                self.put(I::I32Sub);
                self.put(I::LocalTee(counter));
                self.put(I::BrIf(0));
                self.put(I::End);
                self.loops -= 1;
            }
            17 if depth > 0 => {
                // Leaves the function by an exception or a tail call, seldom.
                self.expr(ValType::I32, inner);
                self.i32(15);
                self.put(I::I32And);
                self.put(I::I32Eqz);
                self.put(I::If(BlockType::Empty));
                if self.chance(50) {
                    self.throw(inner);
                } else {
                    self.tail_call(inner);
                }
                self.put(I::End);
            }
            _ => {
                self.expr(ValType::I32, inner);
                self.put(I::If(BlockType::Empty));
                if depth > 0 {
                    self.statement(inner);
                }
                self.put(I::End);
            }
        }
    }

    /// A tail call in one of its forms, or a return.
    fn tail_call(&mut self, depth: usize) {
        let is_other = self.ty == OTHER_FUNC;
        let Some(func) = self.callee(|ty| (ty == OTHER_FUNC) == is_other) else {
            self.leaf(signature(self.ty).1);
            return self.put(I::Return);
        };
        let ty = if is_other { OTHER_FUNC } else { FUNC };
        self.arguments(ty, depth);
        match self.rng.below(3) {
            0 if !is_other => {
                self.reference_to(func);
                self.put(I::ReturnCallRef(FUNC));
            }
            1 if self.callees.len() > 4 => {
                self.table_index(is_other);
                self.put(I::ReturnCallIndirect {
                    type_index: ty,
                    table_index: 0,
                });
            }
            _ => self.put(I::ReturnCall(func)),
        }
    }

    /// Work on many elements or bytes at once.
    fn bulk(&mut self, depth: usize) {
        let ty = self.rng.pick(&ARRAYS);
        let count = self.rng.below(12) as i32;
        let from = self.rng.below(3) as i32;
        let is_ref = matches!(element(ty), StorageType::Val(ValType::Ref(_)));
        match self.rng.below(12) {
            0 => {
                self.object(ty, depth);
                self.i32(from);
                self.expr(unpacked(element(ty)), depth);
                self.i32(count / 2);
                self.put(I::ArrayFill(ty));
            }
            1 => {
                self.object(ty, depth);
                self.i32(from);
                self.object(ty, depth);
                self.i32(2 - from);
                self.i32(count / 2);
                self.put(I::ArrayCopy {
                    array_type_index_dst: ty,
                    array_type_index_src: ty,
                });
            }
            2 | 3 => {
                self.object(ty, depth);
                self.i32(from);
                self.i32(2 - from);
                self.i32(if is_ref { count / 4 } else { count / 2 });
                put!(
                    self,
                    if is_ref {
                        I::ArrayInitElem {
                            array_type_index: ty,
                            array_elem_index: if ty == POINTS { 0 } else { 1 },
                        }
                    } else {
                        I::ArrayInitData {
                            array_type_index: ty,
                            array_data_index: 0,
                        }
                    }
                );
            }
            4 => {
                self.address64(depth);
                self.expr(ValType::I32, depth);
                self.put(I::I64Const(i64::from(count) * 20));
                self.put(I::MemoryFill(1));
            }
            5 => {
                // From one memory to the other: the count has 32 bits.
                self.address64(depth);
                self.i32(from * 50);
                self.i32(count * 20);
                self.put(I::MemoryCopy {
                    src_mem: 0,
                    dst_mem: 1,
                });
            }
            6 => {
                self.address64(depth);
                self.i32(from);
                self.i32(count);
                self.put(I::MemoryInit {
                    mem: 1,
                    data_index: 0,
                });
            }
            7 => {
                self.index64(0);
                self.i32(from);
                self.i32(count / 4);
                self.put(I::TableInit {
                    elem_index: 0,
                    table: 1,
                });
            }
            8 => {
                self.index64(0);
                self.expr(defined(POINT), depth);
                self.put(I::I64Const(i64::from(count) / 2));
                self.put(I::TableFill(1));
            }
            9 => {
                self.index64(0);
                self.index64(0);
                self.put(I::I64Const(i64::from(count) / 2));
                self.put(I::TableCopy {
                    src_table: 1,
                    dst_table: 1,
                });
            }
            10 if self.chance(20) => self.put(I::DataDrop(0)),
            11 if self.chance(20) => self.put(I::ElemDrop(0)),
            _ => self.put(I::Nop),
        }
    }

    fn function(mut self) -> Function {
        while self.budget > 5 {
            self.statement(4);
        }
        let result = signature(self.ty).1;
        if self.chance(30) {
            self.tail_call(2);
        } else {
            self.expr(result, 3);
        }
        self.put(I::End);
        self.func
    }
}

/// The type of a block that leaves what exceptions of a tag carry, without a reference to the exception or with one.
fn block_type(tag: u32, with_ref: bool) -> u32 {
    TAGS + PAYLOADS.len() as u32 + 2 * tag + u32::from(with_ref)
}

fn types() -> TypeSection {
    let field = |element_type| FieldType {
        element_type,
        mutable: true,
    };
    let plain = |inner| CompositeType {
        inner,
        shared: false,
        descriptor: None,
        describes: None,
    };
    let sub = |supertype_idxs, inner| SubType {
        is_final: false,
        supertype_idxs,
        composite_type: plain(inner),
    };
    let fields = |ty| {
        let fields = fields(ty).into_iter().map(field).collect();
        CompositeInnerType::Struct(StructType { fields })
    };
    let array = |ty| CompositeInnerType::Array(ArrayType(field(element(ty))));
    let func = |ty| {
        let (params, result) = signature(ty);
        CompositeInnerType::Func(FuncType::new(params, [result]))
    };
    let mut types = TypeSection::new();
    types.ty().subtype(&sub(vec![], fields(POINT)));
    types.ty().subtype(&sub(vec![POINT], fields(NODE)));
    types.ty().subtype(&sub(vec![NODE], fields(LEAF)));
    for ty in ARRAYS {
        types.ty().subtype(&sub(vec![], array(ty)));
    }
    types.ty().subtype(&sub(vec![], func(FUNC)));
    types.ty().subtype(&sub(vec![FUNC], func(SUB_FUNC)));
    types.ty().subtype(&sub(vec![], func(OTHER_FUNC)));
    for payload in PAYLOADS {
        types.ty().function(payload.iter().copied(), []);
    }
    let exn = ValType::Ref(RefType {
        nullable: false,
        heap_type: EXN,
    });
    for payload in PAYLOADS {
        types.ty().function([], payload.iter().copied());
        types.ty().function([], [payload, &[exn][..]].concat());
    }
    types
}

fn constant<const N: usize>(instrs: [I<'static>; N]) -> ConstExpr {
    ConstExpr::extended(instrs)
}

/// A module of such functions; all are exported, and so is all that they change.
pub fn generate(seed: u64) -> (Vec<u8>, bool) {
    let mut rng = Rng::new(seed ^ 0x6F62_6A65_6374_7321);
    let count = 5 + rng.below(4);
    let mut func_types: Vec<u32> = vec![FUNC, OTHER_FUNC, SUB_FUNC, OTHER_FUNC];
    let (mut funcs, mut code, mut exports) = (
        FunctionSection::new(),
        CodeSection::new(),
        ExportSection::new(),
    );
    for at in 0..count {
        if at >= 4 {
            func_types.push(rng.pick(&[FUNC, SUB_FUNC, OTHER_FUNC]));
        }
        let ty = func_types[at];
        let mut locals = signature(ty).0;
        let params = locals.len();
        locals.extend((0..10).map(|_| rng.pick(&TYPES)));
        let counters = locals.len() as u32;
        locals.extend([ValType::I32; COUNTERS as usize]);
        let generator = Generator {
            func: Function::new_with_locals_types(locals[params..].iter().copied()),
            locals,
            counters,
            loops: 0,
            budget: if at < 4 { 40 } else { 60 + rng.below(140) },
            callees: if at < 4 { &[] } else { &func_types[..at] },
            ty,
            rng: &mut rng,
        };
        code.function(&generator.function());
        funcs.function(ty);
        exports.export(&format!("f{at}"), ExportKind::Func, at as u32);
    }
    let mut tables = TableSection::new();
    let table = |element_type, table64| TableType {
        element_type,
        table64,
        minimum: 8,
        maximum: Some(40),
        shared: false,
    };
    tables.table(table(RefType::FUNCREF, false));
    tables.table(table(
        RefType {
            nullable: true,
            heap_type: HeapType::Concrete(POINT),
        },
        true,
    ));
    exports.export("points", ExportKind::Table, 1);
    let mut memories = MemorySection::new();
    for (at, memory64) in [(0, false), (1, true)] {
        memories.memory(MemoryType {
            minimum: 1,
            maximum: Some(3),
            memory64,
            shared: false,
            page_size_log2: None,
        });
        exports.export(&format!("m{at}"), ExportKind::Memory, at);
    }
    let mut tags = TagSection::new();
    for tag in 0..PAYLOADS.len() as u32 {
        tags.tag(TagType {
            kind: TagKind::Exception,
            func_type_idx: TAGS + tag,
        });
    }
    let mut globals = GlobalSection::new();
    for (at, ty) in (0..).zip(TYPES) {
        let init = match ty {
            ValType::I32 => ConstExpr::i32_const(5),
            ValType::I64 => ConstExpr::i64_const(6),
            ValType::F64 => ConstExpr::f64_const(8.5f64.into()),
            ValType::V128 => ConstExpr::v128_const(7),
            ValType::Ref(RefType {
                heap_type: HeapType::Concrete(ty @ (POINT | NODE)),
                ..
            }) => constant([I::StructNewDefault(ty)]),
            ValType::Ref(ty) => ConstExpr::ref_null(ty.heap_type),
            other => unreachable!("{other:?} is not generated"),
        };
        let ty = GlobalType {
            val_type: ty,
            mutable: true,
            shared: false,
        };
        globals.global(ty, &init);
        exports.export(&format!("g{at}"), ExportKind::Global, at);
    }
    let mut elems = ElementSection::new();
    let point = RefType {
        nullable: true,
        heap_type: HeapType::Concrete(POINT),
    };
    let points = [
        ConstExpr::ref_null(HeapType::Concrete(POINT)),
        constant([I::StructNewDefault(NODE)]),
        constant([I::StructNewDefault(POINT)]),
        ConstExpr::global_get(4),
        constant([I::StructNewDefault(LEAF)]),
    ];
    elems.passive(Elements::Expressions(point, Cow::from(&points[..3])));
    let anys = [
        constant([I::I32Const(-7), I::RefI31]),
        constant([I::StructNewDefault(LEAF)]),
        ConstExpr::ref_null(ANY),
        constant([I::I32Const(3), I::ArrayNewDefault(INTS)]),
    ];
    elems.passive(Elements::Expressions(ANYREF, Cow::from(&anys[..])));
    let all: Vec<u32> = (0..count as u32).collect();
    elems.declared(Elements::Functions(Cow::from(&all[..])));
    elems.active(
        None,
        &ConstExpr::i32_const(0),
        Elements::Functions(Cow::from(&all[..4])),
    );
    let mut data = DataSection::new();
    data.passive((0..200u8).map(|at| at.wrapping_mul(37) ^ 0xA5));
    data.active(
        1,
        &ConstExpr::i64_const(0),
        (0..200u8).map(|at| at.wrapping_mul(91)),
    );
    data.active(0, &ConstExpr::i32_const(0), (0..200u8).map(|at| at ^ 0x5A));
    let mut module = wasm_encoder::Module::new();
    module
        .section(&types())
        .section(&funcs)
        .section(&tables)
        .section(&memories)
        .section(&tags)
        .section(&globals)
        .section(&exports)
        .section(&elems)
        .section(&DataCountSection { count: 3 })
        .section(&code)
        .section(&data);
    (module.finish(), false)
}
