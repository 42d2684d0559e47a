//! The pipeline: the only file that names all its stages.
//!
//! ```text
//! bytes → decode → (Instr, offset) → validate
//! bytes → decode → (Instr, offset) → lower → Code
//! ```
//!
//! A module is decoded and validated as a whole when it is loaded. A function is lowered when it is first called: its body goes
//! through the same loop again, with lowering in the place of validation.

use core::fmt;
use std::sync::Arc;

use crate::code::builder::ListedOp;
use crate::code::layout::StructLayout;
use crate::code::{Code, CodeUnit, Form, LowerError, MemAccess, Source};
use crate::decode::{Body, DecodeError, decode_module};
use crate::exec;
use crate::features::Features;
use crate::lower::{FuncSlots, Lowerer, Surroundings, Survey};
use crate::runtime::registry::{Registration, Registry, TooManyTypes};
use crate::syntax::index::FuncIdx;
use crate::syntax::instr::{Class, Instr, MemArg};
use crate::syntax::module::{FuncBody, Module};
use crate::syntax::types::{CompType, ExternType, SubType};
use crate::validate::{Context, FuncValidator, ValidateError, check_module};

/// What compilation depends on besides the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Features that are on.
    pub features: Features,
    /// Whether code counts fuel.
    pub fuel: bool,
    /// Whether all functions are lowered at once instead of when they are first called.
    pub eager: bool,
    /// Whether NaNs that arithmetic yields are made canonical.
    pub deterministic: bool,
}

/// Why a binary is refused.
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
    /// The offset in the binary at which the error was found, if it has one.
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::Decode(error) => Some(error.offset),
            Self::Validate(error) => Some(error.offset),
            Self::Lower(_) | Self::Types(_) => None,
        }
    }
}

/// A part of a module, as its text has it: a field, of which there may be several of one kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The kind.
    pub part: Part,
    /// The position among those of the kind, imported ones not counted.
    pub index: usize,
    /// The place within, if it is a function's body.
    pub body: Option<BodyPlace>,
}

/// A place in a function's body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BodyPlace {
    /// The function, imported ones counted.
    pub func: FuncIdx,
    /// Its name.
    pub name: Option<Box<str>>,
    /// An instruction and its position in the body; nothing for a place among the locals.
    pub instr: Option<(usize, Box<str>)>,
}

/// A kind of module field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A rec group.
    Type,
    /// An import.
    Import,
    /// A function.
    Func,
    /// A table.
    Table,
    /// A memory.
    Memory,
    /// A tag.
    Tag,
    /// A global.
    Global,
    /// An export.
    Export,
    /// The start function.
    Start,
    /// An element segment.
    Elem,
    /// A data segment.
    Data,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "type",
            Self::Import => "import",
            Self::Func => "function",
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Tag => "tag",
            Self::Global => "global",
            Self::Export => "export",
            Self::Start => "start",
            Self::Elem => "element segment",
            Self::Data => "data segment",
        })
    }
}

/// The part of a module that an offset lies in, if the module is well-formed up to there.
pub fn locate(bytes: &[u8], offset: usize) -> Option<Place> {
    let module = decode_module(bytes).ok()?;
    let bodies = &module.bodies;
    let body = bodies.partition_point(|entry| entry.range.start <= offset);
    let body = body
        .checked_sub(1)
        .filter(|at| offset < bodies[*at].range.end);
    if let Some(index) = body {
        let imported = module.imports.iter();
        let imported = imported.filter(|import| matches!(import.ty, ExternType::Func(_)));
        let func = FuncIdx((imported.count() + index) as u32);
        return Some(Place {
            part: Part::Func,
            index,
            body: Some(BodyPlace {
                func,
                name: module.names.func(func).map(Box::from),
                instr: instr_at(bytes, &bodies[index], offset),
            }),
        });
    }
    let offsets = &module.offsets;
    let start = module.start.map(|_| offsets.start);
    let lists: [(Part, &[usize]); 11] = [
        (Part::Type, &offsets.types),
        (Part::Import, &offsets.imports),
        (Part::Func, &offsets.funcs),
        (Part::Table, &offsets.tables),
        (Part::Memory, &offsets.mems),
        (Part::Tag, &offsets.tags),
        (Part::Global, &offsets.globals),
        (Part::Export, &offsets.exports),
        (Part::Start, start.as_slice()),
        (Part::Elem, &offsets.elems),
        (Part::Data, &offsets.datas),
    ];
    // Errors lie in entries, so it is the entry that begins last before.
    let last = lists.iter().filter_map(|(part, list)| {
        let index = list.partition_point(|at| *at <= offset).checked_sub(1)?;
        Some((list[index], *part, index))
    });
    let (_, part, index) = last.max_by_key(|(at, ..)| *at)?;
    Some(Place {
        part,
        index,
        body: None,
    })
}

/// The instruction at an offset and its position in the body, counted from 0.
fn instr_at(bytes: &[u8], entry: &FuncBody, offset: usize) -> Option<(usize, Box<str>)> {
    let mut body = Body::new(bytes, entry).ok()?;
    let mut number = 0;
    while let Ok(Some((instr, at))) = &body.next() {
        if *at >= offset {
            return (*at == offset).then(|| (number, instr.to_string().into()));
        }
        number += 1;
    }
    None
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
    parts: Arc<Parts>,
}

/// What lowering a function takes.
struct Parts {
    module: Arc<Module>,
    bytes: Arc<[u8]>,
    /// Canonical ids of the types.
    types: Box<[u32]>,
    /// Keeps these ids: code names them, and has a part in this wherever it goes.
    _held: Arc<Registration>,
    /// Where the fields of structures are, by type index.
    layouts: Box<[StructLayout]>,
    /// What the values of function types fill, by type index.
    slots: Box<[FuncSlots]>,
    context: Context,
    settings: Settings,
}

