//! Vectors, which are two slots wide everywhere; and the deterministic profile.

use tickwasm::*;

/// Engines whose code differs: plain, and counting fuel.
fn configs() -> [Config; 2] {
    [false, true].map(|fuel| {
        let mut config = Config::new();
        config.consume_fuel(fuel);
        config
    })
}

fn store(engine: &Engine) -> Store<Vec<V128>> {
    let mut store = Store::new(engine, Vec::new());
    // An error if fuel is not counted, which does not matter.
    let _ = store.set_fuel(1 << 40);
    store
}

fn vector(low: u64, high: u64) -> V128 {
    V128::from(u128::from(low) | u128::from(high) << 64)
}

const A: u128 = 0x0001_0002_0003_0004_0005_0006_0007_0008;
const B: u128 = 0xff01_ff02_ff03_ff04_ff05_ff06_ff07_ff08;

#[test]
fn vectors_are_parameters_and_results_of_typed_functions() {
    for config in configs() {
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(
            &engine,
            r#"(module (func (export "mix") (param i32 v128 i64 v128 f32) (result f32 v128 i32 v128 i64)
                local.get 4  local.get 3  local.get 0  local.get 1  local.get 2))"#,
        )
        .unwrap();
        let mut store = store(&engine);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        type Params = (i32, V128, i64, V128, f32);
        type Results = (f32, V128, i32, V128, i64);
        let mix = instance
            .get_typed_func::<Params, Results>(&mut store, "mix")
            .unwrap();
        let (a, b) = (vector(1, 2), vector(u64::MAX, 3));
        let results = mix.call(&mut store, (-7, a, 1 << 40, b, 0.5)).unwrap();
        assert_eq!(results, (0.5, b, -7, a, 1 << 40));

        let params = [
            Val::I32(-7),
            a.into(),
            Val::I64(9),
            b.into(),
            Val::from(2.0_f32),
        ];
        let mut results: [Val; 5] = std::array::from_fn(|_| Val::I32(0));
        mix.func().call(&mut store, &params, &mut results).unwrap();
        assert_eq!(results[0].f32(), Some(2.0));
        assert_eq!(results[1].v128(), Some(b));
        assert_eq!(results[2].i32(), Some(-7));
        assert_eq!(results[3].v128(), Some(a));
        assert_eq!(results[4].i64(), Some(9));
    }
}

