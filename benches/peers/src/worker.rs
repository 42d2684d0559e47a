//! A process for each engine and module, so that an engine which aborts or hangs costs one cell of the table.
//!
//! The child (`serve`) runs the module once for every line it reads, on a fresh instance, and answers with the result
//! and the CPU time of the call. The parent (`Worker`) asks one child at a time, which is what interleaving needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use cpu_time::ThreadTime;

use crate::engines::Engine;

/// One measured run.
pub(crate) struct Sample {
    /// The result of `run`.
    pub(crate) result: i32,
    /// The CPU time of the call alone.
    pub(crate) time: Duration,
}

/// Runs as the child, and prints a line: `= RESULT NANOSECONDS`, or `! WORDS`.
pub(crate) fn serve(engine: &Engine, module: &Path, argument: i32) {
    let measure = || -> Result<Sample, String> {
        let wasm = std::fs::read(module).map_err(|error| error.to_string())?;
        let mut run = (engine.load)(&wasm)?;
        let start = ThreadTime::now();
        let result = run(argument)?;
        Ok(Sample {
            result,
            time: start.elapsed(),
        })
    };
    for _ in std::io::stdin().lines() {
        match measure() {
            Ok(sample) => println!("= {} {}", sample.result, sample.time.as_nanos()),
            Err(words) => println!("! {}", words.replace('\n', " ")),
        }
    }
}

/// The parent's end of a child.
pub(crate) struct Worker {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
    /// Collects what the child writes to its standard error.
    complaints: Option<JoinHandle<String>>,
}

impl Worker {
    /// Starts a child of this same program.
    pub(crate) fn start(engine: &str, module: &Path, argument: i32) -> std::io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--worker", engine, "--argument"])
            .arg(argument.to_string())
            .arg(module)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("RUST_BACKTRACE", "0")
            .spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(requests), Some(stdout), Some(mut stderr)) = pipes else {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        let (sender, answers) = channel();
        // A thread reads, because only a channel can wait with a limit.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let complaints = std::thread::spawn(move || {
            let mut text = Vec::new();
            // After a broken pipe, the text up to there is all there is.
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Self {
            child,
            requests,
            answers,
            complaints: Some(complaints),
        })
    }

    /// Has the child run the module once.
    pub(crate) fn measure(&mut self, limit: Duration) -> Result<Sample, String> {
        if writeln!(self.requests)
            .and_then(|()| self.requests.flush())
            .is_err()
        {
            return Err(self.last_words());
        }
        loop {
            let line = match self.answers.recv_timeout(limit) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("no answer in {} s", limit.as_secs()));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.last_words()),
            };
            if let Some(words) = line.strip_prefix("! ") {
                return Err(words.to_owned());
            }
            // Anything else is the engine talking to itself.
            let Some(numbers) = line.strip_prefix("= ") else {
                continue;
            };
            let parsed = numbers.split_once(' ').and_then(|(result, nanos)| {
                Some(Sample {
                    result: result.parse().ok()?,
                    time: Duration::from_nanos(nanos.parse().ok()?),
                })
            });
            return parsed.ok_or_else(|| format!("unreadable answer `{line}`"));
        }
    }

    fn last_words(&mut self) -> String {
        let status = match self.child.wait() {
            Ok(status) => status,
            Err(error) => return error.to_string(),
        };
        let complaints = self.complaints.take().and_then(|thread| thread.join().ok());
        let complaints = complaints.unwrap_or_default();
        let lines: Vec<&str> = complaints
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let words = lines[..lines.len().min(2)].join(" ");
        format!("the process ended with {status}. {words}")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
