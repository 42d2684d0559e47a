//! Small modules that ask for a lot: what loading allocates stays in proportion to their bytes.
//!
//! Each case is the shape that once cost gigabytes or minutes, or that would where an engine keeps a list for each of a million things.
//! Bytes allocated in total stand for work, since time cannot be asserted; bytes allocated at once are what runs out.
//!
//! This is a test of its own, since it counts what the whole process allocates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where it stands"
)]

use std::alloc::System;
use std::iter::repeat_n;

use cap::Cap;
use tickwasm::{Config, Engine, Module};
use wasm_encoder::{
    BlockType, Catch, CodeSection, CompositeInnerType, CompositeType, FieldType, Function,
    FunctionSection, Instruction as I, StorageType, StructType, SubType, TagKind, TagSection,
    TagType, TypeSection, ValType,
};

#[global_allocator]
static ALLOCATED: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes at once, for each of the module.
const AT_ONCE: usize = 128;
/// Bytes in total, for each of the module.
const IN_TOTAL: usize = 1_000;
/// How often a module repeats what it is about.
const MANY: usize = 10_000;

/// `[] -> []`, which is also the tag's.
const NOTHING: u32 = 0;
/// `[] -> [i32 * 1000]`
const RESULTS: u32 = 1;
/// `[i32 * 1000] -> [i32 * 1000]`
const THROUGH: u32 = 2;
/// `[i32] -> []`
const ONE: u32 = 3;
/// A structure with as many fields as there may be.
const STRUCT: u32 = 4;

/// Functions by their types and declared locals, made into a module.
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
        let mut tags = TagSection::new();
        tags.tag(TagType {
            kind: TagKind::Exception,
            func_type_idx: NOTHING,
        });
        let mut module = wasm_encoder::Module::new();
        module.section(&types).section(&self.funcs);
        module.section(&tags).section(&self.code);
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
    ];
    // The most that was allocated at once is known since the beginning only, so that what may be comes to grow.
    modules.sort_by_key(|(_, bytes)| bytes.len());
    modules
}

#[test]
fn loading_allocates_in_proportion_to_the_module() {
    let engines = [false, true].map(|fuel| {
        let mut config = Config::new();
        config.eager_lowering(true).consume_fuel(fuel);
        Engine::new(config).unwrap()
    });
    for (name, bytes) in modules() {
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
                assert!(
                    allocated <= bound * len,
                    "{name}: {allocated} bytes {what} for {len}"
                );
            }
        }
    }
}
