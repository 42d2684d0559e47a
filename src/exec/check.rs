//! A check that dispatch jumps: a handler that calls the next one leaves nothing on the host's stack.
//!
//! The compiler decides whether such a call becomes a jump. If it ever does not, no engine is made; otherwise the
//! stack of a thread would overflow later. The check runs a program that has an op for every handler: `Op::each` lists all possible ops,
//! and `select` finds those that have a handler, so that a new one is in the program without being added here. Between them the
//! program calls a host function that measures the depth of the host's stack, which must be the same each time.

use core::cell::Cell;
use std::sync::{Arc, OnceLock};

use super::handlers;
use super::select::{self, Absent};
use super::{Called, Embedder, Mode, Reason};
use crate::code::builder::{At, Builder, Select};
use crate::code::catches::Catches;
use crate::code::ops::{Bank, Dst};
use crate::code::ops::{CallFrame, Next, Op, SlotOffset, Src, TailFrame};
use crate::code::{Code, CodeUnit, Form, LowerError, MemAccess, Source};
use crate::runtime::addr::{FuncAddr, GlobalAddr, InstanceAddr, MemAddr, TableAddr, TagAddr};
use crate::runtime::exceptions::Exception;
use crate::runtime::func_inst::FuncInst;
use crate::runtime::global_inst::GlobalInst;
use crate::runtime::heap::{Heap, i31};
use crate::runtime::interrupt::Interrupts;
use crate::runtime::limiter::{self, GrowError};
use crate::runtime::mem_inst::MemInst;
use crate::runtime::module_inst::ModuleInst;
use crate::runtime::registry::{Registry, TypeHandle};
use crate::runtime::store::Store;
use crate::runtime::table_inst::TableInst;
use crate::runtime::tag_inst::TagInst;
use crate::syntax::instr::Opcode;
use crate::syntax::types::*;

/// Whether dispatch leaves the host's stack unchanged. Checked once.
pub fn dispatch_is_flat() -> bool {
    static FLAT: OnceLock<bool> = OnceLock::new();
    // A loop always does.
    *FLAT.get_or_init(|| {
        cfg!(not(tail_dispatch)) || is_flat(select::select, Extent::Shapes) == Some(true)
    })
}

/// The forms of code.
const FORMS: [Form; 3] = [Form::Plain, Form::Net, Form::Exact];

/// The set of handlers that are run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Extent {
    /// One for each opcode or other variant of an op: operands of one kind stand for those of all kinds.
    Shapes,
    /// All of them.
    #[cfg(test)]
    Handlers,
}

/// Whether all forms of code leave the host's stack unchanged with these handlers; nothing if the program did not run to its end.
fn is_flat(select: Select, extent: Extent) -> Option<bool> {
    let (ops, mut flat) = (ops(extent), true);
    for form in FORMS {
        let depths = World::new(select, form, extent, &ops)?.run()?;
        // No function returns before the end, so anything that a handler left behind is still there when the last one is run.
        flat &= depths.len() > 2 && depths.first() == depths.last();
    }
    Some(flat)
}

/// An op that has a handler, and the forms of code in which it is run.
struct Tried {
    op: Op,
    forms: Vec<Form>,
}

/// An op for each of the handlers.
fn ops(extent: Extent) -> Vec<Tried> {
    let mut ops = Vec::new();
    Op::each(|op| {
        let plain = select::find(op, Form::Plain);
        if matches!(plain, Err(Absent::Opcode)) {
            return Next::Other;
        }
        if !select::is_well_formed(op) {
            return Next::More;
        }
        let same = |a: select::Found, b: select::Found| match (a, b) {
            (Ok(a), Ok(b)) => core::ptr::fn_addr_eq(a, b),
            _ => false,
        };
        let mut forms = Vec::with_capacity(FORMS.len());
        for form in FORMS {
            // An op with the same handler in plain code is run there.
            let found = select::find(op, form);
            let is_known = form != Form::Plain && same(found, plain);
            if found.is_ok() && !is_known {
                forms.push(form);
            }
        }
        if forms.is_empty() {
            return Next::More;
        }
        ops.push(Tried { op: *op, forms });
        match extent {
            Extent::Shapes => Next::Other,
            #[cfg(test)]
            Extent::Handlers => Next::More,
        }
    });
    ops
}

