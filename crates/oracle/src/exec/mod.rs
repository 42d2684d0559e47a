//! The machine: one thread of computation as three explicit stacks, and the step that executes one instruction.
//!
//! The comments name the specification's rules only where a reader could expect something else. Each topic has a file with
//! its instructions, and their work: the cost beyond their 1. Only work that will be done is charged, so an instruction that
//! is going to trap or to be refused has none.

mod control;
mod exceptions;
mod memory;
mod objects;
mod reference;
mod tables;

use std::rc::Rc;

use crate::decode::Code;
use crate::instr::{Catch, Control, Instr, Variable};
use crate::value::{FuncAddr, Ref, Stop, Value};
use crate::{FuncKind, Oracle};

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

/// The facts about an enclosing block that a branch needs.
struct Label {
    /// Values that a branch to it carries.
    arity: usize,
    /// Height of the value stack below the block's own values.
    height: usize,
    /// The instruction at which a branch continues.
    target: usize,
    /// A branch to a loop leaves its label in place.
    is_loop: bool,
    /// The exceptions that the block catches.
    catches: Rc<[Catch]>,
}

impl Thread {
    fn new(values: Vec<Value>) -> Thread {
        Thread {
            values,
            frames: Vec::new(),
            locals: 0,
        }
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("a running thread has a frame")
    }

    fn instance(&self) -> usize {
        let frame = self.frames.last();
        frame.expect("a running thread has a frame").instance
    }

    fn push(&mut self, value: Value) {
        self.values.push(value);
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
        index(self.pop())
    }

    fn pop_ref(&mut self) -> Ref {
        reference(self.pop())
    }

    /// The operand with `above` others above it.
    fn peek(&self, above: usize) -> Value {
        self.values[self.values.len() - 1 - above]
    }

    fn peek_index(&self, above: usize) -> u64 {
        index(self.peek(above))
    }

    fn peek_ref(&self, above: usize) -> Ref {
        reference(self.peek(above))
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
            ..
        } = frame.labels[index];
        frame
            .labels
            .truncate(if is_loop { index + 1 } else { index });
        frame.next = target;
        self.unwind(height, arity);
    }
}

/// An address, index or count, of 32 or 64 bits.
fn index(value: Value) -> u64 {
    match value {
        Value::I32(value) => value.into(),
        Value::I64(value) => value,
        other => unreachable!("validated: an integer, not {other:?}"),
    }
}

fn reference(value: Value) -> Ref {
    match value {
        Value::Ref(reference) => reference,
        other => unreachable!("validated: a reference, not {other:?}"),
    }
}

impl Oracle {
    /// Runs a function from the host; `Err(OutOfFuel)` leaves it suspended.
    pub(crate) fn start(&mut self, func: FuncAddr, args: &[Value]) -> Result<Vec<Value>, Stop> {
        let mut thread = Thread::new(args.to_vec());
        self.enter(&mut thread, func)?;
        self.run(thread)
    }

    /// Runs a constant expression.
    pub(crate) fn run_expr(&mut self, instance: usize, code: Rc<Code>) -> Result<Vec<Value>, Stop> {
        let mut thread = Thread::new(Vec::new());
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
        if !frame.entered {
            self.charge(frame.code.locals.len() as u64 / 64)?;
            frame.entered = true;
            return Ok(());
        }
        let code = Rc::clone(&frame.code);
        let op = &code.instrs[frame.next];
        self.charge(self.cost(thread, &op.instr))?;
        self.executed[op.kind as usize] += 1;
        thread.frame().next += 1;
        self.execute(thread, &op.instr)
    }

    fn charge(&mut self, cost: u64) -> Result<(), Stop> {
        self.fuel = self.fuel.checked_sub(cost).ok_or(Stop::OutOfFuel)?;
        Ok(())
    }

    /// The cost of the instruction.
    fn cost(&self, thread: &Thread, instr: &Instr) -> u64 {
        let work = match instr {
            Instr::Control(
                Control::Nop
                | Control::Block { .. }
                | Control::Loop { .. }
                | Control::TryTable { .. }
                | Control::Else { .. }
                | Control::End,
            ) => return 0,
            Instr::Control(control) => self.control_work(thread, control),
            Instr::Memory(memory) => self.memory_work(thread, memory),
            Instr::Table(table) => self.table_work(thread, table),
            Instr::Object(object) => self.object_work(thread, *object),
            _ => 0,
        };
        work.saturating_add(1)
    }

