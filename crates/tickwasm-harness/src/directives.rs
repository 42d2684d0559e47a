//! Directives: what the comments at the top of a module, or the lines of a file beside it, ask for.
//!
//! ```text
//! ;; invoke: fib 10
//! ;; expect: i32 55
//! ;; fuel: 1234
//! ```
//!
//! This reads the lines and knows nothing of values: those are read when the function's type is known (`program`). A line that
//! could be a directive and is not is an error, for a test that is silently not made is worse than none.

use core::fmt;

/// The name of a directive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    Invoke,
    Expect,
    Trap,
    Fuel,
    FuelMax,
    Invalid,
    Ignore,
}

impl Key {
    const ALL: [Self; 7] = [
        Self::Invoke,
        Self::Expect,
        Self::Trap,
        Self::Fuel,
        Self::FuelMax,
        Self::Invalid,
        Self::Ignore,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Expect => "expect",
            Self::Trap => "trap",
            Self::Fuel => "fuel",
            Self::FuelMax => "fuel-max",
            Self::Invalid => "invalid",
            Self::Ignore => "ignore",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value with the line it stands on, counted from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct At<V> {
    pub line: usize,
    pub value: V,
}

/// A function to call, and what is to come of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Invocation {
    pub line: usize,
    pub name: String,
    /// The arguments as they are written: a word, or a parenthesis, each.
    pub args: Vec<String>,
    /// The results as they are written.
    pub expect: Option<At<String>>,
    /// The phrase of the trap.
    pub trap: Option<At<String>>,
    pub fuel: Option<At<u64>>,
    pub fuel_max: Option<At<u64>>,
}

/// All that a module's directives say.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Directives {
    pub invocations: Vec<Invocation>,
    /// The module is to be refused, with this phrase.
    pub invalid: Option<At<String>>,
    /// The test is run only when ignored ones are asked for.
    pub ignore: bool,
}

/// A line that is no directive, or one in the wrong place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{problem}")]
pub(super) struct DirectiveError {
    /// Counted from 1.
    pub line: usize,
    pub problem: Problem,
}

#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("unknown directive `{0}`; {Known}")]
    Unknown(String),
    #[error("`{0}` without a colon; if this is no directive, let it begin with another word")]
    NoColon(Key),
    #[error("neither a directive nor a comment; {Known}")]
    NotADirective,
    #[error("`{0}` stands before any `invoke`")]
    BeforeInvoke(Key),
    #[error("`{0}` is given twice")]
    Twice(Key),
    #[error("`{0}` beside `{1}`: there can be only one of them")]
    Both(Key, Key),
    #[error("`{0}` wants a number, found `{1}`")]
    NotANumber(Key, String),
    #[error("`{0}` wants {1}")]
    Empty(Key, &'static str),
    #[error("a quotation mark or parenthesis is not closed")]
    Unclosed,
    #[error("`{0}` stands below the first line of the module, where it is not read")]
    Late(Key),
}

