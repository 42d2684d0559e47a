/* memory.copy and memory.fill of kilobytes, overlapping ones among them: the host's memmove should dominate. */
#include "work.h"

#define SIZE (256 * 1024)
static u8 buffer[SIZE];

i32 run(i32 n) {
    u32 seed = 12, sum = 0;
    for (u32 i = 0; i < SIZE; i++) buffer[i] = (u8)(i ^ i >> 8);
    for (i32 i = 0; i < n; i++) {
        u32 r = rnd(&seed);
        u32 len = 2048 + (r & 0x3FFF), from = r >> 14 & 0xFFFF, to = (r >> 13 & 0x1FFFF) + 512;
        __builtin_memmove(buffer + to, buffer + from, len);
        __builtin_memmove(buffer + to + 64, buffer + to, len);
        __builtin_memset(buffer + (from ^ 0x8000), i, len >> 3);
        sum = mix(sum, buffer[r & 0x1FFFF]);
    }
    for (u32 i = 0; i < SIZE; i += 61) sum = sum * 31 + buffer[i];
    return (i32)sum;
}
