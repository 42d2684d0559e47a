//! From bytes to instructions, through `wasmparser`: nothing of tickwasm's own decoder is used, so that a fault there
//! shows as a difference.
//!
//! The only thing worked out ahead is where each block ends. Everything else stays as the module says it.

use std::rc::Rc;

use wasmparser::{
    BlockType, CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind,
    MemArg, MemArgTarget, Operator, Parser, Payload, RefType, TableInit, TypeRef, Validator,
    WasmFeatures,
};

use crate::InstantiateError;
use crate::numerics::Numeric;
use crate::value::{FuncType, ValType, Value};

/// One instruction. Indices are the module's own.
pub(crate) enum Instr {
    Unreachable,
    Nop,
    /// `end` is the position of the matching `end`, here and below.
    Block {
        params: usize,
        results: usize,
        end: usize,
    },
    Loop {
        params: usize,
    },
    /// `otherwise` is where a zero condition goes on: behind `else`, or else at `end`.
    If {
        params: usize,
        results: usize,
        otherwise: usize,
        end: usize,
    },
    Else {
        end: usize,
    },
    End,
    Br(u32),
    BrIf(u32),
    /// The default label comes last.
    BrTable(Vec<u32>),
    Return,
    Call(u32),
    CallIndirect {
        ty: u32,
        table: u32,
    },
    ReturnCall(u32),
    ReturnCallIndirect {
        ty: u32,
        table: u32,
    },
    Drop,
    Select,
    LocalGet(u32),
    LocalSet(u32),
    LocalTee(u32),
    GlobalGet(u32),
    GlobalSet(u32),
    TableGet(u32),
    TableSet(u32),
    TableSize(u32),
    TableGrow(u32),
    TableFill(u32),
    TableCopy {
        dst: u32,
        src: u32,
    },
    TableInit {
        elem: u32,
        table: u32,
    },
    ElemDrop(u32),
    Load {
        ty: ValType,
        bytes: u32,
        signed: bool,
        memory: u32,
        offset: u64,
    },
    Store {
        ty: ValType,
        bytes: u32,
        memory: u32,
        offset: u64,
    },
    MemorySize(u32),
    MemoryGrow(u32),
    MemoryFill(u32),
    MemoryCopy {
        dst: u32,
        src: u32,
    },
    MemoryInit {
        data: u32,
        memory: u32,
    },
    DataDrop(u32),
    Const(Value),
    RefIsNull,
    RefFunc(u32),
    Numeric(Numeric),
}

/// A function body or a constant expression, with the final `end`.
pub(crate) struct Code {
    pub(crate) locals: Vec<ValType>,
    pub(crate) results: usize,
    pub(crate) instrs: Vec<Instr>,
}

