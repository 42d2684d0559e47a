//! A small embedder, which `tests/profiles.sh` builds in each profile: it runs the workloads, and each instruction on vectors and on
//! 64-bit memories as often as requested. An overflow of the host's stack would end the process.
//!
//! Arguments: the repository's folder, and the number of repetitions. It exits with 3 if the library reports that this build cannot run code.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use tickwasm::{Config, Engine, Error, Instance, Misuse, Module, Store};

/// The stack size of the thread that runs everything: the size that SECURITY.md requires.
const STACK: usize = 512 << 10;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(folder), Some(times)) = (args.next(), args.next()) else {
        panic!("arguments: FOLDER TIMES");
    };
    let times = times.parse().expect("a number of times");
    let run = move || run_all(Path::new(&folder), times);
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    match thread.expect("a thread").join().expect("no panic") {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Misuse(Misuse::LostTailCalls)) => {
            println!("refused: {}", Misuse::LostTailCalls);
            ExitCode::from(3)
        }
        Err(error) => panic!("{error}"),
    }
}

fn run_all(folder: &Path, times: i32) -> Result<(), Error> {
    let table = fs::read_to_string(folder.join("src/syntax/instructions.rs")).expect("the table");
    let rows: Vec<Row> = rows(&table);
    let workloads = workloads(folder);
    for fuel in [false, true] {
        let mut config = Config::new();
        config.consume_fuel(fuel);
        let engine = Engine::new(&config)?;
        for (file, argument, result) in &workloads {
            let found = call(&engine, fuel, &fs::read(file).expect("a workload"), *argument)?;
            assert_eq!(found, *result, "{}", file.display());
        }
        let mut run = 0;
        for row in &rows {
            for memory in row.memories() {
                match call(&engine, fuel, &module(row, *memory), times) {
                    Ok(left) => assert_eq!(left, 0),
                    // A part of the standard that the library does not run yet.
                    Err(error) if error.to_string().contains("is not supported yet") => continue,
                    Err(error) => panic!("{}: {error}", row.name),
                }
                run += 1;
            }
        }
        println!(
            "{} workloads, {run} loops of {times} instructions, fuel {fuel}",
            workloads.len()
        );
        assert!(workloads.len() >= 36 && run >= 300);
    }
    Ok(())
}

/// Calls the function `run` of a module.
fn call(engine: &Engine, fuel: bool, bytes: &[u8], argument: i32) -> Result<i32, Error> {
    let module = Module::new(engine, bytes)?;
    let mut store = Store::new(engine, ());
    if fuel {
        store.set_fuel(u64::MAX / 2)?;
    }
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    run.call(&mut store, argument)
}

/// The workloads: a file, an argument and the result.
fn workloads(folder: &Path) -> Vec<(std::path::PathBuf, i32, i32)> {
    let mut workloads = Vec::new();
    for part in ["benches/workloads", "benches/workloads/simd"] {
        let part = folder.join(part);
        let list = fs::read_to_string(part.join("expected-small.txt")).expect("the list");
        workloads.extend(list.lines().map(|line| {
            let [file, argument, result] = line.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("not a line of three words: {line}");
            };
            let number = |text: &str| text.parse().expect("a number");
            (part.join(file), number(argument), number(result))
        }));
    }
    workloads
}

/// A row of the instruction table, with the parts used here.
struct Row {
    name: String,
    prefix: u8,
    code: u32,
    /// Number of bytes accessed in memory.
    bytes: u32,
    /// Number of bytes of immediates, apart from those of the memory access.
    immediates: usize,
    params: Vec<u8>,
    results: Vec<u8>,
}

impl Row {
    fn accesses_memory(&self) -> bool {
        self.bytes != 0
    }

    /// The memories whose use makes a difference: the first one and another one.
    fn memories(&self) -> &'static [u8] {
        if self.accesses_memory() { &[0, 1] } else { &[0] }
    }
}

