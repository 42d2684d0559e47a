//! A module with directives, run: each `invoke` in turn, on one instance.
//!
//! Values are read and compared as those of scripts are (`values`): `i32 55` is short for `(i32.const 55)`.

use wast::WastRet;
use wast::parser::{self, Parse, ParseBuffer, Parser};

use super::directives::{At, Directives, Invocation};
use super::{Failure, chain, phrases, values};
use tickwasm::{
    Config, Engine, Error, Escaped, ExternType, Func, Instance, Linker, Misuse, Module, Store, Val,
};

/// How a module is to be run.
pub(super) struct Run<'a> {
    pub config: &'a Config,
    /// The fuel of the instantiation and of each invocation, where fuel is counted at all.
    pub fuel: Option<u64>,
    /// The file that failures of the module are reported under, and the one with the directives.
    pub module_file: &'a str,
    pub directives_file: &'a str,
}

/// The outcome of a program.
#[derive(Default)]
pub(super) struct Outcome {
    pub failures: Vec<Failure>,
    /// The edits that would make the directives agree with the results.
    pub edits: Vec<Edit>,
}

/// A line of directives that is to be another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Edit {
    /// Counted from 1.
    pub line: usize,
    /// Whether the directive goes below the line; otherwise it takes its place.
    pub below: bool,
    /// The directive, without the signs of a comment.
    pub directive: String,
}

