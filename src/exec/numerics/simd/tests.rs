//! Vectors against numbers: integers against wider arithmetic, floats against the instructions on single floats.

use proptest::prelude::*;

use super::*;
use crate::exec::numerics::*;

/// The reading of lanes as numbers.
#[derive(Clone, Copy)]
struct Shape {
    bits: u32,
    signed: bool,
}

const S8: Shape = shape(8, true);
const U8: Shape = shape(8, false);
const S16: Shape = shape(16, true);
const U16: Shape = shape(16, false);
const S32: Shape = shape(32, true);
const U32: Shape = shape(32, false);
const S64: Shape = shape(64, true);
const U64: Shape = shape(64, false);

const fn shape(bits: u32, signed: bool) -> Shape {
    Shape { bits, signed }
}

impl Shape {
    fn least(self) -> i128 {
        if self.signed {
            -1 << (self.bits - 1)
        } else {
            0
        }
    }

    fn most(self) -> i128 {
        self.least() + (1 << self.bits) - 1
    }

    /// The lanes of a vector.
    fn read(self, vector: V128) -> Vec<i128> {
        let all = u128::from_le_bytes(vector.0);
        let lane = |i| {
            let lane = (all >> (i * self.bits)) as i128 & ((1 << self.bits) - 1);
            if lane > self.most() {
                lane - (1 << self.bits)
            } else {
                lane
            }
        };
        (0..128 / self.bits).map(lane).collect()
    }

    /// The vector of lanes, each reduced to its width.
    fn write(self, lanes: &[i128]) -> V128 {
        assert_eq!(lanes.len() as u32, 128 / self.bits);
        let mask = (1 << self.bits) - 1;
        let all = lanes.iter().rev().fold(0, |all, lane| {
            (all << (self.bits % 128)) | (lane & mask) as u128
        });
        V128(all.to_le_bytes())
    }

    fn saturate(self, x: i128) -> i128 {
        x.clamp(self.least(), self.most())
    }
}

fn truth(holds: bool) -> i128 {
    if holds { -1 } else { 0 }
}

/// Bytes worth testing.
const BYTES: [u8; 8] = [0, 1, 2, 0x0f, 0x10, 0x7f, 0x80, 0xff];
/// 16-bit integers worth testing.
const WORDS: [u16; 6] = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff];
/// Floats worth testing: where rounding, conversion or comparison is special.
#[rustfmt::skip]
const SINGLES: [f32; 24] = [
    0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, -0.7, 1e-45, 8_388_607.5, -8_388_607.5, 8_388_608.0, 4_194_304.5, 2_147_483_520.0,
    2_147_483_648.0, 4_294_967_040.0, 4_294_967_296.0, -2_147_483_648.0, -1.0, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -1e10,
];
/// As above.
#[rustfmt::skip]
const DOUBLES: [f64; 20] = [
    0.0, -0.0, 0.5, -0.5, 2.5, -3.5, -0.7, 4_503_599_627_370_495.5, -4_503_599_627_370_495.5, 4_503_599_627_370_496.0, 5e-324,
    2_147_483_647.9, 4_294_967_295.9, -2_147_483_648.9, -0.99, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-40,
];

/// Lanes of which two in three are from a list; `choice` determines which.
fn some_of<T: Copy, const N: usize>(list: &[T], random: [T; N], choice: u128) -> [T; N] {
    core::array::from_fn(|i| {
        let choice = (choice >> (i * 128 / N)) as usize % 256;
        list.get(choice % (list.len() * 3 / 2))
            .copied()
            .unwrap_or(random[i])
    })
}

/// Vectors with lanes worth testing, in all shapes.
fn vectors() -> impl Strategy<Value = V128> {
    (any::<[u8; 16]>(), any::<u128>(), 0..5_u32).prop_map(|(random, choice, kind)| {
        let random = V128(random);
        match kind {
            0 => some_of(&BYTES, Lanes::of(random), choice).vector(),
            1 => some_of(&WORDS, Lanes::of(random), choice).vector(),
            2 => some_of(&SINGLES, Lanes::of(random), choice).vector(),
            3 => some_of(&DOUBLES, Lanes::of(random), choice).vector(),
            _ => random,
        }
    })
}

