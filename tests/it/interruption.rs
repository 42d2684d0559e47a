//! Execution that is stopped from outside.

use std::pin::pin;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use tickwasm::*;

/// An engine whose execution can be interrupted, and that may count fuel.
fn interruptible(fuel: bool) -> Engine {
    let mut config = Config::new();
    config.epoch_interruption(true).consume_fuel(fuel);
    Engine::new(&config).unwrap()
}

/// A store of it, with the maximal amount of fuel.
fn store<T>(fuel: bool, data: T) -> Store<T> {
    let mut store = Store::new(&interruptible(fuel), data);
    if fuel {
        store.set_fuel(u64::MAX).unwrap();
    }
    store
}

/// The exported `run` of a module.
fn run<T>(store: &mut Store<T>, linker: &Linker<T>, wat: &str) -> TypedFunc<(), ()> {
    let module = Module::new(store.engine(), wat).unwrap();
    let instance = linker.instantiate(&mut *store, &module).unwrap();
    instance.get_typed_func(&mut *store, "run").unwrap()
}

fn is_interrupt(error: &Error) -> bool {
    error.downcast_ref() == Some(&Trap::Interrupt)
}

/// Interrupts a store a moment after a call in it has begun, and checks that it ends soon.
fn interrupt_soon<R>(store: &mut Store<()>, call: impl FnOnce(&mut Store<()>) -> R) -> R {
    let handle = store.interrupt_handle().unwrap();
    let (interrupted, when) = channel();
    let timer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        interrupted.send(Instant::now()).unwrap();
        handle.interrupt();
    });
    let result = call(store);
    let took = when.recv().unwrap().elapsed();
    timer.join().unwrap();
    // Even on the slowest machine at its busiest.
    assert!(took < Duration::from_secs(10), "{took:?}");
    result
}

/// Programs that never end.
const ENDLESS: &[&str] = &[
    r#"(module (func (export "run") (loop $l (br $l))))"#,
    r#"(module (func $f) (func (export "run") (loop $l (call $f) (br $l))))"#,
    r#"(module (func $f (export "run") (return_call $f)))"#,
    r#"(module (func (export "run") (loop $l (br_table $l $l (i32.const 1)))))"#,
    r#"(module (func (export "run") (loop $l (br_if $l (i32.const 1)))))"#,
    r#"(module (func (export "run") (loop $l (if (i32.const 1) (then (br $l)) (else)))))"#,
    r#"(module (import "host" "nothing" (func $nothing))
        (func (export "run") (loop $l (call $nothing) (br $l))))"#,
    r#"(module (import "host" "nothing" (func $nothing)) (table funcref (elem $nothing))
        (func (export "run") (loop $l (call_indirect (i32.const 0)) (br $l))))"#,
    // Each instruction does much work.
    r#"(module (memory 1024)
        (func (export "run") (loop $l
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000)) (br $l))))"#,
    r#"(module (table 1000000 funcref)
        (func (export "run") (loop $l
            (table.fill (i32.const 0) (ref.null func) (i32.const 1000000)) (br $l))))"#,
];

fn nothing<T>(store: &Store<T>) -> Linker<T> {
    let mut linker = Linker::new(store.engine());
    linker.func_wrap("host", "nothing", || {}).unwrap();
    linker
}

#[test]
fn endless_programs_of_all_kinds_are_interrupted() {
    for fuel in [false, true] {
        for wat in ENDLESS {
            let mut store = store(fuel, ());
            let linker = nothing(&store);
            let run = run(&mut store, &linker, wat);
            let error = interrupt_soon(&mut store, |store| run.call(store, ())).unwrap_err();
            assert!(is_interrupt(&error), "{wat}: {error}");
            assert!(error.to_string().contains("interrupt"), "{error}");
            assert_eq!(error.backtrace().unwrap().frames().len(), 1, "{wat}");
        }
    }
}

#[test]
fn start_functions_are_interrupted() {
    let wat = r#"(module (func $spin (loop $l (br $l))) (start $spin))"#;
    let mut store = store(false, ());
    let module = Module::new(store.engine(), wat).unwrap();
    let error = interrupt_soon(&mut store, |store| Instance::new(store, &module, &[]));
    assert!(is_interrupt(&error.unwrap_err()));
}

#[test]
fn a_call_that_can_be_resumed_is_suspended_instead() {
    // It waits for a number in its memory.
    let wat = r#"(module (memory (export "memory") 1)
        (func (export "run") (loop $l (br_if $l (i32.eqz (i32.load (i32.const 8)))))))"#;
    for fuel in [false, true] {
        let mut store = store(fuel, ());
        let module = Module::new(store.engine(), wat).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let run: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "run").unwrap();
        let mut call = interrupt_soon(&mut store, |store| run.call_resumable(store, ())).unwrap();
        for _ in 0..2 {
            let ResumableCall::Suspended(suspended) = call else {
                panic!("it returned");
            };
            assert_eq!(suspended.reason(), SuspendReason::Interrupted);
            call = interrupt_soon(&mut store, |store| suspended.resume(store)).unwrap();
        }
        memory.write(&mut store, 8, &[1]).unwrap();
        let ResumableCall::Suspended(suspended) = call else {
            panic!("it returned");
        };
        let call = suspended.resume(&mut store).unwrap();
        assert!(matches!(call, ResumableCall::Finished(())));
    }
}