impl Run<'_> {
    fn failure(
        &self,
        line: usize,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Failure {
        Failure {
            file: self.directives_file.to_owned(),
            line,
            column: 1,
            expected: expected.into(),
            actual: actual.into(),
        }
    }

    /// Compiles and instantiates the module, and makes its invocations.
    pub fn run<T: Default + 'static>(
        &self,
        bytes: &[u8],
        directives: &Directives,
        define: impl FnOnce(&mut Linker<T>, &mut Store<T>) -> Result<(), Error>,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let metered = self.fuel.is_some()
            || directives
                .invocations
                .iter()
                .any(|invocation| invocation.fuel.is_some() || invocation.fuel_max.is_some());
        let mut config = self.config.clone();
        if metered {
            config.consume_fuel(true);
        }
        let budget = self.fuel.unwrap_or(u64::MAX);
        let engine = match Engine::new(&config) {
            Ok(engine) => engine,
            Err(error) => {
                let failure = self.failure(1, "an engine", chain(&error));
                outcome.failures.push(failure);
                return outcome;
            }
        };
        let module = match (Module::new(&engine, bytes), &directives.invalid) {
            (Ok(module), None) => module,
            (Ok(_), Some(phrase)) => {
                let expected = format!("an invalid module: {}", phrase.value);
                let failure = self.failure(phrase.line, expected, "a valid module");
                outcome.failures.push(failure);
                return outcome;
            }
            (Err(error), None) => {
                let failure = self.bad_module(&error);
                outcome.failures.push(failure);
                return outcome;
            }
            (Err(error), Some(phrase)) => {
                let actual = chain(&error);
                if !phrases::matches(&phrase.value, &actual) && !actual.contains(&phrase.value) {
                    let expected = format!("an invalid module: {}", phrase.value);
                    let failure = self.failure(phrase.line, expected, actual);
                    outcome.failures.push(failure);
                }
                return outcome;
            }
        };
        let mut store = Store::new(&engine, T::default());
        let mut linker = Linker::new(&engine);
        let instance = define(&mut linker, &mut store).and_then(|()| {
            if config_counts_fuel(&store) {
                store.set_fuel(budget)?;
            }
            linker.instantiate(&mut store, &module)
        });
        let instance = match instance {
            Ok(instance) => instance,
            Err(error) => {
                let failure = Failure {
                    file: self.module_file.to_owned(),
                    ..self.failure(1, "an instance", chain(&error))
                };
                outcome.failures.push(failure);
                return outcome;
            }
        };
        for invocation in &directives.invocations {
            if let Err(failure) =
                self.invoke(&mut store, &instance, invocation, budget, &mut outcome)
            {
                outcome.failures.push(failure);
            }
        }
        outcome
    }

    /// A module that should be valid and is not: at the place that the error names, if it stands in the text.
    fn bad_module(&self, error: &Error) -> Failure {
        let place = match error {
            Error::Compilation(error) => error.line_column(),
            _ => None,
        };
        let (line, column) = place.unwrap_or((1, 1));
        Failure {
            file: self.module_file.to_owned(),
            line,
            column,
            expected: "a valid module".to_owned(),
            actual: chain(error),
        }
    }

    /// Runs one invocation. Differences are added to the outcome; an error is a function that cannot be called.
    fn invoke<T: 'static>(
        &self,
        store: &mut Store<T>,
        instance: &Instance,
        invocation: &Invocation,
        budget: u64,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let line = invocation.line;
        let name = &invocation.name;
        let wanted = |expected: String, actual: String| self.failure(line, expected, actual);
        let func = self.function(store, instance, invocation)?;
        let ty = func.ty(&*store);
        if ty.params().len() != invocation.args.len() {
            let expected = format!(
                "{} argument(s) for `{name}`, of type {ty}",
                ty.params().len()
            );
            return Err(wanted(expected, invocation.args.len().to_string()));
        }
        let mut args = Vec::new();
        for (param, word) in ty.params().zip(&invocation.args) {
            let arg = values::parse_value(store, &param, word)
                .map_err(|why| wanted(format!("an argument of type {param}"), why.to_string()))?;
            args.push(arg);
        }
        let limit = match &invocation.fuel_max {
            Some(max) => max.value.min(budget),
            None => budget,
        };
        let metered = config_counts_fuel(store);
        if metered {
            store
                .set_fuel(limit)
                .map_err(|error| wanted("fuel".to_owned(), chain(&error)))?;
        }
        let mut results = vec![Val::I32(0); ty.results().len()];
        let called = func.call(&mut *store, &args, &mut results);
        let called = called.map(|()| results);
        self.judge(store, invocation, &called, outcome);
        if metered && let Some(At { line, value }) = invocation.fuel {
            let used = limit - store.get_fuel().unwrap_or(0);
            if used != value {
                let failure = self.failure(line, format!("{value} fuel"), format!("{used} fuel"));
                outcome.failures.push(failure);
                outcome.edits.push(Edit {
                    line,
                    below: false,
                    directive: format!("fuel: {used}"),
                });
            }
        }
        Ok(())
    }

    fn function<T: 'static>(
        &self,
        store: &mut Store<T>,
        instance: &Instance,
        invocation: &Invocation,
    ) -> Result<Func, Failure> {
        let name = &invocation.name;
        if let Some(func) = instance.get_func(&mut *store, name) {
            return Ok(func);
        }
        let expected = format!("an exported function `{name}`");
        let actual = missing_function(store, instance, name);
        Err(self.failure(invocation.line, expected, actual))
    }

    /// Compares how a call ended with what was asked for.
    fn judge<T>(
        &self,
        store: &Store<T>,
        invocation: &Invocation,
        called: &Result<Vec<Val>, Error>,
        outcome: &mut Outcome,
    ) {
        let Invocation { expect, trap, .. } = invocation;
        let (line, expected) = match (expect, trap) {
            (Some(At { line, value }), _) => (*line, shown_wish(value)),
            (None, Some(At { line, value })) => (*line, format!("trap: {value}")),
            (None, None) => (invocation.line, "a call that returns".to_owned()),
        };
        let actual = match called {
            Ok(results) => plain(&values::show_results(store, results, &[])),
            Err(error) => format!("trap: {}", chain(error)),
        };
        let fits = match (called, expect, trap) {
            (Ok(results), Some(wish), _) => match results_match(store, &wish.value, results) {
                Ok(fits) => fits,
                Err(why) => {
                    let expected = "results such as `i32 55`, in one line".to_owned();
                    let actual = format!("`{}`: {why}", wish.value);
                    outcome.failures.push(self.failure(line, expected, actual));
                    false
                }
            },
            (Err(error), _, Some(phrase)) => phrases::matches(&phrase.value, &chain(error)),
            (Ok(_), None, wanted) => wanted.is_none(),
            (Err(_), _, None) => false,
        };
        if !fits && !outcome.failures.iter().any(|failure| failure.line == line) {
            let (line, expected, actual) = match (called, &invocation.fuel_max) {
                (Err(Error::FuelExhausted { .. }), Some(max)) => (
                    max.line,
                    format!("at most {} fuel", max.value),
                    "more, for the call was stopped there".to_owned(),
                ),
                _ => (line, expected, actual),
            };
            outcome.failures.push(self.failure(line, expected, actual));
        }
        // A call that was stopped has no outcome to write down.
        if matches!(called, Err(Error::FuelExhausted { .. })) {
            return;
        }
        // A call without a wish is given one, but for results that it does not have.
        let unsaid = expect.is_none() && trap.is_none();
        if !fits || unsaid && called.as_ref().is_ok_and(|results| !results.is_empty()) {
            outcome.edits.push(Edit {
                line,
                below: unsaid,
                directive: match called {
                    Ok(results) => format!("expect: {}", blessed(store, results)),
                    Err(error) => format!("trap: {}", phrases::short(&chain(error))),
                },
            });
        }
    }
}

