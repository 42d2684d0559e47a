//! The cost of crossing between host and guest: a call in, a call out, and making an instance.

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use tickwasm::{Caller, Config, Engine, Linker, Module, Store, Val};

/// How many calls out one call in makes, so that the call in does not show.
const CALLS: i32 = 1000;

const GUEST: &str = r#"
(module
  (import "host" "nothing" (func $nothing))
  (import "host" "add" (func $add (param i32 i32) (result i32)))
  (import "host" "count" (func $count (param i64)))
  (memory (export "memory") 1)
  (data (i32.const 16) "a segment, so that instantiation has one to copy")
  (table (export "table") 8 funcref)
  (elem (i32.const 0) $empty $sum)
  (func $empty (export "empty"))
  (func $sum (export "sum") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "wide") (param i64 f64 i32 f32) (result f64)
    (f64.add (f64.convert_i64_s (local.get 0)) (local.get 1)))
  (func (export "call_nothing") (param i32)
    (loop $again
      (call $nothing)
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "call_add") (param i32) (result i32) (local i32)
    (loop $again
      (local.set 1 (call $add (local.get 1) (local.get 0)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "call_count") (param i32)
    (loop $again
      (call $count (i64.extend_i32_u (local.get 0)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
"#;

fn main() {
    let mut criterion = support::criterion();
    let engine = Engine::new(Config::new()).expect("an engine");
    let wasm = wat::parse_str(GUEST).expect("the guest's text");
    let module = Module::new(&engine, &wasm).expect("the guest");
    let linker = linker(&engine);
    host_to_guest(&mut criterion, &engine, &module, &linker);
    guest_to_host(&mut criterion, &engine, &module, &linker);
    instantiate(&mut criterion, &engine, &module, &linker);
    criterion.final_summary();
}

fn linker(engine: &Engine) -> Linker<u64> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("host", "nothing", || {})
        .expect("a new name");
    linker
        .func_wrap("host", "add", |a: i32, b: i32| a.wrapping_add(b))
        .expect("a new name");
    linker
        .func_wrap("host", "count", |mut caller: Caller<'_, u64>, by: i64| {
            *caller.data_mut() += by as u64
        })
        .expect("a new name");
    linker
}

fn host_to_guest(
    criterion: &mut Criterion,
    engine: &Engine,
    module: &Module,
    linker: &Linker<u64>,
) {
    let mut store = Store::new(engine, 0);
    let instance = linker.instantiate(&mut store, module).expect("an instance");
    let mut group = criterion.benchmark_group("host_to_guest");
    let empty = instance
        .get_typed_func::<(), ()>(&mut store, "empty")
        .expect("an export");
    group.bench_function("typed_empty", |bencher| {
        bencher.iter(|| empty.call(&mut store, ()).expect("no trap"));
    });
    let sum = instance
        .get_typed_func::<(i32, i32), i32>(&mut store, "sum")
        .expect("an export");
    group.bench_function("typed_sum", |bencher| {
        bencher.iter(|| sum.call(&mut store, black_box((2, 3))).expect("no trap"));
    });
    let wide = instance
        .get_typed_func::<(i64, f64, i32, f32), f64>(&mut store, "wide")
        .expect("an export");
    group.bench_function("typed_wide", |bencher| {
        bencher.iter(|| {
            wide.call(&mut store, black_box((1, 2.0, 3, 4.0)))
                .expect("no trap")
        });
    });
    let sum = instance.get_func(&mut store, "sum").expect("an export");
    group.bench_function("untyped_sum", |bencher| {
        let mut results = [Val::I32(0)];
        bencher.iter(|| {
            sum.call(
                &mut store,
                black_box(&[Val::I32(2), Val::I32(3)]),
                &mut results,
            )
            .expect("no trap");
        });
    });
    group.finish();
}

fn guest_to_host(
    criterion: &mut Criterion,
    engine: &Engine,
    module: &Module,
    linker: &Linker<u64>,
) {
    let mut store = Store::new(engine, 0);
    let instance = linker.instantiate(&mut store, module).expect("an instance");
    let mut group = criterion.benchmark_group("guest_to_host");
    group.throughput(Throughput::Elements(CALLS as u64));
    for name in ["call_nothing", "call_count"] {
        let run = instance
            .get_typed_func::<i32, ()>(&mut store, name)
            .expect("an export");
        group.bench_function(name, |bencher| {
            bencher.iter(|| run.call(&mut store, CALLS).expect("no trap"));
        });
    }
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "call_add")
        .expect("an export");
    group.bench_function("call_add", |bencher| {
        bencher.iter(|| run.call(&mut store, CALLS).expect("no trap"));
    });
    group.finish();
}

fn instantiate(criterion: &mut Criterion, engine: &Engine, module: &Module, linker: &Linker<u64>) {
    let mut group = criterion.benchmark_group("instantiate");
    group.bench_function("store", |bencher| {
        bencher.iter(|| Store::new(engine, 0_u64))
    });
    group.bench_function("store_and_linker", |bencher| {
        bencher.iter(|| {
            let mut store = Store::new(engine, 0);
            black_box(linker.instantiate(&mut store, module).expect("an instance"));
            store
        });
    });
    let pre = linker.instantiate_pre(module).expect("all imports");
    group.bench_function("store_and_pre", |bencher| {
        bencher.iter(|| {
            let mut store = Store::new(engine, 0);
            black_box(pre.instantiate(&mut store).expect("an instance"));
            store
        });
    });
    group.finish();
}
