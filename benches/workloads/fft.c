/* f32: an in-place radix-2 Fourier transform of 512 complex points, forward and back; twiddles by recurrence. */
#include "work.h"

#define LOG 9
#define N (1 << LOG)
static f32 re[N], im[N], cosine[N / 2], sine[N / 2];

/* Rotates by pi/256 again and again, which needs no library of sines. */
static void twiddles(void) {
    f64 c = 1.0, s = 0.0, dc = 0.99992470183914454, ds = 0.012271538285719925;
    for (u32 i = 0; i < N / 2; i++) {
        cosine[i] = (f32)c;
        sine[i] = (f32)s;
        f64 t = c * dc - s * ds;
        s = s * dc + c * ds;
        c = t;
    }
}

static void transform(f32 direction) {
    for (u32 i = 1, j = 0; i < N; i++) {
        u32 bit = N >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            f32 t = re[i]; re[i] = re[j]; re[j] = t;
            t = im[i]; im[i] = im[j]; im[j] = t;
        }
    }
    for (u32 half = 1; half < N; half <<= 1) {
        u32 stride = N / 2 / half;
        for (u32 base = 0; base < N; base += 2 * half)
            for (u32 k = 0; k < half; k++) {
                f32 wr = cosine[k * stride], wi = direction * sine[k * stride];
                u32 p = base + k, q = p + half;
                f32 tr = re[q] * wr - im[q] * wi, ti = re[q] * wi + im[q] * wr;
                re[q] = re[p] - tr;
                im[q] = im[p] - ti;
                re[p] += tr;
                im[p] += ti;
            }
    }
}

i32 run(i32 n) {
    u32 seed = 5, sum = 0;
    twiddles();
    for (u32 i = 0; i < N; i++) {
        re[i] = (f32)(i32)(rnd(&seed) & 0xFFF) - 2048.0f;
        im[i] = 0.0f;
    }
    for (i32 i = 0; i < n; i++) {
        transform(-1.0f);
        re[i & (N - 1)] *= 0.5f;
        transform(1.0f);
        for (u32 k = 0; k < N; k++) {
            re[k] *= 1.0f / N;
            im[k] *= 1.0f / N;
        }
    }
    for (u32 i = 0; i < N; i++) sum = mix(sum, (u32)(i32)(re[i] * 64.0f) ^ (u32)(i32)(im[i] * 64.0f) << 16);
    return (i32)sum;
}
