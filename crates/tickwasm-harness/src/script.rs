//! Scripts: their directives, run one after the other.
//!
//! <https://github.com/WebAssembly/spec/tree/main/interpreter#scripts>
//!
//! A directive that fails is recorded and the script goes on, so that one report shows all that is wrong. A module that
//! cannot be instantiated leaves no current module behind: what follows must not be judged on the module before it.

use std::collections::HashMap;
use std::thread::{self, Scope, ScopedJoinHandle};

use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{
    QuoteWat, QuoteWatTest, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastThread, Wat,
};

use super::chain;
use super::{Failure, Report, phrases, spectest, values};
use tickwasm::{Engine, Error, Escaped, Instance, Linker, Module, SharedMemory, Store, Val};

/// Runs a script on an engine and says what passed.
///
/// `file` is the name failures are reported under; nothing is read from it. A text that does not parse is a failure at
/// the line where it stops making sense.
pub fn run_script(engine: &Engine, file: &str, text: &str) -> Report {
    Script::new(engine).run(file, text)
}

/// A script about to be run: what [`run_script`] does, with settings.
///
/// ```
/// use tickwasm::{Engine, Linker, Store};
/// use tickwasm_harness::Script;
///
/// let script = r#"
///     (module (import "host" "double" (func $double (param i32) (result i32)))
///         (func (export "f") (result i32) (call $double (i32.const 21))))
///     (assert_return (invoke "f") (i32.const 42))
/// "#;
/// let report = Script::new(&Engine::default())
///     .host(|linker: &mut Linker<()>, _| {
///         linker.func_wrap("host", "double", |x: i32| x * 2)?;
///         Ok(())
///     })
///     .run("host.wast", script);
/// assert!(report.is_success());
/// ```
pub struct Script<'h> {
    engine: Engine,
    fuel: Option<u64>,
    drive: Drive<'h>,
}

/// Runs a script's directives on a store with data of some type, which [`Script`] does not name.
type Drive<'h> = Box<dyn FnOnce(&Engine, Option<u64>, &str, &str) -> Report + 'h>;

impl<'h> Script<'h> {
    /// A script to be run on an engine. Besides what it defines itself, its modules can import `spectest` only.
    pub fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            fuel: None,
            drive: Box::new(|engine, fuel, file, text| {
                drive(engine, fuel, |_, _: &mut Store<()>| Ok(()), file, text)
            }),
        }
    }

    /// Sets the fuel that the script's store starts with: needed when the engine's configuration asks for fuel.
    #[must_use]
    pub fn fuel(mut self, fuel: u64) -> Self {
        self.fuel = Some(fuel);
        self
    }

    /// Sets what the script's modules can import from the host, beside `spectest`: the closure is called once, before the first
    /// directive. The store's data is the type's default value.
    #[must_use]
    pub fn host<T: Default + 'static>(
        mut self,
        define: impl FnOnce(&mut Linker<T>, &mut Store<T>) -> Result<(), Error> + 'h,
    ) -> Self {
        self.drive = Box::new(|engine, fuel, file, text| drive(engine, fuel, define, file, text));
        self
    }

    /// Runs it: see [`run_script`].
    pub fn run(self, file: &str, text: &str) -> Report {
        (self.drive)(&self.engine, self.fuel, file, text)
    }
}

/// Runs a script's directives one after the other.
fn drive<T: Default + 'static>(
    engine: &Engine,
    fuel: Option<u64>,
    define: impl FnOnce(&mut Linker<T>, &mut Store<T>) -> Result<(), Error>,
    file: &str,
    text: &str,
) -> Report {
    // A byte order mark is no part of the script.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let place = Place { file, text };
    let mut lexer = Lexer::new(text);
    // Some official scripts test exactly these characters.
    lexer.allow_confusing_unicode(true);
    let parsed = ParseBuffer::new_with_lexer(lexer);
    let script = match &parsed {
        Ok(buffer) => {
            parser::parse::<Wast<'_>>(buffer).map_err(|error| (error.span(), error.message()))
        }
        Err(error) => Err((error.span(), error.message())),
    };
    let directives = match script {
        Ok(script) => script.directives,
        Err((span, message)) => return place.failed(span, "a script", escaped(&message)),
    };
    thread::scope(|scope| match Runner::new(engine, fuel, define) {
        Ok(mut runner) => {
            runner.scope = Some(scope);
            runner.run(directives, place)
        }
        Err(error) => {
            let start = Span::from_offset(0);
            place.failed(start, "the host's definitions", chain(&error))
        }
    })
}

