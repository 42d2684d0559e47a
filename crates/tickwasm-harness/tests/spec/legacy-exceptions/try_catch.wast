;; `try` with `catch` and `catch_all`, of the exceptions that came before `try_table`.

(module
  (tag $e (export "e"))
  (func (export "throw") (throw $e)))
(register "other")

(module
  (tag $foreign (import "other" "e"))
  (func $throw-foreign (import "other" "throw"))
  (tag $a)
  (tag $b)
  (tag $i (param i32))
  (tag $many (param i32 i64 f32 f64))
  (global $g (mut i32) (i32.const 0))

  (func (export "no-handler") (result i32)
    try (result i32) (i32.const 7) end)

  (func (export "nothing-thrown") (result i32)
    try (result i32)
      (i32.const 1)
      catch $a (i32.const 2)
      catch_all (i32.const 3) end)

  (func $which (param $n i32)
    (if (i32.eq (local.get $n) (i32.const 0)) (then (throw $a)))
    (if (i32.eq (local.get $n) (i32.const 1)) (then (throw $b)))
    (if (i32.eq (local.get $n) (i32.const 2)) (then (throw $i (i32.const 42))))
    (if (i32.eq (local.get $n) (i32.const 3)) (then (call $throw-foreign)))
    (if (i32.eq (local.get $n) (i32.const 4)) (then (unreachable))))

  (func (export "which") (param $n i32) (result i32)
    try (result i32)
      (call $which (local.get $n)) (i32.const 9)
      catch $a (i32.const 10)
      catch $b (i32.const 11)
      catch $i
      catch $foreign (i32.const 13) end)

  (func (export "the-first-clause-counts") (param $n i32) (result i32)
    try (result i32)
      (call $which (local.get $n)) (i32.const 9)
      catch $a (i32.const 20)
      catch $a (i32.const 21)
      catch_all (i32.const 22) end)

  (func (export "payload") (result i32 i64 f32 f64)
    try (result i32 i64 f32 f64)
      (throw $many (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))
      catch $many end)

  ;; The operands below a `try` are there again behind it and in its handlers.
  (func (export "operands-below") (param $n i32) (result i32)
    (i32.const 1000)
    (i32.add (i32.const 100) (i32.const 200))
    try (result i32)
      (call $which (local.get $n)) (i32.const 1)
      catch $i (i32.add (i32.const 1))
      catch_all (i32.const 3) end
    (i32.add) (i32.add))

  (func (export "params") (param $n i32) (result i32)
    (i32.const 5)
    try (param i32) (result i32)
      (call $which (local.get $n))
      catch_all (i32.const 6) end)

  ;; Locals keep what they were set to before the exception.
  (func (export "locals") (param $n i32) (result i32) (local $x i32)
    try
      
        (local.set $x (i32.const 1))
        (call $which (local.get $n))
        (local.set $x (i32.const 2))
      catch_all
        (local.set $x (i32.add (local.get $x) (i32.const 10))) end
    (local.get $x))

  ;; A handler's exceptions are those of what is around.
  (func (export "thrown-in-handler") (result i32)
    try (result i32)
      
        try (result i32)
          (throw $a)
          catch $a (throw $b)
          catch $b (i32.const 1) end
      catch $b (i32.const 2) end)

  (func (export "nested-in-handler") (result i32)
    try (result i32)
      (throw $i (i32.const 3))
      catch $i
        try (result i32)
          (throw $i (i32.const 4))
          catch $i end
        (i32.add) end)

  (func (export "branches") (param $n i32) (result i32)
    (block $out (result i32)
      try $t (result i32)
        
          (br_if $t (i32.const 1) (i32.eq (local.get $n) (i32.const 8)))
          (drop)
          (br_if $out (i32.const 2) (i32.eq (local.get $n) (i32.const 9)))
          (drop)
          (call $which (local.get $n))
          (i32.const 3)
        catch $a (br $t (i32.const 4))
        catch $b (br $out (i32.const 5))
        catch $i (br_if $t (i32.const 0)) (br_if $out (i32.const 1))
        catch_all (return (i32.const 6)) end
      (i32.add (i32.const 100))))

  (func (export "loop") (param $n i32) (result i32) (local $caught i32)
    (loop $again
      try
        
          (if (i32.rem_u (local.get $n) (i32.const 3)) (then (throw $i (local.get $n))))
        catch $i
          (local.set $caught (i32.add (local.get $caught))) end
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $caught))

  (func (export "loop-in-handler") (result i32) (local $n i32)
    try (result i32)
      (throw $i (i32.const 10))
      catch $i
        (local.set $n)
        (i32.const 0)
        (loop $again (param i32) (result i32)
          (i32.add (local.get $n))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) end)

  ;; Unreachable parts.
  (func (export "dead-try") (result i32)
    (block $b (result i32)
      (br $b (i32.const 1))
      try (result i32)
        (throw $a)
        catch $i
        catch_all (i32.const 2) end))
  (func (export "dead-handlers") (result i32)
    try (result i32)
      (br 0 (i32.const 1))
      catch $i (unreachable)
      catch_all (return (i32.const 3)) end)
  (func (export "returns-from-handler") (param $n i32) (result i32)
    try
      (call $which (local.get $n)) (return (i32.const 1))
      catch $i (return)
      catch_all end
    (i32.const 2))

  (func (export "tail-call") (result i32)
    try (result i32)
      (return_call $throws)
      catch_all (i32.const 1) end)
  (func $throws (result i32) (throw $a))

  ;; Many values: a handler's results go to where the body's are.
  (func (export "many-results") (param $n i32) (result i32 i64 i32)
    (i32.const 1)
    try (result i64 i32)
      (call $which (local.get $n)) (i64.const 2) (i32.const 3)
      catch $i (drop) (i64.const 4) (i32.const 5)
      catch_all (i64.const 6) (i32.const 7) end))

