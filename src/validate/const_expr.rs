//! Constant expressions: bodies of a few permitted instructions.
//! <https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions>

use super::context::{Context, unknown};
use super::error::{At, Check, ErrorKind, Space, ValidateError};
use super::stack::{Buffers, FuncValidator};
use crate::features::Feature;
use crate::syntax::index::FuncIdx;
use crate::syntax::instr::{Instr, Opcode};
use crate::syntax::module::ConstExpr;
use crate::syntax::types::ValType;

/// Checks constant expressions, one after another in the same memory.
#[derive(Debug, Default)]
pub(super) struct ConstExprs {
    buffers: Buffers,
    /// The functions to which the expressions refer.
    pub(super) refs: Vec<FuncIdx>,
}

impl ConstExprs {
    /// Checks that an expression is constant and yields a value of a type.
    ///
    /// The expression may read the globals that the context has at this point.
    pub(super) fn check(
        &mut self,
        ctx: &Context,
        expr: &ConstExpr,
        ty: ValType,
    ) -> Result<(), ValidateError> {
        let mut validator = FuncValidator::with_buffers(ctx, core::mem::take(&mut self.buffers));
        validator.begin_constant(ty);
        for (instr, at) in &expr.instrs {
            check_constant(ctx, instr).at(*at)?;
            validator.check_instr(instr, *at)?;
            if let Instr::RefFunc { func } = *instr {
                self.refs.push(func);
            }
        }
        validator.check_instr(&Instr::End, expr.end)?;
        self.buffers = validator.into_buffers();
        Ok(())
    }
}

/// Checks that an instruction is allowed in a constant expression.
fn check_constant(ctx: &Context, instr: &Instr<'_>) -> Check {
    let opcode: Opcode = instr.opcode();
    let is_constant = opcode.const_feature().is_some_and(|feature| {
        // An instruction of a disabled feature gets the error about the feature, which is more specific.
        feature == opcode.feature() || ctx.features.contains(feature)
    });
    if !is_constant {
        Err(ErrorKind::NotConstant { instr: opcode })?;
    }
    if let Instr::GlobalGet { global } = *instr {
        let ty = ctx.global_at(global)?;
        if global.0 >= ctx.imported_globals
            && !ctx.features.contains(Feature::ExtendedConst)
            && !ctx.features.contains(Feature::Gc)
        {
            return Err(unknown(
                Space::Global,
                global.0,
                ctx.imported_globals as usize,
            ));
        }
        if ty.mutable {
            Err(ErrorKind::MutableInConstant { global })?;
        }
    }
    Ok(())
}
