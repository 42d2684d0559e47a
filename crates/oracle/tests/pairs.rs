//! Every numeric or vector instruction or load, feeding every instruction that lowering may fuse with it, in every operand shape.
//!
//! A fault of a fused operation shows only for one combination of producer, consumer, operand shapes and value, so the
//! combinations are generated. A generated function computes a value with the *producer*, passes it on by one
//! of the *links* (directly, through `local.tee`, through a local, through a local that is an operand as well), and uses
//! it in the *consumer*. It returns the consumer's result and all its locals, so that a value written to the
//! wrong place is seen.
//!
//! A run covers every pair in a few of its shapes; `TICKWASM_SHAPES` sets their number, `TICKWASM_SEED` the selection.

mod common;

use std::collections::HashMap;

use common::code::{
    Body, LOADS, NUMERIC, SATURATING, STORES, VECTOR, VECTOR_LOADS, VECTOR_STORES, code_of,
    encoder_type,
};
use common::compare::caught;
use common::subject::{Subject, engine};
use common::{Outcome, Rng, edge, setting};
use tickwasm_oracle::{
    Extern, FuncType, HeapType, Imports, Instance, MemAddr, Oracle, ValType, Value,
};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, FunctionSection, GlobalSection,
    GlobalType, MemorySection, MemoryType, TypeSection,
};

use ValType::{F32, F64, I32, I64, V128};

const TYPES: [ValType; 5] = [I32, I64, F32, F64, V128];

/// Offsets of loads and stores: none, a small one, and one that is in bounds with few addresses.
const OFFSETS: [u32; 3] = [0, 4, 0xFFF0];

/// An instruction from operands to one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Op {
    Numeric(u8),
    Saturating(u8),
    Load(u8),
    /// Anything behind the vectors' prefix.
    Vector(u32),
}

/// An instruction with its type.
#[derive(Clone, Copy)]
struct Row {
    op: Op,
    params: &'static [ValType],
    result: ValType,
}

/// The use of the producer's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Consumer {
    /// Operand number `.1` of an instruction with a result.
    Operand(Op, usize),
    /// The condition of a branch that carries nothing.
    BrIf,
    /// The condition of a branch that carries a value.
    BrIfWith,
    /// The condition of a branch back to a loop, which ends after three turns.
    BrIfBack,
    If,
    BrTable,
    SelectCondition,
    /// The first or the second choice.
    SelectChoice(bool),
    StoreAddress(u8),
    StoreValue(u8),
    /// The address or the value of a vector's store.
    VectorStore(u32, usize),
    GlobalSet,
    /// An argument of a call, with the other one in front or behind.
    Argument(bool),
    Return,
    Drop,
}

/// The source of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Local,
    Const,
    Computed,
}

const SHAPES: [Shape; 3] = [Shape::Local, Shape::Const, Shape::Computed];

/// The path of the value from the producer to the consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Straight,
    /// `local.tee` of a local of its own.
    Tee,
    /// `local.set` and `local.get` of a local of its own.
    SetGet,
    /// The same with the local of the producer's operand, if it has one of that type.
    SetGetOperand,
    /// `i32.eqz` in between, for conditions: it is fused on its own.
    Negated,
}

/// One generated function.
#[derive(Clone, Copy, Debug)]
struct Case {
    producer: Row,
    consumer: Consumer,
    /// Shapes of the producer's operands and of the consumer's others.
    shapes: [Shape; 4],
    link: Link,
    /// Constants for the shapes that have one.
    constants: [Value; 4],
    offset: u32,
    /// Determines the lanes.
    any: u8,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x?} {:?} -> {:?}", self.op, self.params, self.result)
    }
}

