/* Laying one picture over another with an opacity for each point: bytes widened to 16 bits, multiplied, narrowed with saturation. */
#include "work.h"
#include <wasm_simd128.h>

#define POINTS 4096

static u8 below[POINTS * 4], above[POINTS * 4];

/* x * a + y * (255 - a), divided by 255 and rounded, in each of eight lanes. */
static v128_t mixed(v128_t x, v128_t y, v128_t a) {
    v128_t rest = wasm_i16x8_sub(wasm_i16x8_const_splat(255), a);
    v128_t sum = wasm_i16x8_add(wasm_i16x8_mul(x, a), wasm_i16x8_mul(y, rest));
    sum = wasm_i16x8_add(sum, wasm_i16x8_const_splat(128));
    return wasm_u16x8_shr(wasm_i16x8_add(sum, wasm_u16x8_shr(sum, 8)), 8);
}

i32 run(i32 units) {
    u32 state = 4711;
    for (int i = 0; i < POINTS * 4; i++) {
        below[i] = (u8)rnd(&state);
        above[i] = (u8)(rnd(&state) >> 8);
    }
    u32 sum = 0;
    for (i32 unit = 0; unit < units; unit++) {
        v128_t total = wasm_i32x4_const_splat(0);
        for (int i = 0; i < POINTS * 4; i += 16) {
            v128_t x = wasm_v128_load(above + i), y = wasm_v128_load(below + i);
            /* The fourth byte of each point is how opaque it is. */
            v128_t a = wasm_i8x16_shuffle(x, x, 3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15);
            v128_t low = mixed(wasm_u16x8_extend_low_u8x16(x), wasm_u16x8_extend_low_u8x16(y), wasm_u16x8_extend_low_u8x16(a));
            v128_t high = mixed(wasm_u16x8_extend_high_u8x16(x), wasm_u16x8_extend_high_u8x16(y), wasm_u16x8_extend_high_u8x16(a));
            v128_t both = wasm_u8x16_narrow_i16x8(low, high);
            wasm_v128_store(below + i, both);
            total = wasm_i32x4_add(total, wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(both)));
        }
        for (int i = 0; i < POINTS * 4; i += 64) below[i] ^= (u8)(unit + i);
        sum = mix(sum, (u32)wasm_i32x4_extract_lane(total, 0) + (u32)wasm_i32x4_extract_lane(total, 2));
    }
    return (i32)sum;
}
