//! Structures, arrays and casts. Holds unsafe code: see the parent.
//!
//! The type determines the place of a field, and validation ensures that the object has it. Still, no handler relies on a reference: an
//! object that is missing, or too short, is the trap of a null reference.

use super::operand::{Dest, Source, read};
use super::trap;
use crate::code::layout::{Storage, Target};
use crate::code::ops::CastTarget;
use crate::exec::dispatch::{Handler, Regs, handler, next};
use crate::exec::machine::Machine;
use crate::exec::numerics::{Load, Store};
use crate::runtime::heap::{self, Heap, Object};
use crate::runtime::registry::TypeId;
use crate::runtime::trap::Trap;
use crate::syntax::instr::Opcode;

/// The heap of the machine's store.
#[inline(always)]
unsafe fn objects<'m>(r: &Regs) -> &'m mut Heap {
    // SAFETY: CTX.
    unsafe { &mut (*r.ctx).store().heap }
}

/// The value of a field or element, if the object has enough bytes.
#[inline(always)]
fn load<L: Load>(data: &[u8], at: usize) -> Option<L::Out> {
    let bytes = data.get(at..)?.get(..size_of::<L::Bytes>())?;
    // SAFETY: the slice has as many bytes, and any bytes make a value of an array of bytes.
    let bytes = unsafe { bytes.as_ptr().cast::<L::Bytes>().read_unaligned() };
    Some(L::decode(bytes))
}

/// Sets a field or element, if the object has enough bytes.
#[inline(always)]
fn store<S: Store>(data: &mut [u8], at: usize, value: S::In) -> Option<()> {
    let bytes = data.get_mut(at..)?.get_mut(..size_of::<S::Bytes>())?;
    // SAFETY: the slice has as many bytes.
    unsafe {
        bytes
            .as_mut_ptr()
            .cast::<S::Bytes>()
            .write_unaligned(S::encode(value));
    }
    Some(())
}

/// The first byte of an element; beyond all objects where it does not fit.
#[inline(always)]
fn element(index: u32, bytes: usize) -> usize {
    (index as usize).saturating_mul(bytes)
}

/// The trap for an access to a missing element.
#[cold]
fn no_element(object: Option<&Object>) -> Trap {
    match object {
        Some(_) => Trap::ArrayOutOfBounds,
        None => Trap::NullReference,
    }
}

/// Whether a reference passes a cast, which the next two cells describe.
#[inline(always)]
unsafe fn fits(r: &Regs, slot: u64, (code, id): (u32, u32)) -> bool {
    if slot == 0 {
        return CastTarget::of_cells(code, id).nullable;
    }
    // SAFETY: CTX.
    unsafe { (*r.ctx).fits(slot, CastTarget::of_cells(code, id).target) }
}

