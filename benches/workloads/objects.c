/* Indirect calls of several signatures: shapes with a table of methods, and a pipeline of function pointers. */
#include "work.h"

typedef struct Shape Shape;
typedef struct {
    f64 (*area)(const Shape *);
    i32 (*grow)(Shape *, i32);
    u32 (*tag)(const Shape *, u32, u32);
} Methods;
struct Shape { const Methods *methods; f64 w, h; i32 size; };

static f64 box_area(const Shape *s) { return s->w * s->h; }
static f64 triangle_area(const Shape *s) { return 0.5 * s->w * s->h; }
static f64 ring_area(const Shape *s) { return 3.140625 * (s->w * s->w - s->h * s->h); }
static i32 grow_width(Shape *s, i32 by) { s->w += by; return s->size += by; }
static i32 grow_height(Shape *s, i32 by) { s->h += by; return s->size -= by; }
static i32 reset(Shape *s, i32 by) { if (s->size > 1000 || s->size < -1000) { s->w = by; s->h = 1; s->size = 0; } return s->size; }
static u32 tag_sum(const Shape *s, u32 a, u32 b) { return a + b + (u32)s->size; }
static u32 tag_xor(const Shape *s, u32 a, u32 b) { return (a ^ b) * 33 + (u32)s->size; }

static const Methods kinds[4] = {
    { box_area, grow_width, tag_sum },
    { triangle_area, grow_height, tag_xor },
    { ring_area, reset, tag_sum },
    { box_area, reset, tag_xor },
};

typedef u32 (*Stage)(u32);
static u32 twist(u32 v) { return v ^ v << 7; }
static u32 halve(u32 v) { return v & 1 ? v * 3 + 1 : v >> 1; }
static u32 swap(u32 v) { return v >> 16 | v << 16; }
static u32 salt(u32 v) { return v + 0x5bd1e995u; }
static Stage stages[16];
static Shape shapes[64];

i32 run(i32 n) {
    static Stage const all[4] = { twist, halve, swap, salt };
    u32 seed = 1, sum = 0;
    for (u32 i = 0; i < 64; i++) shapes[i] = (Shape){ &kinds[rnd(&seed) & 3], (f64)(i + 1), 2.0, (i32)i };
    for (u32 i = 0; i < 16; i++) stages[i] = all[rnd(&seed) & 3];
    for (i32 i = 0; i < n; i++) {
        f64 total = 0;
        for (u32 k = 0; k < 64; k++) {
            Shape *s = &shapes[k];
            s->methods->grow(s, (i & 7) + 1);
            total += s->methods->area(s);
            sum = s->methods->tag(s, sum, k);
        }
        for (u32 k = 0; k < 16; k++) sum = stages[k](sum);
        sum = mix(sum, bits(total));
    }
    return (i32)sum;
}
