//! The command's output, and its messages about errors.
//!
//! All text is escaped here once more, line by line, so that no text from a module can reach the terminal as it is.

use std::io::{self, ErrorKind, Write as _};

use tickwasm::Escaped;

use crate::Failure;

/// The command's output.
pub struct Output {
    stdout: io::StdoutLock<'static>,
    closed: bool,
}

impl Output {
    pub fn new() -> Self {
        Self {
            stdout: io::stdout().lock(),
            closed: false,
        }
    }

    /// Writes a line, or several.
    pub fn line(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        let text = Escaped::new(text.as_ref()).lines();
        let written = writeln!(self.stdout, "{text}");
        self.check(written)
    }

    /// Whether the reader has closed the pipe, as `head` does. Text that is written then is lost.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes what may still be buffered.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let flushed = self.stdout.flush();
        self.check(flushed)
    }

    /// A closed pipe is no failure: the work goes on for the sake of the exit code.
    pub fn check(&mut self, written: io::Result<()>) -> Result<(), Failure> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            Err(error) => Err(Failure::usage(format!("cannot write: {error}"))),
            Ok(()) => Ok(()),
        }
    }
}

/// Writes a line, or several, to the standard error. A failure is ignored, for there is no other place to report it.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{}", Escaped::new(text).lines());
}
