//! Text that is not trusted, made safe to print: the names in a module, and messages that repeat them.
//!
//! A terminal obeys escape sequences, a line feed breaks a message in two, and characters that change the direction of writing show a
//! text in another order. So errors, backtraces and the command print such text through [`Escaped`], and nothing else escapes.

use core::fmt::{self, Write as _};

/// A text that is not trusted, to be printed: each character that is not visible becomes `\u{…}`.
///
/// The errors and backtraces of this crate print the names of a module like this. Programs that print names themselves, of exports say,
/// can do the same. Text that has been escaped stays as it is when it is escaped again.
///
/// [`Display`](fmt::Display) writes the text as it stands within a message. [`Debug`](fmt::Debug) adds quotation marks and escapes those
/// within, as a string in the text format.
///
/// ```
/// use tickwasm::Escaped;
///
/// let name = "fine\u{1b}]0;\u{7} or\nnot \u{202e}";
/// assert_eq!(Escaped::new(name).to_string(), r"fine\u{1b}]0;\u{7} or\u{a}not \u{202e}");
/// assert_eq!(Escaped::new(name).most(5).to_string(), r"fine\u{1b}… (15 more bytes)");
/// assert_eq!(format!("{:?}", Escaped::new("a \"b\"")), r#""a \"b\"""#);
/// ```
#[derive(Clone, Copy)]
pub struct Escaped<'a> {
    text: &'a str,
    most: usize,
    lines: bool,
}

/// How many characters of a name are printed where it is part of a message.
const NAME: usize = 200;

/// A name as a message shows it: in one line, and cut if it is long.
pub(crate) fn name(name: &str) -> Escaped<'_> {
    Escaped::new(name).most(NAME)
}

impl<'a> Escaped<'a> {
    /// A text, all of it in one line.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            most: usize::MAX,
            lines: false,
        }
    }

    /// Cuts the text behind its first `most` characters; it is said how much more there is.
    #[must_use]
    pub fn most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Keeps line feeds: for a text of several lines, whose parts have been escaped.
    #[must_use]
    pub fn lines(self) -> Self {
        Self {
            lines: true,
            ..self
        }
    }

    /// The part of the text that is shown, and how many bytes follow.
    fn shown(self) -> (&'a str, usize) {
        let end = self.text.char_indices().nth(self.most);
        let (shown, rest) = self
            .text
            .split_at(end.map_or(self.text.len(), |(at, _)| at));
        (shown, rest.len())
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, more) = self.shown();
        let mut first = true;
        for c in shown.chars() {
            if is_visible(c, first) || c == '\n' && self.lines {
                f.write_char(c)?;
            } else {
                write!(f, "{}", c.escape_unicode())?;
            }
            first = c == '\n';
        }
        match more {
            0 => Ok(()),
            more => write!(f, "… ({more} more bytes)"),
        }
    }
}

impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, more) = self.shown();
        f.write_char('"')?;
        for c in shown.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if is_visible(c, true) => f.write_char(c)?,
                c => write!(f, "{}", c.escape_unicode())?,
            }
        }
        f.write_char('"')?;
        match more {
            0 => Ok(()),
            more => write!(f, "… ({more} more bytes)"),
        }
    }
}

/// Whether a character has a shape of its own, or one on the character before it unless it is the first: controls, marks of direction
/// and other invisible characters, line separators and unassigned ones have not.
pub(crate) fn is_visible(c: char, first: bool) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    if first {
        return c.escape_debug().len() == 1;
    }
    // The standard library lets a combining character stand where it has something to combine with.
    let mut pair = [b'a'; 5];
    let end = 1 + c.encode_utf8(&mut pair[1..]).len();
    core::str::from_utf8(&pair[..end]).is_ok_and(|pair| pair.escape_debug().count() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_visible_is_escaped() {
        for (text, shown) in [
            (
                "plain ascii: `it's` \"1\" \\ ~",
                "plain ascii: `it's` \"1\" \\ ~",
            ),
            (
                "größe, размер, 大小, e\u{301}",
                "größe, размер, 大小, e\u{301}",
            ),
            (
                "\0\t\n\r\x1b[31m\x7f\u{9b}",
                r"\u{0}\u{9}\u{a}\u{d}\u{1b}[31m\u{7f}\u{9b}",
            ),
            (
                "\u{202e}\u{2066}\u{200b}\u{200f}\u{feff}\u{ad}",
                r"\u{202e}\u{2066}\u{200b}\u{200f}\u{feff}\u{ad}",
            ),
            ("\u{2028}\u{2029}\u{85}", r"\u{2028}\u{2029}\u{85}"),
            (
                "\u{e0001}\u{e000}\u{ffff}\u{10ffff}",
                r"\u{e0001}\u{e000}\u{ffff}\u{10ffff}",
            ),
            // A combining character with no character before it.
            ("\u{301}", r"\u{301}"),
        ] {
            assert_eq!(Escaped::new(text).to_string(), shown);
            // Escaped text stays.
            assert_eq!(Escaped::new(shown).to_string(), shown);
        }
    }

    #[test]
    fn no_control_character_of_any_kind_is_printed() {
        for c in ('\0'..=char::MAX).filter(|c| c.is_control()) {
            let text = format!("a{c}");
            let Escaped { text, .. } = Escaped::new(&text);
            assert!(!Escaped::new(text).to_string().contains(c), "{c:?}");
            assert!(!format!("{:?}", Escaped::new(text)).contains(c), "{c:?}");
            let kept = Escaped::new(text).lines().to_string().contains(c);
            assert_eq!(kept, c == '\n', "{c:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = "ä".repeat(1000);
        let shown = name(&text).to_string();
        assert_eq!(shown, format!("{}… (1600 more bytes)", "ä".repeat(200)));
        assert_eq!(name(&text[..400]).to_string(), text[..400]);
        assert_eq!(Escaped::new("").most(0).to_string(), "");
    }

    #[test]
    fn a_quoted_text_has_two_quotation_marks() {
        assert_eq!(
            format!("{:?}", Escaped::new("a\\b\"\n").most(4)),
            "\"a\\\\b\\\"\"… (1 more bytes)"
        );
    }
}
