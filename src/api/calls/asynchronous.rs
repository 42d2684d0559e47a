//! Async calls and async host functions: futures over suspension, see `exec::suspend`.
//!
//! There is no executor here, and no second stack. While a call waits, its future borrows the store exclusively, so its frames stay on the
//! store's value stack; a host function that it waits for is polled by the same future, and borrows the store meanwhile. A future that is
//! dropped while it waits leaves nothing behind.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use std::sync::Arc;

use super::caller::Caller;
use super::func::Func;
use super::host_func::{HostFn, HostFunc, WasmRet};
use super::typed_func::TypedFunc;
use crate::api::externs::Extern;
use crate::api::linking::instance::{Instance, InstancePre};
use crate::api::linking::linker::{Linker, is_command};
use crate::api::module::Module;
use crate::api::store::Store;
use crate::api::store::context::{AsContextMut, StoreContextMut};
use crate::api::types::FuncType;
use crate::api::values::slots::{self, SlotBuffer};
use crate::api::values::val::Val;
use crate::api::values::wasm_ty::{WasmParams, WasmResults};
use crate::error::Error;
use crate::exec::{Answer, Called, Mode, Reason, Why};
use crate::runtime::addr::FuncAddr;
use crate::runtime::trap::Trap;

/// Runs a function as `StoreContextMut::invoke` does, and waits where it has to.
async fn invoke<T: Send>(
    context: StoreContextMut<'_, T>,
    func: FuncAddr,
    counts: (usize, usize),
    slots: &mut [u64],
) -> Result<(), Error> {
    let hosts = context.hosts;
    let mut call = pin!(poll_to_end(context, func, counts, slots));
    poll_fn(|cx| {
        // Futures that poll each other take the host's stack as nested calls do.
        match hosts.stack.enter() {
            Some(_entry) => call.as_mut().poll(cx),
            None => Poll::Ready(Err(Trap::StackOverflow.into())),
        }
    })
    .await
}

/// Runs a call from one suspension to the next, until it ends.
async fn poll_to_end<T: Send>(
    mut context: StoreContextMut<'_, T>,
    func: FuncAddr,
    counts: (usize, usize),
    slots: &mut [u64],
) -> Result<(), Error> {
    let mut suspension = context.start(Mode::Async, func, counts, slots)?;
    while let Some(suspended) = suspension {
        let Why::Host(call) = suspended.why else {
            yield_now().await;
            suspension = context.go_on(Mode::Async, *suspended, Answer::Values(&[]), slots)?;
            continue;
        };
        let HostFn::Async(host) = context.hosts.get(call.host) else {
            unreachable!("only an async function is awaited");
        };
        let mut values = suspended.host_slots().unwrap_or_default();
        let end = suspended.stack_end(context.runtime());
        let mut waiting = WaitingStore::new(context.as_context_mut(), end);
        let caller = Caller {
            store: waiting.store.as_context_mut(),
            instance: call.caller,
        };
        let called = host(caller, &mut values).await;
        drop(waiting);
        let answer = match called {
            Ok(Called::Returned) => Answer::Values(&values),
            Ok(Called::Suspends | Called::Awaits) => Answer::Failure(Reason::NotResumable),
            Err(error) => Answer::Failure(context.failed(error)),
        };
        suspension = context.go_on(Mode::Async, *suspended, answer, slots)?;
    }
    Ok(())
}

/// A store while a call in it waits for the host: its frames are in use, and the calls that the host makes are calls within it.
pub(crate) struct WaitingStore<'a, T> {
    pub(crate) store: StoreContextMut<'a, T>,
    /// The part of the value stack that is in use without the call.
    before: usize,
}

impl<'a, T> WaitingStore<'a, T> {
    pub(crate) fn new(store: StoreContextMut<'a, T>, stack_end: usize) -> Self {
        let runtime = &mut store.inner.runtime;
        let before = core::mem::replace(&mut runtime.stack.used, stack_end);
        runtime.depth += 1;
        Self { store, before }
    }
}

impl<T> Drop for WaitingStore<'_, T> {
    fn drop(&mut self) {
        let runtime = &mut self.store.inner.runtime;
        runtime.stack.used = self.before;
        runtime.depth -= 1;
    }
}

