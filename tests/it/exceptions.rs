//! Exceptions that involve the embedder: host functions between the code that throws and the code that catches, the results of calls, and
//! the cost of exceptions.

use tickwasm::*;

/// A guest that calls the host, which may call the guest, under a `try_table`.
const RELAY: &str = r#"(module
    (import "host" "f" (func $f (param i32) (result i32)))
    (tag $t (export "t") (param i32 i64))
    (tag $u (export "u"))
    (func (export "throw") (param i32) (result i32)
        (throw $t (local.get 0) (i64.const -7)))
    (func (export "catch") (param i32) (result i32 i64)
        (block $h (result i32 i64)
            (try_table (catch $t $h)
                (drop (call $f (local.get 0)))
                (return (i32.const -1) (i64.const -1)))
            (unreachable)))
    (func (export "catch_all") (param i32) (result i32)
        (block $h
            (try_table (catch_all $h) (return (call $f (local.get 0)))))
        (i32.const 99))
    (func (export "tail") (param i32) (result i32) (return_call $f (local.get 0)))
    (func (export "pass") (param i32) (result i32)
        (i32.add (call $f (local.get 0)) (i32.const 1))))"#;

/// The guest, with a host function.
fn relay(
    host: impl IntoFunc<(), (Caller<'static, ()>, i32), Result<i32>>,
) -> (Store<()>, Instance) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, RELAY).unwrap();
    let host = Func::wrap(&mut store, host);
    let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    (store, instance)
}

/// A host function that calls an export of its caller with its argument, and fails if that does.
fn call_back(name: &'static str) -> impl Fn(Caller<'_, ()>, i32) -> Result<i32> + Copy {
    move |mut caller, n| {
        let func = caller.get_export(name).and_then(Extern::into_func).unwrap();
        func.typed::<i32, i32>(&caller)?.call(&mut caller, n)
    }
}

fn thrown(error: Error) -> ThrownException {
    match error {
        Error::Exception(thrown) => thrown,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_exception_passes_through_a_host_function() {
    let (mut store, instance) = relay(call_back("throw"));
    let catch = instance
        .get_typed_func::<i32, (i32, i64)>(&mut store, "catch")
        .unwrap();
    assert_eq!(catch.call(&mut store, 5).unwrap(), (5, -7));
    let catch_all = instance
        .get_typed_func::<i32, i32>(&mut store, "catch_all")
        .unwrap();
    assert_eq!(catch_all.call(&mut store, 5).unwrap(), 99);
}

#[test]
fn an_uncaught_exception_is_an_error_with_its_tag_payload_and_calls() {
    let (mut store, instance) = relay(call_back("throw"));
    let tag = instance.get_tag(&mut store, "t").unwrap();
    for name in ["throw", "pass", "tail"] {
        let func = instance
            .get_typed_func::<i32, i32>(&mut store, name)
            .unwrap();
        let error = func.call(&mut store, 6).unwrap_err();
        assert!(error.is::<ThrownException>());
        // The call of the function that was replaced by one of the host does not appear.
        let calls = error.backtrace().unwrap().frames().len();
        assert_eq!(calls, usize::from(name != "tail"), "{name}");
        let thrown = thrown(error);
        assert_eq!(thrown.tag(), tag);
        assert_eq!(thrown.payload().len(), 2);
        assert_eq!(thrown.payload()[0].i32(), Some(6));
        assert_eq!(thrown.payload()[1].i64(), Some(-7));
        assert_eq!(
            thrown.to_string().lines().next(),
            Some("uncaught exception")
        );
    }
}

#[test]
fn a_host_function_can_throw_and_catch() {
    let (mut store, instance) = relay(|mut caller: Caller<'_, ()>, n: i32| -> Result<i32> {
        let tag = caller.get_export("t").and_then(Extern::into_tag).unwrap();
        let throws = caller
            .get_export("throw")
            .and_then(Extern::into_func)
            .unwrap();
        let error = throws
            .typed::<i32, i32>(&caller)?
            .call(&mut caller, n)
            .unwrap_err();
        assert_eq!(thrown(error).tag(), tag);
        let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
        let pre = ExnRefPre::new(&mut caller, ty);
        let exn = ExnRef::new(&mut caller, &pre, &tag, &[Val::I32(n + 1), Val::I64(2)])?;
        caller.as_context_mut().throw(exn)
    });
    let catch = instance
        .get_typed_func::<i32, (i32, i64)>(&mut store, "catch")
        .unwrap();
    assert_eq!(catch.call(&mut store, 5).unwrap(), (6, 2));
}

#[test]
fn a_host_function_can_pass_an_exception_on_in_an_error_of_its_own() {
    let (mut store, instance) = relay(|caller: Caller<'_, ()>, n: i32| -> Result<i32> {
        let error = call_back("throw")(caller, n).unwrap_err();
        Err(Error::new(thrown(error)))
    });
    let catch = instance
        .get_typed_func::<i32, (i32, i64)>(&mut store, "catch")
        .unwrap();
    assert_eq!(catch.call(&mut store, 5).unwrap(), (5, -7));
}

