//! Operand kinds: where a handler finds its operands and where it leaves its result. Holds unsafe code: see the parent.
//!
//! The kinds mirror `code::ops::{Src, Dst}`. Each reads its own cells and steps over them, so that a handler reads its operands
//! in the order in which `Op::operands` wrote them.

use crate::exec::dispatch::{Regs, VectorRegister, align, of_register, to_register};
use crate::exec::numerics::V128;

/// A value that has an accumulator, and fits into a slot or two.
pub(crate) trait Value: Copy {
    /// What the value is passed in to a function.
    type Register: Copy;
    /// Whether that is a register for vectors.
    const IS_VECTOR: bool;
    /// The value as it is passed.
    fn to_register(self) -> Self::Register;
    /// The value that was passed.
    fn of_register(register: Self::Register) -> Self;
    /// The value in the accumulator.
    fn acc(r: &Regs) -> Self;
    /// Sets the accumulator.
    fn set_acc(r: &mut Regs, value: Self);
    /// The value in memory.
    ///
    /// # Safety
    ///
    /// As many slots as the value fills can be read there.
    unsafe fn read(slot: *const u64) -> Self;
    /// Writes the value into memory.
    ///
    /// # Safety
    ///
    /// As many slots as the value fills can be written there.
    unsafe fn write(self, slot: *mut u64);
}

/// A value that fits into a slot, and into the code, and has a pin.
pub(crate) trait Scalar: Value {
    /// How many cells an immediate of the type takes.
    const CELLS: usize;
    /// The value in the pin.
    fn pin(r: &Regs) -> Self;
    /// Sets the pin.
    fn set_pin(r: &mut Regs, value: Self);
    /// The value of a slot.
    fn from_slot(slot: u64) -> Self;
}

macro_rules! scalars {
    ($($ty:ty, $cells:literal, $acc:ident, $pin:ident, |$s:ident| $from:expr, |$v:ident| $to:expr;)*) => {$(
        impl Value for $ty {
            type Register = Self;
            const IS_VECTOR: bool = false;
            #[inline(always)]
            fn to_register(self) -> Self {
                self
            }
            #[inline(always)]
            fn of_register(register: Self) -> Self {
                register
            }
            #[inline(always)]
            fn acc(r: &Regs) -> Self {
                r.$acc as $ty
            }
            #[inline(always)]
            fn set_acc(r: &mut Regs, value: Self) {
                r.$acc = value.into();
            }
            #[inline(always)]
            unsafe fn read(slot: *const u64) -> Self {
                // SAFETY: the caller's.
                Self::from_slot(unsafe { *slot })
            }
            #[inline(always)]
            unsafe fn write(self, slot: *mut u64) {
                let $v = self;
                // SAFETY: the caller's.
                unsafe { *slot = $to };
            }
        }
        impl Scalar for $ty {
            const CELLS: usize = $cells;
            #[inline(always)]
            fn pin(r: &Regs) -> Self {
                r.$pin as $ty
            }
            #[inline(always)]
            fn set_pin(r: &mut Regs, value: Self) {
                r.$pin = value.into();
            }
            #[inline(always)]
            fn from_slot($s: u64) -> Self {
                $from
            }
        }
    )*};
}

scalars! {
    u32, 1, acc, pin, |slot| slot as u32, |value| u64::from(value);
    u64, 2, acc, pin, |slot| slot, |value| value;
    f32, 1, acc_f32, pin_f32, |slot| f32::from_bits(slot as u32), |value| u64::from(value.to_bits());
    f64, 2, acc_f64, pin_f64, |slot| f64::from_bits(slot), |value| value.to_bits();
}

