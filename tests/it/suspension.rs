//! Calls that are suspended and resumed.

use tickwasm::*;

/// An engine that counts fuel.
fn metered() -> Engine {
    Engine::new(Config::new().consume_fuel(true)).unwrap()
}

/// Work of many kinds: recursion, loops, memory, an indirect call, several results.
const WORK: &str = r#"(module
    (type $binary (func (param i64 i64) (result i64)))
    (memory 1)
    (table funcref (elem $add $mul))
    (global $calls (mut i32) (i32.const 0))
    (func $add (type $binary)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i64.add (local.get 0) (local.get 1)))
    (func $mul (type $binary)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i64.mul (local.get 0) (local.get 1)))
    (func $fib (param i32) (result i64)
        (if (result i64) (i32.lt_u (local.get 0) (i32.const 2))
            (then (i64.extend_i32_u (local.get 0)))
            (else (call_indirect (type $binary)
                (call $fib (i32.sub (local.get 0) (i32.const 1)))
                (call $fib (i32.sub (local.get 0) (i32.const 2)))
                (i32.const 0)))))
    (func (export "run") (param $n i32) (result i64 f64 i32)
        (local $i i32) (local $x f64) (local $h i64)
        (local.set $x (f64.const 1))
        (local.set $h (call $fib (local.get $n)))
        (loop $again
            (local.set $x (f64.add (f64.mul (local.get $x) (f64.const 1.5)) (f64.const -0.25)))
            (i64.store offset=8 (i32.shl (local.get $i) (i32.const 3)) (local.get $h))
            (local.set $h (call_indirect (type $binary) (local.get $h)
                (i64.load offset=8 (i32.shl (local.get $i) (i32.const 3))) (i32.and (local.get $i) (i32.const 1))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const 20))))
        (memory.fill (i32.const 1024) (i32.const 7) (i32.const 3000))
        (memory.copy (i32.const 5000) (i32.const 8) (i32.const 2000))
        (i64.xor (local.get $h) (i64.load (i32.const 5096)))
        (local.get $x)
        (global.get $calls)))"#;

type Run = TypedFunc<i32, (i64, f64, i32)>;