/// The script that failures are reported of.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    text: &'a str,
}

impl Place<'_> {
    fn failure(self, span: Span, expected: String, actual: String) -> Failure {
        let (line, column) = span.linecol_in(self.text);
        Failure {
            file: self.file.to_owned(),
            line: line + 1,
            column: column + 1,
            expected,
            actual,
        }
    }

    /// The report of a script that cannot be run.
    fn failed(self, span: Span, expected: &str, actual: String) -> Report {
        Report {
            failures: vec![self.failure(span, expected.to_owned(), actual)],
            ..Report::default()
        }
    }
}

/// Whether a directive says what has to come out, instead of doing something for those that do.
fn is_assertion(directive: &WastDirective<'_>) -> bool {
    use WastDirective::*;
    !matches!(
        directive,
        Module(_)
            | ModuleDefinition(_)
            | ModuleInstance { .. }
            | Register { .. }
            | Invoke(_)
            | Thread(_)
            | Wait { .. }
    )
}

/// A text of the script, or one that repeats its names, within a message.
fn escaped(text: &str) -> String {
    Escaped::new(text).most(1000).to_string()
}

/// How many threads of a script can be under way.
const THREADS: usize = 64;

/// The expected and the actual result of a directive.
struct Mismatch {
    expected: String,
    actual: String,
}

fn mismatch<T>(expected: impl Into<String>, actual: impl Into<String>) -> Result<T, Mismatch> {
    Err(Mismatch {
        expected: expected.into(),
        actual: actual.into(),
    })
}

/// A module of the script that could not be made: by whom it was refused.
enum Refusal {
    /// The text format's own rules, judged by `wast`.
    Text(String),
    /// Our decoder or validator.
    Engine(Error),
    /// A kind of module we know nothing of.
    Component,
}

impl Refusal {
    fn text(&self) -> String {
        match self {
            Self::Text(message) => escaped(message),
            Self::Engine(error) => chain(error),
            Self::Component => "components are not supported".to_owned(),
        }
    }
}

/// An action that ended without results.
enum Stopped {
    /// The action itself went wrong: a trap, an exhausted stack, a start function that trapped, a link error.
    Engine(Error),
    /// The script asks for something that is not there, or that the runner cannot do.
    Script(String),
}

