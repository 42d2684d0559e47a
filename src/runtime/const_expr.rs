//! Evaluates constant expressions, with an operand stack of its own.
//!
//! Validation has checked the contents of such an expression; it can fail only for lack of memory or fuel for objects.
//! <https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions>

use std::sync::Arc;

use super::addr::{FuncAddr, GlobalAddr};
use super::global_inst::GlobalInst;
use super::heap::{self, Heap, NoMemory, i31};
use super::limiter::Exhausted;
use super::registry::{Registry, TypeId};
use super::trap::Trap;
use crate::syntax::cost::BulkUnit;
use crate::syntax::index::TypeIdx;
use crate::syntax::instr::Instr;
use crate::syntax::module::ConstExpr;

/// A value in slots: a vector fills both, anything else the first.
pub type Value = [u64; 2];

/// The reason why an expression has no value: there is no room for an object that it makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConstExprError {
    /// The store may not have as many bytes, or the host lacks them.
    Exhausted(Exhausted),
    /// An instruction costs more fuel than there is, or an object is larger than any may be.
    Trap(Trap),
}

/// The items that constant expressions of an instance can refer to.
pub struct Scope<'a> {
    /// The store's globals.
    pub store_globals: &'a [GlobalInst],
    /// The instance's globals, as far as they exist.
    pub globals: &'a [GlobalAddr],
    /// The instance's functions.
    pub funcs: &'a [FuncAddr],
    /// The module's types, canonical in the engine.
    pub types: &'a [TypeId],
    /// The heap for objects. No collection happens meanwhile, since objects of an expression are not referred to from elsewhere yet.
    pub heap: &'a mut Heap,
    /// How many bytes they may take.
    pub room: u64,
    /// The engine's types.
    pub registry: &'a Arc<Registry>,
    /// The fuel that instructions are charged to, if it is counted.
    pub fuel: Option<&'a mut u64>,
}

impl Scope<'_> {
    /// The value of an expression.
    pub fn eval(&mut self, expr: &ConstExpr) -> Result<Value, ConstExprError> {
        // Nearly all expressions are one instruction, which needs no stack.
        if let [(instr, _)] = &*expr.instrs
            && let Some(value) = self.leaf(instr)
        {
            self.pay(0)?;
            return Ok(value);
        }
        let mut stack: Vec<Value> = Vec::new();
        for (instr, _) in &expr.instrs {
            let value = match self.leaf(instr) {
                Some(value) => {
                    self.pay(0)?;
                    value
                }
                None => self.operator(instr, &mut stack)?,
            };
            stack.push(value);
        }
        Ok(pop(&mut stack))
    }

    /// The value of an instruction that takes no operands.
    fn leaf(&self, instr: &Instr<'_>) -> Option<Value> {
        Some(match *instr {
            Instr::I32Const { value } => [u64::from(value as u32), 0],
            Instr::I64Const { value } => [value as u64, 0],
            Instr::F32Const { bits } => [u64::from(bits), 0],
            Instr::F64Const { bits } => [bits, 0],
            Instr::V128Const { bytes } => {
                let bits = u128::from_le_bytes(bytes);
                [bits as u64, (bits >> 64) as u64]
            }
            Instr::RefNull { .. } => [0, 0],
            Instr::RefFunc { func } => [reference(self.funcs[func.index()]), 0],
            Instr::GlobalGet { global } => {
                self.store_globals[self.globals[global.index()].index()].value
            }
            _ => return None,
        })
    }

    /// The value of an instruction that takes operands, or makes an object.
    fn operator(
        &mut self,
        instr: &Instr<'_>,
        stack: &mut Vec<Value>,
    ) -> Result<Value, ConstExprError> {
        Ok(match *instr {
            // References of both hierarchies look the same.
            Instr::AnyConvertExtern | Instr::ExternConvertAny => {
                self.pay(0)?;
                pop(stack)
            }
            Instr::RefI31 => {
                self.pay(0)?;
                [i31(pop(stack)[0] as u32), 0]
            }
            Instr::StructNew { ty } => {
                let count = self.info(ty)?.fields().len();
                let first = stack.len() - count;
                let value = self.structure(ty, &stack[first..])?;
                stack.truncate(first);
                value
            }
            Instr::StructNewDefault { ty } => self.structure(ty, &[])?,
            Instr::ArrayNew { ty } => {
                let count = pop(stack)[0] as u32;
                let value = pop(stack);
                self.array(ty, count, core::iter::repeat(value))?
            }
            Instr::ArrayNewDefault { ty } => {
                let count = pop(stack)[0] as u32;
                self.array(ty, count, core::iter::empty())?
            }
            Instr::ArrayNewFixed { ty, count } => {
                let first = stack.len() - count.0 as usize;
                let value = self.array(ty, count.0, stack[first..].iter().copied())?;
                stack.truncate(first);
                value
            }
            _ => {
                self.pay(0)?;
                let ([b, _], [a, _]) = (pop(stack), pop(stack));
                [binop(instr, a, b), 0]
            }
        })
    }

    /// Returns the facts that the heap keeps about a type.
    fn info(&mut self, ty: TypeIdx) -> Result<Arc<heap::TypeInfo>, ConstExprError> {
        let ty = self.types[ty.index()];
        let info = self.heap.meet(self.registry, ty);
        let requested = size_of::<heap::TypeInfo>() as u64;
        info.cloned().map_err(|NoMemory| no_memory(requested))
    }

    /// A new structure. Fields for which there is no value keep their defaults.
    fn structure(&mut self, ty: TypeIdx, values: &[Value]) -> Result<Value, ConstExprError> {
        let info = self.info(ty)?;
        let mut data = self.allocate(info.bytes(0))?;
        for (field, value) in info.fields().iter().zip(values) {
            heap::store(field.storage, &mut data, field.offset as usize, *value);
        }
        self.add(ty, 0, data)
    }

    /// A new array. Elements for which there is no value keep their defaults.
    fn array(
        &mut self,
        ty: TypeIdx,
        count: u32,
        values: impl Iterator<Item = Value>,
    ) -> Result<Value, ConstExprError> {
        let info = self.info(ty)?;
        let mut data = self.allocate(info.bytes(count))?;
        if let Some(element) = info.element() {
            for (bytes, value) in data.chunks_exact_mut(element.bytes()).zip(values) {
                heap::store(element, bytes, 0, value);
            }
        }
        self.add(ty, count, data)
    }

    /// Charges for an instruction, and for so many bytes that it allocates. An instruction that cannot be paid takes no fuel.
    fn pay(&mut self, bytes: u64) -> Result<(), ConstExprError> {
        if let Some(fuel) = &mut self.fuel {
            let left = fuel.checked_sub(1 + (bytes >> BulkUnit::HeapByte.shift()));
            **fuel = left.ok_or(ConstExprError::Trap(Trap::OutOfFuel))?;
        }
        Ok(())
    }

    /// Memory for an object, which is paid for together with the instruction that makes it.
    fn allocate(&mut self, bytes: u64) -> Result<Box<[u8]>, ConstExprError> {
        if bytes > Heap::MOST_BYTES {
            self.pay(0)?;
            return Err(ConstExprError::Trap(Trap::AllocationTooLarge));
        }
        self.pay(bytes)?;
        let requested = self.heap.growth(bytes);
        if self.heap.bytes().saturating_add(requested) > self.room {
            return Err(ConstExprError::Exhausted(Exhausted::Host { requested }));
        }
        Heap::zeros(bytes as usize).map_err(|NoMemory| no_memory(requested))
    }

    /// Makes an object of its bytes.
    fn add(&mut self, ty: TypeIdx, len: u32, data: Box<[u8]>) -> Result<Value, ConstExprError> {
        let requested = Heap::cost(data.len() as u64);
        let added = self.heap.add(self.types[ty.index()], len, data);
        let addr = added.map_err(|NoMemory| no_memory(requested))?;
        Ok([addr.reference(), 0])
    }
}