#[test]
fn an_exception_of_another_store_is_no_exception_here() {
    let (mut other, stranger) = relay(|_: Caller<'_, ()>, _: i32| Ok(0));
    let throws = stranger
        .get_typed_func::<i32, i32>(&mut other, "throw")
        .unwrap();
    let strange = thrown(throws.call(&mut other, 1).unwrap_err());
    let (mut store, instance) =
        relay(move |_: Caller<'_, ()>, _: i32| -> Result<i32> { Err(strange.clone().into()) });
    let catch_all = instance
        .get_typed_func::<i32, i32>(&mut store, "catch_all")
        .unwrap();
    assert!(catch_all.call(&mut store, 5).is_err());
}

#[test]
fn traps_exhausted_fuel_stack_overflow_and_host_errors_are_not_caught() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "fail" (func $fail))
            (func $deep (call $deep))
            (func $long (loop $l (br $l)))
            (func $trap (unreachable))
            (table funcref (elem $trap $deep $long $fail))
            (func (export "run") (param i32)
                (block $h
                    (try_table (catch_all $h)
                        (call_indirect (local.get 0)))))) "#,
    )
    .unwrap();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("host", "fail", || -> Result<()> { Err(Error::msg("no")) })
        .unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(100).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<i32, ()>(&mut store, "run")
        .unwrap();
    let mut error = |n| {
        store.set_fuel(100_000).unwrap();
        run.call(&mut store, n).unwrap_err()
    };
    let code = |error: &Error| error.downcast_ref::<Trap>().copied();
    assert_eq!(code(&error(0)), Some(Trap::UnreachableCodeReached));
    assert_eq!(code(&error(1)), Some(Trap::StackOverflow));
    assert!(matches!(error(2), Error::FuelExhausted { .. }));
    assert!(matches!(error(3), Error::Host(_)));
}

#[test]
fn exceptions_thrown_in_a_loop_are_reclaimed() {
    // Each takes more than 7 KiB. The values go round and round: from the stack into an exception and back.
    let (types, values, drops) = (
        "i64 ".repeat(900),
        "(i64.const 1)".repeat(900),
        "(drop)".repeat(900),
    );
    let wat = format!(
        r#"(module
            (tag $t (param {types} exnref))
            (global $last (export "last") (mut exnref) (ref.null exn))
            (func (export "run") (param $n i32) (param $keep i32)
                {values}
                (loop $again (param {types}) (result {types})
                    (block $h (param {types}) (result {types} exnref exnref)
                        (try_table (param {types}) (catch_ref $t $h)
                            (throw $t
                                (if (result exnref) (local.get $keep)
                                    (then (global.get $last))
                                    (else (ref.null exn)))))
                        (unreachable))
                    (global.set $last)
                    (drop)
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                {drops}))"#
    );
    let (mut store, instance) = super::instance(&wat);
    let run = instance
        .get_typed_func::<(i32, i32), ()>(&mut store, "run")
        .unwrap();
    // All of them together would take more.
    store.set_max_total_bytes(64 << 20);
    run.call(&mut store, (12_000, 0)).unwrap();
    // A list of them is kept, up to the limit.
    let error = run.call(&mut store, (12_000, 1)).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::HeapExhausted));
    assert!(store.refused_growth().is_some());
    // The list is freed when its head is.
    let last = instance.get_global(&mut store, "last").unwrap();
    last.set(&mut store, Val::null_exn_ref()).unwrap();
    run.call(&mut store, (12_000, 0)).unwrap();
}

