//! A convention for small programs that are written on the spot, with the tools that a host needs for it.
//!
//! A program exports a memory `mem.tape` and a function `run: [] -> [i32]` that returns a [status](crate::status). It is given
//! a handful of *capabilities*: imported functions `(param i32) (result i32 i32)` that take a pointer to their arguments and return a
//! pointer to their results, and a status. Both pointers lead to a *list* in the tape:
//!
//! | at | bytes | |
//! |---|---|---|
//! | 0 | 4 | the number of items |
//! | 4 | 8 each | of each item: pointer, length |
//!
//! All numbers are unsigned and little-endian, of four bytes. Items are bytes, anywhere in the memory.
//!
//! A [`Template`] is the frame of such a program; it declares memory and capabilities, so that its author writes functions only. A
//! [`Tape`] allocates memory for the data of the host, and a [`List`] reads the data of the program. Both distrust the contents of the
//! memory. This module uses the public interface only: other conventions can be built on it in the same way.
//!
//! ```
//! use tickwasm::tape::{self, List, Tape, Template};
//! use tickwasm::{Caller, Engine, EngineConfig, Error, Linker, Store, status};
//!
//! let engine = Engine::new(EngineConfig::default())?;
//! let mut template = Template::new(&engine);
//! template.capability("text", "upper");
//! let module = engine.compile_wat(&template.assemble(r#"
//!     (data (i32.const 0) "\01\00\00\00" "\0c\00\00\00" "\05\00\00\00" "hello")
//!     (func (export "run") (result i32)
//!       (call $text.upper (i32.const 0)) ;; a list of one item, five bytes at 12
//!       (return))"#))?;
//!
//! // The host writes behind the first 1024 bytes, which are the program's.
//! let mut store = Store::new(&engine, Tape::new(1024));
//! let mut linker = Linker::new(&engine);
//! linker.func_wrap("text", "upper", |mut caller: Caller<'_, Tape>, ptr: u32| -> Result<(u32, u32), Error> {
//!     let memory = tape::memory(&mut caller)?;
//!     let upper = List::read(memory.data(&caller), ptr)?.text(0)?.to_uppercase();
//!     let ptr = tape::reply(&mut caller, memory, |tape| tape, &[upper.as_bytes()])?;
//!     Ok((ptr, status::SUCCESS))
//! })?;
//!
//! let instance = linker.instantiate(&mut store, &module)?;
//! let run = instance.get_typed_func::<(), u32>(&mut store, tape::RUN)?;
//! assert_eq!(run.call(&mut store, ())?, status::SUCCESS);
//!
//! let memory = instance.get_memory(&mut store, tape::MEMORY).expect("the template declares it");
//! assert_eq!(List::read(memory.data(&store), 1024)?.text(0)?, "HELLO");
//! # Ok::<(), Error>(())
//! ```
//!
//! `examples/agent_runtime.rs` is a complete example.

use core::fmt::Write as _;

use crate::status::Status;
use crate::{AsContextMut, Caller, Engine, Error, Extern, Memory, Misuse, Result};

/// The name under which a program exports its memory.
pub const MEMORY: &str = "mem.tape";

/// The name under which a program exports the function to be called.
pub const RUN: &str = "run";

/// The alignment of every allocation.
const ALIGN: u64 = 8;

/// An allocator of the host's data in a program's memory, from an address upwards.
///
/// It holds numbers only; the memory is given to each of its methods. Allocations are freed all at once.
///
/// ```
/// use tickwasm::tape::{List, Tape};
///
/// let mut memory = vec![0; 100];
/// let mut tape = Tape::new(16);
/// let ptr = tape.write_list(&mut memory, &[b"one", b"two"])?;
/// assert_eq!(List::read(&memory, ptr)?.get(1)?, b"two");
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tape {
    base: u32,
    top: u32,
}

impl Tape {
    /// Makes an empty tape that begins at `base`, counted in bytes; the program owns the bytes below.
    pub const fn new(base: u32) -> Self {
        Self { base, top: base }
    }

    /// The number of allocated bytes.
    pub const fn used(&self) -> u32 {
        self.top - self.base
    }

    /// Frees all allocations.
    pub const fn reset(&mut self) {
        self.top = self.base;
    }