handler! {
    /// `d := x.data[offset]`
    fn struct_get[L: Load, X: Source<u64>, D: Dest<L::Out>](r) {
        let (x, offset, d) = read!(StructGet<X, D>, r);
        match objects(&r).get(x).and_then(|object| load::<L>(&object.data, offset as usize)) {
            Some(value) => {
                d.put(&mut r, value);
                next(r)
            }
            None => trap(r, Trap::NullReference),
        }
    }

    /// `x.data[offset] := value`
    fn struct_set[S: Store, X: Source<u64>, V: Source<S::In>](r) {
        let (x, value, offset) = read!(StructSet<X, V>, r);
        let offset = offset as usize;
        match objects(&r).get_mut(x).and_then(|object| store::<S>(&mut object.data, offset, value)) {
            Some(()) => next(r),
            None => trap(r, Trap::NullReference),
        }
    }

    /// `d := x[i]`
    fn array_get[L: Load, I: Source<u32>, D: Dest<L::Out>](r) {
        let (x, i, d) = read!(ArrayGet<I, D>, r);
        let at = element(i, size_of::<L::Bytes>());
        let object = objects(&r).get(*x);
        match object.and_then(|object| load::<L>(&object.data, at)) {
            Some(value) => {
                d.put(&mut r, value);
                next(r)
            }
            None => trap(r, no_element(object)),
        }
    }

    /// `x[i] := value`
    fn array_set[S: Store, V: Source<S::In>](r) {
        let (x, i, value) = read!(ArraySet<V>, r);
        let (x, at) = (*x, element(*i as u32, size_of::<S::Bytes>()));
        match objects(&r).get_mut(x).and_then(|object| store::<S>(&mut object.data, at, value)) {
            Some(()) => next(r),
            None => {
                let object = objects(&r).get(x);
                trap(r, no_element(object))
            }
        }
    }

    /// `d := length of x`
    fn array_len[X: Source<u64>, D: Dest<u32>](r) {
        let (x, d) = read!(ArrayLen<X, D>, r);
        match objects(&r).get(x) {
            Some(object) => {
                d.put(&mut r, object.len());
                next(r)
            }
            None => trap(r, Trap::NullReference),
        }
    }

    /// `d := whether x passes the cast`
    fn ref_test[X: Source<u64>, D: Dest<u32>](r) {
        let (x, target, d) = read!(RefTest<X, D>, r);
        let fits = fits(&r, x, target);
        d.put(&mut r, u32::from(fits));
        next(r)
    }

    /// trap unless `x` passes the cast
    fn ref_cast[X: Source<u64>](r) {
        let (x, target) = read!(RefCast<X>, r);
        if fits(&r, x, target) { next(r) } else { trap(r, Trap::CastFailure) }
    }

    /// the operation of `C`
    fn object[C: Call](r) {
        let (a, b, at) = read!(Object, r);
        if run::<C>(r.ctx, a, b, at) {
            next(r)
        } else {
            super::goto(r, super::stopped)
        }
    }
}

/// An instruction on objects.
pub(crate) trait Call {
    /// Executes it, with the op's numbers, and operands and results from a slot on.
    ///
    /// # Safety
    ///
    /// FRAME, for the operands and results.
    unsafe fn run(m: &mut Machine, a: u32, b: u32, at: *mut u64) -> Result<(), Trap>;
}

/// Runs a call out of line, so that the handler keeps no state in memory; returns whether execution continues.
#[inline(never)]
unsafe extern "C" fn run<C: Call>(ctx: *mut Machine, a: u32, b: u32, at: *mut u64) -> bool {
    // SAFETY: CTX. FRAME: the caller's.
    unsafe {
        match C::run(&mut *ctx, a, b, at) {
            Ok(()) => true,
            Err(reason) => {
                (*ctx).trap = Some(reason);
                false
            }
        }
    }
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident = |$m:ident, $a:ident, $b:ident, $at:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;
            impl Call for $name {
                unsafe fn run($m: &mut Machine, $a: u32, $b: u32, $at: *mut u64) -> Result<(), Trap> {
                    // SAFETY: FRAME; validation has checked the operands, which lie in consecutive slots, and lowering made room for the
                    // results.
                    unsafe { $body }
                }
            }
        )*

        /// The handler of an instruction on objects.
        pub(crate) fn handler(op: Opcode) -> Option<Handler> {
            let handler: Handler = match op {
                $(Opcode::$name => object::<$name>,)*
                _ => return None,
            };
            Some(handler)
        }
    };
}