/// The approximate end of the host's stack.
#[inline(never)]
fn stack_address() -> usize {
    let local = 0_u8;
    core::hint::black_box(&raw const local).addr()
}

/// The store that the program runs in, and the depths that were measured.
struct World {
    store: Store,
    /// Keeps the program's types in the registry.
    _types: [TypeHandle; 3],
    depths: Vec<usize>,
}

/// The host functions of the program, by their numbers.
mod host {
    /// Records the depth of the host's stack.
    pub const NOTE: u32 = 0;
    /// Throws an exception.
    pub const THROW: u32 = 1;
}

/// The functions that the program imports; its own follow.
mod func {
    pub const NOTE: u32 = 0;
    pub const THROW: u32 = 1;
    /// A function of another instance.
    pub const FAR: u32 = 2;
    pub const IMPORTED: u32 = 3;
}

/// The functions that the program defines, by their positions.
mod defined {
    pub const MAIN: u32 = 0;
    /// Returns.
    pub const NOTHING: u32 = 1;
}

/// Slots of a frame. Ops have all their operands and results in the first slots.
mod slot {
    use super::SlotOffset;

    /// Number of slots that are set before each op.
    pub const SET: u32 = 5;
    /// The second operand of ops that may not have it in the first slot.
    pub const SECOND: SlotOffset = 8;
    /// Slots with ones, for copying to the first slots.
    pub const ONES: SlotOffset = 80;
    /// A reference to the exception that was caught.
    pub const EXN: SlotOffset = ONES + 8 * SET as SlotOffset;
    /// Arguments and results of calls.
    pub const OUT: SlotOffset = EXN + 8;
    /// Bytes of all of them.
    pub const FRAME: u32 = OUT as u32 + 32;
}

/// Bytes from a frame to that of a callee without parameters.
const DELTA: u32 = slot::OUT as u32 + super::machine::RECORD_BYTES as u32;

/// A cost above one slice of fuel, so that the machine has to refill the counter again and again.
const MUCH: u32 = 50_000;

/// References that ops work on, and the type of the program's functions.
#[derive(Clone, Copy, Debug)]
struct Names {
    array: u64,
    func: u64,
    func_type: u32,
    struct_type: u32,
    array_type: u32,
}

impl World {
    /// Creates a store with one of everything that ops refer to, and an instance whose functions are the program.
    fn new(select: Select, form: Form, extent: Extent, ops: &[Tried]) -> Option<Self> {
        let registry = Arc::new(Registry::default());
        let func_type = CompType::Func(FuncType {
            params: Box::default(),
            results: Box::default(),
        });
        let func_handle = registry.register_final(func_type).ok()?;
        let func_type = func_handle.id();
        let field = FieldType {
            storage: StorageType::Val(ValType::I64),
            mutable: true,
        };
        let fields = CompType::Struct([field; 2].into());
        let struct_handle = registry.register_final(fields).ok()?;
        let array_handle = registry.register_final(CompType::Array(field)).ok()?;
        let (struct_type, array_type) = (struct_handle.id(), array_handle.id());
        let limits = limiter::Limits {
            stack_bytes: 4096,
            ..limiter::Limits::default()
        };
        let mut store = Store::new(registry, &Arc::default(), limits);
        if form != Form::Plain {
            store.counts_fuel = true;
            store.fuel = u64::MAX / 2;
            store.interrupts = Some(Interrupts::new(Arc::default()));
        }
        let (here, there) = (InstanceAddr(0), InstanceAddr(1));
        store.funcs = vec![
            FuncInst::host(func_type, host::NOTE),
            FuncInst::host(func_type, host::THROW),
            FuncInst::wasm(func_type, there, defined::NOTHING),
            FuncInst::wasm(func_type, here, defined::MAIN),
            FuncInst::wasm(func_type, here, defined::NOTHING),
        ];
        let reference = |func: u32| u64::from(func) + 1;
        let limits = Limits {
            min: 4,
            max: Some(4),
        };
        let addr = AddrType::I32;
        store.mems = vec![MemInst::new(MemType {
            addr,
            limits,
            shared: false,
            page_size_log2: 6,
        })?];
        let table = TableType {
            addr,
            limits,
            element: RefType::FUNCREF,
        };
        let func = reference(func::IMPORTED + defined::NOTHING);
        store.tables = vec![TableInst::new(table, func)?, TableInst::new(table, func)?];
        let global = GlobalInst {
            value: [1; 2],
            ty: GlobalType {
                value: ValType::V128,
                mutable: true,
            },
        };
        store.globals = vec![global; 2];
        store.tags = vec![TagInst { ty: func_type }];
        store.heap.meet(&store.registry, array_type).ok()?;
        let data = Heap::zeros(4 * size_of::<u64>()).ok()?;
        let names = Names {
            array: store.add_object(array_type, 4, data).ok()?,
            func,
            func_type: func_type.0,
            struct_type: struct_type.0,
            array_type: array_type.0,
        };
        let program = Program::new(select, form, extent, names, ops);
        let functions = program.functions.len();
        let stub = handlers::call::STUB.entry();
        let code = CodeUnit::new(func::IMPORTED, functions, stub, Box::new(program));
        let instance = |code: &Arc<CodeUnit>| ModuleInst {
            bytes: [0; 32].into(),
            code: code.clone(),
            funcs: (0..5).map(FuncAddr).collect(),
            tables: vec![TableAddr(0), TableAddr(1)],
            mems: vec![MemAddr(0)],
            globals: vec![GlobalAddr(0), GlobalAddr(1)],
            tags: vec![TagAddr(0)],
            // The second segment of either kind is dropped.
            elems: vec![[func; 4].into(), Box::default()],
            datas: vec![0..32, 0..0],
            imported_funcs: func::IMPORTED,
            imported_globals: 1,
        };
        let code = Arc::new(code);
        store.instances = vec![instance(&code), instance(&code)];
        Some(Self {
            store,
            _types: [func_handle, struct_handle, array_handle],
            depths: Vec::new(),
        })
    }

