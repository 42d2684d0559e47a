/* Random number generators: xoshiro256**, a 64-bit congruential one with permuted output, and a Monte Carlo count. */
#include "work.h"

static inline u64 rotl(u64 v, u32 by) { return v << by | v >> (64 - by); }

typedef struct { u64 a, b, c, d; } Xoshiro;

static inline u64 xoshiro(Xoshiro *s) {
    u64 out = rotl(s->b * 5, 7) * 9, t = s->b << 17;
    s->c ^= s->a;
    s->d ^= s->b;
    s->b ^= s->c;
    s->a ^= s->d;
    s->c ^= t;
    s->d = rotl(s->d, 45);
    return out;
}

static inline u32 permuted(u64 *state) {
    u64 old = *state;
    *state = old * 6364136223846793005ull + 1442695040888963407ull;
    u32 shifted = (u32)((old >> 18 ^ old) >> 27), by = (u32)(old >> 59);
    return shifted >> by | shifted << (-by & 31);
}

i32 run(i32 n) {
    Xoshiro s = { 1, 2, 3, 4 };
    u64 state = 42;
    u32 sum = 0, inside = 0;
    for (i32 i = 0; i < n; i++) {
        u64 v = xoshiro(&s);
        f64 px = (f64)(v >> 11) * 0x1p-53, py = (f64)permuted(&state) * 0x1p-32;
        inside += px * px + py * py < 1.0;
        sum ^= (u32)v + permuted(&state) % 1000;
    }
    return (i32)mix(sum, inside);
}