(assert_return (invoke "no-handler") (i32.const 7))
(assert_return (invoke "nothing-thrown") (i32.const 1))
(assert_return (invoke "which" (i32.const 0)) (i32.const 10))
(assert_return (invoke "which" (i32.const 1)) (i32.const 11))
(assert_return (invoke "which" (i32.const 2)) (i32.const 42))
(assert_return (invoke "which" (i32.const 3)) (i32.const 13))
(assert_trap (invoke "which" (i32.const 4)) "unreachable")
(assert_return (invoke "which" (i32.const 5)) (i32.const 9))
(assert_return (invoke "the-first-clause-counts" (i32.const 0)) (i32.const 20))
(assert_return (invoke "the-first-clause-counts" (i32.const 1)) (i32.const 22))
(assert_return (invoke "the-first-clause-counts" (i32.const 3)) (i32.const 22))
(assert_trap (invoke "the-first-clause-counts" (i32.const 4)) "unreachable")
(assert_return (invoke "payload") (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))
(assert_return (invoke "operands-below" (i32.const 0)) (i32.const 1303))
(assert_return (invoke "operands-below" (i32.const 2)) (i32.const 1343))
(assert_return (invoke "operands-below" (i32.const 5)) (i32.const 1301))
(assert_return (invoke "params" (i32.const 0)) (i32.const 6))
(assert_return (invoke "params" (i32.const 5)) (i32.const 5))
(assert_return (invoke "locals" (i32.const 0)) (i32.const 11))
(assert_return (invoke "locals" (i32.const 5)) (i32.const 2))
(assert_return (invoke "thrown-in-handler") (i32.const 2))
(assert_return (invoke "nested-in-handler") (i32.const 7))
(assert_return (invoke "branches" (i32.const 0)) (i32.const 104))
(assert_return (invoke "branches" (i32.const 1)) (i32.const 5))
(assert_return (invoke "branches" (i32.const 2)) (i32.const 42))
(assert_return (invoke "branches" (i32.const 3)) (i32.const 6))
(assert_return (invoke "branches" (i32.const 5)) (i32.const 103))
(assert_return (invoke "branches" (i32.const 8)) (i32.const 101))
(assert_return (invoke "branches" (i32.const 9)) (i32.const 2))
(assert_return (invoke "loop" (i32.const 10)) (i32.const 37))
(assert_return (invoke "loop-in-handler") (i32.const 55))
(assert_return (invoke "dead-try") (i32.const 1))
(assert_return (invoke "dead-handlers") (i32.const 1))
(assert_return (invoke "returns-from-handler" (i32.const 0)) (i32.const 2))
(assert_return (invoke "returns-from-handler" (i32.const 2)) (i32.const 42))
(assert_return (invoke "returns-from-handler" (i32.const 5)) (i32.const 1))
(assert_exception (invoke "tail-call"))
(assert_return (invoke "many-results" (i32.const 0)) (i32.const 1) (i64.const 6) (i32.const 7))
(assert_return (invoke "many-results" (i32.const 2)) (i32.const 1) (i64.const 4) (i32.const 5))
(assert_return (invoke "many-results" (i32.const 5)) (i32.const 1) (i64.const 2) (i32.const 3))

;; Both kinds of exceptions in one module.
(module
  (tag $t (param i32))
  (func (export "old-in-new") (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $t $h)
        try (result i32)
          (throw $t (i32.const 1))
          catch $t (i32.add (i32.const 1)) (throw $t) end)))
  (func (export "new-in-old") (result i32) (local $exn exnref)
    try (result i32)
      
        (block $h (result i32 exnref)
          (try_table (catch_ref $t $h) (throw $t (i32.const 1)))
          (unreachable))
        (throw_ref)
      catch $t (i32.add (i32.const 5)) end)
  ;; A clause may go to the label of a `try`.
  (func (export "to-the-label-of-a-try") (result i32)
    try $t (result i32)
      (try_table (result i32) (catch $t $t) (throw $t (i32.const 3)))
      catch_all (i32.const 4) end))

(assert_return (invoke "old-in-new") (i32.const 2))
(assert_return (invoke "new-in-old") (i32.const 6))
(assert_return (invoke "to-the-label-of-a-try") (i32.const 3))

(assert_malformed (module quote "(module (func (catch_all)))") "unexpected token")
(assert_invalid
  (module (func (result i32) try (result i32) (i32.const 1) catch_all (i64.const 1) end))
  "type mismatch")
(assert_invalid
  (module (tag $t (param i64)) (func (result i32) try (result i32) (i32.const 1) catch $t end))
  "type mismatch")
(assert_invalid
  (module (func (result i32) try (result i32)  catch_all (i32.const 1) end))
  "type mismatch")
(assert_invalid
  (module (func try  catch 0 end))
  "unknown tag")
;; `catch` behind `catch_all`, and outside of a `try`.
(assert_invalid
  (module binary
    "\00asm" "\01\00\00\00"
    "\01\04\01\60\00\00" "\03\02\01\00" "\0d\03\01\00\00"
    "\0a\0a\01\08\00" "\06\40" "\19" "\07\00" "\0b" "\0b")
  "")
(assert_invalid
  (module binary
    "\00asm" "\01\00\00\00"
    "\01\04\01\60\00\00" "\03\02\01\00" "\0d\03\01\00\00"
    "\0a\06\01\04\00" "\07\00" "\0b")
  "")
