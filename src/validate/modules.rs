//! Rules for modules: every part except the function bodies.
//!
//! The parts are checked in the order in which they may refer to each other. Each joins the context after its check, so an
//! entity that may not be referred to yet is not in the context.
//! <https://webassembly.github.io/spec/core/valid/modules.html>

use std::collections::HashSet;

use super::canonical::Interner;
use super::const_expr::ConstExprs;
use super::context::Context;
use super::error::{At, Check, ErrorKind, Subject, TypeList, ValidateError};
use super::matching;
use super::operand::OpType;
use super::types::too_many;
use crate::features::{Feature, Features};
use crate::limits;
use crate::syntax::index::*;
use crate::syntax::module::*;
use crate::syntax::types::*;

/// Checks a module except for its function bodies, and returns the context that the bodies are checked in.
///
/// # Errors
/// If a rule is violated, a limit is exceeded, or something needs a feature that is off.
pub fn check_module(module: &Module, features: Features) -> Result<Context, ValidateError> {
    let mut checker = Checker {
        module,
        ctx: Context {
            features,
            ..Context::default()
        },
        exprs: ConstExprs::default(),
    };
    checker.types()?;
    checker.imports()?;
    checker.funcs()?;
    checker.mems()?;
    checker.tags()?;
    checker.tables()?;
    checker.globals()?;
    checker.counts().at(0)?;
    checker.exports()?;
    checker.start()?;
    checker.elems()?;
    checker.datas()?;
    let Checker { mut ctx, exprs, .. } = checker;
    for func in exprs.refs {
        ctx.refs.insert(func);
    }
    Ok(ctx)
}

struct Checker<'m> {
    module: &'m Module,
    ctx: Context,
    exprs: ConstExprs,
}

type Checked = Result<(), ValidateError>;

/// The offset of an entry, or 0 if the decoder has not recorded it.
fn offset(offsets: &[usize], index: usize) -> usize {
    offsets.get(index).copied().unwrap_or(0)
}

