;; A tight i64 loop: the steps that each number up to the argument takes to reach one, summed.
(module
  (func (export "run") (param $n i32) (result i32)
    (local $i i32) (local $x i64) (local $steps i32)
    (loop $numbers
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $x (i64.extend_i32_u (local.get $i)))
      (block $one
        (loop $steps
          (br_if $one (i64.le_u (local.get $x) (i64.const 1)))
          (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
          (if (i64.eqz (i64.and (local.get $x) (i64.const 1)))
            (then (local.set $x (i64.shr_u (local.get $x) (i64.const 1))))
            (else (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 3)) (i64.const 1)))))
          (br $steps)))
      (br_if $numbers (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $steps)))
