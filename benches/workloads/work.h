/* What all C workloads share: fixed-width names, a generator of test data, a mixing step for checksums.
 * A workload exports `run`, imports nothing, and does the same work again for each unit of its argument. */
#ifndef WORK_H
#define WORK_H

typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;

#define NOINLINE __attribute__((noinline))

/* A 32-bit xorshift: the whole state is the last value, which must not be zero. */
static inline u32 rnd(u32 *state) {
    u32 x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* Folds `v` into a checksum so that order matters. */
static inline u32 mix(u32 sum, u32 v) {
    sum = (sum ^ v) * 0x9E3779B1u;
    return sum ^ (sum >> 15);
}

/* The bits of a double, folded to 32. */
static inline u32 bits(f64 v) {
    union { f64 f; u64 u; } x = { v };
    return (u32)x.u ^ (u32)(x.u >> 32);
}

#endif
