//! Arithmetic on integers of 128 bits, each in two halves of which the lower one comes first.
//! <https://github.com/WebAssembly/wide-arithmetic>

/// An instruction from some 64-bit integers to the two halves of a result.
pub(crate) trait WideOp {
    /// Number of operands.
    const OPERANDS: usize;
    /// Computes the result.
    fn apply(operands: [u64; 4]) -> [u64; 2];
}

fn join(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

fn split(value: u128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}

macro_rules! wide_ops {
    ($($name:ident($operands:literal) = |$x:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl WideOp for $name {
            const OPERANDS: usize = $operands;
            #[inline(always)]
            fn apply($x: [u64; 4]) -> [u64; 2] {
                split($body)
            }
        }
    )*};
}

wide_ops! {
    I64Add128(4) = |x| join(x[0], x[1]).wrapping_add(join(x[2], x[3]));
    I64Sub128(4) = |x| join(x[0], x[1]).wrapping_sub(join(x[2], x[3]));
    I64MulWideS(2) = |x| (i128::from(x[0] as i64) * i128::from(x[1] as i64)) as u128;
    I64MulWideU(2) = |x| u128::from(x[0]) * u128::from(x[1]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: [u64; 9] = [
        0,
        1,
        2,
        0xffff_ffff,
        1 << 32,
        i64::MAX as u64,
        1 << 63,
        (1 << 63) + 1,
        u64::MAX,
    ];

    /// Calls a function with all combinations of four edge cases.
    fn combinations(mut test: impl FnMut([u64; 4])) {
        for a in EDGES {
            for b in EDGES {
                for c in EDGES {
                    for d in EDGES {
                        test([a, b, c, d]);
                    }
                }
            }
        }
    }

    #[test]
    fn sums_and_differences_are_those_of_halves_with_a_carry() {
        combinations(|x @ [a, b, c, d]| {
            let (low, carry) = a.overflowing_add(c);
            let high = b.wrapping_add(d).wrapping_add(carry.into());
            assert_eq!(I64Add128::apply(x), [low, high]);
            let (low, borrow) = a.overflowing_sub(c);
            let high = b.wrapping_sub(d).wrapping_sub(borrow.into());
            assert_eq!(I64Sub128::apply(x), [low, high]);
        });
    }

    /// The unsigned product by the method taught in schools, in digits of 32 bits.
    fn school([x, y]: [u64; 2]) -> [u64; 2] {
        let digits = |n: u64| [n & 0xffff_ffff, n >> 32];
        let mut sum = [0_u64; 4];
        for (i, x) in digits(x).into_iter().enumerate() {
            let mut carry = 0;
            for (j, y) in digits(y).into_iter().enumerate() {
                let digit = sum[i + j] + x * y + carry;
                sum[i + j] = digit & 0xffff_ffff;
                carry = digit >> 32;
            }
            sum[i + 2] += carry;
        }
        [sum[1] << 32 | sum[0], sum[3] << 32 | sum[2]]
    }

    #[test]
    fn products_are_those_of_digits() {
        combinations(|x @ [a, b, ..]| {
            let [low, high] = school([a, b]);
            assert_eq!(I64MulWideU::apply(x), [low, high]);
            // A negative operand counts for 2⁶⁴ less.
            let mut high = high;
            if (a as i64) < 0 {
                high = high.wrapping_sub(b);
            }
            if (b as i64) < 0 {
                high = high.wrapping_sub(a);
            }
            assert_eq!(I64MulWideS::apply(x), [low, high]);
        });
    }
}
