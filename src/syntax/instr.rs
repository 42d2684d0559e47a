//! Instructions, derived from the table in `instructions`.

/// An instruction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Instr<'a> {
    /// A label list.
    BrTable(&'a [u32]),
}
