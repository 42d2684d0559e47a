/* f64 loads and stores in nested loops: heat spreading over a plate, a five-point stencil relaxed in two buffers. */
#include "work.h"

#define W 96
#define H 64
static f64 plate[2][H][W];

i32 run(i32 n) {
    for (u32 y = 0; y < H; y++)
        for (u32 x = 0; x < W; x++) plate[0][y][x] = plate[1][y][x] = (x == 0) ? 100.0 : (f64)((x * 7 + y * 13) % 17);
    u32 now = 0;
    for (i32 i = 0; i < n; i++, now ^= 1)
        for (u32 y = 1; y < H - 1; y++)
            for (u32 x = 1; x < W - 1; x++) {
                f64 here = plate[now][y][x];
                f64 flow = plate[now][y - 1][x] + plate[now][y + 1][x] + plate[now][y][x - 1] + plate[now][y][x + 1];
                plate[now ^ 1][y][x] = here + 0.2 * (flow - 4.0 * here);
            }
    u32 sum = 0;
    for (u32 y = 0; y < H; y++)
        for (u32 x = 0; x < W; x++) sum = mix(sum, bits(plate[now][y][x]));
    return (i32)sum;
}