impl Stopped {
    fn text(&self) -> String {
        match self {
            Self::Engine(error) => chain(error),
            Self::Script(message) => message.clone(),
        }
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

/// A script under way, or one of its threads.
struct Runner<'s, 'a, T> {
    engine: Engine,
    fuel: Option<u64>,
    store: Store<T>,
    linker: Linker<T>,
    /// The instance of actions without a module's name.
    current: Option<Instance>,
    instances: HashMap<&'a str, Instance>,
    /// The module last defined, and those with a name.
    definition: Option<Module>,
    definitions: HashMap<&'a str, Module>,
    /// Where threads are started. A thread itself has none: the language has no threads within threads.
    scope: Option<&'s Scope<'s, 'a>>,
    threads: HashMap<&'a str, ScopedJoinHandle<'s, Report>>,
    /// The memories that a thread was given, by the name of the module that exports them and their own.
    shared: Option<(&'a str, Vec<(String, SharedMemory)>)>,
    /// The reports of threads that have been waited for.
    waited: Report,
}

impl<'s, 'a, T: Default + 'static> Runner<'s, 'a, T> {
    fn new(
        engine: &Engine,
        fuel: Option<u64>,
        define: impl FnOnce(&mut Linker<T>, &mut Store<T>) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut store = Store::new(engine, T::default());
        if let Some(fuel) = fuel {
            store.set_fuel(fuel)?;
        }
        let mut linker = Linker::new(engine);
        // A script may register two modules under one name; the later one counts.
        linker.allow_shadowing(true);
        spectest::define(&mut linker, &mut store)?;
        define(&mut linker, &mut store)?;
        Ok(Self {
            engine: engine.clone(),
            fuel,
            store,
            linker,
            current: None,
            instances: HashMap::new(),
            definition: None,
            definitions: HashMap::new(),
            scope: None,
            threads: HashMap::new(),
            shared: None,
            waited: Report::default(),
        })
    }

    /// Runs directives one after the other, and waits for the threads that they have started.
    fn run(mut self, directives: Vec<WastDirective<'a>>, place: Place<'a>) -> Report {
        let mut report = Report::default();
        for directive in directives {
            let span = directive.span();
            let asserts = is_assertion(&directive);
            match self.directive(directive, place) {
                Ok(()) => {
                    report.passed += 1;
                    report.assertions += usize::from(asserts);
                }
                Err(Mismatch { expected, actual }) => {
                    report.failures.push(place.failure(span, expected, actual));
                }
            }
            report.add(core::mem::take(&mut self.waited));
        }
        let names: Vec<_> = self.threads.keys().copied().collect();
        for name in names {
            if let Err(Mismatch { expected, actual }) = self.wait(name) {
                let end = Span::from_offset(place.text.len());
                report.failures.push(place.failure(end, expected, actual));
            }
        }
        report.add(self.waited);
        report
    }

    /// Starts a thread: a script of its own, with a store of its own, that shares the memories of one module with this.
    fn start(&mut self, thread: WastThread<'a>, place: Place<'a>) -> Result<(), Mismatch> {
        let what = "a thread";
        let Some(scope) = self.scope else {
            return mismatch(what, "a thread cannot start threads");
        };
        if self.threads.len() >= THREADS {
            return mismatch(what, format!("there are {THREADS} threads already"));
        }
        let mut shared = None;
        if let Some(name) = thread.shared_module {
            let instance = self
                .instance(Some(name))
                .or_else(|stopped| mismatch("an instance to share", stopped.text()))?;
            let memories = instance.exports(&self.store).filter_map(|export| {
                let name = export.name().to_owned();
                Some((name, export.into_extern().into_shared_memory()?))
            });
            shared = Some((name.name(), memories.collect()));
        }
        let name = thread.name.name();
        let (engine, fuel) = (self.engine.clone(), self.fuel);
        let run = move || match Runner::new(&engine, fuel, |_, _: &mut Store<()>| Ok(())) {
            Ok(mut runner) => {
                runner.shared = shared;
                runner.run(thread.directives, place)
            }
            Err(error) => place.failed(thread.span, "a thread", chain(&error)),
        };
        match thread::Builder::new().spawn_scoped(scope, run) {
            Ok(handle) => {
                if let Some(before) = self.threads.insert(name, handle) {
                    // A name that is used again: nothing can wait for the first thread, but for the end of the script.
                    self.waited.add(joined(before)?);
                }
                Ok(())
            }
            Err(error) => mismatch(what, error.to_string()),
        }
    }

    /// Waits until a thread has ended, and takes over what it reports.
    fn wait(&mut self, name: &str) -> Result<(), Mismatch> {
        match self.threads.remove(name) {
            Some(thread) => {
                self.waited.add(joined(thread)?);
                Ok(())
            }
            None => mismatch(
                "a thread",
                format!("there is no thread `${}`", escaped(name)),
            ),
        }
    }

    /// Registers the memories that a thread was given, if the name is that of their module.
    fn register_shared(&mut self, name: &str, module: Option<Id<'_>>) -> Option<Result<(), Error>> {
        let (shared, memories) = self.shared.as_ref()?;
        if module?.name() != *shared {
            return None;
        }
        let mut defined = memories.iter().map(|(item, memory)| {
            let linker = &mut self.linker;
            let memory = memory.clone();
            linker.define(&mut self.store, name, item, memory).map(drop)
        });
        Some(defined.by_ref().collect())
    }

    fn directive(
        &mut self,
        directive: WastDirective<'a>,
        place: Place<'a>,
    ) -> Result<(), Mismatch> {
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name();
                self.current = None;
                let module = self
                    .module(&mut module)
                    .or_else(|refusal| mismatch("a valid module", refusal.text()))?;
                self.instantiate(name, &module)
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name();
                let module = self
                    .module(&mut module)
                    .or_else(|refusal| mismatch("a valid module", refusal.text()))?;
                if let Some(name) = name {
                    self.definitions.insert(name.name(), module.clone());
                }
                self.definition = Some(module);
                Ok(())
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                self.current = None;
                let definition = match module {
                    Some(name) => self.definitions.get(name.name()),
                    None => self.definition.as_ref(),
                };
                match definition.cloned() {
                    Some(definition) => self.instantiate(instance, &definition),
                    None => mismatch(
                        "a module to instantiate",
                        "no module of that name was defined",
                    ),
                }
            }
            WastDirective::Register { name, module, .. } => {
                if let Some(registered) = self.register_shared(name, module) {
                    return registered
                        .or_else(|error| mismatch("memories to register", chain(&error)));
                }
                let registered = match self.instance(module) {
                    Ok(instance) => self
                        .linker
                        .instance(&mut self.store, name, instance)
                        .map(drop)
                        .map_err(Stopped::from),
                    Err(stopped) => Err(stopped),
                };
                registered.or_else(|stopped| mismatch("an instance to register", stopped.text()))
            }
            WastDirective::Invoke(invoke) => match self.invoke(&invoke) {
                Ok(_) => Ok(()),
                Err(stopped) => mismatch("a call that returns", stopped.text()),
            },
            WastDirective::AssertReturn { exec, results, .. } => match self.execute(exec) {
                Ok(actual) => match values::all_match(&self.store, &results, &actual) {
                    Ok(true) => Ok(()),
                    Ok(false) => mismatch(
                        values::show_patterns(&results),
                        values::show_results(&self.store, &actual, &results),
                    ),
                    Err(error) => mismatch(values::show_patterns(&results), error.to_string()),
                },
                Err(stopped) => mismatch(values::show_patterns(&results), stopped.text()),
            },
            WastDirective::AssertTrap { exec, message, .. } => {
                let outcome = self.execute(exec);
                self.assert_stops("a trap", message, outcome)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(&call);
                self.assert_stops("exhaustion", message, outcome)
            }
            WastDirective::AssertUnlinkable {
                module, message, ..
            } => {
                let outcome = self.execute(WastExecute::Wat(module));
                self.assert_stops("a link error", message, outcome)
            }
            WastDirective::AssertException { exec, .. } => {
                let outcome = self.execute(exec);
                self.assert_stops("an exception", "uncaught exception", outcome)
            }
            WastDirective::AssertMalformed {
                module, message, ..
            }
            | WastDirective::AssertMalformedCustom {
                module, message, ..
            } => self.assert_refused("a malformed module", module, message),
            WastDirective::AssertInvalid {
                module, message, ..
            }
            | WastDirective::AssertInvalidCustom {
                module, message, ..
            } => self.assert_refused("an invalid module", module, message),
            WastDirective::AssertSuspension { message, .. } => mismatch(
                format!("a suspension: {}", escaped(message)),
                "assertions on suspensions are not supported",
            ),
            WastDirective::Thread(thread) => self.start(thread, place),
            WastDirective::Wait { thread, .. } => self.wait(thread.name()),
        }
    }

