//! References that are made, compared, cast and converted, but not dereferenced.

use super::Thread;
use crate::Oracle;
use crate::instr::Reference;
use crate::value::{AnyRef, Ref, Trap, Value};

impl Oracle {
    pub(super) fn execute_reference(
        &mut self,
        thread: &mut Thread,
        instr: &Reference,
    ) -> Result<(), Trap> {
        let result = match *instr {
            Reference::Null => Value::NULL,
            Reference::IsNull => Value::I32((thread.pop_ref() == Ref::Null).into()),
            Reference::AsNonNull => match thread.pop_ref() {
                Ref::Null => return Err(Trap::NullReference),
                other => Value::Ref(other),
            },
            Reference::Eq => Value::I32((thread.pop_ref() == thread.pop_ref()).into()),
            Reference::Func(index) => {
                let func = self.instances[thread.instance()].funcs[index as usize];
                Value::Ref(Ref::Func(func))
            }
            Reference::Test(ty) => {
                let reference = thread.pop_ref();
                Value::I32(self.ref_has_type(reference, ty).into())
            }
            Reference::Cast(ty) => {
                let reference = thread.pop_ref();
                if !self.ref_has_type(reference, ty) {
                    return Err(Trap::CastFailure);
                }
                Value::Ref(reference)
            }
            Reference::I31 => Value::Ref(Ref::Any(AnyRef::I31(thread.pop_i32() % (1 << 31)))),
            Reference::I31Get { signed } => match thread.pop_ref() {
                Ref::Any(AnyRef::I31(bits)) if signed && bits >= 1 << 30 => {
                    Value::I32(bits + (1 << 31))
                }
                Ref::Any(AnyRef::I31(bits)) => Value::I32(bits),
                _ => return Err(Trap::NullReference),
            },
            Reference::AnyConvertExtern => match thread.pop_ref() {
                Ref::Extern(inner) => Value::Ref(Ref::Any(inner)),
                _ => Value::NULL,
            },
            Reference::ExternConvertAny => match thread.pop_ref() {
                Ref::Any(inner) => Value::Ref(Ref::Extern(inner)),
                _ => Value::NULL,
            },
        };
        thread.push(result);
        Ok(())
    }
}
