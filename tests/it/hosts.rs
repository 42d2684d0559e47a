//! Host functions of all shapes, and their abilities while the guest waits.

use tickwasm::*;

/// A module that passes its arguments on to an imported function of the same type, and returns its results.
fn relay(ty: &FuncType) -> String {
    let list = |word: &str, types: Vec<ValType>| match types.is_empty() {
        true => String::new(),
        false => {
            let names: Vec<String> = types.iter().map(ToString::to_string).collect();
            format!("({word} {})", names.join(" "))
        }
    };
    let params = list("param", ty.params().collect());
    let results = list("result", ty.results().collect());
    let gets: String = (0..ty.params().len())
        .map(|at| format!("local.get {at} "))
        .collect();
    format!(
        r#"(module (import "host" "f" (func $f {params} {results})) (func (export "f") {params} {results} {gets} call $f))"#
    )
}

/// Calls a host function directly, and through a guest.
fn check<P, R, A, B>(func: impl IntoFunc<(), A, B> + Copy, args: P, expected: R)
where
    P: WasmParams + Clone,
    R: WasmResults + PartialEq + std::fmt::Debug,
{
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let host = Func::wrap(&mut store, func);
    let direct = host.typed::<P, R>(&store).unwrap();
    assert_eq!(direct.call(&mut store, args.clone()).unwrap(), expected);

    let module = Module::new(&engine, relay(&host.ty(&store))).unwrap();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "f", func).unwrap();
    for _ in 0..2 {
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let guest = instance.get_typed_func::<P, R>(&mut store, "f").unwrap();
        assert_eq!(guest.call(&mut store, args.clone()).unwrap(), expected);
    }
}

#[test]
fn nothing_in_nothing_out() {
    check(|| {}, (), ());
    check(|_: Caller<'_, ()>| {}, (), ());
    check(|| -> Result<()> { Ok(()) }, (), ());
}

#[test]
fn each_type_alone_keeps_its_bits() {
    check(|x: i32| x, i32::MIN, i32::MIN);
    check(|x: u32| x, u32::MAX, u32::MAX);
    check(|x: i64| x, i64::MIN, i64::MIN);
    check(|x: u64| x, u64::MAX, u64::MAX);
    check(|x: f32| x, -0.5f32, -0.5f32);
    check(|x: f64| x, f64::MIN_POSITIVE, f64::MIN_POSITIVE);
}

#[test]
fn the_bits_of_nans_survive() {
    check(
        |x: f32| x.to_bits(),
        f32::from_bits(0xffa0_0001),
        0xffa0_0001u32,
    );
    check(
        |x: f64| x.to_bits(),
        f64::from_bits(0x7ff4_0000_0000_0001),
        0x7ff4_0000_0000_0001u64,
    );
    check(
        |bits: u32| f32::from_bits(bits).to_bits(),
        0x7fa0_0001u32,
        0x7fa0_0001u32,
    );
}

#[test]
fn a_single_result_and_a_tuple_of_one_are_the_same() {
    check(|x: i32| (x + 1,), 1, 2);
    check(|x: i32| x + 1, (1,), (2,));
}

#[test]
fn mixed_parameters_keep_their_order() {
    check(
        |a: i32, b: i64, c: f32, d: f64| (d, c, b, a),
        (1, 2i64, 3f32, 4f64),
        (4f64, 3f32, 2i64, 1),
    );
}

#[test]
fn sixteen_in_and_sixteen_out() {
    type Sixteen<A, B, C, D> = (A, B, C, D, A, B, C, D, A, B, C, D, A, B, C, D);
    type Reversed = TypedFunc<Sixteen<i32, u64, f32, f64>, Sixteen<f64, f32, u64, i32>>;
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    #[rustfmt::skip]
    linker.func_wrap("host", "f", |a: i32, b: u64, c: f32, d: f64, e: i32, f: u64, g: f32, h: f64, i: i32, j: u64, k: f32, l: f64, m: i32, n: u64, o: f32, p: f64| {
        (p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a)
    }).unwrap();
    let mut store = Store::new(&engine, ());
    let host = linker
        .get(&mut store, "host", "f")
        .and_then(Extern::into_func)
        .unwrap();
    let module = Module::new(&engine, relay(&host.ty(&store))).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let guest: Reversed = instance.get_typed_func(&mut store, "f").unwrap();
    #[rustfmt::skip]
    let (p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a) = guest
        .call(&mut store, (0, 1, 2., 3., 4, 5, 6., 7., 8, 9, 10., 11., 12, 13, 14., 15.))
        .unwrap();
    assert_eq!((a, b, c, d, e, f, g, h), (0, 1, 2., 3., 4, 5, 6., 7.));
    assert_eq!((i, j, k, l, m, n, o, p), (8, 9, 10., 11., 12, 13, 14., 15.));
}

#[test]
fn more_results_than_parameters_and_the_reverse() {
    check(|a: i32| (a, a + 1, a + 2, a + 3), 1, (1, 2, 3, 4));
    check(
        |a: i32, b: i32, c: i32, d: i32| a + b + c + d,
        (1, 2, 3, 4),
        10,
    );
}

#[test]
fn results_may_fail_with_any_error_type() {
    check(|a: i32| -> Result<i32> { Ok(a) }, 1, 1);
    check(
        |a: i32| -> Result<(i32, i64), std::io::Error> { Ok((a, 2)) },
        1,
        (1, 2i64),
    );
    check(
        |a: i32| -> Result<i32, Box<dyn std::error::Error + Send + Sync>> { Ok(a) },
        1,
        1,
    );
}

#[test]
fn a_caller_reaches_data_and_exports() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap(
            "host",
            "sum",
            |mut caller: Caller<'_, u64>, at: u32, len: u32| -> Result<u32> {
                let memory = caller
                    .get_export("memory")
                    .and_then(Extern::into_memory)
                    .unwrap();
                assert!(caller.get_export("nothing").is_none());
                let (bytes, calls) = memory.data_and_store_mut(&mut caller);
                *calls += 1;
                let bytes = bytes
                    .get(at as usize..)
                    .and_then(|bytes| bytes.get(..len as usize));
                let bytes = bytes.ok_or_else(|| Error::msg("beyond the end"))?;
                Ok(bytes.iter().map(|byte| u32::from(*byte)).sum())
            },
        )
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "sum" (func $sum (param i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 100) "\01\02\03\04")
            (func (export "run") (param i32) (result i32) (call $sum (local.get 0) (i32.const 4))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<u32, u32>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call(&mut store, 100).unwrap(), 10);
    assert_eq!(run.call(&mut store, 101).unwrap(), 9);
    let error = run.call(&mut store, 65533).unwrap_err();
    assert_eq!(error.to_string(), "beyond the end");
    assert_eq!(*store.data(), 3);
}