#[test]
fn interruptions_cost_no_fuel() {
    let wat = r#"(module (func (export "run") (local $n i32)
        (local.set $n (i32.const 300000))
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    let mut store = store(true, ());
    let linker = nothing(&store);
    let run = run(&mut store, &linker, wat);
    let full = 1 << 40;
    store.set_fuel(full).unwrap();
    run.call(&mut store, ()).unwrap();
    let cost = full - store.get_fuel().unwrap();
    assert_eq!(cost, 2 + 300_000 * 5);
    store.set_fuel(full).unwrap();
    let handle = store.interrupt_handle().unwrap();
    let mut interrupted = 0;
    handle.interrupt();
    let mut call = run.call_resumable(&mut store, ()).unwrap();
    while let ResumableCall::Suspended(suspended) = call {
        interrupted += 1;
        if interrupted % 2 == 1 {
            // A request that comes while the call runs.
            let handle = handle.clone();
            thread::spawn(move || handle.interrupt());
        }
        call = suspended.resume(&mut store).unwrap();
    }
    assert!(interrupted >= 1);
    assert_eq!(full - store.get_fuel().unwrap(), cost);
}

#[test]
fn a_request_before_the_call_stops_it_once_and_at_once() {
    let mut store = store(false, 0);
    let mut linker = Linker::new(store.engine());
    let count = |mut caller: Caller<'_, u32>| *caller.data_mut() += 1;
    linker.func_wrap("host", "count", count).unwrap();
    let wat =
        r#"(module (import "host" "count" (func $count)) (func (export "run") (call $count)))"#;
    let run = run(&mut store, &linker, wat);
    let handle = store.interrupt_handle().unwrap();
    handle.interrupt();
    handle.interrupt();
    assert!(is_interrupt(&run.call(&mut store, ()).unwrap_err()));
    assert_eq!(*store.data(), 0);
    run.call(&mut store, ()).unwrap();
    assert_eq!(*store.data(), 1);
}

#[test]
fn nothing_runs_after_a_host_function_in_which_the_request_came() {
    let mut store = store(false, 0);
    let handle = store.interrupt_handle().unwrap();
    let mut linker = Linker::new(store.engine());
    let count = move |mut caller: Caller<'_, u32>| {
        *caller.data_mut() += 1;
        if *caller.data() == 5 {
            handle.interrupt();
        }
    };
    linker.func_wrap("host", "count", count).unwrap();
    let wat = r#"(module (import "host" "count" (func $count))
        (func (export "run") (loop $l (call $count) (br $l))))"#;
    let run = run(&mut store, &linker, wat);
    assert!(is_interrupt(&run.call(&mut store, ()).unwrap_err()));
    assert_eq!(*store.data(), 5);
}

#[test]
fn a_call_within_a_call_that_is_resumable_traps() {
    let mut store = store(false, ());
    let mut linker = Linker::new(store.engine());
    let nested = |mut caller: Caller<'_, ()>| -> Result<()> {
        let spin = caller.get_export("spin").and_then(Extern::into_func);
        spin.unwrap().call(&mut caller, &[], &mut [])
    };
    linker.func_wrap("host", "nested", nested).unwrap();
    let wat = r#"(module (import "host" "nested" (func $nested))
        (func (export "spin") (loop $l (br $l)))
        (func (export "run") (call $nested)))"#;
    let run = run(&mut store, &linker, wat);
    let error = interrupt_soon(&mut store, |store| run.call_resumable(store, ()));
    assert!(is_interrupt(&error.unwrap_err()));
}

#[test]
fn an_engine_without_it_hands_out_no_handles() {
    for fuel in [false, true] {
        let engine = Engine::new(Config::new().consume_fuel(fuel)).unwrap();
        let store = Store::new(&engine, ());
        let handle = store.interrupt_handle();
        assert!(matches!(
            handle,
            Err(Error::Misuse(Misuse::NotInterruptible))
        ));
    }
}

#[test]
fn fuel_is_not_counted_just_because_there_are_interruptions() {
    let mut store = store(false, ());
    assert!(store.get_fuel().is_err());
    assert!(store.set_fuel(1).is_err());
    assert!(store.fuel_async_yield_interval(Some(1)).is_err());
}

