/* Sorting: quicksort, heap sort and merge sort of the same 2,000 numbers, an insertion sort of a part of them. */
#include "work.h"

#define N 2000
static i32 source[N], a[N], b[N];

static void insertion(i32 *v, i32 len) {
    for (i32 i = 1; i < len; i++) {
        i32 x = v[i], j = i;
        for (; j > 0 && v[j - 1] > x; j--) v[j] = v[j - 1];
        v[j] = x;
    }
}

static NOINLINE void quick(i32 *v, i32 lo, i32 hi) {
    while (hi - lo > 12) {
        i32 pivot = v[(lo + hi) >> 1], i = lo, j = hi;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i <= j) {
                i32 t = v[i];
                v[i++] = v[j];
                v[j--] = t;
            }
        }
        if (j - lo < hi - i) { quick(v, lo, j); lo = i; }
        else { quick(v, i, hi); hi = j; }
    }
    insertion(v + lo, hi - lo + 1);
}

static void sift(i32 *v, i32 at, i32 len) {
    i32 x = v[at];
    for (i32 child; (child = 2 * at + 1) < len; at = child) {
        if (child + 1 < len && v[child + 1] > v[child]) child++;
        if (v[child] <= x) break;
        v[at] = v[child];
    }
    v[at] = x;
}

static void heap(i32 *v, i32 len) {
    for (i32 i = len / 2; i-- > 0;) sift(v, i, len);
    while (--len > 0) {
        i32 t = v[0];
        v[0] = v[len];
        v[len] = t;
        sift(v, 0, len);
    }
}

static void merge(i32 *v, i32 *spare, i32 len) {
    for (i32 width = 1; width < len; width *= 2) {
        for (i32 lo = 0; lo < len; lo += 2 * width) {
            i32 mid = lo + width < len ? lo + width : len, hi = lo + 2 * width < len ? lo + 2 * width : len;
            i32 i = lo, j = mid;
            for (i32 k = lo; k < hi; k++) spare[k] = i < mid && (j >= hi || v[i] <= v[j]) ? v[i++] : v[j++];
        }
        for (i32 k = 0; k < len; k++) v[k] = spare[k];
    }
}

static void refill(void) {
    for (i32 i = 0; i < N; i++) a[i] = source[i];
}

static u32 digest(u32 sum) {
    for (i32 i = 0; i < N; i += 7) sum = mix(sum, (u32)a[i]);
    return sum;
}

i32 run(i32 n) {
    u32 seed = 123, sum = 0;
    for (i32 i = 0; i < n; i++) {
        for (i32 k = 0; k < N; k++) source[k] = (i32)rnd(&seed) >> (i & 15);
        refill(); quick(a, 0, N - 1); sum = digest(sum);
        refill(); heap(a, N);         sum = digest(sum);
        refill(); merge(a, b, N);     sum = digest(sum);
        refill(); insertion(a, 200);  sum = digest(sum);
    }
    return (i32)sum;
}
