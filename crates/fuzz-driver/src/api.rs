//! The interface: sequences of operations on engines, stores, linkers and the contents of stores, checked against a model.
//!
//! Handles are used with the wrong store as well, if the interface returns an error for that. If it panics, as `wasmtime`
//! does, they are not: a panic ends the process under libFuzzer.

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};
use tickwasm::{
    Engine, Error, Extern, ExternRef, Func, Global, GlobalType, Instance, Linker, Memory,
    MemoryType, Misuse, Module, Mutability, Ref, RefType, Store, Table, TableType, Val, ValType,
};

use crate::modules;

/// A module that uses all its imports, and exports them again.
const MODULE: &str = r#"(module
    (import "m" "memory" (memory 0))
    (import "m" "table" (table $externs 0 externref))
    (import "m" "global" (global $global (mut i64)))
    (import "m" "func" (func $func (param i32) (result i32)))
    (export "memory" (memory 0))
    (export "table" (table 0))
    (export "global" (global 0))
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "get") (param i32) (result externref) (table.get (local.get 0)))
    (func (export "set") (param i32 externref) (table.set (local.get 0) (local.get 1)))
    (func (export "add") (param i64) (result i64)
        (global.set $global (i64.add (global.get $global) (local.get 0)))
        (global.get $global))
    (func (export "call") (param i32) (result i32) (call $func (local.get 0))))"#;

/// Number of pages that a store's memories may have together.
const PAGES: u64 = 20;
/// Number of elements that a store's tables may have together.
const ELEMENTS: u64 = 200;

/// Runs one operation after the other, each checked against the model.
pub fn api(data: &[u8]) {
    let mut world = World::new();
    let mut u = Unstructured::new(data);
    while !u.is_empty() {
        if world.step(&mut u).is_err() {
            return;
        }
        world.check();
    }
}

/// A store, with the model's state of it.
struct Place {
    store: Store<u64>,
    /// The engine's number.
    engine: usize,
    pages: u64,
    elements: u64,
    mems: Vec<Mem>,
    tables: Vec<Tab>,
    globals: Vec<(Global, bool, i64)>,
    externs: Vec<(ExternRef, u64)>,
    funcs: Vec<Func>,
    instances: Vec<Inst>,
}

#[derive(Clone)]
struct Mem {
    handle: Memory,
    pages: u64,
    max: Option<u64>,
    /// The bytes that are not 0.
    bytes: BTreeMap<usize, u8>,
}

#[derive(Clone)]
struct Tab {
    handle: Table,
    max: Option<u64>,
    /// The number of the object at each index.
    elements: Vec<Option<u64>>,
}

/// An instance, and the parts of its store that it was given.
#[derive(Clone, Copy)]
struct Inst {
    handle: Instance,
    mem: usize,
    table: usize,
    global: usize,
}

struct World {
    engines: [Engine; 2],
    modules: [Module; 2],
    places: Vec<Place>,
}

impl World {
    fn new() -> Self {
        let engine = || {
            let mut config = modules::config();
            config
                .max_memory_bytes(PAGES << 16)
                .max_table_elements(ELEMENTS);
            Engine::new(config).unwrap()
        };
        let engines = [engine(), engine()];
        let modules = engines
            .each_ref()
            .map(|engine| Module::new(engine, MODULE).unwrap());
        let mut world = Self {
            engines,
            modules,
            places: Vec::new(),
        };
        world.add(0);
        world
    }

    fn add(&mut self, engine: usize) {
        self.places.push(Place {
            store: Store::new(&self.engines[engine], 0),
            engine,
            pages: 0,
            elements: 0,
            mems: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            externs: Vec::new(),
            funcs: Vec::new(),
            instances: Vec::new(),
        });
    }

