//! Shared memories and atomic instructions, between threads and in cases that the official scripts do not cover.

use std::thread;
use std::time::Duration;

use tickwasm::*;

fn engine(fuel: bool) -> Engine {
    Engine::new(Config::new().wasm_threads(true).consume_fuel(fuel)).unwrap()
}

fn shared(engine: &Engine, min: u64, max: u64) -> SharedMemory {
    let ty = MemoryTypeBuilder::new()
        .min(min)
        .max(Some(max))
        .shared(true);
    SharedMemory::new(engine, ty.build().unwrap()).unwrap()
}

/// An instance of a module that imports a memory, in a store of its own.
fn instance(module: &Module, memory: &SharedMemory) -> (Store<()>, Instance) {
    let mut store = Store::new(module.engine(), ());
    let _ = store.set_fuel(u64::MAX);
    let instance = Instance::new(&mut store, module, &[memory.clone().into()]).unwrap();
    (store, instance)
}

#[test]
fn switched_off_it_is_refused_by_name() {
    for text in [
        "(module (memory 1 1 shared))",
        "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
        "(module (func (atomic.fence)))",
    ] {
        let error = Module::new(&Engine::default(), text)
            .unwrap_err()
            .to_string();
        assert!(error.contains("threads is switched off"), "{error}");
        assert!(error.contains("(`Config::wasm_threads`)"), "{error}");
    }
}

/// A spin lock, a lock that sleeps, and counters guarded by them.
const COUNTERS: &str = r#"(module (import "env" "memory" (memory 1 1 shared))
    (func $lock (param $at i32)
        (loop $again
            (if (i32.atomic.rmw.cmpxchg (local.get $at) (i32.const 0) (i32.const 1))
                (then
                    (drop (memory.atomic.wait32 (local.get $at) (i32.const 1) (i64.const -1)))
                    (br $again)))))
    (func $unlock (param $at i32)
        (i32.atomic.store (local.get $at) (i32.const 0))
        (drop (memory.atomic.notify (local.get $at) (i32.const 1))))
    (func (export "count") (param $times i32)
        (loop $next
            (call $lock (i32.const 0))
            ;; Plain accesses, in order thanks to the lock; one of them crosses words.
            (i32.store (i32.const 13) (i32.add (i32.load (i32.const 13)) (i32.const 1)))
            (i64.store (i32.const 24) (i64.add (i64.load (i32.const 24)) (i64.const 1)))
            (i32.store8 (i32.const 33) (i32.add (i32.load8_u (i32.const 33)) (i32.const 1)))
            (call $unlock (i32.const 0))
            (drop (i64.atomic.rmw16.add_u (i32.const 42) (i64.const 1)))
            (br_if $next (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))"#;

#[test]
fn threads_take_turns_by_wait_and_notify() {
    for fuel in [false, true] {
        let engine = engine(fuel);
        let module = Module::new(&engine, COUNTERS).unwrap();
        let memory = shared(&engine, 1, 1);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let (mut store, instance) = instance(&module, &memory);
                    let count = instance
                        .get_typed_func::<i32, ()>(&mut store, "count")
                        .unwrap();
                    count.call(&mut store, 500).unwrap();
                });
            }
        });
        let number = |at: usize, len: usize| {
            let mut bytes = [0; 8];
            memory.read(at, &mut bytes[..len]).unwrap();
            u64::from_le_bytes(bytes)
        };
        assert_eq!(number(13, 4), 2000);
        assert_eq!(number(24, 8), 2000);
        assert_eq!(number(33, 1), 2000 % 256);
        assert_eq!(number(42, 2), 2000);
        assert_eq!(number(0, 4), 0);
    }
}

#[test]
fn the_embedder_waits_for_a_guest_and_wakes_one() {
    let engine = engine(false);
    let memory = shared(&engine, 1, 1);
    let module = Module::new(
        &engine,
        r#"(module (import "" "" (memory 1 1 shared))
            (func (export "run") (result i32)
                (i64.atomic.store (i32.const 8) (i64.const 5))
                (drop (memory.atomic.notify (i32.const 8) (i32.const -1)))
                (memory.atomic.wait64 (i32.const 16) (i64.const 0) (i64.const -1))))"#,
    )
    .unwrap();
    thread::scope(|scope| {
        let guest = scope.spawn(|| {
            let (mut store, instance) = instance(&module, &memory);
            let run = instance
                .get_typed_func::<(), i32>(&mut store, "run")
                .unwrap();
            run.call(&mut store, ()).unwrap()
        });
        // Either this thread came first and is notified, or the value has changed already.
        let waited = memory.atomic_wait64(8, 0, None).unwrap();
        assert!(matches!(waited, WaitResult::Ok | WaitResult::Mismatch));
        while memory.atomic_notify(16, 1).unwrap() == 0 {
            thread::yield_now();
        }
        assert_eq!(guest.join().unwrap(), 0);
    });
    let brief = Some(Duration::from_millis(1));
    assert_eq!(memory.atomic_wait32(8, 5, brief), Ok(WaitResult::TimedOut));
    assert_eq!(memory.atomic_wait32(6, 5, brief), Err(Trap::HeapMisaligned));
    assert_eq!(
        memory.atomic_wait32(65536, 5, brief),
        Err(Trap::MemoryOutOfBounds)
    );
}