    /// Makes a module of the script into one of ours.
    fn module(&self, module: &mut QuoteWat<'_>) -> Result<Module, Refusal> {
        let binary = match module {
            QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..) => {
                return Err(Refusal::Component);
            }
            module => match module
                .to_test()
                .map_err(|error| Refusal::Text(error.message()))?
            {
                QuoteWatTest::Binary(binary) => binary,
                QuoteWatTest::Text(text) => quoted(&text)?,
            },
        };
        Module::from_binary(&self.engine, &binary).map_err(Refusal::Engine)
    }

    fn instantiate(&mut self, name: Option<Id<'a>>, module: &Module) -> Result<(), Mismatch> {
        match self.linker.instantiate(&mut self.store, module) {
            Ok(instance) => {
                self.current = Some(instance);
                if let Some(name) = name {
                    self.instances.insert(name.name(), instance);
                }
                Ok(())
            }
            Err(error) => mismatch("an instance", chain(&error)),
        }
    }

    fn instance(&self, name: Option<Id<'_>>) -> Result<Instance, Stopped> {
        match name {
            Some(name) => self.instances.get(name.name()).copied(),
            None => self.current,
        }
        .ok_or_else(|| match name {
            Some(name) => {
                let name = escaped(name.name());
                Stopped::Script(format!("there is no instance `${name}`"))
            }
            None => Stopped::Script("there is no current instance".to_owned()),
        })
    }

    fn execute(&mut self, exec: WastExecute<'a>) -> Result<Vec<Val>, Stopped> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => {
                let module = match self.module(&mut QuoteWat::Wat(module)) {
                    Ok(module) => module,
                    Err(Refusal::Engine(error)) => {
                        return Err(Stopped::Script(format!(
                            "invalid module: {}",
                            chain(&error)
                        )));
                    }
                    Err(refusal) => return Err(Stopped::Script(refusal.text())),
                };
                self.linker.instantiate(&mut self.store, &module)?;
                Ok(Vec::new())
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module)?;
                match instance.get_global(&mut self.store, global) {
                    Some(global) => Ok(vec![global.get(&mut self.store)]),
                    None => Err(Stopped::Script(format!(
                        "there is no exported global `{}`",
                        escaped(global)
                    ))),
                }
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Val>, Stopped> {
        let instance = self.instance(invoke.module)?;
        let Some(func) = instance.get_func(&mut self.store, invoke.name) else {
            return Err(Stopped::Script(format!(
                "there is no exported function `{}`",
                escaped(invoke.name)
            )));
        };
        let args = invoke
            .args
            .iter()
            .map(|arg: &WastArg<'_>| values::argument(&mut self.store, arg));
        let args = args
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Stopped::Script(error.to_string()))?;
        let count = func.ty(&self.store).results().len();
        let mut results = vec![Val::I32(0); count];
        func.call(&mut self.store, &args, &mut results)?;
        Ok(results)
    }

    /// Checks that an action was stopped by the engine, for the reason the script gives.
    fn assert_stops(
        &self,
        what: &str,
        message: &str,
        outcome: Result<Vec<Val>, Stopped>,
    ) -> Result<(), Mismatch> {
        let expected = format!("{what}: {}", escaped(message));
        match outcome {
            Err(Stopped::Engine(error)) if phrases::matches(message, &chain(&error)) => Ok(()),
            Err(stopped) => mismatch(expected, stopped.text()),
            Ok(results) => mismatch(expected, values::show_results(&self.store, &results, &[])),
        }
    }

    /// Checks that a module is refused: by us for the reason the script gives, or by the text format for any, since the
    /// words of `wast` are its own. A few quoted modules get past `wast` and are refused by us for what became of them.
    fn assert_refused(
        &self,
        what: &str,
        mut module: QuoteWat<'a>,
        message: &str,
    ) -> Result<(), Mismatch> {
        let quoted = matches!(module, QuoteWat::QuoteModule(..));
        let expected = format!("{what}: {}", escaped(message));
        match self.module(&mut module) {
            Err(Refusal::Text(_)) => Ok(()),
            Err(Refusal::Engine(error)) if quoted || phrases::matches(message, &chain(&error)) => {
                Ok(())
            }
            Err(refusal) => mismatch(expected, refusal.text()),
            Ok(_) => mismatch(expected, "a valid module"),
        }
    }
}

/// The report of a thread, when it has ended.
fn joined(thread: ScopedJoinHandle<'_, Report>) -> Result<Report, Mismatch> {
    match thread.join() {
        Ok(report) => Ok(report),
        // A test that panics fails with its own message.
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Encodes a quoted module.
fn quoted(text: &[u8]) -> Result<Vec<u8>, Refusal> {
    let text = std::str::from_utf8(text)
        .map_err(|_| Refusal::Text("malformed UTF-8 encoding".to_owned()))?;
    wat::parse_str(text).map_err(|error| Refusal::Text(error.to_string()))
}
