//! The values a script names: made into arguments, compared with results, and shown.

use core::fmt::{self, Write as _};
use core::mem::discriminant;

use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

use crate::{AnyRef, ExternRef, Store, Val};

/// Why a value of the script cannot be made or compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum ValueError {
    #[error("values of this kind are not supported yet")]
    Unsupported,
    #[error("no reference can be made for the host's object")]
    HostRef,
}

/// Makes an argument of what the script says.
pub(super) fn argument<T>(store: &mut Store<T>, arg: &WastArg<'_>) -> Result<Val, ValueError> {
    let WastArg::Core(arg) = arg else {
        return Err(ValueError::Unsupported);
    };
    Ok(match arg {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => Val::V128(u128::from_le_bytes(value.to_le_bytes()).into()),
        WastArgCore::RefNull(heap) => null(heap).ok_or(ValueError::Unsupported)?,
        WastArgCore::RefExtern(object) => Val::ExternRef(Some(
            ExternRef::new(store, *object).map_err(|_| ValueError::HostRef)?,
        )),
        WastArgCore::RefHost(object) => {
            let value = ExternRef::new(&mut *store, *object).map_err(|_| ValueError::HostRef)?;
            let value = AnyRef::convert_extern(store, value).map_err(|_| ValueError::HostRef)?;
            value.into()
        }
    })
}

