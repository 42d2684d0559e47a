//! Linking: imports are found by name.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::instance::{Instance, InstancePre, ResolvedImport};
use crate::api::calls::caller::Caller;
use crate::api::calls::func::Func;
use crate::api::calls::host_func::{HostFunc, IntoFunc};
use crate::api::engine::Engine;
use crate::api::externs::Extern;
use crate::api::externs::global::Global;
use crate::api::externs::memory::Memory;
use crate::api::externs::table::Table;
use crate::api::externs::tag::Tag;
use crate::api::module::Module;
use crate::api::store::context::{AsContext, AsContextMut, StoreContextMut};
use crate::api::types::{ExternType, FuncType, ImportType, ValType};
use crate::api::values::val::Val;
use crate::error::{Error, Misuse};
use crate::support::suggest::suggest;
use crate::syntax::types as syntax;

/// Definitions that modules can import, by two names each.
///
/// A linker may be used with many stores as long as only functions are defined in it; other definitions belong to one store.
///
/// ```
/// use tickwasm::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("math", "square", |x: f64| x * x)?;
/// let module = Module::new(&engine, r#"(module
///     (import "math" "square" (func $square (param f64) (result f64)))
///     (func (export "run") (param f64) (result f64) (call $square (local.get 0))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = linker.instantiate(&mut store, &module)?;
/// let run = instance.get_typed_func::<f64, f64>(&mut store, "run")?;
/// assert_eq!(run.call(&mut store, 1.5)?, 2.25);
/// # Ok::<(), tickwasm::Error>(())
/// ```
pub struct Linker<T> {
    pub(crate) engine: Engine,
    modules: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Definition<T>>>,
    shadowing: bool,
}

enum Definition<T> {
    Item(Extern, ExternType),
    Host(HostFunc<T>),
}

impl<T> Clone for Definition<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Item(item, ty) => Self::Item(item.clone(), ty.clone()),
            Self::Host(host) => Self::Host(host.clone()),
        }
    }
}

impl<T> Definition<T> {
    fn found(&self) -> ResolvedImport<T> {
        match self {
            Self::Item(item, _) => ResolvedImport::Item(item.clone()),
            Self::Host(host) => ResolvedImport::Host(host.clone()),
        }
    }

    /// Returns the definition as a part of a store.
    fn get(&self, context: StoreContextMut<'_, T>) -> Result<Extern, Error> {
        Ok(match self {
            Self::Item(item, _) => item.clone(),
            Self::Host(host) => Func::add_host(context, host.clone())?.into(),
        })
    }
}

impl<T> Clone for Linker<T> {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            modules: self.modules.clone(),
            shadowing: self.shadowing,
        }
    }
}

impl<T> fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.modules.iter().map(|(module, names)| {
            let names: Vec<_> = names.keys().collect();
            (module, names)
        });
        f.debug_map().entries(names).finish()
    }
}

