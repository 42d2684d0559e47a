//! Which modules to run, with which argument, and what they must return: the lists named `expected.txt`.

use std::path::{Path, PathBuf};

/// A module, the argument of its `run`, and the result that every engine must give.
pub(crate) struct Workload {
    pub(crate) path: PathBuf,
    pub(crate) argument: i32,
    pub(crate) expected: i32,
}

impl Workload {
    /// The file's name without its extension.
    pub(crate) fn name(&self) -> String {
        self.path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }
}

/// Reads what the command line names: a directory with an `expected.txt`, such a list itself, or a module that stands
/// in the list beside it.
pub(crate) fn collect(inputs: &[PathBuf]) -> Result<Vec<Workload>, String> {
    let mut found = Vec::new();
    for input in inputs {
        if input.is_dir() {
            found.extend(read_list(&input.join("expected.txt"))?);
        } else if input
            .extension()
            .is_some_and(|extension| extension == "txt")
        {
            found.extend(read_list(input)?);
        } else {
            let list = input.with_file_name("expected.txt");
            let workload = read_list(&list)?
                .into_iter()
                .find(|workload| workload.path.file_name() == input.file_name());
            found.push(
                workload
                    .ok_or_else(|| format!("{} is not in {}", input.display(), list.display()))?,
            );
        }
    }
    Ok(found)
}

/// A list has one line a module: its file, the argument, the result.
fn read_list(list: &Path) -> Result<Vec<Workload>, String> {
    let text =
        std::fs::read_to_string(list).map_err(|error| format!("{}: {error}", list.display()))?;
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [file, argument, expected] = words[..] else {
                return Err(format!(
                    "{}: not a module, an argument and a result: {line}",
                    list.display()
                ));
            };
            let number = |word: &str| {
                word.parse()
                    .map_err(|error| format!("{}: {word}: {error}", list.display()))
            };
            Ok(Workload {
                path: list.with_file_name(file),
                argument: number(argument)?,
                expected: number(expected)?,
            })
        })
        .collect()
}
