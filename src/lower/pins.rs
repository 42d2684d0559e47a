//! The choice of locals that get a register: one for each bank, the one used most, weighted by loops.

use super::locals::ByLocal;
use super::{Lowerer, bank};
use crate::code::ops::{Bank, Op};
use crate::syntax::index::LocalIdx;
use crate::syntax::instr::Instr;
use crate::syntax::types::ValType;

/// The number of uses of a function's locals, estimated from its text.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    uses: ByLocal<u64>,
    calls: u64,
    /// For each open block whether it is a loop.
    blocks: Vec<bool>,
    /// Number of them that are loops.
    depth: u32,
}

impl Survey {
    /// Counts an instruction.
    pub fn instr(&mut self, instr: &Instr<'_>) {
        match *instr {
            Instr::LocalGet { local } | Instr::LocalSet { local } | Instr::LocalTee { local } => {
                let weight = self.weight();
                let uses = self.uses.get_mut(local, |_| 0);
                *uses = uses.saturating_add(weight);
            }
            Instr::Call { .. } | Instr::CallIndirect { .. } | Instr::CallRef { .. } => {
                self.calls = self.calls.saturating_add(self.weight());
            }
            Instr::Loop { .. } => {
                self.blocks.push(true);
                self.depth += 1;
            }
            Instr::Block { .. } | Instr::If { .. } | Instr::TryTable { .. } | Instr::Try { .. } => {
                self.blocks.push(false)
            }
            Instr::End | Instr::Delegate { .. } => {
                self.depth -= u32::from(self.blocks.pop() == Some(true))
            }
            _ => {}
        }
    }

    /// The weight of a use: an instruction in a loop runs more often, by a factor that is a guess.
    fn weight(&self) -> u64 {
        1 << (3 * self.depth.min(10))
    }
}

impl Lowerer<'_> {
    /// Pins the locals that are worth it, and loads the pins.
    pub(super) fn pin_locals(&mut self, survey: &Survey) {
        let mut best: [Option<(u64, LocalIdx)>; 3] = [None; 3];
        for (local, uses) in survey.uses.iter() {
            let ty = self.operands.local_ty(local);
            if ty == ValType::V128 {
                continue;
            }
            let best = &mut best[bank(ty) as usize];
            if best.is_none_or(|(most, _)| uses > most) {
                *best = Some((uses, local));
            }
        }
        for (best, bank) in best.into_iter().zip([Bank::Int, Bank::F32, Bank::F64]) {
            // A pin is loaded once at the beginning and once after each call.
            if let Some((uses, local)) = best
                && uses > 2 + 2 * survey.calls
            {
                let home = self.operands.pin(local);
                self.pins.push((bank, home));
            }
        }
        self.load_pins();
    }

    /// Loads the pins from their homes.
    pub(super) fn load_pins(&mut self) {
        for at in 0..self.pins.len() {
            let (bank, home) = self.pins[at];
            self.emit(Op::LoadPin { bank, home });
        }
    }
}
