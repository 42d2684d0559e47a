;; Long loops of vector instructions overflowed the host's stack in builds that optimise for size: handlers that kept vectors in memory
;; called the next one instead of jumping to it. Found in builds with `opt-level` 1, "s" and "z".

(module
  (memory 1)
  (func (export "shuffle") (param $n i32) (result v128) (local $v v128)
    (local.set $v (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
    (loop $l
      (local.set $v (i8x16.shuffle 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0 (local.get $v) (local.get $v)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $v))
  (func (export "bitselect") (param $n i32) (result v128) (local $v v128)
    (loop $l
      (local.set $v (v128.bitselect (i32x4.splat (local.get $n)) (local.get $v) (i32x4.splat (i32.const 3))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $v))
  (func (export "lanes") (param $n i32) (result v128) (local $v v128)
    (loop $l
      (local.set $v (i16x8.replace_lane 5 (local.get $v)
        (i32.add (i16x8.extract_lane_u 5 (local.get $v)) (i32.const 1))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $v))
  (func (export "memory") (param $n i32) (result v128)
    (loop $l
      (v128.store16_lane 3 (i32.const 16)
        (v128.load16_lane 3 (i32.const 16) (i32x4.splat (local.get $n))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (v128.load (i32.const 16))))

(assert_return (invoke "shuffle" (i32.const 100001)) (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0))
(assert_return (invoke "bitselect" (i32.const 100000)) (v128.const i32x4 1 1 1 1))
(assert_return (invoke "lanes" (i32.const 100000)) (v128.const i16x8 0 0 0 0 0 34464 0 0))
(assert_return (invoke "memory" (i32.const 100000)) (v128.const i32x4 0 0 0 0))
