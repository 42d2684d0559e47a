/* Bytes written as hexadecimal digits and read again: table look-ups by swizzle, interleaving, and bytes picked out of two vectors. */
#include "work.h"
#include <wasm_simd128.h>

#define LENGTH 8192

static u8 data[LENGTH], digits[LENGTH * 2], back[LENGTH];

static v128_t value(v128_t digit) {
    v128_t letter = wasm_i8x16_gt(digit, wasm_i8x16_const_splat('9'));
    return wasm_i8x16_sub(digit, wasm_v128_bitselect(wasm_i8x16_const_splat('a' - 10), wasm_i8x16_const_splat('0'), letter));
}

i32 run(i32 units) {
    u32 state = 99;
    for (int i = 0; i < LENGTH; i++) data[i] = (u8)rnd(&state);
    const v128_t table = wasm_u8x16_const('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f');
    u32 sum = 0;
    for (i32 unit = 0; unit < units; unit++) {
        for (int i = 0; i < LENGTH; i += 16) {
            v128_t bytes = wasm_v128_load(data + i);
            v128_t high = wasm_i8x16_swizzle(table, wasm_u8x16_shr(bytes, 4));
            v128_t low = wasm_i8x16_swizzle(table, wasm_v128_and(bytes, wasm_i8x16_const_splat(15)));
            wasm_v128_store(digits + 2 * i, wasm_i8x16_shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
            wasm_v128_store(digits + 2 * i + 16, wasm_i8x16_shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
        }
        for (int i = 0; i < LENGTH; i += 16) {
            v128_t x = value(wasm_v128_load(digits + 2 * i)), y = value(wasm_v128_load(digits + 2 * i + 16));
            v128_t high = wasm_i8x16_shuffle(x, y, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            v128_t low = wasm_i8x16_shuffle(x, y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            wasm_v128_store(back + i, wasm_v128_or(wasm_i8x16_shl(high, 4), low));
        }
        u32 at = (u32)unit * 16 % LENGTH;
        sum = mix(sum, *(u32 *)(back + at) ^ *(u32 *)(digits + at));
        data[at] += 7;
    }
    return (i32)sum;
}
