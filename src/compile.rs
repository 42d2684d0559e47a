//! The pipeline: the only file that names all its stages.
//!
//! ```text
//! bytes → decode → (Instr, offset) → validate
//! bytes → decode → (Instr, offset) → lower → Code
//! ```
//!
//! A module is decoded and validated as a whole when it is loaded. A function is lowered when it is first called: its body goes
//! through the same loop again, with lowering in the place of validation.

mod inspect;

use core::fmt;
use std::sync::Arc;

pub use inspect::ListedInstr;

use crate::code::builder::ListedOp;
use crate::code::layout::StructLayout;
use crate::code::{Code, CodeUnit, Form, LowerError, MemAccess, Source};
use crate::decode::{Body, DecodeError, decode_module};
use crate::exec;
use crate::features::Features;
use crate::lower::{FuncSlots, Lowerer, Surroundings, Survey};
use crate::runtime::registry::{Registration, Registry, TooManyTypes};
use crate::syntax::index::FuncIdx;
use crate::syntax::module::Module;
use crate::syntax::types::{CompType, SubType};
use crate::validate::{Context, FuncValidator, ValidateError, check_module};

/// The settings that compilation depends on besides the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// The features that are on.
    pub features: Features,
    /// Whether code counts fuel.
    pub fuel: bool,
    /// Whether all functions are lowered at once instead of when they are first called.
    pub eager: bool,
    /// Whether NaNs that arithmetic yields are made canonical.
    pub deterministic: bool,
}

/// The reason why a binary is refused.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum CompileError {
    /// It is malformed.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It is well-formed and invalid.
    #[error(transparent)]
    Validate(#[from] ValidateError),
    /// It is valid and exceeds a limit of lowering.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// It is valid, and the engine has no room for its types.
    #[error(transparent)]
    Types(#[from] TooManyTypes),
}

impl CompileError {
    /// Returns the offset in the binary at which the error was found, if it has one.
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::Decode(error) => Some(error.offset),
            Self::Validate(error) => Some(error.offset),
            Self::Lower(_) | Self::Types(_) => None,
        }
    }
}

/// A compiled module.
#[derive(Debug)]
pub struct Compiled {
    /// The module.
    pub module: Arc<Module>,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Its types, canonical in the engine.
    pub types: Arc<Registration>,
    /// Its code.
    pub code: Arc<CodeUnit>,
    functions: Arc<Functions>,
}

/// The functions of a module, with all that lowering one of them takes.
struct Functions {
    module: Arc<Module>,
    bytes: Arc<[u8]>,
    /// The canonical ids of the types.
    types: Box<[u32]>,
    /// Keeps these ids alive: code names them.
    _held: Arc<Registration>,
    /// The layouts of structures, by type index.
    layouts: Box<[StructLayout]>,
    /// The slots that parameters and results of function types fill, by type index.
    slots: Box<[FuncSlots]>,
    context: Context,
    settings: Settings,
}

/// Decodes and validates a module; lowers its functions at once if the settings say so, and otherwise each at its first call.
pub fn compile(
    registry: &Arc<Registry>,
    bytes: Arc<[u8]>,
    settings: Settings,
) -> Result<Compiled, CompileError> {
    let (module, context) = validate(&bytes, settings.features)?;
    let module = Arc::new(module);
    let types = Arc::new(registry.register(&module.types)?);
    let functions = Arc::new(Functions {
        module: module.clone(),
        bytes: bytes.clone(),
        types: types.iter().map(|ty| ty.0).collect(),
        _held: types.clone(),
        layouts: context.types.iter().map(layout).collect(),
        slots: context.types.iter().map(FuncSlots::new).collect(),
        context,
        settings,
    });
    let imported = functions.context.imported_funcs;
    let defined = module.funcs.len();
    let source = Box::new(functions.clone());
    let code = Arc::new(CodeUnit::new(imported, defined, exec::stub(), source));
    if settings.eager {
        for defined in 0..defined as u32 {
            code.materialize(defined)?;
        }
    }
    Ok(Compiled {
        module,
        bytes,
        types,
        code,
        functions,
    })
}

/// Returns the layout of a structure type; of any other type, one without fields.
fn layout(ty: &SubType) -> StructLayout {
    StructLayout::new(match &ty.composite {
        CompType::Struct(fields) => fields,
        CompType::Func(_) | CompType::Array(_) => &[],
    })
}

/// Decodes and validates a module.
pub fn validate(bytes: &[u8], features: Features) -> Result<(Module, Context), CompileError> {
    let module = decode_module(bytes)?;
    let context = check_module(&module, features)?;
    let mut validator = FuncValidator::new(&context);
    for (index, entry) in module.bodies.iter().enumerate() {
        let mut body = Body::new(bytes, entry)?;
        let func = FuncIdx(context.imported_funcs + index as u32);
        validator.begin(func, body.locals(), entry.range.start)?;
        while let Some((instr, at)) = &body.next()? {
            validator.check_instr(instr, *at)?;
        }
        validator.finish(entry.range.end)?;
    }
    Ok((module, context))
}

/// The code unit comes back to the pipeline by this.
impl Source for Arc<Functions> {
    fn lower(&self, defined: u32) -> Result<Code, LowerError> {
        let (code, _) = Functions::lower(self, defined, self.entry_form(), false)?;
        Ok(code)
    }

    fn exact(&self, defined: u32) -> Result<Code, LowerError> {
        let (code, _) = Functions::lower(self, defined, Form::Exact, false)?;
        Ok(code)
    }

    fn access(&self, defined: u32, offset: usize) -> Option<MemAccess> {
        self.mem_access(defined, offset)
    }
}