#[test]
fn references_to_exceptions_come_and_go() {
    let (mut store, instance) = super::instance(
        r#"(module
            (tag $t (export "t") (param f64))
            (table (export "table") 1 exnref)
            (func (export "make") (param f64) (result exnref)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) (throw $t (local.get 0)))
                    (unreachable)))
            (func (export "throw") (param exnref) (throw_ref (local.get 0))))"#,
    );
    let make = instance.get_func(&mut store, "make").unwrap();
    let mut results = [Val::I32(0)];
    make.call(&mut store, &[Val::from(1.5)], &mut results)
        .unwrap();
    let exn = results[0].unwrap_exn_ref().unwrap();
    assert_eq!(
        Some(exn.tag(&store).unwrap()),
        instance.get_tag(&mut store, "t")
    );
    assert_eq!(exn.field(&store, 0).unwrap().f64(), Some(1.5));
    assert!(exn.field(&store, 1).is_err());
    assert_eq!(exn.ty(&store).unwrap().fields().len(), 1);

    let table = instance.get_table(&mut store, "table").unwrap();
    table.set(&mut store, 0, exn.clone().into()).unwrap();
    let back = table.get(&mut store, 0).unwrap();
    assert_eq!(back.as_exn(), Some(Some(&exn)));

    let throw = instance.get_func(&mut store, "throw").unwrap();
    let error = throw
        .call(&mut store, &[exn.clone().into()], &mut [])
        .unwrap_err();
    let thrown = thrown(error);
    assert_eq!(thrown.payload()[0].f64(), Some(1.5));
    let again = thrown.to_exn_ref(&mut store).unwrap();
    assert_eq!(again.field(&store, 0).unwrap().f64(), Some(1.5));
    let error = throw
        .call(&mut store, &[Val::null_exn_ref()], &mut [])
        .unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::NullReference));

    let (mut other, _) = super::instance("(module)");
    assert!(exn.tag(&other).is_err());
    assert!(
        other
            .throw::<()>(exn)
            .is_err_and(|error| matches!(error, Error::Misuse(_)))
    );
}

#[test]
fn exceptions_of_the_wrong_shape_are_refused() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = TagType::new(FuncType::new(&engine, [ValType::I32], []));
    let tag = Tag::new(&mut store, ty.clone()).unwrap();
    let pre = ExnRefPre::new(&mut store, ExnType::from_tag_type(&ty).unwrap());
    let other = ExnType::new(&engine, [ValType::I64]).unwrap();
    let other = ExnRefPre::new(&mut store, other);
    for (pre, values) in [
        (&pre, &[][..]),
        (&pre, &[Val::I64(1)]),
        (&pre, &[Val::I32(1), Val::I32(1)]),
        (&other, &[Val::I32(1)]),
        (&other, &[Val::I64(1)]),
    ] {
        let made = ExnRef::new(&mut store, pre, &tag, values);
        assert!(matches!(made, Err(Error::Misuse(_))), "{values:?}");
    }
    assert!(ExnRef::new(&mut store, &pre, &tag, &[Val::I32(1)]).is_ok());
}

