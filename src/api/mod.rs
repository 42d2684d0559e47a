//! The public interface: handles, and the embedder's side of everything. No algorithm of WebAssembly's is here.
//!
//! `context` is how every method reaches a store, `hosts` how host functions are kept, `wasm_ty` how Rust's values become slots.
//! Errors are in [`error`](crate::error), all of this is re-exported by the crate's root.

#![forbid(unsafe_code)]

mod asynchronous;
mod backtrace;
mod cache;
mod cache_dir;
mod caller;
mod config;
mod context;
mod digest;
mod engine;
mod exn;
mod externs;
mod fuel;
mod func;
mod gc;
mod global;
mod hosts;
mod instance;
mod interrupt;
mod limiter;
mod linker;
mod memory;
mod module;
mod near;
mod reentry;
mod refs;
mod resumable;
mod shared_memory;
mod store;
mod table;
mod tag;
#[cfg(feature = "wat")]
mod text;
mod typed_func;
mod types;
mod val;
mod wasm_ty;

pub use backtrace::{FrameInfo, WasmBacktrace};
pub use cache::CacheStats;
pub use caller::Caller;
pub use config::{Config, EngineConfig};
pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub use engine::Engine;
pub(crate) use exn::refer_to;
pub use exn::{ExnRef, ExnRefPre, ExnType};
pub use externs::{Export, Extern};
pub use fuel::{FuelCost, fuel_costs};
pub use func::{Func, IntoFunc, WasmRet};
pub use gc::{AnyRef, ArrayRef, EqRef, I31, StructRef};
pub use global::Global;
pub use instance::{Instance, InstancePre};
pub use interrupt::{InterruptHandle, UpdateDeadline};
pub use limiter::{GrowthFailure, ResourceLimiter, StoreLimits, StoreLimitsBuilder};
pub use linker::Linker;
pub use memory::Memory;
pub use module::{CustomSection, Module};
pub use refs::{ExternRef, Ref, Rooted};
pub use resumable::{CallResults, MaySuspend, ResumableCall, SuspendReason, SuspendedCall};
pub use shared_memory::{SharedMemory, WaitResult};
pub use store::Store;
pub use table::Table;
pub use tag::Tag;
pub use typed_func::TypedFunc;
pub use types::{
    ArrayType, ExportType, ExternType, FieldType, FuncType, GlobalType, HeapType, ImportType,
    MemoryType, MemoryTypeBuilder, Mutability, RefType, StorageType, StructType, TableType,
    TagType, ValType,
};
pub use val::{V128, Val};
pub use wasm_ty::{WasmParams, WasmResults, WasmTy};

pub use crate::compile::ListedInstr;
pub use crate::runtime::limiter::{Counted, LimitOf, RefusedGrowth, Resource};
pub use crate::runtime::trap::Trap;
pub use crate::syntax::cost::{BulkUnit, FUEL_COSTS_VERSION, LOCALS_PER_FUEL};

/// What holds for the types above, and whoever relies on it is told here if it no longer does.
const _: () = {
    const fn send<V: Send>() {}
    const fn send_and_sync<V: Send + Sync + 'static>() {}
    const fn of_any_data<T: Send>() {
        send::<Store<T>>();
        send::<Caller<'_, T>>();
        send_and_sync::<Linker<u8>>();
        send_and_sync::<InstancePre<u8>>();
    }
    of_any_data::<core::cell::Cell<u8>>();
    send_and_sync::<Linker<core::cell::Cell<u8>>>();
    send_and_sync::<InstancePre<core::cell::Cell<u8>>>();
    send_and_sync::<Store<u8>>();
    send_and_sync::<Engine>();
    send_and_sync::<SuspendedCall<()>>();
    send_and_sync::<Module>();
    send_and_sync::<Extern>();
    send_and_sync::<SharedMemory>();
    send_and_sync::<TypedFunc<(), ()>>();
    send_and_sync::<crate::error::Error>();
};