impl Functions {
    /// Returns the form in which functions are entered.
    fn entry_form(&self) -> Form {
        if self.settings.fuel {
            Form::Net
        } else {
            Form::Plain
        }
    }

    /// Returns the body of a function, to be decoded once more.
    fn body(&self, defined: u32) -> Body<'_> {
        match Body::new(&self.bytes, &self.module.bodies[defined as usize]) {
            Ok(body) => body,
            Err(_) => unreachable!("validated: the body was decoded when the module was loaded"),
        }
    }

    /// Lowers a function that was validated. With `listed`, it returns its ops as well.
    fn lower(
        &self,
        defined: u32,
        form: Form,
        listed: bool,
    ) -> Result<(Code, Vec<ListedOp>), LowerError> {
        let ty = self.context.funcs[(self.context.imported_funcs + defined) as usize];

        let mut survey = Survey::default();
        if form != Form::Exact {
            let mut body = self.body(defined);
            while let Ok(Some((instr, _))) = &body.next() {
                survey.instr(instr);
            }
        }

        let mut body = self.body(defined);
        let surroundings = Surroundings {
            imported_funcs: self.context.imported_funcs,
            imported_globals: self.context.imported_globals,
            mems: &self.context.mems,
            globals: &self.context.globals,
            tables: &self.context.tables,
            types: &self.types,
            funcs: &self.context.funcs,
            tags: &self.context.tags,
            slots: &self.slots,
            form,
            subtypes: &self.context.types,
            layouts: &self.layouts,
            deterministic: self.settings.deterministic,
        };
        let mut lowerer = Lowerer::new(
            surroundings,
            ty,
            body.locals(),
            &survey,
            exec::select,
            self.module.bodies[defined as usize].range.start,
            listed,
        );
        while let Ok(Some((instr, at))) = &body.next() {
            lowerer.instr(instr, *at);
        }
        lowerer.finish()
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::instr::{Class, Opcode};
    use crate::syntax::types::ValType;

    /// Returns the text of an operand of a type: in a local, just computed, or constant.
    fn operand(ty: ValType, kind: usize) -> &'static str {
        let texts = match ty {
            ValType::I32 => [
                "(local.get $i)",
                "(i32.clz (local.get $i))",
                "(i32.const 3)",
            ],
            ValType::I64 => [
                "(local.get $l)",
                "(i64.clz (local.get $l))",
                "(i64.const 3)",
            ],
            ValType::F32 => [
                "(local.get $f)",
                "(f32.abs (local.get $f))",
                "(f32.const 3)",
            ],
            ValType::F64 => [
                "(local.get $d)",
                "(f64.abs (local.get $d))",
                "(f64.const 3)",
            ],
            _ => [
                "(local.get $v)",
                "(v128.not (local.get $v))",
                "(v128.const i64x2 1 2)",
            ],
        };
        texts[kind]
    }

    #[test]
    fn vector_operators_have_handlers_for_operands_of_all_kinds() {
        let mut text = String::from("(module (memory 1)");
        let mut rows = 0;
        for op in Opcode::ALL.iter().filter(|op| op.class() == Class::Vplain) {
            let Some((params, _)) = op.plain_type() else {
                continue;
            };
            let name = op.mnemonic();
            let immediate = match name {
                "i8x16.shuffle" => "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31",
                _ if name.contains("_lane") && !name.contains("relaxed") => "1",
                _ => "",
            };
            for combination in 0..3_usize.pow(params.len() as u32) {
                let kind = |at: usize| combination / 3_usize.pow(at as u32) % 3;
                let operands: String = params
                    .iter()
                    .enumerate()
                    .map(|(at, ty)| operand(*ty, kind(at)))
                    .collect();
                text += "(func (param $v v128) (param $i i32) (param $l i64) (param $f f32) (param $d f64)";
                text += &format!("(drop ({name} {immediate} {operands})))");
            }
            rows += 1;
        }
        text += ")";
        assert!(rows > 200, "the table has more rows of vectors than {rows}");
        let binary = wat::parse_str(text).expect("assembles");
        for (fuel, deterministic) in [(false, false), (false, true), (true, true)] {
            let settings = Settings {
                features: Features::DEFAULT,
                fuel,
                eager: true,
                deterministic,
            };
            // An operator without a handler is found by a panic that names it.
            let compiled = compile(&Arc::default(), binary.clone().into(), settings);
            assert!(compiled.is_ok(), "{:?}", compiled.err());
        }
    }

    /// The ops that a comparison of two parameters and a test of it for zero are lowered to.
    fn ops_of_negated(comparison: Opcode) -> String {
        let name = comparison.mnemonic();
        let ty = &name[..3];
        let text = format!(
            "(module (func (param {ty} {ty}) (result i32)
                (i32.eqz ({name} (local.get 0) (local.get 1)))))"
        );
        let settings = Settings {
            features: Features::DEFAULT,
            fuel: false,
            eager: false,
            deterministic: false,
        };
        let binary = wat::parse_str(text).expect("assembles");
        let compiled = compile(&Arc::default(), binary.into(), settings).expect("compiles");
        let instrs = compiled.listing(0);
        let ops = instrs.iter().flat_map(|instr| &instr.ops);
        ops.map(|(_, op)| op.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_negated_comparison_is_its_opposite_and_a_test_for_zero_only_where_it_has_none() {
        for &op in Opcode::ALL.iter().filter(|op| op.class() == Class::Relop) {
            let ops = ops_of_negated(op);
            let comparison = op.opposite().unwrap_or(op).mnemonic();
            assert!(ops.contains(comparison), "{op:?}: {ops}");
            assert_eq!(
                ops.contains("i32.eqz"),
                op.opposite().is_none(),
                "{op:?}: {ops}"
            );
        }
    }
}