/// Every instruction with one result, from the tables above.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for &(first, last, params, result) in NUMERIC {
        rows.extend((first..=last).map(|opcode| Row {
            op: Op::Numeric(opcode),
            params,
            result,
        }));
    }
    for (number, (from, result)) in (0..).zip(SATURATING) {
        let params: &'static [ValType] = if from == F32 { &[F32] } else { &[F64] };
        rows.push(Row {
            op: Op::Saturating(number),
            params,
            result,
        });
    }
    for (opcode, result) in (0x28..).zip(LOADS) {
        rows.push(Row {
            op: Op::Load(opcode),
            params: &[I32],
            result,
        });
    }
    for &(first, last, params, result) in VECTOR {
        rows.extend((first..=last).map(|number| Row {
            op: Op::Vector(number),
            params,
            result,
        }));
    }
    for &(first, last, params) in VECTOR_LOADS {
        rows.extend((first..=last).map(|number| Row {
            op: Op::Vector(number),
            params,
            result: V128,
        }));
    }
    rows
}

/// All possible uses of a value of type `ty`.
fn consumers(rows: &[Row], ty: ValType) -> Vec<Consumer> {
    let mut all = vec![
        Consumer::SelectChoice(false),
        Consumer::SelectChoice(true),
        Consumer::GlobalSet,
        Consumer::Argument(false),
        Consumer::Argument(true),
        Consumer::Return,
        Consumer::Drop,
    ];
    for row in rows {
        for (at, &param) in row.params.iter().enumerate() {
            if param == ty {
                all.push(Consumer::Operand(row.op, at));
            }
        }
    }
    for (opcode, value) in (0x36..).zip(STORES) {
        if value == ty {
            all.push(Consumer::StoreValue(opcode));
        }
        if ty == I32 {
            all.push(Consumer::StoreAddress(opcode));
        }
    }
    for number in VECTOR_STORES {
        match ty {
            I32 => all.push(Consumer::VectorStore(number, 0)),
            V128 => all.push(Consumer::VectorStore(number, 1)),
            _ => {}
        }
    }
    if ty == I32 {
        all.extend([
            Consumer::BrIf,
            Consumer::BrIfWith,
            Consumer::BrIfBack,
            Consumer::If,
            Consumer::BrTable,
            Consumer::SelectCondition,
        ]);
    }
    all
}

impl Consumer {
    fn is_condition(self) -> bool {
        matches!(
            self,
            Consumer::BrIf
                | Consumer::BrIfWith
                | Consumer::BrIfBack
                | Consumer::If
                | Consumer::BrTable
                | Consumer::SelectCondition
        )
    }

    /// Whether a NaN's bits are visible in its results.
    fn shows_bits(self) -> bool {
        match self {
            Consumer::Operand(Op::Numeric(opcode), _) => {
                matches!(opcode, 0x98 | 0xA6 | 0xBC | 0xBD)
            }
            Consumer::StoreValue(_) | Consumer::VectorStore(..) => true,
            _ => false,
        }
    }

    fn stores(self) -> bool {
        matches!(
            self,
            Consumer::StoreAddress(_) | Consumer::StoreValue(_) | Consumer::VectorStore(..)
        )
    }
}

fn index_of(ty: ValType) -> u32 {
    TYPES
        .iter()
        .position(|&other| other == ty)
        .expect("only number types are generated") as u32
}

/// An operand in its shape; the computed ones make no new NaN.
fn put_operand(body: &mut Body, shape: Shape, local: u32, constant: Value) {
    match shape {
        Shape::Local => body.local_get(local),
        Shape::Const => body.constant(constant),
        Shape::Computed => {
            body.local_get(local);
            match constant.ty() {
                I32 => {
                    body.constant(Value::from(1));
                    body.byte(0x6A);
                }
                I64 => {
                    body.constant(Value::from(1i64));
                    body.byte(0x7C);
                }
                V128 => body.vector(0x4D),
                F32 => body.byte(0x8C),
                F64 => body.byte(0x9A),
                _ => unreachable!("only number types are generated"),
            }
        }
    }
}

