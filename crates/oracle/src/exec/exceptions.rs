//! Exceptions: the clauses that catch them, and the cost of the search.

use super::Thread;
use crate::instr::Catch;
use crate::value::{ExnAddr, Ref, Stop, TagAddr, Value};
use crate::{ExnInst, Oracle};

/// Number of tested clauses that cost one.
const CLAUSES_PER_FUEL: u64 = 8;

/// A clause that catches an exception.
struct Catcher {
    /// The number of its frame.
    frame: usize,
    /// The number of the label of its block in that frame.
    label: usize,
    catch: Catch,
}

impl Oracle {
    pub(super) fn alloc_exception(&mut self, tag: TagAddr, values: Vec<Value>) -> ExnAddr {
        let ty = self.types.func(self.tags[tag.0]);
        assert!(self.have_types(&values, &ty.params), "validated: a payload");
        self.exceptions.push(ExnInst { tag, values });
        ExnAddr(self.exceptions.len() - 1)
    }

    /// Finds the clause that catches exceptions of a tag, and counts the tested clauses, including the one that catches.
    fn find_catcher(&self, thread: &Thread, tag: TagAddr) -> (Option<Catcher>, u64) {
        let mut seen = 0;
        for (number, frame) in thread.frames.iter().enumerate().rev() {
            let tags = &self.instances[frame.instance].tags;
            for (label, block) in frame.labels.iter().enumerate().rev() {
                for &catch in &*block.catches {
                    seen += 1;
                    if catch.tag.is_none_or(|index| tags[index as usize] == tag) {
                        let catcher = Catcher {
                            frame: number,
                            label,
                            catch,
                        };
                        return (Some(catcher), seen);
                    }
                }
            }
        }
        (None, seen)
    }

    pub(super) fn throw_work(&self, thread: &Thread, tag: TagAddr) -> u64 {
        self.find_catcher(thread, tag).1 / CLAUSES_PER_FUEL
    }

    /// Throws an exception: continues where it is caught.
    pub(super) fn throw(&self, thread: &mut Thread, exn: ExnAddr) -> Result<(), Stop> {
        let ExnInst { tag, values } = &self.exceptions[exn.0];
        let Some(catcher) = self.find_catcher(thread, *tag).0 else {
            return Err(Stop::Exception(*tag, values.clone()));
        };
        while thread.frames.len() > catcher.frame + 1 {
            thread.pop_frame();
        }
        // The clause's label is one outside of the block that catches.
        thread.frame().labels.truncate(catcher.label);
        if catcher.catch.tag.is_some() {
            thread.values.extend(values);
        }
        if catcher.catch.with_ref {
            thread.push(Value::Ref(Ref::Exn(exn)));
        }
        thread.branch(catcher.catch.label);
        Ok(())
    }
}
