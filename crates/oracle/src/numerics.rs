//! The numeric operators of the specification's "Numerics" chapter, written the slow way.
//!
//! Integers are `u64` below `2^n` and computed in 128 bits or bit by bit; floats are bits, decoded where a rule needs
//! it. An `f32` is computed as `f64` and rounded once: 53 bits are more than twice 24 plus two, so this rounds right.
//! Every NaN an operator makes is the positive canonical one; the specification leaves its bits open, which is why
//! [`Numeric::apply`] says when it made one.

use wasmparser::Operator;

pub(crate) mod vectors;

use crate::types::ValType;
use crate::value::{Trap, Value};

/// A numeric instruction: its class in the specification, its types, and the operator that defines it.
#[derive(Clone, Copy)]
pub(crate) enum Numeric {
    /// `unop`, and those conversions within one type.
    Unop(ValType, fn(u32, u64) -> u64),
    /// `binop`; the integer ones may trap.
    Binop(ValType, fn(u32, u64, u64) -> Result<u64, Trap>),
    /// `testop`.
    Testop(ValType, fn(u32, u64) -> bool),
    /// `relop`.
    Relop(ValType, fn(u32, u64, u64) -> bool),
    /// `cvtop`, from the first type to the second; the function gets both widths.
    Cvtop(ValType, ValType, fn(u32, u32, u64) -> Result<u64, Trap>),
    /// `fabs` and `fneg`: defined on the bits of a NaN too.
    SignUnop(ValType, fn(u32, u64) -> u64),
    /// `fcopysign`: defined on the bits of a NaN too.
    SignBinop(ValType, fn(u32, u64, u64) -> u64),
    /// The same bits under another type.
    Reinterpret(ValType, ValType),
}

impl Numeric {
    /// Number of operands.
    pub(crate) fn arity(self) -> usize {
        match self {
            Numeric::Binop(..) | Numeric::Relop(..) | Numeric::SignBinop(..) => 2,
            _ => 1,
        }
    }

    /// Whether it is `promote` or `demote`.
    pub(crate) fn resizes(self) -> bool {
        matches!(self, Numeric::Cvtop(from, to, _) if from.is_float() && to.is_float())
    }

    /// The result for these operands, and whether its bits are open to choice (a NaN made by arithmetic).
    pub(crate) fn apply(self, operands: &[Value]) -> Result<(Value, bool), Trap> {
        let arg = |index: usize, ty: ValType| {
            assert_eq!(operands[index].ty(), ty, "validated: operand types");
            operands[index].bits()
        };
        let number = |ty: ValType, bits: u64| {
            let value = Value::from_bits(ty, bits);
            (value, value.is_nan())
        };
        Ok(match self {
            Numeric::Unop(t, f) => number(t, f(t.width(), arg(0, t))),
            Numeric::Binop(t, f) => number(t, f(t.width(), arg(0, t), arg(1, t))?),
            Numeric::Testop(t, f) => (Value::I32(f(t.width(), arg(0, t)).into()), false),
            Numeric::Relop(t, f) => {
                let holds = f(t.width(), arg(0, t), arg(1, t));
                (Value::I32(holds.into()), false)
            }
            Numeric::Cvtop(from, to, f) => number(to, f(from.width(), to.width(), arg(0, from))?),
            Numeric::SignUnop(t, f) => (Value::from_bits(t, f(t.width(), arg(0, t))), false),
            Numeric::SignBinop(t, f) => {
                let bits = f(t.width(), arg(0, t), arg(1, t));
                (Value::from_bits(t, bits), false)
            }
            Numeric::Reinterpret(from, to) => (Value::from_bits(to, arg(0, from)), false),
        })
    }

