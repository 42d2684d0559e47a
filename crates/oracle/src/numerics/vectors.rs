//! Vectors: the result of each instruction, lane by lane, with the operators on single numbers.
//!
//! The relaxed instructions yield the results that the specification's deterministic profile prescribes.

use wasmparser::Operator;

use super::*;

/// The division of a vector into lanes. The first lane is the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lanes {
    /// Bits of a lane.
    pub(crate) width: u32,
    /// Whether a NaN in a lane of the result is one that arithmetic made.
    float: bool,
}

impl Lanes {
    pub(crate) const I8X16: Lanes = Lanes::ints(8);
    pub(crate) const I16X8: Lanes = Lanes::ints(16);
    pub(crate) const I32X4: Lanes = Lanes::ints(32);
    pub(crate) const I64X2: Lanes = Lanes::ints(64);
    const F32X4: Lanes = Lanes::floats(32);
    const F64X2: Lanes = Lanes::floats(64);

    const fn ints(width: u32) -> Lanes {
        let float = false;
        Lanes { width, float }
    }

    const fn floats(width: u32) -> Lanes {
        let float = true;
        Lanes { width, float }
    }

    /// Number of lanes.
    fn count(self) -> u32 {
        128 / self.width
    }

    /// Lanes of half the width.
    fn halved(self) -> Lanes {
        Lanes::ints(self.width / 2)
    }

    /// The lanes of a vector.
    pub(crate) fn of(self, vector: u128) -> Vec<u64> {
        let lane = |i| (vector >> (i * self.width)) % (1u128 << self.width);
        (0..self.count()).map(|i| lane(i) as u64).collect()
    }

    /// The vector with these lanes.
    pub(crate) fn vector(self, lanes: impl IntoIterator<Item = u64>) -> u128 {
        let mut vector = 0;
        let mut count = 0;
        for (i, lane) in (0..).zip(lanes) {
            assert!(self.width == 64 || lane < 1 << self.width, "a lane fits");
            vector |= u128::from(lane) << (i * self.width);
            count += 1;
        }
        assert_eq!(count, self.count(), "a vector has all its lanes");
        vector
    }

    /// Whether a lane is a NaN that arithmetic made.
    fn has_nan(self, vector: u128) -> bool {
        let is_nan = |lane| number(self.width, lane).is_none();
        self.float && self.of(vector).into_iter().any(is_nan)
    }
}

/// A vector instruction that touches no memory.
#[derive(Clone, Copy)]
pub(crate) enum Vector {
    Unop(Lanes, fn(u32, u64) -> u64),
    Binop(Lanes, fn(u32, u64, u64) -> Result<u64, Trap>),
    Ternop(Lanes, fn(u32, u64, u64, u64) -> u64),
    /// All bits of a lane are set where it holds.
    Relop(Lanes, fn(u32, u64, u64) -> bool),
    /// Takes the count modulo the lanes' width.
    Shift(Lanes, fn(u32, u64, u64) -> Result<u64, Trap>),
    Splat(Lanes, ValType),
    Extract {
        lanes: Lanes,
        lane: u8,
        signed: bool,
        ty: ValType,
    },
    Replace(Lanes, u8),
    Shuffle([u8; 16]),
    Swizzle,
    AnyTrue,
    AllTrue(Lanes),
    Bitmask(Lanes),
    /// The lanes of both operands, clamped to half the width.
    Narrow {
        from: Lanes,
        signed: bool,
    },
    /// One half of the lanes, widened.
    Extend {
        to: Lanes,
        high: bool,
        signed: bool,
    },
    /// Products of widened lanes.
    ExtMul {
        to: Lanes,
        high: bool,
        signed: bool,
    },
    /// Sums of neighbours, widened.
    ExtAddPairwise {
        to: Lanes,
        signed: bool,
    },
    /// Sums of two neighbouring products.
    Dot,
    /// The same of bytes, saturating; with a third operand sums of two neighbours of those, added to it.
    DotOfBytes {
        adds: bool,
    },
    /// Converts lane by lane. A lane without a source is zero; a source without a lane is left out.
    Convert(Lanes, Lanes, fn(u32, u32, u64) -> Result<u64, Trap>),
}