#[test]
fn sixteen_vectors_pass_at_once() {
    let engine = Engine::default();
    let mut store = store(&engine);
    type V = V128;
    let sum = Func::wrap(
        &mut store,
        |a: V,
         b: V,
         c: V,
         d: V,
         e: V,
         f: V,
         g: V,
         h: V,
         i: V,
         j: V,
         k: V,
         l: V,
         m: V,
         n: V,
         o: V,
         p: V| {
            let all = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
            V::from(all.iter().fold(0, |sum: u128, v| {
                sum.wrapping_mul(3).wrapping_add(v.as_u128())
            }))
        },
    );
    let all: [V; 16] = std::array::from_fn(|i| V::from(A << i));
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = all;
    let params = (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
    let expected = all.iter().fold(0, |sum: u128, v| {
        sum.wrapping_mul(3).wrapping_add(v.as_u128())
    });
    let ty = sum.ty(&store);
    assert_eq!((ty.params().len(), ty.results().len()), (16, 1));
    type Sixteen = (V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V);
    let typed = sum.typed::<Sixteen, V>(&store).unwrap();
    assert_eq!(typed.call(&mut store, params).unwrap().as_u128(), expected);
}

#[test]
fn vectors_pass_through_host_functions_instances_and_tables() {
    for config in configs() {
        let engine = Engine::new(&config).unwrap();
        let mut store = store(&engine);
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap(
                "host",
                "note",
                |mut caller: Caller<'_, Vec<V128>>, n: i32, v: V128| {
                    caller.data_mut().push(v);
                    (V128::from(v.as_u128() + 1), n + 1)
                },
            )
            .unwrap();
        let ty = FuncType::new(&engine, [ValType::V128, ValType::I32], [ValType::V128]);
        linker
            .func_new("host", "dynamic", ty, |_, params, results| {
                let (v, n) = (params[0].unwrap_v128(), params[1].unwrap_i32());
                results[0] = V128::from(v.as_u128() << n).into();
                Ok(())
            })
            .unwrap();
        let library = Module::new(
            &engine,
            r#"(module
                (global (export "c") v128 (v128.const i64x2 5 6))
                (global (export "g") (mut v128) (global.get 0))
                (func (export "swap") (param i64 v128 v128) (result v128 v128 i64)
                    local.get 2  local.get 1  local.get 0))"#,
        )
        .unwrap();
        linker.module(&mut store, "lib", &library).unwrap();
        let module = Module::new(
            &engine,
            r#"(module
                (type $swap (func (param i64 v128 v128) (result v128 v128 i64)))
                (import "host" "note" (func $note (param i32 v128) (result v128 i32)))
                (import "host" "dynamic" (func $dynamic (param v128 i32) (result v128)))
                (import "lib" "swap" (func $swap (type $swap)))
                (import "lib" "c" (global $c v128))
                (import "lib" "g" (global $imported (mut v128)))
                (global $own (mut v128) (global.get $c))
                (table funcref (elem $swap $tail))
                (func $tail (type $swap) (return_call $swap (local.get 0) (local.get 1) (local.get 2)))
                (func (export "run") (param $i i32) (param $a v128) (param $b v128) (result v128 v128 i64 v128 v128)
                    (local $n i32)
                    (call_indirect (type $swap) (i64.const 77) (local.get $a) (local.get $b) (local.get $i))
                    (call $note (i32.const 1) (global.get $imported))
                    local.set $n
                    global.set $imported
                    (global.set $own (i64x2.add (global.get $own) (global.get $imported)))
                    (call $dynamic (global.get $imported) (local.get $n))
                    global.get $own))"#,
        )
        .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        type Results = (V128, V128, i64, V128, V128);
        let run = instance
            .get_typed_func::<(i32, V128, V128), Results>(&mut store, "run")
            .unwrap();
        let (a, b) = (V128::from(A), V128::from(B));
        for i in 0..2 {
            let extra = i as u64;
            let imported = vector(6 + extra, 6);
            let own = [vector(11, 12), vector(18, 18)][i as usize];
            let shifted = V128::from(imported.as_u128() << 2);
            let results = run.call(&mut store, (i, a, b)).unwrap();
            assert_eq!(results, (b, a, 77, shifted, own));
        }
        assert_eq!(*store.data(), [vector(5, 6), vector(6, 6)]);
    }
}