    /// The numeric instruction that `op` is, if it is one.
    pub(crate) fn of(op: &Operator<'_>) -> Option<Numeric> {
        use Numeric::*;
        use Operator as O;
        use ValType::*;
        Some(match op {
            O::I32Eqz => Testop(I32, ieqz),
            O::I32Eq => Relop(I32, ieq),
            O::I32Ne => Relop(I32, ine),
            O::I32LtS => Relop(I32, ilt_s),
            O::I32LtU => Relop(I32, ilt_u),
            O::I32GtS => Relop(I32, igt_s),
            O::I32GtU => Relop(I32, igt_u),
            O::I32LeS => Relop(I32, ile_s),
            O::I32LeU => Relop(I32, ile_u),
            O::I32GeS => Relop(I32, ige_s),
            O::I32GeU => Relop(I32, ige_u),
            O::I64Eqz => Testop(I64, ieqz),
            O::I64Eq => Relop(I64, ieq),
            O::I64Ne => Relop(I64, ine),
            O::I64LtS => Relop(I64, ilt_s),
            O::I64LtU => Relop(I64, ilt_u),
            O::I64GtS => Relop(I64, igt_s),
            O::I64GtU => Relop(I64, igt_u),
            O::I64LeS => Relop(I64, ile_s),
            O::I64LeU => Relop(I64, ile_u),
            O::I64GeS => Relop(I64, ige_s),
            O::I64GeU => Relop(I64, ige_u),
            O::F32Eq => Relop(F32, feq),
            O::F32Ne => Relop(F32, fne),
            O::F32Lt => Relop(F32, flt),
            O::F32Gt => Relop(F32, fgt),
            O::F32Le => Relop(F32, fle),
            O::F32Ge => Relop(F32, fge),
            O::F64Eq => Relop(F64, feq),
            O::F64Ne => Relop(F64, fne),
            O::F64Lt => Relop(F64, flt),
            O::F64Gt => Relop(F64, fgt),
            O::F64Le => Relop(F64, fle),
            O::F64Ge => Relop(F64, fge),
            O::I32Clz => Unop(I32, iclz),
            O::I32Ctz => Unop(I32, ictz),
            O::I32Popcnt => Unop(I32, ipopcnt),
            O::I32Add => Binop(I32, iadd),
            O::I32Sub => Binop(I32, isub),
            O::I32Mul => Binop(I32, imul),
            O::I32DivS => Binop(I32, idiv_s),
            O::I32DivU => Binop(I32, idiv_u),
            O::I32RemS => Binop(I32, irem_s),
            O::I32RemU => Binop(I32, irem_u),
            O::I32And => Binop(I32, iand),
            O::I32Or => Binop(I32, ior),
            O::I32Xor => Binop(I32, ixor),
            O::I32Shl => Binop(I32, ishl),
            O::I32ShrS => Binop(I32, ishr_s),
            O::I32ShrU => Binop(I32, ishr_u),
            O::I32Rotl => Binop(I32, irotl),
            O::I32Rotr => Binop(I32, irotr),
            O::I64Clz => Unop(I64, iclz),
            O::I64Ctz => Unop(I64, ictz),
            O::I64Popcnt => Unop(I64, ipopcnt),
            O::I64Add => Binop(I64, iadd),
            O::I64Sub => Binop(I64, isub),
            O::I64Mul => Binop(I64, imul),
            O::I64DivS => Binop(I64, idiv_s),
            O::I64DivU => Binop(I64, idiv_u),
            O::I64RemS => Binop(I64, irem_s),
            O::I64RemU => Binop(I64, irem_u),
            O::I64And => Binop(I64, iand),
            O::I64Or => Binop(I64, ior),
            O::I64Xor => Binop(I64, ixor),
            O::I64Shl => Binop(I64, ishl),
            O::I64ShrS => Binop(I64, ishr_s),
            O::I64ShrU => Binop(I64, ishr_u),
            O::I64Rotl => Binop(I64, irotl),
            O::I64Rotr => Binop(I64, irotr),
            O::F32Abs => SignUnop(F32, fabs),
            O::F32Neg => SignUnop(F32, fneg),
            O::F32Ceil => Unop(F32, fceil),
            O::F32Floor => Unop(F32, ffloor),
            O::F32Trunc => Unop(F32, ftrunc),
            O::F32Nearest => Unop(F32, fnearest),
            O::F32Sqrt => Unop(F32, fsqrt),
            O::F32Add => Binop(F32, fadd),
            O::F32Sub => Binop(F32, fsub),
            O::F32Mul => Binop(F32, fmul),
            O::F32Div => Binop(F32, fdiv),
            O::F32Min => Binop(F32, fmin),
            O::F32Max => Binop(F32, fmax),
            O::F32Copysign => SignBinop(F32, fcopysign),
            O::F64Abs => SignUnop(F64, fabs),
            O::F64Neg => SignUnop(F64, fneg),
            O::F64Ceil => Unop(F64, fceil),
            O::F64Floor => Unop(F64, ffloor),
            O::F64Trunc => Unop(F64, ftrunc),
            O::F64Nearest => Unop(F64, fnearest),
            O::F64Sqrt => Unop(F64, fsqrt),
            O::F64Add => Binop(F64, fadd),
            O::F64Sub => Binop(F64, fsub),
            O::F64Mul => Binop(F64, fmul),
            O::F64Div => Binop(F64, fdiv),
            O::F64Min => Binop(F64, fmin),
            O::F64Max => Binop(F64, fmax),
            O::F64Copysign => SignBinop(F64, fcopysign),
            O::I32WrapI64 => Cvtop(I64, I32, wrap),
            O::I32TruncF32S => Cvtop(F32, I32, trunc_s),
            O::I32TruncF32U => Cvtop(F32, I32, trunc_u),
            O::I32TruncF64S => Cvtop(F64, I32, trunc_s),
            O::I32TruncF64U => Cvtop(F64, I32, trunc_u),
            O::I64ExtendI32S => Cvtop(I32, I64, extend_s),
            O::I64ExtendI32U => Cvtop(I32, I64, extend_u),
            O::I64TruncF32S => Cvtop(F32, I64, trunc_s),
            O::I64TruncF32U => Cvtop(F32, I64, trunc_u),
            O::I64TruncF64S => Cvtop(F64, I64, trunc_s),
            O::I64TruncF64U => Cvtop(F64, I64, trunc_u),
            O::I32TruncSatF32S => Cvtop(F32, I32, trunc_sat_s),
            O::I32TruncSatF32U => Cvtop(F32, I32, trunc_sat_u),
            O::I32TruncSatF64S => Cvtop(F64, I32, trunc_sat_s),
            O::I32TruncSatF64U => Cvtop(F64, I32, trunc_sat_u),
            O::I64TruncSatF32S => Cvtop(F32, I64, trunc_sat_s),
            O::I64TruncSatF32U => Cvtop(F32, I64, trunc_sat_u),
            O::I64TruncSatF64S => Cvtop(F64, I64, trunc_sat_s),
            O::I64TruncSatF64U => Cvtop(F64, I64, trunc_sat_u),
            O::F32ConvertI32S => Cvtop(I32, F32, convert_s),
            O::F32ConvertI32U => Cvtop(I32, F32, convert_u),
            O::F32ConvertI64S => Cvtop(I64, F32, convert_s),
            O::F32ConvertI64U => Cvtop(I64, F32, convert_u),
            O::F64ConvertI32S => Cvtop(I32, F64, convert_s),
            O::F64ConvertI32U => Cvtop(I32, F64, convert_u),
            O::F64ConvertI64S => Cvtop(I64, F64, convert_s),
            O::F64ConvertI64U => Cvtop(I64, F64, convert_u),
            O::F32DemoteF64 => Cvtop(F64, F32, resize),
            O::F64PromoteF32 => Cvtop(F32, F64, resize),
            O::I32ReinterpretF32 => Reinterpret(F32, I32),
            O::I64ReinterpretF64 => Reinterpret(F64, I64),
            O::F32ReinterpretI32 => Reinterpret(I32, F32),
            O::F64ReinterpretI64 => Reinterpret(I64, F64),
            O::I32Extend8S => Unop(I32, iextend8_s),
            O::I32Extend16S => Unop(I32, iextend16_s),
            O::I64Extend8S => Unop(I64, iextend8_s),
            O::I64Extend16S => Unop(I64, iextend16_s),
            O::I64Extend32S => Unop(I64, iextend32_s),
            _ => return None,
        })
    }
}

