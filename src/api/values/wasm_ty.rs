//! Rust types whose values pass to and from WebAssembly functions, singly and in tuples. `slots` says how they are passed.

use core::cell::Cell;

use super::exn::ExnRef;
use super::gc::{AnyRef, ArrayRef, EqRef, I31, StructRef};
use super::refs::ExternRef;
use super::val::V128;
use crate::api::calls::func::Func;
use crate::error::Misuse;
use crate::runtime::store::{Store, StoreId};
use crate::syntax::types::{HeapType, RefType, ValType};

/// A Rust type with a WebAssembly type of its own: `i32`, `u32`, `i64`, `u64`, `f32`, `f64`, [`V128`], [`Func`], [`ExternRef`], [`AnyRef`], [`EqRef`],
/// [`StructRef`], [`ArrayRef`], [`I31`], [`ExnRef`], and options of these references.
///
/// `u32` and `u64` are the same WebAssembly types as `i32` and `i64`, with the same bits. It cannot be implemented outside this crate.
///
/// ```
/// use tickwasm::{Engine, Func, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let double = Func::wrap(&mut store, |n: u64| n.wrapping_mul(2));
/// assert_eq!(double.typed::<u64, u64>(&store)?.call(&mut store, 1 << 62)?, 1 << 63);
/// assert_eq!(double.typed::<i64, i64>(&store)?.call(&mut store, -4)?, -8);
/// # Ok::<(), tickwasm::Error>(())
/// ```
pub trait WasmTy: sealed::WasmValue {}

/// The parameters of a [`TypedFunc`](crate::TypedFunc): a [`WasmTy`] or a tuple of up to 16.
///
/// ```
/// fn takes<P: tickwasm::WasmParams>() {}
/// takes::<()>();
/// takes::<i32>();
/// takes::<(i32, f64)>();
/// ```
pub trait WasmParams: sealed::WasmValues {}

/// The results of a [`TypedFunc`](crate::TypedFunc) or a host function: a [`WasmTy`] or a tuple of up to 16.
///
/// ```
/// fn yields<R: tickwasm::WasmResults>() {}
/// yields::<(u32, Option<tickwasm::ExternRef>)>();
/// ```
pub trait WasmResults: sealed::WasmValues {}

impl<V: sealed::WasmValue> WasmTy for V {}
impl<V: sealed::WasmValues> WasmParams for V {}
impl<V: sealed::WasmValues> WasmResults for V {}

/// The methods of the traits above, which only this crate can use.
pub(crate) mod sealed {
    use super::{Cell, Misuse, Store, StoreId, ValType};

    pub trait WasmValue: Sized + 'static {
        /// The WebAssembly type.
        const TYPE: ValType;
        /// Returns the value in slots of a store, of which only vectors need the second.
        fn into_slots(self, store: StoreId) -> Result<[u64; 2], Misuse>;
        /// Returns the value that slots of a store hold.
        fn from_slots(slots: [u64; 2], store: &Store) -> Self;
    }

    pub trait WasmValues: Sized + 'static {
        /// The WebAssembly types.
        const TYPES: &'static [ValType];
        /// The number of slots that they fill.
        const SLOTS: usize;
        /// Puts the values into slots, of which there are enough.
        fn write(self, slots: &[Cell<u64>], store: StoreId) -> Result<(), Misuse>;
        /// Takes the values from slots, of which there are enough.
        fn read(slots: &[Cell<u64>], store: &Store) -> Self;
    }
}

/// The largest number of values of a tuple. They fill as many slots, unless there are vectors among them.
pub(crate) const MAX: usize = 16;

/// Implements the conversion of numbers into bits and back.
macro_rules! numbers {
    ($($ty:ty = $wasm:ident, $into:expr, $from:expr;)*) => {$(
        impl sealed::WasmValue for $ty {
            const TYPE: ValType = ValType::$wasm;

            #[inline]
            fn into_slots(self, _: StoreId) -> Result<[u64; 2], Misuse> {
                let into: fn(Self) -> u64 = $into;
                Ok([into(self), 0])
            }

            #[inline]
            fn from_slots(slots: [u64; 2], _: &Store) -> Self {
                let from: fn(u64) -> Self = $from;
                from(slots[0])
            }
        }
    )*};
}

numbers! {
    i32 = I32, |value| u64::from(value as u32), |slot| slot as i32;
    u32 = I32, u64::from, |slot| slot as u32;
    i64 = I64, |value| value as u64, |slot| slot as i64;
    u64 = I64, |value| value, |slot| slot;
    f32 = F32, |value| value.to_bits().into(), |slot| f32::from_bits(slot as u32);
    f64 = F64, f64::to_bits, f64::from_bits;
}

impl sealed::WasmValue for V128 {
    const TYPE: ValType = ValType::V128;

