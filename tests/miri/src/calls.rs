//! Calls within and between instances and to the host; memories, tables and globals that change meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tickwasm::*;

use super::{engine, engines, instance, store};

/// Each kind of call; all functions add one to their argument, or call another that does.
const KINDS: &str = r#"(module
    (type $f (func (param i64) (result i64)))
    (type $two (func (param i64 i64) (result i64 i64 i64)))
    (import "host" "next" (func $next (type $f)))
    (table $t funcref (elem $one $next))
    (table $u 4 4 (ref null $f))
    (elem declare func $one)
    (func $one (type $f) (i64.add (local.get 0) (i64.const 1)))
    (func $swap (type $two) (local.get 1) (local.get 0) (i64.add (local.get 0) (local.get 1)))
    (func $tail (type $f) (return_call $one (local.get 0)))
    (func $tail_import (type $f) (return_call $next (local.get 0)))
    (func $tail_table (param i64 i32) (result i64) (return_call_indirect $t (type $f) (local.get 0) (local.get 1)))
    (func $tail_ref (type $f) (return_call_ref $f (local.get 0) (ref.func $one)))
    (func $down (param i64 i64) (result i64)
        (if (result i64) (i64.eqz (local.get 1))
            (then (local.get 0))
            (else (return_call $down (i64.add (local.get 0) (i64.const 1)) (i64.sub (local.get 1) (i64.const 1))))))
    (func $many (export "many") (result i64)
        (local $a i64) (local $b i32) (local $c f32) (local $d f64) (local $v v128)
        (local.set $v (i64x2.splat (i64.const 3)))
        (loop $l
            (local.set $c (f32.add (local.get $c) (f32.const 1)))
            (local.set $d (f64.add (local.get $d) (f64.promote_f32 (local.get $c))))
            (local.set $v (i64x2.add (local.get $v) (local.get $v)))
            (br_if $l (i32.lt_u (local.tee $b (i32.add (local.get $b) (i32.const 1))) (i32.const 5))))
        (i64.add (i64.trunc_f64_s (local.get $d)) (i64x2.extract_lane 1 (local.get $v))))
    (func (export "run") (result i64 i64 i64)
        (table.set $u (i32.const 2) (ref.func $one))
        (call $one (call $next (call $tail (call $tail_import (call $tail_ref (i64.const 10))))))
        (call_indirect $t (type $f) (i32.const 0))
        (call_indirect $t (type $f) (i32.const 1))
        (call_indirect $u (type $f) (i32.const 2))
        (call_ref $f (ref.func $one))
        (call $tail_table (i32.const 0))
        (call $tail_table (i32.const 1))
        (call $down (i64.const 20))
        (call $many)
        (call $swap)))"#;

fn linker(engine: &Engine) -> Linker<u32> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("host", "next", |mut caller: Caller<'_, u32>, n: i64| {
            *caller.data_mut() += 1;
            n + 1
        })
        .unwrap();
    linker
}

#[test]
fn calls_of_every_kind() {
    for engine in engines() {
        let mut store = store(&engine, 0);
        let instance = instance(&mut store, &linker(&engine), KINDS);
        let run = instance.get_typed_func::<(), (i64, i64, i64)>(&mut store, "run");
        let run = run.unwrap();
        for _ in 0..2 {
            assert_eq!(run.call(&mut store, ()).unwrap(), (111, 41, 152));
        }
        assert_eq!(*store.data(), 8);
    }
}

#[test]
fn recursion_that_ends_and_recursion_that_does_not() {
    const DEEP: &str = r#"(module
        (func $sum (export "sum") (param i64) (result i64)
            (if (result i64) (i64.eqz (local.get 0))
                (then (i64.const 0))
                (else (i64.add (local.get 0) (call $sum (i64.sub (local.get 0) (i64.const 1))))))))"#;
    for engine in engines() {
        let mut store = store(&engine, ());
        let instance = instance(&mut store, &Linker::new(&engine), DEEP);
        let sum = instance
            .get_typed_func::<i64, i64>(&mut store, "sum")
            .unwrap();
        for n in [0, 1, 10, 100, 200] {
            assert_eq!(sum.call(&mut store, n).unwrap(), n * (n + 1) / 2);
        }
        let error = sum.call(&mut store, -1).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
        assert_eq!(error.backtrace().unwrap().frames().len(), 100);
        assert_eq!(sum.call(&mut store, 10).unwrap(), 55);
    }
}