#[test]
fn the_instance_is_that_of_the_handler_again() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let thrower = r#"(module
        (tag $t (export "t") (param i32))
        (memory 1) (data (i32.const 0) "a") (global $g (mut i32) (i32.const 1))
        (func (export "throw") (param i32)
            (throw $t (i32.add (i32.load8_u (i32.const 0)) (local.get 0)))))"#;
    let relay = r#"(module
        (import "a" "throw" (func $throw (param i32)))
        (memory 1) (data (i32.const 0) "b")
        (func (export "throw") (param i32) (call $throw (local.get 0)))
        (func (export "tail") (param i32) (return_call $throw (local.get 0))))"#;
    let catcher = r#"(module
        (import "a" "t" (tag $t (param i32)))
        (import "b" "throw" (func $throw (param i32)))
        (import "b" "tail" (func $tail (param i32)))
        (memory 1) (data (i32.const 0) "c")
        (func (export "run") (param $n i32) (param $tail i32) (result i32 i32 i32)
            (block $h (result i32)
                (try_table (catch $t $h)
                    (if (local.get $tail)
                        (then (call $tail (local.get $n)))
                        (else (call $throw (local.get $n)))))
                (unreachable))
            (i32.load8_u (i32.const 0))
            (local.get $n)))"#;
    for (name, wat) in [("a", thrower), ("b", relay), ("c", catcher)] {
        let module = Module::new(&engine, wat).unwrap();
        linker.module(&mut store, name, &module).unwrap();
    }
    let run = linker
        .get(&mut store, "c", "run")
        .and_then(Extern::into_func)
        .unwrap();
    let run = run.typed::<(i32, i32), (i32, i32, i32)>(&store).unwrap();
    let (a, c) = (i32::from(b'a'), i32::from(b'c'));
    for tail in [0, 1] {
        assert_eq!(run.call(&mut store, (5, tail)).unwrap(), (a + 5, c, 5));
    }
}

/// Returns the cost of a call, which is the same with enough fuel and in slices.
fn cost(wat: &str, name: &str, arg: i32) -> u64 {
    let mut config = Config::new();
    config.consume_fuel(true).wasm_legacy_exceptions(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat).unwrap();
    let enough = 1_000_000;
    let run = |fuel| {
        let mut store = Store::new(&engine, ());
        store.set_fuel(100).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let func = instance
            .get_typed_func::<i32, i32>(&mut store, name)
            .unwrap();
        store.set_fuel(fuel).unwrap();
        let result = func.call(&mut store, arg);
        let left = store.get_fuel().unwrap();
        (result, left)
    };
    let (result, left) = run(enough);
    let expected = result.unwrap();
    let cost = enough - left;
    let (result, left) = run(cost);
    assert_eq!((result.unwrap(), left), (expected, 0));
    let (result, _) = run(cost - 1);
    assert!(matches!(result, Err(Error::FuelExhausted { .. })));
    cost
}

#[test]
fn a_throw_costs_one_and_one_for_eight_clauses() {
    // The handlers return `local.get`, 1; before the throw come `local.get` and `br_if`, 2.
    let clauses = |count: usize| {
        format!(
            r#"(module (tag $t) (tag $u)
                (func (export "run") (param i32) (result i32)
                    (block $h (block $v (try_table {} (catch $u $h)
                        (br_if 0 (local.get 0)) (throw $u))))
                    (local.get 0)))"#,
            "(catch $t $v)".repeat(count)
        )
    };
    for (count, more) in [(0, 0), (6, 0), (7, 1), (14, 1), (15, 2), (999, 125)] {
        let wat = clauses(count);
        assert_eq!(cost(&wat, "run", 0), 4 + more, "{count}");
        assert_eq!(cost(&wat, "run", 1), 3);
    }
}

#[test]
fn what_follows_a_handler_is_charged_when_control_arrives_there() {
    let wat = r#"(module (tag $t (param i32))
        (func $throw (param i32) (result i32) (throw $t (local.get 0)))
        (func (export "loop") (param $n i32) (result i32) (local $x i32)
            (i32.const 0)
            (loop $again (param i32) (result i32)
                (local.set $x (i32.add (local.get $x)))
                (if (i32.eqz (local.get $n)) (then (return (local.get $x))))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (try_table (result i32) (catch $t $again)
                    (call $throw (i32.const 3)))))
        (func (export "return") (param i32) (result i32)
            (try_table (result i32) (catch $t 0) (call $throw (local.get 0)))))"#;
    // A round: 3 for the sum, 3 for the test, 4 for the counter, 2 for the call, 2 for the throw. The last one: 3, 3, 2 to return.
    let last = 1 + 3 + 3 + 2;
    assert_eq!(cost(wat, "loop", 0), last);
    assert_eq!(cost(wat, "loop", 10), 10 * (3 + 3 + 4 + 2 + 2) + last);
    assert_eq!(cost(wat, "return", 7), 4);
}

