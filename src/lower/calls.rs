//! Calls and returns.

use super::operands::Operands;
use super::{Lowerer, bank};
use crate::code::Form;
use crate::code::ops::{CallFrame, Op, TailFrame};
use crate::syntax::index::*;
use crate::syntax::types::ValType;

/// Slots of the record between arguments and locals.
const RECORD_SLOTS: u32 = 2;

impl Lowerer<'_> {
    pub(super) fn call(&mut self, func: FuncIdx) {
        let ty = self.module.funcs[func.index()];
        let frame = self.call_frame(ty);
        match self.defined(func) {
            Some(defined) => self.emit(Op::Call {
                defined,
                delta: frame.delta,
            }),
            None => self.emit(Op::CallImport {
                func: func.0,
                frame,
            }),
        }
        self.after_call(ty);
    }

    pub(super) fn call_indirect(&mut self, callee: TypeIdx, table: TableIdx) {
        self.narrow_index(table);
        let index = self.operands.pop();
        let x = self.source(&index);
        // Arguments are moved into their slots after the index has been found: copies do not change accumulators.
        let frame = self.call_frame(callee);
        let ty = self.module.types[callee.index()];
        self.emit(Op::CallIndirect {
            x,
            table: table.0,
            ty,
            frame,
        });
        self.after_call(callee);
    }

    pub(super) fn return_call(&mut self, func: FuncIdx) {
        let tail = self.tail_frame(self.module.funcs[func.index()]);
        match self.defined(func) {
            Some(defined) => self.emit(Op::ReturnCall { defined, tail }),
            None => self.emit(Op::ReturnCallImport { func: func.0, tail }),
        }
        self.unreachable_from_here();
    }

    pub(super) fn return_call_indirect(&mut self, callee: TypeIdx, table: TableIdx) {
        self.narrow_index(table);
        let index = self.operands.pop();
        let x = self.source(&index);
        let tail = self.tail_frame(callee);
        let ty = self.module.types[callee.index()];
        self.emit(Op::ReturnCallIndirect {
            x,
            table: table.0,
            ty,
            tail,
        });
        self.unreachable_from_here();
    }

    /// Moves everything into its slot and pops the arguments of a function of type `ty`; returns their place.
    pub(super) fn call_frame(&mut self, ty: TypeIdx) -> CallFrame {
        self.flush_all();
        let height = self.operands.height() - self.module.func_type(ty).params.len();
        self.operands.truncate(height);
        let frame = self.module.slots[ty.index()];
        let slots = frame.most();
        let first = self.operands.slot_at(height);
        // The frame has room for the call's record too: the callee's frame begins within it or at its end.
        let end = slots.max(frame.params + RECORD_SLOTS);
        self.operands.reserve(first.saturating_add(end));
        let delta = Operands::offset(first.saturating_add(frame.params + RECORD_SLOTS)) as u32;
        CallFrame {
            delta,
            params: frame.params,
            slots,
        }
    }

    /// Pushes the results of a function of type `ty`, which are in their slots; a single one that is no vector is in the accumulator as well.
    /// The call has overwritten the pins.
    pub(super) fn after_call(&mut self, ty: TypeIdx) {
        self.rejoin();
        self.operands.clear_accs();
        let results = &self.module.func_type(ty).results;
        let filled = self.module.slots[ty.index()].results;
        self.operands.push_all_stored(results, filled);
        if let &[ty] = &**results
            && ty != ValType::V128
            && self.module.form != Form::Exact
        {
            let slot = self.operands.top().slot;
            self.operands
                .set_acc(bank(ty), Some(Operands::offset(slot)));
        }
        self.load_pins();
    }

    /// As [`call_frame`](Self::call_frame), for a call that replaces the current one, whose results are this function's.
    pub(super) fn tail_frame(&mut self, ty: TypeIdx) -> TailFrame {
        let height = self.operands.height() - self.module.func_type(ty).params.len();
        self.flush_from(height);
        self.settle();
        let from = Operands::offset(self.operands.slot_at(height));
        let params = self.module.slots[ty.index()].params;
        let slots = params.max(self.label_slots(self.function_label()));
        TailFrame {
            from,
            to: self.operands.results_at(),
            params,
            slots,
        }
    }

    /// Returns from the function; the operands stay, since the return may be conditional.
    pub(super) fn emit_return(&mut self) {
        let count = self.results().len();
        let to = self.operands.results_at();
        match count {
            0 => {
                self.settle();
                self.emit(Op::Return0);
            }
            1 => {
                let value = self.operands.top();
                let bank = bank(value.ty);
                let [x] = self.sources([&value]);
                self.emit(Op::Return1 { bank, x, to });
            }
            _ => {
                let height = self.operands.height() - count;
                let count = self.label_slots(self.function_label());
                self.flush_from(height);
                self.settle();
                let from = Operands::offset(self.operands.slot_at(height));
                self.emit(Op::ReturnMany { from, to, count });
            }
        }
    }

    pub(super) fn return_(&mut self) {
        self.emit_return();
        self.unreachable_from_here();
    }
}
