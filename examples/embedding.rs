//! How short is a complete embedding? Compile, instantiate, call.

use tickwasm::{Engine, Error, Instance, Module, Store};

const GCD: &str = r#"
    (module
      (func (export "gcd") (param $a i32) (param $b i32) (result i32)
        (local $t i32)
        (loop $again
          (if (local.get $b)
            (then
              (local.set $t (i32.rem_u (local.get $a) (local.get $b)))
              (local.set $a (local.get $b))
              (local.set $b (local.get $t))
              (br $again))))
        (local.get $a)))
"#;

fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, GCD)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let gcd = instance.get_typed_func::<(u32, u32), u32>(&mut store, "gcd")?;
    let answer = gcd.call(&mut store, (1071, 462))?;
    println!("gcd(1071, 462) = {answer}");
    assert_eq!(answer, 21);
    Ok(())
}