#[test]
fn handlers_of_the_older_kind_cost_what_their_instructions_do() {
    let wat = r#"(module (tag $t (param i32))
        (func (export "run") (param $n i32) (result i32)
            loop $again
                try
                    (throw $t (local.get $n))
                catch $t
                    (local.set $n (i32.sub (i32.const 1)))
                    try
                        rethrow 1
                    delegate 0
                catch_all
                    (br_if $again (local.get $n))
                end
            end
            (local.get $n))
        (func (export "again") (param $n i32) (result i32)
            loop $again
                try
                    try
                        (throw $t (local.get $n))
                    catch $t
                        (local.set $n (i32.sub (i32.const 1)))
                        rethrow 0
                    end
                catch_all
                    (br_if $again (local.get $n))
                end
            end
            (local.get $n)))"#;
    // Thrown again out of the handler of its own `try`: 2 for the throw, 3 for the local, 1 for the second throw.
    let mut config = Config::new();
    config.wasm_legacy_exceptions(true);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, wat).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .unwrap();
    assert_eq!(
        thrown(run.call(&mut store, 3).unwrap_err()).payload()[0].i32(),
        Some(3)
    );
    // In a round another 2 for the branch.
    assert_eq!(cost(wat, "again", 1), 2 + 3 + 1 + 2 + 1);
    assert_eq!(cost(wat, "again", 20), 20 * (2 + 3 + 1 + 2) + 1);
}

#[test]
fn older_exceptions_are_off_unless_they_are_switched_on() {
    let error = Module::new(&Engine::default(), "(module (func try catch_all end))").unwrap_err();
    assert!(
        error.to_string().contains("Config::wasm_legacy_exceptions"),
        "{error}"
    );
}

#[test]
fn an_async_host_function_can_throw() {
    let mut config = Config::new();
    config.consume_fuel(true);
    for engine in [Engine::default(), Engine::new(&config).unwrap()] {
        let mut store = Store::new(&engine, ());
        let _ = store.set_fuel(1_000);
        let module = Module::new(&engine, RELAY).unwrap();
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap_async("host", "f", |mut caller: Caller<'_, ()>, (n,): (i32,)| {
                Box::new(async move {
                    let throws = caller
                        .get_export("throw")
                        .and_then(Extern::into_func)
                        .unwrap();
                    let throws = throws.typed::<i32, i32>(&caller)?;
                    if n == 0 {
                        return Err(Error::msg("no"));
                    }
                    throws.call_async(&mut caller, n).await
                })
            })
            .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
            let catch = instance
                .get_typed_func::<i32, (i32, i64)>(&mut store, "catch")
                .unwrap();
            let catch_all = instance
                .get_typed_func::<i32, i32>(&mut store, "catch_all")
                .unwrap();
            let pass = instance
                .get_typed_func::<i32, i32>(&mut store, "pass")
                .unwrap();
            for _ in 0..2 {
                assert_eq!(catch.call_async(&mut store, 5).await.unwrap(), (5, -7));
                assert_eq!(catch_all.call_async(&mut store, 5).await.unwrap(), 99);
                let error = pass.call_async(&mut store, 6).await.unwrap_err();
                assert_eq!(error.backtrace().unwrap().frames().len(), 1);
                assert_eq!(thrown(error).payload()[0].i32(), Some(6));
                let error = catch_all.call_async(&mut store, 0).await.unwrap_err();
                assert_eq!(error.to_string(), "no");
            }
        });
    }
}