fn work(engine: &Engine) -> (Store<()>, Run) {
    let module = Module::new(engine, WORK).unwrap();
    let mut store = Store::new(engine, ());
    store.set_fuel(1000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func(&mut store, "run").unwrap();
    (store, run)
}

/// Resumes a call until it has finished, each time with the fuel that `slice` returns for the required amount; returns its results and the fuel used.
fn in_slices<R: CallResults>(
    store: &mut Store<()>,
    mut call: ResumableCall<R>,
    slice: impl Fn(u64) -> u64,
) -> (R, u64) {
    let mut given = 0;
    loop {
        match call {
            ResumableCall::Finished(results) => {
                return (results, given - store.get_fuel().unwrap());
            }
            ResumableCall::Suspended(suspended) => {
                let SuspendReason::OutOfFuel { required } = suspended.reason() else {
                    panic!("{suspended:?}");
                };
                let left = store.get_fuel().unwrap();
                assert!(left < required, "{left} of {required}");
                let more = slice(required);
                given += more;
                store.set_fuel(left + more).unwrap();
                call = suspended.resume(&mut *store).unwrap();
            }
        }
    }
}

#[test]
fn slices_of_any_size_give_what_a_straight_run_gives() {
    let engine = metered();
    let (mut store, run) = work(&engine);
    store.set_fuel(1 << 40).unwrap();
    let straight = run.call(&mut store, 10).unwrap();
    let cost = (1 << 40) - store.get_fuel().unwrap();
    assert!(cost > 1000);
    for slice in [1, 2, 7, 100, cost - 1, cost] {
        let (mut store, run) = work(&engine);
        store.set_fuel(0).unwrap();
        let call = run.call_resumable(&mut store, 10).unwrap();
        let (results, taken) = in_slices(&mut store, call, |_| slice);
        assert_eq!((results, taken), (straight, cost), "slices of {slice}");
    }
    // With exactly the required fuel each time, none is ever left.
    let (mut store, run) = work(&engine);
    store.set_fuel(0).unwrap();
    let call = run.call_resumable(&mut store, 10).unwrap();
    let (results, taken) = in_slices(&mut store, call, |required| required);
    assert_eq!((results, taken), (straight, cost));
    assert_eq!(store.get_fuel().unwrap(), 0);
}

#[test]
fn a_call_that_finishes_at_once_is_not_suspended() {
    let (mut store, run) = work(&metered());
    store.set_fuel(1 << 40).unwrap();
    let call = run.call_resumable(&mut store, 5).unwrap();
    assert!(matches!(call, ResumableCall::Finished(_)));
    let call = run.func().call_resumable(&mut store, &[Val::I32(5)]);
    let ResumableCall::Finished(results) = call.unwrap() else {
        panic!("it was suspended");
    };
    assert_eq!(results.len(), 3);
}

#[test]
fn values_known_at_run_time_come_back_as_well() {
    let engine = metered();
    let (mut store, run) = work(&engine);
    store.set_fuel(1 << 40).unwrap();
    let straight = run.call(&mut store, 7).unwrap();
    let (mut store, run) = work(&engine);
    store.set_fuel(0).unwrap();
    let call = run
        .func()
        .call_resumable(&mut store, &[Val::I32(7)])
        .unwrap();
    let (results, _) = in_slices(&mut store, call, |_| 50);
    assert_eq!(results[0].i64(), Some(straight.0));
    assert_eq!(results[1].f64(), Some(straight.1));
    assert_eq!(results[2].i32(), Some(straight.2));
}

/// Sums the numbers up to its argument by recursion, so that each level has a frame that has yet to return.
const SUM: &str = r#"(module
    (func $sum (export "sum") (param i32) (result i64)
        (if (result i64) (i32.eqz (local.get 0))
            (then (i64.const 0))
            (else (i64.add
                (i64.extend_i32_u (local.get 0))
                (call $sum (i32.sub (local.get 0) (i32.const 1))))))))"#;

/// The next of a sequence of numbers that look random.
fn random(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    *state >> 33
}

#[test]
fn ten_thousand_calls_of_one_store_resume_in_any_order() {
    let engine = metered();
    let module = Module::new(&engine, SUM).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let sum: TypedFunc<u32, u64> = instance.get_typed_func(&mut store, "sum").unwrap();
    let mut calls = Vec::new();
    for n in 0..10_000u32 {
        let n = n % 37;
        store.set_fuel(u64::from(n)).unwrap();
        match sum.call_resumable(&mut store, n).unwrap() {
            ResumableCall::Suspended(call) => calls.push((n, call)),
            ResumableCall::Finished(_) => panic!("there was too much fuel"),
        }
    }
    let (mut state, mut finished) = (7, 0);
    while !calls.is_empty() {
        let at = random(&mut state) as usize % calls.len();
        let (n, call) = calls.swap_remove(at);
        store.set_fuel(random(&mut state) % 200).unwrap();
        match call.resume(&mut store).unwrap() {
            ResumableCall::Suspended(call) => calls.push((n, call)),
            ResumableCall::Finished(result) => {
                assert_eq!(result, u64::from(n) * u64::from(n + 1) / 2);
                finished += 1;
            }
        }
    }
    assert_eq!(finished, 10_000);
}

#[test]
fn a_dropped_call_leaves_the_store_as_it_was() {
    let engine = metered();
    let module = Module::new(&engine, SUM).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let sum: TypedFunc<u32, u64> = instance.get_typed_func(&mut store, "sum").unwrap();
    // If one of them kept its part of the stack, the stack would soon be used up.
    for _ in 0..1000 {
        store.set_fuel(5000).unwrap();
        let call = sum.call_resumable(&mut store, 5000).unwrap();
        assert!(matches!(call, ResumableCall::Suspended(_)));
    }
    store.set_fuel(1 << 40).unwrap();
    assert_eq!(sum.call(&mut store, 5000).unwrap(), 12_502_500);
}

