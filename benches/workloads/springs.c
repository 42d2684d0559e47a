/* Floats with square roots and divisions over an array of structs: masses on a net of springs. */
#include "work.h"

typedef struct { f64 x, y, vx, vy; } Mass;
#define SIDE 12
static Mass net[SIDE][SIDE];

static inline void pull(Mass *a, Mass *b, f64 rest) {
    f64 dx = b->x - a->x, dy = b->y - a->y;
    f64 far = __builtin_sqrt(dx * dx + dy * dy);
    f64 force = (far - rest) * 0.05 / (far + 1e-9);
    a->vx += dx * force;
    a->vy += dy * force;
    b->vx -= dx * force;
    b->vy -= dy * force;
}

i32 run(i32 n) {
    for (u32 y = 0; y < SIDE; y++)
        for (u32 x = 0; x < SIDE; x++) net[y][x] = (Mass){ x, y, (f64)((x * y) % 5) * 0.1, (f64)((x + y) % 3) * 0.1 };
    for (i32 i = 0; i < n; i++) {
        for (u32 y = 0; y < SIDE; y++)
            for (u32 x = 0; x < SIDE; x++) {
                if (x + 1 < SIDE) pull(&net[y][x], &net[y][x + 1], 1.0);
                if (y + 1 < SIDE) pull(&net[y][x], &net[y + 1][x], 1.0);
            }
        for (u32 y = 0; y < SIDE; y++)
            for (u32 x = 0; x < SIDE; x++) {
                Mass *m = &net[y][x];
                m->x += m->vx * 0.1;
                m->y += m->vy * 0.1;
                m->vx *= 0.999;
                m->vy *= 0.999;
            }
    }
    u32 sum = 0;
    for (u32 y = 0; y < SIDE; y++)
        for (u32 x = 0; x < SIDE; x++) sum = mix(mix(sum, bits(net[y][x].x)), bits(net[y][x].y));
    return (i32)sum;
}
