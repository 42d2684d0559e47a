//! Every op that may exist, up to the operands that its handler does not depend on: for visiting all handlers.
//!
//! The list is derived from the declaration of [`Op`](super::Op) and from the types of its fields, so that no new one can be left out.
//! Handlers do not depend on numbers, with few exceptions; numbers are placeholders here.

/// The answer of a visitor to the op it was shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Continue with the next op: the same with other kinds of operands, if there are any left.
    More,
    /// Continue with the next op that differs in more than kinds of operands.
    Other,
}

/// Shows all ops of a variant: a loop for each of its fields, one within another. A field that is no kind of operand resets the
/// visitor's request to skip.
macro_rules! each_of {
    ($visit:ident, $enough:ident, $op:expr;) => {
        $enough.set($visit(&$op) == $crate::code::ops::Next::Other)
    };
    ($visit:ident, $enough:ident, $op:expr; $field:ident: $ty:ty, $($rest:tt)*) => {
        for &$field in <$ty as $crate::code::ops::Operand>::EACH {
            if !<$ty as $crate::code::ops::Operand>::IS_KIND {
                $enough.set(false);
            } else if $enough.get() {
                break;
            }
            each_of!($visit, $enough, $op; $($rest)*);
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

pub(super) use {each_of, listed};
