//! Memories that threads share, atomic instructions, and an engine, its stacks and its modules used by several threads.

use std::thread;

use tickwasm::*;

use super::{engine, instance, store};

const COUNT: &str = r#"(module (import "env" "m" (memory 1 2 shared))
    (func (export "count") (param $times i32) (result i64)
        (loop $next
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
            (drop (i64.atomic.rmw16.xor_u (i32.const 10) (i64.const 3)))
            (drop (i64.atomic.rmw.cmpxchg (i32.const 16) (i64.const 0) (i64.const 9)))
            (i32.store offset=61 (i32.const 0) (local.get $times))
            (i64.store32 (i32.const 40) (i64.load offset=61 (i32.const 0)))
            (v128.store (i32.const 80) (v128.load (i32.const 33)))
            (atomic.fence)
            (br_if $next (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
        (drop (memory.grow (i32.const 1)))
        (memory.fill (i32.const 200) (i32.const 1) (i32.const 30))
        (memory.copy (i32.const 210) (i32.const 200) (i32.const 30))
        (drop (memory.atomic.wait32 (i32.const 0) (i32.const -1) (i64.const 1)))
        (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
        (i64.atomic.load (i32.const 16))))"#;

#[test]
fn threads_share_a_memory_an_engine_and_its_stacks() {
    let engine = engine(Config::new().wasm_threads(true).consume_fuel(true));
    let ty = MemoryTypeBuilder::new().min(1).max(Some(2)).shared(true);
    let memory = SharedMemory::new(&engine, ty.build().unwrap()).unwrap();
    let module = Module::new(&engine, COUNT).unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut store = store(&engine, ());
                let imports = [memory.clone().into()];
                let instance = Instance::new(&mut store, &module, &imports).unwrap();
                let count = instance
                    .get_typed_func::<i32, i64>(&mut store, "count")
                    .unwrap();
                for _ in 0..3 {
                    assert_eq!(count.call(&mut store, 4).unwrap(), 9);
                }
            });
        }
    });
    let mut store = store(&engine, ());
    let instance = Instance::new(&mut store, &module, &[memory.into()]).unwrap();
    let count = instance
        .get_typed_func::<i32, i64>(&mut store, "count")
        .unwrap();
    assert_eq!(count.call(&mut store, 1).unwrap(), 9);
}

#[test]
fn a_call_is_interrupted_by_another_thread() {
    let engine = engine(Config::new().epoch_interruption(true));
    let mut store = store(&engine, ());
    let linker = Linker::new(&engine);
    let text = r#"(module (func (export "spin") (loop $l (br $l))))"#;
    let instance = instance(&mut store, &linker, text);
    let spin = instance
        .get_typed_func::<(), ()>(&mut store, "spin")
        .unwrap();
    let handle = store.interrupt_handle().unwrap();
    let asking = thread::spawn(move || handle.interrupt());
    let error = spin.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    asking.join().unwrap();
}