pub(crate) struct TableType {
    pub(crate) element: ValType,
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
    Func(u32),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
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

/// What an export names; indices are the module's own.
pub(crate) enum ExportDesc {
    Func(u32),
    Table(u32),
    Memory(u32),
    Global(u32),
}

#[derive(Default)]
pub(crate) struct Module {
    pub(crate) types: Vec<FuncType>,
    pub(crate) imports: Vec<Import>,
    pub(crate) funcs: Vec<u32>,
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

fn unsupported<T>(what: impl std::fmt::Debug) -> Result<T> {
    Err(InstantiateError::Unsupported(format!("{what:?}")))
}

/// Validates and decodes a binary module.
pub(crate) fn decode(bytes: &[u8]) -> Result<Module> {
    Validator::new_with_features(WasmFeatures::WASM3).validate_all(bytes)?;
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::TypeSection(section) => {
                for group in section {
                    for ty in group?.into_types() {
                        let CompositeInnerType::Func(func) = &ty.composite_type.inner else {
                            return unsupported(&ty.composite_type.inner);
                        };
                        module.types.push(FuncType {
                            params: val_types(func.params())?,
                            results: val_types(func.results())?,
                        });
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let ty = match import.ty {
                        TypeRef::Func(index) => ImportType::Func(index),
                        TypeRef::Table(ty) => ImportType::Table(table_type(&ty)?),
                        TypeRef::Memory(ty) => ImportType::Memory(memory_type(&ty)?),
                        TypeRef::Global(ty) => ImportType::Global(global_type(&ty)?),
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
                    module.funcs.push(index?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    let table = table?;
                    let init = match &table.init {
                        TableInit::RefNull => None,
                        TableInit::Expr(expr) => Some(const_expr(expr, &module.types)?),
                    };
                    module.tables.push((table_type(&table.ty)?, init));
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
                    let init = const_expr(&global.init_expr, &module.types)?;
                    module.globals.push((global_type(&global.ty)?, init));
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
                        } => Mode::Active(
                            table_index.unwrap_or(0),
                            const_expr(offset_expr, &module.types)?,
                        ),
                    };
                    let mut items = Vec::new();
                    match element.items {
                        // The short form abbreviates a list of `ref.func` expressions.
                        ElementItems::Functions(indices) => {
                            for index in indices {
                                items.push(Rc::new(Code {
                                    locals: Vec::new(),
                                    results: 1,
                                    instrs: vec![Instr::RefFunc(index?), Instr::End],
                                }));
                            }
                        }
                        ElementItems::Expressions(ty, exprs) => {
                            ref_type(ty)?;
                            for expr in exprs {
                                items.push(const_expr(&expr?, &module.types)?);
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
                        } => Mode::Active(*memory_index, const_expr(offset_expr, &module.types)?),
                    };
                    module.datas.push(Data {
                        mode,
                        bytes: data.data.to_vec(),
                    });
                }
            }
            Payload::CodeSectionEntry(body) => {
                let ty = &module.types[module.funcs[module.bodies.len()] as usize];
                let mut locals = Vec::new();
                for run in body.get_locals_reader()? {
                    let (count, ty) = run?;
                    // Validation has bounded the sum of the counts.
                    locals.extend(vec![val_type(ty)?; count as usize]);
                }
                let instrs = instructions(body.get_operators_reader()?, &module.types)?;
                module.bodies.push(Rc::new(Code {
                    locals,
                    results: ty.results.len(),
                    instrs,
                }));
            }
            Payload::TagSection(_) => return unsupported("tag"),
            _ => {}
        }
    }
    Ok(module)
}

fn ref_type(ty: RefType) -> Result<ValType> {
    match ty {
        RefType::FUNCREF => Ok(ValType::FuncRef),
        RefType::EXTERNREF => Ok(ValType::ExternRef),
        other => unsupported(other),
    }
}

fn val_type(ty: wasmparser::ValType) -> Result<ValType> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => return unsupported("v128"),
        wasmparser::ValType::Ref(ty) => ref_type(ty)?,
    })
}

fn val_types(types: &[wasmparser::ValType]) -> Result<Vec<ValType>> {
    types.iter().map(|&ty| val_type(ty)).collect()
}

