/* 32-bit add-rotate-xor with many live locals: the BLAKE2s compression function over 4 KiB an iteration. */
#include "work.h"

static const u32 iv[8] = { 0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19 };
static const u8 sigma[10][16] = {
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }, { 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
    { 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 }, { 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
    { 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 }, { 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
    { 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 }, { 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
    { 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 }, { 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

static inline u32 rotr(u32 v, u32 by) { return v >> by | v << (32 - by); }

#define QUARTER(a, b, c, d, i)                                            \
    do {                                                                  \
        a += b + m[s[i]];     d = rotr(d ^ a, 16); c += d; b = rotr(b ^ c, 12); \
        a += b + m[s[i + 1]]; d = rotr(d ^ a, 8);  c += d; b = rotr(b ^ c, 7);  \
    } while (0)

static NOINLINE void compress(u32 h[8], const u32 m[16], u32 count, u32 final) {
    u32 v0 = h[0], v1 = h[1], v2 = h[2], v3 = h[3], v4 = h[4], v5 = h[5], v6 = h[6], v7 = h[7];
    u32 v8 = iv[0], v9 = iv[1], va = iv[2], vb = iv[3], vc = iv[4] ^ count, vd = iv[5], ve = iv[6] ^ final, vf = iv[7];
    for (u32 r = 0; r < 10; r++) {
        const u8 *s = sigma[r];
        QUARTER(v0, v4, v8, vc, 0);
        QUARTER(v1, v5, v9, vd, 2);
        QUARTER(v2, v6, va, ve, 4);
        QUARTER(v3, v7, vb, vf, 6);
        QUARTER(v0, v5, va, vf, 8);
        QUARTER(v1, v6, vb, vc, 10);
        QUARTER(v2, v7, v8, vd, 12);
        QUARTER(v3, v4, v9, ve, 14);
    }
    h[0] ^= v0 ^ v8; h[1] ^= v1 ^ v9; h[2] ^= v2 ^ va; h[3] ^= v3 ^ vb;
    h[4] ^= v4 ^ vc; h[5] ^= v5 ^ vd; h[6] ^= v6 ^ ve; h[7] ^= v7 ^ vf;
}

static u32 block[1024];

i32 run(i32 n) {
    u32 seed = 8, sum = 0;
    for (u32 i = 0; i < 1024; i++) block[i] = rnd(&seed);
    for (i32 i = 0; i < n; i++) {
        u32 h[8];
        for (u32 k = 0; k < 8; k++) h[k] = iv[k];
        h[0] ^= 0x01010020;
        for (u32 k = 0; k < 64; k++) compress(h, &block[k * 16], (k + 1) * 64, k == 63 ? ~0u : 0);
        for (u32 k = 0; k < 8; k++) sum = mix(sum, h[k]);
        block[i & 1023] ^= sum;
    }
    return (i32)sum;
}
