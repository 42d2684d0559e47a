//! A naive WebAssembly interpreter: a second opinion for tickwasm's tests.
//!
//! It executes decoded instructions one by one, straight from the specification's "Execution" chapter
//! (<https://webassembly.github.io/spec/core/exec/>): a stack of typed values, a stack of labels, a stack of frames.
//! Nothing is fused, cached or prepared, and nothing is shared with tickwasm: decoding and validation are
//! `wasmparser`'s, the numerics are written again with wide integers and bit loops. It is slow and meant to be.
//!
//! It covers all of 3.0, including vectors, objects, exceptions and tail calls. The relaxed vector instructions yield the results that the
//! deterministic profile prescribes. Anything else is [`InstantiateError::Unsupported`], never a wrong answer. Objects and exceptions
//! are never collected.
//!
//! # Fuel
//! Each instruction is a step that is paid for before it has any effect: nothing for the markers `nop block loop try_table else
//! end`, 1 for any other instruction, more for bulk work that will be done (see `exec/mod.rs`, `cost`). Entering a function with L locals is a
//! step of its own that costs L/64. Constant expressions and the start function are charged like any code; a list of
//! function indices in an element segment abbreviates as many `ref.func` expressions and costs as many. Copying active
//! segments is free. A step whose cost exceeds the fuel is not begun and [`Stop::OutOfFuel`] is reported; after
//! [`Oracle::set_fuel`], [`Oracle::resume`] continues with that step.
//!
//! # Limits
//! Deep recursion of the guest never becomes recursion of the host. [`Limits`] bounds frames, values, memories and
//! tables; passing the first two is [`Stop::CallDepth`], a refused growth gives -1.
//!
//! # NaNs
//! The specification leaves the bits of a NaN made by arithmetic open. Here it is the positive canonical one, and
//! [`Oracle::made_nan`] remembers that there was one: from then on another correct implementation may differ in bits.
//! [`Value::agrees_with`] compares with any NaN equal to any NaN.
//!
//! # Example
//! ```
//! use tickwasm_oracle::{Imports, Oracle, Stop, Value};
//!
//! let bytes = wat::parse_str(
//!     r#"(module (func (export "add") (param i32 i32) (result i32)
//!          local.get 0 local.get 1 i32.add))"#,
//! )?;
//! let mut oracle = Oracle::new();
//! let instance = oracle.instantiate(&bytes, &Imports::new())?;
//! oracle.set_fuel(2);
//! let args = [Value::from(2), Value::from(3)];
//! assert_eq!(oracle.invoke(instance, "add", &args), Err(Stop::OutOfFuel));
//! oracle.set_fuel(1);
//! assert_eq!(oracle.resume(), Ok(vec![Value::from(5)]));
//! assert_eq!(oracle.fuel(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The tests
//! - `tests/programs.rs`: small programs with known results, and the fuel rules one by one;
//! - `tests/official.rs`: the official scripts of 1.0, 2.0 and 3.0, which make the oracle right;
//! - `tests/differential.rs`: random modules on tickwasm and on the oracle;
//! - `tests/structured.rs`: random programs that do real work, on both;
//! - `tests/objects.rs`: random programs of objects, exceptions, tail calls, vectors and 64-bit memories, on both;
//! - `tests/pairs.rs`: each numeric or vector instruction that feeds another instruction, in every operand shape, on both;
//! - `tests/coverage.rs`: the random modules and programs execute all instructions of 3.0.
//!
//! `TICKWASM_CASES` sets the number of random modules that are compared, `TICKWASM_SEED` the first one's seed, `TICKWASM_FORK=1` gives
//! each a process of its own, `TICKWASM_SHAPES` sets the number of shapes of each pair.

mod decode;
mod exec;
mod instantiate;
mod instr;
mod numerics;
mod types;
mod value;

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use decode::Code;
use types::Types;
pub use types::{FuncType, HeapType, RefType, TypeId, ValType};
pub use value::{
    AnyRef, ExnAddr, FuncAddr, GlobalAddr, MemAddr, ObjectAddr, Ref, Stop, TableAddr, TagAddr,
    Trap, Value,
};

/// Bytes of a memory page.
pub const PAGE: usize = 65_536;

/// The oracle's limits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Frames at one time in one invocation.
    pub frames: usize,
    /// Values on the stack and in locals at one time in one invocation.
    pub values: usize,
    /// Pages of one memory, besides what its type permits.
    pub pages: u64,
    /// Elements of all tables together.
    pub elements: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frames: 10_000,
            values: 4_000_000,
            pages: 65_536,
            elements: 16_777_216,
        }
    }
}

