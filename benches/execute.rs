//! How fast each workload runs, with the small arguments. `peers/` measures the long runs, and other engines beside them.

mod support;

use criterion::Criterion;
use tickwasm::{Config, Engine, Instance, Module, Store, TypedFunc};

fn main() {
    let mut criterion = support::criterion();
    execute(&mut criterion, "execute", false);
    execute(&mut criterion, "execute_fuel", true);
    criterion.final_summary();
}

fn execute(criterion: &mut Criterion, name: &str, fuel: bool) {
    let mut config = Config::new();
    config.consume_fuel(fuel);
    let engine = Engine::new(&config).expect("an engine");
    let mut group = criterion.benchmark_group(name);
    for workload in support::workloads() {
        let module = Module::new(&engine, &workload.wasm).expect("a valid module");
        let (mut store, run) = start(&engine, &module, fuel);
        let result = run
            .call(&mut store, workload.argument)
            .expect("a run without a trap");
        assert_eq!(result, workload.expected, "{}", workload.name);
        group.bench_function(&workload.name, |bencher| {
            bencher.iter(|| {
                run.call(&mut store, workload.argument)
                    .expect("a run without a trap")
            });
        });
    }
    group.finish();
}

fn start(engine: &Engine, module: &Module, fuel: bool) -> (Store<()>, TypedFunc<i32, i32>) {
    let mut store = Store::new(engine, ());
    if fuel {
        store.set_fuel(u64::MAX / 2).expect("a store with fuel");
    }
    let instance = Instance::new(&mut store, module, &[]).expect("an instance");
    let run = instance
        .get_typed_func(&mut store, "run")
        .expect("an export `run`");
    (store, run)
}