calls! {
    /// `struct.new`
    StructNew = |m, a, _b, at| {
        let ty = TypeId(a);
        let info = m.meet(ty)?;
        let (bytes, slots) = (info.bytes(0), info.slots());
        let mut data = m.allocate(bytes, at.add(slots))?;
        let mut from = at;
        for field in m.meet(ty)?.fields() {
            heap::store(field.storage, &mut data, field.offset as usize, value(field.storage, from));
            from = from.add(field.storage.slots());
        }
        m.finish(ty, 0, data, at)
    };
    /// `struct.new_default`
    StructNewDefault = |m, a, _b, at| {
        let ty = TypeId(a);
        let bytes = m.meet(ty)?.bytes(0);
        let data = m.allocate(bytes, at)?;
        m.finish(ty, 0, data, at)
    };
    /// `struct.get`
    StructGet = |m, a, b, at| {
        let storage = Storage::of_code(b);
        let object = m.object(*at)?;
        let value = heap::load(storage, &object.data, a as usize).ok_or(Trap::NullReference)?;
        put(storage, at, value);
        Ok(())
    };
    /// `struct.set`
    StructSet = |m, a, b, at| {
        let storage = Storage::of_code(b);
        let value = value(storage, at.add(1));
        let object = m.object(*at)?;
        heap::store(storage, &mut object.data, a as usize, value).ok_or(Trap::NullReference)
    };
    /// `array.new`
    ArrayNew = |m, a, _b, at| {
        let ty = TypeId(a);
        let element = m.element(ty)?;
        let count = *at.add(element.slots()) as u32;
        let mut data = m.allocate(array_bytes(element, count), at.add(element.slots() + 1))?;
        fill(element, &mut data, value(element, at));
        m.finish(ty, count, data, at)
    };
    /// `array.new_default`
    ArrayNewDefault = |m, a, _b, at| {
        let ty = TypeId(a);
        let element = m.element(ty)?;
        let count = *at as u32;
        let data = m.allocate(array_bytes(element, count), at.add(1))?;
        m.finish(ty, count, data, at)
    };
    /// `array.new_fixed`
    ArrayNewFixed = |m, a, b, at| {
        let ty = TypeId(a);
        let element = m.element(ty)?;
        let slots = b as usize * element.slots();
        let mut data = m.allocate(array_bytes(element, b), at.add(slots))?;
        for (i, bytes) in data.chunks_exact_mut(element.bytes()).enumerate() {
            heap::store(element, bytes, 0, value(element, at.add(i * element.slots())));
        }
        m.finish(ty, b, data, at)
    };
    /// `array.new_data`
    ArrayNewData = |m, a, b, at| {
        let ty = TypeId(a);
        let element = m.element(ty)?;
        let (from, count) = (*at as u32, *at.add(1) as u32);
        let bytes = array_bytes(element, count);
        // Check before allocating, since the size may be too large.
        m.data(b, from, bytes)?;
        let mut data = m.allocate(bytes, at.add(2))?;
        let inst = m.inst();
        let segment = inst.datas[b as usize].start + from as usize;
        let source = inst.bytes.get(segment..segment + data.len()).ok_or(Trap::MemoryOutOfBounds)?;
        data.copy_from_slice(source);
        m.finish(ty, count, data, at)
    };
    /// `array.new_elem`
    ArrayNewElem = |m, a, b, at| {
        let ty = TypeId(a);
        let element = m.element(ty)?;
        let (from, count) = (*at as u32, *at.add(1) as u32);
        m.elem(b, from, count)?;
        let mut data = m.allocate(array_bytes(element, count), at.add(2))?;
        copy_references(m.elem(b, from, count)?, &mut data);
        m.finish(ty, count, data, at)
    };
    /// `array.get`
    ArrayGet = |m, _a, b, at| {
        let storage = Storage::of_code(b);
        let object = m.object(*at)?;
        let i = element(*at.add(1) as u32, storage.bytes());
        let value = heap::load(storage, &object.data, i).ok_or(Trap::ArrayOutOfBounds)?;
        put(storage, at, value);
        Ok(())
    };
    /// `array.set`
    ArraySet = |m, _a, b, at| {
        let storage = Storage::of_code(b);
        let value = value(storage, at.add(2));
        let i = element(*at.add(1) as u32, storage.bytes());
        let object = m.object(*at)?;
        heap::store(storage, &mut object.data, i, value).ok_or(Trap::ArrayOutOfBounds)
    };
    /// `array.fill`
    ArrayFill = |m, _a, b, at| {
        let count = *at.add(2 + Storage::of_code(b).slots());
        array_fill(m, b, at, *at.add(1) as u32, count as u32)
    };
    /// `array.copy`
    ArrayCopy = |m, _a, b, at| {
        let [i, j, count] = [1, 3, 4].map(|operand| *at.add(operand) as u32);
        array_copy(m, b, at, [i, j, count])
    };
    /// `array.init_data`
    ArrayInitData = |m, a, b, at| {
        let storage = Storage::of_code(a);
        let (to, i, from) = (*at, *at.add(1) as u32, *at.add(2) as u32);
        let count = *at.add(3) as u32;
        let object = m.object(to)?;
        range(object, storage, i, count)?;
        m.data(b, from, array_bytes(storage, count))?;
        let inst = m.inst();
        let (bytes, segment) = (inst.bytes.clone(), inst.datas[b as usize].start + from as usize);
        let target = elements(m.object(to)?, storage, i, count)?;
        let source = bytes.get(segment..segment + target.len()).ok_or(Trap::MemoryOutOfBounds)?;
        target.copy_from_slice(source);
        Ok(())
    };
    /// `array.init_elem`
    ArrayInitElem = |m, _a, b, at| {
        let (to, i, from) = (*at, *at.add(1) as u32, *at.add(2) as u32);
        let count = *at.add(3) as u32;
        let object = m.object(to)?;
        range(object, Storage::Ref, i, count)?;
        m.elem(b, from, count)?;
        // Taken out for a moment, because segment and object belong to the same store.
        let elem = core::mem::take(&mut m.inst().elems[b as usize]);
        let from = from as usize;
        let target = m.object(to).and_then(|object| elements(object, Storage::Ref, i, count));
        let done = target.map(|target| copy_references(&elem[from..from + count as usize], target));
        m.inst().elems[b as usize] = elem;
        done
    };
}

