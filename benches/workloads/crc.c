/* Byte-wise hashing through tables: CRC-32 and Adler-32 of 8 KiB an iteration, and a CRC bit by bit of a few bytes. */
#include "work.h"

#define SIZE 8192
static u8 data[SIZE];
static u32 table[256];

static u32 bitwise(u32 crc, const u8 *p, u32 len) {
    while (len--) {
        crc ^= *p++;
        for (u32 k = 0; k < 8; k++) crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
    }
    return crc;
}

static u32 tabled(u32 crc, const u8 *p, u32 len) {
    while (len--) crc = table[(u8)(crc ^ *p++)] ^ crc >> 8;
    return crc;
}

static u32 adler(const u8 *p, u32 len) {
    u32 a = 1, b = 0;
    for (u32 i = 0; i < len; i++) {
        a += p[i];
        if (a >= 65521) a -= 65521;
        b += a;
        if (b >= 65521) b -= 65521;
    }
    return b << 16 | a;
}

i32 run(i32 n) {
    u32 seed = 4711, sum = ~0u;
    for (u32 i = 0; i < 256; i++) {
        u8 one = (u8)i;
        table[i] = bitwise(0, &one, 1);
    }
    for (u32 i = 0; i < SIZE; i++) data[i] = (u8)rnd(&seed);
    for (i32 i = 0; i < n; i++) {
        sum = tabled(sum, data, SIZE);
        sum = bitwise(sum, data, 128);
        sum ^= adler(data, SIZE);
        data[i & (SIZE - 1)] ^= (u8)sum;
    }
    return (i32)~sum;
}