impl Vector {
    /// Number of operands.
    pub(crate) fn arity(self) -> usize {
        use Vector::*;
        match self {
            Unop(..)
            | Splat(..)
            | Extract { .. }
            | AnyTrue
            | AllTrue(_)
            | Bitmask(_)
            | Extend { .. }
            | ExtAddPairwise { .. }
            | Convert(..) => 1,
            Ternop(..) | DotOfBytes { adds: true } => 3,
            _ => 2,
        }
    }

    /// Whether its NaNs are missed by generators that make others canonical: see
    /// [`Oracle::resized_nan`](crate::Oracle::resized_nan).
    pub(crate) fn is_forgotten(self) -> bool {
        match self {
            Vector::Convert(from, to, _) => from.float && to.float,
            _ => false,
        }
    }

    /// The result for these operands, and whether some of its bits are open to choice (a NaN made by arithmetic).
    pub(crate) fn apply(self, operands: &[Value]) -> Result<(Value, bool), Trap> {
        let vector = |index: usize| match operands[index] {
            Value::V128(bits) => bits,
            other => unreachable!("validated: a vector, not {other:?}"),
        };
        let made = |lanes: Lanes, lane_values: Vec<u64>| {
            let vector = lanes.vector(lane_values);
            (Value::V128(vector), lanes.has_nan(vector))
        };
        let truth = |holds: bool| (Value::I32(holds.into()), false);
        // The lanes of one half, widened.
        let widened = |to: Lanes, high: bool, signed_: bool, index: usize| {
            let from = to.halved();
            let all = from.of(vector(index));
            let (low_half, high_half) = all.split_at(all.len() / 2);
            let half = if high { high_half } else { low_half };
            let widened = half.iter().map(|&a| widen(from, signed_, a));
            widened.collect::<Vec<i128>>()
        };
        Ok(match self {
            Vector::Unop(lanes, f) => {
                let a = lanes.of(vector(0)).into_iter();
                made(lanes, a.map(|a| f(lanes.width, a)).collect())
            }
            Vector::Binop(lanes, f) => {
                let pairs = lanes.of(vector(0)).into_iter().zip(lanes.of(vector(1)));
                let results = pairs.map(|(a, b)| f(lanes.width, a, b));
                made(lanes, results.collect::<Result<_, _>>()?)
            }
            Vector::Ternop(lanes, f) => {
                let [a, b, c] = [0, 1, 2].map(|i| lanes.of(vector(i)));
                let results = (0..a.len()).map(|i| f(lanes.width, a[i], b[i], c[i]));
                made(lanes, results.collect())
            }
            Vector::Relop(lanes, f) => {
                let pairs = lanes.of(vector(0)).into_iter().zip(lanes.of(vector(1)));
                let ones = modulo(lanes.width, -1);
                let results = pairs.map(|(a, b)| if f(lanes.width, a, b) { ones } else { 0 });
                made(Lanes::ints(lanes.width), results.collect())
            }
            Vector::Shift(lanes, f) => {
                let by = operands[1].bits();
                let results = lanes.of(vector(0)).into_iter();
                let results = results.map(|a| f(lanes.width, a, by));
                made(lanes, results.collect::<Result<_, _>>()?)
            }
            Vector::Splat(lanes, ty) => {
                assert_eq!(operands[0].ty(), ty, "validated: the operand's type");
                let lane = (u128::from(operands[0].bits()) % (1u128 << lanes.width)) as u64;
                made(lanes, vec![lane; lanes.count() as usize])
            }
            Vector::Extract {
                lanes,
                lane,
                signed,
                ty,
            } => {
                let bits = lanes.of(vector(0))[usize::from(lane)];
                let bits = match signed {
                    true => sign_extended(lanes.width, ty.width(), bits),
                    false => bits,
                };
                (Value::from_bits(ty, bits), false)
            }
            Vector::Replace(lanes, lane) => {
                let mut all = lanes.of(vector(0));
                let bits = u128::from(operands[1].bits());
                all[usize::from(lane)] = (bits % (1u128 << lanes.width)) as u64;
                made(lanes, all)
            }
            Vector::Shuffle(numbers) => {
                let mut both = Lanes::I8X16.of(vector(0));
                both.extend(Lanes::I8X16.of(vector(1)));
                let picked = numbers.iter().map(|&number| both[usize::from(number)]);
                made(Lanes::I8X16, picked.collect())
            }
            Vector::Swizzle => {
                let all = Lanes::I8X16.of(vector(0));
                let numbers = Lanes::I8X16.of(vector(1)).into_iter();
                let picked = numbers.map(|number| all.get(number as usize).copied().unwrap_or(0));
                made(Lanes::I8X16, picked.collect())
            }
            Vector::AnyTrue => truth(vector(0) != 0),
            Vector::AllTrue(lanes) => truth(lanes.of(vector(0)).iter().all(|&lane| lane != 0)),
            Vector::Bitmask(lanes) => {
                let all = lanes.of(vector(0));
                let negative = |i: u32| signed(lanes.width, all[i as usize]) < 0;
                let mask = from_ibits(lanes.count(), negative);
                (Value::from_bits(ValType::I32, mask), false)
            }
            Vector::Narrow {
                from,
                signed: is_signed,
            } => {
                let to = from.halved();
                let (low, high) = match is_signed {
                    true => signed_range(to.width),
                    false => unsigned_range(to.width),
                };
                let mut both = from.of(vector(0));
                both.extend(from.of(vector(1)));
                let clamped = both
                    .into_iter()
                    .map(|a| signed(from.width, a).clamp(low, high));
                made(to, clamped.map(|a| modulo(to.width, a)).collect())
            }
            Vector::Extend { to, high, signed } => {
                let all = widened(to, high, signed, 0).into_iter();
                made(to, all.map(|a| modulo(to.width, a)).collect())
            }
            Vector::ExtMul { to, high, signed } => {
                let a = widened(to, high, signed, 0).into_iter();
                let pairs = a.zip(widened(to, high, signed, 1));
                made(to, pairs.map(|(a, b)| modulo(to.width, a * b)).collect())
            }
            Vector::ExtAddPairwise { to, signed } => {
                made(to, pairwise(to, signed, &to.halved().of(vector(0))))
            }
            Vector::Dot => {
                let products = products(Lanes::I16X8, vector(0), vector(1));
                let sums = products.chunks(2).map(|pair| modulo(32, pair[0] + pair[1]));
                made(Lanes::I32X4, sums.collect())
            }
            Vector::DotOfBytes { adds } => {
                let products = products(Lanes::I8X16, vector(0), vector(1));
                let sums = products
                    .chunks(2)
                    .map(|pair| saturated_s(16, pair[0] + pair[1]));
                let sums: Vec<u64> = sums.collect();
                if !adds {
                    return Ok(made(Lanes::I16X8, sums));
                }
                let sums = pairwise(Lanes::I32X4, true, &sums).into_iter();
                let pairs = sums.zip(Lanes::I32X4.of(vector(2)));
                let results = pairs.map(|(a, b)| iadd(32, a, b));
                made(Lanes::I32X4, results.collect::<Result<_, _>>()?)
            }
            Vector::Convert(from, to, f) => {
                let all = from.of(vector(0));
                let lane = |i: u32| match all.get(i as usize) {
                    Some(&lane) => f(from.width, to.width, lane),
                    None => Ok(0),
                };
                let results = (0..to.count()).map(lane);
                made(to, results.collect::<Result<_, _>>()?)
            }
        })
    }

