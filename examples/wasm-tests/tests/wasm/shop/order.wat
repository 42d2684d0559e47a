;; Each file has a store of its own, so the first order is always number 1.
;;
;; invoke: "order twice" 3
;; expect: i32 399 i32 2
;; invoke: "order twice" 4
;; expect: i32 499 i32 4
(module
    (import "shop" "price" (func $price (param i32) (result i32)))
    (import "shop" "order" (func $order (param i32) (result i32)))
    (func (export "order twice") (param $article i32) (result i32 i32)
        (drop (call $order (local.get $article)))
        (call $price (local.get $article))
        (call $order (local.get $article))))
