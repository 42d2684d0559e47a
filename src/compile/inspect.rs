//! Reads single functions and instructions of a compiled module again, as text: for backtraces and for people who work on lowering.

use crate::code::builder::ListedOp;
use crate::compile::Compiled;
use crate::decode::Body;

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
        let Some(entry) = self.module.bodies.get(defined as usize) else {
            return Vec::new();
        };
        let Ok((_, mut ops)) = functions.lower(defined, functions.entry_form(), true) else {
            return Vec::new();
        };
        let Ok(mut body) = Body::new(&self.bytes, entry) else {
            return Vec::new();
        };
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