fn put_op(body: &mut Body, op: Op, offset: u32, any: u8) {
    match op {
        Op::Vector(number) => body.vector_op(number, offset, any),
        Op::Numeric(opcode) => body.byte(opcode),
        Op::Saturating(number) => {
            body.byte(0xFC);
            body.byte(number);
        }
        Op::Load(opcode) => body.memory(opcode, offset),
    }
}

// Indices of the locals: three operands of the producer, the others of the consumer, a condition, and then those
// that are no parameters: the link's own and a counter.
const OTHER: u32 = 3;
const CONDITION: u32 = 4;
const LINK: u32 = 5;
const COUNTER: u32 = 6;

impl Case {
    /// The types of the producer's operands; a missing one is an unused `i32`.
    fn operand_types(&self) -> [ValType; 3] {
        [0, 1, 2].map(|at| self.producer.params.get(at).copied().unwrap_or(I32))
    }

    /// The type of the consumer's other operands: if there are two, they have the same.
    fn other_type(&self, rows: &[Row]) -> ValType {
        match self.consumer {
            Consumer::Operand(op, at) => {
                let params = rows.iter().find(|row| row.op == op).map(|row| row.params);
                let params = params.expect("consumers are rows");
                let mut others = (0..).zip(params).filter(|(other, _)| *other != at);
                others.next().map_or(I32, |(_, &ty)| ty)
            }
            Consumer::VectorStore(_, 0) => V128,
            Consumer::SelectChoice(_) | Consumer::Argument(_) => self.producer.result,
            Consumer::StoreAddress(opcode) => STORES[usize::from(opcode - 0x36)],
            _ => I32,
        }
    }

    fn result_type(&self, rows: &[Row]) -> ValType {
        match self.consumer {
            Consumer::Operand(op, _) => {
                rows.iter()
                    .find(|row| row.op == op)
                    .expect("consumers are rows")
                    .result
            }
            Consumer::SelectChoice(_)
            | Consumer::GlobalSet
            | Consumer::Argument(_)
            | Consumer::Return => self.producer.result,
            _ => I32,
        }
    }

    fn ty(&self, rows: &[Row]) -> FuncType {
        let [first, second, third] = self.operand_types();
        let other = self.other_type(rows);
        FuncType {
            params: vec![first, second, third, other, I32],
            results: vec![
                self.result_type(rows),
                first,
                second,
                third,
                other,
                self.producer.result,
            ],
        }
    }

    /// The link that this case can actually have.
    fn effective_link(&self) -> Link {
        match self.link {
            Link::SetGetOperand if self.operand_local().is_none() => Link::SetGet,
            Link::Negated if !self.consumer.is_condition() => Link::Straight,
            link => link,
        }
    }

    /// An operand's local that has the type of the producer's result.
    fn operand_local(&self) -> Option<u32> {
        let types = &self.producer.params;
        (0..types.len() as u32)
            .rev()
            .find(|&local| types[local as usize] == self.producer.result)
    }

    fn produce(&self, body: &mut Body) {
        for at in 0..self.producer.params.len() {
            put_operand(body, self.shapes[at], at as u32, self.constants[at]);
        }
        put_op(body, self.producer.op, self.offset, self.any);
        match self.effective_link() {
            Link::Straight => {}
            Link::Tee => body.index(0x22, LINK),
            Link::SetGet => {
                body.index(0x21, LINK);
                body.local_get(LINK);
            }
            Link::SetGetOperand => {
                let local = self.operand_local().expect("the link was chosen for it");
                body.index(0x21, local);
                body.local_get(local);
            }
            Link::Negated => body.byte(0x45),
        }
    }

    fn other(&self, body: &mut Body) {
        put_operand(body, self.shapes[3], OTHER, self.constants[3]);
    }

    /// The producer and the consumer's other operand, in the order asked for.
    fn both(&self, body: &mut Body, producer_first: bool) {
        if producer_first {
            self.produce(body);
            self.other(body);
        } else {
            self.other(body);
            self.produce(body);
        }
    }