#[test]
fn the_embedder_as_caller_has_no_exports() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| {
        assert!(caller.get_export("memory").is_none());
    });
    func.call(&mut store, &[], &mut []).unwrap();
}

#[test]
fn a_host_function_may_grow_the_memory_under_its_caller() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("host", "grow", |mut caller: Caller<'_, ()>| -> Result<()> {
            let memory = caller
                .get_export("m")
                .and_then(Extern::into_memory)
                .unwrap();
            memory.grow(&mut caller, 20)?;
            memory.write(&mut caller, 70_000, &[42])?;
            Ok(())
        })
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "grow" (func $grow))
            (memory (export "m") 1)
            (func (export "run") (result i32 i32)
                (i32.store8 (i32.const 0) (i32.const 7))
                (call $grow)
                (i32.load8_u (i32.const 70000))
                (i32.load8_u (i32.const 0))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<(), (i32, i32)>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), (42, 7));
}

#[test]
fn a_host_function_may_call_back_and_add_functions() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap(
            "host",
            "again",
            |mut caller: Caller<'_, Vec<i32>>, n: i32| -> Result<i32> {
                caller.data_mut().push(n);
                if n == 0 {
                    return Ok(0);
                }
                // The list of host functions grows while one of them is being called.
                for _ in 0..n {
                    Func::wrap(&mut caller, || 1);
                }
                let run = caller
                    .get_export("run")
                    .and_then(Extern::into_func)
                    .unwrap();
                let inner = run.typed::<i32, i32>(&caller)?.call(&mut caller, n - 1)?;
                Ok(inner + n)
            },
        )
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "again" (func $again (param i32) (result i32)))
            (func (export "run") (param i32) (result i32) (call $again (local.get 0))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call(&mut store, 12).unwrap(), 12 * 13 / 2);
    assert_eq!(store.data().len(), 13);
}

#[test]
fn endless_recursion_through_the_host_is_a_trap() {
    endless_recursion(|| {});
}

#[test]
fn endless_recursion_through_greedy_host_functions_is_a_trap_on_a_small_thread() {
    let thread = std::thread::Builder::new().stack_size(512 << 10);
    let run = || {
        endless_recursion(|| {
            std::hint::black_box([1u8; 20_000]);
        });
    };
    thread.spawn(run).unwrap().join().unwrap();
}

