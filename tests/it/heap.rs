//! Structures and arrays: the collector, limits, fuel, and handles of the embedder.

use tickwasm::{
    AnyRef, ArrayRef, ArrayType, Caller, Config, Engine, Error, ExternRef, FieldType, Func, Global,
    GlobalType, HeapType, I31, Instance, Linker, Module, Mutability, Ref, RefType, StorageType,
    Store, StructRef, StructType, Table, TableType, Trap, Val, ValType,
};

/// Lists, rings, trees and arrays.
const LISTS: &str = r#"(module
    (rec (type $node (struct (field $next (mut (ref null $node))) (field $value (mut i64)))))
    (type $nodes (array (mut (ref null $node))))
    (global $kept (export "kept") (mut (ref null $node)) (ref.null $node))
    (table $table (export "table") 4 (ref null $node))
    (func (export "list") (param $n i32) (result (ref null $node))
        (local $list (ref null $node))
        (loop $again
            (if (local.get $n) (then
                (local.set $list (struct.new $node (local.get $list) (i64.extend_i32_u (local.get $n))))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br $again))))
        (local.get $list))
    (func $ring (export "ring") (param $n i32) (result (ref $node))
        (local $first (ref $node)) (local $last (ref $node))
        (local.set $first (struct.new_default $node))
        (local.set $last (local.get $first))
        (loop $again
            (if (local.get $n) (then
                (local.set $last (struct.new $node (local.get $last) (i64.const 1)))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br $again))))
        (struct.set $node $next (local.get $first) (local.get $last))
        (local.get $first))
    (func (export "rings") (param $count i32) (param $n i32)
        (loop $again
            (if (local.get $count) (then
                (drop (call $ring (local.get $n)))
                (local.set $count (i32.sub (local.get $count) (i32.const 1)))
                (br $again)))))
    (func (export "keep") (param (ref null $node)) (global.set $kept (local.get 0)))
    (func (export "sum") (param $list (ref null $node)) (result i64)
        (local $sum i64)
        (block $done
            (loop $again
                (local.set $sum (i64.add
                    (local.get $sum)
                    (struct.get $node $value (br_on_null $done (local.get $list)))))
                (local.set $list (struct.get $node $next (local.get $list)))
                (br $again)))
        (local.get $sum))
    (func (export "fan") (param $n i32) (result (ref $nodes))
        (local $nodes (ref $nodes))
        (local.set $nodes (array.new_default $nodes (local.get $n)))
        (loop $again
            (if (local.get $n) (then
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (array.set $nodes (local.get $nodes) (local.get $n) (struct.new_default $node))
                (br $again))))
        (local.get $nodes))
)"#;

fn lists(config: &Config) -> (Store<()>, Instance) {
    let engine = Engine::new(config).unwrap();
    let module = Module::new(&engine, LISTS).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    (store, instance)
}

fn call(
    store: &mut Store<()>,
    instance: Instance,
    name: &str,
    params: &[Val],
) -> Result<Option<Val>, Error> {
    let func = instance.get_func(&mut *store, name).unwrap();
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(store, params, &mut results)?;
    Ok(results.pop())
}

const MILLION: i32 = 1_000_000;

#[test]
fn a_list_of_a_million_is_made_kept_and_freed() {
    let (mut store, instance) = lists(&Config::new());
    let list = call(&mut store, instance, "list", &[Val::I32(MILLION)])
        .unwrap()
        .unwrap();
    let full = store.heap_bytes();
    assert!(full > 16 * MILLION as u64);
    store.gc();
    assert_eq!(store.heap_bytes(), full);
    let sum = call(&mut store, instance, "sum", core::slice::from_ref(&list))
        .unwrap()
        .unwrap();
    let million = i64::from(MILLION);
    assert_eq!(sum.i64(), Some(million * (million + 1) / 2));
    drop(list);
    store.gc();
    assert_eq!(store.heap_bytes(), 0);
}

#[test]
fn a_ring_of_a_million_is_freed_once_nobody_refers_to_it() {
    let (mut store, instance) = lists(&Config::new());
    let ring = call(&mut store, instance, "ring", &[Val::I32(MILLION)])
        .unwrap()
        .unwrap();
    call(&mut store, instance, "keep", &[ring]).unwrap();
    let full = store.heap_bytes();
    store.gc();
    assert_eq!(store.heap_bytes(), full);
    call(&mut store, instance, "keep", &[Val::AnyRef(None)]).unwrap();
    store.gc();
    assert_eq!(store.heap_bytes(), 0);
}

