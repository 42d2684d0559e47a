/* Byte loads and a two-dimensional neighbourhood: Conway's game on a torus of 128 x 128 cells. */
#include "work.h"

#define SIZE 128
static u8 grid[2][SIZE][SIZE];

i32 run(i32 n) {
    u32 seed = 2024, sum = 0;
    for (u32 y = 0; y < SIZE; y++)
        for (u32 x = 0; x < SIZE; x++) grid[0][y][x] = (rnd(&seed) & 7) < 3;
    u32 now = 0;
    for (i32 step = 0; step < n; step++, now ^= 1) {
        u32 alive = 0;
        for (u32 y = 0; y < SIZE; y++) {
            const u8 *up = grid[now][(y + SIZE - 1) % SIZE], *mid = grid[now][y], *down = grid[now][(y + 1) % SIZE];
            for (u32 x = 0; x < SIZE; x++) {
                u32 l = (x + SIZE - 1) % SIZE, r = (x + 1) % SIZE;
                u32 around = up[l] + up[x] + up[r] + mid[l] + mid[r] + down[l] + down[x] + down[r];
                u8 next = around == 3 || (around == 2 && mid[x]);
                grid[now ^ 1][y][x] = next;
                alive += next;
            }
        }
        sum = mix(sum, alive);
    }
    return (i32)sum;
}
