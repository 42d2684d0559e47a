//! Operand kinds: the places that a handler reads operands from and writes its result to. Holds unsafe code: see the parent.
//!
//! The kinds mirror `code::ops::{Src, Dst}`. Each reads its own cells and steps over them. A handler reads the operands of its op by
//! [`read`], which is derived from the op's row, as the writer is: so the two agree.

use core::marker::PhantomData;

use crate::code::ops::{Access, CallFrame, SlotOffset, TailFrame, for_each_op};
use crate::exec::dispatch::{Regs, VectorRegister, align, of_register, to_register};
use crate::exec::numerics::{Lanes, V128};

/// A value that has an accumulator, and fits into a slot or two.
pub(crate) trait Value: Copy {
    /// The type in which the value is passed to a function.
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
    /// Number of cells that an immediate of the type takes.
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
                // The same bytes; in this form the compiler sees that they are one vector.
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

/// The place of an operand.
pub(crate) trait Source<T> {
    /// Reads it.
    unsafe fn get(r: &mut Regs) -> T;
}

/// The destination of a result.
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

/// The destination of an op. Its cell, if it has one, is the op's last and is read once the result is computed.
pub(crate) struct Place<D>(PhantomData<D>);

impl<D> Place<D> {
    /// The destination of the current op.
    ///
    /// # Safety
    ///
    /// CODE; all other operands have been read.
    #[inline(always)]
    pub unsafe fn next(_: &mut Regs) -> Self {
        Self(PhantomData)
    }