/// An instance of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance(usize);

/// Something that can be imported and exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extern {
    /// A function.
    Func(FuncAddr),
    /// A table.
    Table(TableAddr),
    /// A memory.
    Memory(MemAddr),
    /// A global.
    Global(GlobalAddr),
    /// A tag.
    Tag(TagAddr),
}

/// The imports of a module, by module and field name.
#[derive(Clone, Debug, Default)]
pub struct Imports(HashMap<(String, String), Extern>);

impl Imports {
    /// No imports.
    pub fn new() -> Imports {
        Imports::default()
    }

    /// Provides `item`, in place of an earlier one of the same names.
    pub fn define(&mut self, module: &str, name: &str, item: Extern) -> &mut Imports {
        self.0.insert((module.to_owned(), name.to_owned()), item);
        self
    }

    /// Provides every export of `instance` under the module name `module`.
    pub fn define_instance(&mut self, oracle: &Oracle, module: &str, instance: Instance) {
        for (name, item) in oracle.exports(instance) {
            self.define(module, name, *item);
        }
    }

    fn get(&self, module: &str, name: &str) -> Option<Extern> {
        self.0.get(&(module.to_owned(), name.to_owned())).copied()
    }
}

/// The reason why a module has no instance.
#[derive(Debug)]
pub enum InstantiateError {
    /// `wasmparser` finds the module malformed or invalid.
    Invalid(String),
    /// The module uses a feature that the oracle lacks.
    Unsupported(String),
    /// An import is missing or has another type.
    Link(String),
    /// A constant expression, an active segment or the start function stopped.
    ///
    /// Only a start function can be resumed; the instance is complete but for it.
    Stopped {
        /// The reason.
        stop: Stop,
        /// The incomplete instance, whose exports can be inspected.
        instance: Instance,
    },
}

impl fmt::Display for InstantiateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstantiateError::Invalid(why) => write!(f, "invalid module: {why}"),
            InstantiateError::Unsupported(what) => write!(f, "not supported by the oracle: {what}"),
            InstantiateError::Link(why) => f.write_str(why),
            InstantiateError::Stopped { stop, .. } => stop.fmt(f),
        }
    }
}

impl std::error::Error for InstantiateError {}

/// A function of the host. It may use the oracle, and charge by lowering the fuel.
pub type HostFunc = Rc<dyn Fn(&mut Oracle, &[Value]) -> Result<Vec<Value>, Trap>>;

struct FuncInst {
    ty: TypeId,
    kind: FuncKind,
}

enum FuncKind {
    Wasm { instance: usize, code: Rc<Code> },
    Host(HostFunc),
}

struct TableInst {
    ty: RefType,
    is64: bool,
    max: Option<u64>,
    elements: Vec<Value>,
}

struct MemInst {
    is64: bool,
    max: Option<u64>,
    bytes: Vec<u8>,
}

struct GlobalInst {
    mutable: bool,
    ty: ValType,
    value: Value,
}

/// A structure or an array. Packed fields are kept in their packed form.
struct ObjectInst {
    ty: TypeId,
    fields: Vec<Value>,
}

struct ExnInst {
    tag: TagAddr,
    values: Vec<Value>,
}

/// A module's index spaces; segments are emptied when they are dropped.
#[derive(Default)]
struct ModuleInst {
    funcs: Vec<FuncAddr>,
    tables: Vec<TableAddr>,
    mems: Vec<MemAddr>,
    globals: Vec<GlobalAddr>,
    tags: Vec<TagAddr>,
    elems: Vec<Vec<Value>>,
    datas: Vec<Vec<u8>>,
    exports: Vec<(String, Extern)>,
}

/// The store and the machine.
pub struct Oracle {
    types: Types,
    funcs: Vec<FuncInst>,
    tables: Vec<TableInst>,
    mems: Vec<MemInst>,
    globals: Vec<GlobalInst>,
    /// The type of each tag.
    tags: Vec<TypeId>,
    objects: Vec<ObjectInst>,
    exceptions: Vec<ExnInst>,
    instances: Vec<ModuleInst>,
    limits: Limits,
    fuel: u64,
    made_nan: bool,
    resized_nan: bool,
    suspended: Option<exec::Thread>,
    /// The number of executions of each kind of instruction.
    executed: Vec<u64>,
}

