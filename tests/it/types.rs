//! Types belong to an engine, hold the types that they name, and are forgotten when nothing names them any more.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tickwasm::{
    AnyRef, ArrayRef, ArrayType, Caller, Engine, Error, ExnRef, ExnRefPre, ExnType, ExternType,
    FieldType, Func, FuncType, Global, GlobalType, HeapType, Instance, Linker, Misuse, Module,
    Mutability, Ref, RefType, StorageType, Store, StructRef, StructType, Table, TableType, Tag,
    TagType, Val, ValType,
};

fn nullable(ty: impl Into<HeapType>) -> ValType {
    ValType::Ref(RefType::new(true, ty.into()))
}

fn field(ty: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Var, ty.into())
}

#[track_caller]
fn wrong<V>(done: Result<V, Error>) {
    match done {
        Err(Error::Misuse(Misuse::WrongEngine)) => {}
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("accepted"),
    }
}

/// Checks that a function without an error in its interface panics with the text of the error.
#[track_caller]
fn wrong_panic<V>(run: impl FnOnce() -> V) {
    match catch_unwind(AssertUnwindSafe(run)) {
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            assert_eq!(text, Some(Misuse::WrongEngine.to_string()));
        }
        Ok(_) => panic!("accepted"),
    }
}

/// Types of another engine than the one that a test uses.
struct Foreign {
    func: FuncType,
    structure: StructType,
    array: ArrayType,
}

impl Foreign {
    fn new() -> Self {
        let engine = Engine::default();
        // Other numbers than the first, so that a confusion with numbers of the other engine shows.
        let structure = StructType::new(&engine, []).unwrap();
        Self {
            func: FuncType::new(&engine, [nullable(structure.clone())], []),
            array: ArrayType::new(&engine, field(nullable(structure.clone()))),
            structure,
        }
    }

    fn values(&self) -> [ValType; 3] {
        [
            nullable(self.func.clone()),
            nullable(self.structure.clone()),
            nullable(self.array.clone()),
        ]
    }
}

#[test]
fn a_type_of_another_engine_is_no_part_of_a_type() {
    let engine = Engine::default();
    for ty in Foreign::new().values() {
        let own = || ValType::I32;
        wrong(FuncType::try_new(&engine, [own(), ty.clone()], []));
        wrong(FuncType::try_new(&engine, [], [own(), ty.clone()]));
        wrong_panic(|| FuncType::new(&engine, [ty.clone()], []));
        wrong_panic(|| FuncType::new(&engine, [], [ty.clone()]));
        wrong(StructType::new(&engine, [field(own()), field(ty.clone())]));
        wrong(ArrayType::try_new(&engine, field(ty.clone())));
        wrong_panic(|| ArrayType::new(&engine, field(ty.clone())));
        wrong(ExnType::new(&engine, [ty.clone()]));
    }
}

#[test]
fn nothing_in_a_store_has_a_type_of_another_engine() {
    let foreign = Foreign::new();
    let mut store = Store::new(&Engine::default(), ());
    for content in foreign.values() {
        let null = Val::default_for_ty(&content).unwrap();
        let ty = GlobalType::new(content.clone(), Mutability::Var);
        wrong(Global::new(&mut store, ty, null.clone()));
        let element = content.as_ref().unwrap();
        for ty in [
            TableType::new(element.clone(), 1, None),
            TableType::new64(element.clone(), 1, None),
        ] {
            wrong(Table::new(&mut store, ty, null.clone().ref_().unwrap()));
        }
    }
    let tag_type = TagType::new(foreign.func.clone());
    wrong(Tag::new(&mut store, tag_type.clone()));
    wrong(StructRef::new(&mut store, &foreign.structure, &[]));
    let null = Val::null_any_ref();
    wrong(ArrayRef::new(&mut store, &foreign.array, &null, 1));
    wrong(ArrayRef::new_fixed(&mut store, &foreign.array, &[null]));

    let own = FuncType::new(store.engine(), [], []);
    let tag = Tag::new(&mut store, TagType::new(own)).unwrap();
    let pre = ExnRefPre::new(&mut store, ExnType::from_tag_type(&tag_type).unwrap());
    wrong(ExnRef::new(&mut store, &pre, &tag, &[]));
    // Also if the values are the same.
    let same = FuncType::new(&Engine::default(), [], []);
    let pre = ExnRefPre::new(
        &mut store,
        ExnType::from_tag_type(&TagType::new(same)).unwrap(),
    );
    wrong(ExnRef::new(&mut store, &pre, &tag, &[]));
}