/// Whether results are what the script says: as many, and each within its pattern.
pub(super) fn all_match<T>(store: &Store<T>, patterns: &[WastRet<'_>], results: &[Val]) -> bool {
    patterns.len() == results.len()
        && patterns
            .iter()
            .zip(results)
            .all(|(pattern, result)| match pattern {
                WastRet::Core(pattern) => matches(store, pattern, result),
                _ => false,
            })
}

fn matches<T>(store: &Store<T>, pattern: &WastRetCore<'_>, result: &Val) -> bool {
    match (pattern, result) {
        (WastRetCore::Either(patterns), result) => patterns
            .iter()
            .any(|pattern| matches(store, pattern, result)),
        (WastRetCore::I32(expected), Val::I32(actual)) => expected == actual,
        (WastRetCore::I64(expected), Val::I64(actual)) => expected == actual,
        (WastRetCore::F32(pattern), Val::F32(actual)) => f32_matches(pattern, *actual),
        (WastRetCore::F64(pattern), Val::F64(actual)) => f64_matches(pattern, *actual),
        (WastRetCore::V128(pattern), Val::V128(actual)) => v128_matches(pattern, actual.as_u128()),
        (WastRetCore::RefNull(heap), null_result) if is_null(null_result) => {
            let expected = heap.as_ref().and_then(null);
            expected.is_none_or(|expected| discriminant(&expected) == discriminant(null_result))
        }
        (WastRetCore::RefAny, Val::AnyRef(Some(_))) => true,
        (WastRetCore::RefEq, Val::AnyRef(Some(any))) => {
            any.as_eq(store).is_ok_and(|eq| eq.is_some())
        }
        (WastRetCore::RefI31, Val::AnyRef(Some(any))) => {
            any.as_i31(store).is_ok_and(|number| number.is_some())
        }
        (WastRetCore::RefStruct, Val::AnyRef(Some(any))) => {
            any.as_struct(store).is_ok_and(|found| found.is_some())
        }
        (WastRetCore::RefArray, Val::AnyRef(Some(any))) => {
            any.as_array(store).is_ok_and(|found| found.is_some())
        }
        (WastRetCore::RefHost(expected), Val::AnyRef(Some(any))) => {
            ExternRef::convert_any(store, any.clone())
                .is_ok_and(|value| object(store, &value) == Some(*expected))
        }
        (WastRetCore::RefFunc(None), Val::FuncRef(Some(_))) => true,
        (WastRetCore::RefExtern(None), Val::ExternRef(Some(_))) => true,
        (WastRetCore::RefExtern(Some(expected)), Val::ExternRef(Some(actual))) => {
            object(store, actual) == Some(*expected)
        }
        _ => false,
    }
}

/// The null reference of a type's hierarchy, if there are values of it.
fn null(heap: &HeapType<'_>) -> Option<Val> {
    use AbstractHeapType::*;
    match heap {
        HeapType::Abstract { shared: false, ty } => match ty {
            Func | NoFunc => Some(Val::FuncRef(Option::None)),
            Extern | NoExtern => Some(Val::ExternRef(Option::None)),
            Exn | NoExn => Some(Val::ExnRef(Option::None)),
            Any | Eq | I31 | Struct | Array | None => Some(Val::AnyRef(Option::None)),
            _ => Option::None,
        },
        _ => Option::None,
    }
}

fn is_null(value: &Val) -> bool {
    value
        .clone()
        .ref_()
        .is_some_and(|reference| reference.is_null())
}

/// The number by which a script knows an object of the host.
fn object<T>(store: &Store<T>, reference: &ExternRef) -> Option<u32> {
    reference.data(store).ok()??.downcast_ref::<u32>().copied()
}

// The canonical NaN has the quiet bit as its whole payload; an arithmetic one has the quiet bit at least. The sign is free.
fn f32_matches(pattern: &NanPattern<F32>, actual: u32) -> bool {
    match pattern {
        NanPattern::CanonicalNan => actual & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => actual & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(expected) => expected.bits == actual,
    }
}

fn f64_matches(pattern: &NanPattern<F64>, actual: u64) -> bool {
    match pattern {
        NanPattern::CanonicalNan => actual & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => actual & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(expected) => expected.bits == actual,
    }
}

fn v128_matches(pattern: &V128Pattern, actual: u128) -> bool {
    // Lane 0 stands lowest.
    let lane = |i: usize, bits: usize| actual >> (i * bits);
    let ints = |lanes: &[u64], bits: usize| {
        let mask = u64::MAX >> (64 - bits);
        let mut lanes = lanes.iter().enumerate();
        lanes.all(|(i, expected)| lane(i, bits) as u64 & mask == expected & mask)
    };
    match pattern {
        V128Pattern::I8x16(lanes) => ints(&lanes.map(|lane| lane as u64), 8),
        V128Pattern::I16x8(lanes) => ints(&lanes.map(|lane| lane as u64), 16),
        V128Pattern::I32x4(lanes) => ints(&lanes.map(|lane| lane as u64), 32),
        V128Pattern::I64x2(lanes) => ints(&lanes.map(|lane| lane as u64), 64),
        V128Pattern::F32x4(lanes) => {
            let mut lanes = lanes.iter().enumerate();
            lanes.all(|(i, pattern)| f32_matches(pattern, lane(i, 32) as u32))
        }
        V128Pattern::F64x2(lanes) => {
            let mut lanes = lanes.iter().enumerate();
            lanes.all(|(i, pattern)| f64_matches(pattern, lane(i, 64) as u64))
        }
    }
}

/// What the script asks for, in the script's own notation.
pub(super) fn show_patterns(patterns: &[WastRet<'_>]) -> String {
    list(patterns, |f, pattern| match pattern {
        WastRet::Core(pattern) => show_pattern(f, pattern),
        other => write!(f, "({other:?})"),
    })
}

/// What came, in the script's notation.
pub(super) fn show_results<T>(store: &Store<T>, results: &[Val]) -> String {
    list(results, |f, result| show_result(f, store, result))
}

fn list<T>(items: &[T], show: impl Fn(&mut String, &T) -> fmt::Result) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a string cannot fail.
        let _ = show(&mut text, item);
    }
    if text.is_empty() {
        "no results".to_owned()
    } else {
        text
    }
}

fn show_pattern(f: &mut String, pattern: &WastRetCore<'_>) -> fmt::Result {
    match pattern {
        WastRetCore::I32(value) => write!(f, "(i32.const {value})"),
        WastRetCore::I64(value) => write!(f, "(i64.const {value})"),
        WastRetCore::F32(NanPattern::Value(value)) => show_f32(f, value.bits),
        WastRetCore::F64(NanPattern::Value(value)) => show_f64(f, value.bits),
        WastRetCore::F32(NanPattern::CanonicalNan) => f.write_str("(f32.const nan:canonical)"),
        WastRetCore::F32(NanPattern::ArithmeticNan) => f.write_str("(f32.const nan:arithmetic)"),
        WastRetCore::F64(NanPattern::CanonicalNan) => f.write_str("(f64.const nan:canonical)"),
        WastRetCore::F64(NanPattern::ArithmeticNan) => f.write_str("(f64.const nan:arithmetic)"),
        WastRetCore::RefNull(_) => f.write_str("(ref.null)"),
        WastRetCore::RefExtern(None) => f.write_str("(ref.extern)"),
        WastRetCore::RefExtern(Some(object)) => write!(f, "(ref.extern {object})"),
        WastRetCore::RefFunc(_) => f.write_str("(ref.func)"),
        WastRetCore::Either(patterns) => {
            f.write_str("(either")?;
            for pattern in patterns {
                f.write_str(" ")?;
                show_pattern(f, pattern)?;
            }
            f.write_str(")")
        }
        other => write!(f, "({other:?})"),
    }
}

