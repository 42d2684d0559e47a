//! Instances of modules, and modules with all imports found.

use std::sync::Arc;

use crate::api::calls::func::Func;
use crate::api::calls::host_func::HostFunc;
use crate::api::calls::typed_func::TypedFunc;
use crate::api::externs::global::Global;
use crate::api::externs::memory::Memory;
use crate::api::externs::table::Table;
use crate::api::externs::tag::Tag;
use crate::api::externs::{Export, Extern};
use crate::api::module::Module;
use crate::api::store::StoreInner;
use crate::api::store::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::api::values::wasm_ty::{WasmParams, WasmResults};
use crate::error::{Error, Misuse};
use crate::runtime::addr::{ExternVal, FuncAddr, InstanceAddr};
use crate::runtime::instantiate::{InstantiateError, instantiate};
use crate::runtime::module_inst::ModuleInst;
use crate::runtime::store::{Store, StoreId};
use crate::support::suggest::suggest;
use crate::syntax::module::ExternIdx;

/// An instance of a module in a store.
///
/// Its methods panic if it is an instance of another store.
/// <https://webassembly.github.io/spec/core/exec/runtime.html#module-instances>
///
/// ```
/// use tickwasm::{Engine, Func, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (import "host" "twice" (func $twice (param i32) (result i32)))
///     (func (export "four_times") (param i32) (result i32)
///         (call $twice (call $twice (local.get 0)))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let twice = Func::wrap(&mut store, |n: i32| n * 2);
/// let instance = Instance::new(&mut store, &module, &[twice.into()])?;
/// let four_times = instance.get_typed_func::<i32, i32>(&mut store, "four_times")?;
/// assert_eq!(four_times.call(&mut store, 10)?, 40);
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Instance {
    store: StoreId,
    addr: InstanceAddr,
}

impl Instance {
    /// Makes an instance, given the imports of the module in order, and runs its start function. A [`Linker`](crate::Linker) finds
    /// imports by their names.
    ///
    /// # Errors
    /// If the imports are not those that the module needs in number and type, or are of another store; if limits do not suffice; if a
    /// segment does not fit its memory or table, or the start function fails. Changes to other instances up to then remain.
    pub fn new(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let (instance, start) = Self::begin(&mut context, module, imports)?;
        instance.run_start(context, start)
    }

    /// Makes an instance; its start function, if it has one, is still to be run.
    pub(crate) fn begin<T>(
        context: &mut StoreContextMut<'_, T>,
        module: &Module,
        imports: &[Extern],
    ) -> Result<(Self, Option<FuncAddr>), Error> {
        let runtime = &mut context.inner.runtime;
        let imports: Result<Vec<_>, _> = imports
            .iter()
            .map(|import| import.checked(runtime))
            .collect();
        let imports = imports?;
        Self::with(context, module, &imports)
    }

    /// Runs its start function, if it has one.
    fn run_start<T>(
        self,
        mut context: StoreContextMut<'_, T>,
        start: Option<FuncAddr>,
    ) -> Result<Self, Error> {
        if let Some(start) = start {
            context.invoke(start, (0, 0), &mut [])?;
        }
        Ok(self)
    }

    fn with<T>(
        context: &mut StoreContextMut<'_, T>,
        module: &Module,
        imports: &[ExternVal],
    ) -> Result<(Self, Option<FuncAddr>), Error> {
        context.engine().check(module.engine())?;
        let inner = &mut *context.inner;
        let (runtime, mut guard) = inner.guarded();
        let done = instantiate(runtime, &mut guard, module.shared(), imports);
        // After an error, too, there may be an instance that others refer to.
        if inner.modules.len() < inner.runtime.instances.len() {
            inner.modules.push(module.clone());
        }
        let addr = done.map_err(|error| explain(inner, module, imports, error))?;
        let store = inner.runtime.id;
        let start = module.syntax().start;
        let start = start.map(|start| inner.runtime.instances[addr.index()].funcs[start.index()]);
        Ok((Self { store, addr }, start))
    }

    /// The export of a name, if there is one.
    pub fn get_export(&self, store: impl AsContext, name: &str) -> Option<Extern> {
        let context = store.as_context();
        export(context.inner, self.assert(&context.inner.runtime), name)
    }