    fn step(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let here = u.choose_index(self.places.len())?;
        match u.int_in_range(0..=23)? {
            0 if self.places.len() < 4 => self.add(u.int_in_range(0..=1)?),
            1 if self.places.len() > 1 && u.ratio(1, 8)? => drop(self.places.swap_remove(here)),
            2 => self.places[here].new_memory(u)?,
            3 => self.places[here].new_table(u)?,
            4 => self.places[here].new_global(u)?,
            5 => self.places[here].new_extern(),
            6 => self.places[here].new_func(),
            7 => self.instantiate(u, here)?,
            8 => self.strangers(u, here)?,
            _ => self.places[here].step(u)?,
        }
        Ok(())
    }

    /// An instance of parts of a store, by position or by a linker's names.
    fn instantiate(&mut self, u: &mut Unstructured<'_>, here: usize) -> Result<()> {
        let place = &mut self.places[here];
        let other_engine = u.ratio(1, 8)?;
        let module = &self.modules[if other_engine {
            1 - place.engine
        } else {
            place.engine
        }];
        if place.mems.is_empty()
            || place.tables.is_empty()
            || place.globals.is_empty()
            || place.funcs.is_empty()
        {
            return Ok(());
        }
        let mem = u.choose_index(place.mems.len())?;
        let table = u.choose_index(place.tables.len())?;
        let global = u.choose_index(place.globals.len())?;
        let func = place.funcs[u.choose_index(place.funcs.len())?];
        let mutable = place.globals[global].1;
        let items: [(&str, Extern); 4] = [
            ("memory", place.mems[mem].handle.into()),
            ("table", place.tables[table].handle.into()),
            ("global", place.globals[global].0.into()),
            ("func", func.into()),
        ];
        let made = if u.arbitrary()? {
            let mut linker = Linker::new(place.store.engine());
            for (name, item) in items {
                linker.define(&place.store, "m", name, item).unwrap();
            }
            linker.instantiate(&mut place.store, module)
        } else {
            Instance::new(&mut place.store, module, &items.map(|(_, item)| item))
        };
        match made {
            Ok(handle) => {
                assert!(mutable && !other_engine);
                place.instances.push(Inst {
                    handle,
                    mem,
                    table,
                    global,
                });
            }
            Err(Error::Misuse(Misuse::WrongEngine)) => assert!(other_engine),
            Err(Error::IncompatibleImport { name, .. }) => {
                assert!(name == "global" && !mutable, "`{name}` does not fit");
            }
            Err(other) => panic!("instantiation fails with: {other}"),
        }
        Ok(())
    }