// Integers. `n` is the width; every argument and result is below 2^n.

/// The remainder modulo `2^n` of a number that may be negative.
fn modulo(n: u32, i: i128) -> u64 {
    i.rem_euclid(1 << n) as u64
}

/// The signed interpretation: `2^n` less from half on.
fn signed(n: u32, i: u64) -> i128 {
    let half = 1i128 << (n - 1);
    if i128::from(i) < half {
        i128::from(i)
    } else {
        i128::from(i) - (1i128 << n)
    }
}

fn ibit(i: u64, position: u32) -> bool {
    (i >> position) & 1 == 1
}

/// The number whose bits are given by `bit`, by position.
fn from_ibits(n: u32, bit: impl Fn(u32) -> bool) -> u64 {
    (0..n)
        .map(|position| u64::from(bit(position)) << position)
        .sum()
}

fn iadd(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(modulo(n, i128::from(a) + i128::from(b)))
}

fn isub(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(modulo(n, i128::from(a) - i128::from(b)))
}

fn imul(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok((u128::from(a) * u128::from(b) % (1u128 << n)) as u64)
}

fn idiv_u(_: u32, a: u64, b: u64) -> Result<u64, Trap> {
    a.checked_div(b).ok_or(Trap::IntegerDivideByZero)
}

