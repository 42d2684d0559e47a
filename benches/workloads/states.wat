;; br_table alone: a state machine of six states over a pseudo-random tape, no memory.
(module
  (func (export "run") (param $n i32) (result i32)
    (local $state i32) (local $x i32) (local $sum i32)
    (local.set $x (i32.const 0x2545F491))
    (loop $step
      (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
      (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
      (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
      (block $done
        (block $stuck
          (block $five
            (block $four
              (block $three
                (block $two
                  (block $one
                    (block $zero
                      (br_table $zero $one $two $three $four $five $stuck (local.get $state)))
                    ;; zero: any bit leads on
                    (local.set $state (i32.add (i32.and (local.get $x) (i32.const 1)) (i32.const 1)))
                    (local.set $sum (i32.add (local.get $sum) (i32.const 3)))
                    (br $done))
                  ;; one: waits for two bits at once
                  (local.set $state
                    (select (i32.const 3) (i32.const 2) (i32.eq (i32.and (local.get $x) (i32.const 6)) (i32.const 6))))
                  (local.set $sum (i32.xor (local.get $sum) (local.get $x)))
                  (br $done))
                ;; two
                (local.set $state (i32.const 4))
                (local.set $sum (i32.rotl (local.get $sum) (i32.const 3)))
                (br $done))
              ;; three
              (local.set $state (i32.shl (i32.and (local.get $x) (i32.const 3)) (i32.const 1)))
              (local.set $sum (i32.sub (local.get $sum) (i32.const 77)))
              (br $done))
            ;; four
            (local.set $state (i32.rem_u (local.get $x) (i32.const 6)))
            (br $done))
          ;; five
          (local.set $state (i32.const 0))
          (local.set $sum (i32.mul (local.get $sum) (i32.const 5)))
          (br $done))
        ;; a state that is none of these starts over
        (local.set $state (i32.const 0))
        (local.set $sum (i32.add (local.get $sum) (i32.const 1))))
      (br_if $step (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