#[test]
fn branches_take_vectors_and_numbers_along() {
    for config in configs() {
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(
            &engine,
            r#"(module
                (func (export "table") (param $i i32) (param $v v128) (param $n i64) (result v128 i64 i32)
                    (i32.const 0)
                    (block $out (param i32) (result i32 v128 i64)
                        (drop)
                        (block $far (result v128 i64)
                            (local.get $v) (i32.const 9) (v128.const i64x2 7 7)
                            (block $near (result v128 i64)
                                (f32.const 1) (i64x2.add (local.get $v) (local.get $v)) (i64.add (local.get $n) (i64.const 1))
                                (br_table $near $far $near (local.get $i)))
                            (i64.add (i64.const 100))
                            (br $far))
                        (local.set $n) (local.set $v)
                        (local.get $i) (local.get $v) (local.get $n)
                        (br_if $out (i32.eqz (local.get $i)))
                        (local.set $n)
                        (local.get $n))
                    (local.set $n) (local.set $v) (local.set $i)
                    (local.get $v) (local.get $n) (local.get $i))
                (func (export "loop") (param $count i32) (result v128 i32)
                    (i32.const 3) (v128.const i32x4 1 1 1 1) (i32.const 0)
                    (loop $again (param v128 i32) (result v128 i32)
                        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
                        (i32.const 1) (i32.add)
                        (if (param v128 i32) (result v128 i32) (i32.and (local.get $count) (i32.const 1))
                            (then)
                            (else (i32.const 10) (i32.add)))
                        (call $double)
                        (br_if $again (local.get $count)))
                    (call $drop_below))
                (func $double (param v128 i32) (result v128 i32)
                    (i32x4.add (local.get 0) (local.get 0)) (local.get 1))
                (func $drop_below (param i32 v128 i32) (result v128 i32)
                    (local.get 1) (local.get 2))
                (func (export "select") (param i32 v128 v128) (result v128 v128)
                    (local $t v128)
                    (select (local.get 1) (local.tee $t (i8x16.add (local.get 1) (local.get 2))) (local.get 0))
                    (select (result v128) (v128.const i64x2 1 1) (local.get $t) (i32.eqz (local.get 0))))
                (func (export "early") (param i32 v128) (result v128)
                    (i64.const 5)
                    (v128.not (local.get 1))
                    (br_if 0 (local.get 0))
                    (v128.not)
                    (return)))"#,
        )
        .unwrap();
        let mut store = store(&engine);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let table = instance
            .get_typed_func::<(i32, V128, i64), (V128, i64, i32)>(&mut store, "table")
            .unwrap();
        let v = vector(3, 4);
        for (i, n) in [(0, 140), (1, 40), (2, 140)] {
            let results = table.call(&mut store, (i, v, 39)).unwrap();
            assert_eq!(results, (vector(6, 8), n, i));
        }
        let again = instance
            .get_typed_func::<i32, (V128, i32)>(&mut store, "loop")
            .unwrap();
        let (sum, n) = again.call(&mut store, 5).unwrap();
        assert_eq!((sum.as_u128() as u32, n), (32, 5 + 30));
        let select = instance
            .get_typed_func::<(i32, V128, V128), (V128, V128)>(&mut store, "select")
            .unwrap();
        let results = select.call(&mut store, (1, vector(1, 2), vector(3, 4)));
        assert_eq!(results.unwrap(), (vector(1, 2), vector(4, 6)));
        let results = select.call(&mut store, (0, vector(1, 2), vector(3, 4)));
        assert_eq!(results.unwrap(), (vector(4, 6), vector(1, 1)));
        let early = instance
            .get_typed_func::<(i32, V128), V128>(&mut store, "early")
            .unwrap();
        let not = early.call(&mut store, (1, V128::from(A))).unwrap();
        assert_eq!(not.as_u128(), !A);
        let same = early.call(&mut store, (0, V128::from(A))).unwrap();
        assert_eq!(same.as_u128(), A);
    }
}

#[test]
fn an_access_beyond_the_memory_says_how_wide_it_is() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (memory 1)
            (func (export "whole") (param i32) (drop (v128.load offset=8 (local.get 0))))
            (func (export "lane") (param i32) (v128.store32_lane 1 (local.get 0) (v128.const i64x2 1 1))))"#,
    )
    .unwrap();
    let mut store = store(&engine);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    for (name, size) in [("whole", 16), ("lane", 4)] {
        let func = instance
            .get_typed_func::<i32, ()>(&mut store, name)
            .unwrap();
        let error = func.call(&mut store, 0x1_0000).unwrap_err().to_string();
        assert!(error.contains(&format!("{size} bytes")), "{error}");
    }
}

