//! Traps have explanations: code, instruction, address, backtrace.

use tickwasm::*;

/// Returns the traps of a call of a function `f` with this body, lowered without fuel and with it.
fn traps(fields: &str, args: &[Val]) -> [TrapError; 2] {
    [false, true].map(|fuel| {
        let engine = Engine::new(Config::new().consume_fuel(fuel)).unwrap();
        let module = Module::new(&engine, format!("(module {fields})")).unwrap();
        let mut store = Store::new(&engine, ());
        if fuel {
            store.set_fuel(1_000_000).unwrap();
        }
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let f = instance.get_func(&mut store, "f").unwrap();
        match f.call(&mut store, args, &mut []) {
            Err(Error::Trap(trap)) => trap,
            other => panic!("{fields}: {other:?}"),
        }
    })
}

/// Checks an access beyond memory 0, of one page, or memory 1, which is empty: the instruction and the place of the access.
#[track_caller]
fn goes_beyond(body: &str, args: &[i32], instruction: &str, expected: (u32, u64, u64, u64)) {
    let params = "i32 ".repeat(args.len());
    let fields = format!(
        r#"(memory 1) (memory 0) (data $d "0123456789")
        (func (export "f") (param {params}) (local $n i32) {body})"#
    );
    let args: Vec<_> = args.iter().map(|&arg| Val::I32(arg)).collect();
    for trap in traps(&fields, &args) {
        assert_eq!(trap.code(), Trap::MemoryOutOfBounds, "{body}");
        assert_eq!(trap.instruction().as_deref(), Some(instruction), "{body}");
        let fault = trap.memory_fault().unwrap();
        let found = (fault.memory, fault.address, fault.offset, fault.size);
        assert_eq!(found, expected, "{body}");
        let (len, at) = ([65536, 0][expected.0 as usize], expected.1 + expected.2);
        assert_eq!(
            trap.to_string().lines().next().unwrap(),
            format!(
                "wasm trap: out of bounds memory access: {} bytes at {at} of a memory of {len} bytes",
                expected.3
            )
        );
    }
}

#[test]
fn a_load_beyond_memory_names_its_address_however_it_was_computed() {
    let load = "i32.load";
    for (address, args, at) in [
        ("(local.get 0)", &[65533][..], 65533),
        ("(i32.const -1)", &[], u32::MAX.into()),
        ("(i32.add (local.get 0) (local.get 1))", &[65530, 4], 65534),
        (
            "(i32.add (local.get 0) (i32.const -1))",
            &[0],
            u32::MAX.into(),
        ),
        (
            "(i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2)))",
            &[1, 16384],
            65537,
        ),
        (
            "(i32.mul (local.get 0) (local.get 1))",
            &[1000, 1000],
            1_000_000,
        ),
        (
            "(i32.add (i32.mul (local.get 0) (local.get 0)) (i32.shl (local.get 0) (i32.const 2)))",
            &[1000],
            1_004_000,
        ),
    ] {
        goes_beyond(
            &format!("(drop (i32.load {address}))"),
            args,
            load,
            (0, at, 0, 4),
        );
        goes_beyond(
            &format!("(drop (i32.load offset=7 {address}))"),
            args,
            "i32.load offset=7",
            (0, at, 7, 4),
        );
    }
}

#[test]
fn a_load_in_a_loop_names_the_address_in_a_register() {
    // The counter lives in a register by then.
    goes_beyond(
        "(loop (drop (i64.load8_u (local.get $n)))
            (local.set $n (i32.add (local.get $n) (i32.const 1000))) (br 0))",
        &[],
        "i64.load8_u",
        (0, 66000, 0, 1),
    );
    goes_beyond(
        "(loop (i64.store16 offset=10 (local.get $n) (i64.const 1))
            (local.set $n (i32.add (local.get $n) (i32.const 1000))) (br 0))",
        &[],
        "i64.store16 offset=10",
        (0, 66000, 10, 2),
    );
}

#[test]
fn stores_other_memories_and_bulk_operations_name_theirs() {
    let at = [65536];
    goes_beyond(
        "(f64.store (local.get 0) (f64.const 1))",
        &at,
        "f64.store",
        (0, 65536, 0, 8),
    );
    goes_beyond(
        "(drop (i32.load 1 (local.get 0)))",
        &at,
        "i32.load 1",
        (1, 65536, 0, 4),
    );
    goes_beyond(
        "(i32.store8 1 offset=2 (i32.const 3) (local.get 0))",
        &at,
        "i32.store8 1 offset=2",
        (1, 3, 2, 1),
    );
    goes_beyond(
        "(memory.fill (i32.const 5) (i32.const 6) (local.get 0))",
        &at,
        "memory.fill 0",
        (0, 5, 0, 65536),
    );
    goes_beyond(
        "(memory.copy (i32.const 5) (i32.const 6) (local.get 0))",
        &at,
        "memory.copy 0 0",
        (0, 5, 0, 65536),
    );
    goes_beyond(
        "(memory.copy (i32.const 5) (local.get 0) (i32.const 6))",
        &at,
        "memory.copy 0 0",
        (0, 65536, 0, 6),
    );
    goes_beyond(
        "(memory.copy 0 1 (i32.const 5) (local.get 0) (i32.const 6))",
        &at,
        "memory.copy 0 1",
        (1, 65536, 0, 6),
    );
    goes_beyond(
        "(memory.init $d (local.get 0) (i32.const 1) (i32.const 6))",
        &at,
        "memory.init 0 0",
        (0, 65536, 0, 6),
    );
}