    /// Runs the program; returns the measured depths.
    fn run(mut self) -> Option<Vec<usize>> {
        let main = FuncAddr(func::IMPORTED + defined::MAIN);
        let done = super::invoke(&mut self, Mode::Straight, main, (0, 0), &mut []);
        if cfg!(test)
            && let Err(stop) = &done
        {
            panic!("the program does not end: {:?}", stop.reason);
        }
        done.ok()?.is_none().then_some(self.depths)
    }
}

impl Embedder for World {
    fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    fn grow_memory(&mut self, _: MemAddr, _: u64) -> Result<u64, GrowError> {
        Ok(0)
    }

    fn grow_table(&mut self, _: TableAddr, _: u64, _: u64) -> Result<u64, GrowError> {
        Ok(0)
    }

    fn call_host(
        &mut self,
        host: u32,
        _: Option<InstanceAddr>,
        _: &[Cell<u64>],
    ) -> Result<Called, Reason> {
        self.depths.push(stack_address());
        match host {
            host::THROW => Err(Reason::Exception(Exception {
                tag: TagAddr(0),
                payload: [].into(),
            })),
            _ => Ok(Called::Returned),
        }
    }
}

/// A part of a function.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An op. Its targets are the code behind it.
    Op(Op),
    /// An op that throws an exception, which is caught behind it.
    Caught(Op),
    /// Work that has to be paid for.
    Spend(u32),
}

/// The program: functions of steps, and the choice of handlers for them.
struct Program {
    functions: Vec<Vec<Step>>,
    select: Select,
    form: Form,
    extent: Extent,
    names: Names,
}

impl Program {
    /// A program that runs an op for each of the handlers of a form of code.
    fn new(select: Select, form: Form, extent: Extent, names: Names, ops: &[Tried]) -> Self {
        let mut program = Self {
            functions: vec![Vec::new(), vec![Step::Op(Op::Return0)]],
            select,
            form,
            extent,
            names,
        };
        for i in 0..slot::SET {
            let d = Dst::Slot(slot::ONES + 8 * i as SlotOffset);
            program.main(Op::Copy {
                bank: Bank::Int,
                x: Src::Imm64(1),
                d,
            });
        }
        program.note();
        for op in ops.iter().filter(|op| op.forms.contains(&form)) {
            program.try_op(op.op);
        }
        program.note();
        program.main(Op::Return0);
        program
    }

    /// Adds an op to the main function.
    fn main(&mut self, op: Op) {
        self.functions[defined::MAIN as usize].push(Step::Op(op));
    }

