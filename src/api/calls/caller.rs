//! What a host function can reach.

use crate::api::engine::Engine;
use crate::api::externs::Extern;
use crate::api::linking::instance;
use crate::api::store::context::{AsContextMut, StoreContextMut};
use crate::error::Error;
use crate::runtime::addr::InstanceAddr;
use crate::runtime::store::{Store, StoreId};
use crate::runtime::trap::Trap;

/// The first parameter of a host function that needs the store: access to it, and to the instance that called.
///
/// ```
/// use tickwasm::{Caller, Engine, Error, Extern, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("env", "print", |mut caller: Caller<'_, String>, at: u32, len: u32| -> Result<(), Error> {
///     let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
///         return Err(Error::msg("no memory is exported"));
///     };
///     let mut bytes = vec![0; len as usize];
///     memory.read(&caller, at as usize, &mut bytes)?;
///     caller.data_mut().push_str(std::str::from_utf8(&bytes)?);
///     Ok(())
/// })?;
/// let module = Module::new(&engine, r#"(module
///     (import "env" "print" (func $print (param i32 i32)))
///     (memory (export "memory") 1)
///     (data (i32.const 8) "hello")
///     (func (export "run") (call $print (i32.const 8) (i32.const 5))))"#)?;
/// let mut store = Store::new(&engine, String::new());
/// let instance = linker.instantiate(&mut store, &module)?;
/// instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
/// assert_eq!(store.data(), "hello");
/// # Ok::<(), Error>(())
/// ```
pub struct Caller<'a, T> {
    pub(crate) store: StoreContextMut<'a, T>,
    pub(crate) instance: Option<InstanceAddr>,
}

impl<T> Caller<'_, T> {
    #[inline]
    pub(crate) fn runtime(&self) -> &Store {
        &self.store.inner.runtime
    }

    pub(crate) fn store_id(&self) -> StoreId {
        self.store.inner.runtime.id
    }

    /// The same once more, for a call.
    pub(crate) fn again(&mut self) -> Caller<'_, T> {
        Caller {
            store: self.store.as_context_mut(),
            instance: self.instance,
        }
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        self.store.engine()
    }

    /// What the calling instance exports under a name. Nothing if it has no such export, or if the embedder itself was the caller.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        instance::export(self.store.inner, self.instance?, name)
    }

    /// Frees the structures and arrays that nothing refers to any more, as [`Store::gc`](crate::Store::gc) does.
    pub fn gc(&mut self) {
        self.store.gc();
    }

    /// The remaining fuel; what the calling code has used up to the call, the call included, has been taken off.
    ///
    /// # Errors
    /// If the engine does not count fuel.
    pub fn get_fuel(&self) -> Result<u64, Error> {
        self.store.get_fuel()
    }

    /// Sets the remaining fuel.
    ///
    /// # Errors
    /// If the engine does not count fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        self.store.set_fuel(fuel)
    }

    /// Takes fuel for the work that the host function is about to do; returns what remains.
    ///
    /// # Errors
    /// [`Error::FuelExhausted`] if less remains, of which nothing is taken then; and an error if the engine does not count fuel.
    pub fn consume_fuel(&mut self, fuel: u64) -> Result<u64, Error> {
        let remaining = self.get_fuel()?;
        let remaining = remaining.checked_sub(fuel).ok_or(Trap::OutOfFuel)?;
        self.set_fuel(remaining)?;
        Ok(remaining)
    }
}
