//! How fast modules are decoded and validated, in bytes of module a second.
//!
//! Lowering is not part of it: it happens when a function is first called, so `execute` and `call` contain it.

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use tickwasm::{Config, Engine, Module};
use wasm_encoder::{
    BlockType, CodeSection, Function, FunctionSection, MemArg, MemArgTarget, MemorySection,
    MemoryType, TypeSection, ValType,
};

fn main() {
    let mut criterion = support::criterion();
    load(&mut criterion);
    cache(&mut criterion);
    criterion.final_summary();
}

fn load(criterion: &mut Criterion) {
    let engine = Engine::new(Config::new()).expect("an engine");
    let mut group = criterion.benchmark_group("load");

    let workloads = support::workloads();
    let bytes = workloads
        .iter()
        .map(|workload| workload.wasm.len() as u64)
        .sum();
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("workloads", |bencher| {
        bencher.iter(|| {
            for workload in &workloads {
                black_box(Module::new(&engine, &workload.wasm).expect("a valid module"));
            }
        });
    });

    for name in ["json_tree", "fib"] {
        let workload = workloads
            .iter()
            .find(|workload| workload.name == name)
            .expect("a workload of that name");
        group.throughput(Throughput::Bytes(workload.wasm.len() as u64));
        group.bench_function(name, |bencher| {
            bencher
                .iter(|| Module::new(&engine, black_box(&workload.wasm)).expect("a valid module"));
        });
    }

    let large = large();
    group.throughput(Throughput::Bytes(large.len() as u64));
    group.bench_function("large", |bencher| {
        bencher.iter(|| Module::new(&engine, black_box(&large)).expect("a valid module"));
    });
    group.bench_function("large_validate", |bencher| {
        bencher.iter(|| Module::validate(&engine, black_box(&large)).expect("a valid module"));
    });
    group.finish();
}

/// The cost of finding a program in the engine's cache, beside compiling it: one of some 10 kilobytes, as text and as binary.
fn cache(criterion: &mut Criterion) {
    let engine = Engine::new(Config::new()).expect("an engine");
    let without = Engine::new(Config::new().cache_max_entries(0)).expect("an engine");
    let mut group = criterion.benchmark_group("cache");

    let text = program(32);
    group.throughput(Throughput::Bytes(text.len() as u64));
    for (name, engine) in [("text_compiled", &without), ("text_found", &engine)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                engine
                    .compile_wat(black_box(&text))
                    .expect("a valid module")
            });
        });
    }

    let binary = wat::parse_str(program(200)).expect("a text");
    group.throughput(Throughput::Bytes(binary.len() as u64));
    for (name, engine) in [("binary_compiled", &without), ("binary_found", &engine)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                engine
                    .compile_wasm(black_box(&binary))
                    .expect("a valid module")
            });
        });
    }
    group.finish();
}

/// The text of a program of so many functions.
fn program(functions: u32) -> String {
    let function = |index| {
        format!(
            r#"(func $f{index} (export "f{index}") (param i32 i32) (result i32) (local i32)
  (local.set 2 (i32.add (local.get 0) (i32.const {index})))
  (block (br_if 0 (i32.lt_u (local.get 2) (local.get 1)))
    (i32.store offset={index} (local.get 2) (i32.mul (local.get 1) (i32.const 31))))
  (i32.xor (local.get 2) (i32.load offset=4 (local.get 0))))
"#
        )
    };
    let functions: String = (0..functions).map(function).collect();
    format!("(module (memory (export \"mem.tape\") 1)\n{functions})")
}

/// A module of about a megabyte: 4,000 functions that mix arithmetic, memory, locals, calls and control.
fn large() -> Vec<u8> {
    const FUNCTIONS: u32 = 4000;
    let mut types = TypeSection::new();
    types
        .ty()
        .function([ValType::I32, ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut code = CodeSection::new();
    for index in 0..FUNCTIONS {
        functions.function(0);
        code.function(&body(index, FUNCTIONS));
    }
    let mut module = wasm_encoder::Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&memories)
        .section(&code);
    module.finish()
}

fn body(index: u32, functions: u32) -> Function {
    let place = |offset: u32| MemArg {
        offset: u64::from(offset),
        align: 2,
        target: MemArgTarget::default(),
        ordering: None,
    };
    let mut function = Function::new([(2, ValType::I32), (1, ValType::F64)]);
    let mut code = function.instructions();
    for step in 0..8 {
        code.local_get(0)
            .i32_const((index * 31 + step * 1009) as i32)
            .i32_add()
            .local_tee(2);
        code.i32_const(3)
            .i32_shl()
            .local_get(1)
            .i32_xor()
            .i32_load(place(step * 64))
            .local_set(3);
        code.block(BlockType::Empty);
        code.local_get(2).local_get(3).i32_lt_u().br_if(0);
        code.local_get(3)
            .local_get(2)
            .i32_store(place(index & 0xFF));
        code.local_get(4)
            .local_get(2)
            .f64_convert_i32_s()
            .f64_add()
            .local_set(4);
        code.end();
    }
    code.local_get(2);
    code.if_(BlockType::Result(ValType::I32));
    code.local_get(2).local_get(3).call((index + 1) % functions);
    code.else_();
    code.local_get(4).i32_trunc_sat_f64_s();
    code.end();
    code.end();
    function
}
