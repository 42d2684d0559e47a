//! From bytes to instructions, through `wasmparser`: tickwasm's own decoder is not used, so that a fault in it
//! shows as a difference.
//!
//! Only the ends of blocks are computed in advance. Everything else stays as in the module.

use std::rc::Rc;

use wasmparser::{
    CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, Parser,
    Payload, TableInit, TypeRef, Validator, WasmFeatures,
};

use crate::InstantiateError;
use crate::instr::{Control, Instr, Kind, Op, Reference, Scope, unsupported};
use crate::types::{
    CompType, FieldType, FuncType, RefType, StorageType, SubType, TypeId, Types, ValType,
};

/// A function body or a constant expression, with the final `end`.
pub(crate) struct Code {
    /// Types of the parameters.
    pub(crate) params: Vec<ValType>,
    /// Types of the locals that are no parameters.
    pub(crate) locals: Vec<ValType>,
    pub(crate) results: usize,
    pub(crate) instrs: Vec<Op>,
}

pub(crate) struct TableType {
    pub(crate) element: RefType,
    pub(crate) is64: bool,
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
}

pub(crate) struct MemoryType {
    pub(crate) is64: bool,
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct GlobalType {
    pub(crate) mutable: bool,
    pub(crate) value: ValType,
}

pub(crate) enum ImportType {
    Func(TypeId),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    Tag(TypeId),
}

pub(crate) struct Import {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) ty: ImportType,
}

pub(crate) enum Mode {
    Passive,
    Declared,
    /// The table's or memory's index, and the offset.
    Active(u32, Rc<Code>),
}

pub(crate) struct Elem {
    pub(crate) mode: Mode,
    pub(crate) items: Vec<Rc<Code>>,
}

pub(crate) struct Data {
    pub(crate) mode: Mode,
    pub(crate) bytes: Vec<u8>,
}

/// The entity that an export names; indices are the module's own.
pub(crate) enum ExportDesc {
    Func(u32),
    Table(u32),
    Memory(u32),
    Global(u32),
    Tag(u32),
}

#[derive(Default)]
pub(crate) struct Module {
    pub(crate) types: Vec<TypeId>,
    pub(crate) imports: Vec<Import>,
    pub(crate) funcs: Vec<TypeId>,
    pub(crate) tags: Vec<TypeId>,
    pub(crate) tables: Vec<(TableType, Option<Rc<Code>>)>,
    pub(crate) memories: Vec<MemoryType>,
    pub(crate) globals: Vec<(GlobalType, Rc<Code>)>,
    pub(crate) exports: Vec<(String, ExportDesc)>,
    pub(crate) start: Option<u32>,
    pub(crate) elems: Vec<Elem>,
    pub(crate) datas: Vec<Data>,
    pub(crate) bodies: Vec<Rc<Code>>,
}

type Result<T> = std::result::Result<T, InstantiateError>;

impl From<wasmparser::Error> for InstantiateError {
    fn from(error: wasmparser::Error) -> InstantiateError {
        InstantiateError::Invalid(error.to_string())
    }
}