#[test]
fn a_call_resumed_in_another_store_is_an_error() {
    let engine = metered();
    let (mut store, run) = work(&engine);
    let (mut other, _) = work(&engine);
    store.set_fuel(10).unwrap();
    let ResumableCall::Suspended(call) = run.call_resumable(&mut store, 3).unwrap() else {
        panic!("there was too much fuel");
    };
    assert!(call.host_type(&other).is_err());
    assert!(call.host_params(&other).is_err());
    let error = call.resume(&mut other).unwrap_err();
    assert!(matches!(error, Error::Misuse(Misuse::WrongStore)));
}

#[test]
fn a_call_outlives_its_store_in_peace() {
    let (mut store, run) = work(&metered());
    store.set_fuel(10).unwrap();
    let call = run.call_resumable(&mut store, 3).unwrap();
    drop(store);
    assert!(matches!(call, ResumableCall::Suspended(_)));
}

#[test]
fn a_trap_after_a_suspension_ends_the_call_with_its_backtrace() {
    let engine = metered();
    let module = Module::new(
        &engine,
        r#"(module
            (func $inner (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
            (func (export "run") (param i32) (result i32) (call $inner (local.get 0))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "run").unwrap();
    for fuel in 0..5 {
        store.set_fuel(fuel).unwrap();
        let ResumableCall::Suspended(call) = run.call_resumable(&mut store, 0).unwrap() else {
            panic!("there was too much fuel");
        };
        store.set_fuel(100).unwrap();
        let error = call.resume(&mut store).unwrap_err();
        assert_eq!(
            error.downcast_ref::<Trap>(),
            Some(&Trap::IntegerDivisionByZero)
        );
        assert_eq!(error.backtrace().unwrap().frames().len(), 2);
        assert_eq!(store.get_fuel().unwrap(), 100 - (5 - fuel));
    }
}

/// A module that adds the result of its import to a number, twice; and one that calls a function of another.
const ASKS: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i64)))
    (func (export "run") (param i32) (result i64)
        (i64.add
            (i64.mul (call $ask (local.get 0)) (i64.const 100))
            (call $ask (i32.add (local.get 0) (i32.const 1))))))"#;
const PASSES: &str = r#"(module
    (import "asks" "run" (func $run (param i32) (result i64)))
    (memory 1)
    (global $seen (mut i64) (i64.const 0))
    (func $tail (param i32) (result i64) (return_call $run (local.get 0)))
    (func (export "run") (param i32) (result i64)
        (i64.store (i32.const 8) (i64.const 5))
        (global.set $seen (call $tail (local.get 0)))
        (i64.add (i64.load (i32.const 8)) (global.get $seen))))"#;

/// A store in which one instance calls another, which calls a host function that requests a suspension.
fn asking(engine: &Engine) -> (Store<u32>, TypedFunc<i32, i64>) {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("host", "ask", |mut caller: Caller<'_, u32>, _: i32| {
            *caller.data_mut() += 1;
            MaySuspend::<i64>::Suspend
        })
        .unwrap();
    let mut store = Store::new(engine, 0);
    let asks = Module::new(engine, ASKS).unwrap();
    let asks = linker.instantiate(&mut store, &asks).unwrap();
    linker.instance(&mut store, "asks", asks).unwrap();
    let passes = Module::new(engine, PASSES).unwrap();
    let passes = linker.instantiate(&mut store, &passes).unwrap();
    let run = passes.get_typed_func(&mut store, "run").unwrap();
    (store, run)
}

fn suspended<R>(call: ResumableCall<R>) -> SuspendedCall<R> {
    match call {
        ResumableCall::Suspended(call) => call,
        ResumableCall::Finished(_) => panic!("it finished"),
    }
}

fn finished<R>(call: ResumableCall<R>) -> R {
    match call {
        ResumableCall::Finished(results) => results,
        ResumableCall::Suspended(_) => panic!("it was suspended"),
    }
}