impl Checker<'_> {
    fn types(&mut self) -> Checked {
        let mut interner = Interner::default();
        for (i, group) in self.module.types.iter().enumerate() {
            self.ctx
                .add_rec_type(group, &mut interner)
                .at(offset(&self.module.offsets.types, i))?;
        }
        self.ctx.index_types();
        Ok(())
    }

    fn imports(&mut self) -> Checked {
        for (i, import) in self.module.imports.iter().enumerate() {
            self.import(&import.ty)
                .at(offset(&self.module.offsets.imports, i))?;
        }
        self.ctx.imported_funcs = self.ctx.funcs.len() as u32;
        self.ctx.imported_globals = self.ctx.globals.len() as u32;
        Ok(())
    }

    fn import(&mut self, ty: &ExternType) -> Check {
        let ctx = &mut self.ctx;
        match ty {
            ExternType::Func(ty) => {
                ctx.func_type_at(*ty)?;
                ctx.funcs.push(*ty);
            }
            ExternType::Table(ty) => {
                ctx.check_table_type(ty)?;
                ctx.tables.push(*ty);
            }
            ExternType::Mem(ty) => {
                ctx.check_mem_type(ty)?;
                ctx.mems.push(*ty);
            }
            ExternType::Global(ty) => {
                ctx.check_global_type(ty)?;
                if ty.mutable {
                    ctx.require(Feature::MutableGlobal, || {
                        Subject::Text("an import of a mutable global")
                    })?;
                }
                ctx.globals.push(*ty);
            }
            ExternType::Tag(tag) => {
                ctx.check_tag_type(tag)?;
                ctx.tags.push(tag.ty);
            }
        }
        Ok(())
    }

    fn funcs(&mut self) -> Checked {
        for (i, &ty) in self.module.funcs.iter().enumerate() {
            self.ctx
                .func_type_at(ty)
                .at(offset(&self.module.offsets.funcs, i))?;
            self.ctx.funcs.push(ty);
        }
        Ok(())
    }

    fn mems(&mut self) -> Checked {
        for (i, ty) in self.module.mems.iter().enumerate() {
            self.ctx
                .check_mem_type(ty)
                .at(offset(&self.module.offsets.mems, i))?;
            self.ctx.mems.push(*ty);
        }
        Ok(())
    }

    fn tags(&mut self) -> Checked {
        for (i, tag) in self.module.tags.iter().enumerate() {
            self.ctx
                .check_tag_type(tag)
                .at(offset(&self.module.offsets.tags, i))?;
            self.ctx.tags.push(tag.ty);
        }
        Ok(())
    }

    /// Tables are initialised before the module's own globals, so only imported ones are in the context.
    fn tables(&mut self) -> Checked {
        for (i, table) in self.module.tables.iter().enumerate() {
            let at = offset(&self.module.offsets.tables, i);
            self.table(table).at(at)?;
            if let Some(init) = &table.init {
                self.exprs
                    .check(&self.ctx, init, ValType::Ref(table.ty.element))?;
            }
            self.ctx.tables.push(table.ty);
        }
        Ok(())
    }

    fn table(&self, table: &Table) -> Check {
        self.ctx.check_table_type(&table.ty)?;
        if table.init.is_some() {
            self.ctx.require(Feature::FunctionReferences, || {
                Subject::Text("a table with an initial element")
            })
        } else if !table.ty.element.nullable {
            let ty = OpType::new(ValType::Ref(table.ty.element));
            Err(ErrorKind::NoDefault { what: "table", ty })?
        } else {
            Ok(())
        }
    }

    /// A global may read the globals before it.
    fn globals(&mut self) -> Checked {
        for (i, global) in self.module.globals.iter().enumerate() {
            let at = offset(&self.module.offsets.globals, i);
            self.ctx.check_global_type(&global.ty).at(at)?;
            self.exprs.check(&self.ctx, &global.init, global.ty.value)?;
            self.ctx.globals.push(global.ty);
        }
        Ok(())
    }

    /// Checks the number of entries in each index space, imports included.
    fn counts(&mut self) -> Check {
        let ctx = &self.ctx;
        if ctx.mems.len() > 1 && !ctx.features.contains(Feature::MultiMemory) {
            Err(ErrorKind::MultipleMemories {
                count: ctx.mems.len(),
            })?;
        }
        if ctx.tables.len() > 1 && !ctx.features.contains(Feature::ReferenceTypes) {
            Err(ErrorKind::MultipleTables {
                count: ctx.tables.len(),
            })?;
        }
        too_many("imports", self.module.imports.len(), limits::MAX_IMPORTS)?;
        too_many("functions", ctx.funcs.len(), limits::MAX_FUNCS)?;
        too_many("tables", ctx.tables.len(), limits::MAX_TABLES)?;
        too_many("memories", ctx.mems.len(), limits::MAX_MEMS)?;
        too_many("globals", ctx.globals.len(), limits::MAX_GLOBALS)?;
        too_many("tags", ctx.tags.len(), limits::MAX_TAGS)?;
        too_many("exports", self.module.exports.len(), limits::MAX_EXPORTS)?;
        too_many(
            "element segments",
            self.module.elems.len(),
            limits::MAX_ELEM_SEGMENTS,
        )?;
        too_many(
            "data segments",
            self.module.datas.len(),
            limits::MAX_DATA_SEGMENTS,
        )
    }

    fn exports(&mut self) -> Checked {
        let mut names = HashSet::with_capacity(self.module.exports.len());
        for (i, export) in self.module.exports.iter().enumerate() {
            let at = offset(&self.module.offsets.exports, i);
            self.export(export.item).at(at)?;
            if !names.insert(&*export.name) {
                let kind = ErrorKind::DuplicateExport {
                    name: export.name.clone(),
                };
                return Err(kind.into()).at(at);
            }
        }
        Ok(())
    }

    fn export(&mut self, item: ExternIdx) -> Check {
        let ctx = &mut self.ctx;
        match item {
            ExternIdx::Func(func) => {
                ctx.func_at(func)?;
                ctx.refs.insert(func);
            }
            ExternIdx::Table(table) => {
                ctx.table_at(table)?;
            }
            ExternIdx::Mem(mem) => {
                ctx.mem_at(mem)?;
            }
            ExternIdx::Global(global) => {
                if ctx.global_at(global)?.mutable {
                    ctx.require(Feature::MutableGlobal, || {
                        Subject::Text("an export of a mutable global")
                    })?;
                }
            }
            ExternIdx::Tag(tag) => {
                ctx.tag_at(tag)?;
            }
        }
        Ok(())
    }

    fn start(&self) -> Checked {
        match self.module.start {
            Some(func) => self.start_func(func).at(self.module.offsets.start),
            None => Ok(()),
        }
    }

    fn start_func(&self, func: FuncIdx) -> Check {
        let ty = self.ctx.func_type_at(self.ctx.func_at(func)?)?;
        if ty.params.is_empty() && ty.results.is_empty() {
            Ok(())
        } else {
            Err(ErrorKind::Start {
                func,
                ty: ty.clone(),
            })?
        }
    }

    fn elems(&mut self) -> Checked {
        for (i, elem) in self.module.elems.iter().enumerate() {
            self.elem(elem, offset(&self.module.offsets.elems, i))?;
            self.ctx.elems.push(elem.ty);
        }
        Ok(())
    }

    fn elem(&mut self, elem: &Elem, at: usize) -> Checked {
        match &elem.items {
            ElemItems::Funcs(funcs) => {
                for &func in funcs {
                    self.ctx.func_at(func).at(at)?;
                    self.ctx.refs.insert(func);
                }
            }
            ElemItems::Exprs(exprs) => {
                self.ctx.check_ref_type(elem.ty).at(at)?;
                for expr in exprs {
                    self.exprs.check(&self.ctx, expr, ValType::Ref(elem.ty))?;
                }
            }
        }
        match &elem.mode {
            SegmentMode::Active { target, offset } => {
                let table = self.elem_table(*target, elem.ty).at(at)?;
                self.exprs.check(&self.ctx, offset, table.addr.val_type())
            }
            SegmentMode::Passive | SegmentMode::Declarative => self
                .ctx
                .require(Feature::BulkMemory, || {
                    Subject::Text("an element segment without a table")
                })
                .at(at),
        }
    }

    /// Returns the table of an active segment, which must have the segment's type.
    fn elem_table(&self, table: TableIdx, found: RefType) -> Check<TableType> {
        let table = *self.ctx.table_at(table)?;
        if matching::reference(&self.ctx, found, table.element) {
            return Ok(table);
        }
        let list = |ty| TypeList::new(&[OpType::new(ValType::Ref(ty))]);
        Err(ErrorKind::Types {
            what: "the table of an element segment",
            required: list(table.element),
            found: list(found),
        })?
    }

    fn datas(&mut self) -> Checked {
        for (i, data) in self.module.datas.iter().enumerate() {
            let at = offset(&self.module.offsets.datas, i);
            match &data.mode {
                SegmentMode::Active { target, offset } => {
                    let addr = self.ctx.mem_at(*target).at(at)?.addr;
                    self.exprs.check(&self.ctx, offset, addr.val_type())?;
                }
                SegmentMode::Passive | SegmentMode::Declarative => self
                    .ctx
                    .require(Feature::BulkMemory, || {
                        Subject::Text("a data segment without a memory")
                    })
                    .at(at)?,
            }
        }
        self.ctx.has_data_count = self.module.data_count.is_some();
        self.ctx.datas = self.module.datas.len() as u32;
        Ok(())
    }
}
