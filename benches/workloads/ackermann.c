/* Recursion with little work per call: Ackermann's function, then Takeuchi's with three arguments. */
#include "work.h"

static NOINLINE u32 ack(u32 m, u32 n) {
    if (m == 0) return n + 1;
    if (n == 0) return ack(m - 1, 1);
    return ack(m - 1, ack(m, n - 1));
}

static NOINLINE i32 tak(i32 x, i32 y, i32 z) {
    if (y >= x) return z;
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

i32 run(i32 n) {
    u32 sum = 1;
    for (i32 i = 0; i < n; i++) {
        sum = mix(sum, ack(2, 60 + (i & 7)));
        sum = mix(sum, ack(3, 5));
        sum = mix(sum, (u32)tak(12 + (i & 3), 8, 2));
    }
    return (i32)sum;
}
