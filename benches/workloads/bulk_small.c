/* memory.copy and memory.fill of a few bytes, as a program with small records and short strings makes them. */
#include "work.h"

static u8 arena[16384];

i32 run(i32 n) {
    u32 seed = 900, sum = 0;
    for (u32 i = 0; i < sizeof arena; i++) arena[i] = (u8)(i * 7);
    for (i32 i = 0; i < n; i++) {
        for (u32 k = 0; k < 256; k++) {
            u32 r = rnd(&seed);
            u32 len = (r & 31) + 1, from = r >> 5 & 0x1FFF, to = r >> 18 & 0x1FFF;
            __builtin_memmove(arena + to, arena + from, len);
            if (!(k & 3)) __builtin_memset(arena + (to ^ 0x2000), (int)k, len >> 1);
        }
        sum = mix(sum, arena[i & 0x3FFF] | (u32)arena[(i * 31) & 0x3FFF] << 8);
    }
    for (u32 i = 0; i < sizeof arena; i++) sum = sum * 31 + arena[i];
    return (i32)sum;
}