#[test]
fn relaxed_instructions_have_the_results_of_the_deterministic_profile() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (func (export "madd") (param v128 v128 v128) (result v128) (f64x2.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
            (func (export "swizzle") (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))
            (func (export "select") (param v128 v128 v128) (result v128) (i8x16.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
            (func (export "dot") (param v128 v128) (result v128) (i16x8.relaxed_dot_i8x16_i7x16_s (local.get 0) (local.get 1))))"#,
    )
    .unwrap();
    let mut store = store(&engine);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let madd = instance
        .get_typed_func::<(V128, V128, V128), V128>(&mut store, "madd")
        .unwrap();
    // The product of these has more bits than a double; rounded first, it is 1, and the difference is 0.
    let near_one = [1.0 + f64::EPSILON, 1.0 - f64::EPSILON].map(f64::to_bits);
    let (x, y) = (vector(near_one[0], 0), vector(near_one[1], 0));
    let z = vector((-1.0_f64).to_bits(), 0);
    let sum = madd.call(&mut store, (x, y, z)).unwrap();
    assert_eq!(f64::from_bits(sum.as_u128() as u64), 0.0);
    let swizzle = instance
        .get_typed_func::<(V128, V128), V128>(&mut store, "swizzle")
        .unwrap();
    let lanes = swizzle.call(&mut store, (V128::from(A), V128::from(0x1f_10_01_00)));
    assert_eq!(lanes.unwrap().as_u128() as u32, 0x00_00_00_08);
    let select = instance
        .get_typed_func::<(V128, V128, V128), V128>(&mut store, "select")
        .unwrap();
    let bits = select.call(
        &mut store,
        (V128::from(0xff), V128::from(0), V128::from(0x85)),
    );
    assert_eq!(bits.unwrap().as_u128(), 0x85);
    let dot = instance
        .get_typed_func::<(V128, V128), V128>(&mut store, "dot")
        .unwrap();
    let product = dot.call(&mut store, (V128::from(2), V128::from(0xff)));
    assert_eq!(product.unwrap().as_u128(), 0xfffe);
}

/// Instructions that make a NaN of a number and a NaN with another sign and payload than the canonical one has.
const NANS: [(&str, &str); 26] = [
    ("f32", "f32.add (local.get 0) (local.get 1)"),
    ("f32", "f32.sub (local.get 0) (local.get 1)"),
    ("f32", "f32.mul (local.get 0) (local.get 1)"),
    ("f32", "f32.div (local.get 0) (local.get 1)"),
    ("f32", "f32.min (local.get 0) (local.get 1)"),
    ("f32", "f32.max (local.get 0) (local.get 1)"),
    ("f32", "f32.sqrt (local.get 1)"),
    ("f32", "f32.ceil (local.get 1)"),
    ("f32", "f32.floor (local.get 1)"),
    ("f32", "f32.trunc (local.get 1)"),
    ("f32", "f32.nearest (local.get 1)"),
    ("f32", "f32.demote_f64 (f64.promote_f32 (local.get 1))"),
    (
        "f32",
        "f32x4.extract_lane 2 (f32x4.add (f32x4.splat (local.get 0)) (f32x4.splat (local.get 1)))",
    ),
    (
        "f32",
        "f32x4.extract_lane 3 (f32x4.min (f32x4.splat (local.get 1)) (f32x4.splat (local.get 0)))",
    ),
    (
        "f32",
        "f32x4.extract_lane 0 (f32x4.relaxed_madd (f32x4.splat (local.get 1)) (f32x4.splat (local.get 0)) (f32x4.splat (local.get 0)))",
    ),
    (
        "f32",
        "f32x4.extract_lane 1 (f32x4.sqrt (f32x4.splat (local.get 1)))",
    ),
    (
        "f32",
        "f32x4.extract_lane 1 (f32x4.floor (f32x4.splat (local.get 1)))",
    ),
    (
        "f32",
        "f32x4.extract_lane 1 (f32x4.demote_f64x2_zero (f64x2.promote_low_f32x4 (f32x4.splat (local.get 1))))",
    ),
    ("f64", "f64.add (local.get 0) (local.get 1)"),
    ("f64", "f64.mul (local.get 1) (local.get 0)"),
    ("f64", "f64.min (local.get 0) (local.get 1)"),
    ("f64", "f64.nearest (local.get 1)"),
    ("f64", "f64.promote_f32 (f32.demote_f64 (local.get 1))"),
    (
        "f64",
        "f64x2.extract_lane 1 (f64x2.max (f64x2.splat (local.get 0)) (f64x2.splat (local.get 1)))",
    ),
    (
        "f64",
        "f64x2.extract_lane 1 (f64x2.relaxed_nmadd (f64x2.splat (local.get 0)) (f64x2.splat (local.get 0)) (f64x2.splat (local.get 1)))",
    ),
    (
        "f64",
        "f64x2.extract_lane 1 (f64x2.ceil (f64x2.splat (local.get 1)))",
    ),
];

#[test]
fn arithmetic_yields_canonical_nans_in_the_deterministic_profile() {
    for mut config in configs() {
        let engine = Engine::new(config.deterministic(true)).unwrap();
        for (ty, body) in NANS {
            let (integer, width) = match ty {
                "f32" => ("i32", 32),
                _ => ("i64", 64),
            };
            let text = format!(
                r#"(module
                    (func (export "run") (param {ty} {ty}) (result {integer}) ({integer}.reinterpret_{ty} ({body})))
                    (func (export "keep") (param {ty} {ty}) (result {integer}) (local $x {ty})
                        (local.set $x ({body}))
                        ({integer}.reinterpret_{ty} ({ty}.neg ({ty}.abs (local.get $x))))))"#
            );
            let module = Module::new(&engine, text).unwrap();
            let mut store = store(&engine);
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let mut bits = |name| {
                let func = instance.get_func(&mut store, name).unwrap();
                let params = match width {
                    32 => [Val::F32(1.5_f32.to_bits()), Val::F32(0xffa0_1234)],
                    _ => [Val::F64(1.5_f64.to_bits()), Val::F64(0xfff4_0000_1234_5678)],
                };
                let mut results = [Val::I32(0)];
                func.call(&mut store, &params, &mut results).unwrap();
                match results[0] {
                    Val::I32(bits) => u64::from(bits as u32),
                    Val::I64(bits) => bits as u64,
                    ref other => panic!("{other:?}"),
                }
            };
            let (canonical, sign) = match width {
                32 => (0x7fc0_0000, 1 << 31),
                _ => (0x7ff8_0000_0000_0000, 1 << 63),
            };
            assert_eq!(bits("run"), canonical, "{body}");
            // Sign and magnitude are bits, not arithmetic.
            assert_eq!(bits("keep"), canonical | sign, "{body}");
        }
    }
}

