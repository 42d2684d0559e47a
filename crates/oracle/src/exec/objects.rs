//! Structures and arrays.

use std::ops::Range;

use super::Thread;
use super::tables::ELEMENTS_PER_FUEL;
use crate::instr::Object;
use crate::types::{StorageType, TypeId, ValType};
use crate::value::{AnyRef, ObjectAddr, Ref, Trap, Value};
use crate::{ObjectInst, Oracle};

/// Number of allocated bytes that cost one.
const HEAP_BYTES_PER_FUEL: u64 = 64;

/// The maximal number of bytes of an object.
const MOST_BYTES: u64 = 1 << 30;

impl Oracle {
    pub(super) fn object_work(&self, thread: &Thread, instr: Object) -> u64 {
        let index = |above| thread.peek_index(above);
        let allocated = |bytes: u64| match bytes <= MOST_BYTES {
            true => bytes / HEAP_BYTES_PER_FUEL,
            false => 0,
        };
        let fits = |array, at, count| {
            let range = |array| self.array_range(array, at, count).ok();
            object(array).ok().and_then(range).is_some()
        };
        let is_done = match instr {
            Object::StructNew(ty) | Object::StructNewDefault(ty) => {
                return allocated(self.struct_bytes(ty));
            }
            Object::ArrayNew(ty) | Object::ArrayNewDefault(ty) => {
                return allocated(self.array_bytes(ty, index(0)));
            }
            Object::ArrayNewFixed { ty, count } => {
                return allocated(self.array_bytes(ty, count.into()));
            }
            Object::ArrayNewData { ty, data } => {
                let bytes = self.array_bytes(ty, index(0));
                return match self.data(thread, data, index(1), bytes) {
                    Ok(_) => allocated(bytes),
                    Err(_) => 0,
                };
            }
            Object::ArrayNewElem { ty, elem } => {
                return match self.elem(thread, elem, index(1), index(0)) {
                    Ok(_) => allocated(self.array_bytes(ty, index(0))),
                    Err(_) => 0,
                };
            }
            // The value lies in between.
            Object::ArrayFill(_) => fits(thread.peek_ref(3), index(2), index(0)),
            Object::ArrayCopy => {
                fits(thread.peek_ref(4), index(3), index(0))
                    && fits(thread.peek_ref(2), index(1), index(0))
            }
            Object::ArrayInitData { ty, data } => {
                let bytes = self.array_bytes(ty, index(0));
                fits(thread.peek_ref(3), index(2), index(0))
                    && self.data(thread, data, index(1), bytes).is_ok()
            }
            Object::ArrayInitElem { elem } => {
                fits(thread.peek_ref(3), index(2), index(0))
                    && self.elem(thread, elem, index(1), index(0)).is_ok()
            }
            _ => return 0,
        };
        match is_done {
            true => index(0) / ELEMENTS_PER_FUEL,
            false => 0,
        }
    }

