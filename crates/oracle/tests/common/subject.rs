//! The engine under test behind the few operations that the comparisons need.

use tickwasm::{
    AnyRef, AsContextMut, Caller, Config, Engine, Error, Extern, ExternRef, Func, FuncType, Global,
    GlobalType, I31, Instance, Memory, MemoryType, Module, Mutability, ResumableCall, Store,
    SuspendedCall, Table, TableType, Tag, TagType, TypedFunc, Val,
};
use tickwasm_oracle::{HeapType, Ref, RefType, Trap, ValType, Value};

use super::{FAR, FIELDS, HostCall, Import, ImportKind, Outcome, Rng, Shown, answer, global_value};

/// The outcome of a call that was resumed.
type Resumed = Result<ResumableCall<Vec<Val>>, Error>;

/// The data of a subject's store.
#[derive(Default)]
struct Host {
    log: Vec<HostCall>,
    /// Fuel for calls that has not been given yet.
    withheld: u64,
    /// A suspended call, and its fuel.
    waiting: Option<(SuspendedCall<Vec<Val>>, u64)>,
    /// The outcome of resuming it, and the fuel that is left.
    resumed: Option<(Resumed, u64)>,
}

/// A module with a function that calls the host at some depth, so that less of the stack is left to the host's calls.
const DEEP: &str = r#"(module
    (import "host" "resume" (func $resume))
    (func $deep (export "deep") (param i32)
        (if (local.get 0)
            (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
            (else (call $resume)))))"#;

/// An instance in a store of its own.
pub struct Subject {
    store: Store<Host>,
    instance: Instance,
    fueled: bool,
    slices: Option<Slices>,
    deep: Option<TypedFunc<u32, ()>>,
}

/// The amount of fuel that a call gets at a time; it is suspended in between.
#[derive(Clone, Copy, Debug)]
pub enum Slices {
    /// Always the same amount.
    Of(u64),
    /// A random amount, sometimes none; the call continues at another depth of the stack each time.
    Random(u64),
}

/// An engine with or without fuel, which lowers functions at once or when they are first called, and makes NaNs canonical
/// or not.
pub fn engine(fueled: bool, eager: bool, canonical_nans: bool) -> Engine {
    let mut config = Config::new();
    config
        .consume_fuel(fueled)
        .eager_lowering(eager)
        .deterministic(canonical_nans);
    Engine::new(config).expect("the configuration is a plain one")
}

/// The reason why there is no subject.
pub enum Refused {
    /// The module was not accepted.
    Module(String),
    /// Instantiation stopped; the fuel that was left.
    Stopped(Outcome, u64),
}

impl Subject {
    /// Compiles and instantiates a module; without `fuel`, the engine does not count fuel either.
    pub fn new(
        engine: &Engine,
        bytes: &[u8],
        imports: &[Import],
        fuel: Option<u64>,
    ) -> Result<Subject, Refused> {
        let module = Module::new(engine, bytes).map_err(|e| Refused::Module(e.to_string()))?;
        let mut store = Store::new(engine, Host::default());
        if let Some(fuel) = fuel {
            store.set_fuel(fuel).expect("fuel is on");
        }
        let fueled = fuel.is_some();
        let items: Vec<Extern> = imports
            .iter()
            .enumerate()
            .map(|(index, import)| provide(&mut store, index, &import.kind, fueled))
            .collect();
        match Instance::new(&mut store, &module, &items) {
            Ok(instance) => Ok(Subject {
                store,
                instance,
                fueled,
                slices: None,
                deep: None,
            }),
            Err(error) => {
                let left = if fueled {
                    store.get_fuel().expect("fuel is on")
                } else {
                    0
                };
                Err(Refused::Stopped(outcome_of(&mut store, &error), left))
            }
        }
    }

    /// Calls an exported function with arguments, each with the top of its type's hierarchy, if that is one of references.
    pub fn invoke(&mut self, name: &str, args: &[(Value, HeapType)], results: usize) -> Outcome {
        let func = self
            .instance
            .get_func(&self.store, name)
            .expect("the function is exported");
        let store = &mut self.store;
        let args = args.iter().map(|&(arg, top)| to_val(store, arg, top));
        let args: Vec<Val> = args.collect();
        let mut values = vec![Val::I32(0); results];
        let result = match self.slices {
            Some(slices) => match self.invoke_in_slices(func, &args, slices) {
                Ok(Some(values)) => Ok(values),
                Ok(None) => return Outcome::OutOfFuel,
                Err(error) => Err(error),
            },
            None => func
                .call(&mut self.store, &args, &mut values)
                .map(|()| values),
        };
        match result {
            Ok(values) => Outcome::Values(show_all(&mut self.store, &values, FAR)),
            Err(error) => outcome_of(&mut self.store, &error),
        }
    }

