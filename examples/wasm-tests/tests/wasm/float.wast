;; Scripts have assertions that directives lack: bit patterns of NaNs, several modules, modules that must not parse.

(module $lib
    (func (export "mean") (param f64 f64) (result f64)
        (f64.div (f64.add (local.get 0) (local.get 1)) (f64.const 2))))
(register "lib")

(module
    (import "lib" "mean" (func $mean (param f64 f64) (result f64)))
    (func (export "middle") (param f64 f64 f64) (result f64)
        (call $mean (call $mean (local.get 0) (local.get 1)) (local.get 2))))

(assert_return (invoke $lib "mean" (f64.const 1) (f64.const 2)) (f64.const 1.5))
(assert_return (invoke $lib "mean" (f64.const inf) (f64.const -inf)) (f64.const nan:canonical))
(assert_return (invoke "middle" (f64.const 0) (f64.const 2) (f64.const 3)) (f64.const 2))
(assert_invalid (module (func (result f64) (i64.const 0))) "type mismatch")
