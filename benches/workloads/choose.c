/* Code that compiles to select: clamping, branch-free minimum and maximum, a sorting network, saturating pixels. */
#include "work.h"

#define PIXELS 1024
static u8 image[PIXELS];
static i32 lanes[PIXELS];

static inline i32 least(i32 a, i32 b) { return a < b ? a : b; }
static inline i32 most(i32 a, i32 b) { return a > b ? a : b; }
static inline i32 clamp(i32 v, i32 lo, i32 hi) { return most(lo, least(v, hi)); }
#define EXCHANGE(i, j) do { i32 l = least(v[i], v[j]), h = most(v[i], v[j]); v[i] = l; v[j] = h; } while (0)

static inline i32 median9(const i32 *from) {
    i32 v[9];
    for (u32 k = 0; k < 9; k++) v[k] = from[k];
    EXCHANGE(1, 2); EXCHANGE(4, 5); EXCHANGE(7, 8); EXCHANGE(0, 1); EXCHANGE(3, 4); EXCHANGE(6, 7);
    EXCHANGE(1, 2); EXCHANGE(4, 5); EXCHANGE(7, 8);
    i32 low = most(most(v[0], v[3]), v[6]), high = least(least(v[2], v[5]), v[8]);
    i32 mid = most(least(v[1], v[4]), least(most(v[1], v[4]), v[7]));
    return most(least(low, mid), least(most(low, mid), high));
}

i32 run(i32 n) {
    u32 seed = 10, sum = 0;
    for (u32 i = 0; i < PIXELS; i++) {
        image[i] = (u8)rnd(&seed);
        lanes[i] = (i32)rnd(&seed) >> 16;
    }
    for (i32 i = 0; i < n; i++) {
        i32 gain = (i & 15) - 7, lo = 1 << 30, hi = -lo;
        i64 total = 0;
        for (u32 k = 0; k < PIXELS; k++) {
            i32 v = image[k] * 5 / 4 + gain;
            image[k] = (u8)(v < 0 ? -v : v > 255 ? (510 - v) & 255 : v);
            i32 s = clamp(lanes[k] + v, -32768, 32767);
            lanes[k] = s & 1 ? s : ~s;
            lo = least(lo, s);
            hi = most(hi, s);
            total += s > 0 ? (i64)s << 20 : (i64)-s;
        }
        for (u32 k = 0; k + 9 < PIXELS; k += 3) sum += (u32)median9(lanes + k);
        sum = mix(sum, (u32)(hi - lo) ^ (u32)(total >> 16));
    }
    return (i32)sum;
}
