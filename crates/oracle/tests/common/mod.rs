//! Shared parts of the comparing tests: a source of choices, edge values, and the host that both sides see.

#![allow(dead_code)] // Each test file uses its part.

pub mod code;
pub mod compare;
pub mod objects;
pub mod shrink;
pub mod smith;
pub mod structured;
pub mod subject;

use std::cell::RefCell;
use std::rc::Rc;

use tickwasm_oracle::{
    AnyRef, Extern, FuncType, HeapType, Oracle, Ref, RefType, Stop, Trap, ValType, Value,
};
use wasmparser::{Parser, Payload, TypeRef};

/// A stream of choices that a seed determines (splitmix64).
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

/// The number in an environment variable, or the default.
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

/// Vectors at edges of their lanes.
const V128_EDGES: &[u128] = &[
    0,
    u128::MAX,
    0x0F0E_0D0C_0B0A_0908_0706_0504_0302_0100,
    0x8000_8000_8000_8000_8000_8000_8000_8000,
    0x7F80_FF01_7FFF_8000_0001_FFFF_007F_0080,
    0x7FFF_FFFF_8000_0000_0000_0001_FFFF_FFFF,
    0x8000_0000_0000_0000_7FFF_FFFF_FFFF_FFFF,
    0x0000_0000_0000_0001_FFFF_FFFF_FFFF_FFFF,
];

/// A vector: at an edge, of numbers at edges, of any bits.
fn vector(rng: &mut Rng) -> u128 {
    let (ty, width) = rng.pick(&[
        (ValType::I32, 8),
        (ValType::I32, 16),
        (ValType::I32, 32),
        (ValType::I64, 64),
        (ValType::F32, 32),
        (ValType::F64, 64),
    ]);
    match rng.below(8) {
        0 => u128::from(rng.next()) << 64 | u128::from(rng.next()),
        1 | 2 => rng.pick(V128_EDGES),
        _ => (0..128 / width).fold(0, |vector, lane| {
            let bits = u128::from(edge(rng, ty).bits()) % (1 << width);
            vector | bits << (lane * width)
        }),
    }
}

/// A value at an edge of its type; sometimes any bits. References are null, numbers of 31 bits or of the host; there is none
/// for types without such values.
pub fn argument(rng: &mut Rng, oracle: &Oracle, ty: ValType) -> Option<Value> {
    let ValType::Ref(reference) = ty else {
        return Some(edge(rng, ty));
    };
    let number = rng.pick(I32_EDGES);
    let i31 = AnyRef::I31(number % (1 << 31));
    let choices = [
        Value::NULL,
        Value::Ref(Ref::Any(i31)),
        Value::host(number),
        Value::Ref(Ref::Any(AnyRef::Host(number))),
    ];
    let null_only = reference.nullable && rng.below(3) == 0;
    let fit: Vec<Value> = choices
        .into_iter()
        .filter(|&value| oracle.is_of_type(value, ty) && (!null_only || value.is_null()))
        .collect();
    (!fit.is_empty()).then(|| rng.pick(&fit))
}

/// A number or vector at an edge of its type; sometimes any bits. References are null.
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
        ValType::V128 => Value::V128(vector(rng)),
        ValType::Ref(_) => ty.zero(),
    }
}

/// A value as both sides show it, with the target of a reference.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A number or vector.
    Plain(Value),
    Null,
    I31(u32),
    /// A value of the host.
    Host(u32),
    Func,
    /// A structure or array.
    Object(Vec<Shown>),
    Exception(Vec<Shown>),
    /// An object that is too far away from the first one.
    Far,
}

/// The maximal number of references followed in a row.
pub const FAR: usize = 3;

/// The maximal number of fields or elements of an object that are shown.
pub const FIELDS: usize = 20;

impl Shown {
    /// Equality up to the bits of NaNs.
    pub fn agrees_with(&self, other: &Shown) -> bool {
        match (self, other) {
            (Shown::Plain(a), Shown::Plain(b)) => a.agrees_with(*b),
            (Shown::Object(a), Shown::Object(b)) | (Shown::Exception(a), Shown::Exception(b)) => {
                all_agree(a, b)
            }
            _ => self == other,
        }
    }
}

pub fn all_agree(a: &[Shown], b: &[Shown]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.agrees_with(b))
}

/// Shows values of the oracle.
pub fn show_all(oracle: &Oracle, values: &[Value], far: usize) -> Vec<Shown> {
    values
        .iter()
        .map(|&value| show(oracle, value, far))
        .collect()
}

pub fn show(oracle: &Oracle, value: Value, far: usize) -> Shown {
    let Value::Ref(reference) = value else {
        return Shown::Plain(value);
    };
    match reference {
        Ref::Null => Shown::Null,
        Ref::Func(_) => Shown::Func,
        Ref::Any(AnyRef::I31(bits)) | Ref::Extern(AnyRef::I31(bits)) => Shown::I31(bits),
        Ref::Any(AnyRef::Host(number)) | Ref::Extern(AnyRef::Host(number)) => Shown::Host(number),
        _ if far == 0 => Shown::Far,
        Ref::Any(AnyRef::Object(object)) | Ref::Extern(AnyRef::Object(object)) => {
            let fields = oracle.fields(object);
            let fields = &fields[..fields.len().min(FIELDS)];
            Shown::Object(show_all(oracle, fields, far - 1))
        }
        Ref::Exn(exn) => Shown::Exception(show_all(oracle, oracle.exception(exn).1, far - 1)),
    }
}

/// The end of a call, on either side.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Values(Vec<Shown>),
    /// An uncaught exception.
    Exception(Vec<Shown>),
    Trap(Trap),
    OutOfFuel,
    CallDepth,
    /// An outcome that only the subject can have, and never should.
    Other(String),
}