fn idiv_s(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    if b == 0 {
        return Err(Trap::IntegerDivideByZero);
    }
    let quotient = signed(n, a) / signed(n, b);
    if quotient == 1i128 << (n - 1) {
        return Err(Trap::IntegerOverflow);
    }
    Ok(modulo(n, quotient))
}

fn irem_u(_: u32, a: u64, b: u64) -> Result<u64, Trap> {
    if b == 0 {
        Err(Trap::IntegerDivideByZero)
    } else {
        Ok(a - b * (a / b))
    }
}

fn irem_s(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    if b == 0 {
        return Err(Trap::IntegerDivideByZero);
    }
    let (a, b) = (signed(n, a), signed(n, b));
    Ok(modulo(n, a - b * (a / b)))
}

fn iand(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(from_ibits(n, |p| ibit(a, p) && ibit(b, p)))
}

fn ior(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(from_ibits(n, |p| ibit(a, p) || ibit(b, p)))
}

fn ixor(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    Ok(from_ibits(n, |p| ibit(a, p) != ibit(b, p)))
}

/// A shift count is taken modulo the width.
fn count(n: u32, b: u64) -> u32 {
    (b % u64::from(n)) as u32
}

fn ishl(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    let k = count(n, b);
    Ok(from_ibits(n, |p| p >= k && ibit(a, p - k)))
}

fn ishr_u(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    let k = count(n, b);
    Ok(from_ibits(n, |p| p + k < n && ibit(a, p + k)))
}

fn ishr_s(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    let k = count(n, b);
    Ok(from_ibits(n, |p| ibit(a, (p + k).min(n - 1))))
}

fn irotl(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    let k = count(n, b);
    Ok(from_ibits(n, |p| ibit(a, (p + n - k) % n)))
}

fn irotr(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    let k = count(n, b);
    Ok(from_ibits(n, |p| ibit(a, (p + k) % n)))
}

fn iclz(n: u32, a: u64) -> u64 {
    (0..n).rev().take_while(|&p| !ibit(a, p)).count() as u64
}

fn ictz(n: u32, a: u64) -> u64 {
    (0..n).take_while(|&p| !ibit(a, p)).count() as u64
}

fn ipopcnt(n: u32, a: u64) -> u64 {
    (0..n).filter(|&p| ibit(a, p)).count() as u64
}

/// The low `m` bits of `a`, sign-extended to `n`.
fn sign_extended(m: u32, n: u32, a: u64) -> u64 {
    let low = (u128::from(a) % (1u128 << m)) as u64;
    modulo(n, signed(m, low))
}

fn iextend8_s(n: u32, a: u64) -> u64 {
    sign_extended(8, n, a)
}

fn iextend16_s(n: u32, a: u64) -> u64 {
    sign_extended(16, n, a)
}

fn iextend32_s(n: u32, a: u64) -> u64 {
    sign_extended(32, n, a)
}

fn ieqz(_: u32, a: u64) -> bool {
    a == 0
}

fn ieq(_: u32, a: u64, b: u64) -> bool {
    a == b
}

fn ine(_: u32, a: u64, b: u64) -> bool {
    a != b
}

fn ilt_u(_: u32, a: u64, b: u64) -> bool {
    a < b
}

fn ilt_s(n: u32, a: u64, b: u64) -> bool {
    signed(n, a) < signed(n, b)
}

fn igt_u(_: u32, a: u64, b: u64) -> bool {
    a > b
}

fn igt_s(n: u32, a: u64, b: u64) -> bool {
    signed(n, a) > signed(n, b)
}

fn ile_u(_: u32, a: u64, b: u64) -> bool {
    a <= b
}

fn ile_s(n: u32, a: u64, b: u64) -> bool {
    signed(n, a) <= signed(n, b)
}

fn ige_u(_: u32, a: u64, b: u64) -> bool {
    a >= b
}

fn ige_s(n: u32, a: u64, b: u64) -> bool {
    signed(n, a) >= signed(n, b)
}

// Floats. `n` is the width; arguments and results are bits.