fn show_result<T>(f: &mut String, store: &Store<T>, result: &Val) -> fmt::Result {
    match result {
        Val::I32(value) => write!(f, "(i32.const {value})"),
        Val::I64(value) => write!(f, "(i64.const {value})"),
        Val::F32(bits) => show_f32(f, *bits),
        Val::F64(bits) => show_f64(f, *bits),
        Val::V128(value) => {
            f.write_str("(v128.const i32x4")?;
            for lane in 0..4 {
                write!(f, " {:#010x}", (value.as_u128() >> (32 * lane)) as u32)?;
            }
            f.write_str(")")
        }
        Val::FuncRef(None) => f.write_str("(ref.null func)"),
        Val::FuncRef(Some(_)) => f.write_str("(ref.func)"),
        Val::ExternRef(None) => f.write_str("(ref.null extern)"),
        Val::ExternRef(Some(reference)) => match object(store, reference) {
            Some(object) => write!(f, "(ref.extern {object})"),
            None => f.write_str("(ref.extern)"),
        },
        Val::ExnRef(None) => f.write_str("(ref.null exn)"),
        Val::ExnRef(Some(_)) => f.write_str("(ref.exn)"),
        Val::AnyRef(None) => f.write_str("(ref.null any)"),
        Val::AnyRef(Some(any)) => match any.heap_type(store) {
            Ok(ty) => write!(f, "(ref {ty})"),
            Err(_) => f.write_str("(ref.any)"),
        },
    }
}

// The bits stand beside the number, for a decimal number does not say at a glance which they are.
fn show_f32(f: &mut String, bits: u32) -> fmt::Result {
    let value = f32::from_bits(bits);
    if value.is_nan() {
        show_nan(
            f,
            "f32",
            value.is_sign_negative(),
            u64::from(bits & 0x007f_ffff),
        )
    } else {
        write!(f, "(f32.const {value:?} (;{bits:#010x};))")
    }
}

fn show_f64(f: &mut String, bits: u64) -> fmt::Result {
    let value = f64::from_bits(bits);
    if value.is_nan() {
        show_nan(
            f,
            "f64",
            value.is_sign_negative(),
            bits & 0x000f_ffff_ffff_ffff,
        )
    } else {
        write!(f, "(f64.const {value:?} (;{bits:#018x};))")
    }
}

fn show_nan(f: &mut String, ty: &str, negative: bool, payload: u64) -> fmt::Result {
    let sign = if negative { "-" } else { "" };
    write!(f, "({ty}.const {sign}nan:{payload:#x})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_nan_has_no_payload_but_the_quiet_bit() {
        assert!(f32_matches(&NanPattern::CanonicalNan, 0x7fc0_0000));
        assert!(f32_matches(&NanPattern::CanonicalNan, 0xffc0_0000));
        assert!(!f32_matches(&NanPattern::CanonicalNan, 0x7fc0_0001));
        assert!(!f64_matches(
            &NanPattern::CanonicalNan,
            0x7ff0_0000_0000_0000
        ));
    }

    #[test]
    fn lane_0_of_a_vector_stands_lowest() {
        let vector = 0x0000_0004_0000_0003_ffff_fffe_0000_0001;
        assert!(v128_matches(&V128Pattern::I32x4([1, -2, 3, 4]), vector));
        assert!(!v128_matches(&V128Pattern::I32x4([4, 3, -2, 1]), vector));
        assert!(v128_matches(
            &V128Pattern::I64x2([-0x1_ffff_ffff, 0x4_0000_0003]),
            vector
        ));
    }

    #[test]
    fn an_arithmetic_nan_has_the_quiet_bit() {
        assert!(f32_matches(&NanPattern::ArithmeticNan, 0xffc0_0001));
        assert!(!f32_matches(&NanPattern::ArithmeticNan, 0x7fa0_0000));
        assert!(f64_matches(
            &NanPattern::ArithmeticNan,
            0x7ff8_0000_0000_1234
        ));
        assert!(!f64_matches(
            &NanPattern::ArithmeticNan,
            0x7ff4_0000_0000_0000
        ));
    }
}