#[test]
fn host_functions_suspend_calls_across_instances() {
    let (mut store, run) = asking(&Engine::default());
    // One after the other, and each is suspended twice.
    let mut calls: Vec<_> = (0..50)
        .map(|n| (n, suspended(run.call_resumable(&mut store, n).unwrap())))
        .collect();
    let mut state = 3;
    let mut half = Vec::new();
    while !calls.is_empty() {
        let at = random(&mut state) as usize % calls.len();
        let (n, call) = calls.swap_remove(at);
        assert_eq!(call.reason(), SuspendReason::Host);
        assert_eq!(call.host_params(&store).unwrap()[0].i32(), Some(n));
        let ty = call.host_type(&store).unwrap().unwrap();
        assert_eq!(ty.to_string(), "[i32] -> [i64]");
        let results = [Val::I64(i64::from(n) * 10)];
        let call = suspended(call.resume_with(&mut store, &results).unwrap());
        assert_eq!(call.host_params(&store).unwrap()[0].i32(), Some(n + 1));
        half.push((n, call));
    }
    for (n, call) in half {
        let result = finished(call.resume_with(&mut store, &[Val::I64(7)]).unwrap());
        assert_eq!(result, i64::from(n) * 1000 + 7 + 5);
    }
    assert_eq!(*store.data(), 100);
}

#[test]
fn results_of_the_host_are_checked_by_number_and_type() {
    let (mut store, run) = asking(&Engine::default());
    let mut ask = || suspended(run.call_resumable(&mut store, 1).unwrap());
    let (a, b, c) = (ask(), ask(), ask());
    assert!(matches!(
        a.resume(&mut store),
        Err(Error::Misuse(Misuse::Count {
            expected: 1,
            found: 0,
            ..
        }))
    ));
    assert!(matches!(
        b.resume_with(&mut store, &[Val::I32(1)]),
        Err(Error::Misuse(Misuse::Type { .. }))
    ));
    let call = c.resume_with(&mut store, &[Val::I64(1)]).unwrap();
    assert!(matches!(call, ResumableCall::Suspended(_)));
}

#[test]
fn asking_in_a_call_that_cannot_be_resumed_is_an_error() {
    let (mut store, run) = asking(&Engine::default());
    for _ in 0..300 {
        let error = run.call(&mut store, 1).unwrap_err();
        assert!(
            matches!(error, Error::Misuse(Misuse::NotResumable)),
            "{error}"
        );
    }
}

#[test]
fn a_host_function_called_by_the_embedder_can_ask_too() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new(
        &engine,
        [ValType::I32, ValType::I32],
        [ValType::F32, ValType::I32, ValType::I32],
    );
    let ask = Func::new_suspending(&mut store, ty, |_, params, results| {
        if params[0].i32() == Some(0) {
            results.clone_from_slice(&[Val::from(1.5f32), params[1].clone(), params[0].clone()]);
            return Ok(MaySuspend::Return(()));
        }
        Ok(MaySuspend::Suspend)
    });
    let ask = ask.typed::<(i32, i32), (f32, i32, i32)>(&store).unwrap();
    assert_eq!(ask.call(&mut store, (0, 9)).unwrap(), (1.5, 9, 0));
    let a = suspended(ask.call_resumable(&mut store, (1, 2)).unwrap());
    let b = suspended(ask.call_resumable(&mut store, (3, 4)).unwrap());
    let params = a.host_params(&store).unwrap();
    assert_eq!((params[0].i32(), params[1].i32()), (Some(1), Some(2)));
    let give = |n| [Val::from(0.5f32), Val::I32(n), Val::I32(n + 1)];
    let call = b.resume_with(&mut store, &give(20)).unwrap();
    assert_eq!(finished(call), (0.5, 20, 21));
    let call = a.resume_with(&mut store, &give(10)).unwrap();
    assert_eq!(finished(call), (0.5, 10, 11));
}

