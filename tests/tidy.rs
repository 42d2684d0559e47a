//! Checks rules that the compiler does not: which module may use which, where unsafe code is allowed, that each block has a reason, the
//! length of files and functions, and that the architecture names every file.
//!
//! The tables here are the rules of `ARCHITECTURE.md` and `SECURITY.md`. A failure names the file and the line.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// Which of the crate's modules a module may name, itself aside. `a::b` permits that part of `a` only.
///
/// `compile` joins the stages and `api` is above all of them: neither has a row.
const MAY_USE: &[(&str, &[&str])] = &[
    ("features", &[]),
    ("limits", &[]),
    ("escape", &[]),
    ("syntax", &["features"]),
    ("decode", &["syntax", "limits"]),
    ("validate", &["syntax", "limits", "features", "escape"]),
    ("code", &["syntax"]),
    // Of the runtime, the size of a global: code steps over globals by it.
    (
        "lower",
        &["syntax", "code", "limits", "runtime::global_inst"],
    ),
    (
        "runtime",
        &[
            "syntax",
            "validate::matching",
            "validate::canonical",
            "code",
            "limits",
        ],
    ),
    ("exec", &["code", "runtime", "syntax"]),
    ("support", &[]),
    ("text", &["error"]),
    ("status", &[]),
    ("internals", &["compile", "Module"]),
];

/// The modules that use the crate as any user does, and name only what the root exports: types, `Result` and the codes of `status`.
const USERS: &[&str] = &["tape"];

/// The modules that may name all stages.
const UNBOUND: &[&str] = &["api", "compile", "error", "lib"];

/// The places of unsafe code: a file, or all files of a folder.
const MAY_BE_UNSAFE: &[&str] = &[
    "exec/mod.rs",
    "exec/machine.rs",
    "exec/suspend.rs",
    "exec/unwind.rs",
    "exec/handlers",
    "exec/dispatch",
    "runtime/stack.rs",
    "runtime/zeroed.rs",
];

/// The maximal number of lines of code in a file: tests, comments and blank lines are not counted.
const MAX_FILE_LINES: usize = 700;

/// The maximal number of lines of code in a function.
const MAX_FUNCTION_LINES: usize = 100;

/// Files (`exec/mod.rs`) and functions (`exec/mod.rs: invoke`) that may be longer, each with the reason. The list can only shrink: an entry
/// that is no longer needed fails the test.
const MAY_BE_LONG: &[(&str, &str)] = &[];

struct Source {
    /// Relative to `src`, with `/` between the parts.
    path: String,
    text: String,
}

impl Source {
    /// The module of the crate's root that the file belongs to.
    fn module(&self) -> &str {
        let end = self.path.find(['/', '.']).unwrap_or(self.path.len());
        &self.path[..end]
    }

    /// The files that the file declares as modules of tests.
    fn test_files(&self) -> Vec<String> {
        let folder = match self.path.strip_suffix("mod.rs") {
            Some(folder) => folder.to_owned(),
            None => format!("{}/", self.path.trim_end_matches(".rs")),
        };
        let declared = self.text.split("#[cfg(test)]\nmod ").skip(1);
        let named = declared.filter_map(|rest| rest.split_once(';'));
        named
            .filter(|(name, _)| first_part(name).1.is_empty())
            .map(|(name, _)| format!("{folder}{name}.rs"))
            .collect()
    }