    /// Records the depth of the host's stack.
    fn note(&mut self) {
        self.main(Op::CallImport {
            func: func::NOTE,
            frame: FRAME,
        });
    }

    /// Sets the first slots, and copies the first one to the registers of all banks.
    fn set(&mut self, values: [u64; slot::SET as usize]) {
        if values == [1; slot::SET as usize] {
            self.main(Op::CopyRange {
                from: slot::ONES,
                to: 0,
                count: slot::SET,
            });
        } else {
            for (i, value) in values.into_iter().enumerate() {
                self.main(Op::Copy {
                    bank: Bank::Int,
                    x: Src::Imm64(value),
                    d: Dst::Slot(8 * i as SlotOffset),
                });
            }
        }
        // If one kind of operands stands for all, they are slots.
        if self.extent != Extent::Shapes {
            self.set_registers();
        }
    }

    /// Sets the registers of all banks to the value of the first slot.
    fn set_registers(&mut self) {
        for bank in [Bank::Int, Bank::F32, Bank::F64] {
            self.main(Op::Copy {
                bank,
                x: Src::Slot(0),
                d: Dst::Acc,
            });
            self.main(Op::LoadPin { bank, home: 0 });
        }
    }

    /// Adds an op with operands on which it does not trap: all 1, unless listed here.
    fn try_op(&mut self, op: Op) {
        let one = [1; slot::SET as usize];
        match op {
            // Ends execution, so it cannot leave anything behind.
            Op::Unreachable => {}
            // One handler does all of them, at an aligned address.
            Op::Atomic {
                op: Opcode::I32AtomicLoad,
                ..
            } => self.try_with([0; 5], op),
            Op::Atomic { .. } => {}
            Op::Unop {
                op: Opcode::I31GetS | Opcode::I31GetU,
                ..
            } => self.try_with([i31(1); 5], op),
            Op::ZeroManyLocals { .. } => self.main(Op::ZeroManyLocals { count: 9 }),
            Op::Canonical { .. } => self.try_canonical(op),
            Op::Charge { .. } => {
                for _ in 0..3 {
                    self.main(Op::Charge { cost: MUCH });
                }
            }
            Op::StructGet { .. }
            | Op::StructSet { .. }
            | Op::ArrayLen { .. }
            | Op::RefTest { .. }
            | Op::RefCast { .. } => self.try_with([self.names.array; 5], op),
            Op::ArrayGet { op, i, d, .. } => {
                let x = slot::SECOND;
                self.try_with([1, self.names.array, 1, 1, 1], Op::ArrayGet { op, x, i, d });
            }
            Op::ArraySet { op, value, .. } => {
                let (x, i) = (slot::SECOND, 0);
                let op = Op::ArraySet { op, x, i, value };
                self.try_with([1, self.names.array, 1, 1, 1], op);
            }
            Op::Object { op, at, .. } => {
                let (operands, a, b) = self.runtime_operands(op);
                self.try_with(operands, Op::Object { op, a, b, at });
            }
            Op::Runtime { op, at, .. } => {
                let (operands, a, b) = self.runtime_operands(op);
                self.try_with(operands, Op::Runtime { op, a, b, at });
            }
            Op::Bulk { op, at, .. } => {
                let (operands, a, b) = self.runtime_operands(op);
                // The cost exceeds one slice.
                let cost = MUCH;
                for _ in 0..3 {
                    self.try_with(operands, Op::Bulk { op, cost, a, b, at });
                }
            }
            _ if op.comes_back() => self.try_call(op),
            _ if op.charges().is_some() => {
                let op = match op {
                    Op::ThrowRef { cost, .. } => Op::ThrowRef { cost, x: slot::EXN },
                    other => other,
                };
                self.functions[defined::MAIN as usize].push(Step::Caught(op));
            }
            _ if op.targets() > 0 => {
                // Run it both ways; the code behind has to be paid for.
                for value in [0, 1] {
                    self.try_with([value; 5], op);
                    self.functions[defined::MAIN as usize].push(Step::Spend(MUCH));
                }
            }
            _ if op.leaves() => self.try_leaving(op),
            _ => self.try_with(one, op),
        }
    }

    /// Adds an op whose operands are in the first slots and in the registers.
    fn try_with(&mut self, values: [u64; slot::SET as usize], op: Op) {
        self.set(values);
        self.main(op);
    }