/// The list of directives, as an error's text ends with it.
struct Known;

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there are")?;
        for (i, key) in Key::ALL.iter().enumerate() {
            write!(f, "{} `{key}`", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// Where directives stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// In the comments above a module in the text format.
    Above,
    /// In a file of their own, with or without the signs of a comment.
    Beside,
}

/// Reads the directives of a text.
pub(super) fn read(text: &str, place: Place) -> Result<Directives, DirectiveError> {
    let mut directives = Directives::default();
    let mut lines = (1..).zip(text.lines().map(str::trim));
    for (line, content) in lines.by_ref() {
        let fail = |problem| DirectiveError { line, problem };
        let (comment, content) = match content.strip_prefix(";;") {
            Some(rest) => (true, rest.trim()),
            None => (false, content),
        };
        if content.is_empty() {
            continue;
        }
        if !comment && place == Place::Above {
            break;
        }
        match key_of(content) {
            Line::Directive(key, value) => directives.add(line, key, value).map_err(fail)?,
            Line::Unknown(word) => return Err(fail(Problem::Unknown(word.to_owned()))),
            Line::NoColon(key) => return Err(fail(Problem::NoColon(key))),
            Line::Prose if comment => {}
            Line::Prose => return Err(fail(Problem::NotADirective)),
        }
    }
    // A directive further down is not read: it had better not be there.
    for (line, content) in lines {
        let comment = content.strip_prefix(";;").map(str::trim);
        if let Some(Line::Directive(key, _)) = comment.map(key_of) {
            let problem = Problem::Late(key);
            return Err(DirectiveError { line, problem });
        }
    }
    Ok(directives)
}

/// The meaning of a comment.
enum Line<'a> {
    Directive(Key, &'a str),
    /// A word and a colon, as directives begin.
    Unknown(&'a str),
    /// The name of a directive, and then no colon.
    NoColon(Key),
    Prose,
}

fn key_of(content: &str) -> Line<'_> {
    let end = content
        .find(|c: char| !c.is_ascii_alphabetic() && !matches!(c, '-' | '_'))
        .unwrap_or(content.len());
    let (word, rest) = content.split_at(end);
    let colon = rest
        .strip_prefix(':')
        .filter(|value| value.is_empty() || value.starts_with(char::is_whitespace));
    let known = Key::ALL.into_iter().find(|key| key.name() == word);
    let resembles = || {
        Key::ALL
            .iter()
            .any(|key| key.name().eq_ignore_ascii_case(word))
    };
    match (known, colon) {
        (Some(key), Some(value)) => Line::Directive(key, value.trim()),
        // Nothing is ignored for no reason, so the word may stand alone.
        (Some(Key::Ignore), None) if rest.is_empty() => Line::Directive(Key::Ignore, ""),
        (Some(key), None) => Line::NoColon(key),
        (None, Some(_)) if word.starts_with(|c: char| c.is_ascii_lowercase()) || resembles() => {
            Line::Unknown(word)
        }
        _ => Line::Prose,
    }
}

impl Directives {
    fn add(&mut self, line: usize, key: Key, value: &str) -> Result<(), Problem> {
        let text = || At {
            line,
            value: value.to_owned(),
        };
        let number = || {
            let digits: String = value.chars().filter(|c| *c != '_').collect();
            match digits.parse() {
                Ok(value) => Ok(At { line, value }),
                Err(_) => Err(Problem::NotANumber(key, value.to_owned())),
            }
        };
        match key {
            Key::Ignore => {
                self.ignore = true;
                return Ok(());
            }
            Key::Invalid if !self.invocations.is_empty() => {
                return Err(Problem::Both(Key::Invalid, Key::Invoke));
            }
            Key::Invalid => return once(key, &mut self.invalid, text()),
            Key::Invoke if self.invalid.is_some() => {
                return Err(Problem::Both(Key::Invoke, Key::Invalid));
            }
            Key::Invoke => {
                let mut words = words(value)?.into_iter();
                let name = words
                    .next()
                    .ok_or(Problem::Empty(key, "the name of an exported function"))?;
                self.invocations.push(Invocation {
                    line,
                    name,
                    args: words.collect(),
                    expect: None,
                    trap: None,
                    fuel: None,
                    fuel_max: None,
                });
                return Ok(());
            }
            _ => {}
        }
        let last = self
            .invocations
            .last_mut()
            .ok_or(Problem::BeforeInvoke(key))?;
        match key {
            Key::Expect if last.trap.is_some() => Err(Problem::Both(key, Key::Trap)),
            Key::Expect => once(key, &mut last.expect, text()),
            Key::Trap if last.expect.is_some() => Err(Problem::Both(key, Key::Expect)),
            Key::Trap if value.is_empty() => Err(Problem::Empty(key, "the trap's message")),
            Key::Trap => once(key, &mut last.trap, text()),
            Key::Fuel => once(key, &mut last.fuel, number()?),
            _ => once(key, &mut last.fuel_max, number()?),
        }
    }
}

fn once<V>(key: Key, place: &mut Option<V>, value: V) -> Result<(), Problem> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Problem::Twice(key)),
    }
}

