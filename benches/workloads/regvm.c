/* A register machine: 32-bit words split into opcode and three operands by shifts, then a br_table. */
#include "work.h"

enum { LI, ADD, SUB, MUL, AND, OR, XOR, SHL, SHR, ADDI, LD, ST, BLT, BEQ, BNE, JMP, MOV, STOP };
#define R(op, a, b, c) ((u32)(op) | (a) << 8 | (b) << 16 | (u32)(c) << 24)

static u32 heap[256];

/* r1 counts rounds down, r2 walks the heap, r3 the sum, r4..r8 scratch */
static const u32 program[] = {
    /* 0 */ R(LI, 2, 0, 0),
    /* 1 */ R(LI, 9, 255, 0),
    /* 2 */ R(LD, 4, 2, 0),
    /* 3 */ R(ADDI, 5, 2, 17),
    /* 4 */ R(AND, 5, 5, 9),
    /* 5 */ R(LD, 6, 5, 0),
    /* 6 */ R(LI, 8, 5, 0),
    /* 7 */ R(SHL, 7, 4, 8),
    /* 8 */ R(XOR, 4, 4, 7),
    /* 9 */ R(SHR, 7, 6, 8),
    /* 10 */ R(ADD, 4, 4, 7),
    /* 11 */ R(BLT, 4, 6, 14),
    /* 12 */ R(SUB, 3, 3, 4),
    /* 13 */ R(JMP, 15, 0, 0),
    /* 14 */ R(XOR, 3, 3, 4),
    /* 15 */ R(ST, 4, 2, 0),
    /* 16 */ R(MUL, 3, 3, 8),
    /* 17 */ R(ADDI, 2, 2, 1),
    /* 18 */ R(MOV, 10, 2, 0),
    /* 19 */ R(OR, 10, 10, 0),
    /* 20 */ R(BNE, 10, 9, 2),
    /* 21 */ R(ADDI, 1, 1, 255),
    /* 22 */ R(BEQ, 1, 0, 24),
    /* 23 */ R(JMP, 0, 0, 0),
    /* 24 */ R(STOP, 3, 0, 0),
};

static NOINLINE u32 execute(u32 rounds) {
    u32 r[16] = { 0, rounds, 0, 1 };
    u32 pc = 0;
    for (;;) {
        u32 w = program[pc++];
        u32 a = w >> 8 & 15, b = w >> 16 & 255, c = w >> 24;
        switch (w & 31) {
        case LI: r[a] = b; break;
        case ADD: r[a] = r[b & 15] + r[c & 15]; break;
        case SUB: r[a] = r[b & 15] - r[c & 15]; break;
        case MUL: r[a] = r[b & 15] * r[c & 15]; break;
        case AND: r[a] = r[b & 15] & r[c & 15]; break;
        case OR: r[a] = r[b & 15] | r[c & 15]; break;
        case XOR: r[a] = r[b & 15] ^ r[c & 15]; break;
        case SHL: r[a] = r[b & 15] << (r[c & 15] & 31); break;
        case SHR: r[a] = r[b & 15] >> (r[c & 15] & 31); break;
        case ADDI: r[a] = r[b & 15] + (u32)(i32)(i8)c; break;
        case LD: r[a] = heap[r[b & 15] & 255]; break;
        case ST: heap[r[b & 15] & 255] = r[a]; break;
        case BLT: if (r[a] < r[b & 15]) pc = c; break;
        case BEQ: if (r[a] == r[b & 15]) pc = c; break;
        case BNE: if (r[a] != r[b & 15]) pc = c; break;
        case JMP: pc = a; break;
        case MOV: r[a] = r[b & 15]; break;
        default: return r[a];
        }
    }
}

i32 run(i32 n) {
    u32 seed = 6;
    for (u32 i = 0; i < 256; i++) heap[i] = rnd(&seed);
    return (i32)execute((u32)n + 1);
}
