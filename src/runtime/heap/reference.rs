//! References in slot form.
//!
//! References of the hierarchies of `any` and `extern` look the same, so that converting one into the other does nothing: 0 is null, and
//! all others have a tag in their upper half. The tags are those of NaNs that arithmetic does not yield, so that a number on the value
//! stack is hardly ever taken for a reference. Values of the host are objects.
//! References to functions are one more than the address.

/// The upper half of a reference to an object.
const OBJECT: u64 = 0x7ffd_5449 << 32;
/// The upper half of an unboxed integer.
const I31: u64 = 0x7ffe_5449 << 32;
/// The upper half.
const TAG: u64 = 0xffff_ffff << 32;

/// An object of a store's heap: its position there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectAddr(pub u32);

/// The target of a reference of the hierarchies of `any` and `extern`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Referent {
    /// Nothing.
    Null,
    /// Itself: the lower 31 bits of a number.
    I31(u32),
    /// An object.
    Object(ObjectAddr),
}

impl ObjectAddr {
    /// The position in the heap.
    #[inline(always)]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// A reference to the object.
    #[inline(always)]
    pub const fn reference(self) -> u64 {
        OBJECT | self.0 as u64
    }

    /// The object that a slot leads to, if it holds a reference to one.
    #[inline(always)]
    pub const fn of_slot(slot: u64) -> Option<Self> {
        if slot & TAG == OBJECT {
            Some(Self(slot as u32))
        } else {
            None
        }
    }
}

/// The unboxed integer of the lower 31 bits of a number.
#[inline(always)]
pub const fn i31(value: u32) -> u64 {
    I31 | (value & 0x7fff_ffff) as u64
}

/// Whether a slot holds an unboxed integer.
#[inline(always)]
pub const fn is_i31(slot: u64) -> bool {
    slot & TAG == I31
}

/// The target of the reference in a slot.
pub const fn referent(slot: u64) -> Referent {
    match slot & TAG {
        OBJECT => Referent::Object(ObjectAddr(slot as u32)),
        I31 => Referent::I31(slot as u32),
        _ => Referent::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_different_kinds_differ() {
        assert_eq!(referent(0), Referent::Null);
        assert_eq!(referent(i31(u32::MAX)), Referent::I31(0x7fff_ffff));
        let object = ObjectAddr(u32::MAX);
        assert_eq!(referent(object.reference()), Referent::Object(object));
        assert_eq!(ObjectAddr::of_slot(i31(3)), None);
        assert!(!is_i31(object.reference()) && is_i31(i31(0)));
    }
}