#[test]
fn a_call_can_be_resumed_deeper_on_the_stack_than_it_was_suspended() {
    let engine = metered();
    let sum = Module::new(&engine, SUM).unwrap();
    let outer = Module::new(
        &engine,
        r#"(module
            (import "host" "resume" (func $resume (result i64)))
            (func $deep (export "run") (param i32) (result i64)
                (if (result i64) (local.get 0)
                    (then (i64.add (i64.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
                    (else (call $resume)))))"#,
    )
    .unwrap();
    type Kept = Option<SuspendedCall<u64>>;
    let mut store = Store::new(&engine, None);
    store.set_fuel(1000).unwrap();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap(
            "host",
            "resume",
            |mut caller: Caller<'_, Kept>| -> Result<u64> {
                let call = caller.data_mut().take().unwrap();
                // It uses up all the fuel it is given; the call under way continues with the rest.
                let fuel = caller.get_fuel()?;
                caller.set_fuel(fuel.min(1 << 40) >> 6)?;
                let call = call.resume(&mut caller)?;
                caller.set_fuel(fuel)?;
                match call {
                    ResumableCall::Finished(result) => Ok(result),
                    ResumableCall::Suspended(call) => {
                        *caller.data_mut() = Some(call);
                        Ok(0)
                    }
                }
            },
        )
        .unwrap();
    let instance = Instance::new(&mut store, &sum, &[]).unwrap();
    let sum: TypedFunc<u32, u64> = instance.get_typed_func(&mut store, "sum").unwrap();
    let instance = linker.instantiate(&mut store, &outer).unwrap();
    let run: TypedFunc<u32, u64> = instance.get_typed_func(&mut store, "run").unwrap();
    store.set_fuel(400).unwrap();
    let call = suspended(sum.call_resumable(&mut store, 100).unwrap());
    *store.data_mut() = Some(call);
    // It continues within other calls each time, and at last from outside.
    for depth in [10, 3, 77, 0] {
        store.set_fuel(2000).unwrap();
        assert_eq!(run.call(&mut store, depth as u32).unwrap(), depth);
        assert!(store.data().is_some());
    }
    store.set_fuel(1 << 40).unwrap();
    assert_eq!(run.call(&mut store, 1000).unwrap(), 1000 + 5050);
    // It has a stack of its own, no matter how much of theirs the others use.
    let recursion = |depth, store: &mut Store<Kept>| {
        store.set_fuel(170_000).unwrap();
        let call = suspended(sum.call_resumable(&mut *store, 20_000).unwrap());
        *store.data_mut() = Some(call);
        store.set_fuel(1 << 40).unwrap();
        run.call(store, depth)
    };
    assert_eq!(recursion(20_000, &mut store).unwrap(), 20_000 + 200_010_000);
    assert_eq!(recursion(10, &mut store).unwrap(), 10 + 200_010_000);
}

#[test]
fn a_frame_that_is_small_while_suspended_has_room_for_what_it_will_need() {
    // Behind the call of the host function, a thousand results pile up on the operand stack.
    let pile = "(call $one)".repeat(1000) + &"i32.add ".repeat(1000);
    let wide = format!(
        r#"(module
            (import "host" "ask" (func $ask (param i32) (result i64)))
            (func $one (result i32) (i32.const 1))
            (func (export "run") (result i32) (i32.wrap_i64 (call $ask (i32.const 0))) {pile}))"#
    );
    let deep = r#"(module
        (import "host" "resume" (func $resume (result i32)))
        (func $deep (export "run") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 0) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
                (else (call $resume)))))"#;
    let engine = Engine::new(Config::new().max_wasm_stack(10_000)).unwrap();
    let mut linker = Linker::<Option<SuspendedCall<i32>>>::new(&engine);
    let ask = |_: i32| MaySuspend::<i64>::Suspend;
    linker.func_wrap("host", "ask", ask).unwrap();
    let resume = |mut caller: Caller<'_, Option<SuspendedCall<i32>>>| {
        let call = caller.data_mut().take().unwrap();
        let call = call.resume_with(&mut caller, &[Val::I64(7)]);
        call.map(finished)
    };
    linker.func_wrap("host", "resume", resume).unwrap();
    let mut store = Store::new(&engine, None);
    let mut run = |wat: &str| {
        let module = Module::new(&engine, wat).unwrap();
        linker.instantiate(&mut store, &module).unwrap()
    };
    let (wide, deep) = (run(&wide), run(deep));
    let wide: TypedFunc<(), i32> = wide.get_typed_func(&mut store, "run").unwrap();
    let deep: TypedFunc<i32, i32> = deep.get_typed_func(&mut store, "run").unwrap();
    let mut at_depth = |depth| {
        let call = suspended(wide.call_resumable(&mut store, ()).unwrap());
        *store.data_mut() = Some(call);
        deep.call(&mut store, depth)
    };
    assert_eq!(at_depth(0).unwrap(), 1007);
    assert_eq!(at_depth(10).unwrap(), 1007);
    // Its frame takes most of a stack, and so do those of the others.
    assert_eq!(at_depth(100).unwrap(), 1007);
}