/// Integers: operand shape, result shape, and each lane of the result.
macro_rules! integer_unops {
    ($x:ident, $y:ident; $($name:ident $from:ident $to:ident |$a:ident| $lane:expr;)*) => {$({
        let lanes: Vec<i128> = $from.read($x).into_iter().map(|$a| $lane).collect();
        prop_assert_eq!($name::apply($x), $to.write(&lanes), "{}", stringify!($name));
    })*};
}

macro_rules! integer_binops {
    ($x:ident, $y:ident; $($name:ident $from:ident $to:ident |$a:ident, $b:ident| $lane:expr;)*) => {$({
        let lanes: Vec<i128> = $from.read($x).into_iter().zip($from.read($y)).map(|($a, $b)| $lane).collect();
        prop_assert_eq!(<$name as Binop>::apply($x, $y), $to.write(&lanes), "{}", stringify!($name));
    })*};
}

/// All operations of an integer shape that has a signed and an unsigned reading.
macro_rules! common {
    ($x:ident, $y:ident, $count:ident, $s:ident $u:ident;
        $Abs:ident $Neg:ident $Add:ident $Sub:ident $Eq:ident $Ne:ident $LtS:ident $GtS:ident $LeS:ident $GeS:ident
        $Shl:ident $ShrS:ident $ShrU:ident $AllTrue:ident $Bitmask:ident
    ) => {
        integer_unops! { $x, $y;
            $Abs $s $s |a| a.abs();
            $Neg $s $s |a| -a;
        }
        integer_binops! { $x, $y;
            $Add $s $s |a, b| a + b;
            $Sub $s $s |a, b| a - b;
            $Eq $s $s |a, b| truth(a == b);
            $Ne $s $s |a, b| truth(a != b);
            $LtS $s $s |a, b| truth(a < b);
            $GtS $s $s |a, b| truth(a > b);
            $LeS $s $s |a, b| truth(a <= b);
            $GeS $s $s |a, b| truth(a >= b);
        }
        let by = $count % $s.bits;
        let shifted = |shape: Shape, shift: fn(i128, u32) -> i128| {
            let lanes: Vec<i128> = shape.read($x).into_iter().map(|a| shift(a, by)).collect();
            shape.write(&lanes)
        };
        prop_assert_eq!(
            $Shl::apply($x, $count),
            shifted($u, |a, by| a << by),
            "{}",
            stringify!($Shl)
        );
        prop_assert_eq!(
            $ShrS::apply($x, $count),
            shifted($s, |a, by| a >> by),
            "{}",
            stringify!($ShrS)
        );
        prop_assert_eq!(
            $ShrU::apply($x, $count),
            shifted($u, |a, by| a >> by),
            "{}",
            stringify!($ShrU)
        );
        let lanes = $s.read($x);
        prop_assert_eq!(
            $AllTrue::apply($x) == 1,
            lanes.iter().all(|a| *a != 0),
            "{}",
            stringify!($AllTrue)
        );
        let signs = lanes
            .iter()
            .rev()
            .fold(0, |signs, a| signs << 1 | u32::from(*a < 0));
        prop_assert_eq!($Bitmask::apply($x), signs, "{}", stringify!($Bitmask));
    };
}

macro_rules! narrow {
    ($x:ident, $y:ident, $s:ident $u:ident;
        $LtU:ident $GtU:ident $LeU:ident $GeU:ident $MinS:ident $MinU:ident $MaxS:ident $MaxU:ident
    ) => {
        integer_binops! { $x, $y;
            $LtU $u $u |a, b| truth(a < b);
            $GtU $u $u |a, b| truth(a > b);
            $LeU $u $u |a, b| truth(a <= b);
            $GeU $u $u |a, b| truth(a >= b);
            $MinS $s $s |a, b| a.min(b);
            $MinU $u $u |a, b| a.min(b);
            $MaxS $s $s |a, b| a.max(b);
            $MaxU $u $u |a, b| a.max(b);
        }
    };
}

