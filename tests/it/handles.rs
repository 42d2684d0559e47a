//! Handles used with a store other than their own: an error where the signature allows one, else a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tickwasm::*;

/// Two stores of one engine, and a check that a panic is the one about stores.
fn stores() -> (Store<()>, Store<()>) {
    let engine = Engine::default();
    (Store::new(&engine, ()), Store::new(&engine, ()))
}

fn wrong<R>(result: Result<R>) {
    match result {
        Err(Error::Misuse(Misuse::WrongStore)) => {}
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("no error"),
    }
}

fn panics<R>(call: impl FnOnce() -> R) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(call)) else {
        panic!("no panic");
    };
    assert_eq!(
        panic.downcast_ref::<String>().unwrap(),
        "object used with the wrong store"
    );
}

#[test]
fn functions() {
    let (mut a, mut b) = stores();
    let f = Func::wrap(&mut a, |_: Option<Func>| {});
    let own = Func::wrap(&mut b, |_: Option<Func>| {});
    wrong(f.call(&mut b, &[], &mut []));
    wrong(f.typed::<Option<Func>, ()>(&b));
    let typed = f.typed::<Option<Func>, ()>(&a).unwrap();
    wrong(typed.call(&mut b, None));
    panics(|| f.ty(&b));
    // As an argument:
    wrong(own.call(&mut b, &[f.into()], &mut []));
    wrong(
        own.typed::<Option<Func>, ()>(&b)
            .unwrap()
            .call(&mut b, Some(f)),
    );
}

#[test]
fn functions_as_results_of_host_functions() {
    let (mut a, mut b) = stores();
    let stranger = Func::wrap(&mut a, || {});
    let f = Func::wrap(&mut b, move || Some(stranger));
    wrong(f.typed::<(), Option<Func>>(&b).unwrap().call(&mut b, ()));
    let ty = FuncType::new(b.engine(), [], [ValType::FUNCREF]);
    let f = Func::new(&mut b, ty, move |_, _, results| {
        results[0] = stranger.into();
        Ok(())
    });
    wrong(f.call(&mut b, &[], &mut [Val::I32(0)]));
}

#[test]
fn external_references() {
    let (mut a, mut b) = stores();
    let value = ExternRef::new(&mut a, 1).unwrap();
    wrong(value.data(&b));
    wrong(value.data_mut(&mut b));
    let f = Func::wrap(&mut b, |_: Option<ExternRef>| {});
    wrong(
        f.typed::<Option<ExternRef>, ()>(&b)
            .unwrap()
            .call(&mut b, Some(value.clone())),
    );
    let ty = GlobalType::new(ValType::EXTERNREF, Mutability::Var);
    wrong(Global::new(&mut b, ty, value.clone().into()));
}

#[test]
fn memories() {
    let (mut a, mut b) = stores();
    let memory = Memory::new(&mut a, MemoryType::new(1, None)).unwrap();
    wrong(memory.grow(&mut b, 1));
    panics(|| memory.ty(&b));
    panics(|| memory.size(&b));
    panics(|| memory.data(&b).len());
    panics(|| memory.data_mut(&mut b).len());
    panics(|| memory.read(&b, 0, &mut [0]));
    panics(|| memory.write(&mut b, 0, &[0]));
}

#[test]
fn tables() {
    let (mut a, mut b) = stores();
    let ty = TableType::new(RefType::FUNCREF, 1, None);
    let table = Table::new(&mut a, ty.clone(), Ref::Func(None)).unwrap();
    let own = Table::new(&mut b, ty.clone(), Ref::Func(None)).unwrap();
    let stranger = Func::wrap(&mut a, || {});
    wrong(table.set(&mut b, 0, Ref::Func(None)));
    wrong(table.grow(&mut b, 1, Ref::Func(None)));
    wrong(table.fill(&mut b, 0, Ref::Func(None), 1));
    wrong(Table::copy(&mut b, &own, 0, &table, 0, 1));
    wrong(own.set(&mut b, 0, stranger.into()));
    wrong(Table::new(&mut b, ty, stranger.into()));
    panics(|| table.size(&b));
    panics(|| table.get(&b, 0));
}

#[test]
fn globals_and_tags() {
    let (mut a, mut b) = stores();
    let ty = GlobalType::new(ValType::I32, Mutability::Var);
    let global = Global::new(&mut a, ty, Val::I32(0)).unwrap();
    wrong(global.set(&mut b, Val::I32(0)));
    panics(|| global.get(&b));
    panics(|| global.ty(&b));
    let ty = TagType::new(FuncType::new(a.engine(), [], []));
    let tag = Tag::new(&mut a, ty).unwrap();
    panics(|| tag.ty(&b));
}

#[test]
fn instances_and_imports() {
    let (mut a, mut b) = stores();
    let engine = a.engine().clone();
    let module = Module::new(
        &engine,
        r#"(module (import "" "f" (func)) (func (export "g")))"#,
    )
    .unwrap();
    let f = Func::wrap(&mut a, || {});
    wrong(Instance::new(&mut b, &module, &[f.into()]));
    let instance = Instance::new(&mut a, &module, &[f.into()]).unwrap();
    panics(|| instance.get_func(&b, "g"));
    panics(|| instance.exports(&b).count());

    let mut linker = Linker::new(&engine);
    wrong(linker.define(&b, "", "f", f));
    linker.define(&a, "", "f", f).unwrap();
    wrong(linker.instantiate(&mut b, &module));
    linker.instantiate(&mut a, &module).unwrap();
}

#[test]
fn engines_do_not_mix() {
    let (one, other) = (Engine::default(), Engine::default());
    let module = Module::new(&one, "(module)").unwrap();
    let mut store = Store::new(&other, ());
    let wrong = |result: Result<Instance>| {
        assert!(matches!(result, Err(Error::Misuse(Misuse::WrongEngine))));
    };
    wrong(Instance::new(&mut store, &module, &[]));
    wrong(Linker::new(&other).instantiate(&mut store, &module));
    wrong(Linker::new(&one).instantiate(&mut store, &module));
}