    /// Writes the result.
    ///
    /// # Safety
    ///
    /// HANDLER.
    #[inline(always)]
    pub unsafe fn put<T>(self, r: &mut Regs, value: T)
    where
        D: Dest<T>,
    {
        // SAFETY: the caller's.
        unsafe { D::put(r, value) }
    }
}

/// Destinations that are in memory.
macro_rules! in_slots {
    ($($kind:ident)*) => {$(
        impl Place<$kind> {
            /// The address of the slot, for an op that does not change the accumulator.
            ///
            /// # Safety
            ///
            /// CODE, FRAME.
            #[inline(always)]
            pub unsafe fn slot(self, r: &mut Regs) -> *mut u64 {
                // SAFETY: the caller's.
                unsafe { in_code::SlotOffset(r) }
            }
        }
    )*};
}

in_slots! { Slot Pin }

/// Reads the operands of the current op, except those that the handler's parameters determine: a tuple in the order of the op's row. The
/// op's name is followed by the kinds of its operands of type `Src`, `Addr` and `Dst`, in the same order.
///
/// ```text
/// let (x, y, d) = read!(Binop<X, Y, D>, r);
/// ```
macro_rules! read {
    ($row:ident $(<$($kind:ty),*>)?, $r:ident) => {
        $crate::exec::handlers::operand::rows::$row::fields!($r $($(, $kind)*)?)
    };
}
pub(crate) use read;

/// Writes `fields!` for each row of the table of ops.
macro_rules! readers {
    ($dollar:tt $(
        $(#[$doc:meta])*
        $name:ident $({ $($field:ident: $ty:ident),* })? [$($facts:tt)*]
        $text:literal => $selection:tt;
    )*) => {
        $(reader! { $dollar r $name [] [] $($($field: $ty,)*)? })*
    };
}

/// Writes `fields!` for a row: `$r` names its first parameter; the row's name is followed by the parameters that it takes, the values it reads, and the remaining fields.
#[rustfmt::skip]
macro_rules! reader {
    ($dollar:tt $r:ident $name:ident [$($kinds:tt)*] [$($read:tt)*]) => {
        #[allow(non_snake_case, reason = "a module for each op, of its name")]
        pub(crate) mod $name {
            #[allow(unused_macros, reason = "some ops have no operands")]
            macro_rules! fields {
                ($dollar $r:ident $($kinds)*) => { ($($read)*) };
            }
            #[allow(unused_imports, reason = "as above")]
            pub(crate) use fields;
        }
    };
    // Operands that the handler's parameters determine.
    ($dollar:tt $r:ident $name:ident $kinds:tt $read:tt $field:ident: Opcode, $($rest:tt)*) => { reader! { $dollar $r $name $kinds $read $($rest)* } };
    ($dollar:tt $r:ident $name:ident $kinds:tt $read:tt $field:ident: Bank, $($rest:tt)*) => { reader! { $dollar $r $name $kinds $read $($rest)* } };
    ($dollar:tt $r:ident $name:ident $kinds:tt $read:tt $field:ident: Floats, $($rest:tt)*) => { reader! { $dollar $r $name $kinds $read $($rest)* } };
    ($dollar:tt $r:ident $name:ident $kinds:tt $read:tt $field:ident: bool, $($rest:tt)*) => { reader! { $dollar $r $name $kinds $read $($rest)* } };
    ($dollar:tt $r:ident $name:ident $kinds:tt $read:tt $field:ident: Few, $($rest:tt)*) => { reader! { $dollar $r $name $kinds $read $($rest)* } };
    // Operands of a kind.
    ($dollar:tt $r:ident $name:ident [$($kinds:tt)*] [$($read:tt)*] $field:ident: Src, $($rest:tt)*) => {
        reader! {
            $dollar $r $name [$($kinds)*, $dollar $field:ty]
            [$($read)* <$dollar $field as $crate::exec::handlers::operand::Source<_>>::get(&mut $dollar $r),] $($rest)*
        }
    };
    ($dollar:tt $r:ident $name:ident [$($kinds:tt)*] [$($read:tt)*] $field:ident: Addr, $($rest:tt)*) => {
        reader! {
            $dollar $r $name [$($kinds)*, $dollar $field:ty]
            [$($read)* <$dollar $field as $crate::exec::handlers::memory::Address>::get(&mut $dollar $r),] $($rest)*
        }
    };
    // A destination comes last.
    ($dollar:tt $r:ident $name:ident [$($kinds:tt)*] [$($read:tt)*] $field:ident: Dst,) => {
        reader! {
            $dollar $r $name [$($kinds)*, $dollar $field:ty]
            [$($read)* $crate::exec::handlers::operand::Place::<$dollar $field>::next(&mut $dollar $r),]
        }
    };
    // Operands in the code.
    ($dollar:tt $r:ident $name:ident $kinds:tt [$($read:tt)*] $field:ident: $ty:ident, $($rest:tt)*) => {
        reader! {
            $dollar $r $name $kinds
            [$($read)* $crate::exec::handlers::operand::in_code::$ty(&mut $dollar $r),] $($rest)*
        }
    };
}

/// The readers, one for each row.
pub(crate) mod rows {
    use super::*;

    for_each_op!(readers $);
}

/// Readers of operands in the code, by the names of the operands' types.
#[allow(non_snake_case, reason = "each has the name of a type")]
pub(crate) mod in_code {
    use super::*;

    /// Reads the next cell.
    #[inline(always)]
    pub(crate) unsafe fn u32(r: &mut Regs) -> u32 {
        // SAFETY: CODE; the op has as many cells as its handler reads.
        unsafe {
            let cell = *r.ip;
            r.ip = r.ip.add(1);
            cell
        }
    }

    /// Reads the next two cells, at a multiple of eight bytes, as one number.
    #[inline(always)]
    pub(crate) unsafe fn u64(r: &mut Regs) -> u64 {
        // SAFETY: CODE; as above.
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

    /// The address of the slot that the next cell names.
    #[inline(always)]
    pub(crate) unsafe fn SlotOffset(r: &mut Regs) -> *mut u64 {
        // SAFETY: CODE, FRAME.
        unsafe {
            let offset = u32(r) as i32;
            at(r, offset)
        }
    }

    /// The next 16 bytes.
    #[inline(always)]
    pub(crate) unsafe fn Bytes(r: &mut Regs) -> V128 {
        // SAFETY: CODE; as above.
        unsafe {
            if cfg!(target_endian = "little") {
                // The same bytes; in this form the compiler sees that they are one vector.
                let bytes = r.ip.cast::<[u8; 16]>().read_unaligned();
                r.ip = r.ip.add(4);
                return V128(bytes);
            }
            [u32(r), u32(r), u32(r), u32(r)].vector()
        }
    }

    /// The operation of an atomic op, by its number.
    #[inline(always)]
    pub(crate) unsafe fn Atomic(r: &mut Regs) -> u32 {
        // SAFETY: the caller's.
        unsafe { u32(r) }
    }

    /// The parameters of an access.
    #[inline(always)]
    pub(crate) unsafe fn Access(r: &mut Regs) -> Access {
        // SAFETY: the caller's.
        unsafe {
            let mem = u32(r);
            let flags = u32(r);
            let (wide, width) = (flags & 1 != 0, flags >> 1);
            Access {
                mem,
                wide,
                width,
                offset: u64(r),
            }
        }
    }

    /// The arguments of a call.
    #[inline(always)]
    pub(crate) unsafe fn CallFrame(r: &mut Regs) -> Frame {
        let frame = Frame(r.ip);
        r.ip = r.ip.wrapping_add(3);
        frame
    }

    /// The arguments of a call that replaces the current one.
    #[inline(always)]
    pub(crate) unsafe fn TailFrame(r: &mut Regs) -> TailFrame {
        // SAFETY: the caller's.
        unsafe {
            let (from, to) = (u32(r) as i32, u32(r) as i32);
            TailFrame {
                from,
                to,
                params: u32(r),
                slots: u32(r),
            }
        }
    }

    /// The target of a cast, as the cells that hold it.
    #[inline(always)]
    pub(crate) unsafe fn CastTarget(r: &mut Regs) -> (u32, u32) {
        // SAFETY: the caller's.
        unsafe { (u32(r), u32(r)) }
    }
}

/// The arguments of a call, not read yet: a call within the instance needs a part of it.
#[derive(Clone, Copy)]
pub(crate) struct Frame(*const u32);

impl Frame {
    /// Reads it.
    ///
    /// # Safety
    ///
    /// CODE.
    #[inline(always)]
    pub unsafe fn read(self) -> CallFrame {
        // SAFETY: CODE; a frame has three cells.
        unsafe {
            let [delta, params, slots] = *self.0.cast::<[u32; 3]>();
            CallFrame {
                delta,
                params,
                slots,
            }
        }
    }
}

/// The address of a slot of the current frame.
///
/// # Safety
///
/// FRAME; slots that ops name lie within the frame or among its parameters.
#[inline(always)]
pub(crate) unsafe fn at(r: &Regs, offset: SlotOffset) -> *mut u64 {
    // SAFETY: the caller's.
    unsafe { r.sp.offset(offset as isize).cast() }
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
        unsafe { T::read(in_code::SlotOffset(r)) }
    }
}

impl<T: Scalar> Source<T> for Imm {
    #[inline(always)]
    unsafe fn get(r: &mut Regs) -> T {
        // SAFETY: CODE; as many cells as the type takes.
        unsafe {
            if T::CELLS == 2 {
                T::from_slot(in_code::u64(r))
            } else {
                T::from_slot(u64::from(in_code::u32(r)))
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
        unsafe { value.write(in_code::SlotOffset(r)) };
    }
}

impl<T: Scalar> Dest<T> for Pin {
    #[inline(always)]
    unsafe fn put(r: &mut Regs, value: T) {
        T::set_acc(r, value);
        T::set_pin(r, value);
        // SAFETY: FRAME.
        unsafe { value.write(in_code::SlotOffset(r)) };
    }
}
