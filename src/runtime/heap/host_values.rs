//! Values of the host that references lead to. For each there is an object in the heap, which says where the value is.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::NoMemory;

/// A value of the host.
pub type HostValue = Box<dyn Any + Send + Sync>;

/// The values of a store.
#[derive(Debug, Default)]
pub struct HostValues {
    values: Vec<Option<HostValue>>,
    /// Positions without a value. There is room for all positions.
    free: Vec<u32>,
}

/// Bytes that a value takes, with what its position takes.
pub fn bytes(value: &HostValue) -> u64 {
    (size_of_val(&**value) + size_of::<Option<HostValue>>() + size_of::<u32>()) as u64
}

impl HostValues {
    /// Adds a value; returns its position.
    pub fn add(&mut self, value: HostValue) -> Result<u32, NoMemory> {
        if let Some(at) = self.free.pop() {
            self.values[at as usize] = Some(value);
            return Ok(at);
        }
        let at = u32::try_from(self.values.len()).map_err(|_| NoMemory)?;
        self.values.try_reserve(1).map_err(|_| NoMemory)?;
        let room = self.values.len() + 1;
        self.free.try_reserve(room).map_err(|_| NoMemory)?;
        self.values.push(Some(value));
        Ok(at)
    }

    /// The value at a position.
    pub fn get(&self, at: u32) -> Option<&(dyn Any + Send + Sync)> {
        self.values.get(at as usize)?.as_deref()
    }

    /// The value at a position, to be changed.
    pub fn get_mut(&mut self, at: u32) -> Option<&mut (dyn Any + Send + Sync)> {
        self.values.get_mut(at as usize)?.as_deref_mut()
    }

    /// Bytes that the value at a position takes.
    pub fn bytes(&self, at: u32) -> u64 {
        let value = self.values.get(at as usize).and_then(Option::as_ref);
        value.map_or(0, bytes)
    }

    /// Drops the value at a position.
    pub fn remove(&mut self, at: u32) {
        let value = self.values.get_mut(at as usize).and_then(Option::take);
        if let Some(value) = value {
            self.free.push(at);
            // Its destructor is the embedder's code. A panic must neither stop a collection half-way nor pass through handlers.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
                core::mem::forget(panic);
            }
        }
    }
}
