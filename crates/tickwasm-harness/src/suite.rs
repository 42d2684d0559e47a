//! The files below a folder as tests: finds them, names them, and hands them to a test runner with the options of cargo's own.
//!
//! `directives` reads the directives of a file; `script` and `program` run it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use super::directives::{self, Directives, Place};
use super::program::{Edit, Run};
use super::{Failure, Report, Script};
use tickwasm::{Config, Engine, Error, Linker, Store};

/// The variable that has expectations rewritten instead of checked.
const BLESS: &str = "TICKWASM_BLESS";

/// How many failures of one file are shown.
const SHOWN: usize = 25;

/// Runs each `.wast`, `.wat` and `.wasm` file below a folder as a test, and ends the process as a test does.
///
/// The whole of a test target, with `harness = false` beside its name in `Cargo.toml`:
///
/// ```text
/// fn main() {
///     tickwasm_harness::run("tests/wasm")
/// }
/// ```
///
/// See [the module](super#a-folder-of-tests) for what the files say, [`Suite`] for settings and for functions of the host. A relative
/// path begins at the package's folder, in which cargo runs tests.
pub fn run(folder: impl AsRef<Path>) -> ! {
    Suite::new(folder).run()
}

/// The files below a folder, as tests about to be run: what [`run()`] does, with settings.
///
/// ```no_run
/// use tickwasm_harness::Suite;
/// use tickwasm::{Config, Linker};
///
/// fn main() {
///     Suite::new("tests/wasm")
///         .config(Config::new().max_memory_bytes(1 << 20))
///         .fuel(10_000_000)
///         .host(|linker: &mut Linker<()>, _store| {
///             linker.func_wrap("host", "double", |x: i32| x * 2)?;
///             Ok(())
///         })
///         .run()
/// }
/// ```
pub struct Suite<T = ()> {
    folder: PathBuf,
    config: Config,
    fuel: Option<u64>,
    prefix: String,
    define: Define<T>,
}

/// Defines the imports of the files.
type Define<T> = Arc<dyn Fn(&mut Linker<T>, &mut Store<T>) -> Result<(), Error> + Send + Sync>;

impl Suite {
    /// The files below a folder.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self {
            folder: folder.as_ref().to_owned(),
            config: Config::new(),
            fuel: None,
            prefix: String::new(),
            define: Arc::new(|_, _| Ok(())),
        }
    }
}

impl<T: Default + 'static> Suite<T> {
    /// Sets the configuration of the engines that the files run on.
    #[must_use]
    pub fn config(mut self, config: impl Into<Config>) -> Self {
        self.config = config.into();
        self
    }

    /// Sets the fuel of each script, of each instantiation and of each invocation, so that what does not end fails.
    #[must_use]
    pub fn fuel(mut self, fuel: u64) -> Self {
        self.fuel = Some(fuel);
        self
    }

    /// Puts a text before each test's name, to tell the tests of one folder under several configurations apart.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets what the files can import: the closure is called for each file, with a new linker and store, whose data is the type's
    /// default value.
    #[must_use]
    pub fn host<U: Default + 'static>(
        self,
        define: impl Fn(&mut Linker<U>, &mut Store<U>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Suite<U> {
        Suite {
            folder: self.folder,
            config: self.config,
            fuel: self.fuel,
            prefix: self.prefix,
            define: Arc::new(define),
        }
    }

    /// Runs the tests that the command line asks for, and ends the process: with 0 if they passed, with 101 if not.
    pub fn run(self) -> ! {
        let arguments = Arguments::from_args();
        libtest_mimic::run(&arguments, self.trials()).exit()
    }

    /// The tests, for a test target that has others beside them and hands all to `libtest-mimic` itself.
    pub fn trials(self) -> Vec<Trial> {
        let bless = std::env::var_os(BLESS).is_some_and(|value| !value.is_empty() && value != "0");
        let mut files = Vec::new();
        if let Err((path, error)) = walk(&self.folder, &mut files) {
            return vec![failing(
                &self.folder,
                format!("{}: {error}", path.display()),
            )];
        }
        files.sort();
        let suite = Arc::new(self);
        let mut trials = Vec::new();
        for path in &files {
            let Some(kind) = Kind::of(path, &files) else {
                continue;
            };
            let file = File {
                kind,
                name: suite.name(path),
                path: path.clone(),
            };
            let (ignored, suite) = (file.is_ignored(), Arc::clone(&suite));
            let name = file.name.clone();
            let trial = Trial::test(name, move || file.test(&suite, bless));
            trials.push(trial.with_ignored_flag(ignored));
        }
        if trials.is_empty() {
            let nothing = "no .wast, .wat or .wasm file stands below this folder";
            trials.push(failing(&suite.folder, nothing.to_owned()));
        }
        trials
    }

    /// A test's name: the path below the folder, with the same separator everywhere.
    fn name(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.folder).unwrap_or(path);
        let parts = below
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        self.prefix.clone() + &parts.collect::<Vec<_>>().join("/")
    }
}

