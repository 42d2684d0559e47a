//! Objects, their collection from every kind of stack, and exceptions.

use tickwasm::*;

use super::{engines, instance, store};

const OBJECTS: &str = r#"(module
    (type $box (sub (struct (field $n (mut i64)) (field $next (mut (ref null $box))))))
    (type $big (sub $box (struct (field (mut i64)) (field (mut (ref null $box))) (field (mut v128)) (field (mut i8)))))
    (type $list (array (mut (ref null $box))))
    (type $bytes (array (mut i8)))
    (type $f (func (param (ref $box)) (result i64)))
    (import "host" "gc" (func $gc (param (ref null any) i32) (result (ref null any))))
    (data $d "some bytes")
    (elem $e (ref null $box) (ref.null $box) (ref.null $box))
    (global $kept (mut (ref null $box)) (ref.null $box))
    (table $t 2 (ref null $box))
    (func $make (export "make") (param i64) (result (ref $box))
        (struct.new $big (local.get 0) (struct.new_default $box) (i64x2.splat (local.get 0)) (i32.const 5)))
    (func $read (type $f)
        (i64.add (struct.get $box $n (local.get 0))
            (i64.extend_i32_s (struct.get_s $big 3 (ref.cast (ref $big) (local.get 0))))))
    (func $down (param $depth i32) (param $box (ref $box)) (result i64)
        (if (result i64) (local.get $depth)
            (then (i64.add
                (call $down (i32.sub (local.get $depth) (i32.const 1)) (call $make (i64.const 1)))
                (struct.get $box $n (local.get $box))))
            (else
                (struct.get $box $n
                    (ref.cast (ref $box) (call $gc (local.get $box) (i32.const 3)))))))
    (func (export "run") (param i32) (result i64)
        (local $list (ref null $list)) (local $bytes (ref $bytes))
        (local.set $list (array.new $list (call $make (i64.const 7)) (i32.const 3)))
        (local.set $bytes (array.new_data $bytes $d (i32.const 2) (i32.const 5)))
        (array.set $list (local.get $list) (i32.const 1) (call $make (i64.const 8)))
        (global.set $kept (array.get $list (local.get $list) (i32.const 1)))
        (table.set $t (i32.const 1) (global.get $kept))
        (array.copy $list $list (local.get $list) (i32.const 0) (local.get $list) (i32.const 1) (i32.const 2))
        (array.fill $bytes (local.get $bytes) (i32.const 0) (i32.const 65) (i32.const 2))
        (array.init_elem $list $e (local.get $list) (i32.const 2) (i32.const 0) (i32.const 1))
        (array.init_data $bytes $d (local.get $bytes) (i32.const 3) (i32.const 0) (i32.const 1))
        (drop (array.new_elem $list $e (i32.const 0) (i32.const 2)))
        (drop (array.new_fixed $list 2 (global.get $kept) (ref.null $box)))
        (struct.set $box $next (ref.as_non_null (global.get $kept)) (call $make (i64.const 9)))
        (drop (call $gc (ref.i31 (i32.const 5)) (i32.const 0)))
        (i64.add
            (i64.add
                (call $down (local.get 0) (call $make (i64.const 2)))
                (struct.get $box $n (struct.get $box $next (table.get $t (i32.const 1)))))
            (i64.add
                (call_ref $f (ref.as_non_null (array.get $list (local.get $list) (i32.const 0))) (ref.func $read))
                (i64.extend_i32_u (array.get_u $bytes (local.get $bytes) (i32.const 1))))))
    (elem declare func $read)
    (func (export "churn") (param $n i32)
        (loop $again
            (global.set $kept (struct.new $box (i64.const 1) (ref.null $box)))
            (drop (array.new $bytes (i32.const 1) (i32.const 500)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "wrong") (result i64)
        (struct.get $big 0 (ref.cast (ref $big) (struct.new_default $box)))))"#;

#[test]
fn objects_are_found_wherever_guests_have_them() {
    for engine in engines() {
        let mut linker = Linker::<()>::new(&engine);
        type Any = Option<AnyRef>;
        let gc = |mut caller: Caller<'_, ()>, any: Any, depth: i32| -> Result<Any> {
            caller.as_context_mut().gc();
            if depth > 0 {
                // Another guest's call in between, with objects of its own.
                let run = caller.get_export("run").and_then(Extern::into_func);
                let run = run.unwrap().typed::<i32, i64>(&caller)?;
                assert_eq!(run_result(0), run.call(&mut caller, -1)?);
            }
            Ok(any)
        };
        let text = OBJECTS.replace(
            "(call $gc (local.get $box) (i32.const 3))",
            "(call $gc (local.get $box) (i32.const 0))",
        );
        linker.func_wrap("host", "gc", gc).unwrap();
        let mut store = store(&engine, ());
        let instance = instance(&mut store, &linker, &text);
        let run = instance
            .get_typed_func::<i32, i64>(&mut store, "run")
            .unwrap();
        for depth in [0, 4, 50] {
            assert_eq!(run.call(&mut store, depth).unwrap(), run_result(depth));
        }
        let make = instance.get_func(&mut store, "make").unwrap();
        let mut made = [Val::AnyRef(None)];
        make.call(&mut store, &[Val::I64(3)], &mut made).unwrap();
        store.gc();
        let made = made[0].clone().any_ref().flatten().unwrap();
        let made = made.as_struct(&store).unwrap().unwrap();
        assert_eq!(made.field(&mut store, 0).unwrap().i64(), Some(3));
        let churn = instance
            .get_typed_func::<i32, ()>(&mut store, "churn")
            .unwrap();
        churn
            .call(&mut store, if cfg!(miri) { 30 } else { 3000 })
            .unwrap();
        let wrong = instance
            .get_typed_func::<(), i64>(&mut store, "wrong")
            .unwrap();
        assert!(wrong.call(&mut store, ()).is_err());
    }
}

