/* Dynamic programming: edit distance and longest common subsequence of two strings, row by row. */
#include "work.h"

#define LEN 200
static u8 a[LEN], b[LEN];
static u32 row[LEN + 1];
static u16 table[LEN + 1][LEN + 1];

static u32 distance(void) {
    for (u32 j = 0; j <= LEN; j++) row[j] = j;
    for (u32 i = 1; i <= LEN; i++) {
        u32 corner = row[0];
        row[0] = i;
        for (u32 j = 1; j <= LEN; j++) {
            u32 best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[LEN];
}

static u32 common(void) {
    for (u32 i = 1; i <= LEN; i++)
        for (u32 j = 1; j <= LEN; j++) {
            u16 up = table[i - 1][j], left = table[i][j - 1];
            table[i][j] = a[i - 1] == b[j - 1] ? (u16)(table[i - 1][j - 1] + 1) : up > left ? up : left;
        }
    return table[LEN][LEN];
}

i32 run(i32 n) {
    u32 seed = 50, sum = 0;
    for (i32 i = 0; i < n; i++) {
        for (u32 k = 0; k < LEN; k++) {
            a[k] = (u8)('a' + rnd(&seed) % 6);
            b[k] = (u8)('a' + rnd(&seed) % 6);
        }
        sum = mix(sum, distance() << 16 | common());
    }
    return (i32)sum;
}
