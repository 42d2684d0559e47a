//! Small modules that ask for a lot: the allocations for loading and running them stay in proportion to their bytes and their fuel.
//!
//! Each case has a shape that once cost gigabytes or minutes, or would in an engine that keeps a list for each of a million entities.
//! The total of allocated bytes stands for work, since time cannot be asserted; the maximum allocated at once is the memory needed.
//!
//! This is a test of its own, since it counts the allocations of the whole process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::alloc::System;
use std::iter::repeat_n;
use std::time::{Duration, Instant};

use cap::Cap;
use tickwasm::{Config, Engine, Error, Func, Instance, Module, Store, Trap, Val};
use wasm_encoder::{
    BlockType, Catch, CodeSection, CompositeInnerType, CompositeType, ExportKind, ExportSection,
    FieldType, Function, FunctionSection, Instruction as I, MemArg, MemArgTarget, MemorySection,
    MemoryType, StorageType, StructType, SubType, TagKind, TagSection, TagType, TypeSection,
    ValType,
};

#[global_allocator]
static ALLOCATED: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes allocated at once, for each byte of the module.
const AT_ONCE: usize = 128;
/// Bytes allocated in total, for each byte of the module.
const IN_TOTAL: usize = 1_000;
/// Bytes that validation may use in addition, for all functions whose calls leave a million operands.
const OPERANDS: usize = 10 << 20;
/// Bytes in total for a trap of any kind: its backtrace names at most 100 calls.
const A_TRAP: usize = 32 << 10;
/// Bytes that a unit of code may keep of exact forms beyond the size of its other code, and of modules in addition.
const KEPT: usize = 128 << 10;
/// Number of functions that pile up results.
const PILES: usize = 20;
/// Number of repetitions of a module's main part.
const MANY: usize = 10_000;

/// `[] -> []`, which is also the tag's.
const NOTHING: u32 = 0;
/// `[] -> [i32 * 1000]`
const RESULTS: u32 = 1;
/// `[i32 * 1000] -> [i32 * 1000]`
const THROUGH: u32 = 2;
/// `[i32] -> []`
const ONE: u32 = 3;
/// A structure with as many fields as are allowed.
const STRUCT: u32 = 4;
/// `[] -> [v128, i32, v128, i32, ...]`, a thousand of them
const MIXED: u32 = 5;

/// Functions by their types and declared locals, for a module.
#[derive(Default)]
struct Built {
    funcs: FunctionSection,
    code: CodeSection,
}

impl Built {
    fn func<'a>(
        &mut self,
        ty: u32,
        locals: &[(u32, ValType)],
        body: impl IntoIterator<Item = I<'a>>,
    ) {
        let mut func = Function::new(locals.iter().copied());
        for instr in body {
            func.instruction(&instr);
        }
        func.instruction(&I::End);
        self.funcs.function(ty);
        self.code.function(&func);
    }

    fn bytes(self) -> Vec<u8> {
        let thousand = [ValType::I32; 1_000];
        let mut types = TypeSection::new();
        types.ty().function([], []);
        types.ty().function([], thousand);
        types.ty().function(thousand, thousand);
        types.ty().function([ValType::I32], []);
        types.ty().struct_(repeat_n(
            FieldType {
                element_type: StorageType::I8,
                mutable: false,
            },
            10_000,
        ));
        types.ty().function(
            [],
            (0..1_000).map(|at| [ValType::V128, ValType::I32][at % 2]),
        );
        let mut tags = TagSection::new();
        tags.tag(TagType {
            kind: TagKind::Exception,
            func_type_idx: NOTHING,
        });
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut exports = ExportSection::new();
        exports.export("run", ExportKind::Func, self.funcs.len() - 1);
        let mut module = wasm_encoder::Module::new();
        module.section(&types).section(&self.funcs);
        module.section(&memories).section(&tags).section(&exports);
        module.section(&self.code);
        module.finish()
    }
}

/// A module with one function.
fn one<'a>(ty: u32, body: impl IntoIterator<Item = I<'a>>) -> Vec<u8> {
    let mut built = Built::default();
    built.func(ty, &[], body);
    built.bytes()
}