#[test]
fn rings_are_collected_while_guests_run_within_a_limit_that_holds_a_few() {
    // A ring of a thousand takes some 60 KB; all of them would take 60 MB.
    let (mut store, instance) = lists(Config::new().max_total_bytes(1 << 20));
    call(
        &mut store,
        instance,
        "rings",
        &[Val::I32(1000), Val::I32(1000)],
    )
    .unwrap();
    assert!(store.total_bytes() <= 1 << 20);
}

#[test]
fn what_does_not_fit_into_the_limit_is_a_trap_after_which_there_is_room_again() {
    let limits: [fn(&mut Config) -> &mut Config; 2] = [
        |config| config.max_total_bytes(1 << 20),
        |config| config.max_heap_bytes(1 << 20),
    ];
    for limit in limits {
        let (mut store, instance) = lists(limit(&mut Config::new()));
        for _ in 0..3 {
            let error = call(&mut store, instance, "list", &[Val::I32(MILLION)]).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::HeapExhausted));
            assert!(store.heap_bytes() <= 1 << 20);
            call(&mut store, instance, "list", &[Val::I32(1000)]).unwrap();
        }
    }
    let (mut store, instance) = lists(&Config::new());
    let error = call(&mut store, instance, "fan", &[Val::I32(-1)]).unwrap_err();
    assert_eq!(
        error.downcast_ref::<Trap>(),
        Some(&Trap::AllocationTooLarge)
    );
}

#[test]
fn an_array_of_a_million_objects_is_marked_and_freed() {
    let (mut store, instance) = lists(&Config::new());
    let fan = call(&mut store, instance, "fan", &[Val::I32(MILLION)])
        .unwrap()
        .unwrap();
    let full = store.heap_bytes();
    store.gc();
    assert_eq!(store.heap_bytes(), full);
    let Val::AnyRef(Some(fan)) = fan else {
        panic!("{fan:?}")
    };
    let array = fan.as_array(&store).unwrap().unwrap();
    assert_eq!(array.len(&store).unwrap(), MILLION as u32);
    // One of the objects that were made first.
    let one = array.get(&store, MILLION as u32 - 18).unwrap();
    drop((fan, array));
    store.gc();
    assert!(store.heap_bytes() < full / 100);
    assert!(matches!(one, Val::AnyRef(Some(_))));
}

#[test]
fn a_store_may_be_dropped_with_a_million_objects_and_handles_outlive_it() {
    let (mut store, instance) = lists(&Config::new());
    let list = call(&mut store, instance, "list", &[Val::I32(MILLION)]).unwrap();
    drop(store);
    drop(list);
}

#[test]
fn globals_tables_and_segments_keep_objects() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (type $box (struct (field (mut i32))))
            (global $g (ref $box) (struct.new $box (i32.const 1)))
            (table $t 2 (ref null $box))
            (elem $e (ref null $box) (item (struct.new $box (i32.const 2))) (item (global.get $g)))
            (elem (table $t) (offset (i32.const 1)) (ref null $box) (item (struct.new $box (i32.const 3))))
            (func (export "global") (result i32) (struct.get $box 0 (global.get $g)))
            (func (export "table") (result i32) (struct.get $box 0 (table.get $t (i32.const 1))))
            (func (export "segment") (result i32)
                (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))
                (struct.get $box 0 (table.get $t (i32.const 0))))
            (func (export "same") (result i32)
                (table.init $t $e (i32.const 0) (i32.const 1) (i32.const 1))
                (ref.eq (table.get $t (i32.const 0)) (global.get $g))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let full = store.heap_bytes();
    assert!(full > 0);
    store.gc();
    assert_eq!(store.heap_bytes(), full);
    for (name, expected) in [("global", 1), ("table", 3), ("segment", 2), ("same", 1)] {
        let result = call(&mut store, instance, name, &[]).unwrap();
        assert_eq!(result.unwrap().i32(), Some(expected), "{name}");
    }
}

/// A field of a type.
fn field(ty: ValType) -> FieldType {
    FieldType::new(Mutability::Var, ty.into())
}