    pub(super) fn execute_object(
        &mut self,
        thread: &mut Thread,
        instr: Object,
    ) -> Result<(), Trap> {
        match instr {
            Object::StructNew(ty) => {
                let types = self.types.fields(ty).iter().map(|field| field.storage);
                let types: Vec<StorageType> = types.collect();
                let values = thread.pop_many(types.len());
                let fields = types
                    .iter()
                    .zip(values)
                    .map(|(&ty, value)| packed(ty, value));
                let fields = fields.collect();
                thread.push(self.alloc_object(ty, fields));
            }
            Object::StructNewDefault(ty) => {
                let fields = self.types.fields(ty).iter();
                let fields = fields.map(|field| field.storage.unpacked().zero());
                let fields = fields.collect();
                thread.push(self.alloc_object(ty, fields));
            }
            Object::StructGet { ty, field, signed } => {
                let object = object(thread.pop_ref())?;
                let storage = self.types.fields(ty)[field as usize].storage;
                let value = self.objects[object.0].fields[field as usize];
                thread.push(unpacked(storage, value, signed));
            }
            Object::StructSet { ty, field } => {
                let value = thread.pop();
                let object = object(thread.pop_ref())?;
                let ty = self.types.fields(ty)[field as usize];
                assert!(ty.mutable && self.has_type(value, ty.storage.unpacked()));
                self.objects[object.0].fields[field as usize] = packed(ty.storage, value);
            }
            Object::ArrayNew(ty) => {
                let count = thread.pop_index();
                let value = packed(self.types.element(ty).storage, thread.pop());
                let array = self.alloc_array(ty, count, |_| value)?;
                thread.push(array);
            }
            Object::ArrayNewDefault(ty) => {
                let count = thread.pop_index();
                let value = self.types.element(ty).storage.unpacked().zero();
                let array = self.alloc_array(ty, count, |_| value)?;
                thread.push(array);
            }
            Object::ArrayNewFixed { ty, count } => {
                let storage = self.types.element(ty).storage;
                let values = thread.pop_many(count as usize);
                let array = self.alloc_array(ty, count.into(), |i| packed(storage, values[i]))?;
                thread.push(array);
            }
            Object::ArrayNewData { ty, data } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let values = self.data_values(thread, ty, data, from, count)?;
                let array = self.alloc_array(ty, count, |i| values[i])?;
                thread.push(array);
            }
            Object::ArrayNewElem { ty, elem } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let values = self.elem(thread, elem, from, count)?.to_vec();
                let array = self.alloc_array(ty, count, |i| values[i])?;
                thread.push(array);
            }
            Object::ArrayGet { ty, signed } => {
                let index = thread.pop_index();
                let array = object(thread.pop_ref())?;
                let at = self.array_range(array, index, 1)?.start;
                let value = self.objects[array.0].fields[at];
                thread.push(unpacked(self.types.element(ty).storage, value, signed));
            }
            Object::ArraySet(ty) => {
                let value = thread.pop();
                let index = thread.pop_index();
                let array = object(thread.pop_ref())?;
                let at = self.array_range(array, index, 1)?.start;
                let storage = self.types.element(ty).storage;
                self.objects[array.0].fields[at] = packed(storage, value);
            }
            Object::ArrayLen => {
                let array = object(thread.pop_ref())?;
                thread.push(Value::I32(self.objects[array.0].fields.len() as u32));
            }
            Object::ArrayFill(ty) => {
                let count = thread.pop_index();
                let value = packed(self.types.element(ty).storage, thread.pop());
                let at = thread.pop_index();
                let array = object(thread.pop_ref())?;
                let range = self.array_range(array, at, count)?;
                self.objects[array.0].fields[range].fill(value);
            }
            Object::ArrayCopy => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let source = thread.pop_ref();
                let to = thread.pop_index();
                let target = object(thread.pop_ref())?;
                let source = object(source)?;
                let to = self.array_range(target, to, count)?;
                let from = self.array_range(source, from, count)?;
                // The copy makes overlap irrelevant.
                let moved = self.objects[source.0].fields[from].to_vec();
                self.objects[target.0].fields[to].copy_from_slice(&moved);
            }
            Object::ArrayInitData { ty, data } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let to = thread.pop_index();
                let array = object(thread.pop_ref())?;
                let range = self.array_range(array, to, count)?;
                let values = self.data_values(thread, ty, data, from, count)?;
                self.objects[array.0].fields[range].copy_from_slice(&values);
            }
            Object::ArrayInitElem { elem } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let to = thread.pop_index();
                let array = object(thread.pop_ref())?;
                let range = self.array_range(array, to, count)?;
                let values = self.elem(thread, elem, from, count)?.to_vec();
                self.objects[array.0].fields[range].copy_from_slice(&values);
            }
        }
        Ok(())
    }

    fn alloc_object(&mut self, ty: TypeId, fields: Vec<Value>) -> Value {
        self.objects.push(ObjectInst { ty, fields });
        let object = ObjectAddr(self.objects.len() - 1);
        Value::Ref(Ref::Any(AnyRef::Object(object)))
    }

    fn alloc_array(
        &mut self,
        ty: TypeId,
        count: u64,
        value: impl Fn(usize) -> Value,
    ) -> Result<Value, Trap> {
        if self.array_bytes(ty, count) > MOST_BYTES {
            return Err(Trap::AllocationTooLarge);
        }
        Ok(self.alloc_object(ty, (0..count as usize).map(value).collect()))
    }

    /// The values in a data segment, as elements of an array type.
    fn data_values(
        &self,
        thread: &Thread,
        ty: TypeId,
        data: u32,
        from: u64,
        count: u64,
    ) -> Result<Vec<Value>, Trap> {
        let storage = self.types.element(ty).storage;
        let bytes = self.data(thread, data, from, self.array_bytes(ty, count))?;
        let values = bytes.chunks(storage.bytes() as usize).map(|bytes| {
            let parts = (0..).zip(bytes);
            let bits: u128 = parts.map(|(i, &byte)| u128::from(byte) << (8 * i)).sum();
            match storage.unpacked() {
                ValType::V128 => Value::V128(bits),
                number => Value::from_bits(number, bits as u64),
            }
        });
        Ok(values.collect())
    }

    /// The range of `count` elements from `at` on, if all of them exist.
    fn array_range(&self, array: ObjectAddr, at: u64, count: u64) -> Result<Range<usize>, Trap> {
        let end = u128::from(at) + u128::from(count);
        if end > self.objects[array.0].fields.len() as u128 {
            return Err(Trap::OutOfBoundsArrayAccess);
        }
        Ok(at as usize..end as usize)
    }

    /// The size of a structure, for fuel: each field is at a multiple of its size.
    fn struct_bytes(&self, ty: TypeId) -> u64 {
        let fields = self.types.fields(ty).iter();
        fields.fold(0u64, |end, field| {
            let bytes = field.storage.bytes();
            end.next_multiple_of(bytes) + bytes
        })
    }

    fn array_bytes(&self, ty: TypeId, count: u64) -> u64 {
        count * self.types.element(ty).storage.bytes()
    }
}

/// The object that a reference points to.
fn object(reference: Ref) -> Result<ObjectAddr, Trap> {
    match reference {
        Ref::Any(AnyRef::Object(object)) => Ok(object),
        Ref::Null => Err(Trap::NullReference),
        other => unreachable!("validated: an object, not {other:?}"),
    }
}

/// A value as a field keeps it.
fn packed(storage: StorageType, value: Value) -> Value {
    match (storage, value) {
        (StorageType::I8, Value::I32(bits)) => Value::I32(bits % (1 << 8)),
        (StorageType::I16, Value::I32(bits)) => Value::I32(bits % (1 << 16)),
        _ => value,
    }
}

/// A field's value on the stack.
fn unpacked(storage: StorageType, value: Value, signed: bool) -> Value {
    let negative = |bits: u32, width: u32| signed && bits >= 1 << (width - 1);
    match (storage, value) {
        (StorageType::I8, Value::I32(bits)) if negative(bits, 8) => Value::I32(bits + 0xFFFF_FF00),
        (StorageType::I16, Value::I32(bits)) if negative(bits, 16) => {
            Value::I32(bits + 0xFFFF_0000)
        }
        _ => value,
    }
}