    /// Allocates some bytes, which keep their contents.
    ///
    /// # Errors
    /// [`Error::MemoryExhausted`] if the memory is too small, with the bytes that it would need.
    pub fn alloc(&mut self, memory: &[u8], len: usize) -> Result<u32> {
        let start = u64::from(self.top).next_multiple_of(ALIGN);
        let requested = start.saturating_add(len as u64);
        let limit = memory.len() as u64;
        // Pointers have 32 bits, and so has the end of each allocation.
        match u32::try_from(requested) {
            Ok(top) if requested <= limit => {
                self.top = top;
                Ok(start as u32)
            }
            _ => Err(Error::MemoryExhausted { requested, limit }),
        }
    }

    /// Writes some bytes into the memory and returns a pointer to them.
    ///
    /// # Errors
    /// [`Error::MemoryExhausted`] if the memory is too small, with the bytes that it would need.
    pub fn write(&mut self, memory: &mut [u8], bytes: &[u8]) -> Result<u32> {
        let ptr = self.alloc(memory, bytes.len())?;
        put(memory, ptr, bytes);
        Ok(ptr)
    }

    /// Writes a list into the memory and returns a pointer to it. On an error nothing is allocated.
    ///
    /// # Errors
    /// [`Error::MemoryExhausted`] if the memory is too small, with the bytes that it would need.
    pub fn write_list(&mut self, memory: &mut [u8], items: &[&[u8]]) -> Result<u32> {
        let head = items.len().saturating_mul(8).saturating_add(4);
        let bytes = items.iter().map(|item| item.len());
        let len = bytes.fold(head, usize::saturating_add);
        let ptr = self.alloc(memory, len)?;
        // All of it lies below the top, which is a number of 32 bits.
        let mut item = ptr + head as u32;
        put(memory, ptr, &(items.len() as u32).to_le_bytes());
        for (at, bytes) in (ptr + 4..).step_by(8).zip(items) {
            put(memory, at, &item.to_le_bytes());
            put(memory, at + 4, &(bytes.len() as u32).to_le_bytes());
            put(memory, item, bytes);
            item += bytes.len() as u32;
        }
        Ok(ptr)
    }
}

/// Copies bytes to a place that was allocated for them.
fn put(memory: &mut [u8], ptr: u32, bytes: &[u8]) {
    memory[ptr as usize..][..bytes.len()].copy_from_slice(bytes);
}

/// A list in a program's memory, whose head has been checked.
///
/// See [`Tape`] for an example.
#[derive(Clone, Copy, Debug)]
pub struct List<'m> {
    memory: &'m [u8],
    /// The items' pointers and lengths.
    head: &'m [[u8; 8]],
}

impl<'m> List<'m> {
    /// Reads the list at a pointer.
    ///
    /// # Errors
    /// [`Error::InvalidPointer`] if its head does not lie in the memory.
    pub fn read(memory: &'m [u8], ptr: u32) -> Result<Self> {
        let invalid = || invalid(memory, ptr);
        let rest = memory.get(ptr as usize..).ok_or_else(invalid)?;
        let (count, rest) = rest.split_first_chunk().ok_or_else(invalid)?;
        let (head, _) = rest.as_chunks();
        let count = u32::from_le_bytes(*count) as usize;
        let head = head.get(..count).ok_or_else(invalid)?;
        Ok(Self { memory, head })
    }

    /// The number of items.
    pub fn len(&self) -> u32 {
        // The length was read as a 32-bit number.
        self.head.len() as u32
    }

    /// Whether it has no items.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// An item, counted from 0.
    ///
    /// # Errors
    /// [`Error::ArgOutOfBounds`] if there are fewer, [`Error::InvalidPointer`] if it does not lie in the memory.
    pub fn get(&self, index: u32) -> Result<&'m [u8]> {
        let Some([a, b, c, d, len @ ..]) = self.head.get(index as usize) else {
            let count = self.len();
            return Err(Error::ArgOutOfBounds { index, count });
        };
        let ptr = u32::from_le_bytes([*a, *b, *c, *d]);
        let len = u32::from_le_bytes(*len) as usize;
        let bytes = self.memory.get(ptr as usize..);
        let bytes = bytes.and_then(|bytes| bytes.get(..len));
        bytes.ok_or_else(|| invalid(self.memory, ptr))
    }

    /// An item as a text.
    ///
    /// # Errors
    /// Those of [`List::get`], and [`Error::Serialization`] if it is not UTF-8.
    pub fn text(&self, index: u32) -> Result<&'m str> {
        core::str::from_utf8(self.get(index)?).map_err(Error::serialization)
    }
}

fn invalid(memory: &[u8], ptr: u32) -> Error {
    let size = memory.len() as u64;
    Error::InvalidPointer { ptr, size }
}