#[test]
fn objects_on_the_stacks_of_guests_survive_a_collection_in_a_host_function() {
    let gc = |mut caller: Caller<'_, ()>| -> Result<(), Error> {
        // Enough to make the collector run, and to reuse all that it frees.
        let ty = ArrayType::new(
            caller.engine(),
            FieldType::new(Mutability::Var, StorageType::I8),
        );
        for _ in 0..100 {
            ArrayRef::new(&mut caller, &ty, &Val::I32(-1), 1 << 16)?;
        }
        Ok(())
    };
    let text = r#"(module
            (import "env" "gc" (func $gc))
            (type $box (struct (field i32)))
            (func $deep (param $n i32) (param $b (ref $box)) (result i32)
                (local $mine (ref null $box))
                (local.set $mine (struct.new $box (local.get $n)))
                (i32.add
                    ;; On the operand stack across calls, in a local, and as an argument.
                    (struct.get $box 0 (struct.new $box (i32.const 1000)))
                    (i32.add
                        (if (result i32) (local.get $n)
                            (then (call $deep (i32.sub (local.get $n) (i32.const 1)) (struct.new $box (local.get $n))))
                            (else (call $gc) (i32.const 0)))
                        (i32.add (struct.get $box 0 (local.get $mine)) (struct.get $box 0 (local.get $b))))))
            (func $operand (param (ref $box)) (result i32) (call $gc) (struct.get $box 0 (local.get 0)))
            (func (export "run") (result i32)
                (struct.get $box 0 (struct.new $box (i32.const 5)))
                (struct.new $box (i32.const 7))
                (call $deep (i32.const 10) (struct.new $box (i32.const 9)))
                (drop)
                (call $operand)
                (i32.add))
            (func (export "deep") (result i32) (call $deep (i32.const 10) (struct.new $box (i32.const 9)))))"#;
    for fuel in [false, true] {
        let engine = Engine::new(Config::new().consume_fuel(fuel)).unwrap();
        let mut linker: Linker<()> = Linker::new(&engine);
        linker.func_wrap("env", "gc", gc).unwrap();
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        if fuel {
            store.set_fuel(1 << 30).unwrap();
        }
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance
            .get_typed_func::<(), i32>(&mut store, "run")
            .unwrap();
        assert_eq!(run.call(&mut store, ()).unwrap(), 12);
        let deep = instance
            .get_typed_func::<(), i32>(&mut store, "deep")
            .unwrap();
        // Each level adds 1000 and its own number, and the number of the one above, which is 9 at the top.
        let expected = 11 * 1000 + (0..=10).sum::<i32>() + (1..=10).sum::<i32>() + 9;
        assert_eq!(deep.call(&mut store, ()).unwrap(), expected);
    }
}

#[test]
fn handles_keep_objects_and_what_these_refer_to() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let any = ValType::Ref(RefType::new(true, HeapType::Any));
    let ty = StructType::new(&engine, [field(any)]).unwrap();
    let inner = StructRef::new(&mut store, &ty, &[Val::AnyRef(None)]).unwrap();
    let outer = StructRef::new(&mut store, &ty, &[inner.clone().into()]).unwrap();
    // A cycle.
    inner
        .set_field(&mut store, 0, outer.clone().into())
        .unwrap();
    drop(inner);
    let full = store.heap_bytes();
    store.gc();
    assert_eq!(store.heap_bytes(), full);
    let inner = outer.field(&store, 0).unwrap().unwrap_any_ref().unwrap();
    let back = inner
        .as_struct(&store)
        .unwrap()
        .unwrap()
        .field(&store, 0)
        .unwrap();
    assert_eq!(back.unwrap_any_ref(), Some(AnyRef::from(outer.clone())));
    drop((inner, outer, back));
    store.gc();
    assert_eq!(store.heap_bytes(), 0);
}

#[test]
fn a_reference_of_another_store_is_an_error_everywhere() {
    let engine = Engine::default();
    let (mut a, mut b) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let any = ValType::Ref(RefType::new(true, HeapType::Any));
    let ty = StructType::new(&engine, [field(any.clone())]).unwrap();
    let array = ArrayType::new(&engine, field(any.clone()));
    let mine = StructRef::new(&mut a, &ty, &[Val::AnyRef(None)]).unwrap();
    let wrong = |done: Result<(), Error>| {
        let text = done.unwrap_err().to_string();
        assert!(text.contains("wrong store"), "{text}");
    };
    let as_any = AnyRef::from(mine.clone());
    wrong(mine.field(&b, 0).map(drop));
    wrong(mine.set_field(&mut b, 0, Val::AnyRef(None)));
    wrong(mine.ty(&b).map(drop));
    wrong(as_any.as_struct(&b).map(drop));
    wrong(as_any.as_i31(&b).map(drop));
    wrong(as_any.heap_type(&b).map(drop));
    wrong(StructRef::new(&mut b, &ty, &[mine.clone().into()]).map(drop));
    wrong(ArrayRef::new(&mut b, &array, &mine.clone().into(), 1).map(drop));
    wrong(ExternRef::convert_any(&b, as_any.clone()).map(drop));
    let global = GlobalType::new(any, Mutability::Var);
    wrong(Global::new(&mut b, global, mine.clone().into()).map(drop));
    let table = TableType::new(RefType::new(true, HeapType::Any), 1, None);
    wrong(Table::new(&mut b, table, Ref::from(as_any.clone())).map(drop));
    let same = Func::wrap(&mut b, |any: Option<AnyRef>| any);
    let same = same.typed::<Option<AnyRef>, Option<AnyRef>>(&b).unwrap();
    wrong(same.call(&mut b, Some(as_any.clone())).map(drop));
    let other = as_any.clone();
    let leak = Func::wrap(&mut b, move || other.clone());
    let leak = leak.typed::<(), AnyRef>(&b).unwrap();
    wrong(leak.call(&mut b, ()).map(drop));
    assert!(mine.field(&a, 0).is_ok());
}

