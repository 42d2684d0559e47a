//! The engine as a compiler with a cache: a hit is the requested module, compiled once, and the cache stays within bounds.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Barrier;

use tickwasm::*;

/// A program of the convention that returns a number.
fn program(number: i64) -> String {
    format!(
        r#"(module (memory (export "mem.tape") 1) (func (export "run") (result i64) (i64.const {number})))"#
    )
}

fn run(module: &Module) -> i64 {
    let mut store = Store::new(module.engine(), ());
    let instance = Instance::new(&mut store, module, &[]).unwrap();
    let run = instance.get_typed_func::<(), i64>(&mut store, "run");
    run.unwrap().call(&mut store, ()).unwrap()
}

#[test]
fn a_minimal_text_compiles() {
    let engine = Engine::new(EngineConfig::default()).unwrap();
    assert_eq!(run(&engine.compile_wat(&program(42)).unwrap()), 42);
}

#[test]
fn the_same_text_twice_is_one_entry() {
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let first = engine.compile_wat(&program(0)).unwrap();
    // Clones share the cache.
    let again = engine.clone().compile_wat(&program(0)).unwrap();
    assert!(Module::same(&first, &again));
    assert_eq!(engine.cache_len(), 1);
    engine.clear_cache();
    assert_eq!(engine.cache_len(), 0);
    let anew = engine.compile_wat(&program(0)).unwrap();
    assert!(!Module::same(&first, &anew));
    assert_eq!((run(&first), run(&anew)), (0, 0));
}

#[test]
fn a_bad_text_is_a_compilation_error_each_time() {
    let engine = Engine::new(EngineConfig::default()).unwrap();
    for text in ["(not valid wat)", "(module (func (result i32)))", "\0asm"] {
        for _ in 0..2 {
            let error = engine.compile_wat(text).unwrap_err();
            assert!(matches!(error, Error::Compilation(_)), "{error}");
        }
    }
    let stats = engine.cache_stats();
    assert_eq!((stats.misses, stats.hits, stats.entries), (6, 0, 0));
}

/// Two texts with one hash, found by trying five thousand million texts.
const COLLIDING: [(&str, i64); 2] = [
    (
        r#"(module (func (export "run") (result i64) (i64.const 0xa300e87e7e33b918)))"#,
        0xa300_e87e_7e33_b918_u64 as i64,
    ),
    (
        r#"(module (func (export "run") (result i64) (i64.const 0x405a69b8186e625a)))"#,
        0x405a_69b8_186e_625a,
    ),
];

#[test]
fn texts_that_collide_under_the_default_hasher_keep_their_own_modules() {
    let hash = |text: &str| {
        let mut hasher = DefaultHasher::new();
        text.as_bytes().hash(&mut hasher);
        hasher.finish()
    };
    let [(a, x), (b, y)] = COLLIDING;
    // The hash is of the bytes and their number in the processor's byte order.
    if cfg!(all(target_pointer_width = "64", target_endian = "little")) {
        assert_eq!(
            hash(a),
            hash(b),
            "the standard library's hash has changed: find another pair"
        );
    }
    for order in [[(a, x), (b, y)], [(b, y), (a, x)]] {
        let engine = Engine::default();
        for _ in 0..2 {
            for (text, expected) in order {
                assert_eq!(run(&engine.compile_wat(text).unwrap()), expected);
            }
        }
        assert_eq!(engine.cache_len(), 2);
    }
}

#[test]
fn a_module_is_cached_by_kind_and_content() {
    let engine = Engine::default();
    let text = program(7);
    let binary = wat::parse_str(&text).unwrap();
    let from_text = engine.compile_wat(&text).unwrap();
    let from_binary = engine.compile_wasm(&binary).unwrap();
    assert!(!Module::same(&from_text, &from_binary));
    assert_eq!((run(&from_text), run(&from_binary)), (7, 7));
    assert_eq!(engine.cache_len(), 2);
    // A text is no binary, nor the other way round.
    let error = engine.compile_wasm(text.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("magic"), "{error}");
    assert_eq!(engine.cache_len(), 2);
}

#[test]
fn engines_of_other_configurations_have_other_caches() {
    let text = r#"(module (func (export "run") (result i64) (return_call 0)))"#;
    let engine = Engine::default();
    assert!(engine.compile_wat(text).is_ok());
    let without = Engine::new(Config::new().wasm_tail_call(false)).unwrap();
    assert!(without.compile_wat(text).is_err());
    assert_eq!((engine.cache_len(), without.cache_len()), (1, 0));
}

#[test]
fn modules_made_otherwise_are_cached_if_that_is_configured() {
    for (on, expected) in [(false, 0), (true, 2)] {
        let engine = Engine::new(Config::new().cache_modules(on)).unwrap();
        let text = program(1);
        let first = Module::new(&engine, &text).unwrap();
        let second = Module::new(&engine, &text).unwrap();
        assert_eq!(Module::same(&first, &second), on);
        Module::from_binary(&engine, &wat::parse_str(&text).unwrap()).unwrap();
        assert_eq!(engine.cache_len(), expected);
        // It is the same cache.
        let third = engine.compile_wat(&text).unwrap();
        assert_eq!(Module::same(&first, &third), on);
    }
}