    /// Calls a function with a slice of its fuel at a time; nothing if all of them together are not enough.
    fn invoke_in_slices(
        &mut self,
        func: Func,
        args: &[Val],
        slices: Slices,
    ) -> Result<Option<Vec<Val>>, Error> {
        let mut rng = match slices {
            Slices::Of(_) => Rng::new(0),
            Slices::Random(seed) => Rng::new(seed),
        };
        let mut call = func.call_resumable(&mut self.store, args)?;
        loop {
            let suspended = match call {
                ResumableCall::Finished(values) => return Ok(Some(values)),
                ResumableCall::Suspended(suspended) => suspended,
            };
            let left = self.store.get_fuel().expect("fuel is on");
            let withheld = &mut self.store.data_mut().withheld;
            if *withheld == 0 {
                return Ok(None);
            }
            let most = rng.pick(&[2, 20, 500]);
            let slice = match slices {
                Slices::Of(fuel) => fuel,
                Slices::Random(_) => rng.next() % most,
            };
            let slice = slice.min(*withheld);
            *withheld -= slice;
            self.store.set_fuel(left + slice).expect("fuel is on");
            call = match slices {
                Slices::Of(_) => suspended.resume(&mut self.store)?,
                Slices::Random(_) => self.resume_at(rng.below(40) as u32, suspended)?,
            };
        }
    }

    /// Continues a call in the middle of another one of some depth, which takes none of its fuel.
    fn resume_at(
        &mut self,
        depth: u32,
        suspended: SuspendedCall<Vec<Val>>,
    ) -> Result<ResumableCall<Vec<Val>>, Error> {
        let store = &mut self.store;
        let fuel = store.get_fuel().expect("fuel is on");
        store.set_fuel(u64::MAX).expect("fuel is on");
        let deep = match self.deep {
            Some(deep) => deep,
            None => {
                let resume = |mut caller: Caller<'_, Host>| -> Result<(), Error> {
                    if let Some((call, fuel)) = caller.data_mut().waiting.take() {
                        caller.set_fuel(fuel)?;
                        let resumed = call.resume(&mut caller);
                        let left = caller.get_fuel()?;
                        caller.data_mut().resumed = Some((resumed, left));
                        caller.set_fuel(u64::MAX)?;
                    }
                    Ok(())
                };
                let resume = Func::wrap(&mut *store, resume);
                let module = Module::new(store.engine(), DEEP)?;
                let instance = Instance::new(&mut *store, &module, &[resume.into()])?;
                *self
                    .deep
                    .insert(instance.get_typed_func(&mut *store, "deep")?)
            }
        };
        store.data_mut().waiting = Some((suspended, fuel));
        deep.call(&mut *store, depth)?;
        let resumed = store.data_mut().resumed.take();
        let (call, left) = resumed.expect("the call has gone on");
        store.set_fuel(left).expect("fuel is on");
        call
    }

    /// Sets whether later calls get their fuel in slices.
    pub fn set_slices(&mut self, slices: Option<Slices>) {
        self.slices = slices;
    }

    pub fn set_fuel(&mut self, fuel: u64) {
        let (now, later) = match self.slices {
            Some(_) => (0, fuel),
            None => (fuel, 0),
        };
        self.store.set_fuel(now).expect("fuel is on");
        self.store.data_mut().withheld = later;
    }

    pub fn fuel(&self) -> u64 {
        self.store.get_fuel().expect("fuel is on") + self.store.data().withheld
    }

    pub fn fueled(&self) -> bool {
        self.fueled
    }

    pub fn log(&self) -> &[HostCall] {
        &self.store.data().log
    }

    pub fn memory(&self, name: &str) -> &[u8] {
        let memory = self
            .instance
            .get_memory(&self.store, name)
            .expect("the memory is exported");
        memory.data(&self.store)
    }

    pub fn memory_mut(&mut self, name: &str) -> &mut [u8] {
        let memory = self
            .instance
            .get_memory(&self.store, name)
            .expect("the memory is exported");
        memory.data_mut(&mut self.store)
    }

    pub fn global(&mut self, name: &str) -> Shown {
        let global = self
            .instance
            .get_global(&self.store, name)
            .expect("the global is exported");
        let value = global.get(&self.store);
        show(&mut self.store, &value, FAR)
    }

    pub fn table(&mut self, name: &str) -> Vec<Shown> {
        let table = self
            .instance
            .get_table(&self.store, name)
            .expect("the table is exported");
        let size = table.size(&self.store);
        (0..size)
            .map(|index| {
                let element = table
                    .get(&self.store, index)
                    .expect("the index is in bounds");
                show(&mut self.store, &Val::from(element), FAR)
            })
            .collect()
    }
}