    /// Adds an op that makes NaNs canonical, for numbers and for NaNs.
    fn try_canonical(&mut self, op: Op) {
        for byte in [0, 0xff] {
            let (bytes, d) = ([byte; 16], Dst::Slot(0));
            self.main(Op::Constant { bytes, d });
            self.set_registers();
            self.main(op);
        }
    }

    /// Adds calls of everything that an op can call.
    fn try_call(&mut self, op: Op) {
        let Names {
            func, func_type, ..
        } = self.names;
        match op {
            Op::CallImport { .. } => {
                for func in [func::NOTE, func::FAR] {
                    self.main(Op::CallImport { func, frame: FRAME });
                }
                let op = Op::CallImport {
                    func: func::THROW,
                    frame: FRAME,
                };
                self.functions[defined::MAIN as usize].push(Step::Caught(op));
            }
            Op::CallIndirect { x, .. } => {
                for table in [0, 1] {
                    let op = Op::CallIndirect {
                        x,
                        table,
                        ty: func_type,
                        frame: FRAME,
                    };
                    self.try_with([1; 5], op);
                }
            }
            Op::CallRef { x, .. } => self.try_with([func; 5], Op::CallRef { x, frame: FRAME }),
            _ => self.call(defined::NOTHING),
        }
    }

    /// Adds an op that leaves its function.
    fn try_leaving(&mut self, op: Op) {
        let (table, ty, tail) = (0, self.names.func_type, TAIL);
        match op {
            Op::ReturnCall { .. } => {
                let defined = defined::NOTHING;
                self.leave([1; 5], Op::ReturnCall { defined, tail });
            }
            Op::ReturnCallImport { .. } => {
                for func in [func::NOTE, func::FAR] {
                    self.leave([1; 5], Op::ReturnCallImport { func, tail });
                }
            }
            Op::ReturnCallIndirect { x, .. } => {
                self.leave([1; 5], Op::ReturnCallIndirect { x, table, ty, tail });
            }
            Op::ReturnCallRef { x, .. } => {
                self.leave([self.names.func; 5], Op::ReturnCallRef { x, tail });
            }
            _ => self.leave([1; 5], op),
        }
    }

    /// Operands and numbers for an op of the runtime.
    fn runtime_operands(&self, op: Opcode) -> ([u64; slot::SET as usize], u32, u32) {
        let Names {
            array,
            struct_type,
            array_type,
            ..
        } = self.names;
        let storage = crate::code::layout::Storage::Bits64 as u32;
        let (a, b) = match op {
            Opcode::DataDrop | Opcode::ElemDrop => (1, 0),
            Opcode::StructNew | Opcode::StructNewDefault => (struct_type, 0),
            Opcode::ArrayNew
            | Opcode::ArrayNewDefault
            | Opcode::ArrayNewFixed
            | Opcode::ArrayNewData
            | Opcode::ArrayNewElem => (array_type, 0),
            Opcode::ArrayInitData => (storage, 0),
            Opcode::StructGet
            | Opcode::StructSet
            | Opcode::ArrayGet
            | Opcode::ArraySet
            | Opcode::ArrayFill
            | Opcode::ArrayCopy => (0, storage),
            _ => (0, 0),
        };
        let operands = match op {
            Opcode::ArrayCopy => [array, 1, array, 1, 1],
            Opcode::StructGet
            | Opcode::StructSet
            | Opcode::ArrayGet
            | Opcode::ArraySet
            | Opcode::ArrayFill
            | Opcode::ArrayInitData
            | Opcode::ArrayInitElem => [array, 1, 1, 1, 1],
            _ => [1; 5],
        };
        (operands, a, b)
    }

    /// Calls a function that the program defines.
    fn call(&mut self, defined: u32) {
        let delta = DELTA;
        self.main(Op::Call { defined, delta });
    }

    /// Adds an op that leaves its function: in a function of its own, which is called.
    fn leave(&mut self, values: [u64; slot::SET as usize], op: Op) {
        let defined = self.functions.len() as u32;
        self.functions.push(Vec::new());
        // Stand in for the main function for a moment.
        self.functions
            .swap(defined::MAIN as usize, defined as usize);
        self.main(Op::CopyRange {
            from: 0,
            to: 0,
            count: 0,
        });
        for (i, value) in values.into_iter().enumerate() {
            self.main(Op::Copy {
                bank: Bank::Int,
                x: Src::Imm64(value),
                d: Dst::Slot(8 * i as SlotOffset),
            });
        }
        self.set_registers();
        self.main(op);
        self.functions
            .swap(defined::MAIN as usize, defined as usize);
        self.call(defined);
    }