/// Does nothing, as a host function of any type.
fn nothing(_: Caller<'_, ()>, _: &[Val], _: &mut [Val]) -> Result<(), Error> {
    Ok(())
}

#[test]
fn a_host_function_has_a_type_of_its_engine() {
    // One that refers to types, and one that does not.
    for ty in [
        Foreign::new().func,
        FuncType::new(&Engine::default(), [], []),
    ] {
        let mut store = Store::new(&Engine::default(), ());
        wrong(Func::try_new(&mut store, ty.clone(), nothing));
        wrong_panic(|| Func::new(&mut store, ty.clone(), nothing));
        wrong_panic(|| {
            Func::new_async(&mut store, ty.clone(), |_, _, _| Box::new(async { Ok(()) }))
        });
        wrong_panic(|| {
            Func::new_suspending(&mut store, ty.clone(), |_, _, _| {
                Ok(tickwasm::MaySuspend::Suspend)
            })
        });
        let mut linker: Linker<()> = Linker::new(store.engine());
        wrong(linker.func_new("m", "f", ty.clone(), nothing));
        wrong(linker.func_new_async("m", "f", ty.clone(), |_, _, _| Box::new(async { Ok(()) })));
        wrong(linker.func_new_suspending("m", "f", ty.clone(), |_, _, _| {
            Ok(tickwasm::MaySuspend::Suspend)
        }));
        assert!(linker.get(&mut store, "m", "f").is_none());
    }
}

#[test]
fn a_linker_serves_modules_and_stores_of_its_engine() {
    let (engine, other) = (Engine::default(), Engine::default());
    let mut linker: Linker<()> = Linker::new(&engine);
    linker.func_wrap("", "", || {}).unwrap();
    let text =
        r#"(module (import "" "" (func)) (import "" "t" (table 0 funcref)) (func (export "f")))"#;
    let theirs = Module::new(&other, text).unwrap();
    let mut store = Store::new(&other, ());
    let func = Func::wrap(&mut store, || {});
    let instance = Instance::new(&mut store, &Module::new(&other, "(module)").unwrap(), &[]);
    wrong(linker.define(&store, "m", "f", func));
    wrong(linker.instance(&store, "m", instance.unwrap()));
    wrong(linker.module(&mut store, "m", &theirs));
    wrong(linker.define_unknown_imports_as_traps(&theirs));
    wrong(linker.define_unknown_imports_as_default_values(&mut store, &theirs));
    let ours = Module::new(&engine, text).unwrap();
    wrong(linker.define_unknown_imports_as_default_values(&mut store, &ours));
    wrong(linker.instantiate(&mut store, &theirs));
    wrong(linker.instantiate_pre(&theirs));
    wrong(linker.get_default(&mut store, ""));
    wrong_panic(|| linker.get(&mut store, "", ""));
    wrong_panic(|| linker.iter(&mut store).count());

    let ours = Module::new(&engine, r#"(module (import "" "" (func)))"#).unwrap();
    let pre = linker.instantiate_pre(&ours).unwrap();
    wrong(pre.instantiate(&mut store));
    wrong(linker.instantiate(&mut store, &ours));
    wrong(Instance::new(&mut store, &ours, &[func.into()]));
}

#[test]
fn types_of_two_engines_differ() {
    let (a, b) = (Engine::default(), Engine::default());
    let func = |engine| FuncType::new(engine, [ValType::I32], []);
    assert_eq!(func(&a), func(&a));
    assert_ne!(func(&a), func(&b));
    let structure = |engine| StructType::new(engine, [field(ValType::I32)]).unwrap();
    assert_eq!(structure(&a), structure(&a));
    assert_ne!(structure(&a), structure(&b));
    assert_ne!(nullable(structure(&a)), nullable(structure(&b)));
}

/// The shape in which forged numbers once made one type of two: a function that should yield a reference to functions was checked
/// against a type whose number had been given to a structure.
#[test]
fn results_of_a_host_function_are_of_its_registered_type() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let inner = FuncType::new(&engine, [], []);
    let ty = FuncType::new(&engine, [], [nullable(inner.clone())]);
    let structure = StructType::new(&engine, []).unwrap();
    let object = StructRef::new(&mut store, &structure, &[]).unwrap();
    let given = object.clone();
    let give = Func::new(&mut store, ty.clone(), move |_, _, results| {
        assert!(matches!(results, [Val::FuncRef(None)]));
        results[0] = given.clone().into();
        Ok(())
    });
    assert_eq!(give.ty(&store), ty);
    let module = Module::new(
        &engine,
        r#"(module
            (type $inner (func))
            (import "" "" (func $give (result (ref null $inner))))
            (func (export "run") (call_ref $inner (call $give))))"#,
    );
    let instance = Instance::new(&mut store, &module.unwrap(), &[give.into()]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    match run.call(&mut store, &[], &mut []) {
        Err(error) => {
            let misuse = error.downcast_ref::<Misuse>();
            let (expected, found) = (
                nullable(inner),
                ValType::Ref(RefType::new(false, structure.into())),
            );
            assert_eq!(misuse, Some(&Misuse::Type { expected, found }));
        }
        Ok(()) => panic!("accepted"),
    }
}

