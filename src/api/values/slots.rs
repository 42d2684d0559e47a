//! Values in slots: the form in which calls pass them.
//!
//! A value is in one 64-bit slot: integers and floats zero-extended, references as one more than their address, 0 for null. A vector
//! fills two, its lower half first.

use core::cell::Cell;

use super::val::Val;
use super::wasm_ty::MAX;
use crate::error::Misuse;
use crate::runtime::store::Store;
use crate::syntax::types::ValType;

/// Room for the slots of a call: few of them in place, more of them allocated.
pub(crate) struct SlotBuffer {
    inline: [u64; MAX],
    allocated: Vec<u64>,
}

impl SlotBuffer {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            inline: [0; MAX],
            allocated: Vec::new(),
        }
    }

    /// Returns so many slots.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> &mut [u64] {
        match self.inline.get_mut(..count) {
            Some(slots) => slots,
            None => {
                self.allocated.resize(count, 0);
                &mut self.allocated
            }
        }
    }
}

/// Returns slots as cells: the form in which host functions see theirs.
#[inline]
pub(crate) fn cells(slots: &mut [u64]) -> &[Cell<u64>] {
    Cell::from_mut(slots).as_slice_of_cells()
}

/// Checks the number of values, `what` they are called in the error.
pub(crate) fn check_count(what: &'static str, expected: usize, found: usize) -> Result<(), Misuse> {
    match expected == found {
        true => Ok(()),
        false => Err(Misuse::Count {
            what,
            expected,
            found,
        }),
    }
}

/// Puts values into slots, each of the type expected in its place.
pub(crate) fn write(
    values: &[Val],
    types: &[ValType],
    slots: &[Cell<u64>],
    store: &Store,
) -> Result<(), Misuse> {
    let mut at = 0;
    for (value, ty) in values.iter().zip(types) {
        let count = ty.slots() as usize;
        let bits = value.to_slots(*ty, store)?;
        for (slot, bits) in slots[at..at + count].iter().zip(bits) {
            slot.set(bits);
        }
        at += count;
    }
    Ok(())
}

/// A slot that can be read.
pub(crate) trait ReadSlot {
    fn bits(&self) -> u64;
}

impl ReadSlot for u64 {
    fn bits(&self) -> u64 {
        *self
    }
}

impl ReadSlot for Cell<u64> {
    fn bits(&self) -> u64 {
        self.get()
    }
}

/// Reads the values of some types from slots.
pub(crate) fn read<'a>(
    types: &'a [ValType],
    slots: &'a [impl ReadSlot],
    store: &'a Store,
) -> impl Iterator<Item = Val> + 'a {
    let mut at = 0;
    types.iter().map(move |ty| {
        let high = if *ty == ValType::V128 {
            slots[at + 1].bits()
        } else {
            0
        };
        let value = Val::of_slots(*ty, [slots[at].bits(), high], store);
        at += ty.slots() as usize;
        value
    })
}

/// Reads the values of some types from slots into `values`.
pub(crate) fn read_into(types: &[ValType], slots: &[u64], store: &Store, values: &mut [Val]) {
    for (value, read) in values.iter_mut().zip(read(types, slots, store)) {
        *value = read;
    }
}