/// Validates and decodes a binary module, whose types are added to those of the store.
pub(crate) fn decode(bytes: &[u8], store: &mut Types) -> Result<Module> {
    Validator::new_with_features(WasmFeatures::WASM3).validate_all(bytes)?;
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let Payload::TypeSection(section) = payload {
            for group in section {
                let scope = Scope {
                    store,
                    types: &module.types,
                };
                let group = group?.into_types().map(|ty| sub_type(scope, &ty));
                let group = group.collect::<Result<_>>()?;
                module.types.extend(store.define(group));
            }
            continue;
        }
        let types = module.types.clone();
        let scope = Scope {
            store,
            types: &types,
        };
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let ty = match import.ty {
                        TypeRef::Func(index) => ImportType::Func(scope.ty(index)),
                        TypeRef::Table(ty) => ImportType::Table(table_type(scope, &ty)?),
                        TypeRef::Memory(ty) => ImportType::Memory(memory_type(&ty)?),
                        TypeRef::Global(ty) => ImportType::Global(global_type(scope, &ty)?),
                        TypeRef::Tag(ty) => ImportType::Tag(scope.ty(ty.func_type_idx)),
                        other => return unsupported(other),
                    };
                    let (module_name, name) = (import.module.to_owned(), import.name.to_owned());
                    module.imports.push(Import {
                        module: module_name,
                        name,
                        ty,
                    });
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    module.funcs.push(scope.ty(index?));
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    module.tags.push(scope.ty(tag?.func_type_idx));
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    let table = table?;
                    let init = match &table.init {
                        TableInit::RefNull => None,
                        TableInit::Expr(expr) => Some(const_expr(scope, expr)?),
                    };
                    module.tables.push((table_type(scope, &table.ty)?, init));
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    module.memories.push(memory_type(&memory?)?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    let init = const_expr(scope, &global.init_expr)?;
                    module.globals.push((global_type(scope, &global.ty)?, init));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let desc = match export.kind {
                        ExternalKind::Func => ExportDesc::Func(export.index),
                        ExternalKind::Table => ExportDesc::Table(export.index),
                        ExternalKind::Memory => ExportDesc::Memory(export.index),
                        ExternalKind::Global => ExportDesc::Global(export.index),
                        ExternalKind::Tag => ExportDesc::Tag(export.index),
                        other => return unsupported(other),
                    };
                    module.exports.push((export.name.to_owned(), desc));
                }
            }
            Payload::StartSection { func, .. } => module.start = Some(func),
            Payload::ElementSection(section) => {
                for element in section {
                    let element = element?;
                    let mode = match &element.kind {
                        ElementKind::Passive => Mode::Passive,
                        ElementKind::Declared => Mode::Declared,
                        ElementKind::Active {
                            table_index,
                            offset_expr,
                        } => {
                            Mode::Active(table_index.unwrap_or(0), const_expr(scope, offset_expr)?)
                        }
                    };
                    let mut items = Vec::new();
                    match element.items {
                        // The short form abbreviates a list of `ref.func` expressions.
                        ElementItems::Functions(indices) => {
                            for index in indices {
                                items.push(expr(vec![
                                    Op {
                                        kind: Kind::RefFunc,
                                        instr: Instr::Reference(Reference::Func(index?)),
                                    },
                                    Op {
                                        kind: Kind::End,
                                        instr: Instr::Control(Control::End),
                                    },
                                ]));
                            }
                        }
                        ElementItems::Expressions(_, exprs) => {
                            for expr in exprs {
                                items.push(const_expr(scope, &expr?)?);
                            }
                        }
                    }
                    module.elems.push(Elem { mode, items });
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    let mode = match &data.kind {
                        DataKind::Passive => Mode::Passive,
                        DataKind::Active {
                            memory_index,
                            offset_expr,
                        } => Mode::Active(*memory_index, const_expr(scope, offset_expr)?),
                    };
                    module.datas.push(Data {
                        mode,
                        bytes: data.data.to_vec(),
                    });
                }
            }
            Payload::CodeSectionEntry(body) => {
                let ty = store.func(module.funcs[module.bodies.len()]);
                let mut locals = Vec::new();
                for run in body.get_locals_reader()? {
                    let (count, ty) = run?;
                    // Validation has bounded the sum of the counts.
                    locals.extend(vec![scope.val_type(ty)?; count as usize]);
                }
                module.bodies.push(Rc::new(Code {
                    params: ty.params.clone(),
                    locals,
                    results: ty.results.len(),
                    instrs: instructions(scope, body.get_operators_reader()?)?,
                }));
            }
            _ => {}
        }
    }
    Ok(module)
}