#[test]
fn a_straight_call_within_a_resumable_one_ends_when_fuel_does() {
    let engine = metered();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "nested" (func $nested (result i32)))
            (func (export "spin") (loop $l (br $l)))
            (func (export "run") (result i32) (call $nested)))"#,
    )
    .unwrap();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("host", "nested", |mut caller: Caller<'_, ()>| {
            let spin = caller.get_export("spin").and_then(Extern::into_func);
            let error = spin.unwrap().call(&mut caller, &[], &mut []).unwrap_err();
            assert!(matches!(error, Error::FuelExhausted { .. }));
            1
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1000).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run: TypedFunc<(), i32> = instance.get_typed_func(&mut store, "run").unwrap();
    // The outer call has nothing left to pay for, so it finishes.
    assert_eq!(finished(run.call_resumable(&mut store, ()).unwrap()), 1);
    assert_eq!(store.get_fuel().unwrap(), 0);
}

#[test]
fn a_suspended_call_goes_on_in_another_thread() {
    let engine = metered();
    let (mut store, run) = work(&engine);
    store.set_fuel(1 << 40).unwrap();
    let straight = run.call(&mut store, 8).unwrap();
    let (mut store, run) = work(&engine);
    store.set_fuel(300).unwrap();
    let call = suspended(run.call_resumable(&mut store, 8).unwrap());
    let thread = std::thread::spawn(move || {
        store.set_fuel(1 << 40).unwrap();
        finished(call.resume(&mut store).unwrap())
    });
    assert_eq!(thread.join().unwrap(), straight);
}

