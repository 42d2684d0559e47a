;; Mutable globals as a program's registers, and operands left on the stack across blocks.
(module
  (global $a (mut i32) (i32.const 1))
  (global $b (mut i32) (i32.const 0))
  (global $seed (mut i64) (i64.const 88172645463325252))
  (func $next (result i32)
    (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 13))))
    (global.set $seed (i64.xor (global.get $seed) (i64.shr_u (global.get $seed) (i64.const 7))))
    (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 17))))
    (i32.wrap_i64 (i64.shr_u (global.get $seed) (i64.const 24))))
  (func (export "run") (param $n i32) (result i32)
    (local $i i32)
    (global.set $a (i32.const 1))
    (global.set $b (i32.const 0))
    (global.set $seed (i64.const 88172645463325252))
    (loop $again
      (global.set $a
        (i32.add
          (i32.rotl (global.get $a) (i32.const 5))
          (block $value (result i32)
            (i32.xor (global.get $b) (call $next))
            (br_if $value (i32.and (local.get $i) (i32.const 1)))
            (i32.add (i32.const 0x3C6EF372)))))
      (global.set $b (i32.sub (global.get $a) (global.get $b)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (i32.add (global.get $a) (global.get $b))))