#[test]
fn locals_and_operands_are_right_in_a_handler_wherever_they_were_kept() {
    // Locals of all kinds are used in a loop, so that each kind has one in a register; each round throws, or does not.
    let wat = r#"(module
        (tag $t (param i32 v128 f64 f32 i64))
        (func $maybe (param $n i32) (param $v v128)
            (if (i32.and (local.get $n) (i32.const 1))
                (then (throw $t (local.get $n) (local.get $v)
                    (f64.convert_i32_s (local.get $n)) (f32.convert_i32_s (local.get $n))
                    (i64.extend_i32_s (local.get $n))))))
        (func (export "run") (param $n i32) (result i64)
            (local $i i64) (local $x f32) (local $y f64) (local $v v128)
            (loop $again
                (local.set $i (i64.add (local.get $i) (i64.const 1)))
                (local.set $x (f32.add (local.get $x) (f32.const 1)))
                (local.set $y (f64.add (local.get $y) (f64.const 1)))
                (local.set $v (i64x2.add (local.get $v) (v128.const i64x2 1 2)))
                (i64.add (local.get $i) (i64.const 1000000))
                (i32.const 7)
                (block $h (result i32 v128 f64 f32 i64)
                    (try_table (catch $t $h)
                        (call $maybe (local.get $n) (local.get $v)))
                    (local.get $n) (local.get $v)
                    (f64.convert_i32_s (local.get $n)) (f32.convert_i32_s (local.get $n))
                    (i64.extend_i32_s (local.get $n)))
                (local.set $i (i64.add (local.get $i)))
                (local.set $x (f32.add (local.get $x)))
                (local.set $y (f64.add (local.get $y)))
                (local.set $v (i64x2.add (local.get $v)))
                (local.set $i (i64.add (i64.extend_i32_s) (local.get $i)))
                (local.set $i (i64.add (i64.extend_i32_s) (local.get $i)))
                (local.set $i (i64.add (local.get $i)))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (i64.add (i64.add (local.get $i) (i64.trunc_f32_s (local.get $x)))
                (i64.add (i64.trunc_f64_s (local.get $y))
                    (i64.add (i64x2.extract_lane 0 (local.get $v))
                        (i64x2.extract_lane 1 (local.get $v)))))))"#;
    let (mut store, instance) = super::instance(wat);
    let run = instance
        .get_typed_func::<i32, i64>(&mut store, "run")
        .unwrap();
    for n in [1, 2, 5, 20] {
        let (mut i, mut x, mut y, mut v) = (0i64, 0i64, 0i64, [0i64; 2]);
        for n in (1..=i64::from(n)).rev() {
            i += 1;
            let below = i + 1_000_000;
            (x, y) = (x + 1 + n, y + 1 + n);
            v = [(v[0] + 1) * 2, (v[1] + 2) * 2];
            i += n + n + 7;
            i += below;
        }
        let expected = i + x + y + v[0] + v[1];
        assert_eq!(run.call(&mut store, n).unwrap(), expected, "{n}");
    }
    let narrow = wat
        .replacen(
            "(func (export \"run\") (param $n i32) (result i64)",
            "(func $run (param $n i32) (result i64)",
            1,
        )
        .strip_suffix(')')
        .unwrap()
        .to_owned();
    let narrow = format!(
        r#"{narrow}
        (func (export "run") (param i32) (result i32) (i32.wrap_i64 (call $run (local.get 0)))))"#
    );
    assert!(cost(&narrow, "run", 9) > 9 * 50);
}

#[test]
fn references_to_exceptions_pass_through_typed_functions() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "keep" (func $keep (param exnref) (result (ref exn))))
            (tag $t (param i32))
            (func (export "run") (param i32) (result exnref)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) (throw $t (local.get 0)))
                    (unreachable))
                (call $keep)))"#,
    )
    .unwrap();
    let keep = Func::wrap(&mut store, |exn: Option<ExnRef>| {
        exn.ok_or(Trap::NullReference)
    });
    let instance = Instance::new(&mut store, &module, &[keep.into()]).unwrap();
    let run = instance
        .get_typed_func::<i32, Option<ExnRef>>(&mut store, "run")
        .unwrap();
    let exn = run.call(&mut store, 8).unwrap().unwrap();
    assert_eq!(exn.field(&mut store, 0).unwrap().i32(), Some(8));
}
