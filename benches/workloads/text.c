/* Strings: numbers formatted in decimal and hex, words split and counted, needles searched with a skip table. */
#include "work.h"

static char text[8192];
static u32 length;

static void put(char c) { text[length++] = c; }

static void put_decimal(i32 v) {
    char digits[12];
    u32 k = 0, u = v < 0 ? 0u - (u32)v : (u32)v;
    do digits[k++] = (char)('0' + u % 10); while (u /= 10);
    if (v < 0) put('-');
    while (k) put(digits[--k]);
}

static void put_hex(u32 v) {
    for (i32 shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[v >> shift & 15]);
}

static i32 parse_decimal(u32 *at) {
    u32 v = 0, negative = text[*at] == '-';
    *at += negative;
    while (text[*at] >= '0' && text[*at] <= '9') v = v * 10 + (u32)(text[(*at)++] - '0');
    return negative ? (i32)(0u - v) : (i32)v;
}

static u32 count(const char *needle, u32 len) {
    u8 skip[128];
    for (u32 i = 0; i < 128; i++) skip[i] = (u8)len;
    for (u32 i = 0; i + 1 < len; i++) skip[(u8)needle[i]] = (u8)(len - 1 - i);
    u32 found = 0;
    for (u32 at = 0; at + len <= length;) {
        u32 k = len;
        while (k && text[at + k - 1] == needle[k - 1]) k--;
        found += !k;
        at += skip[(u8)text[at + len - 1]];
    }
    return found;
}

static u32 lower_and_hash(void) {
    u32 sum = 0, word = 5381;
    for (u32 i = 0; i < length; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z') text[i] = c = (char)(c + 32);
        if (c == ' ' || c == '\n') { sum += word; word = 5381; }
        else word = word * 33 ^ (u8)c;
    }
    return sum;
}

i32 run(i32 n) {
    static const char *const words[8] = { "Anchor", "beacon", "Cable", "deck", "Engine", "fathom", "Galley", "harbour" };
    u32 seed = 55, sum = 0;
    for (i32 i = 0; i < n; i++) {
        length = 0;
        for (u32 k = 0; k < 160; k++) {
            put_decimal((i32)rnd(&seed) >> (k & 31));
            put(' ');
            for (const char *w = words[rnd(&seed) & 7]; *w; w++) put(*w);
            put(' ');
            put_hex(rnd(&seed));
            put('\n');
        }
        for (u32 at = 0; at < length; at++) {
            sum = mix(sum, (u32)parse_decimal(&at));
            while (text[at] != '\n') at++;
        }
        sum += lower_and_hash();
        sum = mix(sum, count("harbour", 7) + count("deck", 4) * 16 + count("an", 2) * 256);
    }
    return (i32)sum;
}