/// The calling program's tape memory.
///
/// # Errors
/// [`Misuse::UnknownExport`] if it exports none.
pub fn memory<T>(caller: &mut Caller<'_, T>) -> Result<Memory> {
    match caller.get_export(MEMORY) {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(Misuse::UnknownExport {
            name: MEMORY.into(),
            similar: None,
        }
        .into()),
    }
}

/// Writes a list on a tape that is part of the store's data; the memory grows if it has to. Returns a pointer to
/// the list.
///
/// # Errors
/// [`Error::MemoryExhausted`] if a limit does not allow the memory to grow.
pub fn reply<T>(
    mut store: impl AsContextMut<Data = T>,
    memory: Memory,
    tape: impl Fn(&mut T) -> &mut Tape,
    items: &[&[u8]],
) -> Result<u32> {
    let (bytes, data) = memory.data_and_store_mut(store.as_context_mut());
    match tape(data).write_list(bytes, items) {
        Err(Error::MemoryExhausted { requested, limit }) => {
            let page = memory.page_size(&store);
            memory.grow(&mut store, requested.saturating_sub(limit).div_ceil(page))?;
            let (bytes, data) = memory.data_and_store_mut(store.as_context_mut());
            tape(data).write_list(bytes, items)
        }
        done => done,
    }
}

/// The status of an error in a capability, if the program can handle it: its arguments were wrong, or there is no room for the results.
/// Other errors end the program.
///
/// ```
/// use tickwasm::status::Status;
/// use tickwasm::tape::{self, List};
///
/// let error = List::read(&[0; 8], 100).unwrap_err();
/// assert_eq!(tape::status_of(&error), Some(Status::OutOfBounds));
/// ```
pub fn status_of(error: &Error) -> Option<Status> {
    match error {
        Error::InvalidPointer { .. } | Error::ArgOutOfBounds { .. } | Error::MemoryAccess(_) => {
            Some(Status::OutOfBounds)
        }
        Error::MemoryExhausted { .. } => Some(Status::NoMemory),
        Error::Serialization(_) => Some(Status::ParseFailed),
        _ => None,
    }
}

/// The frame of a program: its memory and the capabilities that it may use.
///
/// ```
/// use tickwasm::Engine;
/// use tickwasm::tape::Template;
///
/// let mut template = Template::new(&Engine::default());
/// template.capability("fs", "read");
/// assert_eq!(
///     template.assemble("(func (export \"run\") (result i32) i32.const 0)"),
///     "(module (import \"fs\" \"read\" (func $fs.read (param i32) (result i32 i32))) \
///      (memory $tape (export \"mem.tape\") 1)\n\
///      (func (export \"run\") (result i32) i32.const 0)\n)"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Template {
    pages: u32,
    imports: String,
}

impl Template {
    /// Makes a frame without capabilities, with a memory of the size that the engine is configured for.
    pub fn new(engine: &Engine) -> Self {
        Self {
            pages: engine.initial_pages(),
            imports: String::new(),
        }
    }

    /// Adds a capability, which the program calls as `$module.name`. Names with other characters than letters, digits and `_-./` are
    /// written as strings, `$"module.name"`.
    pub fn capability(&mut self, module: &str, name: &str) -> &mut Self {
        let (id_module, id_name) = (escaped(module), escaped(name));
        let plain = |name: &str| name.bytes().all(is_plain);
        let id = match plain(module) && plain(name) {
            true => format!("${id_module}.{id_name}"),
            false => format!("$\"{id_module}.{id_name}\""),
        };
        // Writing to a string cannot fail.
        let _ = write!(
            self.imports,
            "(import \"{id_module}\" \"{id_name}\" (func {id} (param i32) (result i32 i32))) "
        );
        self
    }

    /// Returns the text of a program with the given fields, mostly functions. They begin on the second line, so that an error in the
    /// n-th line of `body` is reported for line n + 1.
    pub fn assemble(&self, body: &str) -> String {
        let Self { pages, imports } = self;
        format!("(module {imports}(memory $tape (export \"{MEMORY}\") {pages})\n{body}\n)")
    }
}

/// Whether a byte can stand in an identifier and a string of the text format as it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-./".contains(&byte)
}

