/* A backtracking matcher for a small pattern language (. * + ? [set] ^ $) run over generated log lines. */
#include "work.h"

static NOINLINE u32 here(const char *p, const char *t);

static const char *after_atom(const char *p) {
    if (*p != '[') return p + 1;
    while (*p != ']') p++;
    return p + 1;
}

static u32 single(const char *p, char c) {
    if (!c) return 0;
    if (*p == '.') return 1;
    if (*p != '[') return *p == c;
    u32 negated = p[1] == '^';
    for (p += 1 + negated; *p != ']'; p++) {
        if (p[1] == '-' && p[2] != ']') {
            if (c >= p[0] && c <= p[2]) return !negated;
            p += 2;
        } else if (*p == c) return !negated;
    }
    return negated;
}

static NOINLINE u32 repeat(const char *atom, const char *rest, const char *t, u32 least, u32 most) {
    u32 k = 0;
    while (k < most && single(atom, t[k])) k++;
    for (;; k--) {
        if (k < least) return 0;
        u32 got = here(rest, t + k);
        if (got) return got + k;
        if (k == 0) return 0;
    }
}

/* One more than the length matched, or zero. */
static NOINLINE u32 here(const char *p, const char *t) {
    u32 eaten = 0;
    for (;;) {
        if (!*p) return eaten + 1;
        if (*p == '$' && !p[1]) return *t ? 0 : eaten + 1;
        const char *next = after_atom(p);
        u32 got;
        switch (*next) {
        case '*': got = repeat(p, next + 1, t, 0, ~0u); return got ? got + eaten : 0;
        case '+': got = repeat(p, next + 1, t, 1, ~0u); return got ? got + eaten : 0;
        case '?': got = repeat(p, next + 1, t, 0, 1); return got ? got + eaten : 0;
        }
        if (!single(p, *t)) return 0;
        p = next;
        t++;
        eaten++;
    }
}

static u32 search(const char *p, const char *t) {
    if (*p == '^') return here(p + 1, t);
    for (u32 i = 0;; i++) {
        u32 got = here(p, t + i);
        if (got) return got + (i << 8);
        if (!t[i]) return 0;
    }
}

static char line[128];

static void make_line(u32 *seed) {
    static const char *const parts[8] = { "GET /index.html ", "error: ", "user=alice ", "id=00ff17 ", "10.0.0.42 ", "took 1234ms ", "warn ", "retry? " };
    u32 len = 0;
    for (u32 k = 0; k < 6; k++)
        for (const char *s = parts[rnd(seed) & 7]; *s; s++) line[len++] = *s;
    line[len] = 0;
}

i32 run(i32 n) {
    static const char *const patterns[6] = {
        "^[A-Z]+ /.*html", "[0-9]+\\.?[0-9]*ms", "user=[a-z]*e .*id=[0-9a-f]+ ", "e.*r.*o.*r.*$", "[^ ]+ [^ ]+ warn", "[0-9]+.[0-9]+.[0-9]+.[0-9]+ ",
    };
    u32 seed = 404, sum = 0;
    for (i32 i = 0; i < n; i++) {
        make_line(&seed);
        for (u32 k = 0; k < 6; k++) sum = mix(sum, search(patterns[k], line));
    }
    return (i32)sum;
}
