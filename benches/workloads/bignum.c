/* 64-bit arithmetic with carries: products and squares of 512-bit numbers in 32-bit limbs, and digits by division. */
#include "work.h"

#define LIMBS 16
static u32 x[LIMBS], y[LIMBS], product[2 * LIMBS];

static NOINLINE void multiply(const u32 *a, const u32 *b) {
    for (u32 i = 0; i < 2 * LIMBS; i++) product[i] = 0;
    for (u32 i = 0; i < LIMBS; i++) {
        u64 carry = 0;
        for (u32 j = 0; j < LIMBS; j++) {
            u64 t = (u64)a[i] * b[j] + product[i + j] + carry;
            product[i + j] = (u32)t;
            carry = t >> 32;
        }
        product[i + LIMBS] = (u32)carry;
    }
}

static u32 divide_small(u32 *v, u32 len, u32 by) {
    u64 rest = 0;
    for (u32 i = len; i-- > 0;) {
        rest = rest << 32 | v[i];
        v[i] = (u32)(rest / by);
        rest %= by;
    }
    return (u32)rest;
}

static void add_into(u32 *a, const u32 *b) {
    u64 carry = 0;
    for (u32 i = 0; i < LIMBS; i++) {
        carry += (u64)a[i] + b[i];
        a[i] = (u32)carry;
        carry >>= 32;
    }
}

i32 run(i32 n) {
    u32 seed = 65537, sum = 0;
    for (u32 i = 0; i < LIMBS; i++) { x[i] = rnd(&seed); y[i] = rnd(&seed); }
    for (i32 i = 0; i < n; i++) {
        multiply(x, y);
        add_into(x, product);
        multiply(x, x);
        add_into(y, product + LIMBS);
        for (u32 k = 0; k < 3; k++) sum = mix(sum, divide_small(product, 2 * LIMBS, 1000000007u));
        y[0] |= 1;
    }
    for (u32 i = 0; i < LIMBS; i++) sum = mix(sum, x[i] ^ y[i]);
    return (i32)sum;
}