/// The result of `run`: ones and a two on the way down, and the value that it reads in the end.
fn run_result(depth: i32) -> i64 {
    let down = if depth == 0 { 2 } else { 2 + i64::from(depth) };
    down + 9 + (8 + 5) + 65
}

const THROWS: &str = r#"(module
    (type $box (struct (field i64)))
    (type $f (func (param i64) (result i64)))
    (import "host" "fail" (func $fail (type $f)))
    (import "host" "tag" (tag $t (param i64 (ref null $box))))
    (import "other" "throw" (func $other (type $f)))
    (func $throw (export "throw") (type $f)
        (if (i64.eqz (local.get 0))
            (then (throw $t (i64.const 5) (struct.new $box (i64.const 6)))))
        (call $throw (i64.sub (local.get 0) (i64.const 1))))
    (func $catch (param $f (ref $f)) (param $n i64) (result i64)
        (block $caught (result i64 (ref null $box))
            (try_table (catch $t $caught)
                (return (call_ref $f (local.get $n) (local.get $f))))
            unreachable)
        (i64.add (struct.get $box 0)))
    (elem declare func $throw $fail $other $again)
    (func $again (type $f)
        (block $caught (result exnref)
            (try_table (catch_all_ref $caught) (drop (call $throw (local.get 0))))
            unreachable)
        throw_ref)
    (func (export "run") (result i64)
        (call $catch (ref.func $throw) (i64.const 4))
        (i64.add (call $catch (ref.func $other) (i64.const 2)))
        (i64.add (call $catch (ref.func $again) (i64.const 2)))
        (i64.add (call $catch (ref.func $fail) (i64.const 1)))
        (drop (call $catch (ref.func $fail) (i64.const 0)))))"#;

#[test]
fn exceptions_are_caught_across_frames_instances_and_the_host() {
    for engine in engines() {
        let mut store = store(&engine, ());
        let mut linker = Linker::<()>::new(&engine);
        let text = r#"(module (type $box (struct (field i64)))
            (tag (export "t") (param i64 (ref null $box)))
            (func (export "box") (param i64) (result (ref null $box)) (struct.new $box (local.get 0))))"#;
        let tags = instance(&mut store, &linker, text);
        let tag = tags.get_tag(&mut store, "t").unwrap();
        let make = tags.get_func(&mut store, "box").unwrap();
        linker.define(&store, "host", "tag", tag).unwrap();
        linker
            .func_wrap("host", "fail", move |mut caller: Caller<'_, ()>, n: i64| {
                if n == 0 {
                    return Err(Error::msg("no exception"));
                }
                let mut made = [Val::AnyRef(None)];
                make.call(&mut caller, &[Val::I64(n)], &mut made)?;
                let [made] = made;
                let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
                let pre = ExnRefPre::new(&mut caller, ty);
                let thrown = ExnRef::new(&mut caller, &pre, &tag, &[Val::I64(n), made])?;
                caller.as_context_mut().gc();
                caller.as_context_mut().throw::<i64>(thrown)
            })
            .unwrap();
        let other = r#"(module (func (export "throw") (param i64) (result i64) (i64.const 0)))"#;
        let other = instance(&mut store, &linker, other);
        linker.instance(&mut store, "other", other).unwrap();
        let first = instance(&mut store, &linker, THROWS);
        linker.allow_shadowing(true);
        linker.instance(&mut store, "other", first).unwrap();
        let second = instance(&mut store, &linker, THROWS);
        let run = second.get_typed_func::<(), i64>(&mut store, "run").unwrap();
        let error = run.call(&mut store, ()).unwrap_err();
        assert!(error.to_string().contains("no exception"), "{error}");
        let throw = second
            .get_typed_func::<i64, i64>(&mut store, "throw")
            .unwrap();
        let error = throw.call(&mut store, 3).unwrap_err();
        assert!(matches!(error, Error::Exception(_)), "{error:?}");
    }
}
