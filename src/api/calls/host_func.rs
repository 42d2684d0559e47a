//! The host functions of a store: functions can be added while others run.

use core::cell::Cell;
use core::pin::Pin;
use std::sync::Arc;

use super::caller::Caller;
use crate::api::types::FuncType;
use crate::exec::{Called, HostError};
use crate::support::append_list::AppendList;
use crate::support::host_stack::HostStack;

/// A host function with its type, which is kept for as long as the function exists.
pub struct HostFunc<T> {
    pub(crate) ty: FuncType,
    pub(crate) func: HostFn<T>,
}

impl<T> Clone for HostFunc<T> {
    fn clone(&self) -> Self {
        Self {
            ty: self.ty.clone(),
            func: self.func.clone(),
        }
    }
}

/// A host function as the executor calls it: the slots hold the arguments, and the results are put there.
pub(crate) enum HostFn<T> {
    /// A function that returns its results.
    Sync(Arc<SyncFn<T>>),
    /// A function whose results are awaited.
    Async(Arc<AsyncFn<T>>),
}

type SyncFn<T> = dyn Fn(Caller<'_, T>, &[Cell<u64>]) -> Result<Called, HostError> + Send + Sync;

type AsyncFn<T> = dyn for<'a> Fn(Caller<'a, T>, &'a mut [u64]) -> HostFuture<'a> + Send + Sync;

/// The future of an async host function, which has put its results into the slots when it is done.
pub(crate) type HostFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Called, HostError>> + Send + 'a>>;

impl<T> Clone for HostFn<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Sync(func) => Self::Sync(func.clone()),
            Self::Async(func) => Self::Async(func.clone()),
        }
    }
}

/// The host functions of a store by number. A call borrows the function that it is in, while that function may add others.
pub(crate) struct HostFuncs<T> {
    list: AppendList<HostFunc<T>>,
    /// Here because it is used as the functions are: by calls that borrow the rest of the store mutably.
    pub(crate) stack: HostStack,
}

impl<T> HostFuncs<T> {
    pub(crate) fn new() -> Self {
        Self {
            list: AppendList::new(),
            stack: HostStack::default(),
        }
    }

    /// Adds a function under a number that has not been used yet.
    pub(crate) fn set(&self, host: u32, func: HostFunc<T>) {
        self.list.set(host, func);
    }

    #[inline]
    pub(crate) fn get(&self, host: u32) -> &HostFn<T> {
        match self.list.get(host) {
            Some(host) => &host.func,
            None => unreachable!("a function of the store names one of its host functions"),
        }
    }
}
