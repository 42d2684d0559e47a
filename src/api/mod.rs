//! The public interface: handles, and the embedder's side of calls, stores and linking. It holds no algorithm of WebAssembly.
//!
//! Every method reaches a store by `store::context`; `calls::host_func` keeps host functions; `values::wasm_ty` converts Rust's values into
//! slots. Errors are in [`error`](crate::error). The crate's root re-exports all of this.

#![forbid(unsafe_code)]

mod calls;
mod engine;
mod externs;
mod linking;
mod module;
mod store;
mod types;
mod values;

pub use calls::backtrace::{FrameInfo, WasmBacktrace};
pub use calls::caller::Caller;
pub use calls::func::Func;
pub use calls::host_func::{IntoFunc, WasmRet};
pub use calls::interrupt::{InterruptHandle, UpdateDeadline};
pub use calls::resumable::{CallResults, MaySuspend, ResumableCall, SuspendReason, SuspendedCall};
pub use calls::typed_func::TypedFunc;
pub use engine::Engine;
pub use engine::config::{Config, EngineConfig};
pub use engine::fuel::{FuelCost, fuel_costs};
pub use externs::global::Global;
pub use externs::memory::Memory;
pub use externs::shared_memory::{SharedMemory, WaitResult};
pub use externs::table::Table;
pub use externs::tag::Tag;
pub use externs::{Export, Extern};
pub use linking::instance::{Instance, InstancePre};
pub use linking::linker::Linker;
pub use module::{CustomSection, Module};
pub use store::Store;
pub use store::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub use store::limiter::{GrowthFailure, ResourceLimiter, StoreLimits, StoreLimitsBuilder};
pub use types::{
    ArrayType, ExportType, ExternType, FieldType, FuncType, GlobalType, HeapType, ImportType,
    MemoryType, MemoryTypeBuilder, Mutability, RefType, StorageType, StructType, TableType,
    TagType, ValType,
};
pub(crate) use values::exn::refer_to;
pub use values::exn::{ExnRef, ExnRefPre, ExnType};
pub use values::gc::{AnyRef, ArrayRef, EqRef, I31, StructRef};
pub use values::refs::{ExternRef, Ref, Rooted};
pub use values::val::{V128, Val};
pub use values::wasm_ty::{WasmParams, WasmResults, WasmTy};

pub use crate::runtime::limiter::{Counted, LimitOf, RefusedGrowth, Resource};
pub use crate::runtime::trap::Trap;
pub use crate::support::cache::CacheStats;
pub use crate::syntax::cost::{BulkUnit, FUEL_COSTS_VERSION, LOCALS_PER_FUEL};

/// Makes sure that the types above can be sent and shared between threads.
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