/// Sets `count` elements from `first` on, for an `array.fill` whose operands lie from `at` on.
///
/// # Safety
///
/// FRAME, for the operands.
pub(super) unsafe fn array_fill(
    m: &mut Machine,
    how: u32,
    at: *const u64,
    first: u32,
    count: u32,
) -> Result<(), Trap> {
    let storage = Storage::of_code(how);
    // SAFETY: the caller's.
    let (array, value) = unsafe { (*at, value(storage, at.add(2))) };
    let object = m.object(array)?;
    fill(storage, elements(object, storage, first, count)?, value);
    Ok(())
}

/// Copies `count` elements from `j` on over those from `i` on, for an `array.copy` whose operands lie from `at` on.
///
/// # Safety
///
/// FRAME, for the operands.
pub(super) unsafe fn array_copy(
    m: &mut Machine,
    how: u32,
    at: *const u64,
    [i, j, count]: [u32; 3],
) -> Result<(), Trap> {
    let storage = Storage::of_code(how);
    // SAFETY: the caller's.
    let (to, from) = unsafe { (*at, *at.add(2)) };
    // Either may be null, which is checked first.
    m.object(to)?;
    m.object(from)?;
    if to == from {
        let object = m.object(to)?;
        let source = range(object, storage, j, count)?;
        let target = range(object, storage, i, count)?;
        object.data.copy_within(source, target.start);
    } else if let Some([to, from]) = m.store().heap.get_two(to, from) {
        let source = range(from, storage, j, count)?;
        elements(to, storage, i, count)?.copy_from_slice(&from.data[source]);
    }
    Ok(())
}

/// Number of bytes of an array of `count` elements.
pub(super) fn array_bytes(element: Storage, count: u32) -> u64 {
    u64::from(count) << element.log2()
}

/// The bytes of some elements.
fn range(
    object: &Object,
    storage: Storage,
    at: u32,
    count: u32,
) -> Result<core::ops::Range<usize>, Trap> {
    if u64::from(at) + u64::from(count) > u64::from(object.len()) {
        return Err(Trap::ArrayOutOfBounds);
    }
    let start = (at as usize) << storage.log2();
    Ok(start..start + ((count as usize) << storage.log2()))
}

/// Some elements, for a change.
fn elements(object: &mut Object, storage: Storage, at: u32, count: u32) -> Result<&mut [u8], Trap> {
    let range = range(object, storage, at, count)?;
    object.data.get_mut(range).ok_or(Trap::ArrayOutOfBounds)
}

/// Sets all elements to one value.
fn fill(storage: Storage, data: &mut [u8], value: [u64; 2]) {
    for bytes in data.chunks_exact_mut(storage.bytes()) {
        heap::store(storage, bytes, 0, value);
    }
}

