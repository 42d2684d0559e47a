/* Pointers: an unbalanced search tree in a bump-allocated pool, inserted into, walked recursively, and searched. */
#include "work.h"

typedef struct Node { struct Node *left, *right; u32 key, count; } Node;

#define CAPACITY 4096
static Node pool[CAPACITY];
static u32 used;

static Node *insert(Node *root, u32 key) {
    Node **at = &root;
    while (*at) {
        if (key == (*at)->key) { (*at)->count++; return root; }
        at = key < (*at)->key ? &(*at)->left : &(*at)->right;
    }
    Node *fresh = &pool[used++];
    fresh->left = fresh->right = 0;
    fresh->key = key;
    fresh->count = 1;
    *at = fresh;
    return root;
}

static NOINLINE u32 walk(const Node *at, u32 depth) {
    if (!at) return depth;
    return mix(walk(at->left, depth + 1) + at->key * at->count, walk(at->right, depth + 1));
}

static u32 find(const Node *at, u32 key) {
    u32 steps = 0;
    while (at && at->key != key) {
        steps++;
        at = key < at->key ? at->left : at->right;
    }
    return at ? steps : steps | 0x100;
}

i32 run(i32 n) {
    u32 seed = 77, sum = 0;
    for (i32 i = 0; i < n; i++) {
        Node *root = 0;
        used = 0;
        for (u32 k = 0; k < CAPACITY; k++) root = insert(root, rnd(&seed) & 0xFFFF);
        for (u32 k = 0; k < CAPACITY; k++) sum += find(root, rnd(&seed) & 0xFFFF);
        sum = mix(sum, walk(root, 0));
    }
    return (i32)sum;
}