fn times<T: Clone>(count: usize, instrs: &[T]) -> impl Iterator<Item = T> + use<T> {
    repeat_n(instrs.to_vec(), count).flatten()
}

/// Chains of types, each below the one before it.
fn chains_of_types() -> Vec<u8> {
    let mut types = TypeSection::new();
    let above = |index: u32| (!index.is_multiple_of(60)).then(|| index - 1);
    types.ty().rec((0..MANY as u32).map(|index| SubType {
        is_final: false,
        supertype_idxs: above(index).into_iter().collect(),
        composite_type: CompositeType {
            inner: CompositeInnerType::Struct(StructType {
                fields: Box::new([]),
            }),
            shared: false,
            descriptor: None,
            describes: None,
        },
    }));
    let mut module = wasm_encoder::Module::new();
    module.section(&types);
    module.finish()
}

fn modules() -> Vec<(&'static str, Vec<u8>)> {
    let block = |ty: u32| I::Block(BlockType::FunctionType(ty));
    let thousand = || times(1_000, &[I::I32Const(0)]);
    let drops = |count| times(count, &[I::Drop]);
    let depths: Vec<u32> = (0..MANY as u32).collect();
    let mut modules = vec![
        ("functions with 50,000 locals each", {
            let mut built = Built::default();
            for _ in 0..MANY {
                built.func(NOTHING, &[(50_000, ValType::I32)], []);
            }
            built.bytes()
        }),
        ("functions that use the last of 50,000 locals", {
            let mut built = Built::default();
            for _ in 0..MANY {
                let uses = [I::LocalGet(49_999), I::LocalSet(49_998)];
                built.func(NOTHING, &[(50_000, ValType::I64)], uses);
            }
            built.bytes()
        }),
        (
            "nested blocks with a thousand results each",
            one(
                NOTHING,
                times(MANY, &[block(RESULTS)])
                    .chain(thousand())
                    .chain(times(MANY, &[I::End]))
                    .chain(drops(1_000)),
            ),
        ),
        (
            "a table of branches to blocks with a thousand results each",
            one(
                ONE,
                times(MANY, &[block(RESULTS)])
                    .chain(thousand())
                    .chain([I::I32Const(0), I::LocalGet(0)])
                    .chain([I::BrTable(depths.into(), 0)])
                    .chain(times(MANY, &[I::End]))
                    .chain(drops(1_000)),
            ),
        ),
        (
            "calls with a thousand arguments and results each",
            one(
                THROUGH,
                (0..1_000)
                    .map(I::LocalGet)
                    .chain(times(MANY, &[I::Call(0)])),
            ),
        ),
        (
            "branches that move a thousand values each",
            one(
                ONE,
                [block(RESULTS), I::I32Const(0)]
                    .into_iter()
                    .chain(thousand())
                    .chain(times(MANY, &[I::LocalGet(0), I::BrIf(0)]))
                    .chain([I::Br(0), I::End])
                    .chain(drops(1_000)),
            ),
        ),
        (
            "structures with 10,000 fields each",
            one(
                NOTHING,
                times(MANY, &[I::StructNewDefault(STRUCT), I::Drop]),
            ),
        ),
        (
            "nested loops",
            one(
                NOTHING,
                times(MANY, &[I::Loop(BlockType::Empty)]).chain(times(MANY, &[I::End])),
            ),
        ),
        (
            "nested handlers with a call in each",
            one(NOTHING, {
                let catches = vec![Catch::One { tag: 0, label: 0 }];
                times(MANY, &[I::TryTable(BlockType::Empty, catches.into())])
                    .chain(times(MANY, &[I::Call(0), I::End]))
            }),
        ),
        ("chains of types", chains_of_types()),
        ("results of many functions that pile up", {
            let mut built = Built::default();
            built.func(MIXED, &[], [I::Unreachable]);
            for _ in 0..PILES {
                built.func(
                    NOTHING,
                    &[],
                    times(900, &[I::Call(0)]).chain([I::Unreachable]),
                );
            }
            built.bytes()
        }),
        ("results that pile up and are partly dropped", {
            let mut built = Built::default();
            built.func(MIXED, &[], [I::Unreachable]);
            built.func(
                NOTHING,
                &[],
                times(900, &[I::Call(0), I::Drop, I::Drop, I::Drop]).chain([I::Unreachable]),
            );
            built.bytes()
        }),
    ];
    // The maximum allocated at once is known for the whole run only, so the modules are sorted by size.
    modules.sort_by_key(|(_, bytes)| bytes.len());
    modules
}