fn canonical_nan(n: u32) -> u64 {
    if n == 32 {
        0x7FC0_0000
    } else {
        0x7FF8_0000_0000_0000
    }
}

/// The number as an `f64`, exactly; `None` is a NaN.
fn number(n: u32, bits: u64) -> Option<f64> {
    let value = if n == 32 {
        f64::from(f32::from_bits(bits as u32))
    } else {
        f64::from_bits(bits)
    };
    (!value.is_nan()).then_some(value)
}

/// The bits of `value` rounded to the width.
fn rounded(n: u32, value: f64) -> u64 {
    if value.is_nan() {
        canonical_nan(n)
    } else if n == 32 {
        u64::from((value as f32).to_bits())
    } else {
        value.to_bits()
    }
}

fn arithmetic(n: u32, a: u64, f: impl Fn(f64) -> f64) -> u64 {
    number(n, a).map_or(canonical_nan(n), |a| rounded(n, f(a)))
}

fn arithmetic2(n: u32, a: u64, b: u64, f: impl Fn(f64, f64) -> f64) -> Result<u64, Trap> {
    Ok(match (number(n, a), number(n, b)) {
        (Some(a), Some(b)) => rounded(n, f(a, b)),
        _ => canonical_nan(n),
    })
}

fn fadd(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    arithmetic2(n, a, b, |a, b| a + b)
}

fn fsub(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    arithmetic2(n, a, b, |a, b| a - b)
}

fn fmul(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    arithmetic2(n, a, b, |a, b| a * b)
}

fn fdiv(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    arithmetic2(n, a, b, |a, b| a / b)
}

fn fsqrt(n: u32, a: u64) -> u64 {
    arithmetic(n, a, f64::sqrt)
}

fn fmin(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    arithmetic2(n, a, b, |a, b| {
        if a == 0.0 && b == 0.0 {
            if a.is_sign_negative() { a } else { b }
        } else if a < b {
            a
        } else {
            b
        }
    })
}

fn fmax(n: u32, a: u64, b: u64) -> Result<u64, Trap> {
    arithmetic2(n, a, b, |a, b| {
        if a == 0.0 && b == 0.0 {
            if a.is_sign_positive() { a } else { b }
        } else if a > b {
            a
        } else {
            b
        }
    })
}

/// Rounds towards zero; below 2^52 an `i64` holds the whole part, from there on a float is whole.
fn whole_part(a: f64) -> f64 {
    if a.is_infinite() || a.abs() >= 4_503_599_627_370_496.0 {
        return a;
    }
    (a as i64) as f64
}

fn with_sign_of(a: f64, magnitude: f64) -> f64 {
    if a.is_sign_negative() {
        -magnitude.abs()
    } else {
        magnitude.abs()
    }
}

fn ftrunc(n: u32, a: u64) -> u64 {
    arithmetic(n, a, |a| with_sign_of(a, whole_part(a)))
}

fn ffloor(n: u32, a: u64) -> u64 {
    arithmetic(n, a, |a| {
        let whole = whole_part(a);
        with_sign_of(a, if whole > a { whole - 1.0 } else { whole })
    })
}

fn fceil(n: u32, a: u64) -> u64 {
    arithmetic(n, a, |a| {
        let whole = whole_part(a);
        with_sign_of(a, if whole < a { whole + 1.0 } else { whole })
    })
}

fn fnearest(n: u32, a: u64) -> u64 {
    arithmetic(n, a, |a| {
        let below = whole_part(a.abs());
        if below.is_infinite() {
            return a;
        }
        let rest = a.abs() - below;
        let odd = whole_part(below / 2.0) * 2.0 != below;
        let up = rest > 0.5 || (rest == 0.5 && odd);
        with_sign_of(a, if up { below + 1.0 } else { below })
    })
}

fn sign_bit(n: u32) -> u64 {
    1 << (n - 1)
}

fn fabs(n: u32, a: u64) -> u64 {
    a & !sign_bit(n)
}

fn fneg(n: u32, a: u64) -> u64 {
    a ^ sign_bit(n)
}

fn fcopysign(n: u32, a: u64, b: u64) -> u64 {
    (a & !sign_bit(n)) | (b & sign_bit(n))
}

fn frel(n: u32, a: u64, b: u64, of_nan: bool, f: impl Fn(f64, f64) -> bool) -> bool {
    match (number(n, a), number(n, b)) {
        (Some(a), Some(b)) => f(a, b),
        _ => of_nan,
    }
}