#[test]
fn memories_tables_and_globals_that_move() {
    const GROW: &str = r#"(module
        (memory $m (export "m") 1 (pagesize 1))
        (memory $n i64 0 9 (pagesize 1))
        (table $t (export "t") 1 funcref)
        (table $u 0 funcref)
        (data $d "0123456789")
        (elem $e func $f $f)
        (global $g (mut i64) (i64.const 5))
        (global $h (mut v128) (v128.const i64x2 6 7))
        (func $f)
        (func (export "run") (param $k i32) (result i64)
            (local $i i32)
            (loop $l
                (i32.store8 (local.get $i) (local.get $i))
                (if (i32.ne (memory.grow $m (i32.const 1)) (i32.add (local.get $i) (i32.const 1))) (then unreachable))
                (i32.store8 (local.get $i) (i32.add (i32.load8_u (local.get $i)) (i32.const 1)))
                (drop (table.grow $t (ref.func $f) (i32.const 1)))
                (call_indirect $t (i32.add (local.get $i) (i32.const 1)))
                (global.set $g (i64.add (global.get $g) (i64.const 1)))
                (global.set $h (i64x2.add (global.get $h) (global.get $h)))
                (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $k))))
            (drop (memory.grow $n (i64.const 9)))
            (i32.store8 $n (i64.const 8) (i32.const 1))
            (memory.init $m $d (i32.const 1) (i32.const 2) (i32.const 3))
            (memory.copy $m $m (i32.const 2) (i32.const 1) (i32.const 3))
            (memory.copy $n $m (i64.const 0) (i32.const 1) (i32.const 4))
            (memory.fill $n (i64.const 1) (i32.const 9) (i64.const 2))
            (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 2))
            (drop (table.grow $u (ref.null func) (i32.const 3)))
            (table.copy $u $t (i32.const 1) (i32.const 0) (i32.const 2))
            (table.fill $t (i32.const 1) (table.get $u (i32.const 0)) (i32.const 1))
            (data.drop $d) (elem.drop $e)
            (i64.add
                (i64.add (i64.load32_u $n (i64.const 0)) (i64.extend_i32_u (memory.size $m)))
                (i64.add (global.get $g) (i64x2.extract_lane 0 (global.get $h)))))
        (func (export "beyond") (result i32) (i32.load (i32.const -2))))"#;
    for engine in engines_of_custom_pages() {
        let mut store = store(&engine, ());
        let instance = instance(&mut store, &Linker::new(&engine), GROW);
        let run = instance
            .get_typed_func::<i32, i64>(&mut store, "run")
            .unwrap();
        let n = u32::from_le_bytes([b'2', 9, 9, b'4']);
        let expected = i64::from(n) + 13 + (5 + 12) + (6 << 12);
        assert_eq!(run.call(&mut store, 12).unwrap(), expected);
        let memory = instance.get_memory(&mut store, "m").unwrap();
        assert_eq!(memory.data(&store)[..6], *b"\x01223\x34\x06");
        memory.data_mut(&mut store)[0] = 3;
        memory.grow(&mut store, 1).unwrap();
        let error = instance.get_func(&mut store, "beyond").unwrap().call(
            &mut store,
            &[],
            &mut [Val::I32(0)],
        );
        assert!(error.unwrap_err().to_string().contains("out of bounds"));
        assert!(run.call(&mut store, 1).is_err());
    }
}

fn engines_of_custom_pages() -> Vec<Engine> {
    let of = |fuel| {
        let mut config = Config::new();
        config.consume_fuel(fuel).wasm_custom_page_sizes(true);
        engine(&mut config)
    };
    [false, true].map(of).into()
}

/// A guest whose memory, table and global another one uses.
const INNER: &str = r#"(module
    (import "host" "back" (func $back (param i64 i32) (result i64)))
    (memory (export "m") 1)
    (global $g (export "g") (mut i64) (i64.const 1))
    (global $h (export "h") (mut v128) (v128.const i64x2 1 2))
    (table (export "t") 2 funcref)
    (elem (i32.const 0) $leaf)
    (func $leaf (export "leaf") (param i64) (result i64)
        (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (local.get 0)))
        (global.set $g (i64.add (global.get $g) (i64.const 1)))
        (i64.load (i32.const 8)))
    (func (export "deep") (param i64 i32) (result i64) (call $back (local.get 0) (local.get 1))))"#;

const OUTER: &str = r#"(module
    (type $f (func (param i64) (result i64)))
    (import "inner" "m" (memory 1))
    (import "inner" "g" (global $g (mut i64)))
    (import "inner" "h" (global $h (mut v128)))
    (import "inner" "t" (table 2 funcref))
    (import "inner" "leaf" (func $leaf (type $f)))
    (import "inner" "deep" (func $deep (param i64 i32) (result i64)))
    (memory $own 1)
    (func $tail (type $f) (return_call $leaf (local.get 0)))
    (func $there (param i64 i32) (result i64) (return_call $deep (local.get 0) (local.get 1)))
    (func (export "run") (param i64 i32) (result i64)
        (i64.store $own (i32.const 0) (i64.const 100))
        (global.set $h (i64x2.add (global.get $h) (global.get $h)))
        (drop (call $there (local.get 0) (local.get 1)))
        (global.set $g (i64.add (global.get $g) (i64.load $own (i32.const 0))))
        (i64.add (call $tail (i64.const 1))
            (i64.add (call_indirect (type $f) (i64.const 2) (i32.const 0)) (global.get $g)))))"#;