#[test]
fn all_stores_of_an_engine_stop_at_their_deadlines() {
    let engine = interruptible(false);
    let module = Module::new(&engine, ENDLESS[0]).unwrap();
    let started = Instant::now();
    let threads: Vec<_> = (1..=3u64)
        .map(|ticks| {
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(ticks);
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            thread::spawn(move || {
                let run: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "run").unwrap();
                assert!(is_interrupt(&run.call(&mut store, ()).unwrap_err()));
                // The deadline stays where it was.
                assert!(is_interrupt(&run.call(&mut store, ()).unwrap_err()));
                (ticks, started.elapsed())
            })
        })
        .collect();
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(30));
        engine.increment_epoch();
    }
    for stopped in threads {
        let (ticks, after) = stopped.join().unwrap();
        assert!(after >= Duration::from_millis(30) * ticks as u32);
    }
}

#[test]
fn at_a_deadline_async_calls_trap_or_let_others_run() {
    let engine = interruptible(false);
    let mut store = Store::new(&engine, ());
    let linker = nothing(&store);
    let run = run(&mut store, &linker, ENDLESS[0]);
    let mut cx = Context::from_waker(Waker::noop());

    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    {
        let mut call = pin!(run.call_async(&mut store, ()));
        for _ in 0..5 {
            engine.increment_epoch();
            assert!(call.as_mut().poll(&mut cx).is_pending());
        }
    }
    // The deadline had been put off by then.
    store.epoch_deadline_trap();
    engine.increment_epoch();
    match pin!(run.call_async(&mut store, ())).poll(&mut cx) {
        Poll::Ready(result) => assert!(is_interrupt(&result.unwrap_err())),
        Poll::Pending => panic!("it yielded"),
    }
    // A request is a trap in either mode, since a future is otherwise stopped by dropping it.
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    store.interrupt_handle().unwrap().interrupt();
    match pin!(run.call_async(&mut store, ())).poll(&mut cx) {
        Poll::Ready(result) => assert!(is_interrupt(&result.unwrap_err())),
        Poll::Pending => panic!("it yielded"),
    }
    // A call that is not async cannot let others run.
    engine.increment_epoch();
    assert!(is_interrupt(&run.call(&mut store, ()).unwrap_err()));
}

#[test]
fn at_a_deadline_a_callback_decides() {
    let engine = interruptible(true);
    let full = 1 << 40;
    let mut store = Store::new(&engine, Vec::new());
    store.set_fuel(full).unwrap();
    let linker = nothing(&store);
    let wat = r#"(module (func (export "run") (local $n i32)
        (local.set $n (i32.const 300000))
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    let busy = run(&mut store, &linker, wat);
    let nested = busy;
    let ticking = engine.clone();
    store.epoch_deadline_callback(move |mut store| {
        // Fuel is exact, and guests can be called.
        let fuel = store.get_fuel()?;
        store.data_mut().push(fuel);
        store.set_epoch_deadline(u64::MAX);
        nested.call(&mut store, ())?;
        store.set_fuel(fuel)?;
        ticking.increment_epoch();
        match store.data().len() {
            1 | 2 => Ok(UpdateDeadline::Continue(0)),
            3 => Ok(UpdateDeadline::Interrupt),
            4 => Ok(UpdateDeadline::Yield(1)),
            5 => Err(Error::msg("no more")),
            _ => Ok(UpdateDeadline::Continue(u64::MAX)),
        }
    });
    let deadline = |store: &mut Store<Vec<u64>>| {
        store.set_epoch_deadline(0);
        let error = busy.call(store, ()).unwrap_err();
        assert_eq!(error.backtrace().unwrap().frames().len(), 1);
        error
    };
    store.set_epoch_deadline(1);
    engine.increment_epoch();
    busy.call(&mut store, ()).unwrap();
    assert_eq!(store.data().len(), 1);
    assert_eq!(full - store.get_fuel().unwrap(), 2 + 300_000 * 5);
    store.set_epoch_deadline(0);
    busy.call(&mut store, ()).unwrap();
    assert!(is_interrupt(&deadline(&mut store)));
    // A call that is not async cannot yield to others.
    assert!(is_interrupt(&deadline(&mut store)));
    assert_eq!(deadline(&mut store).to_string(), "no more");
    assert_eq!(store.data().len(), 5);

    // Async calls yield, resumable ones are suspended.
    store.data_mut().truncate(3);
    let mut cx = Context::from_waker(Waker::noop());
    store.set_epoch_deadline(0);
    {
        let mut call = pin!(busy.call_async(&mut store, ()));
        assert!(call.as_mut().poll(&mut cx).is_pending());
    }
    store.data_mut().truncate(2);
    store.set_epoch_deadline(0);
    let ResumableCall::Suspended(call) = busy.call_resumable(&mut store, ()).unwrap() else {
        panic!("it returned");
    };
    assert_eq!(call.reason(), SuspendReason::Interrupted);
    store.data_mut().push(0);
    store.set_epoch_deadline(0);
    let error = call.resume(&mut store).unwrap_err();
    assert_eq!(error.to_string(), "no more");
    assert_eq!(error.backtrace().unwrap().frames().len(), 1);
}