/// A guest that calls the host under a `try_table`, and throws and catches many exceptions of its own.
const CATCHES: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i64)))
    (tag $t (export "t") (param i64))
    (func (export "throw") (param i64) (throw $t (local.get 0)))
    (func (export "run") (result i64)
        (block $caught (result i64)
            (try_table (result i64) (catch $t $caught) (call $ask (i32.const 1)))
            (i64.add (i64.const 1000))))
    ;; Holds a reference to an exception while it asks, and throws it again.
    (func $keep (param i64) (result i64) (local $exn exnref)
        (local.set $exn
            (block $caught (result exnref)
                (try_table (catch_all_ref $caught) (throw $t (local.get 0)))
                (unreachable)))
        (drop (call $ask (i32.const 2)))
        (throw_ref (local.get $exn)))
    (func (export "keep") (param i64) (result i64)
        (block $caught (result i64)
            (try_table (result i64) (catch $t $caught) (call $keep (local.get 0)))))
    (func (export "many") (param $n i32)
        (loop $again
            (block $caught (result exnref)
                (try_table (catch_all_ref $caught) (throw $t (i64.const 0)))
                (unreachable))
            drop
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;

fn catching() -> (Store<()>, Instance) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ask = Func::wrap(&mut store, |_: i32| MaySuspend::<i64>::Suspend);
    let module = Module::new(&engine, CATCHES).unwrap();
    let instance = Instance::new(&mut store, &module, &[ask.into()]).unwrap();
    (store, instance)
}

#[test]
fn a_host_function_that_is_waited_for_can_fail() {
    let (mut store, instance) = catching();
    let run: TypedFunc<(), i64> = instance.get_typed_func(&mut store, "run").unwrap();
    let call = suspended(run.call_resumable(&mut store, ()).unwrap());
    let error = "x".parse::<i32>().unwrap_err();
    let error = call.resume_with_error(&mut store, error).unwrap_err();
    assert!(error.is::<std::num::ParseIntError>());
    assert_eq!(error.backtrace().unwrap().frames().len(), 1);
    let call = suspended(run.call_resumable(&mut store, ()).unwrap());
    let error = call.resume_with_error(&mut store, Trap::IntegerOverflow);
    let error = error.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::IntegerOverflow));
    assert_eq!(error.backtrace().unwrap().frames().len(), 1);
    // An exception is caught by the guest.
    let throw: TypedFunc<i64, ()> = instance.get_typed_func(&mut store, "throw").unwrap();
    let error = throw.call(&mut store, 77).unwrap_err();
    let call = suspended(run.call_resumable(&mut store, ()).unwrap());
    let call = call.resume_with_error(&mut store, error).unwrap();
    assert_eq!(finished(call), 77);
    let call = suspended(run.call_resumable(&mut store, ()).unwrap());
    let call = call.resume_with(&mut store, &[Val::I64(5)]).unwrap();
    assert_eq!(finished(call), 1005);
}

#[test]
fn only_a_call_that_waits_for_the_host_can_be_told_of_its_failure() {
    let (mut store, run) = work(&metered());
    store.set_fuel(10).unwrap();
    let call = suspended(run.call_resumable(&mut store, 3).unwrap());
    let error = call.resume_with_error(&mut store, Error::msg("no"));
    assert!(matches!(error, Err(Error::Misuse(Misuse::NotWaiting))));
}

#[test]
fn what_a_suspended_call_refers_to_is_kept() {
    let (mut store, instance) = catching();
    let keep: TypedFunc<i64, i64> = instance.get_typed_func(&mut store, "keep").unwrap();
    let many: TypedFunc<u32, ()> = instance.get_typed_func(&mut store, "many").unwrap();
    let mut calls = Vec::new();
    for n in 0..200 {
        calls.push(suspended(keep.call_resumable(&mut store, n).unwrap()));
        drop(keep.call_resumable(&mut store, n).unwrap());
        // Enough for collections in between.
        many.call(&mut store, 200).unwrap();
    }
    many.call(&mut store, 20_000).unwrap();
    for (n, call) in calls.into_iter().enumerate().rev() {
        let call = call.resume_with(&mut store, &[Val::I64(0)]).unwrap();
        assert_eq!(finished(call), n as i64);
    }
}

/// A stack that is full to its last byte is not smaller for a call that was suspended on it. Found by the target `suspend`.
#[test]
fn the_stack_is_exhausted_at_the_same_depth_whether_suspended_or_not() {
    let mut config = Config::new();
    config.consume_fuel(true).max_wasm_stack(4096);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, r#"(module (func $f (export "f") (call $f)))"#).unwrap();
    let mut store = Store::new(&engine, ());
    let func = Instance::new(&mut store, &module, &[])
        .unwrap()
        .get_func(&mut store, "f")
        .unwrap();
    let given = 10_000;
    store.set_fuel(given).unwrap();
    let straight = func.call(&mut store, &[], &mut []).unwrap_err();
    assert_eq!(straight.downcast_ref(), Some(&Trap::StackOverflow));
    let cost = given - store.get_fuel().unwrap();

    for slice in [1, 2, 3, 7] {
        store.set_fuel(0).unwrap();
        let (mut given, mut call) = (0, func.call_resumable(&mut store, &[]));
        let stopped = loop {
            match call {
                Ok(ResumableCall::Suspended(suspended)) => {
                    given += slice;
                    let left = store.get_fuel().unwrap();
                    store.set_fuel(left + slice).unwrap();
                    call = suspended.resume(&mut store);
                }
                Ok(ResumableCall::Finished(_)) => panic!("endless recursion ends"),
                Err(error) => break error,
            }
        };
        assert_eq!(stopped.downcast_ref(), Some(&Trap::StackOverflow));
        assert_eq!(given - store.get_fuel().unwrap(), cost, "slices of {slice}");
    }
}