    /// The vector instruction that `op` is, if it is one.
    #[rustfmt::skip]
    pub(crate) fn of(op: &Operator<'_>) -> Option<Vector> {
        use Operator as O;
        use ValType::{F32, F64, I32, I64};
        use Vector::*;
        const I8X16: Lanes = Lanes::I8X16;
        const I16X8: Lanes = Lanes::I16X8;
        const I32X4: Lanes = Lanes::I32X4;
        const I64X2: Lanes = Lanes::I64X2;
        const F32X4: Lanes = Lanes::F32X4;
        const F64X2: Lanes = Lanes::F64X2;
        let extract = |lanes, lane, signed, ty| Extract { lanes, lane, signed, ty };
        let narrow = |from, signed| Narrow { from, signed };
        let extend = |to, high, signed| Extend { to, high, signed };
        let extmul = |to, high, signed| ExtMul { to, high, signed };
        let extadd = |to, signed| ExtAddPairwise { to, signed };
        Some(match *op {
            O::I8x16Shuffle { lanes } => Shuffle(lanes),
            O::I8x16Swizzle | O::I8x16RelaxedSwizzle => Swizzle,
            O::I8x16ExtractLaneS { lane } => extract(I8X16, lane, true, I32),
            O::I8x16ExtractLaneU { lane } => extract(I8X16, lane, false, I32),
            O::I16x8ExtractLaneS { lane } => extract(I16X8, lane, true, I32),
            O::I16x8ExtractLaneU { lane } => extract(I16X8, lane, false, I32),
            O::I32x4ExtractLane { lane } => extract(I32X4, lane, false, I32),
            O::I64x2ExtractLane { lane } => extract(I64X2, lane, false, I64),
            O::F32x4ExtractLane { lane } => extract(I32X4, lane, false, F32),
            O::F64x2ExtractLane { lane } => extract(I64X2, lane, false, F64),
            // These pass on bits of any meaning, and so do `abs`, `neg`, `pmin` and `pmax` below.
            O::I8x16ReplaceLane { lane } => Replace(I8X16, lane),
            O::I16x8ReplaceLane { lane } => Replace(I16X8, lane),
            O::I32x4ReplaceLane { lane } | O::F32x4ReplaceLane { lane } => Replace(I32X4, lane),
            O::I64x2ReplaceLane { lane } | O::F64x2ReplaceLane { lane } => Replace(I64X2, lane),
            O::I8x16Splat => Splat(I8X16, I32),
            O::I16x8Splat => Splat(I16X8, I32),
            O::I32x4Splat => Splat(I32X4, I32),
            O::I64x2Splat => Splat(I64X2, I64),
            O::F32x4Splat => Splat(I32X4, F32),
            O::F64x2Splat => Splat(I64X2, F64),

            O::I8x16Eq => Relop(I8X16, ieq),
            O::I8x16Ne => Relop(I8X16, ine),
            O::I8x16LtS => Relop(I8X16, ilt_s),
            O::I8x16LtU => Relop(I8X16, ilt_u),
            O::I8x16GtS => Relop(I8X16, igt_s),
            O::I8x16GtU => Relop(I8X16, igt_u),
            O::I8x16LeS => Relop(I8X16, ile_s),
            O::I8x16LeU => Relop(I8X16, ile_u),
            O::I8x16GeS => Relop(I8X16, ige_s),
            O::I8x16GeU => Relop(I8X16, ige_u),
            O::I16x8Eq => Relop(I16X8, ieq),
            O::I16x8Ne => Relop(I16X8, ine),
            O::I16x8LtS => Relop(I16X8, ilt_s),
            O::I16x8LtU => Relop(I16X8, ilt_u),
            O::I16x8GtS => Relop(I16X8, igt_s),
            O::I16x8GtU => Relop(I16X8, igt_u),
            O::I16x8LeS => Relop(I16X8, ile_s),
            O::I16x8LeU => Relop(I16X8, ile_u),
            O::I16x8GeS => Relop(I16X8, ige_s),
            O::I16x8GeU => Relop(I16X8, ige_u),
            O::I32x4Eq => Relop(I32X4, ieq),
            O::I32x4Ne => Relop(I32X4, ine),
            O::I32x4LtS => Relop(I32X4, ilt_s),
            O::I32x4LtU => Relop(I32X4, ilt_u),
            O::I32x4GtS => Relop(I32X4, igt_s),
            O::I32x4GtU => Relop(I32X4, igt_u),
            O::I32x4LeS => Relop(I32X4, ile_s),
            O::I32x4LeU => Relop(I32X4, ile_u),
            O::I32x4GeS => Relop(I32X4, ige_s),
            O::I32x4GeU => Relop(I32X4, ige_u),
            O::I64x2Eq => Relop(I64X2, ieq),
            O::I64x2Ne => Relop(I64X2, ine),
            O::I64x2LtS => Relop(I64X2, ilt_s),
            O::I64x2GtS => Relop(I64X2, igt_s),
            O::I64x2LeS => Relop(I64X2, ile_s),
            O::I64x2GeS => Relop(I64X2, ige_s),
            O::F32x4Eq => Relop(F32X4, feq),
            O::F32x4Ne => Relop(F32X4, fne),
            O::F32x4Lt => Relop(F32X4, flt),
            O::F32x4Gt => Relop(F32X4, fgt),
            O::F32x4Le => Relop(F32X4, fle),
            O::F32x4Ge => Relop(F32X4, fge),
            O::F64x2Eq => Relop(F64X2, feq),
            O::F64x2Ne => Relop(F64X2, fne),
            O::F64x2Lt => Relop(F64X2, flt),
            O::F64x2Gt => Relop(F64X2, fgt),
            O::F64x2Le => Relop(F64X2, fle),
            O::F64x2Ge => Relop(F64X2, fge),

            // These have no lanes of their own: eight bits are as good as any number.
            O::V128Not => Unop(I8X16, inot),
            O::V128And => Binop(I8X16, iand),
            O::V128AndNot => Binop(I8X16, iandnot),
            O::V128Or => Binop(I8X16, ior),
            O::V128Xor => Binop(I8X16, ixor),
            O::V128Bitselect => Ternop(I8X16, ibitselect),
            O::I8x16RelaxedLaneselect => Ternop(I8X16, ibitselect),
            O::I16x8RelaxedLaneselect => Ternop(I16X8, ibitselect),
            O::I32x4RelaxedLaneselect => Ternop(I32X4, ibitselect),
            O::I64x2RelaxedLaneselect => Ternop(I64X2, ibitselect),
            O::V128AnyTrue => AnyTrue,
            O::I8x16AllTrue => AllTrue(I8X16),
            O::I16x8AllTrue => AllTrue(I16X8),
            O::I32x4AllTrue => AllTrue(I32X4),
            O::I64x2AllTrue => AllTrue(I64X2),
            O::I8x16Bitmask => Bitmask(I8X16),
            O::I16x8Bitmask => Bitmask(I16X8),
            O::I32x4Bitmask => Bitmask(I32X4),
            O::I64x2Bitmask => Bitmask(I64X2),

            O::I8x16Abs => Unop(I8X16, iabs),
            O::I16x8Abs => Unop(I16X8, iabs),
            O::I32x4Abs => Unop(I32X4, iabs),
            O::I64x2Abs => Unop(I64X2, iabs),
            O::I8x16Neg => Unop(I8X16, ineg),
            O::I16x8Neg => Unop(I16X8, ineg),
            O::I32x4Neg => Unop(I32X4, ineg),
            O::I64x2Neg => Unop(I64X2, ineg),
            O::I8x16Popcnt => Unop(I8X16, ipopcnt),
            O::I8x16Shl => Shift(I8X16, ishl),
            O::I16x8Shl => Shift(I16X8, ishl),
            O::I32x4Shl => Shift(I32X4, ishl),
            O::I64x2Shl => Shift(I64X2, ishl),
            O::I8x16ShrS => Shift(I8X16, ishr_s),
            O::I16x8ShrS => Shift(I16X8, ishr_s),
            O::I32x4ShrS => Shift(I32X4, ishr_s),
            O::I64x2ShrS => Shift(I64X2, ishr_s),
            O::I8x16ShrU => Shift(I8X16, ishr_u),
            O::I16x8ShrU => Shift(I16X8, ishr_u),
            O::I32x4ShrU => Shift(I32X4, ishr_u),
            O::I64x2ShrU => Shift(I64X2, ishr_u),
            O::I8x16Add => Binop(I8X16, iadd),
            O::I16x8Add => Binop(I16X8, iadd),
            O::I32x4Add => Binop(I32X4, iadd),
            O::I64x2Add => Binop(I64X2, iadd),
            O::I8x16Sub => Binop(I8X16, isub),
            O::I16x8Sub => Binop(I16X8, isub),
            O::I32x4Sub => Binop(I32X4, isub),
            O::I64x2Sub => Binop(I64X2, isub),
            O::I16x8Mul => Binop(I16X8, imul),
            O::I32x4Mul => Binop(I32X4, imul),
            O::I64x2Mul => Binop(I64X2, imul),
            O::I8x16AddSatS => Binop(I8X16, iadd_sat_s),
            O::I16x8AddSatS => Binop(I16X8, iadd_sat_s),
            O::I8x16AddSatU => Binop(I8X16, iadd_sat_u),
            O::I16x8AddSatU => Binop(I16X8, iadd_sat_u),
            O::I8x16SubSatS => Binop(I8X16, isub_sat_s),
            O::I16x8SubSatS => Binop(I16X8, isub_sat_s),
            O::I8x16SubSatU => Binop(I8X16, isub_sat_u),
            O::I16x8SubSatU => Binop(I16X8, isub_sat_u),
            O::I8x16MinS => Binop(I8X16, imin_s),
            O::I16x8MinS => Binop(I16X8, imin_s),
            O::I32x4MinS => Binop(I32X4, imin_s),
            O::I8x16MinU => Binop(I8X16, imin_u),
            O::I16x8MinU => Binop(I16X8, imin_u),
            O::I32x4MinU => Binop(I32X4, imin_u),
            O::I8x16MaxS => Binop(I8X16, imax_s),
            O::I16x8MaxS => Binop(I16X8, imax_s),
            O::I32x4MaxS => Binop(I32X4, imax_s),
            O::I8x16MaxU => Binop(I8X16, imax_u),
            O::I16x8MaxU => Binop(I16X8, imax_u),
            O::I32x4MaxU => Binop(I32X4, imax_u),
            O::I8x16AvgrU => Binop(I8X16, iavgr_u),
            O::I16x8AvgrU => Binop(I16X8, iavgr_u),
            O::I16x8Q15MulrSatS | O::I16x8RelaxedQ15mulrS => Binop(I16X8, iq15mulr_sat_s),

            O::I8x16NarrowI16x8S => narrow(I16X8, true),
            O::I8x16NarrowI16x8U => narrow(I16X8, false),
            O::I16x8NarrowI32x4S => narrow(I32X4, true),
            O::I16x8NarrowI32x4U => narrow(I32X4, false),
            O::I16x8ExtendLowI8x16S => extend(I16X8, false, true),
            O::I16x8ExtendHighI8x16S => extend(I16X8, true, true),
            O::I16x8ExtendLowI8x16U => extend(I16X8, false, false),
            O::I16x8ExtendHighI8x16U => extend(I16X8, true, false),
            O::I32x4ExtendLowI16x8S => extend(I32X4, false, true),
            O::I32x4ExtendHighI16x8S => extend(I32X4, true, true),
            O::I32x4ExtendLowI16x8U => extend(I32X4, false, false),
            O::I32x4ExtendHighI16x8U => extend(I32X4, true, false),
            O::I64x2ExtendLowI32x4S => extend(I64X2, false, true),
            O::I64x2ExtendHighI32x4S => extend(I64X2, true, true),
            O::I64x2ExtendLowI32x4U => extend(I64X2, false, false),
            O::I64x2ExtendHighI32x4U => extend(I64X2, true, false),
            O::I16x8ExtMulLowI8x16S => extmul(I16X8, false, true),
            O::I16x8ExtMulHighI8x16S => extmul(I16X8, true, true),
            O::I16x8ExtMulLowI8x16U => extmul(I16X8, false, false),
            O::I16x8ExtMulHighI8x16U => extmul(I16X8, true, false),
            O::I32x4ExtMulLowI16x8S => extmul(I32X4, false, true),
            O::I32x4ExtMulHighI16x8S => extmul(I32X4, true, true),
            O::I32x4ExtMulLowI16x8U => extmul(I32X4, false, false),
            O::I32x4ExtMulHighI16x8U => extmul(I32X4, true, false),
            O::I64x2ExtMulLowI32x4S => extmul(I64X2, false, true),
            O::I64x2ExtMulHighI32x4S => extmul(I64X2, true, true),
            O::I64x2ExtMulLowI32x4U => extmul(I64X2, false, false),
            O::I64x2ExtMulHighI32x4U => extmul(I64X2, true, false),
            O::I16x8ExtAddPairwiseI8x16S => extadd(I16X8, true),
            O::I16x8ExtAddPairwiseI8x16U => extadd(I16X8, false),
            O::I32x4ExtAddPairwiseI16x8S => extadd(I32X4, true),
            O::I32x4ExtAddPairwiseI16x8U => extadd(I32X4, false),
            O::I32x4DotI16x8S => Dot,
            O::I16x8RelaxedDotI8x16I7x16S => DotOfBytes { adds: false },
            O::I32x4RelaxedDotI8x16I7x16AddS => DotOfBytes { adds: true },

            O::F32x4Ceil => Unop(F32X4, fceil),
            O::F32x4Floor => Unop(F32X4, ffloor),
            O::F32x4Trunc => Unop(F32X4, ftrunc),
            O::F32x4Nearest => Unop(F32X4, fnearest),
            O::F32x4Sqrt => Unop(F32X4, fsqrt),
            O::F32x4Abs => Unop(I32X4, fabs),
            O::F32x4Neg => Unop(I32X4, fneg),
            O::F32x4Add => Binop(F32X4, fadd),
            O::F32x4Sub => Binop(F32X4, fsub),
            O::F32x4Mul => Binop(F32X4, fmul),
            O::F32x4Div => Binop(F32X4, fdiv),
            O::F32x4Min | O::F32x4RelaxedMin => Binop(F32X4, fmin),
            O::F32x4Max | O::F32x4RelaxedMax => Binop(F32X4, fmax),
            O::F32x4PMin => Binop(I32X4, fpmin),
            O::F32x4PMax => Binop(I32X4, fpmax),
            O::F32x4RelaxedMadd => Ternop(F32X4, fmadd),
            O::F32x4RelaxedNmadd => Ternop(F32X4, fnmadd),
            O::F64x2Ceil => Unop(F64X2, fceil),
            O::F64x2Floor => Unop(F64X2, ffloor),
            O::F64x2Trunc => Unop(F64X2, ftrunc),
            O::F64x2Nearest => Unop(F64X2, fnearest),
            O::F64x2Sqrt => Unop(F64X2, fsqrt),
            O::F64x2Abs => Unop(I64X2, fabs),
            O::F64x2Neg => Unop(I64X2, fneg),
            O::F64x2Add => Binop(F64X2, fadd),
            O::F64x2Sub => Binop(F64X2, fsub),
            O::F64x2Mul => Binop(F64X2, fmul),
            O::F64x2Div => Binop(F64X2, fdiv),
            O::F64x2Min | O::F64x2RelaxedMin => Binop(F64X2, fmin),
            O::F64x2Max | O::F64x2RelaxedMax => Binop(F64X2, fmax),
            O::F64x2PMin => Binop(I64X2, fpmin),
            O::F64x2PMax => Binop(I64X2, fpmax),
            O::F64x2RelaxedMadd => Ternop(F64X2, fmadd),
            O::F64x2RelaxedNmadd => Ternop(F64X2, fnmadd),

            O::I32x4TruncSatF32x4S | O::I32x4RelaxedTruncF32x4S => Convert(F32X4, I32X4, trunc_sat_s),
            O::I32x4TruncSatF32x4U | O::I32x4RelaxedTruncF32x4U => Convert(F32X4, I32X4, trunc_sat_u),
            O::I32x4TruncSatF64x2SZero | O::I32x4RelaxedTruncF64x2SZero => Convert(F64X2, I32X4, trunc_sat_s),
            O::I32x4TruncSatF64x2UZero | O::I32x4RelaxedTruncF64x2UZero => Convert(F64X2, I32X4, trunc_sat_u),
            O::F32x4ConvertI32x4S => Convert(I32X4, F32X4, convert_s),
            O::F32x4ConvertI32x4U => Convert(I32X4, F32X4, convert_u),
            O::F64x2ConvertLowI32x4S => Convert(I32X4, F64X2, convert_s),
            O::F64x2ConvertLowI32x4U => Convert(I32X4, F64X2, convert_u),
            O::F32x4DemoteF64x2Zero => Convert(F64X2, F32X4, resize),
            O::F64x2PromoteLowF32x4 => Convert(F32X4, F64X2, resize),
            _ => return None,
        })
    }
}