/// A type of a recursion group whose first type is the next one of the module.
fn sub_type(scope: Scope<'_>, ty: &wasmparser::SubType) -> Result<SubType> {
    let supertype = match ty.supertype_idxs.first() {
        Some(index) => {
            let heap = wasmparser::HeapType::Concrete(index.unpack());
            Some(scope.heap_type(heap)?)
        }
        None => None,
    };
    let comp = match &ty.composite_type.inner {
        CompositeInnerType::Func(func) => CompType::Func(FuncType {
            params: scope.val_types(func.params())?,
            results: scope.val_types(func.results())?,
        }),
        CompositeInnerType::Struct(ty) => {
            let fields = ty.fields.iter().map(|field| field_type(scope, field));
            CompType::Struct(fields.collect::<Result<_>>()?)
        }
        CompositeInnerType::Array(ty) => CompType::Array(field_type(scope, &ty.0)?),
        other => return unsupported(other),
    };
    Ok(SubType {
        is_final: ty.is_final,
        supertype,
        comp,
    })
}

fn field_type(scope: Scope<'_>, ty: &wasmparser::FieldType) -> Result<FieldType> {
    Ok(FieldType {
        mutable: ty.mutable,
        storage: match ty.element_type {
            wasmparser::StorageType::I8 => StorageType::I8,
            wasmparser::StorageType::I16 => StorageType::I16,
            wasmparser::StorageType::Val(ty) => StorageType::Val(scope.val_type(ty)?),
        },
    })
}

fn table_type(scope: Scope<'_>, ty: &wasmparser::TableType) -> Result<TableType> {
    if ty.shared {
        return unsupported(ty);
    }
    Ok(TableType {
        element: scope.ref_type(ty.element_type)?,
        is64: ty.table64,
        min: ty.initial,
        max: ty.maximum,
    })
}

fn memory_type(ty: &wasmparser::MemoryType) -> Result<MemoryType> {
    if ty.shared || ty.page_size_log2.is_some() {
        return unsupported(ty);
    }
    Ok(MemoryType {
        is64: ty.memory64,
        min: ty.initial,
        max: ty.maximum,
    })
}

fn global_type(scope: Scope<'_>, ty: &wasmparser::GlobalType) -> Result<GlobalType> {
    if ty.shared {
        return unsupported(ty);
    }
    Ok(GlobalType {
        mutable: ty.mutable,
        value: scope.val_type(ty.content_type)?,
    })
}

/// A constant expression of these instructions.
fn expr(instrs: Vec<Op>) -> Rc<Code> {
    Rc::new(Code {
        params: Vec::new(),
        locals: Vec::new(),
        results: 1,
        instrs,
    })
}

fn const_expr(scope: Scope<'_>, bytes: &ConstExpr<'_>) -> Result<Rc<Code>> {
    Ok(expr(instructions(scope, bytes.get_operators_reader())?))
}

/// The instructions with the ends of their blocks.
fn instructions(scope: Scope<'_>, reader: wasmparser::OperatorsReader<'_>) -> Result<Vec<Op>> {
    let mut ops: Vec<Op> = Vec::new();
    // Positions of the `block`, `loop`, `if`, `else` and `try_table` whose `end` is still to come.
    let mut open: Vec<usize> = Vec::new();
    for op in reader {
        let here = ops.len();
        let op = scope.op(&op?)?;
        match op.instr {
            Instr::Control(
                Control::Block { .. }
                | Control::Loop { .. }
                | Control::If { .. }
                | Control::TryTable { .. },
            ) => open.push(here),
            Instr::Control(Control::Else { .. }) => {
                let at = *open.last().expect("validated: an `if` is open");
                if let Instr::Control(Control::If { otherwise, .. }) = &mut ops[at].instr {
                    *otherwise = here + 1;
                }
                open.push(here);
            }
            Instr::Control(Control::End) => {
                while let Some(at) = open.pop() {
                    match &mut ops[at].instr {
                        Instr::Control(
                            Control::Block { end, .. } | Control::TryTable { end, .. },
                        ) => *end = here,
                        Instr::Control(Control::Else { end }) => {
                            *end = here;
                            // Its `if` lies below on the stack and ends here as well.
                            continue;
                        }
                        Instr::Control(Control::If { otherwise, end, .. }) => {
                            *end = here;
                            if *otherwise == 0 {
                                *otherwise = here;
                            }
                        }
                        _ => {}
                    }
                    break;
                }
            }
            _ => {}
        }
        ops.push(op);
    }
    Ok(ops)
}
