;; `rethrow`: the exception that a handler was entered with, thrown once more.

(module
  (tag $a)
  (tag $i (param i32))
  (tag $many (param i32 i64 f32 f64))

  (func (export "uncaught") try (throw $a) catch $a (rethrow 0) end)
  (func (export "uncaught-all") try (throw $a) catch_all (rethrow 0) end)

  (func (export "if") (param i32) (result i32)
    try (result i32)
      (throw $a)
      catch $a
        (if (i32.eqz (local.get 0)) (then (rethrow 1)))
        (i32.const 23) end)

  (func (export "payload") (result i32 i64 f32 f64)
    try (result i32 i64 f32 f64)
      
        try
          (throw $many (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))
          catch $many (drop) (drop) (drop) (drop) (rethrow 0)
          catch_all end
        (unreachable)
      catch $many end)

  (func (export "from-catch_all") (result i32)
    try (result i32)
      
        try (throw $i (i32.const 5)) catch_all (rethrow 0) end
        (i32.const 0)
      catch $i end)

  ;; Which of two handlers' exceptions it is, is said by the label.
  (func (export "nested") (param $n i32) (result i32)
    try (result i32)
      
        try $outer
          (throw $i (i32.const 1))
          catch $i
            (drop)
            try $inner
              (throw $i (i32.const 2))
              catch $i
                (drop)
                (if (i32.eqz (local.get $n)) (then (rethrow $outer)))
                (if (i32.eq (local.get $n) (i32.const 1)) (then (rethrow $inner)))
                try (throw $a) catch_all (rethrow $outer) end end end
        (i32.const 9)
      catch $i end)

  ;; It is the same one however the operands have moved meanwhile.
  (func (export "deep") (result i32)
    (i32.const 100)
    try (result i32)
      
        (i32.const 200)
        try (result i32)
          (throw $i (i32.const 7))
          catch $i
            (i32.const 1) (i32.const 2)
            (block (param i32 i32 i32) (result i32)
              (i32.add) (i32.add)
              (loop (param i32) (result i32)
                (i32.const 3)
                (rethrow 2))) end
        (i32.add)
      catch $i (i32.add (i32.const 1)) end
    (i32.add))

  ;; A recursion in which each level rethrows, and counts.
  (global $levels (mut i32) (i32.const 0))
  (func $recurse (param $n i32)
    try
      
        (if (local.get $n)
          (then (call $recurse (i32.sub (local.get $n) (i32.const 1))))
          (else (throw $i (i32.const 11))))
      catch_all
        (global.set $levels (i32.add (global.get $levels) (i32.const 1)))
        (rethrow 0) end)
  (func (export "recursion") (param $n i32) (result i32 i32)
    (global.set $levels (i32.const 0))
    try (result i32) (call $recurse (local.get $n)) (i32.const 0) catch $i end
    (global.get $levels))

  (func (export "loop") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      try
        
          try
            (throw $i (local.get $n))
            catch $i
              (local.set $sum (i32.add (local.get $sum)))
              (rethrow 0) end
        catch_all end
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))

(assert_exception (invoke "uncaught"))
(assert_exception (invoke "uncaught-all"))
(assert_exception (invoke "if" (i32.const 0)))
(assert_return (invoke "if" (i32.const 1)) (i32.const 23))
(assert_return (invoke "payload") (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))
(assert_return (invoke "from-catch_all") (i32.const 5))
(assert_return (invoke "nested" (i32.const 0)) (i32.const 1))
(assert_return (invoke "nested" (i32.const 1)) (i32.const 2))
(assert_return (invoke "nested" (i32.const 2)) (i32.const 1))
(assert_return (invoke "deep") (i32.const 108))
(assert_return (invoke "recursion" (i32.const 100)) (i32.const 11) (i32.const 101))
(assert_return (invoke "loop" (i32.const 1000)) (i32.const 500500))

(assert_invalid (module (func (rethrow 0))) "")
(assert_invalid (module (func (block (rethrow 0)))) "")
(assert_invalid (module (func try (rethrow 0) catch_all end)) "")
(assert_invalid (module (func try  catch_all (block (rethrow 0)) end)) "")
(assert_invalid (module (func try  catch_all (rethrow 5) end)) "unknown label")
