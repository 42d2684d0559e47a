/* A JSON-like parser: a generated document is parsed into a tree of nodes, which is then summed and written back. */
#include "work.h"

enum { NUL, FALSE, TRUE, NUMBER, STRING, ARRAY, OBJECT };
typedef struct Node { u8 kind; struct Node *first, *next; const char *text; u32 length; f64 number; } Node;

static char source[24576], output[24576];
static u32 length, written;
static Node nodes[4096];
static u32 used;
static const char *at;

static void put(const char *s) { while (*s) source[length++] = *s++; }

static void put_number(u32 v) {
    char digits[12];
    u32 k = 0;
    do digits[k++] = (char)('0' + v % 10); while (v /= 10);
    while (k) source[length++] = digits[--k];
}

static void generate(u32 *seed) {
    length = 0;
    put("{\"items\": [");
    for (u32 i = 0; i < 100; i++) {
        u32 r = rnd(seed);
        if (i) put(", ");
        put("{\"id\": ");
        put_number(r & 0xFFFF);
        put(", \"name\": \"item \\\"");
        put_number(i);
        put("\\\" of many\", \"price\": -");
        put_number(r >> 20);
        put(".");
        put_number((r >> 4 & 63) + 10);
        put(r & 1 ? "e1, \"tags\": [\"a\", null, " : ", \"tags\": [[], {}, ");
        put(r & 2 ? "true" : "false");
        put("]}\n");
    }
    put("], \"end\": null}");
    source[length] = 0;
}

static void skip(void) { while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') at++; }

static f64 number(void) {
    f64 sign = 1, v = 0, scale = 1;
    if (*at == '-') { sign = -1; at++; }
    while (*at >= '0' && *at <= '9') v = v * 10 + (*at++ - '0');
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9'; at++) v += (*at - '0') * (scale /= 10);
    if (*at == 'e') {
        u32 e = 0;
        for (at++; *at >= '0' && *at <= '9'; at++) e = e * 10 + (u32)(*at - '0');
        while (e--) v *= 10;
    }
    return sign * v;
}

static void string(Node *node) {
    node->text = ++at;
    while (*at != '"') at += *at == '\\' ? 2 : 1;
    node->length = (u32)(at++ - node->text);
}

static NOINLINE Node *value(void) {
    Node *node = &nodes[used++];
    node->first = node->next = 0;
    node->length = 0;
    skip();
    switch (*at) {
    case '{': case '[': {
        char close = *at == '{' ? '}' : ']';
        node->kind = *at++ == '{' ? OBJECT : ARRAY;
        Node **tail = &node->first;
        for (skip(); *at != close; skip()) {
            if (close == '}') {
                Node *key = value();
                skip();
                at++;
                *tail = key;
                tail = &key->next;
            }
            *tail = value();
            tail = &(*tail)->next;
            skip();
            if (*at == ',') at++;
        }
        at++;
        break;
    }
    case '"': node->kind = STRING; string(node); break;
    case 't': node->kind = TRUE; at += 4; break;
    case 'f': node->kind = FALSE; at += 5; break;
    case 'n': node->kind = NUL; at += 4; break;
    default: node->kind = NUMBER; node->number = number();
    }
    return node;
}

static NOINLINE void write(const Node *node) {
    switch (node->kind) {
    case NUL: output[written++] = 'n'; break;
    case FALSE: output[written++] = 'f'; break;
    case TRUE: output[written++] = 't'; break;
    case NUMBER: {
        i64 v = (i64)(node->number * 100);
        if (v < 0) { output[written++] = '-'; v = -v; }
        do output[written++] = (char)('0' + v % 10); while (v /= 10);
        break;
    }
    case STRING:
        for (u32 i = 0; i < node->length; i++) output[written++] = node->text[i];
        break;
    default:
        output[written++] = '(';
        for (const Node *n = node->first; n; n = n->next) {
            write(n);
            if (n->next) output[written++] = ',';
        }
        output[written++] = ')';
    }
}

i32 run(i32 n) {
    u32 seed = 21, sum = 0;
    for (i32 i = 0; i < n; i++) {
        generate(&seed);
        at = source;
        used = written = 0;
        write(value());
        sum = mix(sum, used);
        for (u32 k = 0; k < written; k++) sum = sum * 33 + (u8)output[k];
    }
    return (i32)sum;
}