    /// The exported function of a name, if there is one.
    pub fn get_func(&self, store: impl AsContext, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The exported memory of a name, if there is one.
    pub fn get_memory(&self, store: impl AsContext, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The exported table of a name, if there is one.
    pub fn get_table(&self, store: impl AsContext, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The exported global of a name, if there is one.
    pub fn get_global(&self, store: impl AsContext, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The exported tag of a name, if there is one.
    pub fn get_tag(&self, store: impl AsContext, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }

    /// The exported function of a name, as one of a type that is known to the Rust compiler.
    ///
    /// # Errors
    /// If there is no such export, it is no function, or has another type.
    pub fn get_typed_func<Params: WasmParams, Results: WasmResults>(
        &self,
        store: impl AsContext,
        name: &str,
    ) -> Result<TypedFunc<Params, Results>, Error> {
        let context = store.as_context();
        match self.get_export(context, name) {
            Some(Extern::Func(func)) => func.typed(context),
            Some(_) => Err(Misuse::NotAFunction { name: name.into() }.into()),
            None => {
                let names = self.module(context).syntax().exports.iter();
                let similar = suggest(name, names.map(|export| &*export.name));
                Err(Misuse::UnknownExport {
                    name: name.into(),
                    similar: similar.map(Box::from),
                }
                .into())
            }
        }
    }

    /// Its exports, in order.
    pub fn exports<'a, T: 'a>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> impl ExactSizeIterator<Item = Export<'a>> {
        let inner = store.into().inner;
        let addr = self.assert(&inner.runtime).index();
        let (module, inst) = (&inner.modules[addr], &inner.runtime.instances[addr]);
        module.syntax().exports.iter().map(move |export| Export {
            name: &export.name,
            item: Extern::at(inner, find(inst, export.item)),
        })
    }

    /// Its module.
    pub fn module<'a, T: 'a>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a Module {
        let inner = store.into().inner;
        &inner.modules[self.assert(&inner.runtime).index()]
    }

    #[track_caller]
    fn assert(&self, store: &Store) -> InstanceAddr {
        assert!(self.store == store.id, "{}", Misuse::WrongStore);
        self.addr
    }
}

/// The export of an instance under a name.
pub(crate) fn export<T>(store: &StoreInner<T>, addr: InstanceAddr, name: &str) -> Option<Extern> {
    let item = store.modules[addr.index()].export_item(name)?;
    let instance = &store.runtime.instances[addr.index()];
    Some(Extern::at(store, find(instance, item)))
}

/// The item that an index of a module stands for in an instance.
fn find(instance: &ModuleInst, item: ExternIdx) -> ExternVal {
    match item {
        ExternIdx::Func(at) => ExternVal::Func(instance.funcs[at.index()]),
        ExternIdx::Table(at) => ExternVal::Table(instance.tables[at.index()]),
        ExternIdx::Mem(at) => ExternVal::Mem(instance.mems[at.index()]),
        ExternIdx::Global(at) => ExternVal::Global(instance.globals[at.index()]),
        ExternIdx::Tag(at) => ExternVal::Tag(instance.tags[at.index()]),
    }
}

/// Makes the embedder's error of a failed instantiation.
fn explain<T>(
    inner: &StoreInner<T>,
    module: &Module,
    imports: &[ExternVal],
    error: InstantiateError,
) -> Error {
    match error {
        InstantiateError::Count { expected, found } => Misuse::Count {
            what: "imports",
            expected,
            found,
        }
        .into(),
        InstantiateError::Incompatible { import } => {
            let expected = module.import(import);
            let found = Extern::at(inner, imports[import]);
            Error::IncompatibleImport {
                module: expected.module().into(),
                name: expected.name().into(),
                expected: Box::new(expected.ty()),
                found: Box::new(found.ty(StoreContext { inner })),
            }
        }
        InstantiateError::Exhausted(exhausted) => exhausted.into(),
        InstantiateError::Limiter(error) => error.into(),
        InstantiateError::Trap(trap) => trap.into(),
    }
}

/// A module whose imports have been found: most of linking is done once, so that making an instance is quick.
///
/// Made by [`Linker::instantiate_pre`](crate::Linker::instantiate_pre). It can be used with any store of its engine unless an item
/// of a store is among the imports.
///
/// ```
/// use tickwasm::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("env", "seven", || 7)?;
/// let module = Module::new(&engine, r#"(module
///     (import "env" "seven" (func $seven (result i32)))
///     (export "run" (func $seven)))"#)?;
/// let pre = linker.instantiate_pre(&module)?;
/// for _ in 0..3 {
///     let mut store = Store::new(&engine, ());
///     let run = pre.instantiate(&mut store)?.get_typed_func::<(), i32>(&mut store, "run")?;
///     assert_eq!(run.call(&mut store, ())?, 7);
/// }
/// # Ok::<(), tickwasm::Error>(())
/// ```
pub struct InstancePre<T> {
    module: Module,
    imports: Arc<[ResolvedImport<T>]>,
}

/// The definition that was found for an import.
pub(crate) enum ResolvedImport<T> {
    /// A part of a store.
    Item(Extern),
    /// A function of a linker, to be added to each store.
    Host(HostFunc<T>),
}

impl<T> Clone for InstancePre<T> {
    fn clone(&self) -> Self {
        Self {
            module: self.module.clone(),
            imports: self.imports.clone(),
        }
    }
}

impl<T> core::fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("InstancePre")
            .field("module", &self.module)
            .finish_non_exhaustive()
    }
}

impl<T> InstancePre<T> {
    pub(crate) fn new(module: &Module, imports: Arc<[ResolvedImport<T>]>) -> Self {
        Self {
            module: module.clone(),
            imports,
        }
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Makes an instance in a store, and runs its start function.
    ///
    /// # Errors
    /// Those of [`Instance::new`].
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance, Error> {
        let mut context = store.as_context_mut();
        let (instance, start) = self.begin(&mut context)?;
        instance.run_start(context, start)
    }

    /// Makes an instance; its start function, if it has one, is still to be run.
    pub(crate) fn begin(
        &self,
        context: &mut StoreContextMut<'_, T>,
    ) -> Result<(Instance, Option<FuncAddr>), Error> {
        context.engine().check(self.module.engine())?;
        let funcs = self.imports.len() + self.module.syntax().funcs.len();
        context.runtime().expect_funcs(funcs);
        // Most modules have so few imports that no list has to be allocated.
        let nothing = ExternVal::Func(FuncAddr(0));
        let (mut few, mut many) = ([nothing; 16], Vec::new());
        let imports = match few.get_mut(..self.imports.len()) {
            Some(few) => few,
            None => {
                many.resize(self.imports.len(), nothing);
                &mut many[..]
            }
        };
        for (import, found) in imports.iter_mut().zip(&*self.imports) {
            *import = match found {
                ResolvedImport::Item(item) => item.checked(&mut context.inner.runtime)?,
                ResolvedImport::Host(func) => ExternVal::Func(context.add_host(func.clone())?),
            };
        }
        Instance::with(context, &self.module, imports)
    }
}