#[test]
fn a_type_of_another_engine_is_an_error() {
    let (one, other) = (Engine::default(), Engine::default());
    let mut store = Store::new(&one, ());
    let ty = StructType::new(&other, []).unwrap();
    assert!(StructRef::new(&mut store, &ty, &[]).is_err());
}

#[test]
fn host_values_and_objects_pass_through_both_hierarchies() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (func (export "in") (param externref) (result anyref) (any.convert_extern (local.get 0)))
            (func (export "out") (param anyref) (result externref) (extern.convert_any (local.get 0)))
            (func (export "number") (param anyref) (result i32) (i31.get_s (ref.cast i31ref (local.get 0)))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let into = instance
        .get_typed_func::<ExternRef, AnyRef>(&mut store, "in")
        .unwrap_err();
    assert!(into.to_string().contains("type"), "{into}");
    let into = instance
        .get_typed_func::<ExternRef, Option<AnyRef>>(&mut store, "in")
        .unwrap();
    let out = instance
        .get_typed_func::<Option<AnyRef>, Option<ExternRef>>(&mut store, "out")
        .unwrap();
    let value = ExternRef::new(&mut store, 42u8).unwrap();
    let any = into.call(&mut store, value.clone()).unwrap();
    assert!(any.as_ref().unwrap().as_eq(&store).unwrap().is_none());
    let back = out.call(&mut store, any).unwrap().unwrap();
    assert_eq!(back, value);
    assert_eq!(
        back.data(&store).unwrap().unwrap().downcast_ref(),
        Some(&42u8)
    );

    let number = AnyRef::from_i31(&mut store, I31::wrapping_i32(-3));
    let outside = out.call(&mut store, Some(number.clone())).unwrap().unwrap();
    assert!(outside.data(&store).unwrap().is_none());
    assert_eq!(
        into.call(&mut store, outside).unwrap(),
        Some(number.clone())
    );
    let read = instance
        .get_typed_func::<AnyRef, i32>(&mut store, "number")
        .unwrap();
    assert_eq!(read.call(&mut store, number).unwrap(), -3);
    let value = AnyRef::convert_extern(&store, value).unwrap();
    let error = read.call(&mut store, value).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::CastFailure));
}

#[test]
fn new_objects_cost_fuel_by_their_bytes() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (type $large (struct (field i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)))
            (type $bytes (array (mut i8)))
            (type $longs (array (mut i64)))
            (func (export "struct") (drop (struct.new_default $large)))
            (func (export "bytes") (param i32) (drop (array.new_default $bytes (local.get 0))))
            (func (export "longs") (param i32) (drop (array.new $longs (i64.const 1) (local.get 0))))
            (func (export "fill") (param $n i32)
                (array.fill $bytes (array.new_default $bytes (local.get $n)) (i32.const 0) (i32.const 1) (local.get $n))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let mut cost = |name: &str, params: &[Val]| {
        store.set_fuel(1_000_000).unwrap();
        call(&mut store, instance, name, params).unwrap();
        1_000_000 - store.get_fuel().unwrap()
    };
    // Two instructions, and 128 bytes.
    assert_eq!(cost("struct", &[]), 2 + 2);
    assert_eq!(cost("bytes", &[Val::I32(63)]), 3);
    assert_eq!(cost("bytes", &[Val::I32(64)]), 3 + 1);
    assert_eq!(cost("bytes", &[Val::I32(64_000)]), 3 + 1000);
    assert_eq!(cost("longs", &[Val::I32(7)]), 4);
    assert_eq!(cost("longs", &[Val::I32(800)]), 4 + 100);
    assert_eq!(cost("fill", &[Val::I32(64)]), 6 + 1 + 8);
    store.set_fuel(10).unwrap();
    let error = call(&mut store, instance, "bytes", &[Val::I32(1 << 30)]).unwrap_err();
    assert!(matches!(error, Error::FuelExhausted { .. }), "{error}");
    assert!(store.heap_bytes() < 1 << 20);
    // More than any object may have.
    let error = call(&mut store, instance, "bytes", &[Val::I32(i32::MAX)]).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::AllocationTooLarge));
}