    /// The code of a function in a form.
    fn build(&self, defined: u32, form: Form) -> Result<Code, LowerError> {
        let mut builder = Builder::new(self.select, form, 0, false);
        let mut catches = Catches::default();
        let mut landings = Vec::new();
        for step in &self.functions[defined as usize] {
            match step {
                Step::Op(op) => put(&mut builder, op),
                Step::Caught(op) => {
                    let region = catches.open(builder.here());
                    let landing = landings.len() as u32;
                    catches.clause(region, None, landing, 0, Some(slot::EXN));
                    put(&mut builder, op);
                    catches.close(builder.here());
                    builder.point();
                    landings.push(builder.here());
                }
                Step::Spend(cost) => match form {
                    Form::Plain => {}
                    Form::Net => builder.spend(*cost),
                    Form::Exact => put(&mut builder, &Op::Charge { cost: *cost }),
                },
            }
        }
        catches.finish(&landings);
        let (code, _) = builder.finish(slot::FRAME, [None; 3], catches)?;
        Ok(code)
    }
}

/// The frame of a call without arguments.
const FRAME: CallFrame = CallFrame {
    delta: DELTA,
    params: 0,
    slots: 0,
};

/// As above, for a call that replaces the current one.
const TAIL: TailFrame = TailFrame {
    from: 0,
    to: -(super::machine::RECORD_BYTES as SlotOffset),
    params: 0,
    slots: 0,
};

/// Appends an op whose targets are the code behind it.
fn put(builder: &mut Builder, op: &Op) {
    if op.charges().is_some() {
        return builder.charging_op(op, At::default());
    }
    let tally = builder.tally();
    builder.op(op, At { offset: 0, tally });
    let mut waiting = Default::default();
    for _ in 0..op.targets() {
        builder.target_later(&mut waiting);
    }
    if op.leaves() && !op.comes_back() {
        builder.end_superblock();
    }
    if op.targets() > 0 {
        builder.place(waiting);
    }
}

impl Source for Program {
    fn lower(&self, defined: u32) -> Result<Code, LowerError> {
        self.build(defined, self.form)
    }

    fn exact(&self, defined: u32) -> Result<Code, LowerError> {
        self.build(defined, Form::Exact)
    }

    fn access(&self, _: u32, _: usize) -> Option<MemAccess> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handler_leaves_the_stack_of_the_host_alone() {
        assert_eq!(is_flat(select::select, Extent::Handlers), Some(true));
    }

    #[test]
    fn an_engine_finds_out_from_one_handler_of_each_shape() {
        assert_eq!(is_flat(select::select, Extent::Shapes), Some(true));
        assert!(dispatch_is_flat());
    }

    #[test]
    #[cfg(tail_dispatch)]
    fn a_handler_that_leaves_something_on_the_stack_is_noticed() {
        fn lossy(op: &Op, form: Form) -> crate::code::builder::HandlerCells {
            match op {
                Op::Nop => crate::exec::dispatch::handler_cells(handlers::lost),
                _ => select::select(op, form),
            }
        }
        assert_eq!(is_flat(lossy, Extent::Shapes), Some(false));
    }

    #[test]
    fn the_program_has_thousands_of_handlers_and_some_hundred_shapes() {
        let names = Names {
            array: 1,
            func: 1,
            func_type: 0,
            struct_type: 0,
            array_type: 0,
        };
        // The steps that prepare an op are copies, of which there are few kinds.
        let count = |extent| {
            let program = Program::new(select::select, Form::Plain, extent, names, &ops(extent));
            let steps = program.functions.iter().flatten();
            let ops = steps.filter(|step| {
                !matches!(
                    step,
                    Step::Op(Op::Copy { .. } | Op::CopyRange { .. } | Op::LoadPin { .. })
                )
            });
            ops.count()
        };
        let (shapes, handlers) = (count(Extent::Shapes), count(Extent::Handlers));
        assert!(shapes > 700, "{shapes}");
        assert!(handlers > 5000, "{handlers}");
    }
}
