/* f64 arithmetic in registers: escape times of the Mandelbrot set, 96 x 64 points an iteration at a growing zoom. */
#include "work.h"

i32 run(i32 n) {
    u32 sum = 0;
    f64 scale = 3.0;
    for (i32 frame = 0; frame < n; frame++, scale *= 0.9)
        for (u32 py = 0; py < 64; py++)
            for (u32 px = 0; px < 96; px++) {
                f64 cx = -0.743643 + scale * ((f64)px / 96.0 - 0.5), cy = 0.131825 + scale * ((f64)py / 64.0 - 0.5);
                f64 x = 0, y = 0, xx = 0, yy = 0;
                u32 turns = 0;
                while (turns < 120 && xx + yy <= 4.0) {
                    y = 2.0 * x * y + cy;
                    x = xx - yy + cx;
                    xx = x * x;
                    yy = y * y;
                    turns++;
                }
                sum = sum * 31 + turns;
            }
    return (i32)sum;
}
