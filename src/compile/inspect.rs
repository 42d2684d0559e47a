//! Reads single functions and instructions of a compiled module again: for backtraces, and for people who work on lowering.

use super::{Compiled, Functions};
use crate::code::MemAccess;
use crate::code::builder::ListedOp;
use crate::decode::Body;
use crate::syntax::instr::{Class, Instr, MemArg};

/// An instruction and the ops that it was lowered to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedInstr {
    /// The offset of the instruction in the binary.
    pub offset: usize,
    /// The instruction in the text format.
    pub instr: String,
    /// Its ops, each with its position in the function's code. Empty where a later instruction took it in.
    pub ops: Vec<(u32, String)>,
}

impl Compiled {
    /// Lists the instructions of a function with their ops.
    pub fn listing(&self, defined: u32) -> Vec<ListedInstr> {
        let functions = &self.functions;
        if defined as usize >= self.module.bodies.len() {
            return Vec::new();
        }
        let Ok((_, mut ops)) = functions.lower(defined, functions.entry_form(), true) else {
            return Vec::new();
        };
        let mut body = functions.body(defined);
        // Ops stand in the order of execution, which is not always that of the instructions they came from.
        ops.sort_by_key(|op| op.offset);
        let mut listed = ops.into_iter().peekable();
        let mut listing = Vec::new();
        while let Ok(Some((instr, at))) = &body.next() {
            let mut ops = Vec::new();
            while let Some(ListedOp { cell, op, .. }) = listed.next_if(|op| op.offset <= *at) {
                ops.push((cell.0, op.to_string()));
            }
            listing.push(ListedInstr {
                offset: *at,
                instr: instr.to_string(),
                ops,
            });
        }
        listing
    }

    /// Returns the instruction at an offset of a function's body, as text.
    pub fn instr_at(&self, defined: u32, offset: usize) -> Option<String> {
        let entry = self.module.bodies.get(defined as usize)?;
        let mut body = Body::from_offset(&self.bytes, entry, offset);
        let (instr, _) = body.next().ok()??;
        Some(instr.to_string())
    }
}

impl Functions {
    /// Returns the access to a memory of the instruction at an offset of a function's body, if it is one.
    pub(super) fn mem_access(&self, defined: u32, offset: usize) -> Option<MemAccess> {
        let entry = &self.module.bodies[defined as usize];
        let mut body = Body::from_offset(&self.bytes, entry, offset);
        let Ok(Some((instr, _))) = body.next() else {
            return None;
        };
        let opcode = instr.opcode();
        Some(match instr {
            Instr::MemoryFill { mem } => MemAccess::Fill { mem: mem.0 },
            Instr::MemoryInit { mem, .. } => MemAccess::Init { mem: mem.0 },
            Instr::MemoryCopy { dst, src } => MemAccess::Copy {
                to: dst.0,
                from: src.0,
            },
            _ => {
                let MemArg { offset, mem, .. } = instr.memarg()?;
                MemAccess::At {
                    mem: mem.0,
                    offset,
                    bytes: opcode.access_bytes()?.into(),
                    // An atomic op has one more cell in front, which says what it does.
                    cell: usize::from(opcode.class() == Class::Atomic),
                }
            }
        })
    }
}
