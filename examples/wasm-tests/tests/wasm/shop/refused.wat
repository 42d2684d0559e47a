;; invalid: type mismatch
(module (func (export "price") (result i32) (f64.const 0.99)))
