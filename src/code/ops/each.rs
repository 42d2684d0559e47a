//! Every op there may be, as far as its handler depends on it: for those who want to see all handlers.
//!
//! The list follows from the declaration of [`Op`](super::Op) and from the types of its fields, so that nothing new can be left out.
//! Numbers do not matter to handlers, with few exceptions; they are placeholders here.

/// What a visitor thinks of the op it was shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The next one: the same op with other kinds of operands, if there are any left.
    More,
    /// The next one that differs in more than kinds of operands.
    Other,
}

/// Shows all ops of a variant: a loop for each of its fields, one within another. A field that is no kind of operand begins anew
/// whatever the visitor had enough of.
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
