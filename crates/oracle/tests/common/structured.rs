//! Programs that do real work: nested loops over counters and memory, blocks with branches, calls, and expressions like those
//! of a compiler.
//!
//! Modules of arbitrary noise, as `smith` makes them, rarely run a loop more than once. These always terminate, rarely trap, and use
//! the forms that lowering turns into special operations: compare and branch, scaled addresses, updates of locals in place,
//! locals kept in registers over a loop.

use super::code::{Body, LOADS, NUMERIC, SATURATING, STORES, code_of, encoder_type};
use super::{Rng, edge};
use tickwasm_oracle::{FuncType, ValType, Value};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ElementSection, Elements, Encode, ExportKind, ExportSection,
    FunctionSection, GlobalSection, GlobalType, MemorySection, MemoryType, RefType, TableSection,
    TableType, TypeSection,
};

use ValType::{F32, F64, I32, I64};

const TYPES: [ValType; 4] = [I32, I64, F32, F64];

/// The maximal depth of nested loops; each level has a counter of its own.
const COUNTERS: usize = 3;

/// Functions below this index call nothing; the table holds them.
const LEAVES: u32 = 2;

/// An enclosing block.
#[derive(Clone, Copy)]
enum Label {
    /// A branch to it carries a value of this type, or none.
    Forward(Option<ValType>),
    /// A loop that counts at its head, so that it may be continued from any place.
    Continue,
    /// A loop that only its own end may continue.
    Closed,
}

struct Generator<'a> {
    rng: &'a mut Rng,
    body: Body,
    locals: Vec<ValType>,
    /// The first of the counters, which come last among the locals.
    counters: u32,
    /// Counters in use.
    loops: u32,
    labels: Vec<Label>,
    /// The rest of the function's size.
    budget: usize,
    /// Types of the functions that may be called.
    callees: &'a [FuncType],
    results: Vec<ValType>,
    memories: usize,
}

