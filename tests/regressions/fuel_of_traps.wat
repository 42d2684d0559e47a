;; Instructions whose work grows with an operand were charged for work that they did not do, when they trapped. Found by comparison with the
;; naive interpreter. Each function is three constants, the instruction and no more.
;; invoke: fill
;; trap: out of bounds memory access
;; fuel: 4
;; invoke: copy
;; trap: out of bounds memory access
;; fuel: 4
;; invoke: init
;; trap: out of bounds memory access
;; fuel: 4
;; invoke: table_fill
;; trap: out of bounds table access
;; fuel: 4
;; invoke: refused
;; expect: i32 -1
;; fuel: 2
(module
  (memory 1 2)
  (table 1 funcref)
  (data $d "abc")
  (func (export "fill") (memory.fill (i32.const 1) (i32.const 2) (i32.const 65536)))
  (func (export "copy") (memory.copy (i32.const 1) (i32.const 0) (i32.const 65536)))
  (func (export "init") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 6400)))
  (func (export "table_fill") (table.fill (i32.const 0) (ref.null func) (i32.const 800)))
  (func (export "refused") (result i32) (memory.grow (i32.const 1000))))