/// Operations that widen lanes: of the lower half, of the upper half, of neighbours.
macro_rules! widen {
    ($x:ident, $y:ident; $($from:ident $to:ident $Low:ident $High:ident $MulLow:ident $MulHigh:ident $($Pairs:ident)?;)*) => {$({
        let (a, b) = ($from.read($x), $from.read($y));
        let half = a.len() / 2;
        let products: Vec<i128> = a.iter().zip(&b).map(|(a, b)| a * b).collect();
        prop_assert_eq!($Low::apply($x), $to.write(&a[..half]), "{}", stringify!($Low));
        prop_assert_eq!($High::apply($x), $to.write(&a[half..]), "{}", stringify!($High));
        prop_assert_eq!(<$MulLow as Binop>::apply($x, $y), $to.write(&products[..half]), "{}", stringify!($MulLow));
        prop_assert_eq!(<$MulHigh as Binop>::apply($x, $y), $to.write(&products[half..]), "{}", stringify!($MulHigh));
        $(
            let sums: Vec<i128> = a.chunks(2).map(|pair| pair[0] + pair[1]).collect();
            prop_assert_eq!($Pairs::apply($x), $to.write(&sums), "{}", stringify!($Pairs));
        )?
    })*};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 1024 }))]

    #[test]
    fn lanes_of_8_bits_are_integers_of_that_width(x in vectors(), y in vectors(), count in 0..200_u32) {
        common! { x, y, count, S8 U8;
            I8x16Abs I8x16Neg I8x16Add I8x16Sub I8x16Eq I8x16Ne I8x16LtS I8x16GtS I8x16LeS I8x16GeS
            I8x16Shl I8x16ShrS I8x16ShrU I8x16AllTrue I8x16Bitmask
        }
        narrow! { x, y, S8 U8; I8x16LtU I8x16GtU I8x16LeU I8x16GeU I8x16MinS I8x16MinU I8x16MaxS I8x16MaxU }
    }

    #[test]
    fn lanes_of_16_bits_are_integers_of_that_width(x in vectors(), y in vectors(), count in 0..200_u32) {
        common! { x, y, count, S16 U16;
            I16x8Abs I16x8Neg I16x8Add I16x8Sub I16x8Eq I16x8Ne I16x8LtS I16x8GtS I16x8LeS I16x8GeS
            I16x8Shl I16x8ShrS I16x8ShrU I16x8AllTrue I16x8Bitmask
        }
        narrow! { x, y, S16 U16; I16x8LtU I16x8GtU I16x8LeU I16x8GeU I16x8MinS I16x8MinU I16x8MaxS I16x8MaxU }
    }

    #[test]
    fn lanes_of_32_bits_are_integers_of_that_width(x in vectors(), y in vectors(), count in 0..200_u32) {
        common! { x, y, count, S32 U32;
            I32x4Abs I32x4Neg I32x4Add I32x4Sub I32x4Eq I32x4Ne I32x4LtS I32x4GtS I32x4LeS I32x4GeS
            I32x4Shl I32x4ShrS I32x4ShrU I32x4AllTrue I32x4Bitmask
        }
        narrow! { x, y, S32 U32; I32x4LtU I32x4GtU I32x4LeU I32x4GeU I32x4MinS I32x4MinU I32x4MaxS I32x4MaxU }
    }

    #[test]
    fn lanes_of_64_bits_are_integers_of_that_width(x in vectors(), y in vectors(), count in 0..200_u32) {
        common! { x, y, count, S64 U64;
            I64x2Abs I64x2Neg I64x2Add I64x2Sub I64x2Eq I64x2Ne I64x2LtS I64x2GtS I64x2LeS I64x2GeS
            I64x2Shl I64x2ShrS I64x2ShrU I64x2AllTrue I64x2Bitmask
        }
    }

    #[test]
    fn some_operations_are_of_some_widths_only(x in vectors(), y in vectors()) {
        integer_unops! { x, y;
            I8x16Popcnt U8 U8 |a| a.count_ones().into();
            V128Not U64 U64 |a| !a;
        }
        integer_binops! { x, y;
            I8x16AddSatS S8 S8 |a, b| S8.saturate(a + b);
            I8x16AddSatU U8 U8 |a, b| U8.saturate(a + b);
            I8x16SubSatS S8 S8 |a, b| S8.saturate(a - b);
            I8x16SubSatU U8 U8 |a, b| U8.saturate(a - b);
            I16x8AddSatS S16 S16 |a, b| S16.saturate(a + b);
            I16x8AddSatU U16 U16 |a, b| U16.saturate(a + b);
            I16x8SubSatS S16 S16 |a, b| S16.saturate(a - b);
            I16x8SubSatU U16 U16 |a, b| U16.saturate(a - b);
            I8x16AvgrU U8 U8 |a, b| (a + b + 1) / 2;
            I16x8AvgrU U16 U16 |a, b| (a + b + 1) / 2;
            I16x8Mul S16 S16 |a, b| a * b;
            I32x4Mul S32 S32 |a, b| a * b;
            I64x2Mul S64 S64 |a, b| a.wrapping_mul(b);
            I16x8Q15mulrSatS S16 S16 |a, b| S16.saturate((a * b + (1 << 14)) >> 15);
            V128And U8 U8 |a, b| a & b;
            V128Andnot U8 U8 |a, b| a & !b;
            V128Or U8 U8 |a, b| a | b;
            V128Xor U8 U8 |a, b| a ^ b;
        }
        prop_assert_eq!(V128AnyTrue::apply(x) == 1, x != V128::ZERO);
    }

    #[test]
    fn lanes_are_made_wider(x in vectors(), y in vectors()) {
        widen! { x, y;
            S8 S16 I16x8ExtendLowI8x16S I16x8ExtendHighI8x16S I16x8ExtmulLowI8x16S I16x8ExtmulHighI8x16S I16x8ExtaddPairwiseI8x16S;
            U8 U16 I16x8ExtendLowI8x16U I16x8ExtendHighI8x16U I16x8ExtmulLowI8x16U I16x8ExtmulHighI8x16U I16x8ExtaddPairwiseI8x16U;
            S16 S32 I32x4ExtendLowI16x8S I32x4ExtendHighI16x8S I32x4ExtmulLowI16x8S I32x4ExtmulHighI16x8S I32x4ExtaddPairwiseI16x8S;
            U16 U32 I32x4ExtendLowI16x8U I32x4ExtendHighI16x8U I32x4ExtmulLowI16x8U I32x4ExtmulHighI16x8U I32x4ExtaddPairwiseI16x8U;
            S32 S64 I64x2ExtendLowI32x4S I64x2ExtendHighI32x4S I64x2ExtmulLowI32x4S I64x2ExtmulHighI32x4S;
            U32 U64 I64x2ExtendLowI32x4U I64x2ExtendHighI32x4U I64x2ExtmulLowI32x4U I64x2ExtmulHighI32x4U;
        }
    }

    #[test]
    fn lanes_are_narrowed_with_saturation(x in vectors(), y in vectors()) {
        let narrowed = |from: Shape, to: Shape| {
            let lanes: Vec<i128> = from.read(x).into_iter().chain(from.read(y)).map(|a| to.saturate(a)).collect();
            to.write(&lanes)
        };
        prop_assert_eq!(I8x16NarrowI16x8S::apply(x, y), narrowed(S16, S8));
        prop_assert_eq!(I8x16NarrowI16x8U::apply(x, y), narrowed(S16, U8));
        prop_assert_eq!(I16x8NarrowI32x4S::apply(x, y), narrowed(S32, S16));
        prop_assert_eq!(I16x8NarrowI32x4U::apply(x, y), narrowed(S32, U16));
    }

    #[test]
    fn dot_products_are_sums_of_products(x in vectors(), y in vectors(), z in vectors()) {
        let sums = |shape: Shape| {
            let products: Vec<i128> = shape.read(x).into_iter().zip(shape.read(y)).map(|(a, b)| a * b).collect();
            products.chunks(2).map(|pair| pair[0] + pair[1]).collect::<Vec<_>>()
        };
        prop_assert_eq!(I32x4DotI16x8S::apply(x, y), S32.write(&sums(S16)));
        let saturated: Vec<i128> = sums(S8).into_iter().map(|a| S16.saturate(a)).collect();
        let dot = S16.write(&saturated);
        prop_assert_eq!(I16x8RelaxedDotI8x16I7x16S::apply(x, y), dot);
        let added: Vec<i128> = S16.read(dot).chunks(2).zip(S32.read(z)).map(|(pair, z)| pair[0] + pair[1] + z).collect();
        prop_assert_eq!(I32x4RelaxedDotI8x16I7x16AddS::apply(x, y, z), S32.write(&added));
    }

    #[test]
    fn lanes_are_chosen_by_number_and_by_bit(x in vectors(), y in vectors(), z in vectors()) {
        let both: Vec<u8> = x.0.into_iter().chain(y.0).collect();
        let shuffled = V128(z.0.map(|lane| both[usize::from(lane % 32)]));
        let lanes = V128(z.0.map(|lane| lane % 32));
        prop_assert_eq!(I8x16Shuffle::apply(x, y, lanes), shuffled);
        let swizzled = V128(y.0.map(|lane| x.0.get(usize::from(lane)).copied().unwrap_or(0)));
        prop_assert_eq!(I8x16Swizzle::apply(x, y), swizzled);
        let [a, b, c] = [x, y, z].map(|vector| u128::from_le_bytes(vector.0));
        let chosen = (0..128).map(|bit| if c >> bit & 1 == 1 { a & 1 << bit } else { b & 1 << bit }).sum::<u128>();
        prop_assert_eq!(V128Bitselect::apply(x, y, z), V128(chosen.to_le_bytes()));
    }

    #[test]
    fn a_lane_is_replaced_and_the_others_stay(x in vectors(), value in any::<u64>(), lane in 0..16_u32) {
        let replaced = |shape: Shape, lane: u32| {
            let mut lanes = shape.read(x);
            lanes[lane as usize] = value.into();
            shape.write(&lanes)
        };
        prop_assert_eq!(I8x16ReplaceLane::apply(x, value as u32, lane), replaced(U8, lane));
        prop_assert_eq!(I16x8ReplaceLane::apply(x, value as u32, lane % 8), replaced(U16, lane % 8));
        prop_assert_eq!(I32x4ReplaceLane::apply(x, value as u32, lane % 4), replaced(U32, lane % 4));
        prop_assert_eq!(I64x2ReplaceLane::apply(x, value, lane % 2), replaced(U64, lane % 2));
        prop_assert_eq!(F64x2ReplaceLane::apply(x, f64::from_bits(value), lane % 2), replaced(U64, lane % 2));
        let splat = |shape: Shape| shape.write(&vec![value.into(); 128 / shape.bits as usize]);
        prop_assert_eq!(I8x16Splat::apply(value as u32), splat(U8));
        prop_assert_eq!(I16x8Splat::apply(value as u32), splat(U16));
        prop_assert_eq!(I32x4Splat::apply(value as u32), splat(U32));
        prop_assert_eq!(I64x2Splat::apply(value), splat(U64));
        prop_assert_eq!(F32x4Splat::apply(f32::from_bits(value as u32)), splat(U32));
        prop_assert_eq!(F64x2Splat::apply(f64::from_bits(value)), splat(U64));
    }

    #[test]
    fn loads_extend_repeat_or_fill_up(bytes in any::<[u8; 8]>()) {
        let mut whole = [0; 16];
        whole[..8].copy_from_slice(&bytes);
        let whole = V128(whole);
        let extended = |from: Shape, to: Shape| to.write(&from.read(whole)[..64 / from.bits as usize]);
        prop_assert_eq!(V128Load8x8S::decode(bytes), extended(S8, S16));
        prop_assert_eq!(V128Load8x8U::decode(bytes), extended(U8, U16));
        prop_assert_eq!(V128Load16x4S::decode(bytes), extended(S16, S32));
        prop_assert_eq!(V128Load16x4U::decode(bytes), extended(U16, U32));
        prop_assert_eq!(V128Load32x2S::decode(bytes), extended(S32, S64));
        prop_assert_eq!(V128Load32x2U::decode(bytes), extended(U32, U64));
        prop_assert_eq!(V128Load64Zero::decode(bytes), whole);
        let [a, b, c, d, ..] = bytes;
        let repeated = |shape: Shape| shape.write(&vec![shape.read(whole)[0]; 128 / shape.bits as usize]);
        prop_assert_eq!(V128Load8Splat::decode([a]), repeated(U8));
        prop_assert_eq!(V128Load16Splat::decode([a, b]), repeated(U16));
        prop_assert_eq!(V128Load32Splat::decode([a, b, c, d]), repeated(U32));
        prop_assert_eq!(V128Load64Splat::decode(bytes), repeated(U64));
        let first = U32.read(whole)[0];
        prop_assert_eq!(V128Load32Zero::decode([a, b, c, d]), U32.write(&[first, 0, 0, 0]));
    }
}

