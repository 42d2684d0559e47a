;; Long loops of accesses to 64-bit memories overflowed the host's stack in builds that optimise for size. Found with `vector_loops`.

(module
  (memory i64 1)
  (func (export "sum") (param $n i32) (result i64) (local $at i64)
    (loop $l
      (i64.store (i64.const 8) (i64.add (i64.load (i64.const 8)) (i64.const 1)))
      (local.set $at (i64.add (local.get $at) (i64.load32_u offset=8 (i64.const 0))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $at)))

(assert_return (invoke "sum" (i32.const 100000)) (i64.const 5000050000))
