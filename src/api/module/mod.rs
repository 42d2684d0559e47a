//! Modules: compiling, caching and looking at them.

use core::fmt;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use crate::api::engine::Engine;
use crate::api::types::{ExportType, ExternType, ImportType};
use crate::compile::{self, CompileError, Compiled};
use crate::error::{CompilationError, Error, Location};
use crate::runtime::instantiate::SharedModule;
use crate::support::cache::{Format, Grows, Made};
use crate::support::cache_dir::CacheDir;
use crate::support::digest;
use crate::syntax;
use crate::syntax::module::ExternIdx;
use crate::syntax::types::{CompType, ExternType as Ty, RecType, SubType};
#[cfg(feature = "wat")]
use crate::text;

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
    content: Arc<Content>,
}

/// The parts of a module but the engine: the engine's cache holds them, and must not hold the engine.
pub(crate) struct Content {
    compiled: Compiled,
    exports: HashMap<Box<str>, usize>,
    /// The hash of the bytes: computed on demand, or at once where the text is not kept.
    hash: OnceLock<u64>,
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
    /// With [`Config::cache_modules`](crate::Config::cache_modules) it is looked up in the engine's cache first.
    ///
    /// # Errors
    /// [`Error::Compilation`], with the place, if it is not a valid module or needs a feature that is off.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Self, Error> {
        let bytes = bytes.as_ref();
        Self::load(engine, format_of(bytes), bytes)
    }

    /// Compiles a module given in the binary format.
    ///
    /// With [`Config::cache_modules`](crate::Config::cache_modules) it is looked up in the engine's cache first.
    ///
    /// # Errors
    /// [`Error::Compilation`], with the offset, if it is not a valid module or needs a feature that is off.
    pub fn from_binary(engine: &Engine, binary: &[u8]) -> Result<Self, Error> {
        Self::load(engine, Format::Binary, binary)
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
        let format = format_of(bytes);
        let binary = to_binary(format, bytes)?;
        match compile::validate(&binary, engine.config().features) {
            Ok(_) => Ok(()),
            Err(error) => Err(explain(format, bytes, &binary, error).into()),
        }
    }

    fn load(engine: &Engine, format: Format, bytes: &[u8]) -> Result<Self, Error> {
        match engine.config().cache_modules {
            true => Self::cached(engine, format, bytes),
            false => {
                let content = Content::new(engine, format, bytes, |binary| binary.into())?;
                Self::of(engine, Arc::new(content))
            }
        }
    }

    /// Returns the module that the engine's cache has for some bytes, and compiles it if there is none.
    pub(crate) fn cached(engine: &Engine, format: Format, bytes: &[u8]) -> Result<Self, Error> {
        let made = engine.cache().get_or_make(format, bytes, |bytes| {
            // Cache and module share one copy of a binary.
            let own = |_: &[u8]| bytes.clone();
            let content = match &engine.config().cache_dir {
                Some(dir) if format == Format::Text => Self::through_dir(engine, dir, bytes)?,
                _ => Content::new(engine, format, bytes, own)?,
            };
            let cost = content.cost(format);
            Ok(Made {
                value: Arc::new(content),
                cost,
            })
        });
        Self::of(engine, made?)
    }

    /// Compiles a text whose binary a directory may have.
    fn through_dir(
        engine: &Engine,
        dir: &CacheDir,
        text: &[u8],
    ) -> Result<Content, CompilationError> {
        if let Some(binary) = dir.load(text)
            && let Ok(content) = Content::of_text(engine, text, binary)
        {
            engine.cache().note_disk_hit();
            return Ok(content);
        }
        let content = Content::new(engine, Format::Text, text, |binary| binary.into())?;
        dir.store(text, &content.compiled.bytes);
        Ok(content)
    }

    /// Makes a module of this content, in a build that can run it.
    fn of(engine: &Engine, content: Arc<Content>) -> Result<Self, Error> {
        Engine::check_build()?;
        Ok(Self {
            inner: Arc::new(Inner {
                engine: engine.clone(),
                content,
            }),
        })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Whether two handles are of the same module.
    pub fn same(a: &Self, b: &Self) -> bool {
        Arc::ptr_eq(&a.inner.content, &b.inner.content)
    }

    /// The 64-bit FNV-1a hash of the bytes, text or binary, that the module was made of.
    ///
    /// The same bytes have the same hash in every process, on every machine and with every version of this crate. It is an identifier
    /// for logs and the like, and no proof: other bytes with the same hash are easy to make. The engine's cache does not rely on it.
    ///
    /// ```
    /// use tickwasm::{Engine, Module};
    ///
    /// let module = Module::new(&Engine::default(), "(module)")?;
    /// assert_eq!(module.hash(), 0x701d_32d7_37e5_f08e);
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    pub fn hash(&self) -> u64 {
        let content = &self.inner.content;
        *content
            .hash
            .get_or_init(|| digest::fnv64(&content.compiled.bytes))
    }

    /// The module's name, if its name section has one.
    pub fn name(&self) -> Option<&str> {
        self.syntax().names.module.as_deref()
    }

    /// Its imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        (0..self.syntax().imports.len()).map(|at| self.import(at))
    }

    /// Its exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        let imported = self.imported();
        let exports = self.syntax().exports.iter();
        exports.map(move |export| ExportType {
            name: &export.name,
            ty: self.item_type(export.item, &imported),
        })
    }

    /// The type of its export of a name, if there is one.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        let item = self.export_item(name)?;
        Some(self.item_type(item, &self.imported()))
    }

    /// Its custom sections, in order. The name section is one of them.
    pub fn custom_sections(&self) -> impl Iterator<Item = CustomSection<'_>> {
        let bytes = &self.compiled().bytes;
        self.syntax().customs.iter().map(|custom| CustomSection {
            name: &custom.name,
            data: &bytes[custom.data.clone()],
        })
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.inner.content.compiled
    }

    pub(crate) fn syntax(&self) -> &syntax::module::Module {
        &self.inner.content.compiled.module
    }

    pub(crate) fn shared(&self) -> SharedModule<'_> {
        let compiled = self.compiled();
        SharedModule {
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
        let at = *self.inner.content.exports.get(name)?;
        Some(self.syntax().exports[at].item)
    }

    fn extern_type(&self, ty: Ty) -> ExternType {
        ExternType::of(self.engine().registry(), &self.compiled().types, ty)
    }

    /// The types of the imports by kind: the beginnings of the index spaces.
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

