//! The machine: one thread of computation as three explicit stacks, and the step that executes one instruction.
//!
//! The comments name the specification's rules only where a reader could expect something else.

use std::rc::Rc;

use crate::decode::{Code, Instr};
use crate::value::{FuncAddr, FuncType, Stop, TableAddr, Trap, ValType, Value};
use crate::{FuncKind, MemAddr, Oracle, PAGE};

/// A computation, which may be suspended between any two steps.
pub(crate) struct Thread {
    values: Vec<Value>,
    frames: Vec<Frame>,
    /// Locals of all frames together, for the limit on values.
    locals: usize,
}

/// An activation of a function, or a constant expression under evaluation.
struct Frame {
    instance: usize,
    code: Rc<Code>,
    /// The instruction to execute next.
    next: usize,
    /// Whether the step of entering the function was paid.
    entered: bool,
    locals: Vec<Value>,
    labels: Vec<Label>,
    /// Height of the value stack below this frame's values.
    base: usize,
}

/// What a branch needs to know of an enclosing block.
struct Label {
    /// Values that a branch to it carries.
    arity: usize,
    /// Height of the value stack below the block's own values.
    height: usize,
    /// Where a branch goes on.
    target: usize,
    /// A branch to a loop leaves its label in place.
    is_loop: bool,
}

impl Thread {
    fn frame(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("a running thread has a frame")
    }

    fn pop(&mut self) -> Value {
        self.values.pop().expect("validated: an operand is there")
    }

    fn pop_i32(&mut self) -> u32 {
        match self.pop() {
            Value::I32(value) => value,
            other => unreachable!("validated: an i32, not {other:?}"),
        }
    }

    /// An address, index or count, of 32 or 64 bits.
    fn pop_index(&mut self) -> u64 {
        match self.pop() {
            Value::I32(value) => value.into(),
            Value::I64(value) => value,
            other => unreachable!("validated: an integer, not {other:?}"),
        }
    }

    /// The `count` topmost values, in order.
    fn pop_many(&mut self, count: usize) -> Vec<Value> {
        self.values.split_off(self.values.len() - count)
    }

    /// Keeps the `arity` topmost values and drops those below, down to `height`.
    fn unwind(&mut self, height: usize, arity: usize) {
        let kept = self.pop_many(arity);
        assert!(
            self.values.len() >= height,
            "validated: the block's own values are above its height"
        );
        self.values.truncate(height);
        self.values.extend(kept);
    }

    fn pop_frame(&mut self) -> Frame {
        let frame = self.frames.pop().expect("a running thread has a frame");
        self.locals -= frame.locals.len();
        frame
    }

    fn return_from_function(&mut self) {
        let frame = self.pop_frame();
        self.unwind(frame.base, frame.code.results);
    }

    fn branch(&mut self, depth: u32) {
        let frame = self.frame();
        let Some(index) = frame.labels.len().checked_sub(depth as usize + 1) else {
            // The outermost label is the function's own.
            return self.return_from_function();
        };
        let Label {
            arity,
            height,
            target,
            is_loop,
        } = frame.labels[index];
        frame
            .labels
            .truncate(if is_loop { index + 1 } else { index });
        frame.next = target;
        self.unwind(height, arity);
    }
}

impl Oracle {
    /// Runs a function from the host; `Err(OutOfFuel)` leaves it suspended.
    pub(crate) fn start(&mut self, func: FuncAddr, args: &[Value]) -> Result<Vec<Value>, Stop> {
        let mut thread = Thread {
            values: args.to_vec(),
            frames: Vec::new(),
            locals: 0,
        };
        self.enter(&mut thread, func)?;
        self.run(thread)
    }

    /// Runs a constant expression.
    pub(crate) fn run_expr(&mut self, instance: usize, code: Rc<Code>) -> Result<Vec<Value>, Stop> {
        let mut thread = Thread {
            values: Vec::new(),
            frames: Vec::new(),
            locals: 0,
        };
        thread.frames.push(Frame {
            instance,
            code,
            next: 0,
            entered: true,
            locals: Vec::new(),
            labels: Vec::new(),
            base: 0,
        });
        self.run(thread)
    }