/// A function of many instructions, which continues with `before` and then some sums.
fn many_sums<'a>(before: impl IntoIterator<Item = I<'a>>) -> impl Iterator<Item = I<'a>> {
    let sum = [I::LocalGet(0), I::LocalGet(0), I::I32Add, I::LocalSet(0)];
    before.into_iter().chain(times(40_000, &sum))
}

/// A large function that calls itself as often as its argument says, and then runs instructions that end in a trap.
fn deep_trap<'a>(trap: &[I<'a>]) -> Vec<u8> {
    let call = [I::LocalGet(0), I::I32Const(1), I::I32Sub, I::Call(0)];
    let first = [I::LocalGet(0), I::I32Eqz, I::If(BlockType::Empty)].into_iter();
    let first = first.chain(trap.iter().cloned()).chain([I::End]);
    one(ONE, many_sums(first.chain(call)))
}

/// A large function that never ends.
fn endless() -> Vec<u8> {
    let sums = many_sums([I::Loop(BlockType::Empty)]);
    one(ONE, sums.chain([I::Br(0), I::End]))
}

/// An instance in a store with some fuel, and its function.
fn instance(engine: &Engine, bytes: &[u8], fuel: u64) -> (Store<()>, Func) {
    let module = Module::from_binary(engine, bytes).unwrap();
    let mut store = Store::new(engine, ());
    store.set_fuel(fuel).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    (store, run)
}

/// Calls a function that traps or runs out of fuel; returns the number of bytes allocated at once and in total.
fn trap(store: &mut Store<()>, run: Func, arg: i32, expected: Option<Trap>) -> (usize, usize) {
    let (before, total) = (ALLOCATED.allocated(), ALLOCATED.total_allocated());
    match run.call(&mut *store, &[Val::I32(arg)], &mut []) {
        Err(Error::Trap(trap)) => assert_eq!(Some(trap.code()), expected),
        Err(Error::FuelExhausted { .. }) => assert_eq!(None, expected),
        other => panic!("{other:?}"),
    }
    let at_once = ALLOCATED.max_allocated().saturating_sub(before);
    (at_once, ALLOCATED.total_allocated() - total)
}

/// A host catches errors and continues: the cost of a trap must not depend on the size of the functions in which it happens.
fn traps_allocate_for_their_backtraces_alone(engine: &Engine) {
    let memarg = MemArg {
        offset: 0,
        align: 0,
        target: MemArgTarget::Memory(0),
        ordering: None,
    };
    let load = [I::I32Const(-1), I::I32Load(memarg), I::Drop];
    for (trapping, code) in [
        (&[I::Unreachable][..], Trap::UnreachableCodeReached),
        (&load, Trap::MemoryOutOfBounds),
    ] {
        let bytes = deep_trap(trapping);
        let (mut store, run) = instance(engine, &bytes, 1_000_000);
        let (at_once, total) = trap(&mut store, run, 0, Some(code));
        assert!(at_once <= AT_ONCE * bytes.len(), "{at_once} at once");
        assert!(total <= IN_TOTAL * bytes.len(), "{total} in total");
        for depth in [0, 1, 99, 500, 0, 99] {
            let (_, total) = trap(&mut store, run, depth, Some(code));
            assert!(total <= A_TRAP, "{code}, {depth} deep: {total} in total");
        }
    }
}