/// A test that fails because there are none.
fn failing(folder: &Path, why: String) -> Trial {
    Trial::test(folder.display().to_string(), move || Err(why.into()))
}

/// Finds the files below a folder, except hidden ones. On an error, it names the path.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| (folder.clone(), error))?;
        for entry in entries {
            let entry = entry.map_err(|error| (folder.clone(), error))?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = entry.path();
            // A link to a folder is not followed: it might lead back up.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(_) => files.push(path),
                Err(error) => return Err((path, error)),
            }
        }
    }
    Ok(())
}

/// The kind of a test file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Script,
    Text,
    Binary,
    /// Directives for a module that is not there.
    Orphan,
}

impl Kind {
    fn of(path: &Path, all: &[PathBuf]) -> Option<Self> {
        match path.extension().and_then(OsStr::to_str)? {
            "wast" => Some(Self::Script),
            "wat" => Some(Self::Text),
            "wasm" => Some(Self::Binary),
            "expect" if !all.contains(&path.with_extension("")) => Some(Self::Orphan),
            _ => None,
        }
    }
}

/// One file, that is, one test.
struct File {
    kind: Kind,
    name: String,
    path: PathBuf,
}

impl File {
    /// The file of directives beside the module.
    fn beside(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".expect");
        name.into()
    }

    /// Whether the file says so. One that cannot be read, or not understood, is not: its test fails and says why.
    fn is_ignored(&self) -> bool {
        match self.kind {
            Kind::Orphan => false,
            // Of a script's comments only this one is ours.
            Kind::Script => fs::read_to_string(&self.path).is_ok_and(|text| {
                let comments = text
                    .lines()
                    .map(str::trim)
                    .take_while(|line| line.starts_with(";;"));
                let mut comments = comments.map(|line| line[2..].trim());
                comments.any(|line| line == "ignore" || line.starts_with("ignore:"))
            }),
            _ => matches!(self.directives(), Ok((_, _, Ok(directives))) if directives.ignore),
        }
    }

    /// The directives, with the file they stand in and its text.
    #[allow(
        clippy::type_complexity,
        reason = "each part has its own name where it is used"
    )]
    fn directives(
        &self,
    ) -> io::Result<(
        PathBuf,
        String,
        Result<Directives, directives::DirectiveError>,
    )> {
        let beside = self.beside();
        let has_beside = beside.exists();
        let (path, place) = match self.kind {
            Kind::Text if !has_beside => (self.path.clone(), Place::Above),
            _ if has_beside => (beside, Place::Beside),
            _ => return Ok((beside, String::new(), Ok(Directives::default()))),
        };
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let directives = directives::read(&text, place);
        Ok((path, text, directives))
    }

    fn test<T: Default + 'static>(&self, suite: &Suite<T>, bless: bool) -> Result<(), Failed> {
        match self.kind {
            Kind::Script => self.script(suite),
            Kind::Orphan => Err(format!(
                "{}: there is no {} to expect this of",
                self.name,
                self.path.with_extension("").display()
            )
            .into()),
            Kind::Text | Kind::Binary => self.module(suite, bless),
        }
    }

    fn script<T: Default + 'static>(&self, suite: &Suite<T>) -> Result<(), Failed> {
        let text = fs::read_to_string(&self.path).map_err(|error| self.unreadable(&error))?;
        let mut config = suite.config.clone();
        if suite.fuel.is_some() {
            config.consume_fuel(true);
        }
        let engine = Engine::new(&config)?;
        let mut script = Script::new(&engine).host(|linker, store| (suite.define)(linker, store));
        if let Some(fuel) = suite.fuel {
            script = script.fuel(fuel);
        }
        shown(script.run(&self.path.display().to_string(), &text))
    }

    fn module<T: Default + 'static>(&self, suite: &Suite<T>, bless: bool) -> Result<(), Failed> {
        let bytes = fs::read(&self.path).map_err(|error| self.unreadable(&error))?;
        let (path, text, directives) =
            self.directives().map_err(|error| self.unreadable(&error))?;
        let directives_file = path.display().to_string();
        let directives = directives.map_err(|error| {
            Failed::from(Failure {
                file: directives_file.clone(),
                line: error.line,
                column: 1,
                expected: "a directive".to_owned(),
                actual: error.problem.to_string(),
            })
        })?;
        // Two places for expectations are one too many: in one of them they would not be read.
        if self.kind == Kind::Text && path != self.path {
            let text = String::from_utf8_lossy(&bytes);
            if directives::read(&text, Place::Above).as_ref() != Ok(&Directives::default()) {
                let also = self.path.display();
                return Err(format!("directives stand in {directives_file} and in {also}").into());
            }
        }
        let run = Run {
            config: &suite.config,
            fuel: suite.fuel,
            module_file: &self.path.display().to_string(),
            directives_file: &directives_file,
        };
        let outcome = run.run(&bytes, &directives, |linker, store| {
            (suite.define)(linker, store)
        });
        if bless && !outcome.edits.is_empty() {
            let text = edited(&text, &outcome.edits);
            fs::write(&path, text).map_err(|error| self.unreadable(&error))?;
            // Failures that cannot be mended by rewriting, such as a missing function, remain failures.
            let left = outcome.failures.into_iter().filter(|failure| {
                let mended = |edit: &Edit| edit.line == failure.line;
                !outcome.edits.iter().any(mended)
            });
            return shown(Report {
                failures: left.collect(),
                ..Report::default()
            });
        }
        shown(Report {
            failures: outcome.failures,
            ..Report::default()
        })
    }

    fn unreadable(&self, error: &io::Error) -> Failed {
        format!("{}: {error}", self.path.display()).into()
    }
}

