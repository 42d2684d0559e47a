;; Active segments were dropped where copying them trapped or was not reached, so that a function that was in a shared table by then could
;; not copy them. Found by reading the standard's chapter on instantiation.

(module $outer
  (table (export "t") 10 funcref)
  (memory (export "m") 1 1)
  (func (export "call") (param i32) (result i64)
    (call_indirect (result i64) (local.get 0))))
(register "outer" $outer)

;; The first element segment is copied and dropped, the second one traps, the third one and the data segment are not reached.
(assert_trap
  (module
    (import "outer" "t" (table 10 funcref))
    (import "outer" "m" (memory 1))
    (elem (i32.const 0) $elements $data $dropped)
    (elem (i32.const 100) funcref (ref.func $one))
    (elem (i32.const 8) $two)
    (data (i32.const 8) "\03")
    (func $one (result i64) (i64.const 1))
    (func $two (result i64) (i64.const 2))
    (func $elements (result i64)
      (table.init 1 (i32.const 4) (i32.const 0) (i32.const 1))
      (table.init 2 (i32.const 5) (i32.const 0) (i32.const 1))
      (i64.add (call_indirect (result i64) (i32.const 4)) (call_indirect (result i64) (i32.const 5))))
    (func $data (result i64)
      (memory.init 0 (i32.const 100) (i32.const 0) (i32.const 1))
      (i64.load (i32.const 100)))
    (func $dropped (result i64)
      (table.init 0 (i32.const 4) (i32.const 0) (i32.const 1))
      (i64.const 0)))
  "out of bounds table access")

(assert_return (invoke $outer "call" (i32.const 0)) (i64.const 3))
(assert_return (invoke $outer "call" (i32.const 1)) (i64.const 3))
(assert_trap (invoke $outer "call" (i32.const 2)) "out of bounds table access")
(assert_trap (invoke $outer "call" (i32.const 8)) "uninitialized element")

;; A data segment that traps, and the one behind it.
(assert_trap
  (module
    (import "outer" "t" (table 10 funcref))
    (import "outer" "m" (memory 1))
    (elem (i32.const 0) $data)
    (data (i32.const 200) "\01")
    (data (i32.const 65536) "\02")
    (data (i32.const 201) "\03")
    (func $data (result i64)
      (memory.init 1 (i32.const 208) (i32.const 0) (i32.const 1))
      (memory.init 2 (i32.const 209) (i32.const 0) (i32.const 1))
      (i64.add (i64.load (i32.const 200)) (i64.load (i32.const 208)))))
  "out of bounds memory access")

(assert_return (invoke $outer "call" (i32.const 0)) (i64.const 0x0303))
