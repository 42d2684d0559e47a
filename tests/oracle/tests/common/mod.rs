//! What the comparing tests share: a source of choices, the values at the edges, and the host both sides see.

#![allow(dead_code)] // Each test file uses its part.

pub mod code;
pub mod compare;
pub mod shrink;
pub mod subject;

use std::cell::RefCell;
use std::rc::Rc;

use tickwasm_oracle::{Extern, FuncType, Oracle, Stop, Trap, ValType, Value};
use wasmparser::{Parser, Payload, RefType, TypeRef};

/// A stream of choices that a seed fixes (splitmix64).
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The number in an environment variable, or else the default.
pub fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}

const I32_EDGES: &[u32] = &[
    0,
    1,
    2,
    3,
    7,
    8,
    31,
    32,
    33,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x1_0000,
    0x7FFF_FFFF,
    0x8000_0000,
    0x8000_0001,
    0xFFFF_FF80,
    0xFFFF_8000,
    0xFFFF_FFF8,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
    0x1234_5678,
];

const I64_EDGES: &[u64] = &[
    0,
    1,
    2,
    3,
    31,
    32,
    63,
    64,
    65,
    0x7F,
    0x80,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0xFFFF_FFFF_0000_0000,
    0xFFFF_FFFF_8000_0000,
    0xFFFF_FFFF_FFFF_FFFE,
    0xFFFF_FFFF_FFFF_FFFF,
    0x0123_4567_89AB_CDEF,
];

const F64_EDGES: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -3.7,
    2_147_483_647.0,
    2_147_483_648.0,
    -2_147_483_648.0,
    -2_147_483_649.0,
    4_294_967_295.0,
    4_294_967_296.0,
    9.2e18,
    -9.3e18,
    1.9e19,
    1e-40,
    1e39,
    1e300,
    -1e-310,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

/// A value at an edge of its type; now and then any bits. References are null.
pub fn edge(rng: &mut Rng, ty: ValType) -> Value {
    let any = rng.below(8) == 0;
    let odd_nan = rng.below(12) == 0;
    match ty {
        ValType::I32 if any => Value::I32(rng.next() as u32),
        ValType::I32 => Value::I32(rng.pick(I32_EDGES)),
        ValType::I64 if any => Value::I64(rng.next()),
        ValType::I64 => Value::I64(rng.pick(I64_EDGES)),
        ValType::F32 if odd_nan => Value::F32(rng.pick(&[0x7FC0_0000, 0xFFC0_0000, 0x7FA0_0001])),
        ValType::F32 if any => Value::F32(rng.next() as u32),
        ValType::F32 => Value::from(rng.pick(F64_EDGES) as f32),
        ValType::F64 if odd_nan => {
            Value::F64(rng.pick(&[0x7FF8 << 48, 0xFFF8 << 48, (0x7FF4 << 48) | 1]))
        }
        ValType::F64 if any => Value::F64(rng.next()),
        ValType::F64 => Value::from(rng.pick(F64_EDGES)),
        ValType::FuncRef | ValType::ExternRef => ty.zero(),
    }
}

/// How a call ended, on either side.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Values(Vec<Value>),
    Trap(Trap),
    OutOfFuel,
    CallDepth,
    /// What only the subject can say, and never should.
    Other(String),
}

impl From<Result<Vec<Value>, Stop>> for Outcome {
    fn from(result: Result<Vec<Value>, Stop>) -> Outcome {
        match result {
            Ok(values) => Outcome::Values(values),
            Err(Stop::Trap(trap)) => Outcome::Trap(trap),
            Err(Stop::OutOfFuel) => Outcome::OutOfFuel,
            Err(Stop::CallDepth) => Outcome::CallDepth,
        }
    }
}

impl Outcome {
    pub fn agrees_with(&self, other: &Outcome) -> bool {
        match (self, other) {
            (Outcome::Values(a), Outcome::Values(b)) => all_agree(a, b),
            _ => self == other,
        }
    }
}

/// Numbers agree up to the bits of NaNs, references if both are null or neither.
pub fn all_agree(a: &[Value], b: &[Value]) -> bool {
    let agree = |a: Value, b: Value| match a {
        Value::FuncRef(_) | Value::ExternRef(_) => a.ty() == b.ty() && a.is_null() == b.is_null(),
        _ => a.agrees_with(b),
    };
    a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| agree(a, b))
}

