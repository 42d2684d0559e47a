//! How does one run programs that a language model writes, and report their errors to it? The model writes functions; a template makes a
//! program of them and declares its capabilities; the program is compiled, linked, run with limits, and ends with a status.
//!
//! ```text
//! body → Template::assemble → Engine::compile_wat → Linker::instantiate_pre → instantiate_async → run → status
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use tickwasm::status::Status;
use tickwasm::tape::{self, List, Tape, Template};
use tickwasm::{Caller, Engine, EngineConfig, Error, Linker, Store};

/// The data of a program's capabilities. Each run has its own.
struct Agent {
    tape: Tape,
    notes: Vec<String>,
}

struct Runtime {
    engine: Engine,
    template: Template,
    linker: Linker<Agent>,
}

/// The bytes at the beginning of the memory that belong to the program: results are written behind them.
const PROGRAMS_OWN: u32 = 4096;

impl Runtime {
    fn new() -> Result<Self, Error> {
        let engine = Engine::new(EngineConfig {
            max_memory_bytes: 1 << 20,
            fuel: Some(100_000),
            ..EngineConfig::default()
        })?;
        let mut template = Template::new(&engine);
        template
            .capability("notes", "add")
            .capability("http", "fetch");

        let mut linker = Linker::new(&engine);
        linker.func_wrap("notes", "add", |mut caller: Caller<'_, Agent>, ptr: u32| {
            let added = add_note(&mut caller, ptr);
            answer(&mut caller, added)
        })?;
        // While this program waits, the thread may run others.
        linker.func_wrap_async(
            "http",
            "fetch",
            |mut caller: Caller<'_, Agent>, (ptr,): (u32,)| {
                Box::new(async move {
                    let fetched = fetch(&mut caller, ptr).await;
                    answer(&mut caller, fetched)
                })
            },
        )?;
        Ok(Self {
            engine,
            template,
            linker,
        })
    }

    /// Runs a program and returns its status, and the notes it made.
    async fn run(&self, body: &str) -> Result<(Status, Vec<String>), Error> {
        let module = self.engine.compile_wat(&self.template.assemble(body))?;
        let linked = self.linker.instantiate_pre(&module)?;
        let agent = Agent {
            tape: Tape::new(PROGRAMS_OWN),
            notes: Vec::new(),
        };
        let mut store = Store::new(&self.engine, agent);
        let instance = linked.instantiate_async(&mut store).await?;
        let run = instance.get_typed_func::<(), u32>(&mut store, tape::RUN)?;
        let code = run.call_async(&mut store, ()).await?;
        let status = Status::try_from(code).map_err(Error::serialization)?;
        Ok((status, store.into_data().notes))
    }
}

/// The outcome of a capability: items and a status, or an error.
type Answer = Result<(Vec<String>, Status), Error>;

fn add_note(caller: &mut Caller<'_, Agent>, ptr: u32) -> Answer {
    let memory = tape::memory(caller)?;
    let note = List::read(memory.data(&*caller), ptr)?.text(0)?.to_owned();
    caller.data_mut().notes.push(note);
    Ok((Vec::new(), Status::Success))
}

async fn fetch(caller: &mut Caller<'_, Agent>, ptr: u32) -> Answer {
    let memory = tape::memory(caller)?;
    let url = List::read(memory.data(&*caller), ptr)?.text(0)?.to_owned();
    // This stands for a network.
    let pages = BTreeMap::from([("weather/paris", "sunny, 21 degrees")]);
    tokio::time::sleep(Duration::from_millis(5)).await;
    Ok(match pages.get(&*url) {
        Some(page) => (vec![page.to_string()], Status::Success),
        None => (Vec::new(), Status::RemoteFailed),
    })
}

/// Writes results to the tape. Errors that the program has caused become a status for it; others end it.
fn answer(caller: &mut Caller<'_, Agent>, answer: Answer) -> Result<(u32, u32), Error> {
    let written = answer.and_then(|(items, status)| {
        let memory = tape::memory(caller)?;
        let items: Vec<&[u8]> = items.iter().map(|item| item.as_bytes()).collect();
        let ptr = tape::reply(&mut *caller, memory, |agent| &mut agent.tape, &items)?;
        Ok((ptr, status.code()))
    });
    written.or_else(|error| match tape::status_of(&error) {
        Some(status) => Ok((0, status.code())),
        None => Err(error),
    })
}

/// A program that fetches the names in the list at 0, and notes the results.
fn fetch_and_note(what: &str) -> String {
    let len = what.len();
    format!(
        r#"(data (i32.const 0) "\01\00\00\00" "\0c\00\00\00" "\{len:02x}\00\00\00" "{what}")
(func (export "run") (result i32)
  (local $answer i32) (local $status i32)
  (call $http.fetch (i32.const 0))
  (local.set $status)
  (local.set $answer)
  (if (local.get $status) (then (return (local.get $status))))
  (call $notes.add (local.get $answer))
  (local.set $status)
  (drop)
  (local.get $status))"#
    )
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Error> {
    let runtime = Runtime::new()?;

    let (status, notes) = runtime.run(&fetch_and_note("weather/paris")).await?;
    println!("{status}; notes: {notes:?}");
    assert_eq!(status, Status::Success);
    assert_eq!(notes, ["sunny, 21 degrees"]);

    let (status, _) = runtime.run(&fetch_and_note("weather/atlantis")).await?;
    println!("{status}");
    assert_eq!(status, Status::RemoteFailed);

    // Each of these programs fails in another way. The model gets the text of the error.
    type Expected = fn(&Error) -> bool;
    let failing: [(&str, &str, Expected); 6] = [
        (
            "a typing error",
            "(func (export \"run\") (result i32)\n  (i32.add (i32.const 1) (i64.const 2)))",
            |error| matches!(error, Error::Compilation(_)),
        ),
        (
            "a typo",
            "(func (export \"run\") (result i32)\n  (i32.cnst 1))",
            |error| matches!(error, Error::Compilation(_)),
        ),
        (
            "a capability that it was not given",
            "(func (export \"run\") (result i32)\n  (call $http.post (i32.const 0)) (return))",
            |error| matches!(error, Error::Compilation(_)),
        ),
        (
            "an endless loop",
            "(func (export \"run\") (result i32) (loop $again (br $again)) (unreachable))",
            |error| matches!(error, Error::FuelExhausted { .. }),
        ),
        (
            "a pointer out of its memory",
            "(func $peek (export \"run\") (result i32) (i32.load (i32.const -4)))",
            |error| matches!(error, Error::Trap(_)),
        ),
        (
            "more memory than it may have",
            "(memory 100) (func (export \"run\") (result i32) (i32.const 0))",
            |error| matches!(error, Error::MemoryExhausted { .. }),
        ),
    ];
    for (what, body, expected) in failing {
        match runtime.run(body).await {
            Err(error) => {
                println!("\n{what}:\n{error}");
                assert!(expected(&error));
            }
            Ok((status, _)) => unreachable!("{what} ended with {status}"),
        }
    }

    // A wrong argument is a status, which the program may handle.
    let (status, _) = runtime
        .run("(func (export \"run\") (result i32) (call $notes.add (i32.const -1)) (return))")
        .await?;
    println!("\n{status}");
    assert_eq!(status, Status::OutOfBounds);
    Ok(())
}