/// Whether two vectors of floats are equal, with all NaNs alike.
macro_rules! same {
    ($name:ident, $ty:ty, $found:expr, $expected:expr) => {{
        let (found, expected): ($ty, $ty) = (Lanes::of($found), $expected);
        for (found, expected) in found.into_iter().zip(expected) {
            let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            prop_assert!(
                same,
                "{}: {found:?} instead of {expected:?}",
                stringify!($name)
            );
            let quiet = 1 << (<$ty as Quiet>::MANTISSA - 2);
            prop_assert!(
                !found.is_nan() || found.to_bits() & quiet != 0,
                "{} yields a signalling NaN",
                stringify!($name)
            );
        }
    }};
}

/// The position of the bit that makes a NaN quiet.
trait Quiet {
    const MANTISSA: u32;
}
impl Quiet for [f32; 4] {
    const MANTISSA: u32 = f32::MANTISSA_DIGITS;
}
impl Quiet for [f64; 2] {
    const MANTISSA: u32 = f64::MANTISSA_DIGITS;
}

macro_rules! floats {
    ($x:ident, $y:ident, $z:ident, $ty:ty, $Canonical:ident $Madd:ident $Nmadd:ident $Pmin:ident $Pmax:ident $Abs:ident $Neg:ident;
        $($Unop:ident $unop:ident)*; $($Binop:ident $binop:ident)*; $($Relop:ident $relop:ident)*
    ) => {{
        let (x, y, z): ($ty, $ty, $ty) = (Lanes::of($x), Lanes::of($y), Lanes::of($z));
        let pairs: Vec<_> = x.into_iter().zip(y).collect();
        let zipped = |f: &dyn Fn(usize) -> _| -> $ty { core::array::from_fn(f) };
        $(same!($Unop, $ty, <$Unop as Unop>::apply($x), x.map(<$unop as Unop>::apply));)*
        $(same!($Binop, $ty, <$Binop as Binop>::apply($x, $y), zipped(&|i| <$binop as Binop>::apply(x[i], y[i])));)*
        $({
            let found: Vec<bool> = <$ty as Lanes>::of(<$Relop as Binop>::apply($x, $y)).iter().map(|lane| lane.to_bits() != 0).collect();
            let expected: Vec<bool> = pairs.iter().map(|(x, y)| $relop::holds(*x, *y)).collect();
            prop_assert_eq!(found, expected, "{}", stringify!($Relop));
        })*
        // Only bits move: not even a signalling NaN changes.
        let bits = |vector: V128| <$ty as Lanes>::of(vector).map(|lane| lane.to_bits());
        prop_assert_eq!(bits($Abs::apply($x)), x.map(|x| x.abs().to_bits()));
        prop_assert_eq!(bits($Neg::apply($x)), x.map(|x| (-x).to_bits()));
        prop_assert_eq!(bits($Pmin::apply($x, $y)), zipped(&|i| if y[i] < x[i] { y[i] } else { x[i] }).map(|x| x.to_bits()));
        prop_assert_eq!(bits($Pmax::apply($x, $y)), zipped(&|i| if x[i] < y[i] { y[i] } else { x[i] }).map(|x| x.to_bits()));
        same!($Madd, $ty, $Madd::apply($x, $y, $z), zipped(&|i| x[i] * y[i] + z[i]));
        same!($Nmadd, $ty, $Nmadd::apply($x, $y, $z), zipped(&|i| -(x[i] * y[i]) + z[i]));
        let positive = |nan: bool, bits| if nan { zipped(&|_| f32::NAN.into())[0].abs().to_bits() } else { bits };
        prop_assert_eq!(bits($Canonical::apply($x)), x.map(|x| positive(x.is_nan(), x.to_bits())));
    }};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 4096 }))]

    #[test]
    fn lanes_of_f32x4_are_floats(x in vectors(), y in vectors(), z in vectors()) {
        floats! { x, y, z, [f32; 4], F32x4Canonical F32x4RelaxedMadd F32x4RelaxedNmadd F32x4Pmin F32x4Pmax F32x4Abs F32x4Neg;
            F32x4Sqrt F32Sqrt F32x4Ceil F32Ceil F32x4Floor F32Floor F32x4Trunc F32Trunc F32x4Nearest F32Nearest;
            F32x4Add F32Add F32x4Sub F32Sub F32x4Mul F32Mul F32x4Div F32Div F32x4Min F32Min F32x4Max F32Max;
            F32x4Eq F32Eq F32x4Ne F32Ne F32x4Lt F32Lt F32x4Gt F32Gt F32x4Le F32Le F32x4Ge F32Ge
        }
    }

    #[test]
    fn lanes_of_f64x2_are_floats(x in vectors(), y in vectors(), z in vectors()) {
        floats! { x, y, z, [f64; 2], F64x2Canonical F64x2RelaxedMadd F64x2RelaxedNmadd F64x2Pmin F64x2Pmax F64x2Abs F64x2Neg;
            F64x2Sqrt F64Sqrt F64x2Ceil F64Ceil F64x2Floor F64Floor F64x2Trunc F64Trunc F64x2Nearest F64Nearest;
            F64x2Add F64Add F64x2Sub F64Sub F64x2Mul F64Mul F64x2Div F64Div F64x2Min F64Min F64x2Max F64Max;
            F64x2Eq F64Eq F64x2Ne F64Ne F64x2Lt F64Lt F64x2Gt F64Gt F64x2Le F64Le F64x2Ge F64Ge
        }
    }

    #[test]
    fn lanes_are_converted_as_numbers_are(x in vectors()) {
        let singles: [f32; 4] = Lanes::of(x);
        let doubles: [f64; 2] = Lanes::of(x);
        let integers: [u32; 4] = Lanes::of(x);
        let [a, b] = doubles;
        prop_assert_eq!(I32x4TruncSatF32x4S::apply(x), singles.map(I32TruncSatF32S::apply).vector());
        prop_assert_eq!(I32x4TruncSatF32x4U::apply(x), singles.map(I32TruncSatF32U::apply).vector());
        prop_assert_eq!(I32x4TruncSatF64x2SZero::apply(x), [I32TruncSatF64S::apply(a), I32TruncSatF64S::apply(b), 0, 0].vector());
        prop_assert_eq!(I32x4TruncSatF64x2UZero::apply(x), [I32TruncSatF64U::apply(a), I32TruncSatF64U::apply(b), 0, 0].vector());
        prop_assert_eq!(F32x4ConvertI32x4S::apply(x), integers.map(F32ConvertI32S::apply).vector());
        prop_assert_eq!(F32x4ConvertI32x4U::apply(x), integers.map(F32ConvertI32U::apply).vector());
        let [a, b, ..] = integers;
        prop_assert_eq!(F64x2ConvertLowI32x4S::apply(x), [a, b].map(F64ConvertI32S::apply).vector());
        prop_assert_eq!(F64x2ConvertLowI32x4U::apply(x), [a, b].map(F64ConvertI32U::apply).vector());
        let [a, b] = doubles.map(F32DemoteF64::apply);
        same!(F32x4DemoteF64x2Zero, [f32; 4], F32x4DemoteF64x2Zero::apply(x), [a, b, 0.0, 0.0]);
        let [a, b, ..] = singles;
        same!(F64x2PromoteLowF32x4, [f64; 2], F64x2PromoteLowF32x4::apply(x), [a, b].map(F64PromoteF32::apply));
    }

    #[test]
    fn a_canonical_nan_is_positive_and_other_floats_stay(bits in any::<u64>()) {
        let (x, y) = (f32::from_bits(bits as u32), f64::from_bits(bits));
        let canonical_32 = if x.is_nan() { 0x7fc0_0000 } else { x.to_bits() };
        let canonical_64 = if y.is_nan() { 0x7ff8_0000_0000_0000 } else { y.to_bits() };
        prop_assert_eq!(F32Canonical::apply(x).to_bits(), canonical_32);
        prop_assert_eq!(F64Canonical::apply(y).to_bits(), canonical_64);
    }
}