/// Says what an instance exports instead of a function of some name.
///
/// ```
/// use tickwasm_harness::missing_function;
/// use tickwasm::{Engine, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "fib")) (memory (export "m") 1))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// assert_eq!(missing_function(&mut store, &instance, "fob"), "no function `fob` is exported, but `fib` is; exported functions: `fib`");
/// assert_eq!(missing_function(&mut store, &instance, "m"), "`m` is a memory; exported functions: `fib`");
/// # Ok::<(), tickwasm::Error>(())
/// ```
pub fn missing_function<T>(store: &mut Store<T>, instance: &Instance, name: &str) -> String {
    /// How many functions are named.
    const NAMED: usize = 10;
    let shown = |name: &str| format!("`{}`", Escaped::new(name).most(80));
    let problem = match instance.get_typed_func::<(), ()>(&*store, name) {
        Err(Error::Misuse(Misuse::UnknownExport {
            similar: Some(similar),
            ..
        })) => {
            format!(
                "no function {} is exported, but {} is",
                shown(name),
                shown(&similar)
            )
        }
        _ => match instance
            .get_export(&*store, name)
            .map(|item| item.ty(&*store))
        {
            None | Some(ExternType::Func(_)) => format!("no function {} is exported", shown(name)),
            Some(ExternType::Global(_)) => format!("{} is a global", shown(name)),
            Some(ExternType::Table(_)) => format!("{} is a table", shown(name)),
            Some(ExternType::Memory(_)) => format!("{} is a memory", shown(name)),
            Some(ExternType::Tag(_)) => format!("{} is a tag", shown(name)),
        },
    };
    let exports = instance.module(&*store).exports();
    let mut funcs = exports.filter(|export| matches!(export.ty(), ExternType::Func(_)));
    let named: Vec<_> = { funcs.by_ref() }
        .take(NAMED)
        .map(|export| shown(export.name()))
        .collect();
    match (named.as_slice(), funcs.count()) {
        ([], _) => format!("{problem}; no functions are exported"),
        (named, 0) => format!("{problem}; exported functions: {}", named.join(", ")),
        (named, more) => {
            let named = named.join(", ");
            format!("{problem}; exported functions: {named} and {more} more")
        }
    }
}

fn config_counts_fuel<T>(store: &Store<T>) -> bool {
    store.get_fuel().is_ok()
}

/// A list of values in the notation of scripts: what `expect` says, spelled out.
struct Wish<'a>(Vec<WastRet<'a>>);

impl<'a> Parse<'a> for Wish<'a> {
    fn parse(parser: Parser<'a>) -> parser::Result<Self> {
        let mut patterns = Vec::new();
        while !parser.is_empty() {
            patterns.push(parser.parens(Parser::parse)?);
        }
        Ok(Self(patterns))
    }
}