impl Generator<'_> {
    fn chance(&mut self, percent: usize) -> bool {
        self.rng.below(100) < percent
    }

    fn spend(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0
    }

    fn i32(&mut self, value: i32) {
        self.body.constant(Value::from(value));
    }

    /// A local of this type that is no counter.
    fn local(&mut self, ty: ValType) -> Option<u32> {
        let all = &self.locals[..self.counters as usize];
        let fit: Vec<u32> = (0u32..)
            .zip(all)
            .filter(|&(_, &t)| t == ty)
            .map(|(i, _)| i)
            .collect();
        (!fit.is_empty()).then(|| self.rng.pick(&fit))
    }

    fn leaf(&mut self, ty: ValType) {
        let global = TYPES.iter().position(|&t| t == ty).expect("a number type") as u32;
        match self.rng.below(10) {
            0 | 1 if ty == I32 && self.loops > 0 => {
                let counter = self.counters + self.rng.below(self.loops as usize) as u32;
                self.body.local_get(counter);
            }
            0..=5 if self.local(ty).is_some() => {
                let local = self.local(ty).expect("there is one");
                self.body.local_get(local);
            }
            6 => self.body.index(0x23, global),
            _ => {
                let value = match self.rng.below(3) {
                    0 => edge(self.rng, ty),
                    _ => small(self.rng, ty),
                };
                self.body.constant(value);
            }
        }
    }

    /// An address that is in bounds for an access of 8 bytes, with a little offset.
    fn address(&mut self, depth: usize) {
        if self.loops > 0 && self.chance(60) {
            // Base and scaled index, in one of the forms that compilers use.
            let counter = self.counters + self.rng.below(self.loops as usize) as u32;
            let base = 8 * self.rng.below(100) as i32;
            let scale = self.rng.below(4) as i32;
            if self.chance(50) {
                self.i32(base);
                self.body.local_get(counter);
            } else {
                self.body.local_get(counter);
                self.i32(base);
                self.body.byte(0x6A);
                self.body.local_get(counter);
            }
            let shift = self.chance(50);
            self.i32(if shift { scale } else { 1 << scale });
            self.body.byte(if shift { 0x74 } else { 0x6C });
            self.body.byte(0x6A);
        } else {
            self.expr(I32, depth);
            self.i32(0x7FF8);
            self.body.byte(0x71);
        }
    }

    fn access(&mut self, opcode: u8) {
        let offset = self.rng.pick(&[0, 0, 4, 16, 1000]);
        if self.memories > 1 && self.chance(30) {
            // The alignment's bit 6 announces an index.
            self.body.byte(opcode);
            self.body.byte(0x40);
            self.body.index(1, offset);
        } else {
            self.body.memory(opcode, offset);
        }
    }

    /// An instruction of the tables with its operands, if one of this result fits.
    fn numeric(&mut self, ty: ValType, depth: usize) {
        let fit: Vec<_> = NUMERIC.iter().filter(|row| row.3 == ty).collect();
        let &(first, last, params, _) = fit[self.rng.below(fit.len())];
        let opcode = first + self.rng.below(usize::from(last - first) + 1) as u8;
        for &param in params {
            self.expr(param, depth);
        }
        let divides = matches!(opcode, 0x6D..=0x70 | 0x7F..=0x82);
        if divides && self.chance(95) {
            // An odd divisor is not zero.
            self.body.constant(if ty == I32 {
                Value::from(1)
            } else {
                Value::from(1i64)
            });
            self.body.byte(if ty == I32 { 0x72 } else { 0x84 });
        }
        // Truncations trap for nearly all operands, so nearly all of them saturate.
        let truncates = match opcode {
            0xA8..=0xAB => Some(opcode - 0xA8),
            0xAE..=0xB1 => Some(opcode - 0xAE + 4),
            _ => None,
        };
        match truncates {
            Some(number) if self.rng.below(100) < 95 => {
                debug_assert_eq!(SATURATING[usize::from(number)].1, ty);
                self.body.byte(0xFC);
                self.body.byte(number);
            }
            _ => self.body.byte(opcode),
        }
    }

    /// Code that yields one value of this type.
    fn expr(&mut self, ty: ValType, depth: usize) {
        if depth == 0 || !self.spend() {
            return self.leaf(ty);
        }
        match self.rng.below(20) {
            0..=8 => self.numeric(ty, depth - 1),
            9..=11 => {
                self.address(depth - 1);
                let fit: Vec<u8> = (0x28..)
                    .zip(LOADS)
                    .filter(|l| l.1 == ty)
                    .map(|l| l.0)
                    .collect();
                let opcode = self.rng.pick(&fit);
                self.access(opcode);
            }
            12 => {
                self.expr(ty, depth - 1);
                self.expr(ty, depth - 1);
                self.expr(I32, depth - 1);
                self.body.byte(0x1B);
            }
            13 => {
                self.expr(I32, depth - 1);
                self.open(0x04, Some(ty), Label::Forward(Some(ty)));
                self.expr(ty, depth - 1);
                self.body.byte(0x05);
                self.expr(ty, depth - 1);
                self.close();
            }
            14 => {
                // A block that a condition may leave with its value.
                self.open(0x02, Some(ty), Label::Forward(Some(ty)));
                self.expr(ty, depth - 1);
                self.expr(I32, depth - 1);
                self.body.index(0x0D, 0);
                self.body.byte(0x1A);
                self.expr(ty, depth - 1);
                self.close();
            }
            15 | 16 => match self.local(ty) {
                Some(local) => {
                    self.expr(ty, depth - 1);
                    self.body.index(0x22, local);
                }
                None => self.leaf(ty),
            },
            17 => self.call(ty, depth - 1),
            18 if usize::try_from(self.loops).is_ok_and(|loops| loops < COUNTERS) => {
                self.counted(Some(ty), depth - 1);
            }
            _ => self.leaf(ty),
        }
    }

    /// A call with a result of this type, if there is a function to call.
    fn call(&mut self, ty: ValType, depth: usize) {
        let all = (0u32..).zip(self.callees);
        let fit: Vec<u32> = all
            .filter(|(_, t)| t.results == [ty])
            .map(|(i, _)| i)
            .collect();
        if fit.is_empty() {
            return self.leaf(ty);
        }
        let callee = self.rng.pick(&fit);
        for param in self.callees[callee as usize].params.clone() {
            self.expr(param, depth);
        }
        if callee < LEAVES && self.chance(50) {
            // The function's type has the same index as the function.
            self.i32(callee as i32);
            self.body.index(0x11, callee);
            self.body.byte(0);
        } else {
            self.body.index(0x10, callee);
        }
    }

    fn open(&mut self, opcode: u8, ty: Option<ValType>, label: Label) {
        self.body.byte(opcode);
        let ty = ty.map_or(BlockType::Empty, |ty| BlockType::Result(encoder_type(ty)));
        ty.encode(&mut self.body.0);
        self.labels.push(label);
    }

    fn close(&mut self) {
        self.body.byte(0x0B);
        self.labels.pop();
    }

    /// A loop of a few turns that counts one of the counters, in one of the usual forms.
    fn counted(&mut self, ty: Option<ValType>, depth: usize) {
        let counter = self.counters + self.loops;
        let turns = 1 + self.rng.below(5) as i32;
        self.loops += 1;
        match self.rng.below(3) {
            0 => {
                // Counts up at the head and leaves in the middle; may be continued anywhere.
                self.i32(0);
                self.body.index(0x21, counter);
                self.open(0x02, ty, Label::Forward(ty));
                self.open(0x03, None, Label::Continue);
                if let Some(ty) = ty {
                    self.leaf(ty);
                }
                self.body.local_get(counter);
                self.i32(1);
                self.body.byte(0x6A);
                self.body.index(0x22, counter);
                self.i32(turns);
                self.body.byte(0x4A);
                self.body.index(0x0D, 1);
                if ty.is_some() {
                    self.body.byte(0x1A);
                }
                self.statements(depth);
                self.body.index(0x0C, 0);
                self.close();
                // Control never gets here, so no value is needed.
                if ty.is_some() {
                    self.body.byte(0x00);
                }
                self.close();
            }
            1 => {
                // Counts down at the end.
                self.i32(turns);
                self.body.index(0x21, counter);
                self.open(0x03, ty, Label::Closed);
                self.statements(depth);
                self.body.local_get(counter);
                let subtract = self.chance(50);
                self.i32(if subtract { 1 } else { -1 });
                self.body.byte(if subtract { 0x6B } else { 0x6A });
                self.body.index(0x22, counter);
                if self.chance(30) {
                    self.i32(0);
                    self.body.byte(0x47);
                }
                self.body.index(0x0D, 0);
                if let Some(ty) = ty {
                    self.expr(ty, depth);
                }
                self.close();
            }
            _ => {
                // Counts up at the end, compares afterwards.
                self.i32(0);
                self.body.index(0x21, counter);
                self.open(0x03, ty, Label::Closed);
                self.statements(depth);
                self.body.local_get(counter);
                self.i32(1);
                self.body.byte(0x6A);
                self.body.index(0x21, counter);
                self.body.local_get(counter);
                self.i32(turns);
                let opcode = self.rng.pick(&[0x48, 0x49, 0x47]);
                self.body.byte(opcode);
                self.body.index(0x0D, 0);
                if let Some(ty) = ty {
                    self.expr(ty, depth);
                }
                self.close();
            }
        }
        self.loops -= 1;
    }

    fn statements(&mut self, depth: usize) {
        for _ in 0..1 + self.rng.below(4) {
            if self.spend() {
                self.statement(depth);
            }
        }
    }

    fn statement(&mut self, depth: usize) {
        let inner = depth.saturating_sub(1);
        let ty = self.rng.pick(&TYPES);
        match self.rng.below(24) {
            0..=5 => {
                if let Some(local) = self.local(ty) {
                    self.expr(ty, depth);
                    self.body.index(0x21, local);
                }
            }
            6 => {
                // An update in place, which lowering treats specially.
                if let Some(local) = self.local(I32) {
                    self.body.local_get(local);
                    self.leaf(I32);
                    let opcode = self
                        .rng
                        .pick(&[0x6A, 0x6B, 0x6C, 0x71, 0x72, 0x73, 0x74, 0x76]);
                    self.body.byte(opcode);
                    self.body.index(0x21, local);
                }
            }
            7..=10 => {
                let (opcode, ty) = {
                    let number = self.rng.below(STORES.len());
                    (0x36 + number as u8, STORES[number])
                };
                self.address(inner);
                self.expr(ty, depth);
                self.access(opcode);
            }
            11 | 12 if depth > 0 => {
                self.expr(I32, inner);
                self.open(0x04, None, Label::Forward(None));
                self.statements(inner);
                if self.chance(40) {
                    self.leave();
                }
                if self.chance(50) {
                    self.body.byte(0x05);
                    self.statements(inner);
                }
                self.close();
            }
            13 | 14 if depth > 0 => {
                self.open(0x02, None, Label::Forward(None));
                self.statements(inner);
                self.expr(I32, inner);
                self.body.index(0x0D, 0);
                self.statements(inner);
                self.close();
            }
            15 if depth > 0 => self.switch(inner),
            16..=19 if depth > 0 && (self.loops as usize) < COUNTERS => self.counted(None, inner),
            20 => {
                let global = TYPES.iter().position(|&t| t == ty).expect("a number type") as u32;
                self.expr(ty, depth);
                self.body.index(0x24, global);
            }
            21 => {
                // memory.fill or memory.copy of a few bytes.
                self.i32(self.budget as i32 * 4);
                self.leaf(I32);
                self.i32(0xFFF);
                self.body.byte(0x71);
                self.i32((self.budget % 150) as i32);
                self.body.byte(0xFC);
                if self.chance(50) {
                    self.body.0.extend([0x0B, 0]);
                } else {
                    self.body.0.extend([0x0A, 0, 0]);
                }
            }
            22 => {
                // memory.grow, which may move the memory.
                self.i32((self.budget % 2) as i32);
                self.body.0.extend([0x40, 0, 0x1A]);
            }
            _ => {
                self.expr(ty, depth);
                self.body.byte(0x1A);
            }
        }
    }

    /// `br_table` over nested blocks, some of which fall through.
    fn switch(&mut self, depth: usize) {
        let cases = 1 + self.rng.below(4) as u32;
        for _ in 0..=cases {
            self.open(0x02, None, Label::Forward(None));
        }
        self.expr(I32, depth);
        self.i32(7);
        self.body.byte(0x71);
        self.body.index(0x0E, cases);
        for _ in 0..=cases {
            let label = self.rng.below(cases as usize + 1) as u8;
            self.body.byte(label);
        }
        for case in 0..=cases {
            self.close();
            if case < cases {
                self.statements(depth);
                if self.chance(50) {
                    self.body.index(0x0C, cases - 1 - case);
                }
            }
        }
    }

    /// An unconditional branch or return, with the values it takes.
    fn leave(&mut self) {
        if self.chance(15) {
            for ty in self.results.clone() {
                self.leaf(ty);
            }
            return self.body.byte(0x0F);
        }
        let depth = self.rng.below(self.labels.len());
        match self.labels[self.labels.len() - 1 - depth] {
            Label::Forward(ty) => {
                if let Some(ty) = ty {
                    self.expr(ty, 1);
                }
            }
            Label::Continue => {}
            Label::Closed => return,
        }
        self.body.index(0x0C, depth as u32);
    }

    /// The whole body: statements, then all locals stored to memory where they are compared, then the results.
    fn function(mut self, declared: &[ValType]) -> Vec<u8> {
        let mut locals = Vec::new();
        (declared.len() as u32).encode(&mut locals);
        for &ty in declared {
            locals.extend([1, code_of(ty)]);
        }
        self.body.0 = locals;
        while self.budget > 10 {
            self.statement(4);
        }
        for (index, ty) in self.locals.clone().into_iter().enumerate() {
            self.i32(2000 + 8 * index as i32);
            self.body.local_get(index as u32);
            let at = STORES.iter().position(|&t| t == ty).expect("a number type");
            self.body.memory(0x36 + at as u8, 0);
        }
        for ty in self.results.clone() {
            self.expr(ty, 2);
        }
        self.body.byte(0x0B);
        self.body.0
    }
}

