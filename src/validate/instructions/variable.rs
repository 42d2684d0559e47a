//! <https://webassembly.github.io/spec/core/valid/instructions.html#variable-instructions>

use super::{Check, ErrorKind, FuncValidator, OpType};
use crate::syntax::index::{GlobalIdx, LocalIdx};

impl FuncValidator<'_> {
    /// `[] -> [t]`
    #[inline(always)]
    pub(super) fn local_get(&mut self, local: LocalIdx) -> Check {
        let ty = self.local(local)?;
        if ty.is_non_null() {
            self.check_set(local, ty)?;
        }
        self.push(ty);
        Ok(())
    }

    /// `[t] -> []`
    #[inline(always)]
    pub(super) fn local_set(&mut self, local: LocalIdx) -> Check {
        let ty = self.local(local)?;
        self.pop(ty)?;
        if ty.is_non_null() {
            self.set_local(local);
        }
        Ok(())
    }

    /// `[t] -> [t]`
    #[inline(always)]
    pub(super) fn local_tee(&mut self, local: LocalIdx) -> Check {
        let ty = self.local(local)?;
        self.pop(ty)?;
        self.push(ty);
        if ty.is_non_null() {
            self.set_local(local);
        }
        Ok(())
    }

    /// `[] -> [t]`
    #[inline]
    pub(super) fn global_get(&mut self, global: GlobalIdx) -> Check {
        let ty = self.ctx.global_at(global)?;
        self.push(self.ctx.pack(ty.value));
        Ok(())
    }

    /// `[t] -> []`
    #[inline]
    pub(super) fn global_set(&mut self, global: GlobalIdx) -> Check {
        let ty = self.ctx.global_at(global)?;
        if !ty.mutable {
            Err(ErrorKind::ImmutableGlobal { global })?;
        }
        self.pop(self.ctx.pack(ty.value))
    }

    #[cold]
    fn check_set(&self, local: LocalIdx, ty: OpType) -> Check {
        if self.is_set(local) {
            Ok(())
        } else {
            Err(ErrorKind::UninitializedLocal { local, ty })?
        }
    }
}