    fn body(&self, rows: &[Row]) -> Vec<u8> {
        let mut body = Body(vec![2, 1, code_of(self.producer.result), 1, code_of(I32)]);
        let number = |body: &mut Body, value: i32| body.constant(Value::from(value));
        match self.consumer {
            Consumer::Operand(op, at) => {
                let row = rows.iter().find(|row| row.op == op);
                for operand in 0..row.expect("consumers are rows").params.len() {
                    if operand == at {
                        self.produce(&mut body);
                    } else {
                        self.other(&mut body);
                    }
                }
                put_op(&mut body, op, self.offset, self.any);
            }
            Consumer::BrIf => {
                // block (result i32) block; produce; br_if 0; 1; br 1; end; 2 end
                body.0.extend([0x02, 0x7F, 0x02, 0x40]);
                self.produce(&mut body);
                body.index(0x0D, 0);
                number(&mut body, 1);
                body.index(0x0C, 1);
                body.byte(0x0B);
                number(&mut body, 2);
                body.byte(0x0B);
            }
            Consumer::BrIfWith => {
                // block (result i32); other; produce; br_if 0; drop; -1 end
                body.0.extend([0x02, 0x7F]);
                self.other(&mut body);
                self.produce(&mut body);
                body.index(0x0D, 0);
                body.byte(0x1A);
                number(&mut body, -1);
                body.byte(0x0B);
            }
            Consumer::BrIfBack => {
                // block loop; counter += 1; br_if 1 (counter > 3); produce; br_if 0; end end; counter
                body.0.extend([0x02, 0x40, 0x03, 0x40]);
                body.local_get(COUNTER);
                number(&mut body, 1);
                body.byte(0x6A);
                body.index(0x22, COUNTER);
                number(&mut body, 3);
                body.byte(0x4A);
                body.index(0x0D, 1);
                self.produce(&mut body);
                body.index(0x0D, 0);
                body.0.extend([0x0B, 0x0B]);
                body.local_get(COUNTER);
            }
            Consumer::If => {
                self.produce(&mut body);
                body.0.extend([0x04, 0x7F]);
                number(&mut body, 1);
                body.byte(0x05);
                self.other(&mut body);
                body.byte(0x0B);
            }
            Consumer::BrTable => {
                // block (result i32) block block; produce; br_table 0 1 1; end; 1; br 1; end; 2; end
                body.0.extend([0x02, 0x7F, 0x02, 0x40, 0x02, 0x40]);
                self.produce(&mut body);
                body.0.extend([0x0E, 2, 0, 1, 1, 0x0B]);
                number(&mut body, 1);
                body.index(0x0C, 1);
                body.byte(0x0B);
                number(&mut body, 2);
                body.byte(0x0B);
            }
            Consumer::SelectCondition => {
                self.other(&mut body);
                body.local_get(CONDITION);
                self.produce(&mut body);
                body.byte(0x1B);
            }
            Consumer::SelectChoice(first) => {
                self.both(&mut body, first);
                body.local_get(CONDITION);
                body.byte(0x1B);
            }
            Consumer::StoreAddress(opcode) => {
                self.produce(&mut body);
                self.other(&mut body);
                body.memory(opcode, self.offset);
                number(&mut body, 7);
            }
            Consumer::StoreValue(opcode) => {
                self.other(&mut body);
                self.produce(&mut body);
                body.memory(opcode, self.offset);
                number(&mut body, 7);
            }
            Consumer::VectorStore(store, at) => {
                self.both(&mut body, at == 0);
                body.vector_op(store, self.offset, self.any);
                number(&mut body, 7);
            }
            Consumer::GlobalSet => {
                let global = index_of(self.producer.result);
                self.produce(&mut body);
                body.index(0x24, global);
                body.index(0x23, global);
            }
            Consumer::Argument(first) => {
                // The callees return the first argument, or the second.
                self.both(&mut body, first);
                body.index(0x10, index_of(self.producer.result) * 2 + u32::from(!first));
            }
            Consumer::Return => self.produce(&mut body),
            Consumer::Drop => {
                self.produce(&mut body);
                body.byte(0x1A);
                number(&mut body, 7);
            }
        }
        for local in 0..=OTHER {
            body.local_get(local);
        }
        body.local_get(LINK);
        if self.consumer == Consumer::Return {
            body.byte(0x0F);
        }
        body.byte(0x0B);
        body.0
    }
}