#[test]
fn types_of_a_module_can_be_taken_apart_and_used() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (type $s (struct (field (mut i16)) (field (ref null $s))))
            (type $a (array (mut (ref null $s))))
            (type $f (func (param (ref null $a)) (result (ref null $s))))
            (func (export "first") (type $f) (array.get $a (local.get 0) (i32.const 0)))
            (global (export "g") (mut (ref null $f)) (ref.null $f)))"#,
    )
    .unwrap();
    let Some(ExternType::Func(first)) = module.get_export("first") else {
        panic!("it is a function");
    };
    // The types stay when the module is gone.
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    drop(module);
    let param = first.param(0).unwrap();
    let array = param.as_ref().unwrap().heap_type().as_concrete_array();
    let array = array.unwrap().clone();
    let element = array.element().unpacked();
    let structure = element.as_ref().unwrap().heap_type().as_concrete_struct();
    let structure = structure.unwrap().clone();
    assert_eq!(first.result(0), Some(nullable(structure.clone())));
    assert_eq!(
        structure.field(0).unwrap().element_type(),
        &StorageType::I16
    );
    assert_eq!(
        structure.field(1).unwrap().unpacked(),
        nullable(structure.clone())
    );

    let one = StructRef::new(&mut store, &structure, &[Val::I32(7), Val::null_any_ref()]).unwrap();
    assert_eq!(one.ty(&store).unwrap(), structure);
    let made = ArrayRef::new(&mut store, &array, &one.clone().into(), 3).unwrap();
    let func = instance.get_func(&mut store, "first").unwrap();
    let mut results = [Val::I32(0)];
    func.call(&mut store, &[made.into()], &mut results).unwrap();
    assert_eq!(results[0].any_ref(), Some(Some(AnyRef::from(one))));
    let global = instance.get_global(&mut store, "g").unwrap();
    assert_eq!(global.ty(&store).content(), &nullable(first.clone()));
    global.set(&mut store, func.into()).unwrap();
    assert_eq!(func.ty(&store), first);
    assert_eq!(Ref::null(&first.into()).as_func(), Some(None));
}

