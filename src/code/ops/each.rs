//! Every op there may be, as far as its handler depends on it: for those who want to see all handlers.
//!
//! The list follows from the declaration of [`Op`](super::Op) and from the types of its fields, so that nothing new can be left out.
//! Numbers do not matter to handlers, with few exceptions; they are placeholders here.

use super::*;

/// What a visitor thinks of the op it was shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The next one: the same op with other kinds of operands, if there are any left.
    More,
    /// The next one that differs in more than kinds of operands.
    Other,
}

/// The type of a field of an op.
pub trait Field: Copy + 'static {
    /// The values that a handler may depend on, or one placeholder.
    const EACH: &'static [Self];
    /// Whether the value is a kind of operand, which [`Next::Other`] skips.
    const IS_KIND: bool = false;
}

macro_rules! fields {
    ($($ty:ty = $each:expr $(, $is_kind:literal)?;)*) => {$(
        impl Field for $ty {
            const EACH: &'static [Self] = $each;
            $(const IS_KIND: bool = $is_kind;)?
        }
    )*};
}

const SRC: [Src; 5] = [
    Src::Slot(0),
    Src::Acc,
    Src::Pin,
    Src::Imm32(1),
    Src::Imm64(1),
];

/// The kinds of addresses: of one operand, or of two.
const ADDR: [Addr; 55] = {
    let mut each = [Addr::Plain(SRC[0]); 55];
    let mut i = 0;
    while i < 5 {
        each[i] = Addr::Plain(SRC[i]);
        let mut j = 0;
        while j < 5 {
            each[5 + 5 * i + j] = Addr::Sum(SRC[i], SRC[j]);
            each[30 + 5 * i + j] = Addr::Scaled(SRC[i], SRC[j]);
            j += 1;
        }
        i += 1;
    }
    each
};

fields! {
    Src = &SRC, true;
    Dst = &[Dst::Slot(0), Dst::Acc, Dst::Pin(0)], true;
    Addr = &ADDR, true;
    Bank = Bank::ALL;
    Floats = Floats::ALL;
    Runtime = Runtime::ALL;
    Object = Object::ALL;
    Opcode = Opcode::ALL;
    bool = &[false, true];
    // Placeholders.
    Atomic = &[Atomic::Load];
    SlotOffset = &[0];
    u32 = &[0];
    u64 = &[0];
    // Without a charge, and with one that does not last for one slice of fuel, so that the machine has to look for more again and again.
    Option<u32> = &[None, Some(50_000)];
    [u8; 16] = &[[0; 16]];
    Access = &[Access { mem: 0, wide: false, width: 2, offset: 0 }];
    CallFrame = &[CallFrame { delta: 0, params: 0, slots: 0 }];
    TailFrame = &[TailFrame { from: 0, to: 0, params: 0, slots: 0 }];
    Target = &[Target::Top];
}

/// Shows all ops of a variant: a loop for each of its fields, one within another. A field that is no kind of operand begins anew
/// whatever the visitor had enough of.
macro_rules! each_of {
    ($visit:ident, $enough:ident, $op:expr;) => {
        $enough.set($visit(&$op) == $crate::code::ops::Next::Other)
    };
    ($visit:ident, $enough:ident, $op:expr; $field:ident: $ty:ty, $($rest:tt)*) => {
        for &$field in <$ty as $crate::code::ops::each::Field>::EACH {
            if !<$ty as $crate::code::ops::each::Field>::IS_KIND {
                $enough.set(false);
            } else if $enough.get() {
                break;
            }
            each_of!($visit, $enough, $op; $($rest)*);
        }
    };
}

/// Declares an enum of ops together with [`Op::each`].
macro_rules! ops {
    (
        $(#[$meta:meta])*
        pub enum Op {$(
            $(#[$doc:meta])*
            $name:ident $({$(
                $(#[$field_doc:meta])*
                $field:ident: $ty:ty,
            )*})?,
        )*}
    ) => {
        $(#[$meta])*
        pub enum Op {$(
            $(#[$doc])*
            $name $({$(
                $(#[$field_doc])*
                $field: $ty,
            )*})?,
        )*}

        impl Op {
            /// Shows every op to a visitor, with every combination of kinds of operands unless it has enough of an op. Most of them
            /// do not exist: the visitor has to find out.
            pub fn each(mut visit: impl FnMut(&Self) -> Next) {
                let enough = core::cell::Cell::new(false);
                $(
                    enough.set(false);
                    each_of!(visit, enough, Op::$name $({$($field),*})?; $($($field: $ty,)*)?);
                )*
            }
        }
    };
}

/// Declares an enum together with a list of all its values, each at its number.
macro_rules! listed {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {$(
            $(#[$doc:meta])*
            $value:ident,
        )*}
    ) => {
        $(#[$meta])*
        pub enum $name {$(
            $(#[$doc])*
            $value,
        )*}

        impl $name {
            /// All of them, each at its number.
            pub const ALL: &'static [Self] = &[$(Self::$value,)*];
        }
    };
}

pub(super) use {each_of, listed, ops};