/// All rows of instructions on vectors, and of plain loads and stores.
fn rows(table: &str) -> Vec<Row> {
    let (mut prefix, mut rows) = (0, Vec::new());
    for line in table.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [_, code, "{"] = words[..]
            && let Some(code) = code.strip_prefix("0x")
        {
            prefix = u8::from_str_radix(code, 16).expect("a prefix");
        }
        let Some((start, rest)) = line.split_once(" \"") else {
            continue;
        };
        let words: Vec<&str> = start.split_whitespace().collect();
        let (Some((name, rest)), &[code, _]) = (rest.split_once('"'), &words[..]) else {
            continue;
        };
        // Immediates stand in parentheses; behind them, in braces, stand the class, the type and facts.
        let rest = rest.trim_start();
        let (immediates, rest) = match rest.strip_prefix('(') {
            Some(rest) => rest.split_once(')').expect("a parenthesis"),
            None => ("", rest),
        };
        let row = rest.trim_start().strip_prefix('{');
        let Some((class, ty)) = row.and_then(|row| row.split_once(" [")) else {
            continue;
        };
        let (class, bytes) = match class.trim().split_once('(') {
            Some((class, bytes)) => (class, bytes.trim_end_matches(')').parse().expect("bytes")),
            None => (class.trim(), 0),
        };
        let plain = ["Load", "Store"].contains(&class);
        let vector = prefix == 0xfd && class != "Vconst";
        if !plain && !vector {
            continue;
        }
        let (params, results) = ty.split_once("->").expect("an arrow");
        let results = results.split_once(']').expect("a bracket").0;
        let code = match code.strip_prefix("0x") {
            Some(code) => u32::from_str_radix(code, 16),
            None => code.parse(),
        };
        rows.push(Row {
            name: name.to_owned(),
            prefix,
            code: code.expect("a code"),
            bytes,
            immediates: match immediates {
                _ if immediates.contains("lane:") => 1,
                _ if immediates.contains("lanes:") => 16,
                _ => 0,
            },
            params: types(params),
            results: types(results),
        });
    }
    rows
}

fn types(list: &str) -> Vec<u8> {
    let words = list.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words
        .map(|word| match word {
            "I32" => 0x7f,
            "I64" => 0x7e,
            "F32" => 0x7d,
            "F64" => 0x7c,
            "V128" => 0x7b,
            other => panic!("no type: {other}"),
        })
        .collect()
}

/// A module with two 64-bit memories and a function that repeats the instruction. It returns the number of repetitions left.
fn module(row: &Row, memory: u8) -> Vec<u8> {
    let mut code = Vec::new();
    // A local of each type for the operands, and one for the result.
    code.extend([5, 1, 0x7f, 1, 0x7e, 1, 0x7d, 1, 0x7c, 1, 0x7b]);
    let local = |ty: u8| 0x80 - ty;
    code.extend([0x03, 0x40]);
    for (i, ty) in row.params.iter().enumerate() {
        let ty = if i == 0 && row.accesses_memory() { 0x7e } else { *ty };
        code.extend([0x20, local(ty)]);
    }
    if row.prefix != 0 {
        code.push(row.prefix);
    }
    leb(&mut code, row.code);
    if row.accesses_memory() {
        code.extend([0x40 | row.bytes.trailing_zeros() as u8, memory, 0]);
    }
    code.extend(core::iter::repeat_n(0, row.immediates));
    for ty in &row.results {
        code.extend([0x21, local(*ty)]);
    }
    // The loop continues while there are repetitions left.
    code.extend([0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 0, 0x0b]);
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    section(&mut module, 1, &[1, 0x60, 1, 0x7f, 1, 0x7f]);
    section(&mut module, 3, &[1, 0]);
    section(&mut module, 5, &[2, 4, 1, 4, 1]);
    section(&mut module, 7, b"\x01\x03run\0\0");
    let mut body = vec![1];
    leb(&mut body, code.len() as u32);
    body.extend(code);
    section(&mut module, 10, &body);
    module
}

fn section(module: &mut Vec<u8>, id: u8, content: &[u8]) {
    module.push(id);
    leb(module, content.len() as u32);
    module.extend(content);
}

/// Appends a number in LEB128.
fn leb(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
