//! <https://webassembly.github.io/spec/core/valid/instructions.html#memory-instructions>

use super::table::smaller;
use super::{Check, ErrorKind, FuncValidator, SIGNATURES};
use crate::syntax::index::{DataIdx, MemIdx};
use crate::syntax::instr::{Class, MemArg, Opcode};
use crate::syntax::types::*;

impl FuncValidator<'_> {
    /// The type of a memory's addresses.
    fn memory(&self, mem: MemIdx) -> Check<ValType> {
        Ok(self.ctx.mem_at(mem)?.addr.val_type())
    }

    /// Loads, stores and atomic accesses: the type in the table, with `at` as the first parameter.
    #[inline]
    pub(super) fn access(&mut self, opcode: Opcode, memarg: MemArg) -> Check {
        let signature = &SIGNATURES[opcode as usize];
        let addr = self.ctx.mem_at(memarg.mem)?.addr;
        // Compare the exponent before any shift by it.
        let natural = signature.access_bytes.trailing_zeros();
        if memarg.align > natural || (memarg.align < natural && opcode.class() == Class::Atomic) {
            return Err(misaligned(opcode, memarg.align, natural));
        }
        match addr {
            AddrType::I32 if memarg.offset > u64::from(u32::MAX) => Err(ErrorKind::OffsetRange {
                offset: memarg.offset,
            })?,
            AddrType::I32 => self.plain(signature),
            AddrType::I64 => {
                let mut params = [ValType::I64; 4];
                let params = &mut params[..signature.params.len()];
                params[1..].copy_from_slice(&signature.params[1..]);
                self.rule(params, signature.results)
            }
        }
    }

    /// `[] -> [at]`
    pub(super) fn memory_size(&mut self, mem: MemIdx) -> Check {
        let at = self.memory(mem)?;
        self.rule(&[], &[at])
    }

    /// `[at] -> [at]`
    pub(super) fn memory_grow(&mut self, mem: MemIdx) -> Check {
        let at = self.memory(mem)?;
        self.rule(&[at], &[at])
    }

    /// `[at i32 at] -> []`
    pub(super) fn memory_fill(&mut self, mem: MemIdx) -> Check {
        let at = self.memory(mem)?;
        self.rule(&[at, ValType::I32, at], &[])
    }

    /// `[at1 at2 at] -> []`, where `at` is the smaller of the two.
    pub(super) fn memory_copy(&mut self, dst: MemIdx, src: MemIdx) -> Check {
        let (dst, src) = (self.ctx.mem_at(dst)?.addr, self.ctx.mem_at(src)?.addr);
        let len = smaller(dst, src);
        self.rule(&[dst.val_type(), src.val_type(), len.val_type()], &[])
    }

    /// `[at i32 i32] -> []`
    pub(super) fn memory_init(&mut self, opcode: Opcode, data: DataIdx, mem: MemIdx) -> Check {
        let at = self.memory(mem)?;
        self.check_data(opcode, data)?;
        self.rule(&[at, ValType::I32, ValType::I32], &[])
    }

    /// `[] -> []`
    pub(super) fn data_drop(&mut self, opcode: Opcode, data: DataIdx) -> Check {
        self.check_data(opcode, data)
    }

    /// Checks that a data segment exists, as the data count section says.
    pub(super) fn check_data(&self, opcode: Opcode, data: DataIdx) -> Check {
        if !self.ctx.has_data_count {
            Err(ErrorKind::DataCountRequired { instr: opcode })?;
        }
        self.ctx.data_at(data)
    }

    /// Checks a lane and the access of an instruction that has both.
    pub(super) fn access_lane(&mut self, opcode: Opcode, memarg: MemArg, lane: u8) -> Check {
        let lanes = 16 / SIGNATURES[opcode as usize].access_bytes;
        if lane >= lanes {
            Err(ErrorKind::Lane {
                instr: opcode,
                lane,
                lanes,
            })?;
        }
        self.access(opcode, memarg)
    }
}

#[cold]
fn misaligned(instr: Opcode, align: u32, natural: u32) -> Box<ErrorKind> {
    Box::new(match instr.class() {
        Class::Atomic => ErrorKind::AtomicAlignment {
            instr,
            align,
            natural,
        },
        _ => ErrorKind::Alignment {
            instr,
            align,
            natural,
        },
    })
}
