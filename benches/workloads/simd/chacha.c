/* The block function of ChaCha20, a row of the state in each vector: additions, xors, rotations by shifts, and rotated lanes. */
#include "work.h"
#include <wasm_simd128.h>

#define ROTATED(v, n) wasm_v128_or(wasm_i32x4_shl(v, n), wasm_u32x4_shr(v, 32 - (n)))

static void quarters(v128_t row[4]) {
    row[0] = wasm_i32x4_add(row[0], row[1]);
    row[3] = ROTATED(wasm_v128_xor(row[3], row[0]), 16);
    row[2] = wasm_i32x4_add(row[2], row[3]);
    row[1] = ROTATED(wasm_v128_xor(row[1], row[2]), 12);
    row[0] = wasm_i32x4_add(row[0], row[1]);
    row[3] = ROTATED(wasm_v128_xor(row[3], row[0]), 8);
    row[2] = wasm_i32x4_add(row[2], row[3]);
    row[1] = ROTATED(wasm_v128_xor(row[1], row[2]), 7);
}

/* The state after twenty rounds, added to what it was before. */
static void block(v128_t out[4], const v128_t in[4]) {
    v128_t row[4] = { in[0], in[1], in[2], in[3] };
    for (int round = 0; round < 20; round += 2) {
        quarters(row);
        row[1] = wasm_i32x4_shuffle(row[1], row[1], 1, 2, 3, 0);
        row[2] = wasm_i32x4_shuffle(row[2], row[2], 2, 3, 0, 1);
        row[3] = wasm_i32x4_shuffle(row[3], row[3], 3, 0, 1, 2);
        quarters(row);
        row[1] = wasm_i32x4_shuffle(row[1], row[1], 3, 0, 1, 2);
        row[2] = wasm_i32x4_shuffle(row[2], row[2], 2, 3, 0, 1);
        row[3] = wasm_i32x4_shuffle(row[3], row[3], 1, 2, 3, 0);
    }
    for (int i = 0; i < 4; i++) out[i] = wasm_i32x4_add(row[i], in[i]);
}

static v128_t text[256];

i32 run(i32 units) {
    v128_t state[4] = {
        wasm_i32x4_const(0x61707865, 0x3320646E, 0x79622D32, 0x6B206574),
        wasm_i32x4_const(1, 2, 3, 4),
        wasm_i32x4_const(5, 6, 7, 8),
        wasm_i32x4_const(0, 9, 10, 11),
    };
    for (i32 unit = 0; unit < units; unit++) {
        for (int i = 0; i < 256; i += 4) {
            v128_t key[4];
            block(key, state);
            for (int j = 0; j < 4; j++) text[i + j] = wasm_v128_xor(text[i + j], key[j]);
            state[3] = wasm_i32x4_add(state[3], wasm_i32x4_const(1, 0, 0, 0));
        }
    }
    v128_t sum = wasm_i32x4_const_splat(0);
    for (int i = 0; i < 256; i++) sum = wasm_v128_xor(wasm_i32x4_add(sum, sum), text[i]);
    return wasm_i32x4_extract_lane(sum, 0) ^ wasm_i32x4_extract_lane(sum, 3);
}