/// A store keeps the types of its contents even if nothing else names them; otherwise their numbers would be given to other types.
#[test]
fn what_is_in_a_store_keeps_its_types() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let structure = || StructType::new(&engine, [field(StorageType::I8), field(ValType::F32)]);
    let object = StructRef::new(
        &mut store,
        &structure().unwrap(),
        &[Val::I32(1), Val::from(2.0_f32)],
    );
    let object = object.unwrap();
    let content = nullable(ArrayType::new(&engine, field(ValType::V128)));
    let ty = GlobalType::new(content.clone(), Mutability::Var);
    let global = Global::new(&mut store, ty, Val::null_any_ref()).unwrap();
    let element = RefType::new(
        true,
        FuncType::new(&engine, [ValType::F64], [ValType::F64]).into(),
    );
    let table = TableType::new(element, 1, None);
    let table = Table::new(&mut store, table, Ref::Func(None)).unwrap();
    let tag = TagType::new(FuncType::new(&engine, [ValType::F32, ValType::I64], []));
    let tag = Tag::new(&mut store, tag).unwrap();
    let func = FuncType::new(&engine, [ValType::V128], []);
    let func = Func::new(&mut store, func, nothing);
    let closure = Func::wrap(&mut store, |_: f32, _: f64, _: i64| {});
    let before = [
        object.ty(&store).map(|ty| format!("{ty:?}")).unwrap(),
        global.ty(&store).to_string(),
        table.ty(&store).to_string(),
        tag.ty(&store).ty().to_string(),
        func.ty(&store).to_string(),
        closure.ty(&store).to_string(),
    ];
    drop(content);
    // An instantiation that fails leaves its functions in the table of another instance.
    let text = r#"(module
        (table (import "" "t") 1 funcref)
        (type $mine (func (param i64 i64 i64) (result i64)))
        (memory 1)
        (func $f (type $mine) (i64.const 5))
        (elem (i32.const 0) $f)
        (data (i32.const 65536) "x"))"#;
    let vain = Module::new(&engine, text).unwrap();
    let shared = Table::new(
        &mut store,
        TableType::new(RefType::FUNCREF, 1, None),
        Ref::Func(None),
    );
    let shared = shared.unwrap();
    assert!(Instance::new(&mut store, &vain, &[shared.into()]).is_err());
    drop(vain);

    let mut others = Vec::new();
    for width in 1..50 {
        let fields = (0..width).map(|_| field(ValType::I64));
        others.push(StructType::new(&engine, fields).unwrap());
        let params = (0..width).map(|_| ValType::I32);
        let _: FuncType = FuncType::new(&engine, params, []);
    }
    let after = [
        object.ty(&store).map(|ty| format!("{ty:?}")).unwrap(),
        global.ty(&store).to_string(),
        table.ty(&store).to_string(),
        tag.ty(&store).ty().to_string(),
        func.ty(&store).to_string(),
        closure.ty(&store).to_string(),
    ];
    assert_eq!(before, after);
    assert_eq!(object.field(&store, 1).unwrap().f32(), Some(2.0));
    assert_eq!(object.ty(&store).unwrap(), structure().unwrap());
    let left = shared.get(&mut store, 0).unwrap();
    let left = *left.as_func().unwrap().unwrap();
    assert_eq!(left.ty(&store).to_string(), "[i64 i64 i64] -> [i64]");
    let left = left.typed::<(i64, i64, i64), i64>(&store).unwrap();
    assert_eq!(left.call(&mut store, (1, 2, 3)).unwrap(), 5);
}

/// A new type with the number of a forgotten one is not confused with it where numbers are compared.
#[test]
fn a_type_with_the_number_of_another_is_not_taken_for_that() {
    const RESULTS: [&str; 5] = ["i32", "i32 i32", "i32 i32 i32", "f32", "f64"];
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let table = TableType::new(RefType::FUNCREF, 1, None);
    let table = Table::new(&mut store, table, Ref::Func(None)).unwrap();
    for round in 0..40 {
        // Types that come and go, of which the store holds those that its functions have.
        let results = RESULTS[round % 5];
        let types = results.split(' ').map(|ty| match ty {
            "i32" => ValType::I32,
            "f32" => ValType::F32,
            _ => ValType::F64,
        });
        let ty = FuncType::new(&engine, [], types);
        if round % 3 == 0 {
            let func = Func::new(&mut store, ty, nothing);
            table.set(&mut store, 0, func.into()).unwrap();
        }
        let held = table.get(&mut store, 0).unwrap();
        let held = held.as_func().unwrap().unwrap().ty(&store).to_string();
        for results in RESULTS {
            let drops = "(drop)".repeat(results.split(' ').count());
            let text = format!(
                r#"(module
                    (type $t (func (result {results})))
                    (table (import "" "t") 1 funcref)
                    (func (export "run") (call_indirect (type $t) (i32.const 0)) {drops}))"#
            );
            let module = Module::new(&engine, text).unwrap();
            let instance = Instance::new(&mut store, &module, &[table.into()]).unwrap();
            let run = instance.get_func(&mut store, "run").unwrap();
            let expected = held == format!("[] -> [{results}]");
            assert_eq!(run.call(&mut store, &[], &mut []).is_ok(), expected);
        }
    }
}

#[test]
fn values_of_an_exception_are_of_types_that_stay() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = ExnType::new(&engine, [ValType::I32, ValType::F64]).unwrap();
    let tag = Tag::new(&mut store, ty.tag_type()).unwrap();
    let pre = ExnRefPre::new(&mut store, ty);
    let exn = ExnRef::new(&mut store, &pre, &tag, &[Val::I32(3), Val::from(0.5)]).unwrap();
    drop(pre);
    let _others: Vec<FuncType> = (1..30)
        .map(|width| FuncType::new(&engine, (0..width).map(|_| ValType::V128), []))
        .collect();
    assert_eq!(exn.ty(&store).unwrap().fields().len(), 2);
    assert_eq!(exn.field(&store, 1).unwrap().f64(), Some(0.5));
}