fn provide(store: &mut Store<Host>, index: usize, kind: &ImportKind, fueled: bool) -> Extern {
    match kind {
        ImportKind::Func(ty) => {
            let result_types = ty.results.clone();
            let types = |types: &[ValType]| types.iter().map(|&ty| to_type(ty)).collect::<Vec<_>>();
            let engine = store.engine().clone();
            let func_type = FuncType::new(&engine, types(&ty.params), types(&ty.results));
            let func = Func::new(&mut *store, func_type, move |mut caller, args, results| {
                let args = show_all(&mut caller, args, FAR);
                let fuel = if fueled {
                    caller.get_fuel()? + caller.data().withheld
                } else {
                    0
                };
                let answer = answer(index, &args, &result_types);
                for ((slot, value), ty) in results.iter_mut().zip(answer).zip(&result_types) {
                    *slot = to_val(&mut caller, value, top(*ty));
                }
                caller.data_mut().log.push(HostCall { index, args, fuel });
                Ok(())
            });
            Extern::Func(func)
        }
        ImportKind::Global(mutable, ty) => {
            let mutability = if *mutable {
                Mutability::Var
            } else {
                Mutability::Const
            };
            let global_type = GlobalType::new(to_type(*ty), mutability);
            let value = to_val(store, global_value(*ty), top(*ty));
            let global = Global::new(&mut *store, global_type, value);
            Extern::Global(global.expect("the value is of the type"))
        }
        ImportKind::Memory(is64, min, max) => {
            let ty = match is64 {
                true => MemoryType::new64(*min, *max),
                false => MemoryType::new(*min as u32, max.map(|max| max as u32)),
            };
            Extern::Memory(Memory::new(&mut *store, ty).expect("the memory is small"))
        }
        ImportKind::Table(ty, is64, min, max) => {
            let reference = to_ref_type(*ty);
            let null = tickwasm::Ref::null(reference.heap_type());
            let ty = match is64 {
                true => TableType::new64(reference, *min, *max),
                false => TableType::new(reference, *min as u32, max.map(|max| max as u32)),
            };
            Extern::Table(Table::new(&mut *store, ty, null).expect("the table is small"))
        }
        ImportKind::Tag(params) => {
            let engine = store.engine().clone();
            let params = params.iter().map(|&ty| to_type(ty));
            let ty = TagType::new(FuncType::new(&engine, params, []));
            Extern::Tag(Tag::new(&mut *store, ty).expect("there are few tags"))
        }
    }
}

fn to_ref_type(ty: RefType) -> tickwasm::RefType {
    use tickwasm::HeapType as H;
    let heap = match ty.heap {
        HeapType::Any => H::Any,
        HeapType::Eq => H::Eq,
        HeapType::I31 => H::I31,
        HeapType::Func => H::Func,
        HeapType::Extern => H::Extern,
        HeapType::Exn => H::Exn,
        other => panic!("{other:?} is not imported"),
    };
    tickwasm::RefType::new(ty.nullable, heap)
}

fn to_type(ty: ValType) -> tickwasm::ValType {
    match ty {
        ValType::I32 => tickwasm::ValType::I32,
        ValType::I64 => tickwasm::ValType::I64,
        ValType::F32 => tickwasm::ValType::F32,
        ValType::F64 => tickwasm::ValType::F64,
        ValType::V128 => tickwasm::ValType::V128,
        ValType::Ref(ty) => tickwasm::ValType::Ref(to_ref_type(ty)),
    }
}

/// The top of the hierarchy of an imported type; any for those that are not of references.
fn top(ty: ValType) -> HeapType {
    match ty {
        ValType::Ref(ty) => match ty.heap {
            HeapType::Func | HeapType::Extern | HeapType::Exn => ty.heap,
            _ => HeapType::Any,
        },
        _ => HeapType::Any,
    }
}

/// Converts a value, which must be one that an argument may have.
fn to_val(store: &mut impl AsContextMut, value: Value, top: HeapType) -> Val {
    match value {
        Value::I32(bits) => Val::I32(bits as i32),
        Value::I64(bits) => Val::I64(bits as i64),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(bits.into()),
        Value::Ref(Ref::Null) => match top {
            HeapType::Func => Val::FuncRef(None),
            HeapType::Extern => Val::ExternRef(None),
            HeapType::Exn => Val::ExnRef(None),
            _ => Val::AnyRef(None),
        },
        Value::Ref(Ref::Any(inner)) => Val::AnyRef(Some(to_any(store, inner))),
        Value::Ref(Ref::Extern(inner)) => {
            let any = to_any(store, inner);
            let converted = ExternRef::convert_any(&*store, any);
            Val::ExternRef(Some(converted.expect("it is of this store")))
        }
        other => panic!("{other:?} has no counterpart in another store"),
    }
}

