//! <https://webassembly.github.io/spec/core/valid/instructions.html#parametric-instructions>

use super::{ErrorKind, FuncValidator, OpType, Typed};
use crate::syntax::types::ValType;
use crate::validate::error::TypeList;
use crate::validate::stack::one_type;

impl FuncValidator<'_> {
    /// Any operands, any results.
    pub(super) fn unreachable(&mut self) -> Typed<'_> {
        self.set_unreachable();
        Ok((&[], &[]))
    }

    /// `[t] -> []`
    #[inline]
    pub(super) fn drop(&mut self) -> Typed<'_> {
        let ty = self.pop_any()?;
        Ok((one_type(ty, &mut self.buffers.params), &[]))
    }

    /// `[t t i32] -> [t]` for a number or vector type.
    #[inline]
    pub(super) fn select(&mut self) -> Typed<'_> {
        const fn of(ty: ValType) -> [ValType; 3] {
            [ty, ty, ValType::I32]
        }
        const PARAMS: [[ValType; 3]; 6] = [
            of(ValType::I32),
            of(ValType::I32),
            of(ValType::I64),
            of(ValType::F32),
            of(ValType::F64),
            of(ValType::V128),
        ];
        self.pop(OpType::I32)?;
        let second = self.pop_any()?;
        let first = self.pop_any()?;
        let equal = first == second || first == OpType::BOT || second == OpType::BOT;
        if !equal || first.is_ref() || second.is_ref() {
            Err(ErrorKind::Select {
                found: TypeList::new(&[first, second]),
            })?;
        }
        let ty = if first == OpType::BOT { second } else { first };
        self.push(ty);
        const { assert!(PARAMS.len() == OpType::V128.code() as usize + 1) };
        Ok((
            &const { PARAMS }[usize::from(ty.code())],
            one_type(ty, &mut self.buffers.results),
        ))
    }

    /// `[t t i32] -> [t]`
    pub(super) fn select_typed(&mut self, types: &[ValType]) -> Typed<'_> {
        let &[ty] = types else {
            Err(ErrorKind::ResultArity { found: types.len() })?
        };
        self.ctx.check_val_type(ty)?;
        self.rule(&[ty, ty, ValType::I32], &[ty])
    }

    /// Takes operands and leaves others: the whole rule of an instruction whose immediates say its type.
    pub(super) fn rule(&mut self, params: &[ValType], results: &[ValType]) -> Typed<'_> {
        self.apply(params, results)?;
        Ok((&self.buffers.params, &self.buffers.results))
    }
}
