//! The collector: marks what can be reached, and frees the rest.
//!
//! It is precise about objects, whose types say where references are. Of a slot of the value stack nobody knows whether it is in use, or
//! a number that looks like a reference; taking it for one does no harm, because nothing moves. It does not recurse, and its memory is
//! allocated before it starts, so it ends what it began.

use super::types::{Shape, TypeCache};
use super::{
    CollectionStats, EXCEPTION, FREE, Heap, LEAST, NO_PLACE, NoMemory, OVERHEAD, Object, ObjectAddr,
};
use crate::code::layout::Storage;

/// Marks objects as being in use.
pub struct Marker<'h> {
    objects: &'h [Object],
    types: &'h TypeCache,
    /// A bit for each object.
    marks: Vec<u64>,
    /// Marked objects whose references have not been followed yet. Each object is put here once at most, so there is room.
    pending: Vec<u32>,
    /// How many slots have been looked at.
    seen: u64,
}

impl Marker<'_> {
    /// Marks what slots lead to, each of which may hold a reference or anything else.
    pub fn slots<'a>(&mut self, slots: impl IntoIterator<Item = &'a u64>) {
        for &slot in slots {
            self.slot(slot);
        }
    }

    /// Counts things that were looked at without a slot in them.
    pub fn passed(&mut self, things: usize) {
        self.seen += things as u64;
    }

    /// Marks what a slot leads to.
    #[inline]
    pub fn slot(&mut self, slot: u64) {
        self.seen += 1;
        let Some(addr) = ObjectAddr::of_slot(slot) else {
            return;
        };
        let at = addr.index();
        let Some(object) = self.objects.get(at) else {
            return;
        };
        let (word, bit) = (at / 64, 1 << (at % 64));
        if self.marks[word] & bit == 0 && !object.is_free() {
            self.marks[word] |= bit;
            self.pending.push(addr.0);
        }
    }

    /// Follows the references of what has been marked.
    fn finish(&mut self) {
        while let Some(at) = self.pending.pop() {
            let object = &self.objects[at as usize];
            match self.types.get(object.ty).map(|ty| &ty.shape) {
                Some(Shape::Struct(layout)) => {
                    for field in &layout.fields {
                        if field.storage == Storage::Ref {
                            let at = field.offset as usize;
                            self.reference(object.data.get(at..at + 8));
                        }
                    }
                }
                Some(Shape::Array(Storage::Ref)) => {
                    for element in object.data.chunks_exact(8) {
                        self.reference(Some(element));
                    }
                }
                None if object.ty == EXCEPTION => {
                    for slot in object.data.chunks_exact(8) {
                        self.reference(Some(slot));
                    }
                }
                _ => {}
            }
        }
    }

    #[inline]
    fn reference(&mut self, bytes: Option<&[u8]>) {
        if let Some(bytes) = bytes.and_then(|bytes| bytes.try_into().ok()) {
            self.slot(u64::from_le_bytes(bytes));
        }
    }
}

impl Heap {
    /// Frees the objects that cannot be reached from the slots of the value stack, from what `roots` marks, or from the embedder's handles.
    pub fn collect<'f>(
        &mut self,
        frames: impl Iterator<Item = &'f [u64]>,
        roots: impl FnOnce(&mut Marker<'_>),
    ) -> Result<(), NoMemory> {
        let mut marker = Marker {
            objects: &self.objects,
            types: &self.types,
            marks: Vec::new(),
            pending: Vec::new(),
            seen: 0,
        };
        let count = self.objects.len();
        let room = marker.pending.try_reserve_exact(count);
        room.map_err(|_| NoMemory)?;
        let words = count.div_ceil(64);
        let room = marker.marks.try_reserve_exact(words);
        room.map_err(|_| NoMemory)?;
        marker.marks.resize(words, 0);
        self.handles.each(|slot| marker.slot(slot));
        roots(&mut marker);
        let roots = marker.seen;
        let mut slots = 0;
        for frames in frames {
            slots += frames.len();
            marker.slots(frames);
        }
        marker.finish();
        let (marks, seen) = (marker.marks, marker.seen);
        self.roots = roots;
        self.collected = CollectionStats {
            times: self.collected.times + 1,
            bytes: self.collected.bytes.saturating_add(self.work(slots)),
        };
        self.sweep(&marks);
        self.settled = self.bytes;
        // Looking at so many slots has to be worth it.
        self.threshold = self.bytes + self.bytes.max(seen * 8).max(LEAST);
        Ok(())
    }

    /// Frees the objects that are not marked.
    fn sweep(&mut self, marks: &[u64]) {
        let is_marked = |at: usize| marks[at / 64] & 1 << (at % 64) != 0;
        while !self.objects.is_empty() && !is_marked(self.objects.len() - 1) {
            let object = self.objects.pop();
            if let Some(object) = object.filter(Object::is_host_value) {
                self.host_values.remove(object.len);
            }
        }
        if self.objects.capacity() / 4 > self.objects.len() {
            self.objects.shrink_to(2 * self.objects.len());
        }
        self.free = NO_PLACE;
        let mut bytes = 0;
        // From the end, so that the first places are used first, and those at the end may go next time.
        for at in (0..self.objects.len()).rev() {
            let object = &mut self.objects[at];
            if is_marked(at) {
                bytes += object.data.len() as u64;
                if object.is_host_value() {
                    bytes += self.host_values.bytes(object.len);
                }
            } else {
                if object.is_host_value() {
                    self.host_values.remove(object.len);
                }
                *object = Object {
                    ty: FREE,
                    len: self.free,
                    data: Box::default(),
                };
                self.free = at as u32;
            }
        }
        self.bytes = bytes + self.objects.len() as u64 * OVERHEAD;
    }
}