    /// Steps until the last frame is gone.
    pub(crate) fn run(&mut self, mut thread: Thread) -> Result<Vec<Value>, Stop> {
        while !thread.frames.is_empty() {
            match self.step(&mut thread) {
                Ok(()) => {}
                Err(Stop::OutOfFuel) => {
                    self.suspended = Some(thread);
                    return Err(Stop::OutOfFuel);
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(thread.values)
    }

    /// One step: enter the function that was called, or execute one instruction.
    fn step(&mut self, thread: &mut Thread) -> Result<(), Stop> {
        if thread.values.len() + thread.locals > self.limits.values {
            return Err(Stop::CallDepth);
        }
        let frame = thread.frame();
        let instance = frame.instance;
        if !frame.entered {
            self.charge(frame.code.locals.len() as u64 / 64)?;
            frame.entered = true;
            return Ok(());
        }
        let code = Rc::clone(&frame.code);
        let instr = &code.instrs[frame.next];
        let work = self.work(instance, instr, &thread.values);
        self.charge(flat_cost(instr) + work)?;
        thread.frame().next += 1;
        self.execute(thread, instr)
    }

    fn charge(&mut self, cost: u64) -> Result<(), Stop> {
        self.fuel = self.fuel.checked_sub(cost).ok_or(Stop::OutOfFuel)?;
        Ok(())
    }

    fn execute(&mut self, thread: &mut Thread, instr: &Instr) -> Result<(), Stop> {
        let instance = thread.frame().instance;
        match *instr {
            Instr::Unreachable => return Err(Trap::Unreachable.into()),
            Instr::Nop => {}
            Instr::Block {
                params,
                results,
                end,
            } => {
                let height = thread.values.len() - params;
                let label = Label {
                    arity: results,
                    height,
                    target: end + 1,
                    is_loop: false,
                };
                thread.frame().labels.push(label);
            }
            Instr::Loop { params } => {
                let height = thread.values.len() - params;
                let target = thread.frame().next;
                thread.frame().labels.push(Label {
                    arity: params,
                    height,
                    target,
                    is_loop: true,
                });
            }
            Instr::If {
                params,
                results,
                otherwise,
                end,
            } => {
                let condition = thread.pop_i32();
                let height = thread.values.len() - params;
                let label = Label {
                    arity: results,
                    height,
                    target: end + 1,
                    is_loop: false,
                };
                thread.frame().labels.push(label);
                if condition == 0 {
                    thread.frame().next = otherwise;
                }
            }
            // Reached at the end of the first arm: go on at the `end`, which pops the label.
            Instr::Else { end } => thread.frame().next = end,
            Instr::End => {
                if thread.frame().labels.pop().is_none() {
                    thread.return_from_function();
                }
            }
            Instr::Br(depth) => thread.branch(depth),
            Instr::BrIf(depth) => {
                if thread.pop_i32() != 0 {
                    thread.branch(depth);
                }
            }
            Instr::BrTable(ref labels) => {
                let index = thread.pop_i32() as usize;
                thread.branch(labels[index.min(labels.len() - 1)]);
            }
            Instr::Return => thread.return_from_function(),
            Instr::Call(index) => {
                let func = self.instances[instance].funcs[index as usize];
                self.enter(thread, func)?;
            }
            Instr::CallIndirect { ty, table } => {
                let func = self.indirect_callee(thread, instance, ty, table)?;
                self.enter(thread, func)?;
            }
            Instr::ReturnCall(index) => {
                let func = self.instances[instance].funcs[index as usize];
                self.enter_in_place(thread, func)?;
            }
            Instr::ReturnCallIndirect { ty, table } => {
                let func = self.indirect_callee(thread, instance, ty, table)?;
                self.enter_in_place(thread, func)?;
            }
            Instr::Drop => {
                thread.pop();
            }
            Instr::Select => {
                let condition = thread.pop_i32();
                let (second, first) = (thread.pop(), thread.pop());
                thread
                    .values
                    .push(if condition != 0 { first } else { second });
            }
            Instr::LocalGet(index) => {
                let value = thread.frame().locals[index as usize];
                thread.values.push(value);
            }
            Instr::LocalSet(index) => {
                let value = thread.pop();
                set_local(thread, index, value);
            }
            Instr::LocalTee(index) => {
                let value = thread.pop();
                set_local(thread, index, value);
                thread.values.push(value);
            }
            Instr::GlobalGet(index) => {
                let addr = self.instances[instance].globals[index as usize];
                thread.values.push(self.globals[addr.0].value);
            }
            Instr::GlobalSet(index) => {
                let addr = self.instances[instance].globals[index as usize];
                let value = thread.pop();
                let global = &mut self.globals[addr.0];
                assert!(
                    global.mutable && global.value.ty() == value.ty(),
                    "validated: global.set"
                );
                global.value = value;
            }
            Instr::TableGet(table) => {
                let index = thread.pop_index();
                let elements = self.elements(instance, table);
                thread.values.push(part(elements, index, 1)?[0]);
            }
            Instr::TableSet(table) => {
                let value = thread.pop();
                let index = thread.pop_index();
                part(self.elements(instance, table), index, 1)?[0] = value;
            }
            Instr::TableSize(table) => {
                let addr = self.instances[instance].tables[table as usize];
                let table = &self.tables[addr.0];
                let size = table.elements.len() as u64;
                thread.values.push(size_value(table.is64, Some(size)));
            }
            Instr::TableGrow(table) => {
                let count = thread.pop_index();
                let value = thread.pop();
                let addr = self.instances[instance].tables[table as usize];
                let old = self.grow_table(addr, count, value);
                let is64 = self.tables[addr.0].is64;
                thread.values.push(size_value(is64, old));
            }
            Instr::TableFill(table) => {
                let count = thread.pop_index();
                let value = thread.pop();
                let at = thread.pop_index();
                part(self.elements(instance, table), at, count)?.fill(value);
            }
            Instr::TableCopy { dst, src } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let to = thread.pop_index();
                // A copy in between makes overlap a non-question.
                let moved = part(self.elements(instance, src), from, count)?.to_vec();
                part(self.elements(instance, dst), to, count)?.copy_from_slice(&moved);
            }
            Instr::TableInit { elem, table } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let to = thread.pop_index();
                let segment = &mut self.instances[instance].elems[elem as usize];
                let moved = part(segment, from, count)?.to_vec();
                part(self.elements(instance, table), to, count)?.copy_from_slice(&moved);
            }
            Instr::ElemDrop(elem) => self.instances[instance].elems[elem as usize].clear(),
            Instr::Load {
                ty,
                bytes,
                signed,
                memory,
                offset,
            } => {
                let at = thread.pop_index();
                let memory = self.memory_at(instance, memory);
                let raw = slice(memory, at, offset, u64::from(bytes))?;
                let value = (0..)
                    .zip(&*raw)
                    .map(|(i, &byte)| u64::from(byte) << (8 * i))
                    .sum();
                thread
                    .values
                    .push(Value::from_bits(ty, widened(ty, value, 8 * bytes, signed)));
            }
            Instr::Store {
                ty,
                bytes,
                memory,
                offset,
            } => {
                let value = thread.pop();
                assert_eq!(value.ty(), ty, "validated: the type of a stored value");
                let at = thread.pop_index();
                let memory = self.memory_at(instance, memory);
                let raw = slice(memory, at, offset, u64::from(bytes))?;
                for (i, byte) in (0..).zip(raw) {
                    *byte = (value.bits() >> (8 * i)) as u8;
                }
            }
            Instr::MemorySize(memory) => {
                let addr = self.instances[instance].mems[memory as usize];
                let memory = &self.mems[addr.0];
                let pages = (memory.bytes.len() / PAGE) as u64;
                thread.values.push(size_value(memory.is64, Some(pages)));
            }
            Instr::MemoryGrow(memory) => {
                let pages = thread.pop_index();
                let addr = self.instances[instance].mems[memory as usize];
                let old = self.grow_memory(addr, pages);
                let is64 = self.mems[addr.0].is64;
                thread.values.push(size_value(is64, old));
            }
            Instr::MemoryFill(memory) => {
                let count = thread.pop_index();
                let value = thread.pop_i32() as u8;
                let at = thread.pop_index();
                slice(self.memory_at(instance, memory), at, 0, count)?.fill(value);
            }
            Instr::MemoryCopy { dst, src } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let to = thread.pop_index();
                let moved = slice(self.memory_at(instance, src), from, 0, count)?.to_vec();
                slice(self.memory_at(instance, dst), to, 0, count)?.copy_from_slice(&moved);
            }
            Instr::MemoryInit { data, memory } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let to = thread.pop_index();
                let segment = &mut self.instances[instance].datas[data as usize];
                let moved = slice(segment, from, 0, count)?.to_vec();
                slice(self.memory_at(instance, memory), to, 0, count)?.copy_from_slice(&moved);
            }
            Instr::DataDrop(data) => self.instances[instance].datas[data as usize].clear(),
            Instr::Const(value) => thread.values.push(value),
            Instr::RefIsNull => {
                let is_null = thread.pop().is_null();
                thread.values.push(Value::I32(is_null.into()));
            }
            Instr::RefFunc(index) => {
                let func = self.instances[instance].funcs[index as usize];
                thread.values.push(Value::FuncRef(Some(func)));
            }
            Instr::Numeric(numeric) => {
                let operands = thread.pop_many(numeric.arity());
                let (value, is_open) = numeric.apply(&operands)?;
                self.made_nan |= is_open;
                self.resized_nan |= is_open && numeric.resizes();
                thread.values.push(value);
            }
        }
        Ok(())
    }

    /// Calls a function with the arguments on the stack: a frame for a function of Wasm, the results for one of the host.
    fn enter(&mut self, thread: &mut Thread, func: FuncAddr) -> Result<(), Stop> {
        let FuncType { params, results } = self.funcs[func.0].ty.clone();
        let args = thread.pop_many(params.len());
        assert!(
            params.iter().copied().eq(args.iter().map(|arg| arg.ty())),
            "validated: arguments"
        );
        match &self.funcs[func.0].kind {
            FuncKind::Host(host) => {
                let host = Rc::clone(host);
                let values = host(self, &args)?;
                assert!(
                    results
                        .iter()
                        .copied()
                        .eq(values.iter().map(|value| value.ty())),
                    "a host function returned {values:?} for {results:?}"
                );
                thread.values.extend(values);
            }
            FuncKind::Wasm { instance, code } => {
                if thread.frames.len() >= self.limits.frames {
                    return Err(Stop::CallDepth);
                }
                let mut locals = args;
                locals.extend(code.locals.iter().map(|ty| ty.zero()));
                thread.locals += locals.len();
                thread.frames.push(Frame {
                    instance: *instance,
                    code: Rc::clone(code),
                    next: 0,
                    entered: false,
                    locals,
                    labels: Vec::new(),
                    base: thread.values.len(),
                });
            }
        }
        Ok(())
    }

    /// Calls a function in place of the current one.
    fn enter_in_place(&mut self, thread: &mut Thread, func: FuncAddr) -> Result<(), Stop> {
        let count = self.funcs[func.0].ty.params.len();
        let frame = thread.pop_frame();
        thread.unwind(frame.base, count);
        self.enter(thread, func)
    }

    fn indirect_callee(
        &mut self,
        thread: &mut Thread,
        instance: usize,
        ty: u32,
        table: u32,
    ) -> Result<FuncAddr, Trap> {
        let index = thread.pop_index();
        let elements = self.elements(instance, table);
        match part(elements, index, 1).ok().map(|element| &element[0]) {
            None => Err(Trap::UndefinedElement),
            Some(Value::FuncRef(None)) => Err(Trap::UninitializedElement),
            Some(&Value::FuncRef(Some(func))) => {
                if self.funcs[func.0].ty == self.instances[instance].types[ty as usize] {
                    Ok(func)
                } else {
                    Err(Trap::IndirectCallTypeMismatch)
                }
            }
            Some(other) => unreachable!("validated: a table of functions, not {other:?}"),
        }
    }

    fn elements(&mut self, instance: usize, table: u32) -> &mut Vec<Value> {
        let addr = self.instances[instance].tables[table as usize];
        &mut self.tables[addr.0].elements
    }

    fn memory_at(&mut self, instance: usize, memory: u32) -> &mut [u8] {
        let addr = self.instances[instance].mems[memory as usize];
        &mut self.mems[addr.0].bytes
    }

    /// Whether a memory's type and the limits permit that it grows by so many pages.
    fn may_grow_memory(&self, addr: MemAddr, pages: u64) -> bool {
        let memory = &self.mems[addr.0];
        let old = (memory.bytes.len() / PAGE) as u64;
        let addressable = if memory.is64 { 1 << 48 } else { 1 << 16 };
        let most = memory.max.unwrap_or(addressable).min(self.limits.pages);
        old.checked_add(pages).is_some_and(|new| new <= most)
    }

    /// Whether a table's type and the limits permit that it grows by so many elements.
    fn may_grow_table(&self, addr: TableAddr, count: u64) -> bool {
        let table = &self.tables[addr.0];
        let old = table.elements.len() as u64;
        let most = table.max.unwrap_or(u32::MAX.into());
        let all: u64 = self
            .tables
            .iter()
            .map(|table| table.elements.len() as u64)
            .sum();
        let within = |sum: u64, most| sum.checked_add(count).is_some_and(|new| new <= most);
        within(old, most) && (count == 0 || within(all, self.limits.elements))
    }

    /// The old size in pages, if it could grow.
    fn grow_memory(&mut self, addr: MemAddr, pages: u64) -> Option<u64> {
        let may = self.may_grow_memory(addr, pages);
        let bytes = &mut self.mems[addr.0].bytes;
        let old = (bytes.len() / PAGE) as u64;
        may.then(|| {
            bytes.resize((old + pages) as usize * PAGE, 0);
            old
        })
    }

    /// The old size in elements, if it could grow.
    fn grow_table(&mut self, addr: TableAddr, count: u64, value: Value) -> Option<u64> {
        let may = self.may_grow_table(addr, count);
        let elements = &mut self.tables[addr.0].elements;
        let old = elements.len() as u64;
        may.then(|| {
            elements.resize((old + count) as usize, value);
            old
        })
    }

    /// What the work of an instruction costs beside the instruction: nothing where it traps or is refused, because only work that is done is
    /// charged. Its operands are on top of the stack.
    fn work(&self, instance: usize, instr: &Instr, values: &[Value]) -> u64 {
        let module = &self.instances[instance];
        // The operand that is so far from the top.
        let operand = |depth: usize| match values[values.len() - 1 - depth] {
            Value::I32(value) => u64::from(value),
            Value::I64(value) => value,
            other => unreachable!("validated: an integer, not {other:?}"),
        };
        let bytes = |memory: u32| self.mems[module.mems[memory as usize].0].bytes.len();
        let elements = |table: u32| self.tables[module.tables[table as usize].0].elements.len();
        let data = |data: u32| module.datas[data as usize].len();
        let elem = |elem: u32| module.elems[elem as usize].len();
        let fits = |at: u64, len: usize| u128::from(at) + u128::from(operand(0)) <= len as u128;
        let (will_be_done, per_fuel) = match *instr {
            Instr::MemoryFill(memory) => (fits(operand(2), bytes(memory)), 64),
            Instr::MemoryCopy { dst, src } => (
                fits(operand(2), bytes(dst)) && fits(operand(1), bytes(src)),
                64,
            ),
            Instr::MemoryInit { data: from, memory } => (
                fits(operand(2), bytes(memory)) && fits(operand(1), data(from)),
                64,
            ),
            Instr::MemoryGrow(memory) => (
                self.may_grow_memory(module.mems[memory as usize], operand(0)),
                1,
            ),
            Instr::TableFill(table) => (fits(operand(2), elements(table)), 8),
            Instr::TableCopy { dst, src } => (
                fits(operand(2), elements(dst)) && fits(operand(1), elements(src)),
                8,
            ),
            Instr::TableInit { elem: from, table } => (
                fits(operand(2), elements(table)) && fits(operand(1), elem(from)),
                8,
            ),
            Instr::TableGrow(table) => (
                self.may_grow_table(module.tables[table as usize], operand(0)),
                8,
            ),
            _ => return 0,
        };
        if will_be_done {
            operand(0) / per_fuel
        } else {
            0
        }
    }
}