fn feq(n: u32, a: u64, b: u64) -> bool {
    frel(n, a, b, false, |a, b| a == b)
}

fn fne(n: u32, a: u64, b: u64) -> bool {
    frel(n, a, b, true, |a, b| a != b)
}

fn flt(n: u32, a: u64, b: u64) -> bool {
    frel(n, a, b, false, |a, b| a < b)
}

fn fgt(n: u32, a: u64, b: u64) -> bool {
    frel(n, a, b, false, |a, b| a > b)
}

fn fle(n: u32, a: u64, b: u64) -> bool {
    frel(n, a, b, false, |a, b| a <= b)
}

fn fge(n: u32, a: u64, b: u64) -> bool {
    frel(n, a, b, false, |a, b| a >= b)
}

// Conversions, from width `m` to width `n`.

fn wrap(_: u32, n: u32, a: u64) -> Result<u64, Trap> {
    Ok((u128::from(a) % (1u128 << n)) as u64)
}

fn extend_u(_: u32, _: u32, a: u64) -> Result<u64, Trap> {
    Ok(a)
}

fn extend_s(m: u32, n: u32, a: u64) -> Result<u64, Trap> {
    Ok(modulo(n, signed(m, a)))
}

/// A float without its fraction.
enum Truncated {
    Nan,
    /// Clamped far outside every integer type, so that range checks need no case for infinity.
    Whole(i128),
}

/// Takes the float's bits apart and shifts its significand: no float arithmetic.
fn truncated(m: u32, a: u64) -> Truncated {
    let Some(value) = number(m, a) else {
        return Truncated::Nan;
    };
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7FF) as i32;
    let fraction = i128::from(bits & ((1 << 52) - 1));
    let (significand, scale) = if exponent == 0 {
        (fraction, -1074)
    } else {
        (fraction | (1 << 52), exponent - 1075)
    };
    let magnitude = if scale > 20 {
        1i128 << 100
    } else if scale >= 0 {
        significand << scale
    } else if scale > -64 {
        significand >> -scale
    } else {
        0
    };
    Truncated::Whole(if bits >> 63 == 1 {
        -magnitude
    } else {
        magnitude
    })
}

fn signed_range(n: u32) -> (i128, i128) {
    (-(1i128 << (n - 1)), (1i128 << (n - 1)) - 1)
}

fn unsigned_range(n: u32) -> (i128, i128) {
    (0, (1i128 << n) - 1)
}

fn trunc(m: u32, n: u32, a: u64, (low, high): (i128, i128)) -> Result<u64, Trap> {
    match truncated(m, a) {
        Truncated::Nan => Err(Trap::InvalidConversionToInteger),
        Truncated::Whole(whole) if whole < low || whole > high => Err(Trap::IntegerOverflow),
        Truncated::Whole(whole) => Ok(modulo(n, whole)),
    }
}

fn trunc_sat(m: u32, n: u32, a: u64, (low, high): (i128, i128)) -> Result<u64, Trap> {
    Ok(match truncated(m, a) {
        Truncated::Nan => 0,
        Truncated::Whole(whole) => modulo(n, whole.clamp(low, high)),
    })
}

fn trunc_s(m: u32, n: u32, a: u64) -> Result<u64, Trap> {
    trunc(m, n, a, signed_range(n))
}

fn trunc_u(m: u32, n: u32, a: u64) -> Result<u64, Trap> {
    trunc(m, n, a, unsigned_range(n))
}

fn trunc_sat_s(m: u32, n: u32, a: u64) -> Result<u64, Trap> {
    trunc_sat(m, n, a, signed_range(n))
}

fn trunc_sat_u(m: u32, n: u32, a: u64) -> Result<u64, Trap> {
    trunc_sat(m, n, a, unsigned_range(n))
}

/// The float nearest to an integer, ties to even, by cutting the significand to its width.
fn convert(n: u32, a: i128) -> u64 {
    let precision = if n == 32 { 24 } else { 53 };
    let magnitude = a.unsigned_abs();
    let length = u128::BITS - magnitude.leading_zeros();
    let cut = length.saturating_sub(precision);
    let (mut kept, lost) = (magnitude >> cut, magnitude & ((1 << cut) - 1));
    let half = if cut == 0 { 1 } else { 1 << (cut - 1) };
    if lost > half || (cut > 0 && lost == half && kept % 2 == 1) {
        kept += 1;
    }
    // Both factors and their product have at most 53 significant bits: exact.
    let value = kept as f64 * (1u128 << cut) as f64;
    rounded(n, if a < 0 { -value } else { value })
}