fn no_memory(requested: u64) -> ConstExprError {
    ConstExprError::Exhausted(Exhausted::Host { requested })
}

fn pop(stack: &mut Vec<Value>) -> Value {
    match stack.pop() {
        Some(value) => value,
        None => unreachable!("validated: operators have their operands"),
    }
}

/// A reference to a function in slot form.
pub fn reference(func: FuncAddr) -> u64 {
    u64::from(func.0) + 1
}

/// The result of an operator of extended constant expressions.
fn binop(instr: &Instr<'_>, a: u64, b: u64) -> u64 {
    let i32 = |result: u32| u64::from(result);
    match instr {
        Instr::I32Add => i32((a as u32).wrapping_add(b as u32)),
        Instr::I32Sub => i32((a as u32).wrapping_sub(b as u32)),
        Instr::I32Mul => i32((a as u32).wrapping_mul(b as u32)),
        Instr::I64Add => a.wrapping_add(b),
        Instr::I64Sub => a.wrapping_sub(b),
        Instr::I64Mul => a.wrapping_mul(b),
        _ => unreachable!("validated: {instr} is not constant"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::index::{FuncIdx, GlobalIdx};
    use crate::syntax::types::{GlobalType, HeapType, ValType};

    fn check(instrs: &[Instr<'static>], expected: Value) {
        let mut scope = Scope {
            types: &[],
            heap: &mut Heap::default(),
            room: 0,
            registry: &Arc::default(),
            fuel: None,
            store_globals: &[GlobalInst {
                value: [9, 0],
                ty: GlobalType {
                    value: ValType::I64,
                    mutable: false,
                },
            }],
            globals: &[GlobalAddr(0)],
            funcs: &[FuncAddr(7), FuncAddr(3)],
        };
        let expr = ConstExpr {
            instrs: instrs.iter().map(|instr| (*instr, 0)).collect(),
            end: 0,
        };
        assert_eq!(scope.eval(&expr), Ok(expected));
    }

    #[test]
    fn a_negative_i32_is_zero_extended() {
        check(&[Instr::I32Const { value: -1 }], [0xffff_ffff, 0]);
    }

    #[test]
    fn i32_arithmetic_wraps_within_32_bits() {
        let [a, b] = [i32::MIN, -1].map(|value| Instr::I32Const { value });
        check(&[a, b, Instr::I32Add], [0x7fff_ffff, 0]);
        check(&[a, b, Instr::I32Mul], [0x8000_0000, 0]);
        check(&[b, a, Instr::I32Sub], [0x7fff_ffff, 0]);
    }

    #[test]
    fn i64_operands_are_taken_in_order() {
        let [a, b] = [5, 7].map(|value| Instr::I64Const { value });
        check(&[a, b, Instr::I64Sub], [(-2i64) as u64, 0]);
    }

    #[test]
    fn references_are_one_more_than_addresses() {
        check(&[Instr::RefFunc { func: FuncIdx(1) }], [4, 0]);
        check(
            &[Instr::RefNull {
                heap: HeapType::Func,
            }],
            [0, 0],
        );
    }

    #[test]
    fn a_global_is_read_through_the_instance() {
        let global = Instr::GlobalGet {
            global: GlobalIdx(0),
        };
        check(&[global, global, Instr::I64Add], [18, 0]);
    }
}