/// A report as a test's outcome.
fn shown(report: Report) -> Result<(), Failed> {
    if report.is_success() {
        return Ok(());
    }
    let shown = report.failures.iter().take(SHOWN).map(Failure::to_string);
    let mut text = shown.collect::<Vec<_>>().join("\n");
    if let Some(more @ 1..) = report.failures.len().checked_sub(SHOWN) {
        text = format!("{text}\n… and {more} more");
    }
    Err(text.into())
}

/// A text of directives with some of its lines replaced. A new line is spelled as the one it replaces or follows.
fn edited(text: &str, edits: &[Edit]) -> String {
    let mut edited = String::with_capacity(text.len());
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let content = line.trim_end_matches(['\r', '\n']);
        let end = if line.len() > content.len() {
            &line[content.len()..]
        } else {
            "\n"
        };
        // White space and the signs of a comment.
        let lead = &content[..content.len() - content.trim_start_matches([' ', '\t', ';']).len()];
        let spelled = |edit: &Edit| format!("{lead}{}{end}", edit.directive.trim_end());
        let mut here = edits
            .iter()
            .filter(|edit| edit.line == number && !edit.below);
        match here.next() {
            Some(edit) => edited.push_str(&spelled(edit)),
            None => edited.push_str(line),
        }
        for edit in edits
            .iter()
            .filter(|edit| edit.line == number && edit.below)
        {
            if !edited.ends_with('\n') {
                edited.push('\n');
            }
            edited.push_str(&spelled(edit));
        }
    }
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_line_is_spelled_as_its_neighbour() {
        let edit = |line, below, directive: &str| Edit {
            line,
            below,
            directive: directive.to_owned(),
        };
        let edits = [edit(1, true, "expect: i32 1"), edit(3, false, "fuel: 9")];
        assert_eq!(
            edited(
                " ;; invoke: f\n;;expect: x\r\n;;  fuel: 1\r\n(module)",
                &edits
            ),
            " ;; invoke: f\n ;; expect: i32 1\n;;expect: x\r\n;;  fuel: 9\r\n(module)"
        );
        assert_eq!(edited("invoke: f", &edits), "invoke: f\nexpect: i32 1\n");
    }
}