/// Functions without parameters, each of which returns the number that its name ends with.
const OPERANDS: &str = r#"(module
    (type $s (sub (struct
        (field $i (mut i32)) (field $b (mut i8)) (field $f (mut f32)) (field $d (mut f64))
        (field $l (mut i64)) (field $v (mut v128)) (field $r (mut (ref null $s))))))
    (type $t (sub $s (struct
        (field (mut i32)) (field (mut i8)) (field (mut f32)) (field (mut f64))
        (field (mut i64)) (field (mut v128)) (field (mut (ref null $s))) (field $more i32))))
    (type $is (array (mut i32)))
    (type $bs (array (mut i8)))
    (type $ds (array (mut f64)))
    (type $vs (array (mut v128)))
    (global $one (mut i32) (i32.const 1))
    (global $is (ref $is) (array.new_fixed $is 4 (i32.const 10) (i32.const 20) (i32.const 30) (i32.const 40)))
    (func $pair (result (ref $s)) (local $inner (ref $s)) (local $outer (ref $s))
        (local.set $inner (struct.new_default $s))
        (local.set $outer (struct.new_default $s))
        (struct.set $s $r (local.get $outer) (local.get $inner))
        (local.get $outer))

    (func (export "object computed 7") (result i32) (local $o (ref $s))
        (local.set $o (call $pair))
        (struct.set $s $i (struct.get $s $r (local.get $o)) (i32.const 7))
        (struct.get $s $i (struct.get $s $r (local.get $o))))
    (func (export "value computed 9") (result i32) (local $o (ref $s))
        (local.set $o (call $pair))
        (struct.set $s $i (local.get $o) (i32.add (global.get $one) (i32.const 8)))
        (struct.get $s $i (local.get $o)))
    (func (export "both computed 5") (result i32) (local $o (ref $s))
        (local.set $o (call $pair))
        (struct.set $s $l (struct.get $s $r (local.get $o)) (i64.extend_i32_u (i32.add (global.get $one) (i32.const 4))))
        (i32.wrap_i64 (struct.get $s $l (struct.get $s $r (local.get $o)))))
    (func (export "packed 200") (result i32) (local $o (ref $s))
        (local.set $o (call $pair))
        (struct.set $s $b (local.get $o) (i32.const 0x1c8))
        (struct.get_u $s $b (local.get $o)))
    (func (export "packed and signed -56") (result i32) (local $o (ref $s))
        (local.set $o (call $pair))
        (struct.set $s $b (local.get $o) (i32.const 0x1c8))
        (struct.get_s $s $b (local.get $o)))
    (func (export "floats 6") (result i32) (local $o (ref $s))
        (local.set $o (call $pair))
        (struct.set $s $f (local.get $o) (f32.add (f32.const 1) (f32.convert_i32_s (global.get $one))))
        (struct.set $s $d (local.get $o) (f64.mul (f64.promote_f32 (struct.get $s $f (local.get $o))) (f64.const 3)))
        (i32.trunc_f64_s (struct.get $s $d (local.get $o))))
    (func (export "vectors 12") (result i32) (local $o (ref $s)) (local $v v128)
        (local.set $o (call $pair))
        (struct.set $s $v (struct.get $s $r (local.get $o)) (i32x4.splat (i32.const 4)))
        (local.set $v (struct.get $s $v (struct.get $s $r (local.get $o))))
        (i32.add (i32x4.extract_lane 3 (local.get $v))
            (i32x4.extract_lane 0 (i32x4.add (local.get $v) (struct.get $s $v (struct.get $s $r (local.get $o)))))))
    (func (export "array of vectors 33") (result i32) (local $a (ref $vs))
        (local.set $a (array.new $vs (i32x4.splat (i32.const 11)) (i32.const 3)))
        (array.set $vs (local.get $a) (global.get $one) (i32x4.splat (i32.const 22)))
        (array.copy $vs $vs (local.get $a) (i32.const 1) (local.get $a) (i32.const 0) (i32.const 2))
        (array.fill $vs (local.get $a) (i32.const 0) (i32x4.splat (i32.const 22)) (i32.const 1))
        (i32.add
            (i32x4.extract_lane 2 (array.get $vs (local.get $a) (i32.const 0)))
            (i32x4.extract_lane 2 (array.get $vs (local.get $a) (i32.const 1)))))
    (func (export "index computed 30") (result i32)
        (array.get $is (global.get $is) (i32.add (global.get $one) (i32.const 1))))
    (func (export "array computed 20") (result i32)
        (array.get $is (select (result (ref $is)) (global.get $is) (array.new_default $is (i32.const 9)) (global.get $one)) (global.get $one)))
    (func (export "all three computed 123") (result i32) (local $a (ref null $is))
        (array.set $is
            (local.tee $a (array.new_default $is (i32.add (global.get $one) (i32.const 2))))
            (i32.shl (global.get $one) (i32.const 1))
            (i32.mul (i32.const 41) (i32.add (global.get $one) (i32.const 2))))
        (array.get $is (local.get $a) (i32.const 2)))
    (func (export "constant index and value 77") (result i32) (local $a (ref null $bs))
        (local.set $a (array.new_default $bs (i32.const 5)))
        (array.set $bs (local.get $a) (i32.const 4) (i32.const 77))
        (array.get_s $bs (local.get $a) (i32.const 4)))
    (func (export "sum with pinned locals 100") (result i32) (local $a (ref null $is)) (local $i i32) (local $sum i32)
        (local.set $a (global.get $is))
        (loop $again
            (local.set $sum (i32.add (local.get $sum) (array.get $is (local.get $a) (local.get $i))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (array.len (local.get $a)))))
        (local.get $sum))
    (func (export "doubles in a loop 45") (result i32) (local $a (ref null $ds)) (local $i i32) (local $sum f64)
        (local.set $a (array.new_default $ds (i32.const 10)))
        (loop $again
            (array.set $ds (local.get $a) (local.get $i) (f64.convert_i32_u (local.get $i)))
            (local.set $sum (f64.add (array.get $ds (local.get $a) (local.get $i)) (local.get $sum)))
            (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
        (i32.trunc_f64_u (local.get $sum)))
    (func (export "a branch on a cast moves what is below 18") (result i32) (local $o (ref $s))
        (local.set $o (struct.new_default $t))
        (struct.set $s $i (local.get $o) (i32.const 8))
        (i32.const 1000)
        (block $done (result i32 (ref $t))
            (i32.const 1) (i32.const 2) (i32.const 10)
            (br_on_cast $done (ref $s) (ref $t) (local.get $o))
            (unreachable))
        (struct.get $t 0)
        (i32.add)
        (i32.add)
        (i32.sub (i32.const 1000)))
    (func (export "a failed cast goes on 4") (result i32)
        (block $not (result (ref $s))
            (drop (br_on_cast $not (ref $s) (ref $t) (struct.new_default $s)))
            (return (i32.const 4)))
        (drop) (i32.const 5))
    (func (export "a branch on a failed cast 6") (result i32)
        (block $not (result (ref null $s))
            (i32.const 1)
            (br_on_cast_fail $not (ref null $s) (ref $t) (ref.null $s))
            (unreachable))
        (drop) (i32.const 6))
    (func (export "null leaves the function with values below 3") (result i32)
        (i32.const 1) (i32.const 3)
        (br_on_null 0 (ref.null $s))
        (unreachable))
    (func (export "what is not null goes along 15") (result i32) (local $o (ref null $s))
        (local.set $o (call $pair))
        (struct.set $s $i (local.get $o) (i32.const 5))
        (block $there (result i32 (ref $s))
            (i32.const 99) (i32.const 10)
            (br_on_non_null $there (local.get $o))
            (unreachable))
        (struct.get $s $i)
        (i32.add))
    (func (export "what is null falls through 2") (result i32) (local $o (ref null $s))
        (block $there (result (ref $s))
            (br_on_non_null $there (local.get $o))
            (return (i32.const 2)))
        (drop) (i32.const 0))
    (func (export "a test is a condition 21") (result i32) (local $o (ref null $s))
        (local.set $o (struct.new_default $t))
        (if (result i32) (ref.test (ref $t) (local.get $o))
            (then (i32.add (ref.test (ref null $t) (ref.null none)) (i32.const 20)))
            (else (i32.const 0))))
    (func (export "a cast is checked before what follows 1") (result i32) (local $o anyref)
        (local.set $o (ref.i31 (i32.const 1)))
        (i31.get_s (ref.cast (ref i31) (local.get $o))))
)"#;

#[test]
fn operands_of_all_kinds_reach_fields_elements_and_branches() {
    for fuel in [false, true] {
        let engine = Engine::new(Config::new().consume_fuel(fuel)).unwrap();
        let module = Module::new(&engine, OPERANDS).unwrap();
        let mut store = Store::new(&engine, ());
        if fuel {
            store.set_fuel(1 << 30).unwrap();
        }
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let names: Vec<String> = module
            .exports()
            .map(|export| export.name().to_owned())
            .collect();
        assert!(names.len() > 20);
        for name in names {
            let (_, expected) = name.rsplit_once(' ').unwrap();
            let found = call(&mut store, instance, &name, &[]).unwrap().unwrap();
            assert_eq!(found.i32(), Some(expected.parse().unwrap()), "{name}");
        }
    }
}

#[test]
fn accesses_that_trap_say_why() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (type $s (struct (field (mut i32))))
            (type $a (array (mut i64)))
            (func (export "get of null") (drop (struct.get $s 0 (ref.null $s))))
            (func (export "set of null") (struct.set $s 0 (ref.null $s) (i32.const 1)))
            (func (export "length of null") (drop (array.len (ref.null array))))
            (func (export "element of null") (drop (array.get $a (ref.null $a) (i32.const 0))))
            (func (export "beyond") (drop (array.get $a (array.new_default $a (i32.const 2)) (i32.const 2))))
            (func (export "far beyond") (array.set $a (array.new_default $a (i32.const 2)) (i32.const -1) (i64.const 1)))
            (func (export "fill") (array.fill $a (array.new_default $a (i32.const 2)) (i32.const 1) (i64.const 1) (i32.const 2)))
            (func (export "cast") (drop (ref.cast (ref $s) (ref.i31 (i32.const 1)))))
            (func (export "cast of null") (drop (ref.cast (ref $s) (ref.null none))))
            (func (export "large") (drop (array.new_default $a (i32.const 0x1000_0000)))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    for (name, expected) in [
        ("get of null", Trap::NullReference),
        ("set of null", Trap::NullReference),
        ("length of null", Trap::NullReference),
        ("element of null", Trap::NullReference),
        ("beyond", Trap::ArrayOutOfBounds),
        ("far beyond", Trap::ArrayOutOfBounds),
        ("fill", Trap::ArrayOutOfBounds),
        ("cast", Trap::CastFailure),
        ("cast of null", Trap::CastFailure),
        ("large", Trap::AllocationTooLarge),
    ] {
        let error = call(&mut store, instance, name, &[]).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&expected), "{name}");
        assert_eq!(
            error.backtrace().map(|calls| calls.frames().len()),
            Some(1),
            "{name}"
        );
    }
}

