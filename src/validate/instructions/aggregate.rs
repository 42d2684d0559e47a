//! Structures and arrays.
//! <https://webassembly.github.io/spec/core/valid/instructions.html#aggregate-reference-instructions>

use super::{Check, ErrorKind, FuncValidator};
use crate::limits;
use crate::syntax::index::*;
use crate::syntax::instr::Opcode;
use crate::syntax::types::*;
use crate::validate::error::{StorageText, TypeList};
use crate::validate::matching;
use crate::validate::operand::OpType;
use crate::validate::types::too_many;

const I32: ValType = ValType::I32;

/// `(ref ty)`
fn new(ty: TypeIdx) -> ValType {
    ValType::Ref(RefType::non_null(HeapType::Concrete(ty)))
}

/// `(ref null ty)`
fn null(ty: TypeIdx) -> ValType {
    ValType::Ref(RefType::nullable(HeapType::Concrete(ty)))
}

impl FuncValidator<'_> {
    /// `[t*] -> [(ref ty)]` for fields of types `t*`.
    pub(super) fn struct_new(&mut self, ty: TypeIdx) -> Check {
        let fields = self.ctx.struct_at(ty)?;
        self.allocate(fields.iter().rev().map(|&field| field.unpacked()), ty)
    }

    /// `[] -> [(ref ty)]`
    pub(super) fn struct_new_default(&mut self, ty: TypeIdx) -> Check {
        self.ctx.struct_at(ty)?;
        if let Some(field) = self.ctx.infos[ty.index()].no_default {
            self.check_default("field", self.ctx.field_at(ty, field)?)?;
        }
        self.rule(&[], &[new(ty)])
    }

    /// `[(ref null ty)] -> [t]`
    pub(super) fn struct_get(&mut self, ty: TypeIdx, field: FieldIdx, packed: bool) -> Check {
        let field = self.ctx.field_at(ty, field)?;
        self.check_packing(field, packed)?;
        self.rule(&[null(ty)], &[field.unpacked()])
    }

    /// `[(ref null ty) t] -> []`
    pub(super) fn struct_set(&mut self, ty: TypeIdx, index: FieldIdx) -> Check {
        let field = self.ctx.field_at(ty, index)?;
        if !field.mutable {
            Err(ErrorKind::ImmutableField { ty, field: index })?;
        }
        self.rule(&[null(ty), field.unpacked()], &[])
    }

    /// `[t i32] -> [(ref ty)]`
    pub(super) fn array_new(&mut self, ty: TypeIdx) -> Check {
        let element = self.ctx.array_at(ty)?;
        self.rule(&[element.unpacked(), I32], &[new(ty)])
    }

    /// `[i32] -> [(ref ty)]`
    pub(super) fn array_new_default(&mut self, ty: TypeIdx) -> Check {
        let element = self.ctx.array_at(ty)?;
        self.check_default("array element", element)?;
        self.rule(&[I32], &[new(ty)])
    }

    /// `[t^n] -> [(ref ty)]`
    pub(super) fn array_new_fixed(&mut self, ty: TypeIdx, count: u32) -> Check {
        let element = self.ctx.array_at(ty)?;
        too_many(
            "array elements",
            count as usize,
            limits::MAX_ARRAY_NEW_FIXED,
        )?;
        self.allocate((0..count).map(|_| element.unpacked()), ty)
    }

    /// `[i32 i32] -> [(ref ty)]`
    pub(super) fn array_new_data(&mut self, opcode: Opcode, ty: TypeIdx, data: DataIdx) -> Check {
        self.numeric_array(ty)?;
        self.check_data(opcode, data)?;
        self.rule(&[I32, I32], &[new(ty)])
    }

    /// `[i32 i32] -> [(ref ty)]`
    pub(super) fn array_new_elem(&mut self, ty: TypeIdx, elem: ElemIdx) -> Check {
        let element = self.ctx.array_at(ty)?;
        self.check_segment(element, elem)?;
        self.rule(&[I32, I32], &[new(ty)])
    }

    /// `[(ref null ty) i32] -> [t]`
    pub(super) fn array_get(&mut self, ty: TypeIdx, packed: bool) -> Check {
        let element = self.ctx.array_at(ty)?;
        self.check_packing(element, packed)?;
        self.rule(&[null(ty), I32], &[element.unpacked()])
    }

    /// `[(ref null ty) i32 t] -> []`
    pub(super) fn array_set(&mut self, ty: TypeIdx) -> Check {
        let element = self.mutable_array(ty)?;
        self.rule(&[null(ty), I32, element.unpacked()], &[])
    }

    /// `[(ref null ty) i32 t i32] -> []`
    pub(super) fn array_fill(&mut self, ty: TypeIdx) -> Check {
        let element = self.mutable_array(ty)?;
        self.rule(&[null(ty), I32, element.unpacked(), I32], &[])
    }

    /// `[(ref null ty1) i32 (ref null ty2) i32 i32] -> []`
    pub(super) fn array_copy(&mut self, dst: TypeIdx, src: TypeIdx) -> Check {
        let to = self.mutable_array(dst)?;
        let from = self.ctx.array_at(src)?;
        if !matching::storage(self.ctx, from.storage, to.storage) {
            Err(ErrorKind::ArrayCopy {
                dst: StorageText(to.storage),
                src: StorageText(from.storage),
            })?;
        }
        self.rule(&[null(dst), I32, null(src), I32, I32], &[])
    }

    /// `[(ref null ty) i32 i32 i32] -> []`
    pub(super) fn array_init_data(&mut self, opcode: Opcode, ty: TypeIdx, data: DataIdx) -> Check {
        self.mutable_array(ty)?;
        self.numeric_array(ty)?;
        self.check_data(opcode, data)?;
        self.rule(&[null(ty), I32, I32, I32], &[])
    }

    /// `[(ref null ty) i32 i32 i32] -> []`
    pub(super) fn array_init_elem(&mut self, ty: TypeIdx, elem: ElemIdx) -> Check {
        let element = self.mutable_array(ty)?;
        self.check_segment(element, elem)?;
        self.rule(&[null(ty), I32, I32, I32], &[])
    }

    /// Takes operands, whose types come last to first, and pushes a new object.
    fn allocate(&mut self, types: impl Iterator<Item = ValType>, ty: TypeIdx) -> Check {
        for ty in types {
            // An unreachable stack provides any operand, so the remaining types need no check: thousands of fields may come from three bytes.
            if self.own_operands() == 0 && self.frame.polymorphic {
                break;
            }
            self.pop(self.ctx.pack(ty))?;
        }
        self.push(self.ctx.pack(new(ty)));
        Ok(())
    }

    fn mutable_array(&self, ty: TypeIdx) -> Check<FieldType> {
        let element = self.ctx.array_at(ty)?;
        if element.mutable {
            Ok(element)
        } else {
            Err(ErrorKind::ImmutableArray { ty })?
        }
    }

    fn numeric_array(&self, ty: TypeIdx) -> Check {
        match self.ctx.array_at(ty)?.storage {
            element @ StorageType::Val(ValType::Ref(_)) => Err(ErrorKind::ArrayOfRefs {
                ty,
                element: StorageText(element),
            })?,
            _ => Ok(()),
        }
    }

    fn check_default(&self, what: &'static str, field: FieldType) -> Check {
        let ty = field.unpacked();
        if ty.is_defaultable() {
            Ok(())
        } else {
            Err(ErrorKind::NoDefault {
                what,
                ty: OpType::new(ty),
            })?
        }
    }

    fn check_packing(&self, field: FieldType, packed: bool) -> Check {
        let is_packed = !matches!(field.storage, StorageType::Val(_));
        if is_packed == packed {
            Ok(())
        } else {
            Err(ErrorKind::Packing {
                ty: StorageText(field.storage),
                packed: is_packed,
            })?
        }
    }

    /// Checks that an array can be filled from an element segment.
    fn check_segment(&self, element: FieldType, elem: ElemIdx) -> Check {
        let segment = self.ctx.elem_at(elem)?;
        match element.storage {
            StorageType::Val(ValType::Ref(element)) => {
                self.check_elements("an array of an element segment", segment, element)
            }
            _ => Err(ErrorKind::Types {
                what: "an array of an element segment",
                required: TypeList::new(&[OpType::new(element.unpacked())]),
                found: TypeList::new(&[OpType::new(ValType::Ref(segment))]),
            })?,
        }
    }
}
