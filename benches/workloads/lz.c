/* Compression: a byte-oriented LZ77 with a hash table of positions, then decompression and comparison. */
#include "work.h"

#define SIZE 16384
static u8 plain[SIZE], packed[SIZE + SIZE / 8 + 64], again[SIZE];
static u16 heads[4096];

static inline u32 three(const u8 *p) { return p[0] | p[1] << 8 | p[2] << 16; }

/* Token 0lllllll: l+1 literals follow; 1lllllll hi lo: copy l+3 bytes from a distance. */
static NOINLINE u32 pack(void) {
    u32 at = 0, out = 0, literals = 0, mark = 0;
    for (u32 i = 0; i < 4096; i++) heads[i] = 0xFFFF;
    while (at < SIZE) {
        u32 match = 0, distance = 0;
        if (at + 3 <= SIZE) {
            u32 slot = three(plain + at) * 0x9E3779B1u >> 20, candidate = heads[slot];
            heads[slot] = (u16)at;
            if (candidate != 0xFFFF && three(plain + candidate) == three(plain + at)) {
                u32 most = SIZE - at < 130 ? SIZE - at : 130;
                match = 3;
                while (match < most && plain[candidate + match] == plain[at + match]) match++;
                distance = at - candidate;
            }
        }
        if (match) {
            packed[out++] = (u8)(0x80 | (match - 3));
            packed[out++] = (u8)(distance >> 8);
            packed[out++] = (u8)distance;
            at += match;
            literals = 0;
        } else {
            if (literals == 0 || literals == 128) { mark = out++; literals = 0; }
            packed[mark] = (u8)literals++;
            packed[out++] = plain[at++];
        }
    }
    return out;
}

static NOINLINE u32 unpack(u32 len) {
    u32 out = 0;
    for (u32 at = 0; at < len;) {
        u32 token = packed[at++];
        if (token & 0x80) {
            u32 from = out - (packed[at] << 8 | packed[at + 1]);
            at += 2;
            for (u32 k = (token & 0x7F) + 3; k; k--) again[out++] = again[from++];
        } else {
            for (u32 k = token + 1; k; k--) again[out++] = packed[at++];
        }
    }
    return out;
}

i32 run(i32 n) {
    static const char phrase[] = "the quick tick of the small clock in the tall hall by the wall ";
    u32 seed = 3, sum = 0;
    for (i32 i = 0; i < n; i++) {
        for (u32 k = 0; k < SIZE;) {
            u32 r = rnd(&seed), from = r % 40, len = r >> 8 & 15;
            for (; len && k < SIZE; len--) plain[k++] = (u8)phrase[from++];
            if (k < SIZE) plain[k++] = (u8)(r >> 24);
        }
        u32 len = pack();
        u32 back = unpack(len), wrong = 0;
        for (u32 k = 0; k < SIZE; k++) wrong += plain[k] != again[k];
        sum = mix(mix(sum, len), back ^ wrong << 20);
    }
    return (i32)sum;
}