    fn execute(&mut self, thread: &mut Thread, instr: &Instr) -> Result<(), Stop> {
        match instr {
            Instr::Control(control) => self.execute_control(thread, control)?,
            Instr::Variable(variable) => self.execute_variable(thread, variable),
            Instr::Table(table) => self.execute_table(thread, table)?,
            Instr::Memory(memory) => self.execute_memory(thread, memory)?,
            Instr::Reference(reference) => self.execute_reference(thread, reference)?,
            Instr::Object(object) => self.execute_object(thread, *object)?,
            Instr::Drop => {
                thread.pop();
            }
            Instr::Select => {
                let condition = thread.pop_i32();
                let (second, first) = (thread.pop(), thread.pop());
                thread.push(if condition != 0 { first } else { second });
            }
            Instr::Const(value) => thread.push(*value),
            Instr::Numeric(numeric) => {
                let operands = thread.pop_many(numeric.arity());
                let (value, is_open) = numeric.apply(&operands)?;
                self.made_nan |= is_open;
                self.resized_nan |= is_open && numeric.resizes();
                thread.push(value);
            }
            Instr::Vector(vector) => {
                let operands = thread.pop_many(vector.arity());
                let (value, is_open) = vector.apply(&operands)?;
                self.made_nan |= is_open;
                self.resized_nan |= is_open && vector.is_forgotten();
                thread.push(value);
            }
        }
        Ok(())
    }

    fn execute_variable(&mut self, thread: &mut Thread, variable: &Variable) {
        match *variable {
            Variable::LocalGet(index) => {
                let value = thread.frame().locals[index as usize];
                thread.push(value);
            }
            Variable::LocalSet(index) => {
                let value = thread.pop();
                self.set_local(thread, index, value);
            }
            Variable::LocalTee(index) => {
                let value = thread.pop();
                self.set_local(thread, index, value);
                thread.push(value);
            }
            Variable::GlobalGet(index) => {
                let addr = self.instances[thread.instance()].globals[index as usize];
                thread.push(self.globals[addr.0].value);
            }
            Variable::GlobalSet(index) => {
                let addr = self.instances[thread.instance()].globals[index as usize];
                let value = thread.pop();
                let global = &self.globals[addr.0];
                assert!(
                    global.mutable && self.has_type(value, global.ty),
                    "validated: global.set"
                );
                self.globals[addr.0].value = value;
            }
        }
    }

    fn set_local(&self, thread: &mut Thread, index: u32, value: Value) {
        let frame = thread.frame();
        let index = index as usize;
        let params = &frame.code.params;
        let ty = match params.get(index) {
            Some(&ty) => ty,
            None => frame.code.locals[index - params.len()],
        };
        assert!(self.has_type(value, ty), "validated: the type of a local");
        frame.locals[index] = value;
    }

    /// Calls a function with the arguments on the stack: a frame for a function of Wasm, the results for one of the host.
    fn enter(&mut self, thread: &mut Thread, func: FuncAddr) -> Result<(), Stop> {
        let ty = self.func_type(func).clone();
        let args = thread.pop_many(ty.params.len());
        assert!(self.have_types(&args, &ty.params), "validated: arguments");
        match &self.funcs[func.0].kind {
            FuncKind::Host(host) => {
                let host = Rc::clone(host);
                let values = host(self, &args)?;
                assert!(
                    self.have_types(&values, &ty.results),
                    "a host function returned {values:?} for {:?}",
                    ty.results
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

    /// Calls a function, in place of the current one if it is a tail call.
    fn call_from(&mut self, thread: &mut Thread, func: FuncAddr, tail: bool) -> Result<(), Stop> {
        if tail {
            let count = self.func_type(func).params.len();
            let frame = thread.pop_frame();
            thread.unwind(frame.base, count);
        }
        self.enter(thread, func)
    }
}
