//! Errors in programs, with the place in the terms of their authors: line and column of a text, function and instruction.

use core::fmt;

use super::location::Location;
use crate::compile::CompileError;
use crate::escape::{self, Escaped};

/// A program that is not a module, or breaks a rule of the specification.
///
/// Its text is made to be read by the program's author, or fed back to a program that wrote it:
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
#[error("{cause}{}{}", OnNewLine(.location), OnNewLine(.line))]
pub struct CompilationError {
    cause: Cause,
    location: Option<Box<Location>>,
    line: Option<Box<Line>>,
}

/// The number of characters of a text's error that are shown: it may repeat names of the text.
const MESSAGE: usize = 2000;

#[derive(Clone, Debug, thiserror::Error)]
enum Cause {
    #[cfg_attr(not(feature = "wat"), expect(dead_code, reason = "made of texts"))]
    #[error("{}", Escaped::new(.0).most(MESSAGE))]
    Text(Box<str>),
    #[cfg_attr(feature = "wat", expect(dead_code, reason = "texts are read"))]
    #[error("the module is text, which this build does not read: it lacks the feature `wat`")]
    NoText,
    #[error(transparent)]
    Binary(CompileError),
}

/// The stage that found a program wrong. See [`CompilationError`] for an example.
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
    /// Makes the error of a text that is not in the text format, wrong at an offset in bytes.
    #[cfg(feature = "wat")]
    pub(crate) fn text(message: &str, text: &str, offset: usize) -> Self {
        let error = Self {
            cause: Cause::Text(message.into()),
            location: None,
            line: None,
        };
        error.at(text, offset)
    }

    /// Makes the error of a text that is not UTF-8.
    #[cfg(feature = "wat")]
    pub(crate) fn not_utf8(bytes: &[u8], error: core::str::Utf8Error) -> Self {
        let valid = &bytes[..error.valid_up_to()];
        let text = String::from_utf8_lossy(valid);
        Self::text("malformed UTF-8 encoding", &text, text.len())
    }

    /// Makes the error of bytes that are a module in neither format.
    #[cfg(feature = "wat")]
    pub(crate) fn no_module(why: &str) -> Self {
        Self {
            cause: Cause::Text(why.into()),
            location: None,
            line: None,
        }
    }

    #[cfg(not(feature = "wat"))]
    pub(crate) fn no_text() -> Self {
        Self {
            cause: Cause::NoText,
            location: None,
            line: None,
        }
    }

    /// Adds the location in the module.
    pub(crate) fn within(mut self, location: Option<Location>) -> Self {
        self.location = location.map(Box::new);
        self
    }

    /// Adds the line of a text that is wrong at an offset in bytes.
    #[cfg(feature = "wat")]
    pub(crate) fn at(mut self, text: &str, offset: usize) -> Self {
        self.line = Some(Box::new(Line::new(text, offset)));
        self
    }

    #[cfg(feature = "wat")]
    pub(crate) fn location(&self) -> Option<&Location> {
        self.location.as_deref()
    }

    /// Returns the stage that found the program wrong.
    pub fn stage(&self) -> CompilationStage {
        match &self.cause {
            Cause::Text(_) | Cause::NoText => CompilationStage::Text,
            Cause::Binary(CompileError::Decode(_)) => CompilationStage::Decode,
            Cause::Binary(CompileError::Validate(_)) => CompilationStage::Validate,
            Cause::Binary(CompileError::Lower(_) | CompileError::Types(_)) => {
                CompilationStage::Lower
            }
        }
    }

    /// Returns the line and the column where the text is wrong, each counted from 1, columns in characters. It is `None` for a module
    /// that was given in the binary format.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let line = self.line.as_ref()?;
        Some((line.number, line.column))
    }

    /// Returns the line of the text that [`CompilationError::line_column`] names, or the part of a long line around the column.
    pub fn line(&self) -> Option<&str> {
        Some(&self.line.as_ref()?.excerpt)
    }

    /// Returns the offset of the error in the binary; for a module given as text, in the binary that the text stands for.
    pub fn offset(&self) -> Option<usize> {
        match &self.cause {
            Cause::Text(_) | Cause::NoText => None,
            Cause::Binary(error) => error.offset(),
        }
    }

    /// Returns the index of the function whose body is wrong, imported ones counted.
    pub fn func_index(&self) -> Option<u32> {
        Some(self.location.as_ref()?.body.as_ref()?.func.0)
    }

    /// Returns the name of the function whose body is wrong, if it has one.
    pub fn func_name(&self) -> Option<&str> {
        self.location.as_ref()?.body.as_ref()?.name.as_deref()
    }

    /// Returns the instruction that is wrong, in the text format.
    pub fn instruction(&self) -> Option<&str> {
        let (_, instr) = self.location.as_ref()?.body.as_ref()?.instr.as_ref()?;
        Some(instr)
    }
}

impl From<CompileError> for CompilationError {
    fn from(error: CompileError) -> Self {
        Self {
            cause: Cause::Binary(error),
            location: None,
            line: None,
        }
    }
}

/// Displays a part on lines of its own below a message; `None` as nothing.
struct OnNewLine<'a, P>(&'a Option<Box<P>>);

impl<P: fmt::Display> fmt::Display for OnNewLine<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(part) => write!(f, "\n{part}"),
            None => Ok(()),
        }
    }
}

/// A line of a text, or a part of it, and the column of an error.
#[derive(Clone, Debug)]
struct Line {
    number: usize,
    column: usize,
    excerpt: Box<str>,
    /// The number of characters of the excerpt before the column.
    before: usize,
}

#[cfg_attr(not(feature = "wat"), expect(dead_code, reason = "made of texts"))]
impl Line {
    /// The number of characters of a line that are shown on each side of the column.
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
        // The caret below needs characters of one width, as far as they are known.
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