fn to_any(store: &mut impl AsContextMut, inner: tickwasm_oracle::AnyRef) -> AnyRef {
    match inner {
        tickwasm_oracle::AnyRef::I31(bits) => {
            AnyRef::from_i31(&mut *store, I31::wrapping_u32(bits))
        }
        tickwasm_oracle::AnyRef::Host(number) => {
            let host = ExternRef::new(&mut *store, number).expect("there are few of them");
            AnyRef::convert_extern(&*store, host).expect("it is of this store")
        }
        other => panic!("{other:?} has no counterpart in another store"),
    }
}

fn show_all(store: &mut impl AsContextMut, values: &[Val], far: usize) -> Vec<Shown> {
    values.iter().map(|value| show(store, value, far)).collect()
}

/// Shows a value of the subject.
fn show(store: &mut impl AsContextMut, value: &Val, far: usize) -> Shown {
    Shown::Plain(match value {
        Val::I32(value) => Value::from(*value),
        Val::I64(value) => Value::from(*value),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(Some(_)) => return Shown::Func,
        Val::ExnRef(Some(_)) if far == 0 => return Shown::Far,
        Val::ExnRef(Some(exn)) => {
            let fields: Vec<Val> = exn.fields(&*store).expect("it is of this store").collect();
            return Shown::Exception(show_all(store, &fields, far - 1));
        }
        Val::AnyRef(Some(any)) => return show_any(store, any, far),
        Val::ExternRef(Some(value)) => {
            let any = AnyRef::convert_extern(&*store, value.clone()).expect("it is of this store");
            return show_any(store, &any, far);
        }
        _ => return Shown::Null,
    })
}

fn show_any(store: &mut impl AsContextMut, any: &AnyRef, far: usize) -> Shown {
    let ours = "it is of this store";
    if let Some(number) = any.as_i31(&*store).expect(ours) {
        return Shown::I31(number.get_u32());
    }
    let object = any.as_struct(&*store).expect(ours);
    let array = any.as_array(&*store).expect(ours);
    if far == 0 && (object.is_some() || array.is_some()) {
        return Shown::Far;
    }
    let fields: Vec<Val> = if let Some(object) = object {
        let count = object.ty(&*store).expect(ours).fields().len();
        let fields = (0..count.min(FIELDS)).map(|at| object.field(&*store, at).expect(ours));
        fields.collect()
    } else if let Some(array) = array {
        let count = array.len(&*store).expect(ours).min(FIELDS as u32);
        let fields = (0..count).map(|at| array.get(&*store, at).expect(ours));
        fields.collect()
    } else {
        let host = ExternRef::convert_any(&*store, any.clone()).expect(ours);
        let data = host.data(store.as_context()).expect(ours);
        let number = data.and_then(|data| data.downcast_ref::<u32>());
        return Shown::Host(*number.expect("the host's values are numbers"));
    };
    Shown::Object(show_all(store, &fields, far - 1))
}

fn outcome_of(store: &mut impl AsContextMut, error: &Error) -> Outcome {
    use tickwasm::Trap as T;
    if let Error::Exception(thrown) = error {
        return Outcome::Exception(show_all(store, thrown.payload(), FAR));
    }
    Outcome::Trap(match error.downcast_ref::<T>() {
        Some(T::OutOfFuel) => return Outcome::OutOfFuel,
        Some(T::StackOverflow) => return Outcome::CallDepth,
        Some(T::UnreachableCodeReached) => Trap::Unreachable,
        Some(T::MemoryOutOfBounds) => Trap::OutOfBoundsMemoryAccess,
        Some(T::TableOutOfBounds) => Trap::OutOfBoundsTableAccess,
        Some(T::UndefinedElement) => Trap::UndefinedElement,
        Some(T::IndirectCallToNull) => Trap::UninitializedElement,
        Some(T::BadSignature) => Trap::IndirectCallTypeMismatch,
        Some(T::IntegerOverflow) => Trap::IntegerOverflow,
        Some(T::IntegerDivisionByZero) => Trap::IntegerDivideByZero,
        Some(T::NullReference) => Trap::NullReference,
        Some(T::ArrayOutOfBounds) => Trap::OutOfBoundsArrayAccess,
        Some(T::CastFailure) => Trap::CastFailure,
        Some(T::AllocationTooLarge) => Trap::AllocationTooLarge,
        Some(T::BadConversionToInteger) => Trap::InvalidConversionToInteger,
        _ => return Outcome::Other(error.to_string()),
    })
}