impl Default for Oracle {
    fn default() -> Oracle {
        Oracle::new()
    }
}

impl Oracle {
    /// Creates an empty store with default limits and the maximal amount of fuel.
    pub fn new() -> Oracle {
        Oracle::with_limits(Limits::default())
    }

    /// Creates an empty store with these limits.
    pub fn with_limits(limits: Limits) -> Oracle {
        Oracle {
            types: Types::default(),
            funcs: Vec::new(),
            tables: Vec::new(),
            mems: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            objects: Vec::new(),
            exceptions: Vec::new(),
            instances: Vec::new(),
            limits,
            fuel: u64::MAX,
            made_nan: false,
            resized_nan: false,
            suspended: None,
            executed: vec![0; instr::NAMES.len()],
        }
    }

    /// The fuel that is left.
    pub fn fuel(&self) -> u64 {
        self.fuel
    }

    /// Sets the fuel that is left.
    pub fn set_fuel(&mut self, fuel: u64) {
        self.fuel = fuel;
    }

    /// Whether any arithmetic has made a NaN, for whose bits another implementation may have another choice.
    pub fn made_nan(&self) -> bool {
        self.made_nan
    }

    /// Whether a conversion between widths of floats has made one: generators that make NaNs canonical behind arithmetic miss these.
    pub fn resized_nan(&self) -> bool {
        self.resized_nan
    }

    /// Forgets that NaNs were made.
    pub fn forget_nan(&mut self) {
        self.made_nan = false;
        self.resized_nan = false;
    }

    /// Instantiates a binary module.
    ///
    /// # Errors
    /// See [`InstantiateError`].
    pub fn instantiate(
        &mut self,
        bytes: &[u8],
        imports: &Imports,
    ) -> Result<Instance, InstantiateError> {
        let module = decode::decode(bytes, &mut self.types)?;
        instantiate::instantiate(self, module, |_, import| {
            imports.get(&import.module, &import.name)
        })
    }

    /// Instantiates a binary module with its imports in the order of the module, regardless of their names.
    ///
    /// # Errors
    /// See [`InstantiateError`].
    pub fn instantiate_with(
        &mut self,
        bytes: &[u8],
        imports: &[Extern],
    ) -> Result<Instance, InstantiateError> {
        let module = decode::decode(bytes, &mut self.types)?;
        instantiate::instantiate(self, module, |index, _| imports.get(index).copied())
    }