#[test]
fn a_hundred_thousand_modules_stay_within_the_bounds() {
    let mut config = Config::new();
    config.cache_max_entries(100).cache_max_bytes(1 << 20);
    let engine = Engine::new(&config).unwrap();
    let mut binary =
        wat::parse_str(r#"(module (func (export "run") (result i32) (i32.const 0x8080808)))"#)
            .unwrap();
    let at = binary
        .windows(2)
        .position(|two| two == [0x41, 0x88])
        .unwrap()
        + 1;
    for number in 0..100_000_u32 {
        // Digits of seven bits, all but the last of them marked.
        for digit in 0..3 {
            binary[at + digit] = 0x80 | (number >> (7 * digit)) as u8;
        }
        engine.compile_wasm(&binary).unwrap();
        if number % 1000 == 0 {
            let stats = engine.cache_stats();
            assert!(stats.entries <= 100 && stats.bytes <= 1 << 20, "{stats:?}");
        }
    }
    let stats = engine.cache_stats();
    assert_eq!((stats.misses, stats.hits), (100_000, 0));
    assert_eq!(stats.evictions + stats.entries as u64, 100_000);
    // The last is still there.
    engine.compile_wasm(&binary).unwrap();
    assert_eq!(engine.cache_stats().hits, 1);
}

#[test]
fn bytes_are_counted_for_large_modules() {
    let mut config = Config::new();
    config.cache_max_bytes(100_000);
    let engine = Engine::new(&config).unwrap();
    let large = |name: &str| {
        format!(
            r#"(module ${name} (memory 1) (data "{}"))"#,
            "x".repeat(20_000)
        )
    };
    for name in ["a", "b", "c", "d", "e", "f"] {
        engine.compile_wat(&large(name)).unwrap();
    }
    let stats = engine.cache_stats();
    // Each takes its text and its binary.
    assert_eq!((stats.entries, stats.evictions), (2, 4));
    assert!((80_000..100_000).contains(&stats.bytes), "{stats:?}");
}

#[test]
fn many_threads_compile_each_program_once() {
    const THREADS: usize = 16;
    const PROGRAMS: usize = 50;
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (engine, start) = (&engine, &start);
            scope.spawn(move || {
                start.wait();
                // Half of them in another order, so that some meet and others are late.
                for at in 0..PROGRAMS {
                    let number = if thread % 2 == 0 {
                        at
                    } else {
                        PROGRAMS - 1 - at
                    } as i64;
                    let module = engine.compile_wat(&program(number)).unwrap();
                    assert_eq!(run(&module), number);
                }
            });
        }
    });
    let stats = engine.cache_stats();
    assert_eq!(stats.misses, PROGRAMS as u64);
    assert_eq!(stats.hits, ((THREADS - 1) * PROGRAMS) as u64);
    assert_eq!(stats.entries, PROGRAMS);
}

#[test]
fn a_hash_is_that_of_the_given_bytes() {
    let engine = Engine::default();
    let text = "(module)";
    // FNV-1a, 64 bits.
    let expected = |bytes: &[u8]| {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        })
    };
    assert_eq!(
        Module::new(&engine, text).unwrap().hash(),
        expected(text.as_bytes())
    );
    assert_eq!(
        engine.compile_wat(text).unwrap().hash(),
        expected(text.as_bytes())
    );
    let binary = b"\0asm\x01\0\0\0";
    assert_eq!(
        Module::new(&engine, binary).unwrap().hash(),
        expected(binary)
    );
    assert_eq!(
        engine.compile_wasm(binary).unwrap().hash(),
        expected(binary)
    );
}

#[test]
fn the_configured_fuel_is_what_each_store_starts_with() {
    let engine = Engine::new(EngineConfig {
        fuel: Some(10),
        ..EngineConfig::default()
    })
    .unwrap();
    for _ in 0..2 {
        let store = Store::new(&engine, ());
        assert_eq!(store.get_fuel().unwrap(), 10);
    }
    let module = engine
        .compile_wat(r#"(module (func (export "run") (loop (br 0))))"#)
        .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    assert!(matches!(
        run.call(&mut store, ()),
        Err(Error::FuelExhausted { .. })
    ));

    let unlimited = Engine::new(EngineConfig::default()).unwrap();
    assert!(Store::new(&unlimited, ()).get_fuel().is_err());
}

#[test]
fn the_configured_memory_bounds_each_store_in_sum() {
    let engine = Engine::new(EngineConfig {
        max_memory_bytes: 3 << 16,
        ..EngineConfig::default()
    })
    .unwrap();
    let two_pages = engine.compile_wat("(module (memory 2))").unwrap();
    for _ in 0..2 {
        let mut store = Store::new(&engine, ());
        Instance::new(&mut store, &two_pages, &[]).unwrap();
        let error = Instance::new(&mut store, &two_pages, &[]).unwrap_err();
        match error {
            Error::MemoryExhausted { requested, limit } => {
                assert_eq!((requested, limit), (4 << 16, 3 << 16));
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_cache_directory_serves_the_next_process() {
    let folder = std::env::temp_dir().join(format!("tickwasm-it-{}", std::process::id()));
    let engine = || {
        let mut config = Config::new();
        config.cache_directory(&folder, 1 << 20);
        Engine::new(&config).unwrap()
    };
    let compile = |engine: &Engine| {
        let module = engine.compile_wat(&program(6)).unwrap();
        assert_eq!(run(&module), 6);
        (module.hash(), engine.cache_stats().disk_hits)
    };
    let (hash, hits) = compile(&engine());
    assert_eq!(hits, 0);
    assert_eq!(compile(&engine()), (hash, 1));

    // Invalid modules are not kept, and a damaged file counts as absent.
    assert!(
        engine()
            .compile_wat("(module (func (result i32)))")
            .is_err()
    );
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    let mut bytes = std::fs::read(file.path()).unwrap();
    let end = bytes.len();
    bytes[end - 1] ^= 0xFF;
    std::fs::write(file.path(), bytes).unwrap();
    assert_eq!(compile(&engine()), (hash, 0));
    assert_eq!(compile(&engine()), (hash, 1));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    std::fs::remove_dir_all(&folder).unwrap();
}
