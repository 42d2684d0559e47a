//! Modules.

use core::fmt;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::engine::Engine;
use super::types::{ExportType, ExternType, ImportType};
use crate::compile::{self, Compiled, ListedInstr};
use crate::error::{CompilationError, Error};
use crate::runtime::instantiate::Template;
use crate::syntax;
use crate::syntax::module::ExternIdx;
use crate::syntax::types::ExternType as Ty;

/// A compiled module: code that can be instantiated any number of times, in any stores of its engine, on any threads.
///
/// Cloning it is a reference count.
/// <https://webassembly.github.io/spec/core/syntax/modules.html>
///
/// ```
/// use tickwasm::{Engine, Module};
///
/// let module = Module::new(&Engine::default(), r#"
///     (module $adder
///         (func (export "add") (param i32 i32) (result i32)
///             local.get 0
///             local.get 1
///             i32.add))"#)?;
/// assert_eq!(module.name(), Some("adder"));
/// assert_eq!(module.get_export("add").unwrap().to_string(), "function [i32 i32] -> [i32]");
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    compiled: Compiled,
    exports: HashMap<Box<str>, usize>,
}

/// A custom section of a module.
///
/// ```
/// use tickwasm::{Engine, Module};
///
/// let module = Module::new(&Engine::default(), r#"(module (@custom "build" "42"))"#)?;
/// let section = module.custom_sections().next().expect("it has one");
/// assert_eq!((section.name(), section.data()), ("build", &b"42"[..]));
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CustomSection<'m> {
    name: &'m str,
    data: &'m [u8],
}

impl<'m> CustomSection<'m> {
    /// Its name.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// Its contents.
    pub fn data(&self) -> &'m [u8] {
        self.data
    }
}