#[test]
fn instances_that_call_each_other_and_the_host_that_calls_them() {
    for engine in engines() {
        let mut linker = Linker::<Option<Instance>>::new(&engine);
        let back = |mut caller: Caller<'_, Option<Instance>>, n: i64, depth: i32| {
            // Growth, a write, a collection and a call, all while the guest's arguments are on the stack.
            let memory = caller.get_export("m").and_then(Extern::into_memory);
            let memory = memory.unwrap();
            if depth < 4 {
                memory.grow(&mut caller, 1)?;
            }
            memory.data_mut(&mut caller)[8] += 1;
            caller.as_context_mut().gc();
            let outer = *caller.data();
            if let Some(outer) = outer.filter(|_| depth > 0) {
                let run = outer.get_typed_func::<(i64, i32), i64>(&mut caller, "run")?;
                return run.call(&mut caller, (n + 1, depth - 1));
            }
            match depth {
                0 => Ok(n),
                _ => Err(Error::msg("so deep")),
            }
        };
        linker.func_wrap("host", "back", back).unwrap();
        let mut store = store(&engine, None);
        let inner = instance(&mut store, &linker, INNER);
        linker.instance(&mut store, "inner", inner).unwrap();
        let outer = instance(&mut store, &linker, OUTER);
        *store.data_mut() = Some(outer);
        let run = outer
            .get_typed_func::<(i64, i32), i64>(&mut store, "run")
            .unwrap();
        assert_eq!(run.call(&mut store, (1, 0)).unwrap(), 109);
        assert!(run.call(&mut store, (1, 3)).unwrap() > 500);
        // Too deep for the stack, or for the limit of nested calls; under Miri that takes too long.
        if !cfg!(miri) {
            assert!(run.call(&mut store, (1, 1000)).is_err());
        }
        let error = run.call(&mut store, (1, -1)).unwrap_err();
        assert_eq!(error.backtrace().unwrap().frames().len(), 2);
        let g = inner.get_global(&mut store, "g").unwrap();
        g.set(&mut store, Val::I64(0)).unwrap();
        assert!(run.call(&mut store, (1, 0)).is_ok());
    }
}

#[test]
fn host_functions_that_panic_fail_or_have_many_values() {
    let engine = engine(&mut Config::new());
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap("host", "panic", |n: i32| -> i32 { panic!("{n}") })
        .unwrap();
    let types = vec![ValType::I64; 20];
    let ty = FuncType::new(&engine, types.clone(), types);
    linker
        .func_new("host", "many", ty, |mut caller, params, results| {
            caller.as_context_mut().gc();
            for (result, param) in results.iter_mut().rev().zip(params) {
                *result = param.clone();
            }
            Ok(())
        })
        .unwrap();
    let list = |open: &str, each: &dyn Fn(i32) -> String, close: &str| {
        open.to_owned() + &(0..20).map(each).collect::<String>() + close
    };
    let types = list("", &|_| "i64 ".into(), "");
    let gets = list("", &|n| format!("(local.get {n})"), "");
    let text = format!(
        r#"(module
        (import "host" "panic" (func $panic (param i32) (result i32)))
        (import "host" "many" (func $many (param {types}) (result {types})))
        (func (export "many") (param {types}) (result {types}) (call $many {gets}))
        (func (export "tail") (param {types}) (result {types}) (return_call $many {gets}))
        (func (export "panic") (result i32) (call $panic (i32.const 3))))"#
    );
    let mut store = store(&engine, ());
    let instance = instance(&mut store, &linker, &text);
    let params: Vec<_> = (0..20).map(Val::I64).collect();
    for name in ["many", "tail"] {
        let many = instance.get_func(&mut store, name).unwrap();
        let mut results = vec![Val::I64(-1); 20];
        many.call(&mut store, &params, &mut results).unwrap();
        let back: Vec<_> = results.iter().map(|result| result.unwrap_i64()).collect();
        assert_eq!(back, (0..20).rev().collect::<Vec<_>>());
        let panic = instance.get_func(&mut store, "panic").unwrap();
        let call = || panic.call(&mut store, &[], &mut [Val::I32(0)]);
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    }
}