/// Spells `i32 55 ref.extern 7` out as `(i32.const 55) (ref.extern 7)`; what stands in parentheses stays.
///
/// A NaN without more stands for any that arithmetic may make: its bits are no more determined than that.
fn spelled(short: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut open = false;
    for word in super::directives::words(short).map_err(|problem| problem.to_string())? {
        let word = word.trim_end_matches(',');
        let begins =
            matches!(word, "i32" | "i64" | "f32" | "f64" | "v128") || word.starts_with("ref.");
        if begins || word.starts_with('(') {
            if open {
                text.push(')');
            }
            open = begins;
            text.push(' ');
        } else if !open {
            return Err(format!("`{word}` is not the name of a type"));
        } else {
            text.push(' ');
        }
        match word {
            _ if begins && word.starts_with("ref.") => text = format!("{text}({word}"),
            _ if begins => text = format!("{text}({word}.const"),
            "nan" | "-nan" => text.push_str("nan:arithmetic"),
            _ => text.push_str(word),
        }
    }
    if open {
        text.push(')');
    }
    Ok(text)
}

/// Returns the expectation as the text of a failure shows it.
fn shown_wish(short: &str) -> String {
    if short.is_empty() {
        "no results".to_owned()
    } else {
        short.to_owned()
    }
}

fn results_match<T>(store: &Store<T>, wish: &str, results: &[Val]) -> Result<bool, String> {
    let text = spelled(wish)?;
    let buffer = ParseBuffer::new(&text).map_err(|error| error.message())?;
    let Wish(patterns) = parser::parse(&buffer).map_err(|error| error.message())?;
    values::all_match(store, &patterns, results).map_err(|error| error.to_string())
}

/// `(i32.const 55) (f64.const 0.5 (;0x3fe0000000000000;))` as `i32 55 f64 0.5`.
fn plain(script: &str) -> String {
    let mut text = String::new();
    let mut rest = script;
    while let Some(at) = rest.find("(;") {
        text.push_str(&rest[..at]);
        rest = rest[at..]
            .find(";)")
            .map_or("", |end| &rest[at + end + 2..]);
    }
    text.push_str(rest);
    text.replace(".const", "")
        .replace(['(', ')'], " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Results as `expect` is to say them. Of a NaN with the canonical payload only that is said: its sign is not determined.
fn blessed<T>(store: &Store<T>, results: &[Val]) -> String {
    if results.is_empty() {
        return String::new();
    }
    let text = plain(&values::show_results(store, results, &[]));
    let mut words: Vec<_> = text.split(' ').collect();
    for at in 1..words.len() {
        let canonical = match words[at - 1] {
            "f32" => "nan:0x400000",
            "f64" => "nan:0x8000000000000",
            _ => continue,
        };
        if words[at].trim_start_matches('-') == canonical {
            words[at] = "nan:canonical";
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_are_spelled_out_as_scripts_have_them() {
        for (short, text) in [
            ("", ""),
            ("i32 55", " (i32.const 55)"),
            ("i32 1, f64 -0.5", " (i32.const 1) (f64.const -0.5)"),
            ("v128 i32x4 1 2 3 4", " (v128.const i32x4 1 2 3 4)"),
            (
                "ref.null func ref.extern 7",
                " (ref.null func) (ref.extern 7)",
            ),
            (
                "(either (i32.const 1) (i32.const 2)) i64 3",
                " (either (i32.const 1) (i32.const 2)) (i64.const 3)",
            ),
            ("f32 nan", " (f32.const nan:arithmetic)"),
        ] {
            assert_eq!(spelled(short).as_deref(), Ok(text), "{short}");
        }
        assert!(spelled("55").is_err());
    }

    #[test]
    fn a_script_s_values_shorten_to_what_expect_reads() {
        let script = "(i32.const 55) (f64.const 0.5 (;0x3fe0000000000000;)) (ref.null func)";
        assert_eq!(plain(script), "i32 55 f64 0.5 ref.null func");
        assert_eq!(plain("no results"), "no results");
    }
}