/// A lane as an integer.
fn widen(lanes: Lanes, is_signed: bool, a: u64) -> i128 {
    match is_signed {
        true => signed(lanes.width, a),
        false => a.into(),
    }
}

/// Sums of two neighbours, as lanes of `to`.
fn pairwise(to: Lanes, signed: bool, lanes: &[u64]) -> Vec<u64> {
    let sum = |pair: &[u64]| pair.iter().map(|&a| widen(to.halved(), signed, a)).sum();
    let sums = lanes.chunks(2).map(|pair| modulo(to.width, sum(pair)));
    sums.collect()
}

/// Products of signed lanes.
fn products(lanes: Lanes, a: u128, b: u128) -> Vec<i128> {
    let pairs = lanes.of(a).into_iter().zip(lanes.of(b));
    let products = pairs.map(|(a, b)| signed(lanes.width, a) * signed(lanes.width, b));
    products.collect()
}

// Operators that only vectors have.

fn saturated_s(n: u32, i: i128) -> u64 {
    let (low, high) = signed_range(n);
    modulo(n, i.clamp(low, high))
}

fn saturated_u(n: u32, i: i128) -> u64 {
    let (low, high) = unsigned_range(n);
    modulo(n, i.clamp(low, high))
}

fn inot(n: u32, a: u64) -> u64 {
    from_ibits(n, |p| !ibit(a, p))
}