fn table_type(ty: &wasmparser::TableType) -> Result<TableType> {
    if ty.shared {
        return unsupported(ty);
    }
    Ok(TableType {
        element: ref_type(ty.element_type)?,
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

fn global_type(ty: &wasmparser::GlobalType) -> Result<GlobalType> {
    if ty.shared {
        return unsupported(ty);
    }
    Ok(GlobalType {
        mutable: ty.mutable,
        value: val_type(ty.content_type)?,
    })
}

fn const_expr(expr: &ConstExpr<'_>, types: &[FuncType]) -> Result<Rc<Code>> {
    let instrs = instructions(expr.get_operators_reader(), types)?;
    Ok(Rc::new(Code {
        locals: Vec::new(),
        results: 1,
        instrs,
    }))
}

/// The numbers of parameters and results of a block.
fn block_arity(ty: BlockType, types: &[FuncType]) -> Result<(usize, usize)> {
    Ok(match ty {
        BlockType::Empty => (0, 0),
        BlockType::Type(ty) => {
            val_type(ty)?;
            (0, 1)
        }
        BlockType::FuncType(index) => {
            let ty = &types[index as usize];
            (ty.params.len(), ty.results.len())
        }
    })
}

fn instructions(reader: wasmparser::OperatorsReader<'_>, types: &[FuncType]) -> Result<Vec<Instr>> {
    let mut instrs = Vec::new();
    // Positions of the `block`, `loop`, `if` and `else` whose `end` is still to come.
    let mut open: Vec<usize> = Vec::new();
    for op in reader {
        let here = instrs.len();
        let instr = instruction(&op?, types)?;
        match instr {
            Instr::Block { .. } | Instr::Loop { .. } | Instr::If { .. } => open.push(here),
            Instr::Else { .. } => {
                if let Some(Instr::If { otherwise, .. }) =
                    open.last().and_then(|&at| instrs.get_mut(at))
                {
                    *otherwise = here + 1;
                }
                open.push(here);
            }
            Instr::End => {
                while let Some(at) = open.pop() {
                    match &mut instrs[at] {
                        Instr::Block { end, .. } => *end = here,
                        Instr::Else { end } => {
                            *end = here;
                            // Its `if` lies below on the stack and ends here as well.
                            continue;
                        }
                        Instr::If { otherwise, end, .. } => {
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
        instrs.push(instr);
    }
    Ok(instrs)
}

fn instruction(op: &Operator<'_>, types: &[FuncType]) -> Result<Instr> {
    use Operator as O;
    use ValType::*;
    if let Some(numeric) = Numeric::of(op) {
        return Ok(Instr::Numeric(numeric));
    }
    Ok(match op {
        O::Unreachable => Instr::Unreachable,
        O::Nop => Instr::Nop,
        O::Block { blockty } => {
            let (params, results) = block_arity(*blockty, types)?;
            Instr::Block {
                params,
                results,
                end: 0,
            }
        }
        O::Loop { blockty } => Instr::Loop {
            params: block_arity(*blockty, types)?.0,
        },
        O::If { blockty } => {
            let (params, results) = block_arity(*blockty, types)?;
            Instr::If {
                params,
                results,
                otherwise: 0,
                end: 0,
            }
        }
        O::Else => Instr::Else { end: 0 },
        O::End => Instr::End,
        O::Br { relative_depth } => Instr::Br(*relative_depth),
        O::BrIf { relative_depth } => Instr::BrIf(*relative_depth),
        O::BrTable { targets } => {
            let mut labels = Vec::new();
            for target in targets.targets() {
                labels.push(target?);
            }
            labels.push(targets.default());
            Instr::BrTable(labels)
        }
        O::Return => Instr::Return,
        O::Call { function_index } => Instr::Call(*function_index),
        O::CallIndirect {
            type_index,
            table_index,
        } => Instr::CallIndirect {
            ty: *type_index,
            table: *table_index,
        },
        O::ReturnCall { function_index } => Instr::ReturnCall(*function_index),
        O::ReturnCallIndirect {
            type_index,
            table_index,
        } => Instr::ReturnCallIndirect {
            ty: *type_index,
            table: *table_index,
        },
        O::Drop => Instr::Drop,
        O::Select => Instr::Select,
        O::TypedSelect { ty } => {
            val_type(*ty)?;
            Instr::Select
        }
        O::LocalGet { local_index } => Instr::LocalGet(*local_index),
        O::LocalSet { local_index } => Instr::LocalSet(*local_index),
        O::LocalTee { local_index } => Instr::LocalTee(*local_index),
        O::GlobalGet { global_index } => Instr::GlobalGet(*global_index),
        O::GlobalSet { global_index } => Instr::GlobalSet(*global_index),
        O::TableGet { table } => Instr::TableGet(*table),
        O::TableSet { table } => Instr::TableSet(*table),
        O::TableSize { table } => Instr::TableSize(*table),
        O::TableGrow { table } => Instr::TableGrow(*table),
        O::TableFill { table } => Instr::TableFill(*table),
        O::TableCopy {
            dst_table,
            src_table,
        } => Instr::TableCopy {
            dst: *dst_table,
            src: *src_table,
        },
        O::TableInit { elem_index, table } => Instr::TableInit {
            elem: *elem_index,
            table: *table,
        },
        O::ElemDrop { elem_index } => Instr::ElemDrop(*elem_index),
        O::I32Load { memarg } => load(I32, 4, false, memarg)?,
        O::I64Load { memarg } => load(I64, 8, false, memarg)?,
        O::F32Load { memarg } => load(F32, 4, false, memarg)?,
        O::F64Load { memarg } => load(F64, 8, false, memarg)?,
        O::I32Load8S { memarg } => load(I32, 1, true, memarg)?,
        O::I32Load8U { memarg } => load(I32, 1, false, memarg)?,
        O::I32Load16S { memarg } => load(I32, 2, true, memarg)?,
        O::I32Load16U { memarg } => load(I32, 2, false, memarg)?,
        O::I64Load8S { memarg } => load(I64, 1, true, memarg)?,
        O::I64Load8U { memarg } => load(I64, 1, false, memarg)?,
        O::I64Load16S { memarg } => load(I64, 2, true, memarg)?,
        O::I64Load16U { memarg } => load(I64, 2, false, memarg)?,
        O::I64Load32S { memarg } => load(I64, 4, true, memarg)?,
        O::I64Load32U { memarg } => load(I64, 4, false, memarg)?,
        O::I32Store { memarg } => store(I32, 4, memarg)?,
        O::I64Store { memarg } => store(I64, 8, memarg)?,
        O::F32Store { memarg } => store(F32, 4, memarg)?,
        O::F64Store { memarg } => store(F64, 8, memarg)?,
        O::I32Store8 { memarg } => store(I32, 1, memarg)?,
        O::I32Store16 { memarg } => store(I32, 2, memarg)?,
        O::I64Store8 { memarg } => store(I64, 1, memarg)?,
        O::I64Store16 { memarg } => store(I64, 2, memarg)?,
        O::I64Store32 { memarg } => store(I64, 4, memarg)?,
        O::MemorySize { mem } => Instr::MemorySize(*mem),
        O::MemoryGrow { mem } => Instr::MemoryGrow(*mem),
        O::MemoryFill { mem } => Instr::MemoryFill(*mem),
        O::MemoryCopy { dst_mem, src_mem } => Instr::MemoryCopy {
            dst: *dst_mem,
            src: *src_mem,
        },
        O::MemoryInit { data_index, mem } => Instr::MemoryInit {
            data: *data_index,
            memory: *mem,
        },
        O::DataDrop { data_index } => Instr::DataDrop(*data_index),
        O::I32Const { value } => Instr::Const(Value::from(*value)),
        O::I64Const { value } => Instr::Const(Value::from(*value)),
        O::F32Const { value } => Instr::Const(Value::F32(value.bits())),
        O::F64Const { value } => Instr::Const(Value::F64(value.bits())),
        O::RefNull { hty } => match RefType::new(true, *hty) {
            Some(ty) => Instr::Const(ref_type(ty)?.zero()),
            None => return unsupported(op),
        },
        O::RefIsNull => Instr::RefIsNull,
        O::RefFunc { function_index } => Instr::RefFunc(*function_index),
        other => return unsupported(other),
    })
}

fn memory_of(arg: &MemArg) -> Result<u32> {
    match arg.target {
        MemArgTarget::Memory(index) => Ok(index),
        MemArgTarget::Array(_) => unsupported(arg),
    }
}

fn load(ty: ValType, bytes: u32, signed: bool, arg: &MemArg) -> Result<Instr> {
    Ok(Instr::Load {
        ty,
        bytes,
        signed,
        memory: memory_of(arg)?,
        offset: arg.offset,
    })
}

fn store(ty: ValType, bytes: u32, arg: &MemArg) -> Result<Instr> {
    Ok(Instr::Store {
        ty,
        bytes,
        memory: memory_of(arg)?,
        offset: arg.offset,
    })
}
