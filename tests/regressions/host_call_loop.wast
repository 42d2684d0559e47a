;; Loops over calls of host functions used the host's stack in optimised builds, once for each call. Found by the check of tail calls.

(module
  (import "spectest" "print_i32" (func $print (param i32)))
  (table funcref (elem $print))
  (func (export "direct") (param $n i32) (result i32)
    (loop $l
      (call $print (local.get $n))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $n))
  (func (export "indirect") (param $n i32) (result i32)
    (loop $l
      (call_indirect (param i32) (local.get $n) (i32.const 0))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $n)))

(assert_return (invoke "direct" (i32.const 100000)) (i32.const 0))
(assert_return (invoke "indirect" (i32.const 100000)) (i32.const 0))
