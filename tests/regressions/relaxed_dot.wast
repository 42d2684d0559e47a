;; The relaxed dot products of bytes wrapped where the deterministic profile saturates. Found by pairs of vector instructions.

(module
  (func (export "dot") (param v128 v128) (result v128)
    (i16x8.relaxed_dot_i8x16_i7x16_s (local.get 0) (local.get 1)))
  (func (export "dot_add") (param v128 v128 v128) (result v128)
    (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 0) (local.get 1) (local.get 2))))

(assert_return
  (invoke "dot"
    (v128.const i8x16 -128 -128 127 127 -128 -128 0 0 0 0 0 0 0 0 0 0)
    (v128.const i8x16 -128 -128 127 127 127 127 0 0 0 0 0 0 0 0 0 0))
  (v128.const i16x8 32767 32258 -32512 0 0 0 0 0))
(assert_return
  (invoke "dot_add"
    (v128.const i8x16 -128 -128 -128 -128 0 0 0 0 0 0 0 0 0 0 0 0)
    (v128.const i8x16 -128 -128 -128 -128 0 0 0 0 0 0 0 0 0 0 0 0)
    (v128.const i32x4 1 2 3 4))
  (v128.const i32x4 65535 2 3 4))
