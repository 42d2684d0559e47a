/* Four systems of bodies at once, one in each lane of f32x4: multiplications, sums, divisions and square roots of floats. */
#include "work.h"
#include <wasm_simd128.h>

#define BODIES 8

static v128_t at[3][BODIES], speed[3][BODIES], mass[BODIES];

static v128_t random_lanes(u32 *state) {
    f32 lanes[4];
    for (int i = 0; i < 4; i++) lanes[i] = (f32)(rnd(state) >> 8) / (f32)(1 << 24) + 0.25f;
    return wasm_v128_load(lanes);
}

static void step(v128_t dt) {
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            v128_t d[3], square = wasm_f32x4_const_splat(0.01f);
            for (int k = 0; k < 3; k++) {
                d[k] = wasm_f32x4_sub(at[k][i], at[k][j]);
                square = wasm_f32x4_add(square, wasm_f32x4_mul(d[k], d[k]));
            }
            v128_t pull = wasm_f32x4_div(dt, wasm_f32x4_mul(square, wasm_f32x4_sqrt(square)));
            for (int k = 0; k < 3; k++) {
                v128_t force = wasm_f32x4_mul(d[k], pull);
                speed[k][i] = wasm_f32x4_sub(speed[k][i], wasm_f32x4_mul(force, mass[j]));
                speed[k][j] = wasm_f32x4_add(speed[k][j], wasm_f32x4_mul(force, mass[i]));
            }
        }
    }
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++) at[k][i] = wasm_f32x4_add(at[k][i], wasm_f32x4_mul(dt, speed[k][i]));
}

i32 run(i32 units) {
    u32 state = 31337;
    for (int i = 0; i < BODIES; i++) {
        mass[i] = random_lanes(&state);
        for (int k = 0; k < 3; k++) {
            at[k][i] = random_lanes(&state);
            speed[k][i] = wasm_f32x4_const_splat(0);
        }
    }
    for (i32 unit = 0; unit < units; unit++)
        for (int n = 0; n < 16; n++) step(wasm_f32x4_const_splat(0.001f));
    v128_t sum = wasm_f32x4_const_splat(0);
    for (int i = 0; i < BODIES; i++) sum = wasm_f32x4_add(sum, at[0][i]);
    return wasm_i32x4_extract_lane(sum, 0) ^ wasm_i32x4_extract_lane(sum, 1) * 3;
}
