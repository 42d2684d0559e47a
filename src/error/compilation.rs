//! Errors in programs, with the place as whoever wrote the program knows it: line and column of a text, function and instruction.

use core::fmt;

use crate::compile::{CompileError, Part, Place};
use crate::escape::{self, Escaped};

/// A program that is not a module, or breaks a rule of the specification.
///
/// Its text is made to be read by whoever wrote the program, or fed back to whatever did:
///
/// ```
/// use tickwasm::{Engine, Module};
///
/// let text = r#"(module
///   (func $half (param i32) (result i32)
///     local.get 0
///     i64.const 2
///     i32.div_u))"#;
/// let error = Module::new(&Engine::default(), text).unwrap_err();
/// # #[cfg(feature = "wat")]
/// assert_eq!(error.to_string(), "\
/// compilation failed: type mismatch: instruction requires [i32] but stack has [i64] (at offset 0x1d)
///   in function 0 (`half`), instruction 3: i32.div_u
///   --> line 5, column 5
///    |
///  5 |     i32.div_u))
///    |     ^");
/// ```
///
/// ```
/// use tickwasm::{CompilationStage, Engine, Error, Module};
///
/// match Module::new(&Engine::default(), b"\0asm\x01\0\0\0\x0c") {
///     Err(Error::Compilation(error)) => {
///         assert_eq!(error.stage(), CompilationStage::Decode);
///         assert_eq!(error.offset(), Some(9));
///     }
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}{}{}", OrNothing(.place), OrNothing(.line))]
pub struct CompilationError {
    kind: Kind,
    place: Option<Box<Place>>,
    line: Option<Box<Line>>,
}

/// How many characters of a text's error are shown: it may repeat names of the text.
const MESSAGE: usize = 2000;

#[derive(Clone, Debug, thiserror::Error)]
enum Kind {
    #[cfg_attr(not(feature = "wat"), expect(dead_code, reason = "made of texts"))]
    #[error("{}", Escaped::new(.0).most(MESSAGE))]
    Text(Box<str>),
    #[cfg_attr(feature = "wat", expect(dead_code, reason = "texts are read"))]
    #[error("the module is text, which this build does not read: it lacks the feature `wat`")]
    NoText,
    #[error(transparent)]
    Binary(CompileError),
}

/// What found a program wrong. See [`CompilationError`] for an example.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum CompilationStage {
    /// The text is not in the text format.
    Text,
    /// The bytes are not in the binary format.
    Decode,
    /// The module breaks a rule of validation, or needs a feature that is off.
    Validate,
    /// The module exceeds a limit of this implementation.
    Lower,
}

impl CompilationError {
    /// A text that is not in the text format, wrong at an offset in bytes.
    #[cfg(feature = "wat")]
    pub(crate) fn text(message: &str, text: &str, offset: usize) -> Self {
        let error = Self {
            kind: Kind::Text(message.into()),
            place: None,
            line: None,
        };
        error.at(text, offset)
    }

    /// A text that is not UTF-8.
    #[cfg(feature = "wat")]
    pub(crate) fn not_utf8(bytes: &[u8], error: core::str::Utf8Error) -> Self {
        let valid = &bytes[..error.valid_up_to()];
        let text = String::from_utf8_lossy(valid);
        Self::text("malformed UTF-8 encoding", &text, text.len())
    }

    /// Bytes that are a module in neither format.
    #[cfg(feature = "wat")]
    pub(crate) fn no_module(why: &str) -> Self {
        Self {
            kind: Kind::Text(why.into()),
            place: None,
            line: None,
        }
    }

    #[cfg(not(feature = "wat"))]
    pub(crate) fn no_text() -> Self {
        Self {
            kind: Kind::NoText,
            place: None,
            line: None,
        }
    }

    /// Adds the part of the module that is wrong.
    pub(crate) fn within(mut self, place: Option<Place>) -> Self {
        self.place = place.map(Box::new);
        self
    }

    /// Adds the line of a text that is wrong at an offset in bytes.
    #[cfg(feature = "wat")]
    pub(crate) fn at(mut self, text: &str, offset: usize) -> Self {
        self.line = Some(Box::new(Line::new(text, offset)));
        self
    }