impl Outcome {
    /// The end of a call on the oracle.
    pub fn of(oracle: &Oracle, result: &Result<Vec<Value>, Stop>) -> Outcome {
        match result {
            Ok(values) => Outcome::Values(show_all(oracle, values, FAR)),
            Err(Stop::Exception(_, values)) => Outcome::Exception(show_all(oracle, values, FAR)),
            Err(Stop::Trap(trap)) => Outcome::Trap(trap.clone()),
            Err(Stop::OutOfFuel) => Outcome::OutOfFuel,
            Err(Stop::CallDepth) => Outcome::CallDepth,
        }
    }

    pub fn agrees_with(&self, other: &Outcome) -> bool {
        match (self, other) {
            (Outcome::Values(a), Outcome::Values(b))
            | (Outcome::Exception(a), Outcome::Exception(b)) => all_agree(a, b),
            _ => self == other,
        }
    }
}

/// An import of a module, in terms that both sides can provide.
#[derive(Clone, Debug)]
pub enum ImportKind {
    Func(FuncType),
    Global(bool, ValType),
    /// Whether addresses have 64 bits, and the limits.
    Memory(bool, u64, Option<u64>),
    Table(RefType, bool, u64, Option<u64>),
    Tag(Vec<ValType>),
}

#[derive(Clone, Debug)]
pub struct Import {
    pub module: String,
    pub name: String,
    pub kind: ImportKind,
}

fn ref_type(ty: wasmparser::RefType) -> RefType {
    use wasmparser::AbstractHeapType as A;
    let heap = match ty.heap_type() {
        wasmparser::HeapType::Abstract { shared: false, ty } => match ty {
            A::Func => HeapType::Func,
            A::Extern => HeapType::Extern,
            A::Any => HeapType::Any,
            A::Eq => HeapType::Eq,
            A::I31 => HeapType::I31,
            A::Exn => HeapType::Exn,
            other => panic!("{other:?} is not imported"),
        },
        other => panic!("{other:?} is not imported"),
    };
    RefType {
        nullable: ty.is_nullable(),
        heap,
    }
}

fn val_type(ty: wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type(ty)),
    }
}

/// The imports of a valid module.
pub fn imports_of(bytes: &[u8]) -> Vec<Import> {
    let mut types = Vec::new();
    let mut imports = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.expect("the generator makes valid modules") {
            Payload::TypeSection(section) => {
                for group in section {
                    let group = group.expect("the generator makes valid modules");
                    types.extend(group.into_types());
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.expect("the generator makes valid modules");
                    let func = |index: u32| {
                        let ty = types[index as usize].unwrap_func();
                        FuncType {
                            params: ty.params().iter().map(|&ty| val_type(ty)).collect(),
                            results: ty.results().iter().map(|&ty| val_type(ty)).collect(),
                        }
                    };
                    let kind = match import.ty {
                        TypeRef::Func(index) => ImportKind::Func(func(index)),
                        TypeRef::Tag(ty) => ImportKind::Tag(func(ty.func_type_idx).params),
                        TypeRef::Global(ty) => {
                            ImportKind::Global(ty.mutable, val_type(ty.content_type))
                        }
                        TypeRef::Memory(ty) => {
                            ImportKind::Memory(ty.memory64, ty.initial, ty.maximum)
                        }
                        TypeRef::Table(ty) => ImportKind::Table(
                            ref_type(ty.element_type),
                            ty.table64,
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

/// The value of an imported global.
pub fn global_value(ty: ValType) -> Value {
    answer(0x676C_6F62, &[], &[ty])[0]
}

/// The answer of the host function number `index`: a function of its arguments, with all NaNs alike.
pub fn answer(index: usize, args: &[Shown], results: &[ValType]) -> Vec<Value> {
    let mut hash = mix(index as u64 + 1);
    for arg in args {
        let bits = match arg {
            Shown::Plain(Value::V128(bits)) => (*bits % 0xFFFF_FFFF_FFFF) as u64,
            Shown::Plain(nan) if nan.is_nan() => 0x7FC0,
            Shown::Plain(number) => number.bits(),
            Shown::I31(bits) | Shown::Host(bits) => u64::from(*bits),
            reference => u64::from(*reference == Shown::Null),
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
                ValType::V128 => Value::V128(u128::from(hash) << 60 ^ u128::from(hash)),
                reference => reference.zero(),
            }
        })
        .collect()
}

/// A call that reached the host: the function, its arguments, and the fuel left.
#[derive(Clone, Debug)]
pub struct HostCall {
    pub index: usize,
    pub args: Vec<Shown>,
    pub fuel: u64,
}

impl HostCall {
    pub fn agrees_with(&self, other: &HostCall, with_fuel: bool) -> bool {
        self.index == other.index
            && all_agree(&self.args, &other.args)
            && (!with_fuel || self.fuel == other.fuel)
    }
}

/// Provides the imports to the oracle; calls of host functions are logged.
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
                let args = show_all(oracle, args, FAR);
                let answer = answer(index, &args, &results);
                log.borrow_mut().push(HostCall { index, args, fuel });
                Ok(answer)
            })
        }
        ImportKind::Global(mutable, ty) => oracle.host_global(*mutable, *ty, global_value(*ty)),
        ImportKind::Memory(is64, min, max) => oracle.host_memory(*is64, *min, *max),
        ImportKind::Table(ty, is64, min, max) => oracle.host_table(*ty, *is64, *min, *max),
        ImportKind::Tag(params) => oracle.host_tag(params),
    };
    let items = imports.iter().enumerate().map(provide).collect();
    (items, log)
}
