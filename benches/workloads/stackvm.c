/* An interpreter inside the interpreter: a stack machine whose opcodes a br_table selects, running a prime counter. */
#include "work.h"

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, REM, LESS, EQUAL, JUMP, JUMPZ, DUP, DROP, SWAP, OVER, CALL, RET, XOR, SHR, HALT };

/* locals: 0 limit, 1 candidate, 2 divisor, 3 primes found, 4 checksum */
static const i32 program[] = {
    /*  0 */ PUSH, 2, STORE, 1,
    /*  4 */ LOAD, 1, LOAD, 0, LESS, JUMPZ, 46,
    /* 11 */ PUSH, 2, STORE, 2,
    /* 15 */ LOAD, 2, DUP, MUL, LOAD, 1, SWAP, LESS, JUMPZ, 27, JUMP, 38,
    /* 27 */ LOAD, 1, LOAD, 2, REM, JUMPZ, 40, CALL, 54, JUMP, 15,
    /* 38 */ CALL, 64,
    /* 40 */ LOAD, 1, CALL, 79, JUMP, 4,
    /* 46 */ LOAD, 3, LOAD, 4, XOR, HALT, 0, 0,
    /* 54: divisor += 1 */ LOAD, 2, PUSH, 1, ADD, STORE, 2, RET, 0, 0,
    /* 64: a prime */ LOAD, 3, PUSH, 1, ADD, STORE, 3, LOAD, 4, LOAD, 1, ADD, STORE, 4, RET,
    /* 79: candidate is on the stack; step and store it, and stir the checksum */
    PUSH, 1, ADD, STORE, 1, LOAD, 4, DUP, PUSH, 3, SHR, XOR, PUSH, 40503, MUL, PUSH, 1, OVER, DROP, ADD, STORE, 4, RET,
};

static NOINLINE i32 execute(i32 limit) {
    i32 stack[32], locals[8] = { limit }, calls[16];
    i32 *sp = stack, *rp = calls;
    const i32 *pc = program;
    for (;;) {
        switch (*pc++) {
        case PUSH: *sp++ = *pc++; break;
        case LOAD: *sp++ = locals[*pc++]; break;
        case STORE: locals[*pc++] = *--sp; break;
        case ADD: sp--; sp[-1] += sp[0]; break;
        case SUB: sp--; sp[-1] -= sp[0]; break;
        case MUL: sp--; sp[-1] *= sp[0]; break;
        case REM: sp--; sp[-1] %= sp[0]; break;
        case LESS: sp--; sp[-1] = sp[-1] < sp[0]; break;
        case EQUAL: sp--; sp[-1] = sp[-1] == sp[0]; break;
        case JUMP: pc = program + *pc; break;
        case JUMPZ: pc = *--sp ? pc + 1 : program + *pc; break;
        case DUP: sp[0] = sp[-1]; sp++; break;
        case DROP: sp--; break;
        case SWAP: { i32 t = sp[-1]; sp[-1] = sp[-2]; sp[-2] = t; break; }
        case OVER: sp[0] = sp[-2]; sp++; break;
        case CALL: *rp++ = (i32)(pc + 1 - program); pc = program + *pc; break;
        case RET: pc = program + *--rp; break;
        case XOR: sp--; sp[-1] ^= sp[0]; break;
        case SHR: sp--; sp[-1] = (i32)((u32)sp[-1] >> sp[0]); break;
        case HALT: return sp[-1];
        }
    }
}

i32 run(i32 n) { return execute(n); }