    #[inline]
    fn into_slots(self, _: StoreId) -> Result<[u64; 2], Misuse> {
        let bits = self.as_u128();
        Ok([bits as u64, (bits >> 64) as u64])
    }

    #[inline]
    fn from_slots(slots: [u64; 2], _: &Store) -> Self {
        Self::from(u128::from(slots[0]) | u128::from(slots[1]) << 64)
    }
}

/// References, nullable and not.
macro_rules! references {
    ($($ty:ident $heap:ident;)*) => {$(
        impl sealed::WasmValue for Option<$ty> {
            const TYPE: ValType = ValType::Ref(RefType::nullable(HeapType::$heap));

            fn into_slots(self, store: StoreId) -> Result<[u64; 2], Misuse> {
                Ok([$ty::to_slot(self.as_ref(), store)?, 0])
            }

            fn from_slots(slots: [u64; 2], store: &Store) -> Self {
                $ty::of_slot(slots[0], store)
            }
        }

        impl sealed::WasmValue for $ty {
            const TYPE: ValType = ValType::Ref(RefType::non_null(HeapType::$heap));

            fn into_slots(self, store: StoreId) -> Result<[u64; 2], Misuse> {
                Ok([$ty::to_slot(Some(&self), store)?, 0])
            }

            fn from_slots(slots: [u64; 2], store: &Store) -> Self {
                match $ty::of_slot(slots[0], store) {
                    Some(value) => value,
                    None => unreachable!("validated: a value of non-null type is not null"),
                }
            }
        }
    )*};
}

references! {
    Func Func;
    ExternRef Extern;
    AnyRef Any;
    EqRef Eq;
    StructRef Struct;
    ArrayRef Array;
    I31 I31;
    ExnRef Exn;
}

impl<V: sealed::WasmValue> sealed::WasmValues for V {
    const TYPES: &'static [ValType] = &[V::TYPE];
    const SLOTS: usize = V::TYPE.slots() as usize;

    #[inline]
    fn write(self, slots: &[Cell<u64>], store: StoreId) -> Result<(), Misuse> {
        write_next(self, &mut slots.iter(), store)
    }

    #[inline]
    fn read(slots: &[Cell<u64>], store: &Store) -> Self {
        read_next(&mut slots.iter(), store)
    }
}

/// Puts a value into the next slots.
#[inline]
fn write_next<V: sealed::WasmValue>(
    value: V,
    slots: &mut core::slice::Iter<'_, Cell<u64>>,
    store: StoreId,
) -> Result<(), Misuse> {
    let [low, high] = value.into_slots(store)?;
    if let Some(slot) = slots.next() {
        slot.set(low);
    }
    if V::TYPE.slots() == 2
        && let Some(slot) = slots.next()
    {
        slot.set(high);
    }
    Ok(())
}

/// Takes a value from the next slots.
#[inline]
fn read_next<V: sealed::WasmValue>(
    slots: &mut core::slice::Iter<'_, Cell<u64>>,
    store: &Store,
) -> V {
    let low = slots.next().map_or(0, Cell::get);
    let high = match V::TYPE.slots() {
        2 => slots.next().map_or(0, Cell::get),
        _ => 0,
    };
    V::from_slots([low, high], store)
}

macro_rules! tuples {
    ($callback:ident) => {
        $callback!();
        $callback!(A1);
        $callback!(A1 A2);
        $callback!(A1 A2 A3);
        $callback!(A1 A2 A3 A4);
        $callback!(A1 A2 A3 A4 A5);
        $callback!(A1 A2 A3 A4 A5 A6);
        $callback!(A1 A2 A3 A4 A5 A6 A7);
        $callback!(A1 A2 A3 A4 A5 A6 A7 A8);
        $callback!(A1 A2 A3 A4 A5 A6 A7 A8 A9);
        $callback!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10);
        $callback!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11);
        $callback!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12);
        $callback!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13);
        $callback!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14);
        $callback!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15);
        $callback!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16);
    };
}
pub(crate) use tuples;

macro_rules! tuple {
    ($($name:ident)*) => {
        #[allow(non_snake_case, unused_variables, unused_mut, clippy::unused_unit)]
        impl<$($name: sealed::WasmValue),*> sealed::WasmValues for ($($name,)*) {
            const TYPES: &'static [ValType] = &[$($name::TYPE),*];
            const SLOTS: usize = 0 $(+ $name::TYPE.slots() as usize)*;

            #[inline]
            fn write(self, slots: &[Cell<u64>], store: StoreId) -> Result<(), Misuse> {
                let ($($name,)*) = self;
                let mut slots = slots.iter();
                $(write_next($name, &mut slots, store)?;)*
                Ok(())
            }

            #[inline]
            fn read(slots: &[Cell<u64>], store: &Store) -> Self {
                let mut slots = slots.iter();
                ($(read_next::<$name>(&mut slots, store),)*)
            }
        }
    };
}

tuples!(tuple);