impl<T> Linker<T> {
    /// Makes a linker without definitions.
    pub fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            modules: BTreeMap::new(),
            shadowing: false,
        }
    }

    /// Returns the engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Sets whether a name may be defined again, which replaces the old definition. By default it is an error.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Self {
        self.shadowing = allow;
        self
    }

    /// Defines a part of a store. From then on the linker can be used with that store only where the part is imported.
    ///
    /// # Errors
    /// If the name is defined already, the part is one of another store, or the store one of another engine.
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self, Error> {
        let item = item.into();
        let context = store.as_context();
        self.engine.check(context.engine())?;
        item.find(&context.inner.runtime)?;
        let ty = item.ty(context);
        self.insert(module, name, Definition::Item(item, ty))
    }

    /// Defines a host function, given as a closure of Rust types; see [`Func::wrap`].
    ///
    /// # Errors
    /// If the name is defined already.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Self, Error> {
        let host = func.into_host(&self.engine)?;
        self.define_host(module, name, host)
    }

    /// Defines a host function of a type that is known at run time only; see [`Func::new`].
    ///
    /// # Errors
    /// If the name is defined already, or the type is a type of another engine.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<&mut Self, Error> {
        self.define_host(module, name, HostFunc::new(ty, func))
    }

    pub(crate) fn define_host(
        &mut self,
        module: &str,
        name: &str,
        host: HostFunc<T>,
    ) -> Result<&mut Self, Error> {
        host.ty.within(self.engine.registry())?;
        self.insert(module, name, Definition::Host(host))
    }

    fn insert(
        &mut self,
        module: &str,
        name: &str,
        definition: Definition<T>,
    ) -> Result<&mut Self, Error> {
        let names = match self.modules.get_mut(module) {
            Some(names) => names,
            None => self.modules.entry(module.into()).or_default(),
        };
        if !self.shadowing && names.contains_key(name) {
            return Err(Misuse::DefinedTwice {
                module: module.into(),
                name: name.into(),
            }
            .into());
        }
        names.insert(name.into(), definition);
        Ok(self)
    }

    /// Defines all exports of an instance under a module's name.
    ///
    /// # Errors
    /// If one of the names is defined already, or the store is one of another engine.
    pub fn instance(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        instance: Instance,
    ) -> Result<&mut Self, Error> {
        let context = store.as_context();
        self.engine.check(context.engine())?;
        for export in instance.exports(&context) {
            let (name, item) = (export.name(), export.into_extern());
            let ty = item.ty(context);
            self.insert(module, name, Definition::Item(item, ty))?;
        }
        Ok(self)
    }

    /// Makes an instance of a module and defines its exports under a name.
    ///
    /// If the module exports `_start`, it is a *command*: each call of one of its functions makes a fresh instance, and the module is
    /// not instantiated here. Otherwise it is a *reactor*: its `_initialize`, if it exports one, is called at once.
    ///
    /// Where host functions are async, use [`Linker::module_async`].
    ///
    /// # Errors
    /// If an import is missing, instantiation or `_initialize` fails, or a name is defined already.
    pub fn module(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        name: &str,
        module: &Module,
    ) -> Result<&mut Self, Error>
    where
        T: 'static,
    {
        if is_command(module) {
            return self.command(name, module);
        }
        let instance = self.instantiate(&mut store, module)?;
        if let Some(initialize) = instance.get_func(&mut store, "_initialize") {
            initialize.call(&mut store, &[], &mut [])?;
        }
        self.instance(&mut store, name, instance)
    }

    fn command(&mut self, name: &str, module: &Module) -> Result<&mut Self, Error>
    where
        T: 'static,
    {
        for (ty, func) in self.command_funcs(module)? {
            let export = func.name.clone();
            self.func_new(name, &export, ty, move |mut caller, params, results| {
                let instance = func.pre.instantiate(&mut caller)?;
                let func = func.of_instance(&mut caller, instance);
                func.call(&mut caller, params, results)
            })?;
        }
        Ok(self)
    }

    /// Returns the functions that a command exports, each with its type.
    pub(crate) fn command_funcs(
        &self,
        module: &Module,
    ) -> Result<Vec<(FuncType, CommandFunc<T>)>, Error> {
        let pre = self.instantiate_pre(module)?;
        let funcs = module.exports().filter_map(|export| {
            let ExternType::Func(ty) = export.ty() else {
                return None;
            };
            let (pre, name) = (pre.clone(), export.name().into());
            Some((ty, CommandFunc { pre, name }))
        });
        Ok(funcs.collect())
    }

    /// Defines a name as a copy of another one.
    ///
    /// # Errors
    /// If the name to be copied is not defined, or the new name is.
    pub fn alias(
        &mut self,
        module: &str,
        name: &str,
        as_module: &str,
        as_name: &str,
    ) -> Result<&mut Self, Error> {
        let definition = self.definition(module, name).cloned();
        let definition = definition.ok_or_else(|| Misuse::UnknownExport {
            name: format!("{module}::{name}").into(),
            similar: self.similar(module, name),
        })?;
        self.insert(as_module, as_name, definition)
    }

    /// Defines all names of a module under another module's name as well.
    ///
    /// # Errors
    /// If the module has no definitions, or one of the new names is defined already.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<&mut Self, Error> {
        let names = self.modules.get(module).cloned();
        let names = names.ok_or_else(|| Misuse::UnknownModule {
            name: module.into(),
        })?;
        for (name, definition) in names {
            self.insert(as_module, &name, definition)?;
        }
        Ok(self)
    }

    /// Defines the functions that a module imports and that are undefined: as functions that fail when they are called. Other imports
    /// stay undefined.
    ///
    /// # Errors
    /// If the module is one of another engine.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<(), Error> {
        self.engine.check(module.engine())?;
        for import in module.imports() {
            let ExternType::Func(ty) = import.ty() else {
                continue;
            };
            if self.definition(import.module(), import.name()).is_some() {
                continue;
            }
            let (from, name) = (import.module().to_owned(), import.name().to_owned());
            let expected = Box::new(import.ty());
            self.func_new(import.module(), import.name(), ty, move |_, _, _| {
                Err(Error::MissingImport {
                    module: from.clone(),
                    name: name.clone(),
                    expected: expected.clone(),
                    similar: None,
                })
            })?;
        }
        Ok(())
    }

    /// Defines the imports of a module that are undefined: functions as ones that return 0 or null, globals as 0 or null, tables and
    /// memories as ones of the size that the module asks for, filled with null or 0.
    ///
    /// # Errors
    /// If a type has no such value, a limit of the store does not suffice, or the store or the module is one of another engine.
    pub fn define_unknown_imports_as_default_values(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<(), Error> {
        self.engine.check(module.engine())?;
        self.engine.check(store.as_context().engine())?;
        let default = |ty: ValType| Val::default_for_ty(&ty).ok_or(Misuse::NoDefault(ty));
        for import in module.imports() {
            let (from, name) = (import.module(), import.name());
            if self.definition(from, name).is_some() {
                continue;
            }
            let item: Extern = match import.ty() {
                ExternType::Func(ty) => {
                    let values: Result<Vec<Val>, _> = ty.results().map(default).collect();
                    let values = values?;
                    self.func_new(from, name, ty, move |_, _, results| {
                        results.clone_from_slice(&values);
                        Ok(())
                    })?;
                    continue;
                }
                ExternType::Global(ty) => {
                    let value = default(ty.content().clone())?;
                    Global::new(&mut store, ty, value)?.into()
                }
                ExternType::Table(ty) => {
                    let content = ValType::Ref(ty.element().clone());
                    let null = default(content.clone())?.ref_();
                    let null = null.ok_or(Misuse::NoDefault(content))?;
                    Table::new(&mut store, ty, null)?.into()
                }
                ExternType::Memory(ty) => Memory::new(&mut store, ty)?.into(),
                ExternType::Tag(ty) => Tag::new(&mut store, ty)?.into(),
            };
            self.define(&mut store, from, name, item)?;
        }
        Ok(())
    }

    /// Makes an instance of a module with these definitions, and runs its start function.
    ///
    /// # Errors
    /// [`Error::MissingImport`] if an import is not defined, and those of [`Instance::new`].
    pub fn instantiate(
        &self,
        store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance, Error> {
        self.instantiate_pre(module)?.instantiate(store)
    }

    /// Finds all imports of a module, so that instances can be made of it without further lookup.
    ///
    /// # Errors
    /// [`Error::MissingImport`] if an import is not defined, [`Error::IncompatibleImport`] if it is a function of another type or no
    /// function where one is needed. The other types are checked when an instance is made, when their sizes are known.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>, Error> {
        self.engine.check(module.engine())?;
        let found: Result<Arc<[_]>, _> = module
            .imports()
            .map(|import| self.find(&import).map(Definition::found))
            .collect();
        Ok(InstancePre::new(module, found?))
    }

    /// Finds the definition of an import.
    fn find(&self, import: &ImportType<'_>) -> Result<&Definition<T>, Error> {
        let (module, name) = (import.module(), import.name());
        let definition = self
            .definition(module, name)
            .ok_or_else(|| Error::MissingImport {
                module: module.into(),
                name: name.into(),
                expected: Box::new(import.ty()),
                similar: self.similar(module, name),
            })?;
        let expected = import.ty();
        let fits = match (definition, &expected) {
            (Definition::Host(host), ExternType::Func(expected)) => {
                self.func_fits(&host.ty, expected)
            }
            (Definition::Host(_), _) => false,
            (Definition::Item(..), _) => true,
        };
        match (definition, fits) {
            (Definition::Host(host), false) => Err(Error::IncompatibleImport {
                module: module.into(),
                name: name.into(),
                expected: Box::new(expected),
                found: Box::new(ExternType::Func(host.ty.clone())),
            }),
            _ => Ok(definition),
        }
    }

    /// Returns whether a host function's signature fits an import; whether it is a subtype is checked when an instance is made.
    fn func_fits(&self, found: &FuncType, expected: &FuncType) -> bool {
        let registry = self.engine.registry();
        let (found, expected) = (found.inner(), expected.inner());
        let fits = |a: &[syntax::ValType], b: &[syntax::ValType]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| registry.matches(*a, *b))
        };
        fits(&expected.params, &found.params) && fits(&found.results, &expected.results)
    }

    fn definition(&self, module: &str, name: &str) -> Option<&Definition<T>> {
        self.modules.get(module)?.get(name)
    }

    /// Suggests a definition of a similar name: first in the module, then the same name in another, then in a module of similar name.
    fn similar(&self, module: &str, name: &str) -> Option<Box<str>> {
        let within = |module: &str| {
            let names = self.modules.get(module)?;
            suggest(name, names.keys().map(|name| &**name))
        };
        let elsewhere = || {
            let mut modules = self.modules.iter();
            let (other, _) = modules.find(|(_, names)| names.contains_key(name))?;
            Some((&**other, name))
        };
        let (module, name) = within(module)
            .map(|found| (module, found))
            .or_else(elsewhere)
            .or_else(|| {
                let module = suggest(module, self.modules.keys().map(|name| &**name))?;
                Some((module, within(module)?))
            })?;
        Some(format!("{module}::{name}").into())
    }

    /// Returns the definition of a name; a host function is added to the store.
    ///
    /// # Panics
    /// If a host function cannot be added: the store is one of another engine, or there is no more memory.
    pub fn get(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
        name: &str,
    ) -> Option<Extern> {
        self.find_in(store.as_context_mut(), module, name)
            .map(expect)
    }

    fn find_in(
        &self,
        context: StoreContextMut<'_, T>,
        module: &str,
        name: &str,
    ) -> Option<Result<Extern, Error>> {
        Some(self.definition(module, name)?.get(context))
    }

    /// Returns the definition of an import, of any type.
    ///
    /// # Panics
    /// As for [`get`](Self::get).
    pub fn get_by_import(
        &self,
        store: impl AsContextMut<Data = T>,
        import: &ImportType<'_>,
    ) -> Option<Extern> {
        self.get(store, import.module(), import.name())
    }

    /// Returns the function that runs a module: its export of the empty name, or else `_start`, or else a function that does nothing.
    ///
    /// # Errors
    /// If one of these names is defined and no function, or the store is one of another engine.
    pub fn get_default(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
    ) -> Result<Func, Error> {
        for name in ["", "_start"] {
            match self
                .find_in(store.as_context_mut(), module, name)
                .transpose()?
            {
                Some(Extern::Func(func)) => return Ok(func),
                Some(_) => return Err(Misuse::NotAFunction { name: name.into() }.into()),
                None => {}
            }
        }
        Ok(Func::wrap(store, || {}))
    }

    /// Iterates over all definitions, by module and name in alphabetical order; host functions are added to the store.
    ///
    /// # Panics
    /// As for [`get`](Self::get), when the definition is reached.
    pub fn iter<'a>(
        &'a self,
        mut store: impl AsContextMut<Data = T> + 'a,
    ) -> impl Iterator<Item = (&'a str, &'a str, Extern)> + 'a {
        let names = self.modules.iter().flat_map(|(module, names)| {
            names
                .iter()
                .map(move |(name, definition)| (module, name, definition))
        });
        names.map(move |(module, name, definition)| {
            let item = definition.get(store.as_context_mut());
            (&**module, &**name, expect(item))
        })
    }
}

/// Returns whether a module is a command: a program whose functions each run in a fresh instance.
pub(crate) fn is_command(module: &Module) -> bool {
    module.get_export("_start").is_some()
}

/// A function that a command exports: each call makes an instance for itself.
pub(crate) struct CommandFunc<T> {
    pub(crate) pre: InstancePre<T>,
    pub(crate) name: Box<str>,
}

impl<T> CommandFunc<T> {
    /// Returns the function of an instance of the command.
    pub(crate) fn of_instance(
        &self,
        store: impl AsContextMut<Data = T>,
        instance: Instance,
    ) -> Func {
        match instance.get_func(store, &self.name) {
            Some(func) => func,
            None => unreachable!("it is one of the module's exports"),
        }
    }
}

/// Returns a definition; panics where the interface has no error.
#[track_caller]
fn expect(item: Result<Extern, Error>) -> Extern {
    match item {
        Ok(item) => item,
        Err(error) => panic!("{error}"),
    }
}