#[test]
fn growth_is_seen_by_all_and_counts_where_it_was_asked_for() {
    let engine = engine(false);
    let memory = shared(&engine, 1, 5);
    let module = Module::new(
        &engine,
        r#"(module (import "" "" (memory 1 5 shared)) (export "m" (memory 0))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "size") (result i32) (memory.size))
            (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0))))"#,
    )
    .unwrap();
    let (mut one, a) = instance(&module, &memory);
    let (mut two, b) = instance(&module, &memory);
    two.set_max_memory_bytes(1 << 16);
    assert_eq!(memory.grow(1).unwrap(), 1);
    memory.write(70_000, &[9]).unwrap();
    let call = |store: &mut Store<()>, instance: Instance, name: &str, x: i32| {
        let f = instance
            .get_typed_func::<i32, i32>(&mut *store, name)
            .unwrap();
        f.call(store, x)
    };
    assert_eq!(call(&mut one, a, "at", 70_000).unwrap(), 9);
    assert_eq!(call(&mut one, a, "grow", 1).unwrap(), 2);
    assert_eq!((one.memory_bytes(), two.memory_bytes()), (1 << 16, 0));
    assert_eq!(call(&mut two, b, "at", 3 * 65536 - 1).unwrap(), 0);
    let error = call(&mut two, b, "at", 3 * 65536).unwrap_err().to_string();
    assert!(
        error.contains("1 bytes at 196608 of a memory of 196608 bytes"),
        "{error}"
    );
    assert_eq!(call(&mut two, b, "grow", 2).unwrap(), -1);
    assert_eq!(call(&mut two, b, "grow", 1).unwrap(), 3);
    assert_eq!(call(&mut one, a, "grow", 2).unwrap(), -1);
    assert!(memory.grow(2).is_err());
    assert_eq!((memory.size(), memory.ty().minimum()), (4, 4));
    // An export is the same memory.
    let exported = a
        .get_export(&mut one, "m")
        .and_then(Extern::into_shared_memory);
    assert_eq!(exported, Some(memory));
    assert!(a.get_memory(&mut one, "m").is_none());
}

#[test]
fn all_accesses_find_the_same_bytes_in_shared_memory_as_in_others() {
    let body = r#"
        (func (export "run") (result i64)
            (local $at ADDR) (local $sum i64)
            (memory.init $d (ADDR.const 100) (i32.const 0) (i32.const 8))
            (memory.fill (ADDR.const 201) (i32.const 0xab) (ADDR.const 3000))
            (memory.copy (ADDR.const 5) (ADDR.const 99) (ADDR.const 4000))
            (memory.copy (ADDR.const 1000) (ADDR.const 10) (ADDR.const 5000))
            (memory.copy (ADDR.const 11) (ADDR.const 1000) (ADDR.const 5000))
            (f64.store offset=3 (ADDR.const 400) (f64.const 1.25))
            (f32.store (ADDR.const 64) (f32.load (ADDR.const 403)))
            (i64.store32 offset=1 (ADDR.const 500) (i64.const 0x123456789))
            (i32.store16 (ADDR.const 511) (i32.load16_s (ADDR.const 202)))
            (v128.store offset=5 (ADDR.const 700) (v128.load offset=2 (ADDR.const 98)))
            (v128.store (ADDR.const 739) (v128.load16x4_s (ADDR.const 199)))
            (v128.store16_lane 3 (ADDR.const 761)
                (v128.load8_lane 7 (ADDR.const 102) (v128.load32_splat (ADDR.const 402))))
            (drop (i32.atomic.rmw8.xor_u (ADDR.const 601) (i32.const 0xff)))
            (drop (i64.atomic.rmw32.sub_u (ADDR.const 608) (i64.const 1)))
            (drop (i64.atomic.rmw.xchg (ADDR.const 616) (i64.const -3)))
            (drop (i32.atomic.rmw16.cmpxchg_u (ADDR.const 624) (i32.const 0xfffabab) (i32.const 7)))
            (loop $next
                (local.set $sum (i64.add
                    (i64.rotl (local.get $sum) (i64.const 7))
                    (i64.load offset=3 (local.get $at))))
                (local.set $sum (i64.add (local.get $sum) (i64.load32_s (local.get $at))))
                (local.set $at (ADDR.add (local.get $at) (ADDR.const 5)))
                (br_if $next (ADDR.lt_u (local.get $at) (ADDR.const 7000))))
            (local.get $sum))"#;
    for addr in ["i32", "i64"] {
        for fuel in [false, true] {
            let run = |memory: &str| {
                let text =
                    format!(r#"(module (memory {addr} {memory}) (data $d "abcdefgh") {body})"#);
                let engine = engine(fuel);
                let module = Module::new(&engine, text.replace("ADDR", addr)).unwrap();
                let mut store = Store::new(&engine, ());
                let _ = store.set_fuel(1_000_000);
                let instance = Instance::new(&mut store, &module, &[]).unwrap();
                let run = instance
                    .get_typed_func::<(), i64>(&mut store, "run")
                    .unwrap();
                let sum = run.call(&mut store, ()).unwrap();
                (sum, store.get_fuel().ok())
            };
            assert_eq!(run("1 1"), run("1 1 shared"), "{addr}");
        }
    }
}

#[test]
fn atomic_accesses_trap_where_they_must() {
    let text = r#"(module (memory 1 1 shared) (memory $own 1)
        (func (export "load") (param i32) (drop (i32.atomic.load offset=2 (local.get 0))))
        (func (export "add") (param i32)
            (drop (i64.atomic.rmw.add $own (local.get 0) (i64.const 1))))
        (func (export "notify") (param i32)
            (drop (memory.atomic.notify (local.get 0) (i32.const 1))))
        (func (export "wait") (param i32)
            (drop (memory.atomic.wait32 $own (local.get 0) (i32.const 0) (i64.const 0)))))"#;
    for fuel in [false, true] {
        let engine = engine(fuel);
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let _ = store.set_fuel(1000);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        for (name, address, code) in [
            ("load", 2, None),
            ("load", 4, Some(Trap::HeapMisaligned)),
            ("load", 65534, Some(Trap::MemoryOutOfBounds)),
            ("load", -2, Some(Trap::MemoryOutOfBounds)),
            ("add", 8, None),
            ("add", 4, Some(Trap::HeapMisaligned)),
            ("add", 65536, Some(Trap::MemoryOutOfBounds)),
            ("notify", 4, None),
            ("notify", 2, Some(Trap::HeapMisaligned)),
            ("notify", 65536, Some(Trap::MemoryOutOfBounds)),
            ("wait", 2, Some(Trap::HeapMisaligned)),
            ("wait", 4, Some(Trap::AtomicWaitNonSharedMemory)),
        ] {
            let run = instance
                .get_typed_func::<i32, ()>(&mut store, name)
                .unwrap();
            let result = run.call(&mut store, address);
            let found = result.as_ref().err().and_then(Error::downcast_ref::<Trap>);
            assert_eq!(found, code.as_ref(), "{name} {address}: {result:?}");
            if let Err(Error::Trap(trap)) = result {
                let fault = trap.memory_fault();
                assert_eq!(fault.is_some(), trap.code() == Trap::MemoryOutOfBounds);
            }
        }
    }
}