/// Sets elements to references.
fn copy_references(references: &[u64], data: &mut [u8]) {
    for (bytes, reference) in data.chunks_exact_mut(8).zip(references) {
        bytes.copy_from_slice(&reference.to_le_bytes());
    }
}

/// A value that lies in one or two slots.
unsafe fn value(storage: Storage, at: *const u64) -> [u64; 2] {
    // SAFETY: FRAME; the caller's operand.
    unsafe {
        match storage.slots() {
            2 => [*at, *at.add(1)],
            _ => [*at, 0],
        }
    }
}

/// Writes a value into one or two slots.
unsafe fn put(storage: Storage, at: *mut u64, value: [u64; 2]) {
    // SAFETY: FRAME; the caller's result.
    unsafe {
        at.write(value[0]);
        if storage.slots() == 2 {
            at.add(1).write(value[1]);
        }
    }
}

impl Machine {
    /// Whether a reference that is not null passes a cast.
    #[inline]
    fn fits(&mut self, slot: u64, target: Target) -> bool {
        let store = self.store();
        if let Target::Func(id) = target {
            let func = (slot - 1) as usize;
            let ty = store.funcs[func].ty;
            return ty.0 == id || store.heap.is_subtype(&store.registry, ty, TypeId(id));
        }
        store.heap.fits(slot, target)
    }

    /// Returns the facts that the heap keeps about a type.
    pub(super) fn meet(&mut self, ty: TypeId) -> Result<&heap::TypeInfo, Trap> {
        let store = self.store();
        let info = store.heap.meet(&store.registry, ty);
        info.map(|info| &**info).map_err(|_| Trap::HeapExhausted)
    }

    /// The storage of the elements of an array type.
    pub(super) fn element(&mut self, ty: TypeId) -> Result<Storage, Trap> {
        match self.meet(ty)?.element() {
            Some(element) => Ok(element),
            None => unreachable!("validated: the type is an array's"),
        }
    }

    /// The object that a reference points to.
    pub(super) fn object(&mut self, slot: u64) -> Result<&mut Object, Trap> {
        self.store().heap.get_mut(slot).ok_or(Trap::NullReference)
    }

    /// Checks that a data segment has `bytes` bytes from `from` on.
    pub(super) fn data(&mut self, data: u32, from: u32, bytes: u64) -> Result<(), Trap> {
        let segment = &self.inst().datas[data as usize];
        match u64::from(from) + bytes <= segment.len() as u64 {
            true => Ok(()),
            false => Err(Trap::MemoryOutOfBounds),
        }
    }

    /// Some elements of an element segment.
    pub(super) fn elem(&mut self, elem: u32, from: u32, count: u32) -> Result<&[u64], Trap> {
        let segment = &self.inst().elems[elem as usize];
        let end = u64::from(from) + u64::from(count);
        if end > segment.len() as u64 {
            return Err(Trap::TableOutOfBounds);
        }
        Ok(&segment[from as usize..end as usize])
    }

    /// Allocates zeroed memory for an object. The slots of the value stack below `top`, a place in the frame, are in use; the collector may
    /// scan them.
    fn allocate(&mut self, bytes: u64, top: *const u64) -> Result<Box<[u8]>, Trap> {
        if bytes > Heap::MOST_BYTES {
            return Err(Trap::AllocationTooLarge);
        }
        let top = self.stack_offset(top.cast());
        let room = self.store().make_room(bytes, top);
        room.map_err(|_| Trap::HeapExhausted)?;
        Heap::zeros(bytes as usize).map_err(|_| Trap::HeapExhausted)
    }

    /// Makes an object of its bytes, and stores a reference to it in a slot.
    ///
    /// # Safety
    ///
    /// FRAME, for the slot.
    unsafe fn finish(
        &mut self,
        ty: TypeId,
        len: u32,
        data: Box<[u8]>,
        at: *mut u64,
    ) -> Result<(), Trap> {
        let reference = self.store().add_object(ty, len, data);
        let reference = reference.map_err(|_| Trap::HeapExhausted)?;
        // SAFETY: the caller's.
        unsafe { at.write(reference) };
        Ok(())
    }
}