/// Decodes and validates a module; lowers it if that is not to wait for the first call.
pub fn compile(
    registry: &Arc<Registry>,
    bytes: Arc<[u8]>,
    settings: Settings,
) -> Result<Compiled, CompileError> {
    let (module, context) = validate(&bytes, settings.features)?;
    let module = Arc::new(module);
    let types = Arc::new(registry.register(&module.types)?);
    let parts = Arc::new(Parts {
        module: module.clone(),
        bytes: bytes.clone(),
        types: types.iter().map(|ty| ty.0).collect(),
        _held: types.clone(),
        layouts: context.types.iter().map(layout).collect(),
        slots: context.types.iter().map(FuncSlots::new).collect(),
        context,
        settings,
    });
    let imported = parts.context.imported_funcs;
    let defined = module.funcs.len();
    let source = Box::new(Lowering(parts.clone()));
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
        parts,
    })
}

/// The layout of a type, which has no fields if it is no structure.
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

/// The code unit's way back to the pipeline.
struct Lowering(Arc<Parts>);

impl Source for Lowering {
    fn lower(&self, defined: u32) -> Result<Code, LowerError> {
        let (code, _) = self.0.lower(defined, self.0.form(), false)?;
        Ok(code)
    }

    fn exact(&self, defined: u32) -> Result<Code, LowerError> {
        let (code, _) = self.0.lower(defined, Form::Exact, false)?;
        Ok(code)
    }

    fn access(&self, defined: u32, offset: usize) -> Option<MemAccess> {
        let entry = &self.0.module.bodies[defined as usize];
        let mut body = Body::from_offset(&self.0.bytes, entry, offset);
        let Ok(Some((instr, _))) = body.next() else {
            return None;
        };
        let opcode = instr.opcode();
        Some(match instr {
            Instr::MemoryFill { mem } => MemAccess::Fill { mem: mem.0 },
            Instr::MemoryInit { mem, .. } => MemAccess::Init { mem: mem.0 },
            Instr::MemoryCopy { dst, src } => MemAccess::Copy {
                to: dst.0,
                from: src.0,
            },
            _ => {
                let MemArg { offset, mem, .. } = instr.memarg()?;
                MemAccess::At {
                    mem: mem.0,
                    offset,
                    bytes: opcode.access_bytes()?.into(),
                    // In front of it an atomic op says what it does.
                    cell: usize::from(opcode.class() == Class::Atomic),
                }
            }
        })
    }
}

impl Parts {
    /// The form in which functions are entered.
    fn form(&self) -> Form {
        if self.settings.fuel {
            Form::Net
        } else {
            Form::Plain
        }
    }

    /// Lowers a function that was validated; yields its ops, too, if they are to be listed.
    fn lower(
        &self,
        defined: u32,
        form: Form,
        listed: bool,
    ) -> Result<(Code, Vec<ListedOp>), LowerError> {
        let valid = "validated: the body was decoded and checked when the module was loaded";
        let entry = &self.module.bodies[defined as usize];
        let ty = self.context.funcs[(self.context.imported_funcs + defined) as usize];

        let mut survey = Survey::default();
        if form != Form::Exact {
            let Ok(mut body) = Body::new(&self.bytes, entry) else {
                unreachable!("{valid}")
            };
            while let Ok(Some((instr, _))) = &body.next() {
                survey.instr(instr);
            }
        }

        let Ok(mut body) = Body::new(&self.bytes, entry) else {
            unreachable!("{valid}")
        };
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
            entry.range.start,
            listed,
        );
        while let Ok(Some((instr, at))) = &body.next() {
            lowerer.instr(instr, *at);
        }
        lowerer.finish()
    }
}

impl Compiled {
    /// The instructions of a function with the ops they were lowered to, as text: for people who work on lowering.
    pub fn listing(&self, defined: u32) -> Vec<ListedInstr> {
        let Ok((_, mut ops)) = self.parts.lower(defined, self.parts.form(), true) else {
            return Vec::new();
        };
        let Ok(mut body) = Body::new(&self.bytes, &self.module.bodies[defined as usize]) else {
            return Vec::new();
        };
        // Ops stand in the order of execution, which is not always that of the instructions they came from.
        ops.sort_by_key(|op| op.offset);
        let mut listed = ops.into_iter().peekable();
        let mut listing = Vec::new();
        while let Ok(Some((instr, at))) = &body.next() {
            let mut ops = Vec::new();
            while let Some(ListedOp { cell, op, .. }) = listed.next_if(|op| op.offset <= *at) {
                ops.push((cell.0, op.to_string()));
            }
            listing.push(ListedInstr {
                offset: *at,
                instr: instr.to_string(),
                ops,
            });
        }
        listing
    }
}

impl Compiled {
    /// The instruction at an offset of a function's body, as text.
    pub fn instr_at(&self, defined: u32, offset: usize) -> Option<String> {
        let entry = self.module.bodies.get(defined as usize)?;
        let mut body = Body::from_offset(&self.bytes, entry, offset);
        let (instr, _) = body.next().ok()??;
        Some(instr.to_string())
    }
}

/// An instruction and what it was lowered to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedInstr {
    /// Where the instruction is in the binary.
    pub offset: usize,
    /// The instruction.
    pub instr: String,
    /// Its ops, each with its position in the function's code. Empty where a later instruction took it in.
    pub ops: Vec<(u32, String)>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::instr::Opcode;
    use crate::syntax::types::ValType;

    /// A text for an operand of a type: in a local, just computed, or constant.
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
}