#[test]
fn a_shared_memory_is_made_as_such() {
    let engine = engine(false);
    let ty = MemoryTypeBuilder::new().min(1).max(Some(1));
    let mut store = Store::new(&engine, ());
    let shared = ty.clone().shared(true).build().unwrap();
    assert!(matches!(
        Memory::new(&mut store, shared),
        Err(Error::Misuse(Misuse::Shared))
    ));
    assert!(SharedMemory::new(&engine, ty.build().unwrap()).is_err());
    assert!(
        MemoryTypeBuilder::new()
            .min(1)
            .shared(true)
            .build()
            .is_err()
    );
}

#[test]
fn a_guest_that_waits_forever_can_be_interrupted() {
    let mut config = Config::new();
    config.wasm_threads(true).epoch_interruption(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(
        &engine,
        r#"(module (import "" "" (memory 1 1 shared)) (func (export "run")
            (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))"#,
    )
    .unwrap();
    let memory = shared(&engine, 1, 1);
    let (mut store, instance) = instance(&module, &memory);
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    let handle = store.interrupt_handle().unwrap();
    thread::scope(|scope| {
        let call = scope.spawn(move || run.call(&mut store, ()).unwrap_err());
        // Only the guest waits, and it is never notified.
        thread::sleep(Duration::from_millis(20));
        handle.interrupt();
        let error = call.join().unwrap();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
    });
    assert_eq!(memory.atomic_notify(0, 1), Ok(0));
}

#[test]
fn a_memory_of_no_store_is_bounded_by_the_engine() {
    let ty = |min: u64, max: u64| {
        let ty = MemoryTypeBuilder::new()
            .min(min)
            .max(Some(max))
            .shared(true);
        ty.build().unwrap()
    };
    let limits: [fn(&mut Config) -> &mut Config; 2] = [
        |config| config.max_memory_bytes(3 << 16),
        |config| config.max_total_bytes(3 << 16),
    ];
    for limit in limits {
        let engine = Engine::new(limit(Config::new().wasm_threads(true))).unwrap();
        let error = SharedMemory::new(&engine, ty(4, 65536)).unwrap_err();
        assert!(
            matches!(
                error,
                Error::MemoryExhausted {
                    requested: 0x4_0000,
                    limit: 0x3_0000
                }
            ),
            "{error:?}"
        );
        let memory = SharedMemory::new(&engine, ty(2, 65536)).unwrap();
        assert_eq!(memory.grow(1).unwrap(), 2);
        assert!(memory.grow(1).is_err());
        assert!(memory.grow(u64::MAX).is_err());
        assert_eq!(memory.grow(0).unwrap(), 3);
    }
}
