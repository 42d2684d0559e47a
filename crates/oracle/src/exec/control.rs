//! Blocks, branches and calls.

use std::rc::Rc;

use super::{Label, Thread};
use crate::Oracle;
use crate::instr::Control;
use crate::types::TypeId;
use crate::value::{FuncAddr, Ref, Stop, Trap, Value};

impl Thread {
    /// Enters a block with `params` parameters.
    fn open(&mut self, params: usize, mut label: Label) {
        label.height = self.values.len() - params;
        self.frame().labels.push(label);
    }
}

/// The label of a block, as far as it is known before the block is entered.
fn label(arity: usize, target: usize) -> Label {
    Label {
        arity,
        height: 0,
        target,
        is_loop: false,
        catches: Rc::new([]),
    }
}

impl Oracle {
    pub(super) fn control_work(&self, thread: &Thread, control: &Control) -> u64 {
        match *control {
            Control::Throw(tag) => {
                let tag = self.instances[thread.instance()].tags[tag as usize];
                self.throw_work(thread, tag)
            }
            Control::ThrowRef => match thread.peek_ref(0) {
                Ref::Exn(exn) => self.throw_work(thread, self.exceptions[exn.0].tag),
                _ => 0,
            },
            _ => 0,
        }
    }

    pub(super) fn execute_control(
        &mut self,
        thread: &mut Thread,
        control: &Control,
    ) -> Result<(), Stop> {
        match *control {
            Control::Unreachable => return Err(Trap::Unreachable.into()),
            Control::Nop => {}
            Control::Block {
                params,
                results,
                end,
            } => thread.open(params, label(results, end + 1)),
            Control::Loop { params } => {
                let target = thread.frame().next;
                let label = Label {
                    is_loop: true,
                    ..label(params, target)
                };
                thread.open(params, label);
            }
            Control::If {
                params,
                results,
                otherwise,
                end,
            } => {
                let condition = thread.pop_i32();
                thread.open(params, label(results, end + 1));
                if condition == 0 {
                    thread.frame().next = otherwise;
                }
            }
            Control::TryTable {
                params,
                results,
                end,
                ref catches,
            } => {
                let label = Label {
                    catches: Rc::clone(catches),
                    ..label(results, end + 1)
                };
                thread.open(params, label);
            }
            // Reached from the first branch of an `if`.
            Control::Else { end } => thread.frame().next = end,
            Control::End => {
                if thread.frame().labels.pop().is_none() {
                    thread.return_from_function();
                }
            }
            Control::Br(depth) => thread.branch(depth),
            Control::BrIf(depth) => {
                if thread.pop_i32() != 0 {
                    thread.branch(depth);
                }
            }
            Control::BrTable(ref labels) => {
                let index = thread.pop_i32() as usize;
                let depth = labels[index.min(labels.len() - 1)];
                thread.branch(depth);
            }
            Control::BrOnNull(depth) => {
                let reference = thread.pop_ref();
                if reference == Ref::Null {
                    thread.branch(depth);
                } else {
                    thread.push(Value::Ref(reference));
                }
            }
            Control::BrOnNonNull(depth) => {
                let reference = thread.pop_ref();
                if reference != Ref::Null {
                    thread.push(Value::Ref(reference));
                    thread.branch(depth);
                }
            }
            Control::BrOnCast {
                label,
                ty,
                if_it_has,
            } => {
                if self.ref_has_type(thread.peek_ref(0), ty) == if_it_has {
                    thread.branch(label);
                }
            }
            Control::Return => thread.return_from_function(),
            Control::Throw(tag) => {
                let tag = self.instances[thread.instance()].tags[tag as usize];
                let count = self.types.func(self.tags[tag.0]).params.len();
                let values = thread.pop_many(count);
                let exn = self.alloc_exception(tag, values);
                self.throw(thread, exn)?;
            }
            Control::ThrowRef => match thread.pop_ref() {
                Ref::Exn(exn) => self.throw(thread, exn)?,
                _ => return Err(Trap::NullReference.into()),
            },
            Control::Call { func, tail } => {
                let func = self.instances[thread.instance()].funcs[func as usize];
                self.call_from(thread, func, tail)?;
            }
            Control::CallIndirect { ty, table, tail } => {
                let func = self.indirect_callee(thread, ty, table)?;
                self.call_from(thread, func, tail)?;
            }
            Control::CallRef { tail } => match thread.pop_ref() {
                Ref::Func(func) => self.call_from(thread, func, tail)?,
                _ => return Err(Trap::NullReference.into()),
            },
        }
        Ok(())
    }

    fn indirect_callee(
        &self,
        thread: &mut Thread,
        ty: TypeId,
        table: u32,
    ) -> Result<FuncAddr, Trap> {
        let index = thread.pop_index();
        let addr = self.instances[thread.instance()].tables[table as usize];
        let elements = &self.tables[addr.0].elements;
        let element = usize::try_from(index).ok().and_then(|at| elements.get(at));
        match element {
            None => Err(Trap::UndefinedElement),
            Some(&Value::NULL) => Err(Trap::UninitializedElement),
            Some(&Value::Ref(Ref::Func(func))) => {
                if self.types.is_subtype(self.funcs[func.0].ty, ty) {
                    Ok(func)
                } else {
                    Err(Trap::IndirectCallTypeMismatch)
                }
            }
            Some(other) => unreachable!("validated: a table of functions, not {other:?}"),
        }
    }
}
