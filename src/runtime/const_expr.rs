//! Evaluates constant expressions, with an operand stack of its own.
//!
//! What such an expression may contain is checked by validation; nothing in it can trap.
//! <https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions>

use super::addr::{FuncAddr, GlobalAddr};
use super::global_inst::GlobalInst;
use crate::syntax::instr::Instr;
use crate::syntax::module::ConstExpr;

/// A value in slots: a vector fills both, anything else the first.
pub type Value = [u64; 2];

/// What constant expressions of an instance can refer to.
pub struct Scope<'a> {
    /// The store's globals.
    pub store_globals: &'a [GlobalInst],
    /// The instance's globals, as far as they exist.
    pub globals: &'a [GlobalAddr],
    /// The instance's functions.
    pub funcs: &'a [FuncAddr],
}

impl Scope<'_> {
    /// The value of an expression.
    pub fn eval(&self, expr: &ConstExpr) -> Value {
        match &*expr.instrs {
            // Nearly all expressions are one instruction, which needs no stack.
            [(instr, _)] => match self.leaf(instr) {
                Some(value) => value,
                None => unreachable!("validated: operands precede their operator"),
            },
            instrs => self.run(instrs),
        }
    }

    fn run(&self, instrs: &[(Instr<'static>, usize)]) -> Value {
        let mut stack: Vec<Value> = Vec::new();
        for (instr, _) in instrs {
            let value = match self.leaf(instr) {
                Some(value) => value,
                None => match (stack.pop(), stack.pop()) {
                    (Some([b, _]), Some([a, _])) => [binop(instr, a, b), 0],
                    _ => unreachable!("validated: operators have their operands"),
                },
            };
            stack.push(value);
        }
        match stack.pop() {
            Some(value) => value,
            None => unreachable!("validated: a constant expression has one result"),
        }
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
        let scope = Scope {
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
        assert_eq!(scope.eval(&expr), expected);
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