/// A size as a value of an address type; -1 for none.
fn size_value(is64: bool, size: Option<u64>) -> Value {
    match is64 {
        true => Value::I64(size.unwrap_or(u64::MAX)),
        false => Value::I32(size.map_or(u32::MAX, |size| size as u32)),
    }
}

/// What each instruction of a kind costs, whatever work it does.
fn flat_cost(instr: &Instr) -> u64 {
    match instr {
        Instr::Nop | Instr::Block { .. } | Instr::Loop { .. } | Instr::Else { .. } | Instr::End => {
            0
        }
        _ => 1,
    }
}

fn set_local(thread: &mut Thread, index: u32, value: Value) {
    let local = &mut thread.frame().locals[index as usize];
    assert_eq!(local.ty(), value.ty(), "validated: the type of a local");
    *local = value;
}

/// `count` bytes from `at + offset` on, if they are all there.
fn slice(bytes: &mut [u8], at: u64, offset: u64, count: u64) -> Result<&mut [u8], Trap> {
    // In 128 bits no sum of these overflows.
    let start = u128::from(at) + u128::from(offset);
    let end = start + u128::from(count);
    if end > bytes.len() as u128 {
        return Err(Trap::OutOfBoundsMemoryAccess);
    }
    Ok(&mut bytes[start as usize..end as usize])
}

/// `count` elements from `at` on, if they are all there.
fn part(elements: &mut [Value], at: u64, count: u64) -> Result<&mut [Value], Trap> {
    let end = u128::from(at) + u128::from(count);
    if end > elements.len() as u128 {
        return Err(Trap::OutOfBoundsTableAccess);
    }
    Ok(&mut elements[at as usize..end as usize])
}

/// The low `width` bits as a number of type `ty`.
fn widened(ty: ValType, value: u64, width: u32, signed: bool) -> u64 {
    let negative = signed && value >> (width - 1) == 1;
    if !negative {
        return value;
    }
    // All bits above the loaded ones are set, up to the type's own width.
    let above = (width..ty.width()).map(|position| 1u64 << position);
    value + above.sum::<u64>()
}
