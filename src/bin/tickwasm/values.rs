//! Values as people type and read them.
//!
//! What is printed can be given back as an argument. A float is printed in the shorter of its plain and its exponent
//! form; a NaN with a payload other than the canonical one shows it, as the text format does.

use tickwasm::{Val, ValType};

/// Why a word of the command line is not a value of the type that is asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParseError {
    /// Not a number at all, or one that does not fit.
    #[error("`{0}` is not a value of type {1}")]
    NotA(String, &'static str),
    /// Values of this type have no notation.
    #[error(
        "a parameter of type {0} cannot be given on the command line; only `null` can stand for a reference"
    )]
    NoNotation(String),
}

/// Reads an argument for a parameter.
pub fn parse(ty: &ValType, word: &str) -> Result<Val, ParseError> {
    let not_a = |name| ParseError::NotA(word.to_owned(), name);
    Ok(match ty {
        ValType::I32 => Val::I32(parse_int(word, 32).ok_or(not_a("i32"))? as i32),
        ValType::I64 => Val::I64(parse_int(word, 64).ok_or(not_a("i64"))? as i64),
        ValType::F32 => Val::F32(parse_f32(word).ok_or(not_a("f32"))?),
        ValType::F64 => Val::F64(parse_f64(word).ok_or(not_a("f64"))?),
        ty => match Val::default_for_ty(ty) {
            Some(null) if word == "null" => null,
            _ => return Err(ParseError::NoNotation(ty.to_string())),
        },
    })
}

/// An integer, signed or unsigned, decimal or with `0x`; underscores between digits are ignored as in the text format.
fn parse_int(word: &str, bits: u32) -> Option<u64> {
    let (negative, digits) = match word.as_bytes() {
        [b'-', ..] => (true, &word[1..]),
        [b'+', ..] => (false, &word[1..]),
        _ => (false, word),
    };
    let (radix, digits) = match digits.strip_prefix("0x") {
        Some(digits) => (16, digits),
        None => (10, digits),
    };
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let magnitude = u64::from_str_radix(&digits, radix).ok()?;
    let limit = if negative {
        1 << (bits - 1)
    } else {
        u64::MAX >> (64 - bits)
    };
    if magnitude > limit {
        return None;
    }
    Some(if negative {
        magnitude.wrapping_neg()
    } else {
        magnitude
    })
}

/// The bits of a float: what Rust reads, and `nan:0x…` for a NaN with a payload.
fn parse_f32(word: &str) -> Option<u32> {
    match nan_payload(word) {
        Some((negative, payload)) if payload > 0 && payload < 1 << 23 => {
            Some(u32::from(negative) << 31 | 0x7f80_0000 | payload as u32)
        }
        Some(_) => None,
        None => word.parse::<f32>().ok().map(f32::to_bits),
    }
}

fn parse_f64(word: &str) -> Option<u64> {
    match nan_payload(word) {
        Some((negative, payload)) if payload > 0 && payload < 1 << 52 => {
            Some(u64::from(negative) << 63 | 0x7ff0_0000_0000_0000 | payload)
        }
        Some(_) => None,
        None => word.parse::<f64>().ok().map(f64::to_bits),
    }
}

fn nan_payload(word: &str) -> Option<(bool, u64)> {
    let (negative, word) = match word.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    Some((
        negative,
        u64::from_str_radix(word.strip_prefix("nan:0x")?, 16).ok()?,
    ))
}

/// Shows a result.
pub fn show(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => {
            let value = f32::from_bits(*bits);
            let payload = bits & 0x007f_ffff;
            if value.is_nan() {
                nan(
                    value.is_sign_negative(),
                    u64::from(payload),
                    payload == 0x0040_0000,
                )
            } else {
                shorter(value.to_string(), format!("{value:e}"))
            }
        }
        Val::F64(bits) => {
            let value = f64::from_bits(*bits);
            let payload = bits & 0x000f_ffff_ffff_ffff;
            if value.is_nan() {
                nan(
                    value.is_sign_negative(),
                    payload,
                    payload == 0x0008_0000_0000_0000,
                )
            } else {
                shorter(value.to_string(), format!("{value:e}"))
            }
        }
        Val::V128(value) => format!("{:#034x}", value.as_u128()),
        Val::FuncRef(Some(_)) => "funcref".to_owned(),
        Val::ExternRef(Some(_)) => "externref".to_owned(),
        Val::ExnRef(Some(_)) => "exnref".to_owned(),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::ExnRef(None) => "null".to_owned(),
        // The type may get more kinds.
        other => format!("{other:?}"),
    }
}

fn shorter(plain: String, exponent: String) -> String {
    if exponent.len() < plain.len() {
        exponent
    } else {
        plain
    }
}

fn nan(negative: bool, payload: u64, canonical: bool) -> String {
    let sign = if negative { "-" } else { "" };
    if canonical {
        format!("{sign}nan")
    } else {
        format!("{sign}nan:{payload:#x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(ty: &ValType, word: &str) -> Option<String> {
        parse(ty, word).ok().map(|value| show(&value))
    }

    #[test]
    fn an_integer_may_be_signed_or_unsigned() {
        assert_eq!(reads(&ValType::I32, "-1").as_deref(), Some("-1"));
        assert_eq!(reads(&ValType::I32, "4294967295").as_deref(), Some("-1"));
        assert_eq!(reads(&ValType::I32, "0xFFFF_FFFF").as_deref(), Some("-1"));
        assert_eq!(
            reads(&ValType::I64, "-9223372036854775808").as_deref(),
            Some("-9223372036854775808")
        );
    }

    #[test]
    fn an_integer_that_does_not_fit_is_refused() {
        assert_eq!(reads(&ValType::I32, "4294967296"), None);
        assert_eq!(reads(&ValType::I32, "-2147483649"), None);
        assert_eq!(reads(&ValType::I64, "18446744073709551616"), None);
        assert_eq!(reads(&ValType::I32, ""), None);
        assert_eq!(reads(&ValType::I32, "--1"), None);
        assert_eq!(reads(&ValType::I32, "1.0"), None);
    }

    #[test]
    fn a_float_is_printed_in_its_shorter_form() {
        assert_eq!(reads(&ValType::F64, "1").as_deref(), Some("1"));
        assert_eq!(reads(&ValType::F64, "1e300").as_deref(), Some("1e300"));
        assert_eq!(reads(&ValType::F64, "0.1").as_deref(), Some("0.1"));
        assert_eq!(reads(&ValType::F32, "-0").as_deref(), Some("-0"));
        assert_eq!(reads(&ValType::F32, "-inf").as_deref(), Some("-inf"));
    }

    #[test]
    fn what_is_printed_reads_back_to_the_same_bits() {
        let floats = [
            0,
            1,
            0x8000_0000,
            0x7f7f_ffff,
            0x7f80_0000,
            0x7fc0_0000,
            0xffc0_0000,
            0x7fa0_0001,
            0x3eaa_aaab,
        ];
        for bits in floats {
            assert_eq!(parse_f32(&show(&Val::F32(bits))), Some(bits));
        }
        let doubles = [
            0,
            1,
            1 << 63,
            0x7ff8_0000_0000_0000,
            0xfff4_0000_0000_0001,
            0x3fd5_5555_5555_5555,
        ];
        for bits in doubles {
            assert_eq!(parse_f64(&show(&Val::F64(bits))), Some(bits));
        }
    }
}
