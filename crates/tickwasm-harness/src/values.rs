//! The values a script names: made into arguments, compared with results, and shown.

use core::fmt::{self, Write as _};
use core::mem::discriminant;

use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::parser::{self, Parse, ParseBuffer, Parser};
use wast::token::{F32, F64, Index};
use wast::{WastArg, WastRet};

use tickwasm::{AnyRef, Escaped, ExternRef, Store, Val, ValType};

/// Why a value cannot be made or compared. See [`parse_value`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// A word that means no value of a type.
    #[error(
        "`{}` is not a value of type {ty}: {}",
        Escaped::new(.word).most(SHOWN),
        Escaped::new(.why).most(SHOWN)
    )]
    NotA {
        /// The word.
        word: String,
        /// The type.
        ty: ValType,
        /// The reason.
        why: String,
    },
    /// A kind of value that there is no way to make or to compare.
    #[error("values of this kind are not supported yet")]
    Unsupported,
    /// An object of the host's that the store does not take.
    #[error("no reference can be made for the host's object")]
    HostRef,
    /// A function's index, which a result does not tell.
    #[error("the index of a function cannot be compared: `(ref.func)` stands for any function")]
    FuncIndex,
}

/// How many characters of a word are shown.
const SHOWN: usize = 80;

/// Reads a value of a type as people write it: a number or vector as the text format has it behind `const`, `null` for a reference, or any
/// value in parentheses, as scripts have it.
///
/// # Errors
/// [`ValueError`], if the word means no value of the type.
///
/// ```
/// use tickwasm_harness::parse_value;
/// use tickwasm::{Engine, Store, ValType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// assert_eq!(parse_value(&mut store, &ValType::I32, "0xffff_fffe")?.i32(), Some(-2));
/// assert_eq!(parse_value(&mut store, &ValType::F32, "0x1.8p1")?.f32(), Some(3.0));
/// assert_eq!(parse_value(&mut store, &ValType::V128, "i64x2 1 0")?.v128().map(|v| v.as_u128()), Some(1));
/// assert!(parse_value(&mut store, &ValType::F32, "1e39").is_err());
/// # Ok::<(), tickwasm_harness::ValueError>(())
/// ```
pub fn parse_value<T>(store: &mut Store<T>, ty: &ValType, word: &str) -> Result<Val, ValueError> {
    let not_a = |why: &str| ValueError::NotA {
        word: word.to_owned(),
        ty: ty.clone(),
        why: why.to_owned(),
    };
    if word == "null" {
        let null = Val::default_for_ty(ty).filter(|_| matches!(ty, ValType::Ref(_)));
        return null.ok_or_else(|| not_a("it cannot be null"));
    }
    let text = match ty {
        _ if word.starts_with('(') => word.to_owned(),
        ValType::Ref(_) => {
            return Err(not_a(
                "a reference is `null`, or in parentheses as scripts have it",
            ));
        }
        // A word must not close the parenthesis that is put around it.
        _ if word.contains(['(', ')', ';', '"']) => return Err(not_a("it is not a number")),
        ty => format!("({ty}.const {word})"),
    };
    let buffer = ParseBuffer::new(&text).map_err(|error| not_a(&error.message()))?;
    let Parenthesis(arg) = parser::parse(&buffer).map_err(|error| not_a(&error.message()))?;
    let value = argument(store, &arg)?;
    // References are checked where they are passed: whether one is of a type only its store can tell.
    match (&value, ty) {
        (Val::I32(_), ValType::I32)
        | (Val::I64(_), ValType::I64)
        | (Val::F32(_), ValType::F32)
        | (Val::F64(_), ValType::F64)
        | (Val::V128(_), ValType::V128) => Ok(value),
        (value, ValType::Ref(_)) if value.clone().ref_().is_some() => Ok(value.clone()),
        _ => Err(not_a("it is one of another type")),
    }
}

/// Something in parentheses.
struct Parenthesis<'a>(WastArg<'a>);

impl<'a> Parse<'a> for Parenthesis<'a> {
    fn parse(parser: Parser<'a>) -> parser::Result<Self> {
        parser.parens(Parser::parse).map(Self)
    }
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