fn iandnot(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(from_ibits(n, |p| ibit(a, p) && !ibit(b, p)))
}

/// Bits of `a` where those of `mask` are set, else of `b`.
fn ibitselect(n: u32, a: u64, b: u64, mask: u64) -> u64 {
    from_ibits(n, |p| ibit(if ibit(mask, p) { a } else { b }, p))
}

fn iabs(n: u32, a: u64) -> u64 {
    modulo(n, signed(n, a).abs())
}

fn ineg(n: u32, a: u64) -> u64 {
    modulo(n, -signed(n, a))
}

fn iadd_sat_s(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(saturated_s(n, signed(n, a) + signed(n, b)))
}

fn iadd_sat_u(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(saturated_u(n, i128::from(a) + i128::from(b)))
}

fn isub_sat_s(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(saturated_s(n, signed(n, a) - signed(n, b)))
}

fn isub_sat_u(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(saturated_u(n, i128::from(a) - i128::from(b)))
}

fn imin_s(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(if ilt_s(n, a, b) { a } else { b })
}

fn imin_u(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(if ilt_u(n, a, b) { a } else { b })
}

fn imax_s(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(if igt_s(n, a, b) { a } else { b })
}

fn imax_u(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(if igt_u(n, a, b) { a } else { b })
}

/// The mean, rounded up.
fn iavgr_u(_: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok((a + b).div_ceil(2))
}

