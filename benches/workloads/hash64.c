/* 64-bit multiplies, rotates and xors: SipHash-2-4 of short keys, then a four-lane multiply-rotate hash of a block. */
#include "work.h"

static inline u64 rotl(u64 v, u32 by) { return v << by | v >> (64 - by); }

static u64 message[512];

#define SIPROUND                                                          \
    do {                                                                  \
        v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32);              \
        v2 += v3; v3 = rotl(v3, 16) ^ v2;                                 \
        v0 += v3; v3 = rotl(v3, 21) ^ v0;                                 \
        v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32);              \
    } while (0)

static u64 sip(u64 k0, u64 k1, const u64 *in, u32 words) {
    u64 v0 = k0 ^ 0x736f6d6570736575ull, v1 = k1 ^ 0x646f72616e646f6dull;
    u64 v2 = k0 ^ 0x6c7967656e657261ull, v3 = k1 ^ 0x7465646279746573ull;
    for (u32 i = 0; i < words; i++) {
        v3 ^= in[i];
        SIPROUND; SIPROUND;
        v0 ^= in[i];
    }
    u64 last = (u64)(words * 8) << 56;
    v3 ^= last;
    SIPROUND; SIPROUND;
    v0 ^= last;
    v2 ^= 0xff;
    SIPROUND; SIPROUND; SIPROUND; SIPROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}

static u64 lanes(u64 seed, const u64 *in, u32 words) {
    const u64 p1 = 0x9E3779B185EBCA87ull, p2 = 0xC2B2AE3D27D4EB4Full;
    u64 a = seed + p1, b = seed + p2, c = seed, d = seed - p1;
    for (u32 i = 0; i < words; i += 4) {
        a = rotl(a + in[i] * p2, 31) * p1;
        b = rotl(b + in[i + 1] * p2, 31) * p1;
        c = rotl(c + in[i + 2] * p2, 31) * p1;
        d = rotl(d + in[i + 3] * p2, 31) * p1;
    }
    u64 h = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18);
    h = (h ^ h >> 33) * p2;
    return h ^ h >> 29;
}

i32 run(i32 n) {
    u32 seed = 31337;
    for (u32 i = 0; i < 512; i++) message[i] = (u64)rnd(&seed) << 32 | rnd(&seed);
    u64 sum = 1;
    for (i32 i = 0; i < n; i++) {
        for (u32 k = 0; k < 64; k++) sum = sip(sum, k, &message[k * 8], k & 7);
        sum = lanes(sum, message, 512);
        message[i & 511] ^= sum;
    }
    return (i32)(sum ^ sum >> 32);
}