    /// Parts of one store used with another.
    fn strangers(&mut self, u: &mut Unstructured<'_>, here: usize) -> Result<()> {
        let there = u.choose_index(self.places.len())?;
        if here == there {
            return Ok(());
        }
        let [a, b] = self.places.get_disjoint_mut([here, there]).unwrap();
        let same_engine = a.engine == b.engine;
        let is_wrong = |error: Error| {
            let wrong = matches!(
                error,
                Error::Misuse(Misuse::WrongStore | Misuse::WrongEngine | Misuse::Type { .. })
            );
            assert!(wrong, "a stranger is refused by: {error}");
        };
        match u.int_in_range(0..=7)? {
            0 => {
                if let Some(func) = b.funcs.first() {
                    let mut results = [Val::I32(0)];
                    is_wrong(
                        func.call(&mut a.store, &[Val::I32(1)], &mut results)
                            .unwrap_err(),
                    );
                }
            }
            1 => {
                if let (Some(table), Some((stranger, _))) = (a.tables.first(), b.externs.first())
                    && !table.elements.is_empty()
                {
                    let stranger = Ref::from(stranger.clone());
                    is_wrong(
                        table
                            .handle
                            .set(&mut a.store, 0, stranger.clone())
                            .unwrap_err(),
                    );
                    is_wrong(
                        table
                            .handle
                            .fill(&mut a.store, 0, stranger.clone(), 1)
                            .unwrap_err(),
                    );
                    is_wrong(table.handle.grow(&mut a.store, 1, stranger).unwrap_err());
                }
            }
            2 => {
                if let Some((stranger, _)) = b.externs.first() {
                    is_wrong(stranger.data(&a.store).map(|_| ()).unwrap_err());
                }
            }
            3 => {
                if let Some(mem) = b.mems.first() {
                    let mut linker = Linker::<u64>::new(a.store.engine());
                    let defined = linker.define(&a.store, "m", "memory", mem.handle);
                    is_wrong(defined.map(|_| ()).unwrap_err());
                }
            }
            4 => {
                if let (Some(mem), Some(table), Some((global, ..)), Some(func)) = (
                    b.mems.first(),
                    a.tables.first(),
                    a.globals.first(),
                    a.funcs.first(),
                ) {
                    let items: [Extern; 4] = [
                        mem.handle.into(),
                        table.handle.into(),
                        (*global).into(),
                        (*func).into(),
                    ];
                    let module = &self.modules[a.engine];
                    is_wrong(
                        Instance::new(&mut a.store, module, &items)
                            .map(|_| ())
                            .unwrap_err(),
                    );
                }
            }
            5 => {
                if let Some(mem) = b.mems.first_mut() {
                    is_wrong_growth(mem.handle.grow(&mut a.store, 0));
                }
            }
            6 => {
                if let (Some(instance), Some((stranger, _))) =
                    (a.instances.first(), b.externs.first())
                {
                    let set = instance.handle.get_func(&mut a.store, "set").unwrap();
                    let args = [Val::I32(0), Val::from(stranger.clone())];
                    is_wrong(set.call(&mut a.store, &args, &mut []).unwrap_err());
                }
            }
            _ => {
                if !same_engine {
                    let linker = Linker::<u64>::new(&self.engines[b.engine]);
                    let module = &self.modules[b.engine];
                    is_wrong(
                        linker
                            .instantiate(&mut a.store, module)
                            .map(|_| ())
                            .unwrap_err_or_import(),
                    );
                }
            }
        }
        Ok(())
    }

    /// Compares the stores' own counts with the model's.
    fn check(&mut self) {
        for place in &self.places {
            assert_eq!(place.store.memory_bytes(), place.pages << 16);
            assert_eq!(place.store.table_elements(), place.elements);
        }
    }
}

fn is_wrong_growth(grown: std::result::Result<u64, Error>) {
    let wrong = matches!(grown, Err(Error::Misuse(Misuse::WrongStore)));
    assert!(wrong, "a stranger grows: {grown:?}");
}

/// A missing import is detected before a wrong engine may be.
trait UnwrapErrOrImport {
    fn unwrap_err_or_import(self) -> Error;
}

impl UnwrapErrOrImport for std::result::Result<(), Error> {
    fn unwrap_err_or_import(self) -> Error {
        match self {
            Err(Error::MissingImport { .. }) => Error::Misuse(Misuse::WrongEngine),
            other => other.unwrap_err(),
        }
    }
}

impl Place {
    fn new_memory(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let min: u32 = u.int_in_range(0..=4)?;
        let max: Option<u32> = if u.arbitrary()? {
            Some(min + u.int_in_range(0..=4)?)
        } else {
            None
        };
        match Memory::new(&mut self.store, MemoryType::new(min, max)) {
            Ok(handle) => {
                self.pages += u64::from(min);
                assert!(self.pages <= PAGES);
                self.mems.push(Mem {
                    handle,
                    pages: min.into(),
                    max: max.map(u64::from),
                    bytes: BTreeMap::new(),
                });
            }
            Err(Error::MemoryExhausted { .. }) => assert!(self.pages + u64::from(min) > PAGES),
            Err(other) => panic!("a memory: {other}"),
        }
        Ok(())
    }