impl Value for V128 {
    type Register = VectorRegister;
    const IS_VECTOR: bool = true;
    #[inline(always)]
    fn to_register(self) -> VectorRegister {
        to_register(self)
    }
    #[inline(always)]
    fn of_register(register: VectorRegister) -> Self {
        of_register(register)
    }
    #[inline(always)]
    fn acc(r: &Regs) -> Self {
        of_register(r.acc_v128)
    }
    #[inline(always)]
    fn set_acc(r: &mut Regs, value: Self) {
        r.acc_v128 = to_register(value);
    }
    #[inline(always)]
    unsafe fn read(slot: *const u64) -> Self {
        // SAFETY: the caller's.
        unsafe {
            if cfg!(target_endian = "little") {
                // The same bytes; said like this, the compiler sees that they are one vector.
                return Self(*slot.cast::<[u8; 16]>());
            }
            Self::from_slots(*slot.cast::<[u64; 2]>())
        }
    }
    #[inline(always)]
    unsafe fn write(self, slot: *mut u64) {
        // SAFETY: the caller's.
        unsafe {
            if cfg!(target_endian = "little") {
                *slot.cast::<[u8; 16]>() = self.0;
            } else {
                *slot.cast::<[u64; 2]>() = self.to_slots();
            }
        }
    }
}

/// Where an operand is.
pub(crate) trait Source<T> {
    /// Reads it.
    unsafe fn get(r: &mut Regs) -> T;
}

/// Where a result goes.
pub(crate) trait Dest<T> {
    /// Writes it.
    unsafe fn put(r: &mut Regs, value: T);
}

/// The accumulator.
pub(crate) struct Acc;
/// The pinned local; as a destination, its home slot as well.
pub(crate) struct Pin;
/// A slot.
pub(crate) struct Slot;
/// A number in the code.
pub(crate) struct Imm;

/// Reads the next cell.
#[inline(always)]
pub(crate) unsafe fn cell(r: &mut Regs) -> u32 {
    // SAFETY: CODE; the op has as many cells as its handler reads.
    unsafe {
        let cell = *r.ip;
        r.ip = r.ip.add(1);
        cell
    }
}

/// Reads the next two cells, at a multiple of eight bytes, as one number.
#[inline(always)]
pub(crate) unsafe fn wide(r: &mut Regs) -> u64 {
    // SAFETY: CODE; as in `cell`.
    unsafe {
        r.ip = align(r.ip);
        let value = *r.ip.cast::<u64>();
        r.ip = r.ip.add(2);
        // The first cell holds the lower half.
        if cfg!(target_endian = "big") {
            value.rotate_left(32)
        } else {
            value
        }
    }
}

/// Where the slot is that the next cell names.
#[inline(always)]
pub(crate) unsafe fn slot(r: &mut Regs) -> *mut u64 {
    // SAFETY: FRAME; slots that ops name lie within the frame or among its parameters.
    unsafe {
        let offset = cell(r) as i32;
        r.sp.offset(offset as isize).cast()
    }
}

impl<T: Value> Source<T> for Acc {
    #[inline(always)]
    unsafe fn get(r: &mut Regs) -> T {
        T::acc(r)
    }
}

impl<T: Scalar> Source<T> for Pin {
    #[inline(always)]
    unsafe fn get(r: &mut Regs) -> T {
        T::pin(r)
    }
}

impl<T: Value> Source<T> for Slot {
    #[inline(always)]
    unsafe fn get(r: &mut Regs) -> T {
        // SAFETY: FRAME; a slot that an op reads was written before.
        unsafe { T::read(slot(r)) }
    }
}

impl<T: Scalar> Source<T> for Imm {
    #[inline(always)]
    unsafe fn get(r: &mut Regs) -> T {
        // SAFETY: CODE; as many cells as the type takes.
        unsafe {
            if T::CELLS == 2 {
                T::from_slot(wide(r))
            } else {
                T::from_slot(u64::from(cell(r)))
            }
        }
    }
}

impl<T: Value> Dest<T> for Acc {
    #[inline(always)]
    unsafe fn put(r: &mut Regs, value: T) {
        T::set_acc(r, value);
    }
}

impl<T: Value> Dest<T> for Slot {
    #[inline(always)]
    unsafe fn put(r: &mut Regs, value: T) {
        T::set_acc(r, value);
        // SAFETY: FRAME.
        unsafe { value.write(slot(r)) };
    }
}

impl<T: Scalar> Dest<T> for Pin {
    #[inline(always)]
    unsafe fn put(r: &mut Regs, value: T) {
        T::set_acc(r, value);
        T::set_pin(r, value);
        // SAFETY: FRAME.
        unsafe { value.write(slot(r)) };
    }
}
