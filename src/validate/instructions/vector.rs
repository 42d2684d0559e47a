//! Lanes, the only immediates of vector instructions that need checking; the types of the instructions are in the table.
//! <https://webassembly.github.io/spec/core/valid/instructions.html#vector-instructions>

use super::{Check, ErrorKind, FuncValidator, SIGNATURES};
use crate::syntax::instr::Opcode;

impl FuncValidator<'_> {
    /// The type in the table, for a lane of the shape.
    pub(super) fn lane(&mut self, opcode: Opcode, lane: u8, lanes: u8) -> Check {
        if lane >= lanes {
            Err(ErrorKind::Lane {
                instr: opcode,
                lane,
                lanes,
            })?;
        }
        self.plain(&SIGNATURES[opcode as usize])
    }

    /// The type in the table, for lanes of two vectors.
    pub(super) fn shuffle(&mut self, opcode: Opcode, lanes: [u8; 16]) -> Check {
        match lanes.into_iter().find(|&lane| lane >= 32) {
            Some(lane) => Err(ErrorKind::Lane {
                instr: opcode,
                lane,
                lanes: 32,
            })?,
            None => self.plain(&SIGNATURES[opcode as usize]),
        }
    }
}