    /// The text without its unit tests and comments, line for line.
    fn code(&self) -> String {
        let text = match self.text.find("#[cfg(test)]\nmod tests") {
            Some(end) => &self.text[..end],
            None => &self.text,
        };
        let lines = text.lines().map(|line| match line.find("//") {
            Some(comment) => &line[..comment],
            None => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<Source>) {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(root).unwrap().components();
                let relative: Vec<_> = relative
                    .map(|part| part.as_os_str().to_string_lossy())
                    .collect();
                found.push(Source {
                    path: relative.join("/"),
                    text: fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    // Files of tests may use any module.
    let tests: Vec<String> = found.iter().flat_map(Source::test_files).collect();
    found.retain(|source| !tests.contains(&source.path));
    found
}

/// The first two parts of every path that follows `crate::`, with its line: braces are expanded.
fn crate_paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        for tree in trees(&code[at + "crate::".len()..]) {
            let (head, rest) = first_part(tree);
            let second: Vec<_> = match rest.strip_prefix("::") {
                Some(rest) => trees(rest)
                    .into_iter()
                    .map(|tree| first_part(tree).0)
                    .collect(),
                None => Vec::new(),
            };
            if second.is_empty() {
                found.push((line, head.to_owned()));
            }
            found.extend(
                second
                    .into_iter()
                    .map(|part| (line, format!("{head}::{part}"))),
            );
        }
    }
    found
}

/// The branches of a path's rest: the contents of the braces, or all of it.
fn trees(text: &str) -> Vec<&str> {
    let Some(inner) = text.strip_prefix('{') else {
        return vec![text];
    };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(inner[start..at].trim());
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.retain(|tree| !tree.is_empty());
    found
}

fn first_part(path: &str) -> (&str, &str) {
    path.split_at(
        path.find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(path.len()),
    )
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn modules_use_only_what_the_architecture_permits() {
    let mut problems = Vec::new();
    for source in sources() {
        let module = source.module().to_owned();
        if UNBOUND.contains(&module.as_str()) {
            continue;
        }
        let row = MAY_USE.iter().find(|(name, _)| *name == module);
        for (line, path) in crate_paths(&source.code()) {
            let (head, _) = first_part(&path);
            let permitted = match row {
                _ if head == module => true,
                // The table of instructions and similar ones are macros that the root re-exports.
                _ if head.starts_with("for_each_") => true,
                Some((_, permitted)) => permitted.iter().any(|name| *name == head || *name == path),
                None => {
                    let public = head.starts_with(char::is_uppercase) || head == "status";
                    USERS.contains(&module.as_str()) && public
                }
            };
            if !permitted {
                problems.push(format!(
                    "src/{}:{line}: `{module}` may not use `crate::{path}`",
                    source.path
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn every_module_of_the_root_has_a_row() {
    let named: Vec<_> = MAY_USE
        .iter()
        .map(|(name, _)| *name)
        .chain(UNBOUND.iter().copied())
        .collect();
    let mut problems = Vec::new();
    for source in sources() {
        let module = source.module();
        if !USERS.contains(&module) && !named.contains(&module) {
            problems.push(format!(
                "src/{}: the architecture has no row for `{module}`",
                source.path
            ));
        }
    }
    report(&problems);
}

#[test]
fn unsafe_code_stands_only_where_it_is_listed() {
    let security =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("SECURITY.md")).unwrap();
    let mut problems = Vec::new();
    for source in sources() {
        let Some(line) = source
            .code()
            .lines()
            .position(|line| has_word(line, "unsafe"))
        else {
            continue;
        };
        let place = format!("src/{}:{}", source.path, line + 1);
        match MAY_BE_UNSAFE
            .iter()
            .find(|listed| within(&source.path, listed))
        {
            None => problems.push(format!(
                "{place}: unsafe code outside the files that may hold it"
            )),
            Some(listed) if !security.contains(&format!("src/{listed}")) => {
                problems.push(format!("{place}: SECURITY.md does not list src/{listed}"));
            }
            Some(_) => {}
        }
        // A folder's reason may be in its `mod.rs`.
        if !source.text.starts_with("//!") {
            problems.push(format!(
                "{place}: a file with unsafe code begins by saying what it is"
            ));
        }
    }
    report(&problems);
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let mut problems = Vec::new();
    for source in sources() {
        let code = source.code();
        let lines: Vec<_> = source.text.lines().collect();
        for (i, line) in code.lines().enumerate() {
            if !has_word(line, "unsafe") {
                continue;
            }
            // A module's header states the requirements of its unsafe functions; types of functions have none.
            if line.contains("unsafe fn") || line.contains("unsafe extern") {
                continue;
            }
            let above = &lines[i.saturating_sub(8)..=i];
            if !above.iter().any(|line| line.contains("SAFETY:")) {
                problems.push(format!("src/{}:{}: no `SAFETY:` above", source.path, i + 1));
            }
        }
    }
    report(&problems);
}

/// Whether a line holds the keyword itself, not a lint's or an identifier's part.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part(line[..at].chars().next_back()) && !part(line[at + word.len()..].chars().next())
    })
}

fn within(path: &str, listed: &str) -> bool {
    path == listed
        || path
            .strip_prefix(listed)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// The rows of the architecture's table of crates: a crate's folder, and the crates that it may use.
fn crates(architecture: &str) -> Vec<(String, Vec<String>)> {
    let (_, section) = architecture.split_once("\n## The crates\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let words = |cell: &str| -> Vec<String> {
        let words = cell.split('`').skip(1).step_by(2);
        words.map(str::to_owned).collect()
    };
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        (words(cells[1]).remove(0), words(cells[3]))
    })
    .collect()
}

/// The dependencies on this project's crates that a manifest states, without those of tests.
fn own_dependencies(manifest: &str) -> Vec<String> {
    let (_, rest) = manifest.split_once("\n[dependencies]\n").unwrap();
    let section = rest.split("\n[").next().unwrap();
    let names = section.lines().filter_map(|line| line.split_once(" = "));
    let ours = names.filter(|(name, _)| name.starts_with("tickwasm"));
    ours.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn crates_use_only_what_the_architecture_permits() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let rows = crates(&read("ARCHITECTURE.md"));
    let mut problems = Vec::new();
    for (folder, permitted) in &rows {
        let manifest = read(&format!("{folder}/Cargo.toml"));
        for used in own_dependencies(&manifest) {
            if !permitted.contains(&used) {
                problems.push(format!("{folder} may not use `{used}`"));
            }
        }
        if !manifest.contains("unsafe_code = \"forbid\"") {
            problems.push(format!("{folder} does not forbid unsafe code"));
        }
    }
    let manifest = read("Cargo.toml");
    let members = manifest.lines().find(|line| line.starts_with("members = "));
    for member in members.unwrap().split('"').skip(1).step_by(2) {
        let listed = rows.iter().any(|(folder, _)| folder == member);
        if !listed && member != "." && !member.starts_with("examples/") {
            problems.push(format!("the architecture has no row for {member}"));
        }
    }
    // The core depends on none of the crates built on it.
    for used in own_dependencies(&manifest) {
        problems.push(format!("the core may not use `{used}`"));
    }
    assert!(rows.len() >= 4, "the table of crates was not found");
    report(&problems);
}

fn lines_of_code<'a>(lines: impl IntoIterator<Item = &'a str>) -> usize {
    let code = lines.into_iter().filter(|line| !line.trim().is_empty());
    code.count()
}

/// The name of the function that a line begins, if it does.
fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    loop {
        if let Some(named) = rest.strip_prefix("fn ") {
            let (name, _) = first_part(named);
            return (!name.is_empty()).then_some(name);
        }
        let (word, behind) = rest.split_once(' ')?;
        let qualifies = matches!(word, "const" | "async" | "unsafe" | "extern")
            || word.starts_with("pub")
            || word.starts_with('"');
        if !qualifies {
            return None;
        }
        rest = behind;
    }
}

/// The functions in formatted code, each with its line and its number of lines of code. A function ends at the first later line with
/// the indentation of its beginning that is a closing brace or ends a declaration.
fn functions(code: &str) -> Vec<(usize, &str, usize)> {
    let lines: Vec<_> = code.lines().map(str::trim_end).collect();
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let indent = &line[..line.len() - line.trim_start().len()];
        let ends = |line: &&str| {
            let rest = line.strip_prefix(indent).unwrap_or(" ");
            !rest.starts_with(' ') && (rest.starts_with('}') || rest.ends_with(';'))
        };
        let begun = line.ends_with('}') || line.ends_with(';');
        let more = match lines[i + 1..].iter().position(ends) {
            Some(end) if !begun => end + 1,
            _ => 0,
        };
        let body = lines[i..=i + more].iter().copied();
        found.push((i + 1, name, lines_of_code(body)));
    }
    found
}

#[test]
fn files_and_functions_are_short() {
    let (mut long, mut functions_seen) = (Vec::new(), 0);
    for source in sources() {
        let code = source.code();
        let lines = lines_of_code(code.lines());
        if lines > MAX_FILE_LINES {
            let place = format!("src/{}", source.path);
            long.push((source.path.clone(), place, lines));
        }
        for (line, name, lines) in functions(&code) {
            functions_seen += 1;
            if lines > MAX_FUNCTION_LINES {
                let place = format!("src/{}:{line}", source.path);
                long.push((format!("{}: {name}", source.path), place, lines));
            }
        }
    }
    let mut problems = Vec::new();
    for (key, place, lines) in &long {
        if !MAY_BE_LONG.iter().any(|(named, _)| named == key) {
            problems.push(format!("{place}: `{key}` has {lines} lines of code"));
        }
    }
    for (named, reason) in MAY_BE_LONG {
        if reason.is_empty() {
            problems.push(format!("the exception `{named}` has no reason"));
        }
        if !long.iter().any(|(key, ..)| key == named) {
            problems.push(format!("the exception `{named}` is no longer needed"));
        }
    }
    assert!(functions_seen > 1000, "functions were not found");
    report(&problems);
}

#[test]
fn functions_are_counted_without_blank_lines_and_to_their_end() {
    let code = "impl X {\n    pub(super) const fn a(\n        x: u8,\n    ) -> u8 {\n\n        x\n    }\n\n    fn b();\n}\n\n\
                unsafe extern \"C\" fn c() {}\nlet fns = 1;\nfn d(\n    x: u8,\n) -> u8;\nfn e()\nwhere\n    X: Y,\n{\n}\n";
    assert_eq!(
        functions(code),
        [
            (2, "a", 5),
            (9, "b", 1),
            (12, "c", 1),
            (14, "d", 3),
            (17, "e", 5)
        ]
    );
}

/// The lines of the architecture's list of files: a folder of `src`, and the files that its line names.
fn listed_files(architecture: &str) -> Vec<(String, Vec<String>)> {
    let (_, section) = architecture.split_once("\n## The files\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut words = section.split('`').skip(1).step_by(2);
    for word in &mut words {
        if let Some(folder) = word.strip_prefix("src/") {
            found.push((folder.to_owned(), Vec::new()));
        } else if let Some((_, files)) = found.last_mut().filter(|_| word.ends_with(".rs")) {
            files.push(word.to_owned());
        }
    }
    found
}

#[test]
fn the_architecture_names_every_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = listed_files(&fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap());
    let mut problems = Vec::new();
    for source in sources() {
        let split = source.path.rfind('/').map_or(0, |slash| slash + 1);
        let (folder, file) = source.path.split_at(split);
        match listed.iter().find(|(name, _)| name == folder) {
            None => problems.push(format!("the architecture has no line for src/{folder}")),
            // The line itself describes the folder.
            Some(_) if file == "mod.rs" => {}
            Some((_, files)) if files.iter().any(|name| name == file) => {}
            Some(_) => problems.push(format!(
                "the architecture's line for src/{folder} does not name {file}"
            )),
        }
    }
    for (folder, files) in &listed {
        for file in files {
            if !root.join("src").join(folder).join(file).exists() {
                problems.push(format!(
                    "the architecture names src/{folder}{file}, which does not exist"
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn a_path_with_braces_is_opened_up() {
    let paths: Vec<_> =
        crate_paths("use crate::{code::{Op, unit}, syntax};\nlet x = crate::lower::run();")
            .into_iter()
            .map(|(line, path)| format!("{line} {path}"))
            .collect();
    assert_eq!(
        paths,
        ["1 code::Op", "1 code::unit", "1 syntax", "2 lower::run"]
    );
}