    fn new_table(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let min: u32 = u.int_in_range(0..=20)?;
        let max: Option<u32> = if u.arbitrary()? {
            Some(min + u.int_in_range(0..=20)?)
        } else {
            None
        };
        let (init, number) = self.extern_or_null(u)?;
        let ty = TableType::new(RefType::EXTERNREF, min, max);
        match Table::new(&mut self.store, ty, init) {
            Ok(handle) => {
                self.elements += u64::from(min);
                assert!(self.elements <= ELEMENTS);
                self.tables.push(Tab {
                    handle,
                    max: max.map(u64::from),
                    elements: vec![number; min as usize],
                });
            }
            Err(Error::TableExhausted { .. }) => assert!(self.elements + u64::from(min) > ELEMENTS),
            Err(other) => panic!("a table: {other}"),
        }
        Ok(())
    }

    fn new_global(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let (mutable, value): (bool, i64) = u.arbitrary()?;
        let mutability = if mutable {
            Mutability::Var
        } else {
            Mutability::Const
        };
        let ty = GlobalType::new(ValType::I64, mutability);
        let wrong = Global::new(&mut self.store, ty.clone(), Val::I32(0));
        assert!(matches!(wrong, Err(Error::Misuse(Misuse::Type { .. }))));
        let global = Global::new(&mut self.store, ty, Val::I64(value)).unwrap();
        self.globals.push((global, mutable, value));
        Ok(())
    }

    fn new_extern(&mut self) {
        let number = self.externs.len() as u64;
        let object = ExternRef::new(&mut self.store, number).unwrap();
        self.externs.push((object, number));
    }

