//! The access of a host function to the store and to its caller.

use crate::api::externs::Extern;
use crate::api::linking::instance;
use crate::api::store::StoreInner;
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
    pub(crate) fn inner(&self) -> &StoreInner<T> {
        self.store.inner
    }

    pub(crate) fn inner_mut(&mut self) -> &mut StoreInner<T> {
        self.store.inner
    }

    #[inline]
    pub(crate) fn runtime(&self) -> &Store {
        &self.store.inner.runtime
    }

    pub(crate) fn store_id(&self) -> StoreId {
        self.store.inner.runtime.id
    }

    /// Borrows it for a call.
    pub(crate) fn reborrow(&mut self) -> Caller<'_, T> {
        Caller {
            store: self.store.as_context_mut(),
            instance: self.instance,
        }
    }

    /// Returns an export of the calling instance. It is `None` if there is no such export, or if the embedder itself was the caller.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        instance::export(self.store.inner, self.instance?, name)
    }

    /// Takes fuel for the work that the host function is about to do; returns the remaining fuel.
    ///
    /// # Errors
    /// [`Error::FuelExhausted`] if less remains, which is then left as it is; and an error if the engine does not count fuel.
    pub fn consume_fuel(&mut self, fuel: u64) -> Result<u64, Error> {
        let remaining = self.get_fuel()?;
        let remaining = remaining.checked_sub(fuel).ok_or(Trap::OutOfFuel)?;
        self.set_fuel(remaining)?;
        Ok(remaining)
    }
}