/// A value that arithmetic does not make large.
fn small(rng: &mut Rng, ty: ValType) -> Value {
    let n = rng.below(20) as i32 - 5;
    match ty {
        I32 => Value::from(n),
        I64 => Value::from(i64::from(n)),
        F32 => Value::from(n as f32 * 0.75),
        _ => Value::from(f64::from(n) * 0.75),
    }
}

/// Some functions that call each other, with memories, globals and a table.
pub fn generate(seed: u64) -> (Vec<u8>, bool) {
    let mut rng = Rng::new(seed);
    let floats = rng.below(3) > 0;
    let memories = 1 + rng.below(2);
    let some = |rng: &mut Rng, most: usize| -> Vec<ValType> {
        let kinds = if floats { &TYPES[..] } else { &TYPES[..2] };
        (0..rng.below(most + 1)).map(|_| rng.pick(kinds)).collect()
    };
    let (mut types, mut funcs, mut code) = (
        TypeSection::new(),
        FunctionSection::new(),
        CodeSection::new(),
    );
    let mut exports = ExportSection::new();
    let mut signatures: Vec<FuncType> = Vec::new();
    let count = LEAVES + 1 + rng.below(3) as u32;
    for index in 0..count {
        let mut results = some(&mut rng, 2);
        if index < LEAVES {
            results = vec![rng.pick(&TYPES)];
        }
        let ty = FuncType {
            params: some(&mut rng, 4),
            results,
        };
        let mut declared = some(&mut rng, 6);
        let counters = (ty.params.len() + declared.len()) as u32;
        declared.extend([I32; COUNTERS]);
        let callees = if index < LEAVES { &[] } else { &signatures[..] };
        let generator = Generator {
            locals: ty.params.iter().chain(&declared).copied().collect(),
            counters,
            loops: 0,
            body: Body(Vec::new()),
            labels: Vec::new(),
            budget: if index < LEAVES {
                20
            } else {
                30 + rng.below(120)
            },
            callees,
            results: ty.results.clone(),
            memories,
            rng: &mut rng,
        };
        // The body has no label of its own, so `leave` is used within blocks only.
        code.raw(&generator.function(&declared));
        let encoded =
            |types: &[ValType]| types.iter().map(|&t| encoder_type(t)).collect::<Vec<_>>();
        types
            .ty()
            .function(encoded(&ty.params), encoded(&ty.results));
        funcs.function(index);
        exports.export(&format!("f{index}"), ExportKind::Func, index);
        signatures.push(ty);
    }
    let mut mems = MemorySection::new();
    for index in 0..memories as u32 {
        mems.memory(MemoryType {
            minimum: 1,
            maximum: Some(3),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        exports.export(&format!("m{index}"), ExportKind::Memory, index);
    }
    let mut globals = GlobalSection::new();
    for (index, ty) in (0..).zip(TYPES) {
        let init = match ty {
            I32 => ConstExpr::i32_const(5),
            I64 => ConstExpr::i64_const(6),
            F32 => ConstExpr::f32_const(7.5f32.into()),
            _ => ConstExpr::f64_const(8.5f64.into()),
        };
        let ty = GlobalType {
            val_type: encoder_type(ty),
            mutable: true,
            shared: false,
        };
        globals.global(ty, &init);
        exports.export(&format!("g{index}"), ExportKind::Global, index);
    }
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: u64::from(LEAVES),
        maximum: None,
        shared: false,
    });
    let mut elems = ElementSection::new();
    let leaves: Vec<u32> = (0..LEAVES).collect();
    elems.active(
        None,
        &ConstExpr::i32_const(0),
        Elements::Functions(leaves.into()),
    );
    let mut module = wasm_encoder::Module::new();
    module
        .section(&types)
        .section(&funcs)
        .section(&tables)
        .section(&mems)
        .section(&globals);
    module.section(&exports).section(&elems).section(&code);
    (module.finish(), false)
}