    fn new_func(&mut self) {
        let func = Func::wrap(
            &mut self.store,
            |mut caller: tickwasm::Caller<'_, u64>, x: i32| {
                *caller.data_mut() += 1;
                x.wrapping_add(1)
            },
        );
        self.funcs.push(func);
    }

    fn extern_or_null(&self, u: &mut Unstructured<'_>) -> Result<(Ref, Option<u64>)> {
        if self.externs.is_empty() || u.ratio(1, 4)? {
            return Ok((Ref::Extern(None), None));
        }
        let (object, number) = u.choose(&self.externs)?;
        Ok((object.clone().into(), Some(*number)))
    }

    /// The number of an object, as the store has it.
    fn number(&self, reference: Ref) -> Option<u64> {
        let object = reference
            .as_extern()
            .expect("the table is one of objects")?;
        let data = object.data(&self.store).unwrap().unwrap();
        Some(*data.downcast_ref::<u64>().unwrap())
    }

    fn step(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.int_in_range(0..=3)? {
            0 => self.on_memory(u),
            1 => self.on_table(u),
            2 => self.on_global(u),
            _ => self.on_instance(u),
        }
    }

    fn on_memory(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.mems.is_empty() {
            return Ok(());
        }
        let at = u.choose_index(self.mems.len())?;
        let mem = &mut self.mems[at];
        let size = (mem.pages << 16) as usize;
        // At the beginning, around the end, anywhere.
        let offset = match u.int_in_range(0..=2)? {
            0 => u.int_in_range(0..=20)?,
            1 => size.saturating_sub(2) + u.int_in_range(0..=4_usize)?,
            _ => u.arbitrary()?,
        };
        assert_eq!(mem.handle.size(&self.store), mem.pages);
        assert_eq!(mem.handle.data_size(&self.store), size);
        match u.int_in_range(0..=2)? {
            0 => {
                let bytes: [u8; 3] = u.arbitrary()?;
                let fits = offset.checked_add(3).is_some_and(|end| end <= size);
                let written = mem.handle.write(&mut self.store, offset, &bytes);
                assert_eq!(written.is_ok(), fits);
                if fits {
                    mem.bytes.extend((offset..).zip(bytes));
                }
            }
            1 => {
                let mut bytes = [0; 3];
                let fits = offset.checked_add(3).is_some_and(|end| end <= size);
                let read = mem.handle.read(&self.store, offset, &mut bytes);
                assert_eq!(read.is_ok(), fits);
                if fits {
                    let wanted =
                        [0, 1, 2].map(|i| mem.bytes.get(&(offset + i)).copied().unwrap_or(0));
                    assert_eq!(bytes, wanted);
                }
            }
            _ => {
                let delta: u64 = if u.ratio(1, 8)? {
                    u.arbitrary()?
                } else {
                    u.int_in_range(0..=4)?
                };
                let more = mem.pages.checked_add(delta);
                let fits = more.is_some_and(|pages| pages <= mem.max.unwrap_or(65_536))
                    && self.pages + delta <= PAGES;
                match mem.handle.grow(&mut self.store, delta) {
                    Ok(before) => {
                        assert!(fits);
                        assert_eq!(before, mem.pages);
                        mem.pages += delta;
                        self.pages += delta;
                    }
                    Err(_) => assert!(!fits, "growing by {delta} from {}", mem.pages),
                }
            }
        }
        Ok(())
    }

    fn on_table(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.tables.is_empty() {
            return Ok(());
        }
        let at = u.choose_index(self.tables.len())?;
        let (value, number) = self.extern_or_null(u)?;
        let handle = self.tables[at].handle;
        let size = self.tables[at].elements.len();
        assert_eq!(handle.size(&self.store), size as u64);
        let index: usize = u.int_in_range(0..=size + 1)?;
        match u.int_in_range(0..=4)? {
            0 => {
                let found = handle.get(&mut self.store, index as u64);
                let wanted = self.tables[at].elements.get(index).copied();
                assert_eq!(found.map(|found| self.number(found)), wanted);
            }
            1 => {
                let set = handle.set(&mut self.store, index as u64, value);
                assert_eq!(set.is_ok(), index < size);
                if let Some(element) = self.tables[at].elements.get_mut(index) {
                    *element = number;
                }
            }
            2 => {
                let len: usize = u.int_in_range(0..=size + 1)?;
                let fits = index + len <= size;
                let filled = handle.fill(&mut self.store, index as u64, value, len as u64);
                assert_eq!(filled.is_ok(), fits);
                if fits {
                    self.tables[at].elements[index..index + len].fill(number);
                }
            }
            3 => {
                let other = u.choose_index(self.tables.len())?;
                let from: usize = u.int_in_range(0..=self.tables[other].elements.len() + 1)?;
                let len: usize = u.int_in_range(0..=size + 1)?;
                let fits = index + len <= size && from + len <= self.tables[other].elements.len();
                let source = self.tables[other].handle;
                let copied = Table::copy(
                    &mut self.store,
                    &handle,
                    index as u64,
                    &source,
                    from as u64,
                    len as u64,
                );
                assert_eq!(copied.is_ok(), fits);
                if fits {
                    let moved = self.tables[other].elements[from..from + len].to_vec();
                    self.tables[at].elements[index..index + len].copy_from_slice(&moved);
                }
            }
            _ => {
                let delta: u64 = if u.ratio(1, 8)? {
                    u.arbitrary()?
                } else {
                    u.int_in_range(0..=20)?
                };
                let table = &mut self.tables[at];
                let more = (size as u64).checked_add(delta);
                let fits = more
                    .is_some_and(|size| size <= table.max.unwrap_or(u64::from(u32::MAX)))
                    && self.elements + delta <= ELEMENTS;
                match handle.grow(&mut self.store, delta, value) {
                    Ok(before) => {
                        assert!(fits);
                        assert_eq!(before, size as u64);
                        self.elements += delta;
                        table.elements.resize(size + delta as usize, number);
                    }
                    Err(_) => assert!(!fits, "growing by {delta} from {size}"),
                }
            }
        }
        Ok(())
    }

    fn on_global(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.globals.is_empty() {
            return Ok(());
        }
        let at = u.choose_index(self.globals.len())?;
        let (global, mutable, value) = &mut self.globals[at];
        assert_eq!(global.get(&mut self.store).i64(), Some(*value));
        let new = u.arbitrary()?;
        let set = global.set(&mut self.store, Val::I64(new));
        assert_eq!(set.is_ok(), *mutable);
        if *mutable {
            *value = new;
        }
        assert!(global.set(&mut self.store, Val::F64(0)).is_err());
        Ok(())
    }

    fn on_instance(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.instances.is_empty() {
            return Ok(());
        }
        let at = u.choose_index(self.instances.len())?;
        let Inst {
            handle,
            mem,
            table,
            global,
        } = self.instances[at];
        let call = |store: &mut Store<u64>, name: &str, args: &[Val], results: &mut [Val]| {
            let func = handle.get_func(&mut *store, name).unwrap();
            func.call(store, args, results)
        };
        let mut result = [Val::I32(0)];
        let size = self.mems[mem].pages << 16;
        match u.int_in_range(0..=6)? {
            0 => {
                let offset: u32 = u.arbitrary()?;
                let called = call(
                    &mut self.store,
                    "load",
                    &[Val::I32(offset as i32)],
                    &mut result,
                );
                assert_eq!(called.is_ok(), u64::from(offset) < size);
                if called.is_ok() {
                    let wanted = self.mems[mem].bytes.get(&(offset as usize)).copied();
                    assert_eq!(result[0].i32(), Some(wanted.unwrap_or(0).into()));
                }
            }
            1 => {
                let (offset, byte): (u16, u8) = u.arbitrary()?;
                let args = [Val::I32(offset.into()), Val::I32(byte.into())];
                let called = call(&mut self.store, "store", &args, &mut []);
                assert_eq!(called.is_ok(), u64::from(offset) < size);
                if called.is_ok() {
                    self.mems[mem].bytes.insert(offset.into(), byte);
                }
            }
            2 => {
                let delta: u32 = u.int_in_range(0..=5)?;
                call(
                    &mut self.store,
                    "grow",
                    &[Val::I32(delta as i32)],
                    &mut result,
                )
                .unwrap();
                let memory = &mut self.mems[mem];
                let pages = memory.pages + u64::from(delta);
                let fits =
                    pages <= memory.max.unwrap_or(65_536) && self.pages + u64::from(delta) <= PAGES;
                let wanted = if fits { memory.pages as i32 } else { -1 };
                assert_eq!(result[0].i32(), Some(wanted));
                if fits {
                    memory.pages = pages;
                    self.pages += u64::from(delta);
                }
            }
            3 => {
                let index: u8 = u.arbitrary()?;
                let mut result = [Val::ExternRef(None)];
                let called = call(
                    &mut self.store,
                    "get",
                    &[Val::I32(index.into())],
                    &mut result,
                );
                let wanted = self.tables[table].elements.get(usize::from(index)).copied();
                assert_eq!(called.is_ok(), wanted.is_some());
                if let Some(wanted) = wanted {
                    assert_eq!(self.number(result[0].clone().ref_().unwrap()), wanted);
                }
            }
            4 => {
                let index: u8 = u.arbitrary()?;
                let (value, number) = self.extern_or_null(u)?;
                let args = [Val::I32(index.into()), value.into()];
                let called = call(&mut self.store, "set", &args, &mut []);
                let element = self.tables[table].elements.get_mut(usize::from(index));
                assert_eq!(called.is_ok(), element.is_some());
                if let Some(element) = element {
                    *element = number;
                }
            }
            5 => {
                let delta = u.arbitrary()?;
                let mut result = [Val::I64(0)];
                call(&mut self.store, "add", &[Val::I64(delta)], &mut result).unwrap();
                let value = &mut self.globals[global].2;
                *value = value.wrapping_add(delta);
                assert_eq!(result[0].i64(), Some(*value));
            }
            _ => {
                let x: i32 = u.arbitrary()?;
                let before = *self.store.data();
                call(&mut self.store, "call", &[Val::I32(x)], &mut result).unwrap();
                assert_eq!(result[0].i32(), Some(x.wrapping_add(1)));
                assert_eq!(*self.store.data(), before + 1);
                // An instance exports the parts that it was given.
                let exported = handle.get_memory(&mut self.store, "memory").unwrap();
                assert_eq!(exported.size(&self.store), self.mems[mem].pages);
            }
        }
        Ok(())
    }
}