#[test]
fn moving_a_nan_does_not_change_it_in_the_deterministic_profile() {
    let engine = Engine::new(Config::new().deterministic(true)).unwrap();
    let module = Module::new(
        &engine,
        r#"(module (memory 1)
            (func (export "run") (param f32 f32) (result i32)
                (f32.store (i32.const 0) (f32.copysign (f32.abs (local.get 0)) (local.get 1)))
                (i32.reinterpret_f32 (select (f32.load (i32.const 0)) (local.get 1) (i32.const 1)))))"#,
    )
    .unwrap();
    let mut store = store(&engine);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let params = [Val::F32(0x7fa0_1234), Val::F32(1 << 31)];
    let mut results = [Val::I32(0)];
    run.call(&mut store, &params, &mut results).unwrap();
    assert_eq!(results[0].unwrap_i32() as u32, 0xffa0_1234);
}

#[test]
fn simd_and_relaxed_simd_are_switched_off_by_name() {
    let simd = "(module (func (drop (v128.const i64x2 0 0))))";
    let relaxed =
        "(module (func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0))))";
    let engine = Engine::new(Config::new().wasm_simd(false)).unwrap();
    let error = Module::new(&engine, simd).unwrap_err().to_string();
    assert!(error.contains("simd"), "{error}");
    let engine = Engine::new(Config::new().wasm_relaxed_simd(false)).unwrap();
    assert!(Module::new(&engine, simd).is_ok());
    let error = Module::new(&engine, relaxed).unwrap_err().to_string();
    assert!(error.contains("relaxed-simd"), "{error}");
}