    /// Calls an exported function by name.
    ///
    /// # Errors
    /// When it stops before it returns; after [`Stop::OutOfFuel`], [`Oracle::resume`] continues.
    ///
    /// # Panics
    /// When there is no such function or the arguments have the wrong types.
    pub fn invoke(
        &mut self,
        instance: Instance,
        name: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, Stop> {
        match self.export(instance, name) {
            Some(Extern::Func(func)) => self.call(func, args),
            _ => panic!("no function is exported as {name:?}"),
        }
    }

    /// Calls a function by address; otherwise as [`Oracle::invoke`].
    ///
    /// # Errors
    /// When it stops before it returns.
    ///
    /// # Panics
    /// When the arguments have the wrong types.
    pub fn call(&mut self, func: FuncAddr, args: &[Value]) -> Result<Vec<Value>, Stop> {
        let params = &self.func_type(func).params;
        assert!(
            self.have_types(args, params),
            "arguments {args:?} do not have the types {params:?}"
        );
        self.start(func, args)
    }

    /// Continues the call that last ran out of fuel.
    ///
    /// # Errors
    /// When it stops again.
    ///
    /// # Panics
    /// When no call is suspended.
    pub fn resume(&mut self) -> Result<Vec<Value>, Stop> {
        let thread = self.suspended.take().expect("a call is suspended");
        self.run(thread)
    }

    /// A new host function.
    pub fn host_func(
        &mut self,
        params: &[ValType],
        results: &[ValType],
        func: impl Fn(&mut Oracle, &[Value]) -> Result<Vec<Value>, Trap> + 'static,
    ) -> Extern {
        let ty = FuncType {
            params: params.to_vec(),
            results: results.to_vec(),
        };
        let ty = self.types.define_func(ty);
        self.funcs.push(FuncInst {
            ty,
            kind: FuncKind::Host(Rc::new(func)),
        });
        Extern::Func(FuncAddr(self.funcs.len() - 1))
    }

    /// A new global of the host.
    pub fn host_global(&mut self, mutable: bool, ty: ValType, value: Value) -> Extern {
        Extern::Global(self.alloc_global(mutable, ty, value))
    }

    /// A new memory of the host, in pages, with addresses of 64 bits or of 32.
    pub fn host_memory(&mut self, is64: bool, min: u64, max: Option<u64>) -> Extern {
        Extern::Memory(self.alloc_memory(is64, min, max))
    }

    /// A new table of the host, filled with nulls, with indices of 64 bits or of 32.
    pub fn host_table(&mut self, ty: RefType, is64: bool, min: u64, max: Option<u64>) -> Extern {
        Extern::Table(self.alloc_table(ty, is64, min, max, Value::NULL))
    }

    /// A new tag of the host, of exceptions with values of these types.
    pub fn host_tag(&mut self, params: &[ValType]) -> Extern {
        let ty = self.types.define_func(FuncType {
            params: params.to_vec(),
            results: Vec::new(),
        });
        Extern::Tag(self.alloc_tag(ty))
    }

    /// The exports of an instance, in the module's order.
    pub fn exports(&self, instance: Instance) -> &[(String, Extern)] {
        &self.instances[instance.0].exports
    }

    /// One export of an instance.
    pub fn export(&self, instance: Instance, name: &str) -> Option<Extern> {
        let mut exports = self.exports(instance).iter();
        exports
            .find(|(exported, _)| exported == name)
            .map(|&(_, item)| item)
    }

    /// The type of a function.
    pub fn func_type(&self, func: FuncAddr) -> &FuncType {
        self.types.func(self.funcs[func.0].ty)
    }

    /// The type of a table's elements.
    pub fn table_type(&self, table: TableAddr) -> ValType {
        ValType::Ref(self.tables[table.0].ty)
    }

    /// Whether a value has a type.
    pub fn is_of_type(&self, value: Value, ty: ValType) -> bool {
        self.has_type(value, ty)
    }

    /// The top of the hierarchy that a heap type belongs to.
    pub fn top(&self, heap: HeapType) -> HeapType {
        self.types.top(heap)
    }

    /// The fields of a structure or the elements of an array; packed ones zero-extended.
    pub fn fields(&self, object: ObjectAddr) -> &[Value] {
        &self.objects[object.0].fields
    }

    /// The tag of an exception, and its values.
    pub fn exception(&self, exn: ExnAddr) -> (TagAddr, &[Value]) {
        let ExnInst { tag, values } = &self.exceptions[exn.0];
        (*tag, values)
    }

    /// The number of executions of each kind of instruction, by names as `i32_add`.
    pub fn executed(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = instr::NAMES.iter();
        let names = names.map(|name| name.strip_prefix("visit_").unwrap_or(name));
        names.zip(self.executed.iter().copied())
    }

    /// The bytes of a memory.
    pub fn memory(&self, memory: MemAddr) -> &[u8] {
        &self.mems[memory.0].bytes
    }

    /// The bytes of a memory, to write.
    pub fn memory_mut(&mut self, memory: MemAddr) -> &mut [u8] {
        &mut self.mems[memory.0].bytes
    }

    /// The value of a global.
    pub fn global(&self, global: GlobalAddr) -> Value {
        self.globals[global.0].value
    }

    /// The elements of a table.
    pub fn table(&self, table: TableAddr) -> &[Value] {
        &self.tables[table.0].elements
    }

    fn alloc_global(&mut self, mutable: bool, ty: ValType, value: Value) -> GlobalAddr {
        assert!(self.has_type(value, ty), "{value:?} is no {ty:?}");
        self.globals.push(GlobalInst { mutable, ty, value });
        GlobalAddr(self.globals.len() - 1)
    }

    fn alloc_tag(&mut self, ty: TypeId) -> TagAddr {
        self.tags.push(ty);
        TagAddr(self.tags.len() - 1)
    }

    fn alloc_memory(&mut self, is64: bool, min: u64, max: Option<u64>) -> MemAddr {
        self.mems.push(MemInst {
            is64,
            max,
            bytes: vec![0; min as usize * PAGE],
        });
        MemAddr(self.mems.len() - 1)
    }

    fn alloc_table(
        &mut self,
        ty: RefType,
        is64: bool,
        min: u64,
        max: Option<u64>,
        init: Value,
    ) -> TableAddr {
        self.tables.push(TableInst {
            ty,
            is64,
            max,
            elements: vec![init; min as usize],
        });
        TableAddr(self.tables.len() - 1)
    }
}