/// The words of a line: what white space separates, but for what stands in quotation marks or parentheses.
pub(super) fn words(line: &str) -> Result<Vec<String>, Problem> {
    let mut found = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(first) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        let mut word = String::new();
        match first {
            '"' => loop {
                match chars.next() {
                    Some('"') => break,
                    Some('\\') => word.extend(chars.next()),
                    Some(c) => word.push(c),
                    None => return Err(Problem::Unclosed),
                }
            },
            '(' => {
                let mut depth = 1_usize;
                word.push(first);
                while depth > 0 {
                    let c = chars.next().ok_or(Problem::Unclosed)?;
                    match c {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        _ => {}
                    }
                    word.push(c);
                }
            }
            _ => {
                word.push(first);
                while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
                    word.push(c);
                }
            }
        }
        found.push(word);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> (usize, String) {
        let error = read(text, Place::Above).unwrap_err();
        (error.line, error.to_string())
    }

    #[test]
    fn the_lines_below_an_invocation_belong_to_it() {
        let text = ";; Prose.\n\n;; invoke: fib 10\n;; expect: i32 55\n;; fuel: 1_234\n\
                    ;; invoke: \"a b\" (v128.const i32x4 1 2 3 4) -1\n;; trap: unreachable\n;; fuel-max: 7\n(module)";
        let directives = read(text, Place::Above).unwrap();
        let [fib, other] = directives.invocations.as_slice() else {
            panic!("{directives:?}")
        };
        assert_eq!((fib.line, fib.name.as_str()), (3, "fib"));
        assert_eq!(fib.args, ["10"]);
        let expect = fib.expect.as_ref().unwrap();
        assert_eq!((expect.line, expect.value.as_str()), (4, "i32 55"));
        assert_eq!(
            fib.fuel,
            Some(At {
                line: 5,
                value: 1234
            })
        );
        assert_eq!(other.name, "a b");
        assert_eq!(other.args, ["(v128.const i32x4 1 2 3 4)", "-1"]);
        assert_eq!(other.trap.as_ref().unwrap().value, "unreachable");
        assert_eq!(other.fuel_max, Some(At { line: 8, value: 7 }));
    }

    #[test]
    fn a_misspelt_directive_is_named_with_those_there_are() {
        let (line, text) = problem(";; invoke: f\n;; exepct: i32 55\n(module)");
        assert_eq!(line, 2);
        assert_eq!(
            text,
            "unknown directive `exepct`; there are `invoke`, `expect`, `trap`, `fuel`, `fuel-max`, `invalid`, `ignore`"
        );
        assert!(
            problem(";; Expect: i32 55")
                .1
                .contains("unknown directive `Expect`")
        );
        assert!(
            problem(";; fuel_max: 5")
                .1
                .contains("unknown directive `fuel_max`")
        );
    }

    #[test]
    fn a_directive_without_a_colon_is_no_prose() {
        let (line, text) = problem(";; invoke fib 10");
        assert_eq!(line, 1);
        assert!(text.starts_with("`invoke` without a colon"), "{text}");
    }

    #[test]
    fn prose_is_left_alone() {
        for prose in [
            ";; Note: this is slow",
            ";; see https://example.com",
            ";; it works: nearly",
            ";;; expectations",
            ";; std::vec: no",
        ] {
            let read = read(prose, Place::Above);
            assert_eq!(read, Ok(Directives::default()), "{prose}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, phrase) in [
            (";; expect: i32 1", "`expect` stands before any `invoke`"),
            (";; invoke:", "`invoke` wants the name"),
            (";; invoke: f\n;; trap:", "`trap` wants the trap's message"),
            (
                ";; invoke: f\n;; fuel: x",
                "`fuel` wants a number, found `x`",
            ),
            (
                ";; invoke: f\n;; fuel: 1\n;; fuel: 1",
                "`fuel` is given twice",
            ),
            (
                ";; invoke: f\n;; expect:\n;; trap: x",
                "`trap` beside `expect`",
            ),
            (";; invalid: x\n;; invoke: f", "`invoke` beside `invalid`"),
            (";; invoke: \"f", "not closed"),
            (";; invoke: f (i32.const 1", "not closed"),
            ("(module\n;; expect: i32 1\n)", "below the first line"),
        ] {
            let (_, message) = problem(text);
            assert!(message.contains(phrase), "{text}: {message}");
        }
    }

    #[test]
    fn a_file_of_directives_needs_no_signs_of_a_comment() {
        let text = "invoke: f\n;; expect: i32 1\n";
        let directives = read(text, Place::Beside).unwrap();
        assert!(directives.invocations[0].expect.is_some());
        let error = read("invoke: f\nso it is\n", Place::Beside).unwrap_err();
        assert_eq!((error.line, error.problem), (2, Problem::NotADirective));
    }
}