/// Whether results are what the script says: as many, and each within its pattern. The error names a pattern that nothing could be
/// compared with.
pub(super) fn all_match<T>(
    store: &Store<T>,
    patterns: &[WastRet<'_>],
    results: &[Val],
) -> Result<bool, ValueError> {
    let mut same = patterns.len() == results.len();
    for (at, pattern) in patterns.iter().enumerate() {
        let WastRet::Core(pattern) = pattern else {
            return Err(ValueError::Unsupported);
        };
        comparable(pattern)?;
        let matches = |result| matches(store, pattern, result);
        same &= results.get(at).is_some_and(matches);
    }
    Ok(same)
}

fn comparable(pattern: &WastRetCore<'_>) -> Result<(), ValueError> {
    match pattern {
        WastRetCore::RefFunc(Some(_)) => Err(ValueError::FuncIndex),
        WastRetCore::Either(patterns) => patterns.iter().try_for_each(comparable),
        _ => Ok(()),
    }
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

/// Shows the outcome that the script asks for, in the script's own notation.
pub(super) fn show_patterns(patterns: &[WastRet<'_>]) -> String {
    list(patterns, |f, pattern| match pattern {
        WastRet::Core(pattern) => show_pattern(f, pattern),
        other => write!(f, "({other:?})"),
    })
}

/// Shows results in the script's notation. A vector has the shape that the script's pattern has, if there is one.
pub(super) fn show_results<T>(
    store: &Store<T>,
    results: &[Val],
    patterns: &[WastRet<'_>],
) -> String {
    let mut at = 0;
    list(results, |f, result| {
        let pattern = patterns.get(at);
        at += 1;
        match (result, pattern) {
            (Val::V128(value), Some(WastRet::Core(WastRetCore::V128(pattern)))) => {
                show_vector(f, &like(pattern, value.as_u128()))
            }
            _ => show_result(f, store, result),
        }
    })
}

/// How many values of a list are shown.
const VALUES: usize = 32;

fn list<T>(items: &[T], mut show: impl FnMut(&mut String, &T) -> fmt::Result) -> String {
    let mut text = String::new();
    for item in items.iter().take(VALUES) {
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a string cannot fail.
        let _ = show(&mut text, item);
    }
    match items.len().saturating_sub(VALUES) {
        _ if text.is_empty() => "no results".to_owned(),
        0 => text,
        more => format!("{text} … and {more} more"),
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
        WastRetCore::V128(pattern) => show_vector(f, pattern),
        WastRetCore::RefNull(heap) => match heap.as_ref().and_then(null) {
            Some(null) => f.write_str(show_null(&null)),
            None => f.write_str("(ref.null)"),
        },
        WastRetCore::RefExtern(None) => f.write_str("(ref.extern)"),
        WastRetCore::RefExtern(Some(object)) => write!(f, "(ref.extern {object})"),
        WastRetCore::RefHost(object) => write!(f, "(ref.host {object})"),
        WastRetCore::RefFunc(None) => f.write_str("(ref.func)"),
        WastRetCore::RefFunc(Some(Index::Num(index, _))) => write!(f, "(ref.func {index})"),
        WastRetCore::RefFunc(Some(Index::Id(name))) => {
            write!(f, "(ref.func ${})", Escaped::new(name.name()))
        }
        WastRetCore::RefAny => f.write_str("(ref.any)"),
        WastRetCore::RefEq => f.write_str("(ref.eq)"),
        WastRetCore::RefI31 => f.write_str("(ref.i31)"),
        WastRetCore::RefI31Shared => f.write_str("(ref.i31_shared)"),
        WastRetCore::RefStruct => f.write_str("(ref.struct)"),
        WastRetCore::RefArray => f.write_str("(ref.array)"),
        WastRetCore::Either(patterns) => {
            f.write_str("(either")?;
            for pattern in patterns {
                f.write_str(" ")?;
                show_pattern(f, pattern)?;
            }
            f.write_str(")")
        }
    }
}

/// A vector as a pattern of the same shape.
fn like(pattern: &V128Pattern, value: u128) -> V128Pattern {
    fn lanes<const N: usize, L>(value: u128, lane: impl Fn(u64) -> L) -> [L; N] {
        // Lane 0 stands lowest.
        core::array::from_fn(|at| lane((value >> (at * 128 / N)) as u64))
    }
    let f32 = |lane: u64| NanPattern::Value(F32 { bits: lane as u32 });
    let f64 = |lane: u64| NanPattern::Value(F64 { bits: lane });
    match pattern {
        V128Pattern::I8x16(_) => V128Pattern::I8x16(lanes(value, |lane| lane as i8)),
        V128Pattern::I16x8(_) => V128Pattern::I16x8(lanes(value, |lane| lane as i16)),
        V128Pattern::I32x4(_) => V128Pattern::I32x4(lanes(value, |lane| lane as i32)),
        V128Pattern::I64x2(_) => V128Pattern::I64x2(lanes(value, |lane| lane as i64)),
        V128Pattern::F32x4(_) => V128Pattern::F32x4(lanes(value, f32)),
        V128Pattern::F64x2(_) => V128Pattern::F64x2(lanes(value, f64)),
    }
}

fn show_vector(f: &mut String, pattern: &V128Pattern) -> fmt::Result {
    fn lanes<L>(
        f: &mut String,
        shape: &str,
        lanes: &[L],
        show: impl Fn(&L) -> String,
    ) -> fmt::Result {
        write!(f, "(v128.const {shape}")?;
        for lane in lanes {
            write!(f, " {}", show(lane))?;
        }
        f.write_str(")")
    }
    match pattern {
        V128Pattern::I8x16(all) => lanes(f, "i8x16", all, i8::to_string),
        V128Pattern::I16x8(all) => lanes(f, "i16x8", all, i16::to_string),
        V128Pattern::I32x4(all) => lanes(f, "i32x4", all, i32::to_string),
        V128Pattern::I64x2(all) => lanes(f, "i64x2", all, i64::to_string),
        V128Pattern::F32x4(all) => lanes(f, "f32x4", all, |lane| match lane {
            NanPattern::Value(value) => shown_f32(value.bits),
            NanPattern::CanonicalNan => "nan:canonical".to_owned(),
            NanPattern::ArithmeticNan => "nan:arithmetic".to_owned(),
        }),
        V128Pattern::F64x2(all) => lanes(f, "f64x2", all, |lane| match lane {
            NanPattern::Value(value) => shown_f64(value.bits),
            NanPattern::CanonicalNan => "nan:canonical".to_owned(),
            NanPattern::ArithmeticNan => "nan:arithmetic".to_owned(),
        }),
    }
}

fn show_null(null: &Val) -> &'static str {
    match null {
        Val::FuncRef(_) => "(ref.null func)",
        Val::ExternRef(_) => "(ref.null extern)",
        Val::ExnRef(_) => "(ref.null exn)",
        _ => "(ref.null any)",
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
        Val::FuncRef(Some(_)) => f.write_str("(ref.func)"),
        Val::ExternRef(Some(reference)) => match object(store, reference) {
            Some(object) => write!(f, "(ref.extern {object})"),
            None => f.write_str("(ref.extern)"),
        },
        Val::ExnRef(Some(_)) => f.write_str("(ref.exn)"),
        Val::AnyRef(Some(any)) => match kind(store, any) {
            Kind::I31(_) => f.write_str("(ref.i31)"),
            Kind::Struct => f.write_str("(ref.struct)"),
            Kind::Array => f.write_str("(ref.array)"),
            Kind::Host(Some(object)) => write!(f, "(ref.host {object})"),
            Kind::Host(None) => f.write_str("(ref.any)"),
        },
        null => f.write_str(show_null(null)),
    }
}

/// The target of a reference.
enum Kind {
    I31(i32),
    Struct,
    Array,
    Host(Option<u32>),
}

fn kind<T>(store: &Store<T>, any: &AnyRef) -> Kind {
    if let Ok(Some(number)) = any.as_i31(store) {
        Kind::I31(number.get_i32())
    } else if let Ok(Some(_)) = any.as_struct(store) {
        Kind::Struct
    } else if let Ok(Some(_)) = any.as_array(store) {
        Kind::Array
    } else {
        let value = ExternRef::convert_any(store, any.clone());
        Kind::Host(value.ok().and_then(|value| object(store, &value)))
    }
}

/// Shows a value as people write it, without its type: what [`parse_value`] reads. Of a reference, it is said what it leads to.
///
/// ```
/// use tickwasm_harness::show_value;
/// use tickwasm::{AnyRef, Engine, I31, Store, Val};
///
/// let mut store = Store::new(&Engine::default(), ());
/// assert_eq!(show_value(&store, &Val::F64(0.1_f64.to_bits())), "0.1");
/// assert_eq!(show_value(&store, &Val::V128(5_u128.into())), "i32x4 0x00000005 0x00000000 0x00000000 0x00000000");
/// assert_eq!(show_value(&store, &Val::AnyRef(None)), "null");
/// let number = AnyRef::from_i31(&mut store, I31::wrapping_i32(-5));
/// assert_eq!(show_value(&store, &number.into()), "i31 -5");
/// ```
pub fn show_value<T>(store: &Store<T>, value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => shown_f32(*bits),
        Val::F64(bits) => shown_f64(*bits),
        Val::V128(value) => {
            let lane = |at: u32| format!(" {:#010x}", (value.as_u128() >> (32 * at)) as u32);
            format!("i32x4{}", (0..4).map(lane).collect::<String>())
        }
        Val::FuncRef(Some(_)) => "funcref".to_owned(),
        Val::ExternRef(Some(_)) => "externref".to_owned(),
        Val::ExnRef(Some(_)) => "exnref".to_owned(),
        Val::AnyRef(Some(any)) => match kind(store, any) {
            Kind::I31(number) => format!("i31 {number}"),
            Kind::Struct => "structref".to_owned(),
            Kind::Array => "arrayref".to_owned(),
            Kind::Host(_) => "anyref".to_owned(),
        },
        Val::FuncRef(None) | Val::ExternRef(None) | Val::ExnRef(None) | Val::AnyRef(None) => {
            "null".to_owned()
        }
        // The type may get more kinds.
        _ => "a value of another kind".to_owned(),
    }
}

// The bits stand beside the number, for a decimal number does not say at a glance which they are.
fn show_f32(f: &mut String, bits: u32) -> fmt::Result {
    match f32::from_bits(bits) {
        value if value.is_nan() => write!(f, "(f32.const {})", shown_nan32(bits)),
        value => write!(f, "(f32.const {value:?} (;{bits:#010x};))"),
    }
}

fn show_f64(f: &mut String, bits: u64) -> fmt::Result {
    match f64::from_bits(bits) {
        value if value.is_nan() => write!(f, "(f64.const {})", shown_nan64(bits)),
        value => write!(f, "(f64.const {value:?} (;{bits:#018x};))"),
    }
}

/// A float in the shorter of its plain and its exponent form. Of a NaN the payload is shown, unless it is the canonical one.
fn shown_f32(bits: u32) -> String {
    match f32::from_bits(bits) {
        value if value.is_nan() => without_canonical(shown_nan32(bits), "0x400000"),
        value => shorter(value.to_string(), format!("{value:e}")),
    }
}

fn shown_f64(bits: u64) -> String {
    match f64::from_bits(bits) {
        value if value.is_nan() => without_canonical(shown_nan64(bits), "0x8000000000000"),
        value => shorter(value.to_string(), format!("{value:e}")),
    }
}

fn shorter(plain: String, exponent: String) -> String {
    match exponent.len() < plain.len() {
        true => exponent,
        false => plain,
    }
}

fn without_canonical(nan: String, payload: &str) -> String {
    match nan.strip_suffix(payload) {
        Some(rest) => rest.trim_end_matches(':').to_owned(),
        None => nan,
    }
}

fn shown_nan32(bits: u32) -> String {
    let sign = if bits >> 31 == 1 { "-" } else { "" };
    format!("{sign}nan:{:#x}", bits & 0x007f_ffff)
}

fn shown_nan64(bits: u64) -> String {
    let sign = if bits >> 63 == 1 { "-" } else { "" };
    format!("{sign}nan:{:#x}", bits & 0x000f_ffff_ffff_ffff)
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

    /// The value that a word means, as it is shown.
    fn reads(ty: &ValType, word: &str) -> Option<String> {
        let mut store = Store::new(&tickwasm::Engine::default(), ());
        let value = parse_value(&mut store, ty, word).ok()?;
        Some(show_value(&store, &value))
    }

    #[test]
    fn an_integer_may_be_signed_or_unsigned() {
        for (word, shown) in [
            ("-1", "-1"),
            ("+5", "5"),
            ("4294967295", "-1"),
            ("0xFFFF_FFFF", "-1"),
        ] {
            assert_eq!(reads(&ValType::I32, word).as_deref(), Some(shown));
        }
        assert_eq!(
            reads(&ValType::I64, "-9223372036854775808").as_deref(),
            Some("-9223372036854775808")
        );
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        for word in [
            "4294967296",
            "-2147483649",
            "",
            "--1",
            "1.0",
            "1) (i32.const 2",
            "1;;",
            "nan",
        ] {
            assert_eq!(reads(&ValType::I32, word), None, "{word}");
        }
        assert_eq!(reads(&ValType::I64, "18446744073709551616"), None);
        for word in [
            "1e39",
            "-1e39",
            "nan:0x800000",
            "nan:0x0",
            "1_",
            "0x1.8q3",
            "1,5",
        ] {
            assert_eq!(reads(&ValType::F32, word), None, "{word}");
        }
        assert_eq!(reads(&ValType::F64, "1e309"), None);
    }

    #[test]
    fn floats_are_read_as_in_the_text_format_and_shown_in_their_shorter_form() {
        for (word, shown) in [
            ("1", "1"),
            ("1e300", "1e300"),
            ("0.1", "0.1"),
            ("1_0.5", "10.5"),
            ("0x1.8p3", "12"),
            ("-0", "-0"),
            ("-inf", "-inf"),
            ("nan", "nan"),
            ("-nan:0x1", "-nan:0x1"),
        ] {
            assert_eq!(reads(&ValType::F64, word).as_deref(), Some(shown));
        }
        assert_eq!(reads(&ValType::F32, "0x1p-149").as_deref(), Some("1e-45"));
    }

    #[test]
    fn vectors_and_references_are_read_as_in_scripts() {
        assert_eq!(
            reads(&ValType::V128, "i64x2 -1 2").as_deref(),
            Some("i32x4 0xffffffff 0xffffffff 0x00000002 0x00000000")
        );
        assert_eq!(
            reads(&ValType::V128, "(v128.const f32x4 1 2 3 4)").as_deref(),
            Some("i32x4 0x3f800000 0x40000000 0x40400000 0x40800000")
        );
        assert_eq!(reads(&ValType::V128, "7"), None);
        let (func, object) = (ValType::FUNCREF, ValType::EXTERNREF);
        assert_eq!(reads(&func, "null").as_deref(), Some("null"));
        assert_eq!(
            reads(&object, "(ref.extern 7)").as_deref(),
            Some("externref")
        );
        assert_eq!(reads(&object, "7"), None);
        assert_eq!(reads(&ValType::I32, "null"), None);
        assert_eq!(reads(&ValType::I32, "(i64.const 1)"), None);
    }

    #[test]
    fn what_is_shown_reads_back_to_the_same_bits() {
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
        let doubles = [
            0,
            1,
            1 << 63,
            0x7ff8_0000_0000_0000,
            0xfff4_0000_0000_0001,
            0x3fd5_5555_5555_5555,
        ];
        let mut store = Store::new(&tickwasm::Engine::default(), ());
        let floats = floats.map(|bits| (ValType::F32, Val::F32(bits)));
        let doubles = doubles.map(|bits| (ValType::F64, Val::F64(bits)));
        let vector = (ValType::V128, Val::V128(u128::MAX.wrapping_div(7).into()));
        for (ty, value) in floats.into_iter().chain(doubles).chain([vector]) {
            let shown = show_value(&store, &value);
            let read = parse_value(&mut store, &ty, &shown).unwrap();
            assert_eq!(
                show_results(&store, &[read], &[]),
                show_results(&store, &[value], &[])
            );
        }
    }

    #[test]
    fn a_long_word_is_cut() {
        let mut store = Store::new(&tickwasm::Engine::default(), ());
        let digits = "9".repeat(100_000);
        let error = parse_value(&mut store, &ValType::I32, &digits).unwrap_err();
        assert!(error.to_string().len() < 300, "{error}");
    }
}
