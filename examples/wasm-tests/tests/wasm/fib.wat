;; Fibonacci's numbers, the slow way.
;;
;; invoke: fib 10
;; expect: i32 55
;; fuel: 2297
;;
;; The bound says how slow it may become.
;; invoke: fib 20
;; expect: i32 6765
;; fuel-max: 300_000
;;
;; invoke: fib -1
;; trap: unreachable
(module
    (func $fib (export "fib") (param $n i32) (result i32)
        (if (i32.lt_s (local.get $n) (i32.const 0))
            (then (unreachable)))
        (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
            (then (local.get $n))
            (else
                (i32.add
                    (call $fib (i32.sub (local.get $n) (i32.const 1)))
                    (call $fib (i32.sub (local.get $n) (i32.const 2))))))))