#[test]
fn a_call_that_just_fits_onto_the_stack_fits_in_slices_and_with_turns_too() {
    for bytes in (4096..4096 + 96).step_by(8) {
        let mut config = Config::new();
        config.consume_fuel(true).max_wasm_stack(bytes);
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, SUM).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let sum: TypedFunc<u32, u64> = instance.get_typed_func(&mut store, "sum").unwrap();
        store.set_fuel(1 << 20).unwrap();
        let edge = (1..1000).find(|n| sum.call(&mut store, *n).is_err());
        let edge = edge.unwrap();
        for n in [edge - 1, edge] {
            store.set_fuel(1 << 20).unwrap();
            let straight = sum.call(&mut store, n).ok();
            let left = store.get_fuel().unwrap();

            store.set_fuel(0).unwrap();
            let mut call = sum.call_resumable(&mut store, n);
            let mut given = 0;
            while let Ok(ResumableCall::Suspended(suspended)) = call {
                given += 1;
                store.set_fuel(1).unwrap();
                call = suspended.resume(&mut store);
            }
            assert_eq!(call.ok().map(finished), straight, "{n} in {bytes}");
            assert_eq!(given, (1 << 20) - left);

            store.set_fuel(1 << 20).unwrap();
            store.fuel_async_yield_interval(Some(1)).unwrap();
            let mut call = std::pin::pin!(sum.call_async(&mut store, n));
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            let result = loop {
                match call.as_mut().poll(&mut cx) {
                    std::task::Poll::Ready(result) => break result,
                    std::task::Poll::Pending => {}
                }
            };
            assert_eq!(result.ok(), straight, "{n} in {bytes}");
        }
    }
}

/// A guest that holds an object during a host call, and can make many of them.
const OBJECTS: &str = r#"(module
    (type $box (struct (field i64) (field (ref null $box))))
    (import "host" "ask" (func $ask (param i32) (result i64)))
    (func (export "keep") (param i64) (result i64)
        (local $box (ref null $box))
        (local.set $box (struct.new $box (local.get 0)
            (struct.new $box (i64.const 1000) (ref.null $box))))
        (i64.add
            (call $ask (i32.const 2))
            (i64.add (struct.get $box 0 (local.get $box))
                (struct.get $box 0 (struct.get $box 1 (local.get $box))))))
    (func (export "many") (param $n i32)
        (loop $again
            (drop (struct.new $box (i64.const -1) (ref.null $box)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;

#[test]
fn objects_of_suspended_calls_are_not_collected() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ask = Func::wrap(&mut store, |_: i32| MaySuspend::<i64>::Suspend);
    let module = Module::new(&engine, OBJECTS).unwrap();
    let instance = Instance::new(&mut store, &module, &[ask.into()]).unwrap();
    let keep: TypedFunc<i64, i64> = instance.get_typed_func(&mut store, "keep").unwrap();
    let many: TypedFunc<u32, ()> = instance.get_typed_func(&mut store, "many").unwrap();
    let mut calls = Vec::new();
    for n in 0..100 {
        calls.push(suspended(keep.call_resumable(&mut store, n).unwrap()));
        drop(keep.call_resumable(&mut store, n).unwrap());
        many.call(&mut store, 500).unwrap();
    }
    many.call(&mut store, 20_000).unwrap();
    for (n, call) in calls.into_iter().enumerate().rev() {
        let call = call.resume_with(&mut store, &[Val::I64(50_000)]).unwrap();
        assert_eq!(finished(call), 51_000 + n as i64);
    }
}
