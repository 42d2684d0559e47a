//! The instruction table: every fact about an instruction that needs no code, once.
//!
//! A row is
//!
//! ```text
//! opcode  Name  "mnemonic"  (immediate: Type, …)  { Class(bytes accessed)  [params] -> [results]  Feature  fact  fact(…)  … }
//! ```
//!
//! where the immediates are in the order of the binary format, the type is given when it does not depend on the module (loads
//! and stores: except for the address, given as `I32`), and `Feature` is the proposal that introduced the instruction. The facts are, in this order:
//!
//! | fact | meaning |
//! |---|---|
//! | `constant(Feature)` | a proposal allows it in constant expressions |
//! | `traps` | it may trap by itself; memory accesses, which all may, do not have it |
//! | `commutes` | its two operands may be swapped; not every vector instruction that commutes has it |
//! | `mirrored(Name)` | the comparison that holds for `y, x` when this one holds for `x, y`; those that commute have none |
//! | `opposite(Name)` | the comparison that holds when this one does not; for NaN, `lt` and `ge` are both false, so only `eq` and `ne` of floats have one |
//! | `nan(Floats)` | it computes floats, and a NaN among them may be one of several |
//! | `bulk(BulkUnit)` | its cost in fuel grows with this work |
//! | `strictly(Name)` | the standard permits several results; the named instruction yields the one of its deterministic profile |
//!
//! The rows are in the order of the specification's index, which is that of the opcodes, in one group for each prefix byte; the group
//! without a prefix has `0x00` in its place. [`for_each_instruction`] hands all of them to a macro: `instr` derives the instructions and
//! their properties, `decode::instructions` the match over opcodes, `print` the text format. Only `instr` looks inside the
//! braces, so a new kind of fact changes no other macro. After a new instruction is added here, the compiler names each place that must handle it.
//! <https://webassembly.github.io/spec/core/appendix/index-instructions.html>