/// Escapes a name for use between quotation marks.
fn escaped(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        let _ = match is_plain(byte) {
            true => write!(text, "{}", char::from(byte)),
            false => write!(text, "\\{byte:02x}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_are_aligned_and_do_not_overlap() {
        let memory = [0; 64];
        let mut tape = Tape::new(3);
        let starts: Vec<u32> = (0..4).map_while(|_| tape.alloc(&memory, 9).ok()).collect();
        assert_eq!(starts, [8, 24, 40]);
        assert_eq!(tape.used(), 46);
        tape.reset();
        assert_eq!((tape.used(), tape.alloc(&memory, 56).ok()), (0, Some(8)));
    }

    #[test]
    fn an_allocation_beyond_the_memory_says_how_much_it_takes() {
        let mut tape = Tape::new(8);
        for (memory, len, expected) in [
            (16, 9, 17),
            (0, 1, 9),
            (16, usize::MAX - 8, u64::MAX),
            (16, 1 << 32, (1 << 32) + 8),
        ] {
            match tape.write_list(&mut [], &[]) {
                Err(Error::MemoryExhausted { requested, limit }) => {
                    assert_eq!((requested, limit), (12, 0))
                }
                other => panic!("{other:?}"),
            }
            match tape.alloc(&vec![0; memory], len) {
                Err(Error::MemoryExhausted { requested, limit }) => {
                    assert_eq!((requested, limit), (expected, memory as u64));
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(tape.used(), 0);
        }
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let mut memory = vec![0xAA; 100];
        let mut tape = Tape::new(10);
        let lists: [&[&[u8]]; 3] = [&[], &[b"a"], &[b"", b"abc", "ä".as_bytes()]];
        for items in lists {
            let ptr = tape.write_list(&mut memory, items).unwrap();
            let list = List::read(&memory, ptr).unwrap();
            assert_eq!(list.len() as usize, items.len());
            for (at, item) in (0..).zip(items) {
                assert_eq!(list.get(at).unwrap(), *item);
            }
            match list.get(list.len()) {
                Err(Error::ArgOutOfBounds { index, count }) => {
                    assert_eq!((index, count), (list.len(), list.len()))
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(&memory[..10], [0xAA; 10]);
    }

    #[test]
    fn no_pointer_leads_out_of_the_memory() {
        let mut memory = vec![0; 32];
        memory[..4].copy_from_slice(&3_u32.to_le_bytes());
        for ptr in 0..40 {
            let read = List::read(&memory, ptr);
            // Only at 0 there is a number of items that fit.
            assert_eq!(read.is_ok(), ptr <= 28, "{ptr}");
        }
        assert!(List::read(&memory, u32::MAX).is_err());
        memory[..4].copy_from_slice(&4_u32.to_le_bytes());
        match List::read(&memory, 0) {
            Err(Error::InvalidPointer { ptr, size }) => assert_eq!((ptr, size), (0, 32)),
            other => panic!("{other:?}"),
        }
        memory[0] = 1;
        for (ptr, len, good) in [
            (0, 32, true),
            (32, 0, true),
            (31, 2, false),
            (33, 0, false),
            (u32::MAX, u32::MAX, false),
        ] {
            memory[4..8].copy_from_slice(&u32::to_le_bytes(ptr));
            memory[8..12].copy_from_slice(&u32::to_le_bytes(len));
            assert_eq!(
                List::read(&memory, 0).unwrap().get(0).is_ok(),
                good,
                "{ptr} {len}"
            );
        }
    }

    #[test]
    fn a_text_has_to_be_utf8() {
        let mut memory = [0; 64];
        let ptr = Tape::default()
            .write_list(&mut memory, &[b"fine", b"\xff"])
            .unwrap();
        let list = List::read(&memory, ptr).unwrap();
        assert_eq!(list.text(0).unwrap(), "fine");
        let error = list.text(1).unwrap_err();
        assert!(matches!(error, Error::Serialization(_)));
        assert!(error.is::<core::str::Utf8Error>());
        assert!(
            error
                .to_string()
                .starts_with("serialization: invalid utf-8")
        );
    }

    #[cfg(feature = "wat")]
    #[test]
    fn names_of_capabilities_cannot_break_out_of_the_frame() {
        let engine = Engine::default();
        let mut template = Template::new(&engine);
        let names = ["fs", "read file", "a\"b", ")", "\u{1F980}", ""];
        for name in names {
            template.capability(name, name);
        }
        let body = r#"(func (export "run") (result i32) (call $fs.fs (i32.const 0)) (return))
            (func (call $"read file.read file" (i32.const 0)) unreachable)"#;
        let module = engine.compile_wat(&template.assemble(body)).unwrap();
        let imports: Vec<_> = module
            .imports()
            .map(|import| import.name().to_owned())
            .collect();
        assert_eq!(imports, names);
        assert!(module.get_export(MEMORY).is_some());
    }
}