/// Where fuel runs short a function is lowered to another form, which must be in proportion to the function as well, and freed afterwards.
fn running_out_of_fuel_allocates_in_proportion_to_the_function(engine: &Engine) {
    let endless = endless();
    let (mut store, run) = instance(engine, &endless, 0);
    let empty = ALLOCATED.allocated();
    let mut kept = 0;
    for fuel in [100, 1_000, 200_000, 300_000] {
        store.set_fuel(fuel).unwrap();
        let (at_once, total) = trap(&mut store, run, 1, None);
        assert_eq!(store.get_fuel().unwrap(), 0);
        assert!(at_once <= AT_ONCE * endless.len(), "{at_once} at once");
        assert!(total <= IN_TOTAL * endless.len(), "{total} in total");
        kept = ALLOCATED.allocated().saturating_sub(empty);
    }
    // The form in which the function is entered is kept, and at most as many bytes again.
    let bound = 8 * endless.len() + KEPT;
    assert!(kept <= bound, "{kept} bytes are kept of {}", endless.len());
}

fn running_allocates_in_proportion_to_the_module_and_the_fuel() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(config).unwrap();
    traps_allocate_for_their_backtraces_alone(&engine);
    running_out_of_fuel_allocates_in_proportion_to_the_function(&engine);
}

#[test]
fn loading_and_running_allocate_in_proportion_to_the_module_and_the_fuel() {
    // The maximum allocated at once is known for the whole run only, so the order counts.
    loading_allocates_in_proportion_to_the_module();
    running_allocates_in_proportion_to_the_module_and_the_fuel();
}

fn loading_allocates_in_proportion_to_the_module() {
    let engines = [false, true].map(|fuel| {
        let mut config = Config::new();
        config.eager_lowering(true).consume_fuel(fuel);
        Engine::new(config).unwrap()
    });
    for (name, bytes) in modules() {
        let piles = name.starts_with("results");
        for engine in &engines {
            let (before, total) = (ALLOCATED.allocated(), ALLOCATED.total_allocated());
            let loaded = Module::from_binary(engine, &bytes);
            assert!(loaded.is_ok(), "{name}: {loaded:?}");
            let at_once = ALLOCATED.max_allocated().saturating_sub(before);
            let total = ALLOCATED.total_allocated() - total;
            for (what, allocated, bound) in
                [("at once", at_once, AT_ONCE), ("in total", total, IN_TOTAL)]
            {
                let len = bytes.len();
                let besides = if piles { OPERANDS } else { 0 };
                assert!(
                    allocated <= bound * len + besides,
                    "{name}: {allocated} bytes {what} for {len}"
                );
            }
        }
    }
}

/// Prints the constants of the bound that SECURITY.md states: nanoseconds for each byte of the module and each unit of fuel.
#[test]
#[ignore = "measures time, and asserts nothing about it"]
fn constants() {
    let mut config = Config::new();
    config.consume_fuel(true).eager_lowering(true);
    let eager = Engine::new(&mut config).unwrap();
    let lazy = Engine::new(config.eager_lowering(false)).unwrap();
    let report = |what: &str, took: Duration, each: usize, unit: &str| {
        let each = took.as_nanos() as f64 / each as f64;
        println!("{each:10.1} ns {unit}: {what} ({took:.1?})");
    };
    for (name, bytes) in modules() {
        let begin = Instant::now();
        Module::from_binary(&eager, &bytes).unwrap();
        report(
            name,
            begin.elapsed(),
            bytes.len(),
            "a byte to load and lower",
        );
    }
    let bytes = deep_trap(&[I::Unreachable]);
    let (mut store, run) = instance(&lazy, &bytes, 1_000_000);
    for (depth, what) in [(0, "the first, 0 deep"), (0, "0 deep"), (99, "99 deep")] {
        let begin = Instant::now();
        trap(&mut store, run, depth, Some(Trap::UnreachableCodeReached));
        report(what, begin.elapsed(), 1, "a trap");
    }
    let bytes = endless();
    for fuel in [100, 10_000_000] {
        let (mut store, run) = instance(&lazy, &bytes, fuel);
        for what in ["the first time", "again"] {
            store.set_fuel(fuel).unwrap();
            let begin = Instant::now();
            trap(&mut store, run, 1, None);
            let each = bytes.len() + fuel as usize;
            report(
                what,
                begin.elapsed(),
                each,
                "a byte and unit of fuel until fuel runs out",
            );
        }
    }
}
