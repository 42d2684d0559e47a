//! References. Holds unsafe code: see the parent.

use super::operand::{Source, read};
use super::trap;
use crate::exec::dispatch::{handler, next};
use crate::runtime::trap::Trap;

handler! {
    /// trap if `x` is null
    fn non_null[X: Source<u64>](r) {
        let (x,) = read!(NonNull<X>, r);
        if x == 0 {
            return trap(r, Trap::NullReference);
        }
        next(r)
    }
}