/// Calls a macro with the rows of the table.
///
/// Patterns that match them are at the top of `instr.rs`, for a whole row, and of `print.rs`, for the part before the braces.
macro_rules! for_each_instruction {
    ($callback:ident) => {
        $callback! {
            one_byte 0x00 {
                // Control instructions.
                0x00 Unreachable        "unreachable"           { Special  Mvp  traps }
                0x01 Nop                "nop"                   { Marker  [] -> []  Mvp }
                0x02 Block              "block"                 (ty: BlockType)  { Marker  Mvp }
                0x03 Loop               "loop"                  (ty: BlockType)  { Marker  Mvp }
                0x04 If                 "if"                    (ty: BlockType)  { Special  Mvp }
                0x05 Else               "else"                  { Marker  Mvp }
                0x06 Try                "try"                   (ty: BlockType)  { Marker  LegacyExceptions }
                0x07 Catch              "catch"                 (tag: TagIdx)  { Marker  LegacyExceptions }
                0x08 Throw              "throw"                 (tag: TagIdx)  { Special  ExceptionHandling  bulk(Clause) }
                0x09 Rethrow            "rethrow"               (label: LabelIdx)  { Special  LegacyExceptions  bulk(Clause) }
                0x0A ThrowRef           "throw_ref"             { Special  ExceptionHandling  traps  bulk(Clause) }
                0x0B End                "end"                   { Marker  Mvp }
                0x0C Br                 "br"                    (label: LabelIdx)  { Special  Mvp }
                0x0D BrIf               "br_if"                 (label: LabelIdx)  { Special  Mvp }
                0x0E BrTable            "br_table"              (labels: &'a [LabelIdx], default: LabelIdx)  { Special  Mvp }
                0x0F Return             "return"                { Special  Mvp }
                0x10 Call               "call"                  (func: FuncIdx)  { Special  Mvp }
                0x11 CallIndirect       "call_indirect"         (ty: TypeIdx, table: TableIdx)  { Special  Mvp  traps }
                0x12 ReturnCall         "return_call"           (func: FuncIdx)  { Special  TailCall }
                0x13 ReturnCallIndirect "return_call_indirect"  (ty: TypeIdx, table: TableIdx)  { Special  TailCall  traps }
                0x14 CallRef            "call_ref"              (ty: TypeIdx)  { Special  FunctionReferences  traps }
                0x15 ReturnCallRef      "return_call_ref"       (ty: TypeIdx)  { Special  FunctionReferences  traps }
                0x18 Delegate           "delegate"              (label: LabelIdx)  { Marker  LegacyExceptions }
                0x19 CatchAll           "catch_all"             { Marker  LegacyExceptions }
                // Parametric instructions.
                0x1A Drop               "drop"                  { Special  Mvp }
                0x1B Select             "select"                { Special  Mvp }
                0x1C SelectTyped        "select"                (types: &'a [ValType])  { Special  ReferenceTypes }
                // A control instruction again: the binary format puts it here.
                0x1F TryTable           "try_table"             (ty: BlockType, catches: &'a [Catch])  { Marker  ExceptionHandling }
                // Variable and table instructions.
                0x20 LocalGet           "local.get"             (local: LocalIdx)  { Special  Mvp }
                0x21 LocalSet           "local.set"             (local: LocalIdx)  { Special  Mvp }
                0x22 LocalTee           "local.tee"             (local: LocalIdx)  { Special  Mvp }
                0x23 GlobalGet          "global.get"            (global: GlobalIdx)  { Special  Mvp  constant(Mvp) }
                0x24 GlobalSet          "global.set"            (global: GlobalIdx)  { Special  Mvp }
                0x25 TableGet           "table.get"             (table: TableIdx)  { Special  ReferenceTypes  traps }
                0x26 TableSet           "table.set"             (table: TableIdx)  { Special  ReferenceTypes  traps }
                // Memory instructions. The address is given as that of a 32-bit memory.
                0x28 I32Load            "i32.load"              (memarg: MemArg)  { Load(4)  [I32] -> [I32]  Mvp }
                0x29 I64Load            "i64.load"              (memarg: MemArg)  { Load(8)  [I32] -> [I64]  Mvp }
                0x2A F32Load            "f32.load"              (memarg: MemArg)  { Load(4)  [I32] -> [F32]  Mvp }
                0x2B F64Load            "f64.load"              (memarg: MemArg)  { Load(8)  [I32] -> [F64]  Mvp }
                0x2C I32Load8S          "i32.load8_s"           (memarg: MemArg)  { Load(1)  [I32] -> [I32]  Mvp }
                0x2D I32Load8U          "i32.load8_u"           (memarg: MemArg)  { Load(1)  [I32] -> [I32]  Mvp }
                0x2E I32Load16S         "i32.load16_s"          (memarg: MemArg)  { Load(2)  [I32] -> [I32]  Mvp }
                0x2F I32Load16U         "i32.load16_u"          (memarg: MemArg)  { Load(2)  [I32] -> [I32]  Mvp }
                0x30 I64Load8S          "i64.load8_s"           (memarg: MemArg)  { Load(1)  [I32] -> [I64]  Mvp }
                0x31 I64Load8U          "i64.load8_u"           (memarg: MemArg)  { Load(1)  [I32] -> [I64]  Mvp }
                0x32 I64Load16S         "i64.load16_s"          (memarg: MemArg)  { Load(2)  [I32] -> [I64]  Mvp }
                0x33 I64Load16U         "i64.load16_u"          (memarg: MemArg)  { Load(2)  [I32] -> [I64]  Mvp }
                0x34 I64Load32S         "i64.load32_s"          (memarg: MemArg)  { Load(4)  [I32] -> [I64]  Mvp }
                0x35 I64Load32U         "i64.load32_u"          (memarg: MemArg)  { Load(4)  [I32] -> [I64]  Mvp }
                0x36 I32Store           "i32.store"             (memarg: MemArg)  { Store(4)  [I32 I32] -> []  Mvp }
                0x37 I64Store           "i64.store"             (memarg: MemArg)  { Store(8)  [I32 I64] -> []  Mvp }
                0x38 F32Store           "f32.store"             (memarg: MemArg)  { Store(4)  [I32 F32] -> []  Mvp }
                0x39 F64Store           "f64.store"             (memarg: MemArg)  { Store(8)  [I32 F64] -> []  Mvp }
                0x3A I32Store8          "i32.store8"            (memarg: MemArg)  { Store(1)  [I32 I32] -> []  Mvp }
                0x3B I32Store16         "i32.store16"           (memarg: MemArg)  { Store(2)  [I32 I32] -> []  Mvp }
                0x3C I64Store8          "i64.store8"            (memarg: MemArg)  { Store(1)  [I32 I64] -> []  Mvp }
                0x3D I64Store16         "i64.store16"           (memarg: MemArg)  { Store(2)  [I32 I64] -> []  Mvp }
                0x3E I64Store32         "i64.store32"           (memarg: MemArg)  { Store(4)  [I32 I64] -> []  Mvp }
                0x3F MemorySize         "memory.size"           (mem: MemIdx)  { Special  Mvp }
                0x40 MemoryGrow         "memory.grow"           (mem: MemIdx)  { Special  Mvp  bulk(Page) }
                // Numeric instructions.
                0x41 I32Const           "i32.const"             (value: i32)  { Const  [] -> [I32]  Mvp  constant(Mvp) }
                0x42 I64Const           "i64.const"             (value: i64)  { Const  [] -> [I64]  Mvp  constant(Mvp) }
                0x43 F32Const           "f32.const"             (bits: u32)  { Const  [] -> [F32]  Mvp  constant(Mvp) }
                0x44 F64Const           "f64.const"             (bits: u64)  { Const  [] -> [F64]  Mvp  constant(Mvp) }
                0x45 I32Eqz             "i32.eqz"               { Testop  [I32] -> [I32]  Mvp }
                0x46 I32Eq              "i32.eq"                { Relop  [I32 I32] -> [I32]  Mvp  commutes  opposite(I32Ne) }
                0x47 I32Ne              "i32.ne"                { Relop  [I32 I32] -> [I32]  Mvp  commutes  opposite(I32Eq) }
                0x48 I32LtS             "i32.lt_s"              { Relop  [I32 I32] -> [I32]  Mvp  mirrored(I32GtS)  opposite(I32GeS) }
                0x49 I32LtU             "i32.lt_u"              { Relop  [I32 I32] -> [I32]  Mvp  mirrored(I32GtU)  opposite(I32GeU) }
                0x4A I32GtS             "i32.gt_s"              { Relop  [I32 I32] -> [I32]  Mvp  mirrored(I32LtS)  opposite(I32LeS) }
                0x4B I32GtU             "i32.gt_u"              { Relop  [I32 I32] -> [I32]  Mvp  mirrored(I32LtU)  opposite(I32LeU) }
                0x4C I32LeS             "i32.le_s"              { Relop  [I32 I32] -> [I32]  Mvp  mirrored(I32GeS)  opposite(I32GtS) }
                0x4D I32LeU             "i32.le_u"              { Relop  [I32 I32] -> [I32]  Mvp  mirrored(I32GeU)  opposite(I32GtU) }
                0x4E I32GeS             "i32.ge_s"              { Relop  [I32 I32] -> [I32]  Mvp  mirrored(I32LeS)  opposite(I32LtS) }
                0x4F I32GeU             "i32.ge_u"              { Relop  [I32 I32] -> [I32]  Mvp  mirrored(I32LeU)  opposite(I32LtU) }
                0x50 I64Eqz             "i64.eqz"               { Testop  [I64] -> [I32]  Mvp }
                0x51 I64Eq              "i64.eq"                { Relop  [I64 I64] -> [I32]  Mvp  commutes  opposite(I64Ne) }
                0x52 I64Ne              "i64.ne"                { Relop  [I64 I64] -> [I32]  Mvp  commutes  opposite(I64Eq) }
                0x53 I64LtS             "i64.lt_s"              { Relop  [I64 I64] -> [I32]  Mvp  mirrored(I64GtS)  opposite(I64GeS) }
                0x54 I64LtU             "i64.lt_u"              { Relop  [I64 I64] -> [I32]  Mvp  mirrored(I64GtU)  opposite(I64GeU) }
                0x55 I64GtS             "i64.gt_s"              { Relop  [I64 I64] -> [I32]  Mvp  mirrored(I64LtS)  opposite(I64LeS) }
                0x56 I64GtU             "i64.gt_u"              { Relop  [I64 I64] -> [I32]  Mvp  mirrored(I64LtU)  opposite(I64LeU) }
                0x57 I64LeS             "i64.le_s"              { Relop  [I64 I64] -> [I32]  Mvp  mirrored(I64GeS)  opposite(I64GtS) }
                0x58 I64LeU             "i64.le_u"              { Relop  [I64 I64] -> [I32]  Mvp  mirrored(I64GeU)  opposite(I64GtU) }
                0x59 I64GeS             "i64.ge_s"              { Relop  [I64 I64] -> [I32]  Mvp  mirrored(I64LeS)  opposite(I64LtS) }
                0x5A I64GeU             "i64.ge_u"              { Relop  [I64 I64] -> [I32]  Mvp  mirrored(I64LeU)  opposite(I64LtU) }
                0x5B F32Eq              "f32.eq"                { Relop  [F32 F32] -> [I32]  Mvp  commutes  opposite(F32Ne) }
                0x5C F32Ne              "f32.ne"                { Relop  [F32 F32] -> [I32]  Mvp  commutes  opposite(F32Eq) }
                0x5D F32Lt              "f32.lt"                { Relop  [F32 F32] -> [I32]  Mvp  mirrored(F32Gt) }
                0x5E F32Gt              "f32.gt"                { Relop  [F32 F32] -> [I32]  Mvp  mirrored(F32Lt) }
                0x5F F32Le              "f32.le"                { Relop  [F32 F32] -> [I32]  Mvp  mirrored(F32Ge) }
                0x60 F32Ge              "f32.ge"                { Relop  [F32 F32] -> [I32]  Mvp  mirrored(F32Le) }
                0x61 F64Eq              "f64.eq"                { Relop  [F64 F64] -> [I32]  Mvp  commutes  opposite(F64Ne) }
                0x62 F64Ne              "f64.ne"                { Relop  [F64 F64] -> [I32]  Mvp  commutes  opposite(F64Eq) }
                0x63 F64Lt              "f64.lt"                { Relop  [F64 F64] -> [I32]  Mvp  mirrored(F64Gt) }
                0x64 F64Gt              "f64.gt"                { Relop  [F64 F64] -> [I32]  Mvp  mirrored(F64Lt) }
                0x65 F64Le              "f64.le"                { Relop  [F64 F64] -> [I32]  Mvp  mirrored(F64Ge) }
                0x66 F64Ge              "f64.ge"                { Relop  [F64 F64] -> [I32]  Mvp  mirrored(F64Le) }
                0x67 I32Clz             "i32.clz"               { Unop  [I32] -> [I32]  Mvp }
                0x68 I32Ctz             "i32.ctz"               { Unop  [I32] -> [I32]  Mvp }
                0x69 I32Popcnt          "i32.popcnt"            { Unop  [I32] -> [I32]  Mvp }
                0x6A I32Add             "i32.add"               { Binop  [I32 I32] -> [I32]  Mvp  constant(ExtendedConst)  commutes }
                0x6B I32Sub             "i32.sub"               { Binop  [I32 I32] -> [I32]  Mvp  constant(ExtendedConst) }
                0x6C I32Mul             "i32.mul"               { Binop  [I32 I32] -> [I32]  Mvp  constant(ExtendedConst)  commutes }
                0x6D I32DivS            "i32.div_s"             { Binop  [I32 I32] -> [I32]  Mvp  traps }
                0x6E I32DivU            "i32.div_u"             { Binop  [I32 I32] -> [I32]  Mvp  traps }
                0x6F I32RemS            "i32.rem_s"             { Binop  [I32 I32] -> [I32]  Mvp  traps }
                0x70 I32RemU            "i32.rem_u"             { Binop  [I32 I32] -> [I32]  Mvp  traps }
                0x71 I32And             "i32.and"               { Binop  [I32 I32] -> [I32]  Mvp  commutes }
                0x72 I32Or              "i32.or"                { Binop  [I32 I32] -> [I32]  Mvp  commutes }
                0x73 I32Xor             "i32.xor"               { Binop  [I32 I32] -> [I32]  Mvp  commutes }
                0x74 I32Shl             "i32.shl"               { Binop  [I32 I32] -> [I32]  Mvp }
                0x75 I32ShrS            "i32.shr_s"             { Binop  [I32 I32] -> [I32]  Mvp }
                0x76 I32ShrU            "i32.shr_u"             { Binop  [I32 I32] -> [I32]  Mvp }
                0x77 I32Rotl            "i32.rotl"              { Binop  [I32 I32] -> [I32]  Mvp }
                0x78 I32Rotr            "i32.rotr"              { Binop  [I32 I32] -> [I32]  Mvp }
                0x79 I64Clz             "i64.clz"               { Unop  [I64] -> [I64]  Mvp }
                0x7A I64Ctz             "i64.ctz"               { Unop  [I64] -> [I64]  Mvp }
                0x7B I64Popcnt          "i64.popcnt"            { Unop  [I64] -> [I64]  Mvp }
                0x7C I64Add             "i64.add"               { Binop  [I64 I64] -> [I64]  Mvp  constant(ExtendedConst)  commutes }
                0x7D I64Sub             "i64.sub"               { Binop  [I64 I64] -> [I64]  Mvp  constant(ExtendedConst) }
                0x7E I64Mul             "i64.mul"               { Binop  [I64 I64] -> [I64]  Mvp  constant(ExtendedConst)  commutes }
                0x7F I64DivS            "i64.div_s"             { Binop  [I64 I64] -> [I64]  Mvp  traps }
                0x80 I64DivU            "i64.div_u"             { Binop  [I64 I64] -> [I64]  Mvp  traps }
                0x81 I64RemS            "i64.rem_s"             { Binop  [I64 I64] -> [I64]  Mvp  traps }
                0x82 I64RemU            "i64.rem_u"             { Binop  [I64 I64] -> [I64]  Mvp  traps }
                0x83 I64And             "i64.and"               { Binop  [I64 I64] -> [I64]  Mvp  commutes }
                0x84 I64Or              "i64.or"                { Binop  [I64 I64] -> [I64]  Mvp  commutes }
                0x85 I64Xor             "i64.xor"               { Binop  [I64 I64] -> [I64]  Mvp  commutes }
                0x86 I64Shl             "i64.shl"               { Binop  [I64 I64] -> [I64]  Mvp }
                0x87 I64ShrS            "i64.shr_s"             { Binop  [I64 I64] -> [I64]  Mvp }
                0x88 I64ShrU            "i64.shr_u"             { Binop  [I64 I64] -> [I64]  Mvp }
                0x89 I64Rotl            "i64.rotl"              { Binop  [I64 I64] -> [I64]  Mvp }
                0x8A I64Rotr            "i64.rotr"              { Binop  [I64 I64] -> [I64]  Mvp }
                0x8B F32Abs             "f32.abs"               { Unop  [F32] -> [F32]  Mvp }
                0x8C F32Neg             "f32.neg"               { Unop  [F32] -> [F32]  Mvp }
                0x8D F32Ceil            "f32.ceil"              { Unop  [F32] -> [F32]  Mvp  nan(F32) }
                0x8E F32Floor           "f32.floor"             { Unop  [F32] -> [F32]  Mvp  nan(F32) }
                0x8F F32Trunc           "f32.trunc"             { Unop  [F32] -> [F32]  Mvp  nan(F32) }
                0x90 F32Nearest         "f32.nearest"           { Unop  [F32] -> [F32]  Mvp  nan(F32) }
                0x91 F32Sqrt            "f32.sqrt"              { Unop  [F32] -> [F32]  Mvp  nan(F32) }
                0x92 F32Add             "f32.add"               { Binop  [F32 F32] -> [F32]  Mvp  commutes  nan(F32) }
                0x93 F32Sub             "f32.sub"               { Binop  [F32 F32] -> [F32]  Mvp  nan(F32) }
                0x94 F32Mul             "f32.mul"               { Binop  [F32 F32] -> [F32]  Mvp  commutes  nan(F32) }
                0x95 F32Div             "f32.div"               { Binop  [F32 F32] -> [F32]  Mvp  nan(F32) }
                0x96 F32Min             "f32.min"               { Binop  [F32 F32] -> [F32]  Mvp  commutes  nan(F32) }
                0x97 F32Max             "f32.max"               { Binop  [F32 F32] -> [F32]  Mvp  commutes  nan(F32) }
                0x98 F32Copysign        "f32.copysign"          { Binop  [F32 F32] -> [F32]  Mvp }
                0x99 F64Abs             "f64.abs"               { Unop  [F64] -> [F64]  Mvp }
                0x9A F64Neg             "f64.neg"               { Unop  [F64] -> [F64]  Mvp }
                0x9B F64Ceil            "f64.ceil"              { Unop  [F64] -> [F64]  Mvp  nan(F64) }
                0x9C F64Floor           "f64.floor"             { Unop  [F64] -> [F64]  Mvp  nan(F64) }
                0x9D F64Trunc           "f64.trunc"             { Unop  [F64] -> [F64]  Mvp  nan(F64) }
                0x9E F64Nearest         "f64.nearest"           { Unop  [F64] -> [F64]  Mvp  nan(F64) }
                0x9F F64Sqrt            "f64.sqrt"              { Unop  [F64] -> [F64]  Mvp  nan(F64) }
                0xA0 F64Add             "f64.add"               { Binop  [F64 F64] -> [F64]  Mvp  commutes  nan(F64) }
                0xA1 F64Sub             "f64.sub"               { Binop  [F64 F64] -> [F64]  Mvp  nan(F64) }
                0xA2 F64Mul             "f64.mul"               { Binop  [F64 F64] -> [F64]  Mvp  commutes  nan(F64) }
                0xA3 F64Div             "f64.div"               { Binop  [F64 F64] -> [F64]  Mvp  nan(F64) }
                0xA4 F64Min             "f64.min"               { Binop  [F64 F64] -> [F64]  Mvp  commutes  nan(F64) }
                0xA5 F64Max             "f64.max"               { Binop  [F64 F64] -> [F64]  Mvp  commutes  nan(F64) }
                0xA6 F64Copysign        "f64.copysign"          { Binop  [F64 F64] -> [F64]  Mvp }
                0xA7 I32WrapI64         "i32.wrap_i64"          { Cvtop  [I64] -> [I32]  Mvp }
                0xA8 I32TruncF32S       "i32.trunc_f32_s"       { Cvtop  [F32] -> [I32]  Mvp  traps }
                0xA9 I32TruncF32U       "i32.trunc_f32_u"       { Cvtop  [F32] -> [I32]  Mvp  traps }
                0xAA I32TruncF64S       "i32.trunc_f64_s"       { Cvtop  [F64] -> [I32]  Mvp  traps }
                0xAB I32TruncF64U       "i32.trunc_f64_u"       { Cvtop  [F64] -> [I32]  Mvp  traps }
                0xAC I64ExtendI32S      "i64.extend_i32_s"      { Cvtop  [I32] -> [I64]  Mvp }
                0xAD I64ExtendI32U      "i64.extend_i32_u"      { Cvtop  [I32] -> [I64]  Mvp }
                0xAE I64TruncF32S       "i64.trunc_f32_s"       { Cvtop  [F32] -> [I64]  Mvp  traps }
                0xAF I64TruncF32U       "i64.trunc_f32_u"       { Cvtop  [F32] -> [I64]  Mvp  traps }
                0xB0 I64TruncF64S       "i64.trunc_f64_s"       { Cvtop  [F64] -> [I64]  Mvp  traps }
                0xB1 I64TruncF64U       "i64.trunc_f64_u"       { Cvtop  [F64] -> [I64]  Mvp  traps }
                0xB2 F32ConvertI32S     "f32.convert_i32_s"     { Cvtop  [I32] -> [F32]  Mvp }
                0xB3 F32ConvertI32U     "f32.convert_i32_u"     { Cvtop  [I32] -> [F32]  Mvp }
                0xB4 F32ConvertI64S     "f32.convert_i64_s"     { Cvtop  [I64] -> [F32]  Mvp }
                0xB5 F32ConvertI64U     "f32.convert_i64_u"     { Cvtop  [I64] -> [F32]  Mvp }
                0xB6 F32DemoteF64       "f32.demote_f64"        { Cvtop  [F64] -> [F32]  Mvp  nan(F32) }
                0xB7 F64ConvertI32S     "f64.convert_i32_s"     { Cvtop  [I32] -> [F64]  Mvp }
                0xB8 F64ConvertI32U     "f64.convert_i32_u"     { Cvtop  [I32] -> [F64]  Mvp }
                0xB9 F64ConvertI64S     "f64.convert_i64_s"     { Cvtop  [I64] -> [F64]  Mvp }
                0xBA F64ConvertI64U     "f64.convert_i64_u"     { Cvtop  [I64] -> [F64]  Mvp }
                0xBB F64PromoteF32      "f64.promote_f32"       { Cvtop  [F32] -> [F64]  Mvp  nan(F64) }
                0xBC I32ReinterpretF32  "i32.reinterpret_f32"   { Cvtop  [F32] -> [I32]  Mvp }
                0xBD I64ReinterpretF64  "i64.reinterpret_f64"   { Cvtop  [F64] -> [I64]  Mvp }
                0xBE F32ReinterpretI32  "f32.reinterpret_i32"   { Cvtop  [I32] -> [F32]  Mvp }
                0xBF F64ReinterpretI64  "f64.reinterpret_i64"   { Cvtop  [I64] -> [F64]  Mvp }
                0xC0 I32Extend8S        "i32.extend8_s"         { Unop  [I32] -> [I32]  SignExtension }
                0xC1 I32Extend16S       "i32.extend16_s"        { Unop  [I32] -> [I32]  SignExtension }
                0xC2 I64Extend8S        "i64.extend8_s"         { Unop  [I64] -> [I64]  SignExtension }
                0xC3 I64Extend16S       "i64.extend16_s"        { Unop  [I64] -> [I64]  SignExtension }
                0xC4 I64Extend32S       "i64.extend32_s"        { Unop  [I64] -> [I64]  SignExtension }
                // Reference instructions.
                0xD0 RefNull            "ref.null"              (heap: HeapType)  { Special  ReferenceTypes  constant(ReferenceTypes) }
                0xD1 RefIsNull          "ref.is_null"           { Special  ReferenceTypes }
                0xD2 RefFunc            "ref.func"              (func: FuncIdx)  { Special  ReferenceTypes  constant(ReferenceTypes) }
                0xD3 RefEq              "ref.eq"                { Plain  [EQREF EQREF] -> [I32]  Gc }
                0xD4 RefAsNonNull       "ref.as_non_null"       { Special  FunctionReferences  traps }
                0xD5 BrOnNull           "br_on_null"            (label: LabelIdx)  { Special  FunctionReferences }
                0xD6 BrOnNonNull        "br_on_non_null"        (label: LabelIdx)  { Special  FunctionReferences }
            }
            aggregate 0xFB {
                // Structures.
                0  StructNew        "struct.new"          (ty: TypeIdx)  { Special  Gc  constant(Gc)  bulk(HeapByte) }
                1  StructNewDefault "struct.new_default"  (ty: TypeIdx)  { Special  Gc  constant(Gc)  bulk(HeapByte) }
                2  StructGet        "struct.get"          (ty: TypeIdx, field: FieldIdx)  { Special  Gc  traps }
                3  StructGetS       "struct.get_s"        (ty: TypeIdx, field: FieldIdx)  { Special  Gc  traps }
                4  StructGetU       "struct.get_u"        (ty: TypeIdx, field: FieldIdx)  { Special  Gc  traps }
                5  StructSet        "struct.set"          (ty: TypeIdx, field: FieldIdx)  { Special  Gc  traps }
                // Arrays.
                6  ArrayNew         "array.new"           (ty: TypeIdx)  { Special  Gc  constant(Gc)  bulk(HeapByte) }
                7  ArrayNewDefault  "array.new_default"   (ty: TypeIdx)  { Special  Gc  constant(Gc)  bulk(HeapByte) }
                8  ArrayNewFixed    "array.new_fixed"     (ty: TypeIdx, count: Count)  { Special  Gc  constant(Gc)  bulk(HeapByte) }
                9  ArrayNewData     "array.new_data"      (ty: TypeIdx, data: DataIdx)  { Special  Gc  traps  bulk(HeapByte) }
                10 ArrayNewElem     "array.new_elem"      (ty: TypeIdx, elem: ElemIdx)  { Special  Gc  traps  bulk(HeapByte) }
                11 ArrayGet         "array.get"           (ty: TypeIdx)  { Special  Gc  traps }
                12 ArrayGetS        "array.get_s"         (ty: TypeIdx)  { Special  Gc  traps }
                13 ArrayGetU        "array.get_u"         (ty: TypeIdx)  { Special  Gc  traps }
                14 ArraySet         "array.set"           (ty: TypeIdx)  { Special  Gc  traps }
                15 ArrayLen         "array.len"           { Plain  [ARRAYREF] -> [I32]  Gc  traps }
                16 ArrayFill        "array.fill"          (ty: TypeIdx)  { Special  Gc  traps  bulk(Element) }
                17 ArrayCopy        "array.copy"          (dst: TypeIdx, src: TypeIdx)  { Special  Gc  traps  bulk(Element) }
                18 ArrayInitData    "array.init_data"     (ty: TypeIdx, data: DataIdx)  { Special  Gc  traps  bulk(Element) }
                19 ArrayInitElem    "array.init_elem"     (ty: TypeIdx, elem: ElemIdx)  { Special  Gc  traps  bulk(Element) }
                // Casts. The text format has one mnemonic for both nullabilities.
                20 RefTestNonNull   "ref.test"            (heap: HeapType)  { Special  Gc }
                21 RefTestNull      "ref.test"            (heap: HeapType)  { Special  Gc }
                22 RefCastNonNull   "ref.cast"            (heap: HeapType)  { Special  Gc  traps }
                23 RefCastNull      "ref.cast"            (heap: HeapType)  { Special  Gc  traps }
                24 BrOnCast         "br_on_cast"          (cast: CastArg)  { Special  Gc }
                25 BrOnCastFail     "br_on_cast_fail"     (cast: CastArg)  { Special  Gc }
                26 AnyConvertExtern "any.convert_extern"  { Special  Gc  constant(Gc) }
                27 ExternConvertAny "extern.convert_any"  { Special  Gc  constant(Gc) }
                // Unboxed scalars.
                28 RefI31           "ref.i31"             { Plain  [I32] -> [REF_I31]  Gc  constant(Gc) }
                29 I31GetS          "i31.get_s"           { Plain  [I31REF] -> [I32]  Gc  traps }
                30 I31GetU          "i31.get_u"           { Plain  [I31REF] -> [I32]  Gc  traps }
            }
            misc 0xFC {
                // Saturating conversions.
                0  I32TruncSatF32S "i32.trunc_sat_f32_s"  { Cvtop  [F32] -> [I32]  SaturatingFloatToInt }
                1  I32TruncSatF32U "i32.trunc_sat_f32_u"  { Cvtop  [F32] -> [I32]  SaturatingFloatToInt }
                2  I32TruncSatF64S "i32.trunc_sat_f64_s"  { Cvtop  [F64] -> [I32]  SaturatingFloatToInt }
                3  I32TruncSatF64U "i32.trunc_sat_f64_u"  { Cvtop  [F64] -> [I32]  SaturatingFloatToInt }
                4  I64TruncSatF32S "i64.trunc_sat_f32_s"  { Cvtop  [F32] -> [I64]  SaturatingFloatToInt }
                5  I64TruncSatF32U "i64.trunc_sat_f32_u"  { Cvtop  [F32] -> [I64]  SaturatingFloatToInt }
                6  I64TruncSatF64S "i64.trunc_sat_f64_s"  { Cvtop  [F64] -> [I64]  SaturatingFloatToInt }
                7  I64TruncSatF64U "i64.trunc_sat_f64_u"  { Cvtop  [F64] -> [I64]  SaturatingFloatToInt }
                // Bulk memory and table instructions.
                8  MemoryInit      "memory.init"          (data: DataIdx, mem: MemIdx)  { Special  BulkMemory  traps  bulk(Byte) }
                9  DataDrop        "data.drop"            (data: DataIdx)  { Special  BulkMemory }
                10 MemoryCopy      "memory.copy"          (dst: MemIdx, src: MemIdx)  { Special  BulkMemory  traps  bulk(Byte) }
                11 MemoryFill      "memory.fill"          (mem: MemIdx)  { Special  BulkMemory  traps  bulk(Byte) }
                12 TableInit       "table.init"           (elem: ElemIdx, table: TableIdx)  { Special  BulkMemory  traps  bulk(Element) }
                13 ElemDrop        "elem.drop"            (elem: ElemIdx)  { Special  BulkMemory }
                14 TableCopy       "table.copy"           (dst: TableIdx, src: TableIdx)  { Special  BulkMemory  traps  bulk(Element) }
                15 TableGrow       "table.grow"           (table: TableIdx)  { Special  ReferenceTypes  bulk(Element) }
                16 TableSize       "table.size"           (table: TableIdx)  { Special  ReferenceTypes }
                17 TableFill       "table.fill"           (table: TableIdx)  { Special  ReferenceTypes  traps  bulk(Element) }
                // Arithmetic on pairs of integers.
                19 I64Add128       "i64.add128"           { Plain  [I64 I64 I64 I64] -> [I64 I64]  WideArithmetic }
                20 I64Sub128       "i64.sub128"           { Plain  [I64 I64 I64 I64] -> [I64 I64]  WideArithmetic }
                21 I64MulWideS     "i64.mul_wide_s"       { Plain  [I64 I64] -> [I64 I64]  WideArithmetic }
                22 I64MulWideU     "i64.mul_wide_u"       { Plain  [I64 I64] -> [I64 I64]  WideArithmetic }
            }
            vector 0xFD {
                // Loads and stores of vectors.
                0x00  V128Load                      "v128.load"                            (memarg: MemArg)  { Vload(16)  [I32] -> [V128]  Simd }
                0x01  V128Load8x8S                  "v128.load8x8_s"                       (memarg: MemArg)  { Vload(8)  [I32] -> [V128]  Simd }
                0x02  V128Load8x8U                  "v128.load8x8_u"                       (memarg: MemArg)  { Vload(8)  [I32] -> [V128]  Simd }
                0x03  V128Load16x4S                 "v128.load16x4_s"                      (memarg: MemArg)  { Vload(8)  [I32] -> [V128]  Simd }
                0x04  V128Load16x4U                 "v128.load16x4_u"                      (memarg: MemArg)  { Vload(8)  [I32] -> [V128]  Simd }
                0x05  V128Load32x2S                 "v128.load32x2_s"                      (memarg: MemArg)  { Vload(8)  [I32] -> [V128]  Simd }
                0x06  V128Load32x2U                 "v128.load32x2_u"                      (memarg: MemArg)  { Vload(8)  [I32] -> [V128]  Simd }
                0x07  V128Load8Splat                "v128.load8_splat"                     (memarg: MemArg)  { Vload(1)  [I32] -> [V128]  Simd }
                0x08  V128Load16Splat               "v128.load16_splat"                    (memarg: MemArg)  { Vload(2)  [I32] -> [V128]  Simd }
                0x09  V128Load32Splat               "v128.load32_splat"                    (memarg: MemArg)  { Vload(4)  [I32] -> [V128]  Simd }
                0x0A  V128Load64Splat               "v128.load64_splat"                    (memarg: MemArg)  { Vload(8)  [I32] -> [V128]  Simd }
                0x0B  V128Store                     "v128.store"                           (memarg: MemArg)  { Vstore(16)  [I32 V128] -> []  Simd }
                // Vectors of bytes as immediates, lanes.
                0x0C  V128Const                     "v128.const"                           (bytes: [u8; 16])  { Vconst  [] -> [V128]  Simd  constant(Simd) }
                0x0D  I8x16Shuffle                  "i8x16.shuffle"                        (lanes: [u8; 16])  { Vplain  [V128 V128] -> [V128]  Simd }
                0x0E  I8x16Swizzle                  "i8x16.swizzle"                        { Vplain  [V128 V128] -> [V128]  Simd }
                0x0F  I8x16Splat                    "i8x16.splat"                          { Vplain  [I32] -> [V128]  Simd }
                0x10  I16x8Splat                    "i16x8.splat"                          { Vplain  [I32] -> [V128]  Simd }
                0x11  I32x4Splat                    "i32x4.splat"                          { Vplain  [I32] -> [V128]  Simd }
                0x12  I64x2Splat                    "i64x2.splat"                          { Vplain  [I64] -> [V128]  Simd }
                0x13  F32x4Splat                    "f32x4.splat"                          { Vplain  [F32] -> [V128]  Simd }
                0x14  F64x2Splat                    "f64x2.splat"                          { Vplain  [F64] -> [V128]  Simd }
                0x15  I8x16ExtractLaneS             "i8x16.extract_lane_s"                 (lane: u8)  { Vplain  [V128] -> [I32]  Simd }
                0x16  I8x16ExtractLaneU             "i8x16.extract_lane_u"                 (lane: u8)  { Vplain  [V128] -> [I32]  Simd }
                0x17  I8x16ReplaceLane              "i8x16.replace_lane"                   (lane: u8)  { Vplain  [V128 I32] -> [V128]  Simd }
                0x18  I16x8ExtractLaneS             "i16x8.extract_lane_s"                 (lane: u8)  { Vplain  [V128] -> [I32]  Simd }
                0x19  I16x8ExtractLaneU             "i16x8.extract_lane_u"                 (lane: u8)  { Vplain  [V128] -> [I32]  Simd }
                0x1A  I16x8ReplaceLane              "i16x8.replace_lane"                   (lane: u8)  { Vplain  [V128 I32] -> [V128]  Simd }
                0x1B  I32x4ExtractLane              "i32x4.extract_lane"                   (lane: u8)  { Vplain  [V128] -> [I32]  Simd }
                0x1C  I32x4ReplaceLane              "i32x4.replace_lane"                   (lane: u8)  { Vplain  [V128 I32] -> [V128]  Simd }
                0x1D  I64x2ExtractLane              "i64x2.extract_lane"                   (lane: u8)  { Vplain  [V128] -> [I64]  Simd }
                0x1E  I64x2ReplaceLane              "i64x2.replace_lane"                   (lane: u8)  { Vplain  [V128 I64] -> [V128]  Simd }
                0x1F  F32x4ExtractLane              "f32x4.extract_lane"                   (lane: u8)  { Vplain  [V128] -> [F32]  Simd }
                0x20  F32x4ReplaceLane              "f32x4.replace_lane"                   (lane: u8)  { Vplain  [V128 F32] -> [V128]  Simd }
                0x21  F64x2ExtractLane              "f64x2.extract_lane"                   (lane: u8)  { Vplain  [V128] -> [F64]  Simd }
                0x22  F64x2ReplaceLane              "f64x2.replace_lane"                   (lane: u8)  { Vplain  [V128 F64] -> [V128]  Simd }
                // Comparisons.
                0x23  I8x16Eq                       "i8x16.eq"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x24  I8x16Ne                       "i8x16.ne"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x25  I8x16LtS                      "i8x16.lt_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x26  I8x16LtU                      "i8x16.lt_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x27  I8x16GtS                      "i8x16.gt_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x28  I8x16GtU                      "i8x16.gt_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x29  I8x16LeS                      "i8x16.le_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x2A  I8x16LeU                      "i8x16.le_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x2B  I8x16GeS                      "i8x16.ge_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x2C  I8x16GeU                      "i8x16.ge_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x2D  I16x8Eq                       "i16x8.eq"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x2E  I16x8Ne                       "i16x8.ne"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x2F  I16x8LtS                      "i16x8.lt_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x30  I16x8LtU                      "i16x8.lt_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x31  I16x8GtS                      "i16x8.gt_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x32  I16x8GtU                      "i16x8.gt_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x33  I16x8LeS                      "i16x8.le_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x34  I16x8LeU                      "i16x8.le_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x35  I16x8GeS                      "i16x8.ge_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x36  I16x8GeU                      "i16x8.ge_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x37  I32x4Eq                       "i32x4.eq"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x38  I32x4Ne                       "i32x4.ne"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x39  I32x4LtS                      "i32x4.lt_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x3A  I32x4LtU                      "i32x4.lt_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x3B  I32x4GtS                      "i32x4.gt_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x3C  I32x4GtU                      "i32x4.gt_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x3D  I32x4LeS                      "i32x4.le_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x3E  I32x4LeU                      "i32x4.le_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x3F  I32x4GeS                      "i32x4.ge_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x40  I32x4GeU                      "i32x4.ge_u"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0x41  F32x4Eq                       "f32x4.eq"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x42  F32x4Ne                       "f32x4.ne"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x43  F32x4Lt                       "f32x4.lt"                             { Vplain  [V128 V128] -> [V128]  Simd }
                0x44  F32x4Gt                       "f32x4.gt"                             { Vplain  [V128 V128] -> [V128]  Simd }
                0x45  F32x4Le                       "f32x4.le"                             { Vplain  [V128 V128] -> [V128]  Simd }
                0x46  F32x4Ge                       "f32x4.ge"                             { Vplain  [V128 V128] -> [V128]  Simd }
                0x47  F64x2Eq                       "f64x2.eq"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x48  F64x2Ne                       "f64x2.ne"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x49  F64x2Lt                       "f64x2.lt"                             { Vplain  [V128 V128] -> [V128]  Simd }
                0x4A  F64x2Gt                       "f64x2.gt"                             { Vplain  [V128 V128] -> [V128]  Simd }
                0x4B  F64x2Le                       "f64x2.le"                             { Vplain  [V128 V128] -> [V128]  Simd }
                0x4C  F64x2Ge                       "f64x2.ge"                             { Vplain  [V128 V128] -> [V128]  Simd }
                // Bitwise instructions, accesses of single lanes.
                0x4D  V128Not                       "v128.not"                             { Vplain  [V128] -> [V128]  Simd }
                0x4E  V128And                       "v128.and"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x4F  V128Andnot                    "v128.andnot"                          { Vplain  [V128 V128] -> [V128]  Simd }
                0x50  V128Or                        "v128.or"                              { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x51  V128Xor                       "v128.xor"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x52  V128Bitselect                 "v128.bitselect"                       { Vplain  [V128 V128 V128] -> [V128]  Simd }
                0x53  V128AnyTrue                   "v128.any_true"                        { Vplain  [V128] -> [I32]  Simd }
                0x54  V128Load8Lane                 "v128.load8_lane"                      (memarg: MemArg, lane: u8)  { VloadLane(1)  [I32 V128] -> [V128]  Simd }
                0x55  V128Load16Lane                "v128.load16_lane"                     (memarg: MemArg, lane: u8)  { VloadLane(2)  [I32 V128] -> [V128]  Simd }
                0x56  V128Load32Lane                "v128.load32_lane"                     (memarg: MemArg, lane: u8)  { VloadLane(4)  [I32 V128] -> [V128]  Simd }
                0x57  V128Load64Lane                "v128.load64_lane"                     (memarg: MemArg, lane: u8)  { VloadLane(8)  [I32 V128] -> [V128]  Simd }
                0x58  V128Store8Lane                "v128.store8_lane"                     (memarg: MemArg, lane: u8)  { VstoreLane(1)  [I32 V128] -> []  Simd }
                0x59  V128Store16Lane               "v128.store16_lane"                    (memarg: MemArg, lane: u8)  { VstoreLane(2)  [I32 V128] -> []  Simd }
                0x5A  V128Store32Lane               "v128.store32_lane"                    (memarg: MemArg, lane: u8)  { VstoreLane(4)  [I32 V128] -> []  Simd }
                0x5B  V128Store64Lane               "v128.store64_lane"                    (memarg: MemArg, lane: u8)  { VstoreLane(8)  [I32 V128] -> []  Simd }
                0x5C  V128Load32Zero                "v128.load32_zero"                     (memarg: MemArg)  { Vload(4)  [I32] -> [V128]  Simd }
                0x5D  V128Load64Zero                "v128.load64_zero"                     (memarg: MemArg)  { Vload(8)  [I32] -> [V128]  Simd }
                // Arithmetic and conversions, one shape after the other with gaps that the format fills with floats.
                0x5E  F32x4DemoteF64x2Zero          "f32x4.demote_f64x2_zero"              { Vplain  [V128] -> [V128]  Simd  nan(F32x4) }
                0x5F  F64x2PromoteLowF32x4          "f64x2.promote_low_f32x4"              { Vplain  [V128] -> [V128]  Simd  nan(F64x2) }
                0x60  I8x16Abs                      "i8x16.abs"                            { Vplain  [V128] -> [V128]  Simd }
                0x61  I8x16Neg                      "i8x16.neg"                            { Vplain  [V128] -> [V128]  Simd }
                0x62  I8x16Popcnt                   "i8x16.popcnt"                         { Vplain  [V128] -> [V128]  Simd }
                0x63  I8x16AllTrue                  "i8x16.all_true"                       { Vplain  [V128] -> [I32]  Simd }
                0x64  I8x16Bitmask                  "i8x16.bitmask"                        { Vplain  [V128] -> [I32]  Simd }
                0x65  I8x16NarrowI16x8S             "i8x16.narrow_i16x8_s"                 { Vplain  [V128 V128] -> [V128]  Simd }
                0x66  I8x16NarrowI16x8U             "i8x16.narrow_i16x8_u"                 { Vplain  [V128 V128] -> [V128]  Simd }
                0x67  F32x4Ceil                     "f32x4.ceil"                           { Vplain  [V128] -> [V128]  Simd  nan(F32x4) }
                0x68  F32x4Floor                    "f32x4.floor"                          { Vplain  [V128] -> [V128]  Simd  nan(F32x4) }
                0x69  F32x4Trunc                    "f32x4.trunc"                          { Vplain  [V128] -> [V128]  Simd  nan(F32x4) }
                0x6A  F32x4Nearest                  "f32x4.nearest"                        { Vplain  [V128] -> [V128]  Simd  nan(F32x4) }
                0x6B  I8x16Shl                      "i8x16.shl"                            { Vplain  [V128 I32] -> [V128]  Simd }
                0x6C  I8x16ShrS                     "i8x16.shr_s"                          { Vplain  [V128 I32] -> [V128]  Simd }
                0x6D  I8x16ShrU                     "i8x16.shr_u"                          { Vplain  [V128 I32] -> [V128]  Simd }
                0x6E  I8x16Add                      "i8x16.add"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x6F  I8x16AddSatS                  "i8x16.add_sat_s"                      { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x70  I8x16AddSatU                  "i8x16.add_sat_u"                      { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x71  I8x16Sub                      "i8x16.sub"                            { Vplain  [V128 V128] -> [V128]  Simd }
                0x72  I8x16SubSatS                  "i8x16.sub_sat_s"                      { Vplain  [V128 V128] -> [V128]  Simd }
                0x73  I8x16SubSatU                  "i8x16.sub_sat_u"                      { Vplain  [V128 V128] -> [V128]  Simd }
                0x74  F64x2Ceil                     "f64x2.ceil"                           { Vplain  [V128] -> [V128]  Simd  nan(F64x2) }
                0x75  F64x2Floor                    "f64x2.floor"                          { Vplain  [V128] -> [V128]  Simd  nan(F64x2) }
                0x76  I8x16MinS                     "i8x16.min_s"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x77  I8x16MinU                     "i8x16.min_u"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x78  I8x16MaxS                     "i8x16.max_s"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x79  I8x16MaxU                     "i8x16.max_u"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x7A  F64x2Trunc                    "f64x2.trunc"                          { Vplain  [V128] -> [V128]  Simd  nan(F64x2) }
                0x7B  I8x16AvgrU                    "i8x16.avgr_u"                         { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x7C  I16x8ExtaddPairwiseI8x16S     "i16x8.extadd_pairwise_i8x16_s"        { Vplain  [V128] -> [V128]  Simd }
                0x7D  I16x8ExtaddPairwiseI8x16U     "i16x8.extadd_pairwise_i8x16_u"        { Vplain  [V128] -> [V128]  Simd }
                0x7E  I32x4ExtaddPairwiseI16x8S     "i32x4.extadd_pairwise_i16x8_s"        { Vplain  [V128] -> [V128]  Simd }
                0x7F  I32x4ExtaddPairwiseI16x8U     "i32x4.extadd_pairwise_i16x8_u"        { Vplain  [V128] -> [V128]  Simd }
                0x80  I16x8Abs                      "i16x8.abs"                            { Vplain  [V128] -> [V128]  Simd }
                0x81  I16x8Neg                      "i16x8.neg"                            { Vplain  [V128] -> [V128]  Simd }
                0x82  I16x8Q15mulrSatS              "i16x8.q15mulr_sat_s"                  { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x83  I16x8AllTrue                  "i16x8.all_true"                       { Vplain  [V128] -> [I32]  Simd }
                0x84  I16x8Bitmask                  "i16x8.bitmask"                        { Vplain  [V128] -> [I32]  Simd }
                0x85  I16x8NarrowI32x4S             "i16x8.narrow_i32x4_s"                 { Vplain  [V128 V128] -> [V128]  Simd }
                0x86  I16x8NarrowI32x4U             "i16x8.narrow_i32x4_u"                 { Vplain  [V128 V128] -> [V128]  Simd }
                0x87  I16x8ExtendLowI8x16S          "i16x8.extend_low_i8x16_s"             { Vplain  [V128] -> [V128]  Simd }
                0x88  I16x8ExtendHighI8x16S         "i16x8.extend_high_i8x16_s"            { Vplain  [V128] -> [V128]  Simd }
                0x89  I16x8ExtendLowI8x16U          "i16x8.extend_low_i8x16_u"             { Vplain  [V128] -> [V128]  Simd }
                0x8A  I16x8ExtendHighI8x16U         "i16x8.extend_high_i8x16_u"            { Vplain  [V128] -> [V128]  Simd }
                0x8B  I16x8Shl                      "i16x8.shl"                            { Vplain  [V128 I32] -> [V128]  Simd }
                0x8C  I16x8ShrS                     "i16x8.shr_s"                          { Vplain  [V128 I32] -> [V128]  Simd }
                0x8D  I16x8ShrU                     "i16x8.shr_u"                          { Vplain  [V128 I32] -> [V128]  Simd }
                0x8E  I16x8Add                      "i16x8.add"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x8F  I16x8AddSatS                  "i16x8.add_sat_s"                      { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x90  I16x8AddSatU                  "i16x8.add_sat_u"                      { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x91  I16x8Sub                      "i16x8.sub"                            { Vplain  [V128 V128] -> [V128]  Simd }
                0x92  I16x8SubSatS                  "i16x8.sub_sat_s"                      { Vplain  [V128 V128] -> [V128]  Simd }
                0x93  I16x8SubSatU                  "i16x8.sub_sat_u"                      { Vplain  [V128 V128] -> [V128]  Simd }
                0x94  F64x2Nearest                  "f64x2.nearest"                        { Vplain  [V128] -> [V128]  Simd  nan(F64x2) }
                0x95  I16x8Mul                      "i16x8.mul"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x96  I16x8MinS                     "i16x8.min_s"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x97  I16x8MinU                     "i16x8.min_u"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x98  I16x8MaxS                     "i16x8.max_s"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x99  I16x8MaxU                     "i16x8.max_u"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x9B  I16x8AvgrU                    "i16x8.avgr_u"                         { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x9C  I16x8ExtmulLowI8x16S          "i16x8.extmul_low_i8x16_s"             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x9D  I16x8ExtmulHighI8x16S         "i16x8.extmul_high_i8x16_s"            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x9E  I16x8ExtmulLowI8x16U          "i16x8.extmul_low_i8x16_u"             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0x9F  I16x8ExtmulHighI8x16U         "i16x8.extmul_high_i8x16_u"            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xA0  I32x4Abs                      "i32x4.abs"                            { Vplain  [V128] -> [V128]  Simd }
                0xA1  I32x4Neg                      "i32x4.neg"                            { Vplain  [V128] -> [V128]  Simd }
                0xA3  I32x4AllTrue                  "i32x4.all_true"                       { Vplain  [V128] -> [I32]  Simd }
                0xA4  I32x4Bitmask                  "i32x4.bitmask"                        { Vplain  [V128] -> [I32]  Simd }
                0xA7  I32x4ExtendLowI16x8S          "i32x4.extend_low_i16x8_s"             { Vplain  [V128] -> [V128]  Simd }
                0xA8  I32x4ExtendHighI16x8S         "i32x4.extend_high_i16x8_s"            { Vplain  [V128] -> [V128]  Simd }
                0xA9  I32x4ExtendLowI16x8U          "i32x4.extend_low_i16x8_u"             { Vplain  [V128] -> [V128]  Simd }
                0xAA  I32x4ExtendHighI16x8U         "i32x4.extend_high_i16x8_u"            { Vplain  [V128] -> [V128]  Simd }
                0xAB  I32x4Shl                      "i32x4.shl"                            { Vplain  [V128 I32] -> [V128]  Simd }
                0xAC  I32x4ShrS                     "i32x4.shr_s"                          { Vplain  [V128 I32] -> [V128]  Simd }
                0xAD  I32x4ShrU                     "i32x4.shr_u"                          { Vplain  [V128 I32] -> [V128]  Simd }
                0xAE  I32x4Add                      "i32x4.add"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xB1  I32x4Sub                      "i32x4.sub"                            { Vplain  [V128 V128] -> [V128]  Simd }
                0xB5  I32x4Mul                      "i32x4.mul"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xB6  I32x4MinS                     "i32x4.min_s"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xB7  I32x4MinU                     "i32x4.min_u"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xB8  I32x4MaxS                     "i32x4.max_s"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xB9  I32x4MaxU                     "i32x4.max_u"                          { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xBA  I32x4DotI16x8S                "i32x4.dot_i16x8_s"                    { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xBC  I32x4ExtmulLowI16x8S          "i32x4.extmul_low_i16x8_s"             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xBD  I32x4ExtmulHighI16x8S         "i32x4.extmul_high_i16x8_s"            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xBE  I32x4ExtmulLowI16x8U          "i32x4.extmul_low_i16x8_u"             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xBF  I32x4ExtmulHighI16x8U         "i32x4.extmul_high_i16x8_u"            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xC0  I64x2Abs                      "i64x2.abs"                            { Vplain  [V128] -> [V128]  Simd }
                0xC1  I64x2Neg                      "i64x2.neg"                            { Vplain  [V128] -> [V128]  Simd }
                0xC3  I64x2AllTrue                  "i64x2.all_true"                       { Vplain  [V128] -> [I32]  Simd }
                0xC4  I64x2Bitmask                  "i64x2.bitmask"                        { Vplain  [V128] -> [I32]  Simd }
                0xC7  I64x2ExtendLowI32x4S          "i64x2.extend_low_i32x4_s"             { Vplain  [V128] -> [V128]  Simd }
                0xC8  I64x2ExtendHighI32x4S         "i64x2.extend_high_i32x4_s"            { Vplain  [V128] -> [V128]  Simd }
                0xC9  I64x2ExtendLowI32x4U          "i64x2.extend_low_i32x4_u"             { Vplain  [V128] -> [V128]  Simd }
                0xCA  I64x2ExtendHighI32x4U         "i64x2.extend_high_i32x4_u"            { Vplain  [V128] -> [V128]  Simd }
                0xCB  I64x2Shl                      "i64x2.shl"                            { Vplain  [V128 I32] -> [V128]  Simd }
                0xCC  I64x2ShrS                     "i64x2.shr_s"                          { Vplain  [V128 I32] -> [V128]  Simd }
                0xCD  I64x2ShrU                     "i64x2.shr_u"                          { Vplain  [V128 I32] -> [V128]  Simd }
                0xCE  I64x2Add                      "i64x2.add"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xD1  I64x2Sub                      "i64x2.sub"                            { Vplain  [V128 V128] -> [V128]  Simd }
                0xD5  I64x2Mul                      "i64x2.mul"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xD6  I64x2Eq                       "i64x2.eq"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xD7  I64x2Ne                       "i64x2.ne"                             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xD8  I64x2LtS                      "i64x2.lt_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0xD9  I64x2GtS                      "i64x2.gt_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0xDA  I64x2LeS                      "i64x2.le_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0xDB  I64x2GeS                      "i64x2.ge_s"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0xDC  I64x2ExtmulLowI32x4S          "i64x2.extmul_low_i32x4_s"             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xDD  I64x2ExtmulHighI32x4S         "i64x2.extmul_high_i32x4_s"            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xDE  I64x2ExtmulLowI32x4U          "i64x2.extmul_low_i32x4_u"             { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xDF  I64x2ExtmulHighI32x4U         "i64x2.extmul_high_i32x4_u"            { Vplain  [V128 V128] -> [V128]  Simd  commutes }
                0xE0  F32x4Abs                      "f32x4.abs"                            { Vplain  [V128] -> [V128]  Simd }
                0xE1  F32x4Neg                      "f32x4.neg"                            { Vplain  [V128] -> [V128]  Simd }
                0xE3  F32x4Sqrt                     "f32x4.sqrt"                           { Vplain  [V128] -> [V128]  Simd  nan(F32x4) }
                0xE4  F32x4Add                      "f32x4.add"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes  nan(F32x4) }
                0xE5  F32x4Sub                      "f32x4.sub"                            { Vplain  [V128 V128] -> [V128]  Simd  nan(F32x4) }
                0xE6  F32x4Mul                      "f32x4.mul"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes  nan(F32x4) }
                0xE7  F32x4Div                      "f32x4.div"                            { Vplain  [V128 V128] -> [V128]  Simd  nan(F32x4) }
                0xE8  F32x4Min                      "f32x4.min"                            { Vplain  [V128 V128] -> [V128]  Simd  nan(F32x4) }
                0xE9  F32x4Max                      "f32x4.max"                            { Vplain  [V128 V128] -> [V128]  Simd  nan(F32x4) }
                0xEA  F32x4Pmin                     "f32x4.pmin"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0xEB  F32x4Pmax                     "f32x4.pmax"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0xEC  F64x2Abs                      "f64x2.abs"                            { Vplain  [V128] -> [V128]  Simd }
                0xED  F64x2Neg                      "f64x2.neg"                            { Vplain  [V128] -> [V128]  Simd }
                0xEF  F64x2Sqrt                     "f64x2.sqrt"                           { Vplain  [V128] -> [V128]  Simd  nan(F64x2) }
                0xF0  F64x2Add                      "f64x2.add"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes  nan(F64x2) }
                0xF1  F64x2Sub                      "f64x2.sub"                            { Vplain  [V128 V128] -> [V128]  Simd  nan(F64x2) }
                0xF2  F64x2Mul                      "f64x2.mul"                            { Vplain  [V128 V128] -> [V128]  Simd  commutes  nan(F64x2) }
                0xF3  F64x2Div                      "f64x2.div"                            { Vplain  [V128 V128] -> [V128]  Simd  nan(F64x2) }
                0xF4  F64x2Min                      "f64x2.min"                            { Vplain  [V128 V128] -> [V128]  Simd  nan(F64x2) }
                0xF5  F64x2Max                      "f64x2.max"                            { Vplain  [V128 V128] -> [V128]  Simd  nan(F64x2) }
                0xF6  F64x2Pmin                     "f64x2.pmin"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0xF7  F64x2Pmax                     "f64x2.pmax"                           { Vplain  [V128 V128] -> [V128]  Simd }
                0xF8  I32x4TruncSatF32x4S           "i32x4.trunc_sat_f32x4_s"              { Vplain  [V128] -> [V128]  Simd }
                0xF9  I32x4TruncSatF32x4U           "i32x4.trunc_sat_f32x4_u"              { Vplain  [V128] -> [V128]  Simd }
                0xFA  F32x4ConvertI32x4S            "f32x4.convert_i32x4_s"                { Vplain  [V128] -> [V128]  Simd }
                0xFB  F32x4ConvertI32x4U            "f32x4.convert_i32x4_u"                { Vplain  [V128] -> [V128]  Simd }
                0xFC  I32x4TruncSatF64x2SZero       "i32x4.trunc_sat_f64x2_s_zero"         { Vplain  [V128] -> [V128]  Simd }
                0xFD  I32x4TruncSatF64x2UZero       "i32x4.trunc_sat_f64x2_u_zero"         { Vplain  [V128] -> [V128]  Simd }
                0xFE  F64x2ConvertLowI32x4S         "f64x2.convert_low_i32x4_s"            { Vplain  [V128] -> [V128]  Simd }
                0xFF  F64x2ConvertLowI32x4U         "f64x2.convert_low_i32x4_u"            { Vplain  [V128] -> [V128]  Simd }
                // Instructions with several permitted results.
                0x100 I8x16RelaxedSwizzle           "i8x16.relaxed_swizzle"                { Vplain  [V128 V128] -> [V128]  RelaxedSimd  strictly(I8x16Swizzle) }
                0x101 I32x4RelaxedTruncF32x4S       "i32x4.relaxed_trunc_f32x4_s"          { Vplain  [V128] -> [V128]  RelaxedSimd  strictly(I32x4TruncSatF32x4S) }
                0x102 I32x4RelaxedTruncF32x4U       "i32x4.relaxed_trunc_f32x4_u"          { Vplain  [V128] -> [V128]  RelaxedSimd  strictly(I32x4TruncSatF32x4U) }
                0x103 I32x4RelaxedTruncF64x2SZero   "i32x4.relaxed_trunc_f64x2_s_zero"     { Vplain  [V128] -> [V128]  RelaxedSimd  strictly(I32x4TruncSatF64x2SZero) }
                0x104 I32x4RelaxedTruncF64x2UZero   "i32x4.relaxed_trunc_f64x2_u_zero"     { Vplain  [V128] -> [V128]  RelaxedSimd  strictly(I32x4TruncSatF64x2UZero) }
                0x105 F32x4RelaxedMadd              "f32x4.relaxed_madd"                   { Vplain  [V128 V128 V128] -> [V128]  RelaxedSimd  nan(F32x4) }
                0x106 F32x4RelaxedNmadd             "f32x4.relaxed_nmadd"                  { Vplain  [V128 V128 V128] -> [V128]  RelaxedSimd  nan(F32x4) }
                0x107 F64x2RelaxedMadd              "f64x2.relaxed_madd"                   { Vplain  [V128 V128 V128] -> [V128]  RelaxedSimd  nan(F64x2) }
                0x108 F64x2RelaxedNmadd             "f64x2.relaxed_nmadd"                  { Vplain  [V128 V128 V128] -> [V128]  RelaxedSimd  nan(F64x2) }
                0x109 I8x16RelaxedLaneselect        "i8x16.relaxed_laneselect"             { Vplain  [V128 V128 V128] -> [V128]  RelaxedSimd  strictly(V128Bitselect) }
                0x10A I16x8RelaxedLaneselect        "i16x8.relaxed_laneselect"             { Vplain  [V128 V128 V128] -> [V128]  RelaxedSimd  strictly(V128Bitselect) }
                0x10B I32x4RelaxedLaneselect        "i32x4.relaxed_laneselect"             { Vplain  [V128 V128 V128] -> [V128]  RelaxedSimd  strictly(V128Bitselect) }
                0x10C I64x2RelaxedLaneselect        "i64x2.relaxed_laneselect"             { Vplain  [V128 V128 V128] -> [V128]  RelaxedSimd  strictly(V128Bitselect) }
                0x10D F32x4RelaxedMin               "f32x4.relaxed_min"                    { Vplain  [V128 V128] -> [V128]  RelaxedSimd  nan(F32x4)  strictly(F32x4Min) }
                0x10E F32x4RelaxedMax               "f32x4.relaxed_max"                    { Vplain  [V128 V128] -> [V128]  RelaxedSimd  nan(F32x4)  strictly(F32x4Max) }
                0x10F F64x2RelaxedMin               "f64x2.relaxed_min"                    { Vplain  [V128 V128] -> [V128]  RelaxedSimd  nan(F64x2)  strictly(F64x2Min) }
                0x110 F64x2RelaxedMax               "f64x2.relaxed_max"                    { Vplain  [V128 V128] -> [V128]  RelaxedSimd  nan(F64x2)  strictly(F64x2Max) }
                0x111 I16x8RelaxedQ15mulrS          "i16x8.relaxed_q15mulr_s"              { Vplain  [V128 V128] -> [V128]  RelaxedSimd  commutes  strictly(I16x8Q15mulrSatS) }
                0x112 I16x8RelaxedDotI8x16I7x16S    "i16x8.relaxed_dot_i8x16_i7x16_s"      { Vplain  [V128 V128] -> [V128]  RelaxedSimd }
                0x113 I32x4RelaxedDotI8x16I7x16AddS "i32x4.relaxed_dot_i8x16_i7x16_add_s"  { Vplain  [V128 V128 V128] -> [V128]  RelaxedSimd }
            }
            atomic 0xFE {
                // Waiting and notifying.
                0x00 MemoryAtomicNotify     "memory.atomic.notify"        (memarg: MemArg)  { Atomic(4)  [I32 I32] -> [I32]  Threads }
                0x01 MemoryAtomicWait32     "memory.atomic.wait32"        (memarg: MemArg)  { Atomic(4)  [I32 I32 I64] -> [I32]  Threads }
                0x02 MemoryAtomicWait64     "memory.atomic.wait64"        (memarg: MemArg)  { Atomic(8)  [I32 I64 I64] -> [I32]  Threads }
                0x03 AtomicFence            "atomic.fence"                (zero: ZeroByte)  { Plain  [] -> []  Threads }
                // Loads and stores.
                0x10 I32AtomicLoad          "i32.atomic.load"             (memarg: MemArg)  { Atomic(4)  [I32] -> [I32]  Threads }
                0x11 I64AtomicLoad          "i64.atomic.load"             (memarg: MemArg)  { Atomic(8)  [I32] -> [I64]  Threads }
                0x12 I32AtomicLoad8U        "i32.atomic.load8_u"          (memarg: MemArg)  { Atomic(1)  [I32] -> [I32]  Threads }
                0x13 I32AtomicLoad16U       "i32.atomic.load16_u"         (memarg: MemArg)  { Atomic(2)  [I32] -> [I32]  Threads }
                0x14 I64AtomicLoad8U        "i64.atomic.load8_u"          (memarg: MemArg)  { Atomic(1)  [I32] -> [I64]  Threads }
                0x15 I64AtomicLoad16U       "i64.atomic.load16_u"         (memarg: MemArg)  { Atomic(2)  [I32] -> [I64]  Threads }
                0x16 I64AtomicLoad32U       "i64.atomic.load32_u"         (memarg: MemArg)  { Atomic(4)  [I32] -> [I64]  Threads }
                0x17 I32AtomicStore         "i32.atomic.store"            (memarg: MemArg)  { Atomic(4)  [I32 I32] -> []  Threads }
                0x18 I64AtomicStore         "i64.atomic.store"            (memarg: MemArg)  { Atomic(8)  [I32 I64] -> []  Threads }
                0x19 I32AtomicStore8        "i32.atomic.store8"           (memarg: MemArg)  { Atomic(1)  [I32 I32] -> []  Threads }
                0x1A I32AtomicStore16       "i32.atomic.store16"          (memarg: MemArg)  { Atomic(2)  [I32 I32] -> []  Threads }
                0x1B I64AtomicStore8        "i64.atomic.store8"           (memarg: MemArg)  { Atomic(1)  [I32 I64] -> []  Threads }
                0x1C I64AtomicStore16       "i64.atomic.store16"          (memarg: MemArg)  { Atomic(2)  [I32 I64] -> []  Threads }
                0x1D I64AtomicStore32       "i64.atomic.store32"          (memarg: MemArg)  { Atomic(4)  [I32 I64] -> []  Threads }
                // Read-modify-write.
                0x1E I32AtomicRmwAdd        "i32.atomic.rmw.add"          (memarg: MemArg)  { Atomic(4)  [I32 I32] -> [I32]  Threads }
                0x1F I64AtomicRmwAdd        "i64.atomic.rmw.add"          (memarg: MemArg)  { Atomic(8)  [I32 I64] -> [I64]  Threads }
                0x20 I32AtomicRmw8AddU      "i32.atomic.rmw8.add_u"       (memarg: MemArg)  { Atomic(1)  [I32 I32] -> [I32]  Threads }
                0x21 I32AtomicRmw16AddU     "i32.atomic.rmw16.add_u"      (memarg: MemArg)  { Atomic(2)  [I32 I32] -> [I32]  Threads }
                0x22 I64AtomicRmw8AddU      "i64.atomic.rmw8.add_u"       (memarg: MemArg)  { Atomic(1)  [I32 I64] -> [I64]  Threads }
                0x23 I64AtomicRmw16AddU     "i64.atomic.rmw16.add_u"      (memarg: MemArg)  { Atomic(2)  [I32 I64] -> [I64]  Threads }
                0x24 I64AtomicRmw32AddU     "i64.atomic.rmw32.add_u"      (memarg: MemArg)  { Atomic(4)  [I32 I64] -> [I64]  Threads }
                0x25 I32AtomicRmwSub        "i32.atomic.rmw.sub"          (memarg: MemArg)  { Atomic(4)  [I32 I32] -> [I32]  Threads }
                0x26 I64AtomicRmwSub        "i64.atomic.rmw.sub"          (memarg: MemArg)  { Atomic(8)  [I32 I64] -> [I64]  Threads }
                0x27 I32AtomicRmw8SubU      "i32.atomic.rmw8.sub_u"       (memarg: MemArg)  { Atomic(1)  [I32 I32] -> [I32]  Threads }
                0x28 I32AtomicRmw16SubU     "i32.atomic.rmw16.sub_u"      (memarg: MemArg)  { Atomic(2)  [I32 I32] -> [I32]  Threads }
                0x29 I64AtomicRmw8SubU      "i64.atomic.rmw8.sub_u"       (memarg: MemArg)  { Atomic(1)  [I32 I64] -> [I64]  Threads }
                0x2A I64AtomicRmw16SubU     "i64.atomic.rmw16.sub_u"      (memarg: MemArg)  { Atomic(2)  [I32 I64] -> [I64]  Threads }
                0x2B I64AtomicRmw32SubU     "i64.atomic.rmw32.sub_u"      (memarg: MemArg)  { Atomic(4)  [I32 I64] -> [I64]  Threads }
                0x2C I32AtomicRmwAnd        "i32.atomic.rmw.and"          (memarg: MemArg)  { Atomic(4)  [I32 I32] -> [I32]  Threads }
                0x2D I64AtomicRmwAnd        "i64.atomic.rmw.and"          (memarg: MemArg)  { Atomic(8)  [I32 I64] -> [I64]  Threads }
                0x2E I32AtomicRmw8AndU      "i32.atomic.rmw8.and_u"       (memarg: MemArg)  { Atomic(1)  [I32 I32] -> [I32]  Threads }
                0x2F I32AtomicRmw16AndU     "i32.atomic.rmw16.and_u"      (memarg: MemArg)  { Atomic(2)  [I32 I32] -> [I32]  Threads }
                0x30 I64AtomicRmw8AndU      "i64.atomic.rmw8.and_u"       (memarg: MemArg)  { Atomic(1)  [I32 I64] -> [I64]  Threads }
                0x31 I64AtomicRmw16AndU     "i64.atomic.rmw16.and_u"      (memarg: MemArg)  { Atomic(2)  [I32 I64] -> [I64]  Threads }
                0x32 I64AtomicRmw32AndU     "i64.atomic.rmw32.and_u"      (memarg: MemArg)  { Atomic(4)  [I32 I64] -> [I64]  Threads }
                0x33 I32AtomicRmwOr         "i32.atomic.rmw.or"           (memarg: MemArg)  { Atomic(4)  [I32 I32] -> [I32]  Threads }
                0x34 I64AtomicRmwOr         "i64.atomic.rmw.or"           (memarg: MemArg)  { Atomic(8)  [I32 I64] -> [I64]  Threads }
                0x35 I32AtomicRmw8OrU       "i32.atomic.rmw8.or_u"        (memarg: MemArg)  { Atomic(1)  [I32 I32] -> [I32]  Threads }
                0x36 I32AtomicRmw16OrU      "i32.atomic.rmw16.or_u"       (memarg: MemArg)  { Atomic(2)  [I32 I32] -> [I32]  Threads }
                0x37 I64AtomicRmw8OrU       "i64.atomic.rmw8.or_u"        (memarg: MemArg)  { Atomic(1)  [I32 I64] -> [I64]  Threads }
                0x38 I64AtomicRmw16OrU      "i64.atomic.rmw16.or_u"       (memarg: MemArg)  { Atomic(2)  [I32 I64] -> [I64]  Threads }
                0x39 I64AtomicRmw32OrU      "i64.atomic.rmw32.or_u"       (memarg: MemArg)  { Atomic(4)  [I32 I64] -> [I64]  Threads }
                0x3A I32AtomicRmwXor        "i32.atomic.rmw.xor"          (memarg: MemArg)  { Atomic(4)  [I32 I32] -> [I32]  Threads }
                0x3B I64AtomicRmwXor        "i64.atomic.rmw.xor"          (memarg: MemArg)  { Atomic(8)  [I32 I64] -> [I64]  Threads }
                0x3C I32AtomicRmw8XorU      "i32.atomic.rmw8.xor_u"       (memarg: MemArg)  { Atomic(1)  [I32 I32] -> [I32]  Threads }
                0x3D I32AtomicRmw16XorU     "i32.atomic.rmw16.xor_u"      (memarg: MemArg)  { Atomic(2)  [I32 I32] -> [I32]  Threads }
                0x3E I64AtomicRmw8XorU      "i64.atomic.rmw8.xor_u"       (memarg: MemArg)  { Atomic(1)  [I32 I64] -> [I64]  Threads }
                0x3F I64AtomicRmw16XorU     "i64.atomic.rmw16.xor_u"      (memarg: MemArg)  { Atomic(2)  [I32 I64] -> [I64]  Threads }
                0x40 I64AtomicRmw32XorU     "i64.atomic.rmw32.xor_u"      (memarg: MemArg)  { Atomic(4)  [I32 I64] -> [I64]  Threads }
                0x41 I32AtomicRmwXchg       "i32.atomic.rmw.xchg"         (memarg: MemArg)  { Atomic(4)  [I32 I32] -> [I32]  Threads }
                0x42 I64AtomicRmwXchg       "i64.atomic.rmw.xchg"         (memarg: MemArg)  { Atomic(8)  [I32 I64] -> [I64]  Threads }
                0x43 I32AtomicRmw8XchgU     "i32.atomic.rmw8.xchg_u"      (memarg: MemArg)  { Atomic(1)  [I32 I32] -> [I32]  Threads }
                0x44 I32AtomicRmw16XchgU    "i32.atomic.rmw16.xchg_u"     (memarg: MemArg)  { Atomic(2)  [I32 I32] -> [I32]  Threads }
                0x45 I64AtomicRmw8XchgU     "i64.atomic.rmw8.xchg_u"      (memarg: MemArg)  { Atomic(1)  [I32 I64] -> [I64]  Threads }
                0x46 I64AtomicRmw16XchgU    "i64.atomic.rmw16.xchg_u"     (memarg: MemArg)  { Atomic(2)  [I32 I64] -> [I64]  Threads }
                0x47 I64AtomicRmw32XchgU    "i64.atomic.rmw32.xchg_u"     (memarg: MemArg)  { Atomic(4)  [I32 I64] -> [I64]  Threads }
                0x48 I32AtomicRmwCmpxchg    "i32.atomic.rmw.cmpxchg"      (memarg: MemArg)  { Atomic(4)  [I32 I32 I32] -> [I32]  Threads }
                0x49 I64AtomicRmwCmpxchg    "i64.atomic.rmw.cmpxchg"      (memarg: MemArg)  { Atomic(8)  [I32 I64 I64] -> [I64]  Threads }
                0x4A I32AtomicRmw8CmpxchgU  "i32.atomic.rmw8.cmpxchg_u"   (memarg: MemArg)  { Atomic(1)  [I32 I32 I32] -> [I32]  Threads }
                0x4B I32AtomicRmw16CmpxchgU "i32.atomic.rmw16.cmpxchg_u"  (memarg: MemArg)  { Atomic(2)  [I32 I32 I32] -> [I32]  Threads }
                0x4C I64AtomicRmw8CmpxchgU  "i64.atomic.rmw8.cmpxchg_u"   (memarg: MemArg)  { Atomic(1)  [I32 I64 I64] -> [I64]  Threads }
                0x4D I64AtomicRmw16CmpxchgU "i64.atomic.rmw16.cmpxchg_u"  (memarg: MemArg)  { Atomic(2)  [I32 I64 I64] -> [I64]  Threads }
                0x4E I64AtomicRmw32CmpxchgU "i64.atomic.rmw32.cmpxchg_u"  (memarg: MemArg)  { Atomic(4)  [I32 I64 I64] -> [I64]  Threads }
            }
        }
    };
}
pub(crate) use for_each_instruction;