/// The types of imports, by kind.
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

impl Content {
    /// Compiles a module. `own` makes the module's own copy of the binary that it was given in.
    fn new(
        engine: &Engine,
        format: Format,
        bytes: &[u8],
        own: impl Fn(&[u8]) -> Arc<[u8]>,
    ) -> Result<Self, CompilationError> {
        match to_binary(format, bytes)? {
            Cow::Borrowed(binary) => Self::compile(engine, format, bytes, own(binary), None),
            Cow::Owned(binary) => Self::of_text(engine, bytes, binary),
        }
    }

    /// Compiles the binary that a text was translated to.
    fn of_text(engine: &Engine, text: &[u8], binary: Vec<u8>) -> Result<Self, CompilationError> {
        // The text is not kept, so its hash is made now.
        let hash = digest::fnv64(text);
        Self::compile(engine, Format::Text, text, binary.into(), Some(hash))
    }

    fn compile(
        engine: &Engine,
        format: Format,
        given: &[u8],
        binary: Arc<[u8]>,
        hash: Option<u64>,
    ) -> Result<Self, CompilationError> {
        let compiled = compile::compile(engine.registry(), binary.clone(), engine.settings())
            .map_err(|error| explain(format, given, &binary, error))?;
        let exports = &compiled.module.exports;
        let exports = (0..)
            .zip(exports)
            .map(|(at, export)| (export.name.clone(), at))
            .collect();
        Ok(Self {
            compiled,
            exports,
            hash: hash.map_or_else(OnceLock::new, OnceLock::from),
        })
    }

    /// Roughly the bytes that it takes, beside the bytes it was made of and the code, which counts as functions are lowered.
    fn cost(&self, format: Format) -> u64 {
        const FIXED: usize = 2048;
        const ENTRY: usize = 48;
        let module = &self.compiled.module;
        let entries = module.imports.len() * 2
            + module.funcs.len() * 2
            + module.exports.len() * 3
            + module.globals.len() * 3
            + module.elems.len() * 3
            + module.datas.len() * 3
            + module.names.funcs.len()
            + module.names.locals.len();
        let binary = match format {
            Format::Text => self.compiled.bytes.len(),
            Format::Binary => 0,
        };
        (FIXED + entries * ENTRY + binary + types_cost(&module.types)) as u64
    }
}

impl Grows for Arc<Content> {
    fn grown(&self) -> u64 {
        self.compiled.code.bytes()
    }

    fn set_account(&self, account: Option<&Arc<AtomicU64>>) {
        self.compiled.code.set_account(account);
    }
}