fn endless_recursion(work: impl Fn() + Send + Sync + 'static) {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap(
            "host",
            "again",
            move |mut caller: Caller<'_, ()>| -> Result<()> {
                work();
                let run = caller
                    .get_export("run")
                    .and_then(Extern::into_func)
                    .unwrap();
                run.call(&mut caller, &[], &mut [])
            },
        )
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module (import "host" "again" (func $again)) (func (export "run") (call $again)))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    for _ in 0..2 {
        let error = run.call(&mut store, ()).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
    }
}

#[test]
fn untyped_functions_see_values() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new(
        &engine,
        [ValType::I32, ValType::F64, ValType::EXTERNREF],
        [
            ValType::EXTERNREF,
            ValType::F64,
            ValType::I32,
            ValType::FUNCREF,
        ],
    );
    let reverse = Func::new(&mut store, ty.clone(), |_, params, results| {
        assert_eq!(results.len(), 4);
        assert!(results[3].unwrap_func_ref().is_none());
        for (result, param) in results.iter_mut().zip(params.iter().rev()) {
            *result = param.clone();
        }
        Ok(())
    });
    let module = Module::new(&engine, relay(&ty)).unwrap();
    let instance = Instance::new(&mut store, &module, &[reverse.into()]).unwrap();
    let guest = instance.get_func(&mut store, "f").unwrap();
    let thing = ExternRef::new(&mut store, 5u8).unwrap();
    let params = [Val::I32(-1), Val::from(0.5), Val::from(thing.clone())];
    let mut results = [const { Val::I32(0) }; 4];
    guest.call(&mut store, &params, &mut results).unwrap();
    assert_eq!(results[0].unwrap_extern_ref(), Some(thing));
    assert_eq!(results[1].unwrap_f64(), 0.5);
    assert_eq!(results[2].unwrap_i32(), -1);
}

#[test]
fn an_untyped_function_that_yields_another_type_fails() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new(&engine, [], [ValType::I32]);
    let wrong = Func::new(&mut store, ty, |_, _, results| {
        results[0] = Val::I64(1);
        Ok(())
    });
    let error = wrong
        .typed::<(), i32>(&store)
        .unwrap()
        .call(&mut store, ())
        .unwrap_err();
    assert!(
        matches!(error, Error::Misuse(Misuse::Type { .. })),
        "{error}"
    );
}

#[test]
fn a_thousand_parameters_and_results() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let types = vec![ValType::I64; 1000];
    let ty = FuncType::new(&engine, types.clone(), types);
    let reverse = Func::new(&mut store, ty.clone(), |_, params, results| {
        results.clone_from_slice(params);
        results.reverse();
        Ok(())
    });
    let module = Module::new(&engine, relay(&ty)).unwrap();
    let instance = Instance::new(&mut store, &module, &[reverse.into()]).unwrap();
    let guest = instance.get_func(&mut store, "f").unwrap();
    let params: Vec<Val> = (0..1000).map(Val::I64).collect();
    let mut results = vec![Val::I64(0); 1000];
    guest.call(&mut store, &params, &mut results).unwrap();
    let results: Vec<i64> = results.iter().map(Val::unwrap_i64).collect();
    assert_eq!(results, (0..1000).rev().collect::<Vec<_>>());
}

#[test]
fn references_pass_in_all_directions() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("host", "f", |a: Option<Func>, b: Option<ExternRef>| (b, a))
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "f" (func $f (param funcref externref) (result externref funcref)))
            (func (export "f") (param funcref externref) (result externref funcref)
                (call $f (local.get 0) (local.get 1))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    type Swap = TypedFunc<(Option<Func>, Option<ExternRef>), (Option<ExternRef>, Option<Func>)>;
    let swap: Swap = instance.get_typed_func(&mut store, "f").unwrap();
    let func = instance.get_func(&mut store, "f").unwrap();
    let value = ExternRef::new(&mut store, String::from("x")).unwrap();
    assert_eq!(
        swap.call(&mut store, (Some(func), Some(value.clone())))
            .unwrap(),
        (Some(value), Some(func))
    );
    assert_eq!(swap.call(&mut store, (None, None)).unwrap(), (None, None));
}

#[test]
fn a_value_behind_a_reference_can_be_changed() {
    let mut store = Store::new(&Engine::default(), ());
    let value = ExternRef::new(&mut store, 1i32).unwrap();
    let number = value
        .data_mut(&mut store)
        .unwrap()
        .and_then(|any| any.downcast_mut::<i32>());
    *number.unwrap() += 1;
    let number = value
        .data(&store)
        .unwrap()
        .and_then(|any| any.downcast_ref::<i32>());
    assert_eq!(number, Some(&2));
}
