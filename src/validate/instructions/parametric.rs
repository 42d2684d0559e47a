//! <https://webassembly.github.io/spec/core/valid/instructions.html#parametric-instructions>

use super::{Check, ErrorKind, FuncValidator, OpType};
use crate::syntax::types::ValType;
use crate::validate::error::TypeList;

impl FuncValidator<'_> {
    /// Any operands, any results.
    pub(super) fn unreachable(&mut self) -> Check {
        self.set_unreachable();
        Ok(())
    }

    /// `[t] -> []`
    #[inline]
    pub(super) fn drop(&mut self) -> Check {
        self.pop_any().map(drop)
    }

    /// `[t t i32] -> [t]` for a number or vector type.
    #[inline]
    pub(super) fn select(&mut self) -> Check {
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
        Ok(())
    }

    /// `[t t i32] -> [t]`
    pub(super) fn select_typed(&mut self, types: &[ValType]) -> Check {
        let &[ty] = types else {
            Err(ErrorKind::ResultArity { found: types.len() })?
        };
        self.ctx.check_val_type(ty)?;
        self.rule(&[ty, ty, ValType::I32], &[ty])
    }
}