    #[cfg(feature = "wat")]
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_deref()
    }

    /// What found the program wrong.
    pub fn stage(&self) -> CompilationStage {
        match &self.kind {
            Kind::Text(_) | Kind::NoText => CompilationStage::Text,
            Kind::Binary(CompileError::Decode(_)) => CompilationStage::Decode,
            Kind::Binary(CompileError::Validate(_)) => CompilationStage::Validate,
            Kind::Binary(CompileError::Lower(_) | CompileError::Types(_)) => {
                CompilationStage::Lower
            }
        }
    }

    /// Line and column, each counted from 1, columns in characters, where the text is wrong. Nothing for a module that was given in the
    /// binary format.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let line = self.line.as_ref()?;
        Some((line.number, line.column))
    }

    /// The line of the text that [`CompilationError::line_column`] tells, or the part of a long line around the column.
    pub fn line(&self) -> Option<&str> {
        Some(&self.line.as_ref()?.excerpt)
    }

    /// The offset in the binary of what is wrong; for a module given as text, in the binary that the text stands for.
    pub fn offset(&self) -> Option<usize> {
        match &self.kind {
            Kind::Text(_) | Kind::NoText => None,
            Kind::Binary(error) => error.offset(),
        }
    }

    /// The index of the function whose body is wrong, imported ones counted.
    pub fn func_index(&self) -> Option<u32> {
        Some(self.place.as_ref()?.body.as_ref()?.func.0)
    }

    /// The name of the function whose body is wrong, if it has one.
    pub fn func_name(&self) -> Option<&str> {
        self.place.as_ref()?.body.as_ref()?.name.as_deref()
    }

    /// The instruction that is wrong, in the text format.
    pub fn instruction(&self) -> Option<&str> {
        let (_, instr) = self.place.as_ref()?.body.as_ref()?.instr.as_ref()?;
        Some(instr)
    }
}

impl From<CompileError> for CompilationError {
    fn from(error: CompileError) -> Self {
        Self {
            kind: Kind::Binary(error),
            place: None,
            line: None,
        }
    }
}

/// Something on lines of its own below a message, or nothing.
struct OrNothing<'a, P>(&'a Option<Box<P>>);

impl<P: fmt::Display> fmt::Display for OrNothing<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(part) => write!(f, "\n{part}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(body) = &self.body else {
            return match self.part {
                Part::Start => write!(f, "  in the start section"),
                part => write!(f, "  in {part} {}", self.index),
            };
        };
        write!(f, "  in function {}", body.func)?;
        if let Some(name) = &body.name {
            write!(f, " (`{}`)", escape::name(name))?;
        }
        match &body.instr {
            // Counted from 1 as lines are: it is read by people.
            Some((number, instr)) => write!(f, ", instruction {}: {instr}", number + 1),
            None => Ok(()),
        }
    }
}

/// A line of a text, or a part of it, and where in it something is wrong.
#[derive(Clone, Debug)]
struct Line {
    number: usize,
    column: usize,
    excerpt: Box<str>,
    /// How many characters of the excerpt stand before the column.
    before: usize,
}

#[cfg_attr(not(feature = "wat"), expect(dead_code, reason = "made of texts"))]
impl Line {
    /// Characters of a line that are shown to the left and to the right of the column.
    const SHOWN: usize = 100;

    fn new(text: &str, offset: usize) -> Self {
        let offset = (0..=offset.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        let (before, behind) = text.split_at(offset);
        let (head, number) = match before.rfind('\n') {
            Some(end) => (&before[end + 1..], before.matches('\n').count() + 1),
            None => (before, 1),
        };
        let tail = behind.split('\n').next().unwrap_or("").trim_end();
        let column = head.chars().count();
        // The caret below needs characters of one width, as far as we know them.
        let plain = |c| if escape::is_visible(c, true) { c } else { ' ' };
        let skipped = column.saturating_sub(Self::SHOWN);
        let shown = head.chars().skip(skipped);
        let excerpt: String = shown
            .chain(tail.chars().take(Self::SHOWN))
            .map(plain)
            .collect();
        Self {
            number,
            column: column + 1,
            excerpt: excerpt.into(),
            before: column - skipped,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            column,
            excerpt,
            before,
        } = self;
        let margin = number.to_string().len();
        writeln!(f, "  --> line {number}, column {column}")?;
        writeln!(f, " {:margin$} |", "")?;
        writeln!(f, " {number} | {excerpt}")?;
        write!(f, " {:margin$} | {:before$}^", "", "")
    }
}

#[cfg(all(test, feature = "wat"))]
mod tests {
    use super::*;

    fn check(text: &str, offset: usize, place: (usize, usize), shown: &str) {
        let line = Line::new(text, offset);
        assert_eq!((line.number, line.column), place, "{text:?} at {offset}");
        assert_eq!(&*line.excerpt, shown, "{text:?} at {offset}");
    }

    #[test]
    fn any_offset_has_a_line() {
        for text in ["", "a", "\n", "a\nb", "ä\r\n\n€€\n", "\u{feff}x"] {
            for offset in 0..text.len() + 3 {
                let line = Line::new(text, offset);
                assert!(line.number <= text.matches('\n').count() + 1);
                assert!(line.before <= line.excerpt.chars().count());
            }
        }
    }

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        check("abc", 1, (1, 2), "abc");
        check("ab\ncde\nf", 4, (2, 2), "cde");
        check("äöü x", 7, (1, 5), "äöü x");
        check("a\r\n\tb\r\n", 4, (2, 2), " b");
        check("a\n", 2, (2, 1), "");
    }

    #[test]
    fn of_a_long_line_a_part_is_shown() {
        let text = format!("{}x{}", "a".repeat(5000), "b".repeat(5000));
        let line = Line::new(&text, 5000);
        assert_eq!((line.number, line.column, line.before), (1, 5001, 100));
        assert_eq!(line.excerpt.len(), 200);
        assert_eq!(line.excerpt.find('x'), Some(100));
    }
}
