//! Every form of continuing a loop, with every op that the loop may begin with.
//!
//! Lowering repeats the head of a loop where the loop continues, and lets it read its operand from the place that is known to hold
//! it by then: an accumulator, the local it was copied from, a register. So each of these is combined with each.

mod common;

use common::compare::{Mode, compare, compare_fuel, compare_slices};

/// A number type, with instructions on it that take `$v` first.
struct Numbers {
    ty: &'static str,
    /// The beginning of the loop: `$v` is a local of the type, and so is `$w`.
    first: &'static [&'static str],
}

const NUMBERS: &[Numbers] = &[
    Numbers {
        ty: "i32",
        first: &[
            "(i32.clz (local.get $v))",
            "(i32.add (local.get $v) (i32.const 3))",
            "(i32.sub (local.get $v) (i32.const 3))",
            "(i32.sub (local.get $v) (local.get $w))",
            "(i32.add (local.get $v) (local.get $v))",
            "(i32.shr_s (local.get $w) (local.get $v))",
            "(i32.load8_u (i32.and (local.get $v) (i32.const 255)))",
            "(i32.load (local.get $v))",
            "(local.get $v)",
        ],
    },
    Numbers {
        ty: "i64",
        first: &[
            "(i64.extend8_s (local.get $v))",
            "(i64.xor (local.get $v) (i64.const 0x123456789))",
            "(i64.rotl (local.get $v) (local.get $w))",
        ],
    },
    Numbers {
        ty: "f32",
        first: &[
            "(f32.neg (local.get $v))",
            "(f32.mul (local.get $v) (f32.const 1.5))",
            "(f32.div (local.get $v) (local.get $w))",
        ],
    },
    Numbers {
        ty: "f64",
        first: &[
            "(f64.abs (local.get $v))",
            "(f64.sub (local.get $v) (local.get $w))",
            "(f64.sub (f64.const 1) (local.get $v))",
        ],
    },
];

/// The last code before the loop continues; `T` is the type.
const LAST: &[&str] = &[
    "(local.set $v (local.get $w))",
    "(local.set $v (local.get $r))",
    "(local.set $v (T.add (local.get $v) (T.const 1)))",
    "(local.set $v (T.const 7))",
    "(local.set $w (T.add (local.get $v) (T.const 2)))",
    "(local.set $v (T.sub (local.get $w) (local.get $v))) (local.set $w (T.add (local.get $w) (T.const 1)))",
    "(local.set $w (local.get $v)) (local.set $v (local.get $r))",
    "(local.set $v (local.get $w)) (local.set $w (local.get $r))",
    // Control arrives behind the copy from elsewhere as well.
    "(block $skip (br_if $skip (i32.and (local.get $i) (i32.const 1))) (local.set $v (local.get $w)))",
    "(if (i32.and (local.get $i) (i32.const 1)) (then (local.set $v (local.get $w))) (else (local.set $w (local.get $r))))",
    "(br_if $on (i32.and (local.get $i) (i32.const 1))) (local.set $v (local.get $w))",
    "(local.set $v (local.get $w)) (call $nothing)",
];

/// Uses of a local that make it worth a register.
fn often(local: &str, ty: &str) -> String {
    format!("(drop ({ty}.add (local.get {local}) (local.get {local})))").repeat(4)
}

#[test]
fn a_loop_goes_on_with_what_it_begins_with() {
    let mut programs = 0;
    for numbers in NUMBERS {
        for first in numbers.first {
            for last in LAST {
                for often_used in ["$v", "$w", "$i"] {
                    let ty = numbers.ty;
                    let last = last.replace('T', ty);
                    let often = often(often_used, if often_used == "$i" { "i32" } else { ty });
                    let wat = format!(
                        "(module
                            (memory 1)
                            (data (i32.const 0) \"a few bytes to be loaded from here\")
                            (func $nothing)
                            (func (export \"f\") (param $v {ty}) (result {ty} {ty} {ty} i32)
                                (local $w {ty}) (local $r {ty}) (local $i i32)
                                (local.set $w ({ty}.const 5))
                                (block $out
                                    (loop $on
                                        (local.set $r {first})
                                        (br_if $out (i32.ge_u (local.get $i) (i32.const 5)))
                                        (local.set $i (i32.add (local.get $i) (i32.const 1)))
                                        (local.set $w ({ty}.add (local.get $w) ({ty}.const 3)))
                                        {often}
                                        {last}
                                        (br $on)))
                                (local.get $r) (local.get $v) (local.get $w) (local.get $i)))"
                    );
                    let bytes = wat::parse_str(&wat).expect("the text is well-formed");
                    programs += 1;
                    for (fueled, compare) in [
                        (false, compare as fn(&[u8], u64, Mode) -> Result<(), String>),
                        (true, compare_fuel),
                        (true, compare_slices),
                    ] {
                        if let Err(why) =
                            compare(&bytes, programs, Mode::new(false, fueled, true, false))
                        {
                            panic!("{why}\n{wat}");
                        }
                    }
                }
            }
        }
    }
    assert_eq!(programs, 18 * 12 * 3);
}