/// Returns when it is polled again, and asks for that at once.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| match core::mem::replace(&mut yielded, true) {
        true => Poll::Ready(()),
        false => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    /// Calls the function; the call may wait for async host functions, and let others run, see [`Store::fuel_async_yield_interval`].
    ///
    /// The future does all its work where it is polled, until it waits or yields. Dropping it ends the call, and the store can be used
    /// as after a trap. See [`Linker::func_wrap_async`] for an example.
    ///
    /// # Errors
    /// As for [`TypedFunc::call`].
    pub async fn call_async(
        &self,
        mut store: impl AsContextMut<Data: Send>,
        params: Params,
    ) -> Result<Results, Error> {
        let mut context = store.as_context_mut();
        let mut buffer = SlotBuffer::new();
        let (addr, slots) = self.begin(context.runtime(), params, &mut buffer)?;
        invoke(context.as_context_mut(), addr, Self::COUNTS, slots).await?;
        Ok(Results::read(slots::cells(slots), context.runtime()))
    }
}

impl Func {
    /// Calls the function with values whose types are checked at the call; otherwise as [`TypedFunc::call_async`].
    ///
    /// # Errors
    /// As for [`Func::call`].
    pub async fn call_async(
        &self,
        mut store: impl AsContextMut<Data: Send>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        let mut context = store.as_context_mut();
        let mut buffer = SlotBuffer::new();
        let count = Some(results.len());
        let call = self.begin(context.runtime(), params, count, &mut buffer)?;
        invoke(context.as_context_mut(), call.addr, call.counts, call.slots).await?;
        call.read_results(context.runtime(), results);
        Ok(())
    }

    /// Makes a function of a Rust closure that returns a future, with parameters and results of Rust types. See
    /// [`Linker::func_wrap_async`].
    ///
    /// # Panics
    /// If there is no more memory.
    pub fn wrap_async<T, F, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        func: F,
    ) -> Self
    where
        F: for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Results> + Send + 'a>
            + Send
            + Sync
            + 'static,
        Params: WasmParams,
        Results: WasmRet + 'static,
    {
        let context = store.as_context_mut();
        let host = HostFunc::wrap_async(context.engine(), func);
        Self::expect(host.and_then(|host| Self::add_host(context, host)))
    }

    /// Makes a function of a type that is known at run time only, of a Rust closure that returns a future. The closure gets the
    /// arguments, and results to be set, as that of [`Func::new`] does.
    ///
    /// # Panics
    /// If the type is a type of another engine than the store's, or there is no more memory.
    pub fn new_async<T: Send, F>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: F,
    ) -> Self
    where
        F: for<'a> Fn(
                Caller<'a, T>,
                &'a [Val],
                &'a mut [Val],
            ) -> Box<dyn Future<Output = Result<(), Error>> + Send + 'a>
            + Send
            + Sync
            + 'static,
    {
        Self::expect(Self::add_host(
            store.as_context_mut(),
            HostFunc::new_async(ty, func),
        ))
    }
}