#[test]
fn beyond_a_segment_no_memory_is_named() {
    let fields = r#"(memory 1) (data $d "01") (func (export "f")
        (memory.init $d (i32.const 1) (i32.const 1) (i32.const 2)))"#;
    for trap in traps(fields, &[]) {
        assert_eq!(trap.code(), Trap::MemoryOutOfBounds);
        assert!(trap.memory_fault().is_none());
        assert_eq!(trap.instruction().as_deref(), Some("memory.init 0 0"));
    }
}

#[test]
fn every_trap_names_its_instruction() {
    for (body, code, instruction) in [
        ("unreachable", Trap::UnreachableCodeReached, "unreachable"),
        (
            "(drop (i32.div_s (i32.const 1) (local.get 0)))",
            Trap::IntegerDivisionByZero,
            "i32.div_s",
        ),
        (
            "(local.set 0 (i32.add (i32.const 1) (i32.rem_u (local.get 0) (local.get 0))))",
            Trap::IntegerDivisionByZero,
            "i32.rem_u",
        ),
        (
            "(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))",
            Trap::IntegerOverflow,
            "i64.div_s",
        ),
        (
            "(drop (i32.trunc_f32_u (f32.const 1e20)))",
            Trap::IntegerOverflow,
            "i32.trunc_f32_u",
        ),
        (
            "(drop (i64.trunc_f64_s (f64.const nan)))",
            Trap::BadConversionToInteger,
            "i64.trunc_f64_s",
        ),
        (
            "(call_indirect (i32.const 4))",
            Trap::UndefinedElement,
            "call_indirect 0 (type 0)",
        ),
        (
            "(call_indirect (local.get 0))",
            Trap::IndirectCallToNull,
            "call_indirect 0 (type 0)",
        ),
        (
            "(call_indirect (i32.const 1))",
            Trap::BadSignature,
            "call_indirect 0 (type 0)",
        ),
        (
            "(drop (table.get 0 (i32.const 9)))",
            Trap::TableOutOfBounds,
            "table.get 0",
        ),
    ] {
        let fields = format!(
            r#"(type (func)) (table 4 funcref) (elem (i32.const 1) $f)
            (func $f (export "f") (param i32) {body})"#
        );
        for trap in traps(&fields, &[Val::I32(0)]) {
            assert_eq!(trap.code(), code, "{body}");
            let found = trap.instruction().unwrap_or_default();
            assert_eq!(found, instruction, "{body}");
            let (frame, text) = (&trap.backtrace().frames()[0], trap.to_string());
            assert_eq!((frame.func_index(), frame.func_name()), (0, Some("f")));
            let begin = format!("wasm trap: {code}\nwasm instruction: {found}\nwasm backtrace:\n");
            assert!(text.starts_with(&begin), "{text}");
        }
    }
}

#[test]
fn spent_fuel_tells_where() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let module = Module::new(
        &engine,
        r#"(module $m (func $spin (loop (br 0))) (func $go (export "run") (call $spin)))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    store.set_fuel(1000).unwrap();
    let error = run.call(&mut store, ()).unwrap_err();
    assert!(matches!(error, Error::FuelExhausted { .. }));
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
    let frames = error.backtrace().unwrap().frames();
    let names: Vec<_> = frames.iter().map(FrameInfo::func_name).collect();
    assert_eq!(names, [Some("spin"), Some("go")]);
    let text = error.to_string();
    assert!(
        text.starts_with("all fuel consumed by WebAssembly\nwasm backtrace:"),
        "{text}"
    );
    assert!(text.contains("m!spin (function 0)"), "{text}");
}

#[test]
fn calls_in_a_backtrace_tell_their_instruction() {
    let fields = r#"(func $g unreachable) (func (export "f") (drop (i32.const 1)) (call $g))"#;
    for trap in traps(fields, &[]) {
        let frames = trap.backtrace().frames();
        let instructions: Vec<_> = frames.iter().map(FrameInfo::instruction).collect();
        assert_eq!(
            instructions,
            [Some("unreachable".into()), Some("call 0".into())]
        );
    }
}