/// The product of two fractions with 15 bits behind the point, rounded.
fn iq15mulr_sat_s(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    let product = signed(n, a) * signed(n, b) + (1 << 14);
    Ok(saturated_s(n, product.div_euclid(1 << 15)))
}

fn fpmin(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(if flt(n, b, a) { b } else { a })
}

fn fpmax(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(if flt(n, a, b) { b } else { a })
}

/// The product is rounded before the addend is added, as the deterministic profile has it.
fn fmadd(n: u32, a: u64, b: u64, c: u64) -> u64 {
    let sum = fmul(n, a, b).and_then(|product| fadd(n, product, c));
    sum.expect("floats do not trap")
}

fn fnmadd(n: u32, a: u64, b: u64, c: u64) -> u64 {
    fmadd(n, fneg(n, a), b, c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_start_with_the_lowest_bits() {
        assert_eq!(
            Lanes::I32X4.vector([1, 2, 3, 4]),
            0x4_0000_0003_0000_0002_0000_0001
        );
        assert_eq!(Lanes::I64X2.of(7 << 64), [0, 7]);
    }

    #[test]
    fn the_dot_product_of_bytes_saturates() {
        let lowest = Value::V128(Lanes::I8X16.vector([0x80; 16]));
        let dot = Vector::DotOfBytes { adds: false };
        let wanted = Value::V128(Lanes::I16X8.vector([0x7FFF; 8]));
        assert_eq!(dot.apply(&[lowest, lowest]), Ok((wanted, false)));
    }
}