#[test]
fn imports_of_types_that_a_module_defines_can_be_null_by_default() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (type $s (struct))
            (type $f (func))
            (import "" "object" (func $object (result (ref null $s))))
            (import "" "function" (global $function (ref null $f)))
            (import "" "table" (table $table 1 (ref null $s)))
            (func (export "nulls") (result i32)
                (i32.add
                    (ref.is_null (table.get $table (i32.const 0)))
                    (i32.add (ref.is_null (call $object)) (ref.is_null (global.get $function))))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker
        .define_unknown_imports_as_default_values(&mut store, &module)
        .unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let nulls = call(&mut store, instance, "nulls", &[]).unwrap();
    assert_eq!(nulls.unwrap().i32(), Some(3));
}

#[test]
fn a_host_function_can_collect() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("host", "gc", |mut caller: Caller<'_, ()>| caller.gc())
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "gc" (func $gc))
            (type $s (struct (field i64)))
            (func (export "run") (param $n i32) (result i64)
                (local $kept (ref $s))
                (local.set $kept (struct.new $s (i64.const 7)))
                (loop $again
                    (drop (struct.new $s (i64.const 1)))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (call $gc)
                (struct.get $s 0 (local.get $kept))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<i32, i64>(&mut store, "run")
        .unwrap();
    // The object that the call still refers to stays; of the others, at most those that slots of its frame still hold.
    let mut left = Vec::new();
    for count in [1, 1000] {
        assert_eq!(run.call(&mut store, count).unwrap(), 7);
        left.push(store.heap_bytes());
    }
    assert!(left[0] > 0 && left[1] < 4 * left[0], "{left:?}");
}

/// Fills the heap with a list, then makes garbage.
const NEARLY_FULL: &str = r#"(module
    (type $n (sub (struct (field (ref null $n)) (field i64))))
    (global $kept (mut (ref null $n)) (ref.null $n))
    (func (export "keep") (param $n i32)
        (global.set $kept (ref.null $n))
        (loop $again
            (global.set $kept (struct.new $n (global.get $kept) (i64.const 1)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "waste") (param $n i32)
        (loop $again
            (drop (struct.new_default $n))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;

#[test]
fn what_a_heap_may_hold_beyond_seven_eighths_is_room_for_no_garbage() {
    // A node takes 56 bytes.
    let nodes = |bytes: u64| Val::I32((bytes / 56) as i32);
    let limit = 1 << 20;
    for fuel in [false, true] {
        let config = &mut Config::new();
        config.max_heap_bytes(limit).consume_fuel(fuel);
        let engine = Engine::new(config).unwrap();
        let module = Module::new(&engine, NEARLY_FULL).unwrap();
        let mut store = Store::new(&engine, ());
        let _ = store.set_fuel(u64::MAX);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        call(&mut store, instance, "keep", &[nodes(limit / 8 * 7 - 200)]).unwrap();
        call(&mut store, instance, "waste", &[nodes(20 * limit)]).unwrap();
        // The old list and the new one do not fit together, but the old one is unreachable by the time there is no room.
        call(&mut store, instance, "keep", &[nodes(limit / 64 * 63)]).unwrap();
        for _ in 0..3 {
            let error = call(&mut store, instance, "waste", &[nodes(20 * limit)]).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::HeapExhausted));
        }
        // Each call may begin with a collection, so there is room for a list that fits.
        call(&mut store, instance, "waste", &[nodes(limit / 128)]).unwrap();
        call(&mut store, instance, "keep", &[Val::I32(1)]).unwrap();
        call(&mut store, instance, "waste", &[nodes(20 * limit)]).unwrap();
    }
}

#[test]
fn values_of_the_host_are_collected_and_count() {
    let engine = Engine::new(Config::new().max_heap_bytes(1 << 20)).unwrap();
    let mut linker: Linker<()> = Linker::new(&engine);
    let make = |mut caller: Caller<'_, ()>, number: i32| ExternRef::new(&mut caller, [number; 100]);
    linker.func_wrap("env", "make", make).unwrap();
    let text = r#"(module (import "env" "make" (func $make (param i32) (result (ref extern))))
        (table $kept (export "kept") 10000 externref)
        (type $box (struct (field anyref)))
        (global $box (mut (ref null $box)) (ref.null $box))
        (func (export "waste") (param $n i32)
            (loop $again
                (drop (call $make (local.get $n)))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "keep") (param $n i32)
            (loop $again
                (table.set $kept (local.get $n) (call $make (local.get $n)))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "box") (param $n i32)
            (global.set $box (struct.new $box (any.convert_extern (call $make (local.get $n))))))
        (func (export "unbox") (result externref)
            (extern.convert_any (struct.get $box 0 (global.get $box)))))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let number = |store: &Store<()>, value: &ExternRef| {
        let value = value.data(store).unwrap().unwrap();
        value.downcast_ref::<[i32; 100]>().unwrap()[99]
    };
    let held = ExternRef::new(&mut store, [-1; 100]).unwrap();
    call(&mut store, instance, "box", &[Val::I32(-2)]).unwrap();
    call(&mut store, instance, "keep", &[Val::I32(1000)]).unwrap();
    assert!(store.heap_bytes() > 400_000);
    call(&mut store, instance, "waste", &[Val::I32(20_000)]).unwrap();
    assert!(store.heap_bytes() <= 1 << 20);
    let kept = instance.get_table(&mut store, "kept").unwrap();
    for i in 1..=1000 {
        let value = kept.get(&mut store, i).unwrap();
        let value = value.as_extern().unwrap().unwrap();
        assert_eq!(number(&store, value), i as i32);
    }
    assert_eq!(number(&store, &held), -1);
    let unboxed = call(&mut store, instance, "unbox", &[]).unwrap().unwrap();
    let unboxed = unboxed.unwrap_extern_ref().unwrap();
    assert_eq!(number(&store, &unboxed), -2);
    // More than the limit cannot be kept.
    let error = call(&mut store, instance, "keep", &[Val::I32(5000)]).unwrap_err();
    assert!(matches!(error, Error::MemoryExhausted { .. }), "{error:?}");
    let null = Ref::Extern(None);
    kept.fill(&mut store, 0, null, 10_000).unwrap();
    store.gc();
    assert!(store.heap_bytes() < 2_000, "{}", store.heap_bytes());
}
