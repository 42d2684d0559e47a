;; `try` with `delegate`: exceptions of the body are those of another place.

(module
  (tag $a)
  (tag $b)
  (tag $i (param i32))

  (func (export "nothing-thrown") (result i32)
    try (result i32)
      try (result i32) (i32.const 1) delegate 0
      catch $a (i32.const 2) end)

  (func (export "to-the-next") (result i32)
    try $t (result i32)
      try (result i32) (throw $a) delegate $t
      catch $a (i32.const 2) end)

  ;; The one in between does not see the exception.
  (func (export "over-one") (result i32)
    try $t (result i32)
      
        try (result i32)
          try (result i32) (throw $i (i32.const 5)) delegate $t
          catch_all (i32.const 1) end
      catch $i end)

  ;; A block that is no `try` stands for what is around it.
  (func (export "to-a-block") (result i32)
    try (result i32)
      
        (block $b (result i32)
          try (result i32)
            try (result i32) (throw $a) delegate $b
            catch_all (i32.const 1) end)
      catch_all (i32.const 2) end)

  (func (export "to-the-caller") (result i32)
    try (result i32)
      try (result i32) (throw $a) delegate 1
      catch_all (i32.const 1) end)
  (func $delegates try try (throw $i (i32.const 8)) delegate 1 catch_all end)
  (func (export "caught-by-the-caller") (result i32)
    try (result i32) (call $delegates) (i32.const 0) catch $i end)

  ;; A handler's place is outside of its `try`.
  (func (export "from-a-handler") (result i32)
    try (result i32)
      
        try $t (result i32)
          (throw $a)
          catch $a try (result i32) (throw $b) delegate $t
          catch $b (i32.const 1) end
      catch $b (i32.const 2) end)

  (func (export "chain") (result i32)
    try $one (result i32)
      
        try $two (result i32)
          
            try $three (result i32)
              
                try (result i32)
                  try (result i32) (throw $i (i32.const 3)) delegate $three
                  catch_all (i32.const 1) end
              delegate $one
          catch_all (i32.const 2) end
      catch $i end)

  (func (export "what-is-below-stays") (result i32)
    (i32.const 10)
    try $t (result i32)
      
        (i32.const 20)
        try (result i32) (throw $i (i32.const 1)) delegate $t
        (i32.add)
      catch $i end
    (i32.add))

  (func (export "behind-it") (param $n i32) (result i32)
    try $t (result i32)
      
        try (br_if 0 (local.get $n)) (throw $a) delegate $t
        (throw $b)
      catch $a (i32.const 1)
      catch $b (i32.const 2) end)

  (func (export "dead") (result i32)
    (return (i32.const 4))
    try (result i32) (throw $a) delegate 0))

(assert_return (invoke "nothing-thrown") (i32.const 1))
(assert_return (invoke "to-the-next") (i32.const 2))
(assert_return (invoke "over-one") (i32.const 5))
(assert_return (invoke "to-a-block") (i32.const 2))
(assert_exception (invoke "to-the-caller"))
(assert_return (invoke "caught-by-the-caller") (i32.const 8))
(assert_return (invoke "from-a-handler") (i32.const 2))
(assert_return (invoke "chain") (i32.const 3))
(assert_return (invoke "what-is-below-stays") (i32.const 11))
(assert_return (invoke "behind-it" (i32.const 0)) (i32.const 1))
(assert_return (invoke "behind-it" (i32.const 1)) (i32.const 2))
(assert_return (invoke "dead") (i32.const 4))

(assert_invalid (module (func try  delegate 1)) "unknown label")
(assert_invalid (module (func (result i32) try (result i32) (i64.const 1) delegate 0)) "type mismatch")