/// What a module imports, in terms that both sides can provide.
#[derive(Clone, Debug)]
pub enum ImportKind {
    Func(FuncType),
    Global(bool, ValType),
    Memory(u64, Option<u64>),
    Table(ValType, u64, Option<u64>),
}

#[derive(Clone, Debug)]
pub struct Import {
    pub module: String,
    pub name: String,
    pub kind: ImportKind,
}

fn val_type(ty: wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::Ref(RefType::FUNCREF) => ValType::FuncRef,
        wasmparser::ValType::Ref(RefType::EXTERNREF) => ValType::ExternRef,
        other => panic!("{other} is not generated"),
    }
}

/// The imports of a valid module.
pub fn imports_of(bytes: &[u8]) -> Vec<Import> {
    let mut types = Vec::new();
    let mut imports = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.expect("the generator makes valid modules") {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    let ty = ty.expect("only function types are generated");
                    types.push(FuncType {
                        params: ty.params().iter().map(|&ty| val_type(ty)).collect(),
                        results: ty.results().iter().map(|&ty| val_type(ty)).collect(),
                    });
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.expect("the generator makes valid modules");
                    let kind = match import.ty {
                        TypeRef::Func(index) => ImportKind::Func(types[index as usize].clone()),
                        TypeRef::Global(ty) => {
                            ImportKind::Global(ty.mutable, val_type(ty.content_type))
                        }
                        TypeRef::Memory(ty) => ImportKind::Memory(ty.initial, ty.maximum),
                        TypeRef::Table(ty) => ImportKind::Table(
                            val_type(wasmparser::ValType::Ref(ty.element_type)),
                            ty.initial,
                            ty.maximum,
                        ),
                        other => panic!("{other:?} is not generated"),
                    };
                    let (module, name) = (import.module.to_owned(), import.name.to_owned());
                    imports.push(Import { module, name, kind });
                }
            }
            _ => {}
        }
    }
    imports
}

/// What an imported global holds.
pub fn global_value(ty: ValType) -> Value {
    answer(0x676C_6F62, &[], &[ty])[0]
}

/// What the host function number `index` answers: a function of its arguments, NaNs taken as one.
pub fn answer(index: usize, args: &[Value], results: &[ValType]) -> Vec<Value> {
    let mut hash = mix(index as u64 + 1);
    for arg in args {
        let bits = match arg {
            Value::FuncRef(_) | Value::ExternRef(_) => u64::from(arg.is_null()),
            nan if nan.is_nan() => 0x7FC0,
            number => number.bits(),
        };
        hash = mix(hash ^ bits);
    }
    results
        .iter()
        .map(|&ty| {
            hash = mix(hash);
            match ty {
                ValType::F32 => Value::from((hash % 4096) as f32 / 16.0 - 100.0),
                ValType::F64 => Value::from((hash % 4096) as f64 / 16.0 - 100.0),
                ValType::I32 => Value::I32((hash % 300) as u32),
                ValType::I64 => Value::I64(hash % 300),
                reference => reference.zero(),
            }
        })
        .collect()
}

/// A call that reached the host: which function, with what, and the fuel it saw.
#[derive(Clone, Debug)]
pub struct HostCall {
    pub index: usize,
    pub args: Vec<Value>,
    pub fuel: u64,
}

impl HostCall {
    pub fn agrees_with(&self, other: &HostCall, with_fuel: bool) -> bool {
        self.index == other.index
            && all_agree(&self.args, &other.args)
            && (!with_fuel || self.fuel == other.fuel)
    }
}

/// The imports, provided to the oracle; calls of host functions go to the log.
pub fn provide(
    oracle: &mut Oracle,
    imports: &[Import],
) -> (Vec<Extern>, Rc<RefCell<Vec<HostCall>>>) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let provide = |(index, import): (usize, &Import)| match &import.kind {
        ImportKind::Func(ty) => {
            let (results, log) = (ty.results.clone(), Rc::clone(&log));
            oracle.host_func(&ty.params, &ty.results, move |oracle, args| {
                let fuel = oracle.fuel();
                log.borrow_mut().push(HostCall {
                    index,
                    args: args.to_vec(),
                    fuel,
                });
                Ok(answer(index, args, &results))
            })
        }
        ImportKind::Global(mutable, ty) => oracle.host_global(*mutable, global_value(*ty)),
        ImportKind::Memory(min, max) => oracle.host_memory(*min, *max),
        ImportKind::Table(ty, min, max) => oracle.host_table(*ty, *min, *max),
    };
    let items = imports.iter().enumerate().map(provide).collect();
    (items, log)
}