/// A module that exports the cases under their numbers, with callees, globals and a page of memory.
fn module(cases: &[Case], rows: &[Row]) -> Vec<u8> {
    let mut types = TypeSection::new();
    let mut known: HashMap<FuncType, u32> = HashMap::new();
    let mut funcs = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    let mut add = |ty: FuncType, body: &[u8]| {
        let encoded =
            |types: &[ValType]| types.iter().map(|&ty| encoder_type(ty)).collect::<Vec<_>>();
        let next = known.len() as u32;
        let index = *known.entry(ty).or_insert_with_key(|ty| {
            types
                .ty()
                .function(encoded(&ty.params), encoded(&ty.results));
            next
        });
        funcs.function(index);
        code.raw(body);
    };
    for ty in TYPES {
        for local in 0..2 {
            add(
                FuncType {
                    params: vec![ty, ty],
                    results: vec![ty],
                },
                &[0, 0x20, local, 0x0B],
            );
        }
    }
    for (number, case) in (0u32..).zip(cases) {
        add(case.ty(rows), &case.body(rows));
        exports.export(
            &format!("{number}"),
            ExportKind::Func,
            2 * TYPES.len() as u32 + number,
        );
    }
    exports.export("memory", ExportKind::Memory, 0);
    let mut memories = MemorySection::new();
    let ty = MemoryType {
        minimum: 1,
        maximum: Some(1),
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    memories.memory(ty);
    let mut globals = GlobalSection::new();
    for ty in TYPES {
        let init = match ty {
            I32 => ConstExpr::i32_const(5),
            I64 => ConstExpr::i64_const(6),
            F32 => ConstExpr::f32_const(7.5f32.into()),
            V128 => ConstExpr::v128_const(9),
            _ => ConstExpr::f64_const(8.5f64.into()),
        };
        globals.global(
            GlobalType {
                val_type: encoder_type(ty),
                mutable: true,
                shared: false,
            },
            &init,
        );
    }
    let mut data = DataSection::new();
    let bytes = (0..200u8).map(|at| at.wrapping_mul(37) ^ 0xA5);
    data.active(0, &ConstExpr::i32_const(0), bytes);
    let mut module = wasm_encoder::Module::new();
    module
        .section(&types)
        .section(&funcs)
        .section(&memories)
        .section(&globals)
        .section(&exports);
    module.section(&code).section(&data);
    module.finish()
}

/// An amount of fuel that is enough for every case.
const ENOUGH: u64 = 1_000;

/// Both sides with one module.
struct Sides {
    oracle: Oracle,
    instance: Instance,
    memory: MemAddr,
    subject: Subject,
    /// Whether the bits of NaNs are the same on both sides.
    exact: bool,
}

impl Sides {
    fn new(bytes: &[u8], fueled: bool, eager: bool, exact: bool) -> Result<Sides, String> {
        let mut oracle = Oracle::new();
        let instance = oracle
            .instantiate(bytes, &Imports::new())
            .map_err(|e| e.to_string())?;
        let Some(Extern::Memory(memory)) = oracle.export(instance, "memory") else {
            unreachable!("the memory is exported")
        };
        let engine = engine(fueled, eager, exact);
        let subject = Subject::new(&engine, bytes, &[], fueled.then_some(ENOUGH))
            .map_err(|_| "the module is refused".to_owned())?;
        Ok(Sides {
            oracle,
            instance,
            memory,
            subject,
            exact,
        })
    }

    fn call(
        &mut self,
        name: &str,
        case: &Case,
        ty: &FuncType,
        args: &[Value],
        fuel: u64,
    ) -> Result<u64, String> {
        self.oracle.set_fuel(fuel);
        self.oracle.forget_nan();
        let result = self.oracle.invoke(self.instance, name, args);
        let wanted = Outcome::of(&self.oracle, &result);
        if self.subject.fueled() {
            self.subject.set_fuel(fuel);
        }
        let given: Vec<_> = args.iter().map(|&arg| (arg, HeapType::Any)).collect();
        let got = self.subject.invoke(name, &given, ty.results.len());
        // A NaN in a vector is visible with any consumer.
        let shows_bits = case.consumer.shows_bits() || ty.results.contains(&V128);
        let open = !self.exact && self.oracle.made_nan() && shows_bits;
        let same = match (&wanted, &got) {
            (Outcome::Values(_), Outcome::Values(_)) if open => true,
            _ => wanted.agrees_with(&got),
        };
        if !same {
            return Err(format!("{args:?}: wanted {wanted:?}, got {got:?}"));
        }
        if self.subject.fueled() && self.subject.fuel() != self.oracle.fuel() {
            let (wanted, got) = (self.oracle.fuel(), self.subject.fuel());
            return Err(format!(
                "{args:?} with {fuel} fuel: wanted {wanted} left, got {got}"
            ));
        }
        if case.consumer.stores() {
            let (wanted, got) = (
                self.oracle.memory(self.memory),
                self.subject.memory("memory"),
            );
            if let Some(at) =
                (0..wanted.len().max(got.len())).find(|&at| wanted.get(at) != got.get(at))
            {
                if !open {
                    let (wanted, got) = (wanted.get(at), got.get(at));
                    return Err(format!(
                        "{args:?}: memory at {at}: wanted {wanted:?}, got {got:?}"
                    ));
                }
                let bytes = wanted.to_vec();
                self.subject.memory_mut("memory").copy_from_slice(&bytes);
            }
        }
        Ok(fuel - self.oracle.fuel())
    }

    /// Makes a few calls with edge values; with fuel also one call with too little, for each amount.
    fn check(
        &mut self,
        name: &str,
        case: &Case,
        rows: &[Row],
        rng: &mut Rng,
    ) -> Result<(), String> {
        let ty = case.ty(rows);
        let mut last = None;
        for turn in 0..8 {
            let mut args: Vec<Value> = ty.params.iter().map(|&ty| edge(rng, ty)).collect();
            let loads = match case.producer.op {
                Op::Load(_) => true,
                Op::Vector(number) => matches!(number, 0x00..=0x0A | 0x54..=0x57 | 0x5C..=0x5D),
                _ => false,
            };
            if loads && turn % 2 == 0 {
                // Half of the loads get an address that is in bounds.
                args[0] = Value::I32(rng.below(180) as u32);
            }
            let cost = self.call(name, case, &ty, &args, ENOUGH)?;
            last = Some((args, cost));
        }
        if let (true, Some((args, cost))) = (self.subject.fueled(), last) {
            for fuel in 0..cost {
                self.call(name, case, &ty, &args, fuel)?;
            }
        }
        Ok(())
    }
}

/// Checks a batch in one module; cases that differ are checked again in modules of their own.
fn check_batch(
    cases: &[Case],
    rows: &[Row],
    fueled: bool,
    seed: u64,
    reports: &mut Vec<(Case, String)>,
) {
    let eager = seed.is_multiple_of(800);
    let exact = seed.is_multiple_of(1200);
    let whole = caught(|| {
        let mut sides = Sides::new(&module(cases, rows), fueled, eager, exact)?;
        for (number, case) in cases.iter().enumerate() {
            sides.check(
                &number.to_string(),
                case,
                rows,
                &mut Rng::new(seed + number as u64),
            )?;
        }
        Ok(())
    });
    if whole.is_ok() {
        return;
    }
    for (number, case) in cases.iter().enumerate() {
        let alone = caught(|| {
            let mut sides = Sides::new(&module(&[*case], rows), fueled, eager, exact)?;
            sides.check("0", case, rows, &mut Rng::new(seed + number as u64))
        });
        if let Err(why) = alone {
            reports.push((*case, why));
        }
    }
    if reports.is_empty() {
        // Only the cases together differ, so the report shows the first one.
        reports.push((cases[0], format!("in a batch only: {whole:?}")));
    }
}

/// The function of a case as text; functions 0 to 9 return an argument, even ones the first.
fn text(case: &Case, rows: &[Row]) -> String {
    let wat = wasmprinter::print_bytes(module(&[*case], rows)).unwrap_or_default();
    let from = wat.find("  (func (;10;)").unwrap_or(0);
    let to = wat.find("  (data").unwrap_or(wat.len());
    wat[from..to].to_owned()
}

/// All pairs, each in some of its shapes.
fn check_pairs(fueled: bool) {
    let rows = rows();
    let shapes = setting("TICKWASM_SHAPES", 4);
    let mut rng = Rng::new(setting("TICKWASM_SEED", 1));
    let mut cases = Vec::new();
    for &producer in &rows {
        for consumer in consumers(&rows, producer.result) {
            // There are ten times as many pairs of vectors.
            let vectors = matches!(
                (producer.op, consumer),
                (Op::Vector(_), Consumer::Operand(Op::Vector(_), _))
            );
            for _ in 0..if vectors { shapes.div_ceil(8) } else { shapes } {
                let mut case = Case {
                    producer,
                    consumer,
                    shapes: [(); 4].map(|()| rng.pick(&SHAPES)),
                    link: rng.pick(&[
                        Link::Straight,
                        Link::Straight,
                        Link::Tee,
                        Link::SetGet,
                        Link::SetGetOperand,
                        Link::Negated,
                    ]),
                    constants: [Value::I32(0); 4],
                    offset: OFFSETS[rng.below(8) / 3],
                    any: rng.next() as u8,
                };
                let [first, second, third] = case.operand_types();
                let other = case.other_type(&rows);
                case.constants = [first, second, third, other].map(|ty| edge(&mut rng, ty));
                cases.push(case);
            }
        }
    }
    assert!(
        cases.len() as u64 > 7_000 * shapes,
        "only {} cases",
        cases.len()
    );
    let mut reports = Vec::new();
    for (number, batch) in cases.chunks(400).enumerate() {
        check_batch(batch, &rows, fueled, (number * 400) as u64, &mut reports);
        if reports.len() >= 400 {
            break;
        }
    }
    for (case, why) in reports.iter().take(10) {
        println!("{case:x?}\n{why}\n{}", text(case, &rows));
    }
    for (case, why) in reports.iter().skip(10).take(100) {
        let Case {
            producer,
            consumer,
            link,
            shapes,
            ..
        } = case;
        println!("{producer:x?} then {consumer:x?}, {link:?} {shapes:?}: {why}");
    }
    assert!(
        reports.is_empty(),
        "{} cases differ, see above",
        reports.len()
    );
}

#[test]
fn the_table_has_every_numeric_instruction_and_load() {
    let rows = rows();
    // The vectors' are those of SIMD and relaxed SIMD, without the stores and the constant.
    assert_eq!(rows.len(), 128 + 8 + 14 + (236 + 20 - 5 - 1));
}

#[test]
fn every_pair_gives_the_same() {
    check_pairs(false);
}

#[test]
fn every_pair_gives_the_same_with_fuel() {
    check_pairs(true);
}