impl<T> Linker<T> {
    /// Defines a host function, given as a closure that returns a future. Its parameters are those of the function as a tuple.
    ///
    /// A call that reaches it has to be made with `call_async`, or instantiation with `instantiate_async`, whose future polls that of the
    /// closure. In any other call it is an error to reach it.
    ///
    /// ```
    /// use tickwasm::{Caller, Engine, Linker, Module, Store};
    ///
    /// let engine = Engine::default();
    /// let mut linker = Linker::new(&engine);
    /// linker.func_wrap_async("host", "wait", |mut caller: Caller<'_, u64>, (n,): (u64,)| {
    ///     Box::new(async move {
    ///         // Here, something could be awaited.
    ///         *caller.data_mut() += n;
    ///         n + 1
    ///     })
    /// })?;
    /// let module = Module::new(&engine, r#"(module
    ///     (import "host" "wait" (func $wait (param i64) (result i64)))
    ///     (func (export "run") (result i64) (call $wait (call $wait (i64.const 1)))))"#)?;
    /// let mut store = Store::new(&engine, 0);
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let instance = linker.instantiate_async(&mut store, &module).await?;
    /// let run = instance.get_typed_func::<(), u64>(&mut store, "run")?;
    /// assert_eq!(run.call_async(&mut store, ()).await?, 3);
    /// assert_eq!(*store.data(), 3);
    /// # Ok::<(), tickwasm::Error>(())
    /// # })?;
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the name is defined already.
    pub fn func_wrap_async<F, Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: F,
    ) -> Result<&mut Self, Error>
    where
        F: for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Results> + Send + 'a>
            + Send
            + Sync
            + 'static,
        Params: WasmParams,
        Results: WasmRet + 'static,
    {
        let host = HostFunc::wrap_async(&self.engine, func)?;
        self.define_host(module, name, host)
    }

    /// Defines a host function of a type that is known at run time only, given as a closure that returns a future; see
    /// [`Func::new_async`] and [`func_wrap_async`](Self::func_wrap_async).
    ///
    /// # Errors
    /// If the name is defined already, or the type is a type of another engine.
    pub fn func_new_async<F>(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: F,
    ) -> Result<&mut Self, Error>
    where
        F: for<'a> Fn(
                Caller<'a, T>,
                &'a [Val],
                &'a mut [Val],
            ) -> Box<dyn Future<Output = Result<(), Error>> + Send + 'a>
            + Send
            + Sync
            + 'static,
        T: Send,
    {
        self.define_host(module, name, HostFunc::new_async(ty, func))
    }

    /// Makes an instance of a module with these definitions; its start function may wait.
    ///
    /// # Errors
    /// Those of [`Linker::instantiate`].
    pub async fn instantiate_async(
        &self,
        store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance, Error>
    where
        T: Send,
    {
        self.instantiate_pre(module)?.instantiate_async(store).await
    }

    /// Makes an instance of a module and defines its exports under a name, as [`Linker::module`] does; the functions that this calls may
    /// wait. If the module is a command, its functions are async functions.
    ///
    /// # Errors
    /// Those of [`Linker::module`].
    pub async fn module_async(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        name: &str,
        module: &Module,
    ) -> Result<&mut Self, Error>
    where
        T: Send + 'static,
    {
        if is_command(module) {
            return self.command_async(name, module);
        }
        let instance = self.instantiate_async(&mut store, module).await?;
        if let Some(initialize) = instance.get_func(&mut store, "_initialize") {
            initialize.call_async(&mut store, &[], &mut []).await?;
        }
        self.instance(&mut store, name, instance)
    }

    fn command_async(&mut self, name: &str, module: &Module) -> Result<&mut Self, Error>
    where
        T: Send + 'static,
    {
        for (ty, func) in self.command_funcs(module)? {
            let export = func.name.clone();
            let func = Arc::new(func);
            self.func_new_async(name, &export, ty, move |mut caller, params, results| {
                let func = func.clone();
                Box::new(async move {
                    let instance = func.pre.instantiate_async(&mut caller).await?;
                    let func = func.of_instance(&mut caller, instance);
                    func.call_async(&mut caller, params, results).await
                })
            })?;
        }
        Ok(self)
    }
}

impl<T: Send> InstancePre<T> {
    /// Makes an instance in a store; its start function may wait.
    ///
    /// # Errors
    /// Those of [`Instance::new`].
    pub async fn instantiate_async(
        &self,
        mut store: impl AsContextMut<Data = T>,
    ) -> Result<Instance, Error> {
        let mut context = store.as_context_mut();
        let (instance, start) = self.begin(&mut context)?;
        if let Some(start) = start {
            invoke(context, start, (0, 0), &mut []).await?;
        }
        Ok(instance)
    }
}

impl Instance {
    /// Makes an instance, given the imports of the module in order; its start function may wait.
    ///
    /// # Errors
    /// Those of [`Instance::new`].
    pub async fn new_async(
        mut store: impl AsContextMut<Data: Send>,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let (instance, start) = Self::begin(&mut context, module, imports)?;
        if let Some(start) = start {
            invoke(context, start, (0, 0), &mut []).await?;
        }
        Ok(instance)
    }
}

/// Makes sure that futures can be sent where the data can.
const _: () = {
    const fn send<V: Send>(_: &V) {}
    #[allow(dead_code, reason = "it is compiled, which is what it is for")]
    fn futures<T: Send>(store: &mut Store<T>, linker: &Linker<T>, module: &Module, func: Func) {
        send(&func.call_async(&mut *store, &[], &mut []));
        send(&TypedFunc::<(i32, f64), u64>::new(func).call_async(&mut *store, (1, 2.0)));
        send(&linker.instantiate_async(&mut *store, module));
        send(&Instance::new_async(&mut *store, module, &[]));
    }
};
