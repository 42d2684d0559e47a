/* Dense linear algebra: LU factorization with row exchanges of a 48 x 48 matrix, then a solve. */
#include "work.h"

#define N 48
static f64 a[N][N], b[N];
static u32 order[N];

static f64 magnitude(f64 v) { return __builtin_fabs(v); }

static void factor(void) {
    for (u32 i = 0; i < N; i++) order[i] = i;
    for (u32 k = 0; k < N; k++) {
        u32 best = k;
        for (u32 i = k + 1; i < N; i++)
            if (magnitude(a[order[i]][k]) > magnitude(a[order[best]][k])) best = i;
        u32 swap = order[k];
        order[k] = order[best];
        order[best] = swap;
        const f64 *top = a[order[k]];
        for (u32 i = k + 1; i < N; i++) {
            f64 *row = a[order[i]];
            f64 scale = row[k] /= top[k];
            for (u32 j = k + 1; j < N; j++) row[j] -= scale * top[j];
        }
    }
}

static f64 solve(void) {
    static f64 x[N];
    for (u32 i = 0; i < N; i++) {
        f64 v = b[order[i]];
        for (u32 j = 0; j < i; j++) v -= a[order[i]][j] * x[j];
        x[i] = v;
    }
    f64 total = 0;
    for (u32 i = N; i-- > 0;) {
        f64 v = x[i];
        for (u32 j = i + 1; j < N; j++) v -= a[order[i]][j] * x[j];
        x[i] = v / a[order[i]][i];
        total += x[i];
    }
    return total;
}

i32 run(i32 n) {
    u32 seed = 99, sum = 0;
    for (i32 i = 0; i < n; i++) {
        for (u32 y = 0; y < N; y++) {
            for (u32 x = 0; x < N; x++) a[y][x] = (f64)(i32)rnd(&seed) / 65536.0;
            b[y] = (f64)(i32)rnd(&seed);
        }
        factor();
        sum = mix(sum, bits(solve()));
    }
    return (i32)sum;
}
