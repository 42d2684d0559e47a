;; A `select` whose condition is an `i32.eqz` of something computed: another engine fused the two and chose the wrong operand.

(module
  (func (export "local") (param i32 i64 i64) (result i64)
    (select (local.get 1) (local.get 2) (i32.eqz (local.get 0))))
  (func (export "sum") (param i32 i64 i64) (result i64)
    (select (local.get 1) (local.get 2) (i32.eqz (i32.add (local.get 0) (i32.const -1)))))
  (func (export "twice") (param i32 i64 i64) (result i64)
    (select (local.get 1) (local.get 2) (i32.eqz (i32.eqz (local.get 0)))))
  (func (export "wide") (param i64 i32 i32) (result i32)
    (select (local.get 1) (local.get 2) (i64.eqz (local.get 0)))))

(assert_return (invoke "local" (i32.const 0) (i64.const 5) (i64.const 7)) (i64.const 5))
(assert_return (invoke "local" (i32.const 2) (i64.const 5) (i64.const 7)) (i64.const 7))
(assert_return (invoke "sum" (i32.const 1) (i64.const 5) (i64.const 7)) (i64.const 5))
(assert_return (invoke "sum" (i32.const 0) (i64.const 5) (i64.const 7)) (i64.const 7))
(assert_return (invoke "twice" (i32.const 0) (i64.const 5) (i64.const 7)) (i64.const 7))
(assert_return (invoke "twice" (i32.const 9) (i64.const 5) (i64.const 7)) (i64.const 5))
(assert_return (invoke "wide" (i64.const 0) (i32.const 5) (i32.const 7)) (i32.const 5))
(assert_return (invoke "wide" (i64.const 0x100000000) (i32.const 5) (i32.const 7)) (i32.const 7))