impl Module {
    /// Compiles a module, given in the binary format or, with the feature `wat`, as text.
    ///
    /// # Errors
    /// [`Error::Compilation`], with the place, if it is not a valid module or needs a feature that is off.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Self, Error> {
        let binary = to_binary(bytes.as_ref())?;
        Self::compile(engine, binary.into())
    }

    /// Compiles a module given in the binary format.
    ///
    /// # Errors
    /// [`Error::Compilation`], with the offset, if it is not a valid module or needs a feature that is off.
    pub fn from_binary(engine: &Engine, binary: &[u8]) -> Result<Self, Error> {
        Self::compile(engine, binary.into())
    }

    /// Compiles the module in a file, in the binary format or, with the feature `wat`, as text.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Compilation`] if it holds no valid module.
    pub fn from_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Self, Error> {
        let path = file.as_ref();
        match std::fs::read(path) {
            Ok(bytes) => Self::new(engine, bytes),
            Err(error) => Err(Error::File {
                path: path.to_owned(),
                error,
            }),
        }
    }

    /// Checks a module, given in the binary format or as text, without keeping it.
    ///
    /// # Errors
    /// Those of [`Module::new`].
    pub fn validate(engine: &Engine, bytes: &[u8]) -> Result<(), Error> {
        let binary = to_binary(bytes)?;
        let done = compile::validate(&binary, engine.config().features);
        Ok(done.map(drop).map_err(CompilationError::from)?)
    }

    fn compile(engine: &Engine, binary: Arc<[u8]>) -> Result<Self, Error> {
        let compiled = compile::compile(engine.registry(), binary, engine.settings())
            .map_err(CompilationError::from)?;
        let exports = &compiled.module.exports;
        let exports = (0..)
            .zip(exports)
            .map(|(at, export)| (export.name.clone(), at))
            .collect();
        Ok(Self {
            inner: Arc::new(Inner {
                engine: engine.clone(),
                compiled,
                exports,
            }),
        })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Whether two handles are of the same module.
    pub fn same(a: &Self, b: &Self) -> bool {
        Arc::ptr_eq(&a.inner, &b.inner)
    }

    /// The module's name, if its name section tells.
    pub fn name(&self) -> Option<&str> {
        self.syntax().names.module.as_deref()
    }

    /// What it imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        (0..self.syntax().imports.len()).map(|at| self.import(at))
    }

    /// What it exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        let imported = self.imported();
        let exports = self.syntax().exports.iter();
        exports.map(move |export| ExportType {
            name: &export.name,
            ty: self.item_type(export.item, &imported),
        })
    }

    /// The type of what it exports under a name.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        let item = self.export_item(name)?;
        Some(self.item_type(item, &self.imported()))
    }

    /// Its custom sections, in order. The name section is one of them.
    pub fn custom_sections(&self) -> impl Iterator<Item = CustomSection<'_>> {
        let bytes = &self.inner.compiled.bytes;
        self.syntax().customs.iter().map(|custom| CustomSection {
            name: &custom.name,
            data: &bytes[custom.data.clone()],
        })
    }

    /// The instructions of a function that the module defines, with the ops of threaded code they were lowered to; empty where
    /// there is no such function. `defined` counts the functions behind the imported ones.
    ///
    /// This is for people who work on lowering: what the lines say may change with any version.
    ///
    /// ```
    /// # use tickwasm::{Engine, Module};
    /// # let engine = Engine::default();
    /// let module = Module::new(&engine, "(module (func (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))")?;
    /// let add = &module.listing(0)[2];
    /// assert_eq!(add.instr, "i32.add");
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    pub fn listing(&self, defined: u32) -> Vec<ListedInstr> {
        if defined as usize >= self.syntax().bodies.len() {
            return Vec::new();
        }
        self.inner.compiled.listing(defined)
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.inner.compiled
    }

    pub(crate) fn syntax(&self) -> &syntax::module::Module {
        &self.inner.compiled.module
    }

    pub(crate) fn template(&self) -> Template<'_> {
        let compiled = self.compiled();
        Template {
            module: &compiled.module,
            bytes: &compiled.bytes,
            types: &compiled.types,
            code: &compiled.code,
        }
    }

    pub(crate) fn import(&self, at: usize) -> ImportType<'_> {
        let import = &self.syntax().imports[at];
        ImportType {
            module: &import.module,
            name: &import.name,
            ty: self.extern_type(import.ty),
        }
    }

    pub(crate) fn export_item(&self, name: &str) -> Option<ExternIdx> {
        let at = *self.inner.exports.get(name)?;
        Some(self.syntax().exports[at].item)
    }

    fn extern_type(&self, ty: Ty) -> ExternType {
        ExternType::of(self.engine().registry(), &self.compiled().types, ty)
    }

    /// The types of the imports by kind, in the order of the index spaces, in which they come first.
    fn imported(&self) -> Imported {
        let mut imported = Imported::default();
        for import in &self.syntax().imports {
            let list = match import.ty {
                Ty::Func(_) => &mut imported.funcs,
                Ty::Table(_) => &mut imported.tables,
                Ty::Mem(_) => &mut imported.mems,
                Ty::Global(_) => &mut imported.globals,
                Ty::Tag(_) => &mut imported.tags,
            };
            list.push(import.ty);
        }
        imported
    }

    fn item_type(&self, item: ExternIdx, imported: &Imported) -> ExternType {
        fn find(imported: &[Ty], at: usize, defined: impl FnOnce(usize) -> Ty) -> Ty {
            match at.checked_sub(imported.len()) {
                Some(at) => defined(at),
                None => imported[at],
            }
        }
        let module = self.syntax();
        let ty = match item {
            ExternIdx::Func(at) => {
                find(&imported.funcs, at.index(), |at| Ty::Func(module.funcs[at]))
            }
            ExternIdx::Table(at) => find(&imported.tables, at.index(), |at| {
                Ty::Table(module.tables[at].ty)
            }),
            ExternIdx::Mem(at) => find(&imported.mems, at.index(), |at| Ty::Mem(module.mems[at])),
            ExternIdx::Global(at) => find(&imported.globals, at.index(), |at| {
                Ty::Global(module.globals[at].ty)
            }),
            ExternIdx::Tag(at) => find(&imported.tags, at.index(), |at| Ty::Tag(module.tags[at])),
        };
        self.extern_type(ty)
    }
}

/// Types of imports, by kind.
#[derive(Default)]
struct Imported {
    funcs: Vec<Ty>,
    tables: Vec<Ty>,
    mems: Vec<Ty>,
    globals: Vec<Ty>,
    tags: Vec<Ty>,
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// The binary format of a module that may be given as text.
#[cfg(feature = "wat")]
fn to_binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>, CompilationError> {
    wat::parse_bytes(bytes).map_err(|error| CompilationError::text(&error.to_string()))
}

/// Without the text format everything is taken for a binary.
#[cfg(not(feature = "wat"))]
fn to_binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>, CompilationError> {
    Ok(Cow::Borrowed(bytes))
}
