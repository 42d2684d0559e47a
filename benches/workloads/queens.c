/* Bit boards: queens on a board counted by recursion over masks, knight's attacks by shifts, ctz and popcnt of i64. */
#include "work.h"

static NOINLINE u32 place(u32 all, u32 columns, u32 left, u32 right) {
    if (columns == all) return 1;
    u32 found = 0;
    for (u32 free = all & ~(columns | left | right); free; free &= free - 1) {
        u32 bit = free & -free;
        found += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return found;
}

static u32 attacks(u64 knights) {
    const u64 a = 0x0101010101010101ull, h = a << 7;
    u64 one_left = (knights & ~a) >> 1, two_left = (knights & ~(a | a << 1)) >> 2;
    u64 one_right = (knights & ~h) << 1, two_right = (knights & ~(h | h >> 1)) << 2;
    u64 near = one_left | one_right, far = two_left | two_right;
    return (u32)__builtin_popcountll(near << 16 | near >> 16 | far << 8 | far >> 8);
}

i32 run(i32 n) {
    u32 sum = 0;
    u64 board = 0x123456789ABCDEFull;
    for (i32 i = 0; i < n; i++) {
        sum = mix(sum, place(0xFF, 0, 0, 0));
        for (u32 k = 0; k < 2000; k++) {
            board ^= board << 13;
            board ^= board >> 7;
            board ^= board << 17;
            sum += attacks(board & board >> 3);
            sum ^= (u32)__builtin_ctzll(board) << (__builtin_clzll(board | 1) & 15);
        }
    }
    return (i32)sum;
}
