/* Searching a text for line ends and quotation marks, 16 bytes at a time: comparisons, bit masks, and counting zeros. */
#include "work.h"
#include <wasm_simd128.h>

#define LENGTH 16384

static u8 text[LENGTH];

i32 run(i32 units) {
    u32 state = 20200;
    for (int i = 0; i < LENGTH; i++) {
        u32 r = rnd(&state);
        text[i] = r % 61 == 0 ? '\n' : r % 37 == 0 ? '"' : (u8)(' ' + (r >> 8) % 90);
    }
    u32 sum = 0;
    for (i32 unit = 0; unit < units; unit++) {
        u32 lines = 0, quoted = 0, last = 0;
        for (u32 at = 0; at < LENGTH; at += 16) {
            v128_t bytes = wasm_v128_load(text + at);
            v128_t ends = wasm_i8x16_eq(bytes, wasm_i8x16_splat('\n'));
            v128_t marks = wasm_i8x16_eq(bytes, wasm_i8x16_splat('"'));
            u32 mask = wasm_i8x16_bitmask(ends);
            quoted += (u32)__builtin_popcount(wasm_i8x16_bitmask(marks));
            while (mask) {
                u32 end = at + (u32)__builtin_ctz(mask);
                lines = mix(lines, end - last);
                last = end;
                mask &= mask - 1;
            }
        }
        sum = mix(sum, lines ^ quoted);
        text[sum % LENGTH] = (u8)sum;
    }
    return (i32)sum;
}
