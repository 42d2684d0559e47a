//! Structures, arrays and casts.
//!
//! An op that reads or writes one field or element names the place of the field. Every other op takes its operands
//! from consecutive slots. The collector may run where objects are made, and scans the value stack: all operands are in their
//! slots at that point, so that every slot below has been written.

use super::operands::{Operand, Operands, Place};
use super::{Lowerer, REFERENCE};
use crate::code::layout::{self, Storage, Target};
use crate::code::ops::{CastTarget, Dst, Op, Src};
use crate::syntax::index::*;
use crate::syntax::instr::{CastArg, Instr, Opcode};
use crate::syntax::types::*;

impl Lowerer<'_> {
    /// Lowers an instruction of this file.
    pub(super) fn object(&mut self, instr: &Instr<'_>) {
        let id = |ty: TypeIdx| self.module.types[ty.index()];
        const MADE: Option<ValType> = Some(REFERENCE);
        let (a, b, operands, result) = match *instr {
            Instr::StructGet { ty, field } | Instr::StructGetU { ty, field } => {
                return self.struct_get(ty, field, false);
            }
            Instr::StructGetS { ty, field } => return self.struct_get(ty, field, true),
            Instr::StructSet { ty, field } => return self.struct_set(ty, field),
            Instr::ArrayGet { ty } | Instr::ArrayGetU { ty } => return self.array_get(ty, false),
            Instr::ArrayGetS { ty } => return self.array_get(ty, true),
            Instr::ArraySet { ty } => return self.array_set(ty),
            Instr::ArrayLen => return self.array_len(),
            Instr::RefTestNonNull { heap } => return self.ref_test(heap, false),
            Instr::RefTestNull { heap } => return self.ref_test(heap, true),
            Instr::RefCastNonNull { heap } => return self.ref_cast(heap, false),
            Instr::RefCastNull { heap } => return self.ref_cast(heap, true),
            Instr::StructNew { ty } => {
                let fields = self.module.layouts[ty.index()].fields.len();
                (id(ty), 0, fields, MADE)
            }
            Instr::StructNewDefault { ty } => (id(ty), 0, 0, MADE),
            Instr::ArrayNew { ty } => (id(ty), 0, 2, MADE),
            Instr::ArrayNewDefault { ty } => (id(ty), 0, 1, MADE),
            Instr::ArrayNewFixed { ty, count } => {
                let operands = count.0 as usize;
                (id(ty), count.0, operands, MADE)
            }
            Instr::ArrayNewData { ty, data } => (id(ty), data.0, 2, MADE),
            Instr::ArrayNewElem { ty, elem } => (id(ty), elem.0, 2, MADE),
            Instr::ArrayFill { ty } => (0, self.element(ty) as u32, 4, None),
            Instr::ArrayCopy { dst, .. } => (0, self.element(dst) as u32, 5, None),
            Instr::ArrayInitData { ty, data } => {
                let element = self.element(ty) as u32;
                (element, data.0, 4, None)
            }
            Instr::ArrayInitElem { elem, .. } => (0, elem.0, 4, None),
            _ => unreachable!("lowering: {instr} is lowered elsewhere"),
        };
        let charge = self.own_charge(instr);
        self.call_object((instr.opcode(), a, b), operands, result, charge);
    }

    /// Emits an op of the runtime that takes `operands` operands.
    fn call_object(
        &mut self,
        (op, a, b): (Opcode, u32, u32),
        operands: usize,
        result: Option<ValType>,
        charge: Option<u32>,
    ) {
        self.flush_all();
        self.settle();
        let height = self.operands.height() - operands;
        self.operands.truncate(height);
        let slot = self.operands.slot_at(height);
        let at = Operands::offset(slot);
        match charge {
            Some(cost) => self.emit_charging(Op::Bulk { op, cost, a, b, at }),
            None => self.emit(Op::Object { op, a, b, at }),
        }
        if let Some(ty) = result {
            self.operands.wrote(at, ty);
            self.operands.push_stored(ty);
        }
    }

    /// The type of a field.
    fn field(&self, ty: TypeIdx, field: FieldIdx) -> StorageType {
        match &self.module.subtypes[ty.index()].composite {
            CompType::Struct(fields) => fields[field.index()].storage,
            _ => unreachable!("validated: the type is a structure's"),
        }
    }

    /// The type of an array's elements.
    fn element_type(&self, ty: TypeIdx) -> StorageType {
        match &self.module.subtypes[ty.index()].composite {
            CompType::Array(element) => element.storage,
            _ => unreachable!("validated: the type is an array's"),
        }
    }

    /// The storage of an array's elements.
    pub(super) fn element(&self, ty: TypeIdx) -> Storage {
        Storage::of(self.element_type(ty))
    }

    /// Number of bytes of an object that has no length, or whose length the instruction states.
    pub(super) fn object_bytes(&self, instr: &Instr<'_>) -> u32 {
        match *instr {
            Instr::StructNew { ty } | Instr::StructNewDefault { ty } => {
                self.module.layouts[ty.index()].bytes
            }
            // Validation bounds the number.
            Instr::ArrayNewFixed { ty, count } => count.0 << self.element(ty).log2(),
            _ => 0,
        }
    }

    fn struct_get(&mut self, ty: TypeIdx, field: FieldIdx, signed: bool) {
        let offset = self.module.layouts[ty.index()].fields[field.index()].offset;
        let storage = self.field(ty, field);
        let unpacked = storage.unpacked();
        let Some(op) = layout::load(storage, signed) else {
            let how = Storage::of(storage) as u32;
            return self.call_object((Opcode::StructGet, offset, how), 1, Some(unpacked), None);
        };
        let x = self.operands.pop();
        let x = self.source(&x);
        let d = Dst::Acc;
        self.push_pending(Op::StructGet { op, x, offset, d }, unpacked);
    }

    fn struct_set(&mut self, ty: TypeIdx, field: FieldIdx) {
        let offset = self.module.layouts[ty.index()].fields[field.index()].offset;
        let storage = self.field(ty, field);
        let Some(op) = layout::store(storage) else {
            let how = Storage::of(storage) as u32;
            return self.call_object((Opcode::StructSet, offset, how), 2, None, None);
        };
        let value = self.operands.pop();
        let x = self.operands.pop();
        let [x, value] = if let Place::Const(_) = x.place {
            // Null. Its slot lies below those that a pending op may read.
            let x = Src::Slot(self.stored(&x));
            let [value] = self.sources([&value]);
            [x, value]
        } else {
            self.sources([&x, &value])
        };
        self.emit(Op::StructSet {
            op,
            x,
            value,
            offset,
        });
    }

    fn array_get(&mut self, ty: TypeIdx, signed: bool) {
        let storage = self.element_type(ty);
        let unpacked = storage.unpacked();
        let Some(op) = layout::load(storage, signed) else {
            let how = Storage::of(storage) as u32;
            return self.call_object((Opcode::ArrayGet, 0, how), 2, Some(unpacked), None);
        };
        let i = self.operands.pop();
        let x = self.operands.pop();
        let x = self.stored_before(&x, &i);
        let [i] = self.sources([&i]);
        let d = Dst::Acc;
        self.push_pending(Op::ArrayGet { op, x, i, d }, unpacked);
    }

    /// Returns the place of an operand in memory; another one, which lies above it, may stay pending.
    fn stored_before(&mut self, x: &Operand, other: &Operand) -> i32 {
        if x.place != Place::Pending && other.place != Place::Pending {
            self.settle();
        }
        self.stored(x)
    }

    fn array_set(&mut self, ty: TypeIdx) {
        let storage = self.element_type(ty);
        let Some(op) = layout::store(storage) else {
            let how = Storage::of(storage) as u32;
            return self.call_object((Opcode::ArraySet, 0, how), 3, None, None);
        };
        let value = self.operands.pop();
        let i = self.operands.pop();
        let x = self.operands.pop();
        if value.place == Place::Pending {
            let [value] = self.sources([&value]);
            // Copies do not change accumulators.
            let [x, i] = self.stored_all([&x, &i]);
            return self.emit(Op::ArraySet { op, x, i, value });
        }
        let [x, i] = self.stored_all([&x, &i]);
        let value = self.operands.src(&value);
        self.emit(Op::ArraySet { op, x, i, value });
    }

    fn array_len(&mut self) {
        let x = self.operands.pop();
        let x = self.source(&x);
        self.push_pending(Op::ArrayLen { x, d: Dst::Acc }, ValType::I32);
    }

    /// The target of a cast to a type.
    fn cast_target(&self, heap: HeapType, nullable: bool) -> CastTarget {
        let target = match heap {
            HeapType::Any | HeapType::Func | HeapType::Exn | HeapType::Extern => Target::Top,
            HeapType::None | HeapType::NoFunc | HeapType::NoExn | HeapType::NoExtern => {
                Target::Bottom
            }
            HeapType::Eq => Target::Eq,
            HeapType::I31 => Target::I31,
            HeapType::Struct => Target::Struct,
            HeapType::Array => Target::Array,
            HeapType::Concrete(ty) => {
                let id = self.module.types[ty.index()];
                match self.module.subtypes[ty.index()].composite {
                    CompType::Func(_) => Target::Func(id),
                    CompType::Struct(_) | CompType::Array(_) => Target::Object(id),
                }
            }
        };
        CastTarget { target, nullable }
    }

    fn ref_test(&mut self, heap: HeapType, nullable: bool) {
        let x = self.operands.pop();
        let x = self.source(&x);
        self.test(heap, nullable, x);
    }

    /// Pushes whether a reference has a type.
    fn test(&mut self, heap: HeapType, nullable: bool, x: Src) {
        let (target, d) = (self.cast_target(heap, nullable), Dst::Acc);
        self.push_pending(Op::RefTest { x, target, d }, ValType::I32);
    }

    fn ref_cast(&mut self, heap: HeapType, nullable: bool) {
        let target = self.cast_target(heap, nullable);
        let x = self.checked_operand();
        self.emit(Op::RefCast { x, target });
    }

    pub(super) fn br_on_cast(&mut self, cast: CastArg) {
        self.test_top(cast.to);
        self.br_if(cast.label);
    }

    pub(super) fn br_on_cast_fail(&mut self, cast: CastArg) {
        self.test_top(cast.to);
        self.unop(Opcode::I32Eqz);
        self.br_if(cast.label);
    }

    /// Pushes whether the topmost operand has a type; the operand stays in its slot.
    fn test_top(&mut self, ty: RefType) {
        self.flush_from(self.operands.height() - 1);
        let reference = self.operands.top();
        let x = self.operands.src(&reference);
        self.test(ty.heap, ty.nullable, x);
    }
}