fn convert_s(m: u32, n: u32, a: u64) -> Result<u64, Trap> {
    Ok(convert(n, signed(m, a)))
}

fn convert_u(_: u32, n: u32, a: u64) -> Result<u64, Trap> {
    Ok(convert(n, i128::from(a)))
}

/// `promote` and `demote`.
fn resize(m: u32, n: u32, a: u64) -> Result<u64, Trap> {
    Ok(number(m, a).map_or(canonical_nan(n), |a| rounded(n, a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f64s(f: fn(u32, u64) -> u64, a: f64) -> f64 {
        f64::from_bits(f(64, a.to_bits()))
    }

    #[test]
    fn nearest_rounds_ties_to_even_and_keeps_the_sign_of_zero() {
        for (given, wanted) in [
            (0.5, 0.0),
            (1.5, 2.0),
            (2.5, 2.0),
            (-0.5, -0.0),
            (-1.5, -2.0),
            (4.2, 4.0),
            (1e300, 1e300),
        ] {
            assert_eq!(
                f64s(fnearest, given).to_bits(),
                f64::to_bits(wanted),
                "{given}"
            );
        }
    }

    #[test]
    fn floor_and_ceil_keep_the_sign_of_zero() {
        assert_eq!(f64s(ffloor, -0.5), -1.0);
        assert_eq!(f64s(fceil, -0.5).to_bits(), (-0.0f64).to_bits());
        assert_eq!(f64s(ffloor, 0.5).to_bits(), 0.0f64.to_bits());
        assert_eq!(f64s(fceil, f64::NEG_INFINITY), f64::NEG_INFINITY);
    }

    #[test]
    fn conversions_agree_with_the_host() {
        for shift in 0..64 {
            for low in [-3i64, -1, 0, 1, 3, 1 << 10, (1 << 10) + 1] {
                let a = (1i64 << shift).wrapping_add(low);
                assert_eq!(
                    convert(32, a.into()),
                    u64::from((a as f32).to_bits()),
                    "{a}"
                );
                assert_eq!(convert(64, a.into()), (a as f64).to_bits(), "{a}");
                let u = a as u64;
                assert_eq!(
                    convert(32, u.into()),
                    u64::from((u as f32).to_bits()),
                    "{u}"
                );
                let x = a as f64 * 0.75;
                assert_eq!(
                    trunc_sat_s(64, 32, x.to_bits()),
                    Ok(u64::from(x as i32 as u32)),
                    "{x}"
                );
                assert_eq!(trunc_sat_u(64, 64, x.to_bits()), Ok(x as u64), "{x}");
            }
        }
    }

    #[test]
    fn signed_division_has_one_overflow() {
        assert_eq!(
            idiv_s(32, 0x8000_0000, 0xFFFF_FFFF),
            Err(Trap::IntegerOverflow)
        );
        assert_eq!(irem_s(32, 0x8000_0000, 0xFFFF_FFFF), Ok(0));
        assert_eq!(idiv_s(64, 7, u64::MAX - 1), Ok(u64::MAX - 2));
    }

    #[test]
    fn bit_by_bit_operators_agree_with_the_host() {
        let values = [
            0u64,
            1,
            2,
            0x8000_0000_0000_0000,
            u64::MAX,
            0x0123_4567_89AB_CDEF,
        ];
        for a in values {
            for b in [0u64, 1, 31, 32, 63, 64, 65, u64::MAX] {
                let k = b as u32;
                assert_eq!(ishl(64, a, b), Ok(a.wrapping_shl(k)));
                assert_eq!(ishr_u(64, a, b), Ok(a.wrapping_shr(k)));
                assert_eq!(ishr_s(64, a, b), Ok((a as i64).wrapping_shr(k) as u64));
                assert_eq!(irotl(64, a, b), Ok(a.rotate_left(k % 64)));
                assert_eq!(irotr(64, a, b), Ok(a.rotate_right(k % 64)));
            }
            assert_eq!(iclz(64, a), u64::from(a.leading_zeros()));
            assert_eq!(ictz(64, a), u64::from(a.trailing_zeros()));
            assert_eq!(ipopcnt(64, a), u64::from(a.count_ones()));
        }
    }
}
