/* A hash map with open addressing and back-shifting removal, under a mix of inserts, look-ups and removals. */
#include "work.h"

#define SLOTS 8192
typedef struct { u32 key, value; } Entry;
static Entry slots[SLOTS];

static inline u32 home(u32 key) { return (key ^ key >> 15) * 0x85EBCA6Bu >> 19; }

static NOINLINE Entry *find(u32 key) {
    u32 at = home(key);
    while (slots[at].key && slots[at].key != key) at = (at + 1) & (SLOTS - 1);
    return &slots[at];
}

static NOINLINE u32 take(u32 key) {
    Entry *e = find(key);
    if (!e->key) return 0;
    u32 value = e->value, hole = (u32)(e - slots);
    for (u32 at = (hole + 1) & (SLOTS - 1); slots[at].key; at = (at + 1) & (SLOTS - 1)) {
        u32 want = home(slots[at].key);
        if (((at - want) & (SLOTS - 1)) >= ((at - hole) & (SLOTS - 1))) {
            slots[hole] = slots[at];
            hole = at;
        }
    }
    slots[hole].key = 0;
    return value;
}

i32 run(i32 n) {
    u32 seed = 17, sum = 0, live = 0;
    for (u32 i = 0; i < SLOTS; i++) slots[i].key = 0;
    for (i32 i = 0; i < n; i++)
        for (u32 k = 0; k < 1000; k++) {
            u32 r = rnd(&seed), key = (r >> 8 & 0x1FFF) + 1;
            if ((r & 3) && live < SLOTS * 3 / 4) {
                Entry *e = find(key);
                if (!e->key) { e->key = key; e->value = 0; live++; }
                e->value += r & 0xFF;
            } else {
                u32 before = take(key);
                live -= before != 0;
                sum += before;
            }
            sum ^= find(key ^ 0x55)->value;
        }
    return (i32)mix(sum, live);
}
