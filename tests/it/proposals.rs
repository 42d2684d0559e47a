//! Proposals that are off by default, in cases that the official scripts do not cover.

use tickwasm::*;

/// An engine with one switch on.
fn engine(switch: impl Fn(&mut Config, bool) -> &mut Config) -> Engine {
    let mut config = Config::new();
    switch(&mut config, true);
    Engine::new(&config).unwrap()
}

/// A module that a default engine refuses, naming the switch.
#[track_caller]
fn is_off(text: &str, feature: &str) {
    let error = Module::new(&Engine::default(), text)
        .unwrap_err()
        .to_string();
    let switch = format!("(`Config::wasm_{}`)", feature.replace('-', "_"));
    assert!(
        error.contains(&format!("{feature} is switched off")),
        "{error}"
    );
    assert!(error.contains(&switch), "{error}");
}

#[test]
fn a_memory_of_single_bytes() {
    let text = r#"(module (memory (export "m") 10 20 (pagesize 1))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "store") (param i32) (i32.store16 (local.get 0) (i32.const -1))))"#;
    is_off(text, "custom-page-sizes");
    let engine = engine(Config::wasm_custom_page_sizes);
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let memory = instance.get_memory(&mut store, "m").unwrap();
    assert_eq!((memory.size(&store), memory.page_size(&store)), (10, 1));
    let set = instance
        .get_typed_func::<i32, ()>(&mut store, "store")
        .unwrap();
    set.call(&mut store, 8).unwrap();
    let error = set.call(&mut store, 9).unwrap_err().to_string();
    assert!(
        error.contains("2 bytes at 9 of a memory of 10 bytes"),
        "{error}"
    );
    let grow = instance
        .get_typed_func::<i32, i32>(&mut store, "grow")
        .unwrap();
    assert_eq!(grow.call(&mut store, 1).unwrap(), 10);
    set.call(&mut store, 9).unwrap();
    assert_eq!(grow.call(&mut store, 10).unwrap(), -1);
    let refused = store.refused_growth().unwrap();
    assert_eq!((refused.requested, refused.limit), (21, Some(20)));
    store.set_max_memory_bytes(12);
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 11);
    assert!(memory.grow(&mut store, 1).is_err());
    // Pages are a part of the type.
    let ty = MemoryTypeBuilder::new()
        .min(10)
        .max(Some(20))
        .build()
        .unwrap();
    let text = r#"(module (import "" "" (memory 10 20 (pagesize 1))))"#;
    let module = Module::new(&engine, text).unwrap();
    store.set_max_memory_bytes(u64::MAX);
    let large = Memory::new(&mut store, ty).unwrap();
    assert!(Instance::new(&mut store, &module, &[large.into()]).is_err());
    Instance::new(&mut store, &module, &[memory.into()]).unwrap();
}

#[test]
fn wide_arithmetic_between_locals_and_operands() {
    let text = r#"(module (func (export "f") (param i64 i64) (result i64 i64 i64) (local $l i64)
        (i64.const 7)
        (i64.mul_wide_u (i64.add (local.get 0) (i64.const 1)) (local.get 1))
        (local.set $l)
        (i64.sub128 (local.get $l) (i64.const 1) (i64.const 1))))"#;
    is_off(text, "wide-arithmetic");
    let engine = engine(Config::wasm_wide_arithmetic);
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let f = instance
        .get_typed_func::<(u64, u64), (u64, u64, u64)>(&mut store, "f")
        .unwrap();
    let (x, y) = (u64::MAX - 5, 1 << 40);
    let product = u128::from(x + 1) * u128::from(y);
    let difference = product.wrapping_sub(1 << 64 | 1);
    let expected = (7, difference as u64, (difference >> 64) as u64);
    assert_eq!(f.call(&mut store, (x, y)).unwrap(), expected);
}

#[test]
fn growing_by_64_kib_costs_the_same_whatever_a_page_is() {
    let mut config = Config::new();
    config.wasm_custom_page_sizes(true).consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let cost = |memory: &str, delta: u32| {
        let text = format!(
            r#"(module (memory {memory})
                (func (export "grow") (drop (memory.grow (i32.const {delta})))))"#
        );
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        store.set_fuel(1000).unwrap();
        let grow = instance
            .get_typed_func::<(), ()>(&mut store, "grow")
            .unwrap();
        grow.call(&mut store, ()).unwrap();
        1000 - store.get_fuel().unwrap()
    };
    assert_eq!(cost("0", 3), cost("0 (pagesize 1)", 3 << 16));
    assert_eq!(cost("0", 0), cost("0 (pagesize 1)", (1 << 16) - 1));
}