/// Roughly the bytes that types take: as they were decoded, as validation and lowering know them, and in the engine's registry, as if no
/// other module had them.
fn types_cost(groups: &[RecType]) -> usize {
    const TYPE: usize = 512;
    const VALUE: usize = 56;
    let values = |ty: &SubType| match &ty.composite {
        CompType::Func(ty) => ty.params.len() + ty.results.len(),
        CompType::Struct(fields) => fields.len(),
        CompType::Array(_) => 1,
    };
    let types = groups.iter().flat_map(|group| &group.subtypes);
    types.map(|ty| TYPE + values(ty) * VALUE).sum()
}

/// The format that bytes are in.
fn format_of(bytes: &[u8]) -> Format {
    match bytes.starts_with(b"\0asm") || cfg!(not(feature = "wat")) {
        true => Format::Binary,
        false => Format::Text,
    }
}

/// Translates a module into the binary format, unless it is in it.
fn to_binary(format: Format, bytes: &[u8]) -> Result<Cow<'_, [u8]>, CompilationError> {
    match format {
        Format::Binary => Ok(Cow::Borrowed(bytes)),
        Format::Text => Ok(Cow::Owned(from_text(bytes)?)),
    }
}

#[cfg(feature = "wat")]
fn from_text(bytes: &[u8]) -> Result<Vec<u8>, CompilationError> {
    text::to_binary(bytes)
}

#[cfg(not(feature = "wat"))]
fn from_text(_: &[u8]) -> Result<Vec<u8>, CompilationError> {
    Err(CompilationError::no_text())
}

/// Makes the error of a module that was given as `bytes` and is `binary` in the binary format.
fn explain(format: Format, bytes: &[u8], binary: &[u8], error: CompileError) -> CompilationError {
    let offset = error.offset();
    let location = offset.and_then(|offset| Location::of(binary, offset));
    let error = CompilationError::from(error).within(location);
    match format {
        #[cfg(feature = "wat")]
        Format::Text => text::with_line(error, bytes),
        _ => {
            let _ = bytes;
            error
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::{Config, Instance, Store, Trap, Val};

    #[test]
    fn a_function_is_lowered_once_for_each_form_however_often_it_traps() {
        let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
        let binary = wat::parse_str(
            r#"(module (memory 1)
                (func $a (export "run") (param $n i32) (param $at i32)
                    (if (i32.eqz (local.get $n)) (then (drop (i32.load (local.get $at))) (return)))
                    (call $b (i32.sub (local.get $n) (i32.const 1)) (local.get $at)))
                (func $b (param $n i32) (param $at i32)
                    (call $a (local.get $n) (local.get $at))))"#,
        )
        .unwrap();
        let module = Module::new(&engine, binary).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_fuel(1_000_000).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_func(&mut store, "run").unwrap();
        let lowerings = || module.compiled().code.lowerings.load(Ordering::Relaxed);
        for n in [0, 1, 99, 99, 300] {
            let trap = run.call(&mut store, &[Val::I32(n), Val::I32(-1)], &mut []);
            assert!(
                matches!(trap, Err(Error::Trap(trap)) if trap.code() == Trap::MemoryOutOfBounds)
            );
        }
        assert_eq!(lowerings(), 2);
        // A function in which fuel runs short is lowered once more; both are small enough to be kept.
        for n in [2, 1000, 1000, 999] {
            store.set_fuel(n as u64 / 2 + 5).unwrap();
            let error = run.call(&mut store, &[Val::I32(n), Val::I32(0)], &mut []);
            assert!(
                matches!(error, Err(Error::FuelExhausted { .. })),
                "{error:?}"
            );
        }
        assert!(lowerings() <= 4, "{}", lowerings());
    }

    #[test]
    fn maps_are_small_beside_the_code() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/workloads");
        for fuel in [false, true] {
            let (mut cells, mut maps) = (0, 0);
            let engine =
                Engine::new(Config::new().consume_fuel(fuel).eager_lowering(true)).unwrap();
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                if path
                    .extension()
                    .is_some_and(|extension| extension == "wasm")
                {
                    let module = Module::from_file(&engine, path).unwrap();
                    let (more_cells, more_maps) = module.compiled().code.cells_and_maps();
                    cells += more_cells;
                    maps += more_maps;
                }
            }
            assert!(cells > 50_000, "{cells}");
            println!("fuel {fuel}: {maps} bytes of maps for {cells} of code");
            assert!(
                maps * 100 < cells * 15,
                "{maps} bytes of maps for {cells} of code"
            );
        }
    }
}
