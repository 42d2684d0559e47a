//! Keeps the binaries that texts were translated to in a directory, from one process to the next.
//!
//! A file holds a text and its binary, and is named by a digest of the text. It is only a shortcut past the text format's parser: the
//! whole text is compared, a checksum finds damage, and the binary is decoded and validated like any other. So only valid modules are
//! loaded, whatever the directory holds. They are the modules of these *texts* as long as no one else can write there.
//!
//! Files are written under another name and then renamed, so that no process sees half of one. A file that cannot be read, is damaged, or
//! is another version's, counts as absent; a failure to write one is ignored.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::digest::{fnv64, fnv128};

/// The beginning of each file. Another version of this crate may translate differently.
const MAGIC: &[u8] = concat!("tickwasm text ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// The extension of the files' names.
const EXTENSION: &str = "wat-cache";

#[derive(Debug)]
pub(crate) struct CacheDir {
    path: PathBuf,
    /// The most bytes that all files may have together.
    max_bytes: u64,
    /// The bytes written since the files were last counted; more than enough if they never were.
    unchecked: AtomicU64,
}

impl CacheDir {
    pub(crate) fn new(path: &Path, max_bytes: u64) -> Self {
        Self {
            path: path.to_owned(),
            max_bytes,
            unchecked: AtomicU64::new(u64::MAX / 2),
        }
    }

    /// Loads the binary of a text, if there is a file of it.
    pub(crate) fn load(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut file = fs::read(self.file(text)).ok()?;
        let (head, rest) = file.split_at_checked(HEAD)?;
        let binary = rest.strip_prefix(text)?;
        let found = (head == self::head(text, binary)).then_some(binary.len())?;
        file.drain(..file.len() - found);
        Some(file)
    }

    /// Keeps the binary of a text, if it can be written.
    pub(crate) fn store(&self, text: &[u8], binary: &[u8]) {
        let size = (HEAD + text.len() + binary.len()) as u64;
        if size > self.max_bytes {
            return;
        }
        // A text whose binary cannot be kept is translated again next time.
        if self.write(text, binary).is_ok() {
            let unchecked = self.unchecked.fetch_add(size, Ordering::Relaxed) + size;
            if unchecked > self.max_bytes / 8 {
                self.unchecked.store(0, Ordering::Relaxed);
                let _ = self.shrink();
            }
        }
    }

    fn write(&self, text: &[u8], binary: &[u8]) -> io::Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        create(&self.path)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}.{EXTENSION}-new", std::process::id());
        let unfinished = self.path.join(name);
        let write = || {
            let mut file = fs::File::create_new(&unfinished)?;
            for part in [&head(text, binary)[..], text, binary] {
                file.write_all(part)?;
            }
            drop(file);
            fs::rename(&unfinished, self.file(text))
        };
        let written = write();
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Removes the oldest files until the others take at most three quarters of the limit.
    fn shrink(&self) -> io::Result<()> {
        let mut files = Vec::new();
        let mut sum = 0_u64;
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let path = entry.path();
            let ours = path.extension().and_then(|extension| extension.to_str());
            // Another process may have removed it.
            let (true, Ok(data)) = (
                ours.is_some_and(|ours| ours.starts_with(EXTENSION)),
                entry.metadata(),
            ) else {
                continue;
            };
            let written = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            sum = sum.saturating_add(data.len());
            files.push((written, data.len(), path));
        }
        if sum <= self.max_bytes {
            return Ok(());
        }
        files.sort();
        for (_, len, path) in files {
            if sum <= self.max_bytes / 4 * 3 {
                break;
            }
            let _ = fs::remove_file(path);
            sum = sum.saturating_sub(len);
        }
        Ok(())
    }

    fn file(&self, text: &[u8]) -> PathBuf {
        self.path.join(format!("{:032x}.{EXTENSION}", fnv128(text)))
    }
}

/// The number of bytes before the text.
const HEAD: usize = MAGIC.len() + 8 + 8 + 8;

/// The head of a file, before text and binary: the length of each and a checksum of both.
fn head(text: &[u8], binary: &[u8]) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    let (magic, rest) = head.split_at_mut(MAGIC.len());
    magic.copy_from_slice(MAGIC);
    let sum = fnv64(text) ^ fnv64(binary).rotate_left(1);
    let numbers = [text.len() as u64, binary.len() as u64, sum];
    for (bytes, number) in rest.chunks_exact_mut(8).zip(numbers) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    head
}

/// Makes the directory, for its owner alone where the system supports it.
fn create(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that is removed with this.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let name = format!("tickwasm-{}-{name}", std::process::id());
            Self(std::env::temp_dir().join(name).join("inner"))
        }

        fn files(&self) -> Vec<PathBuf> {
            let files = fs::read_dir(&self.0).into_iter().flatten();
            files.map(|entry| entry.unwrap().path()).collect()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            if let Some(parent) = self.0.parent() {
                let _ = fs::remove_dir_all(parent);
            }
        }
    }

    #[test]
    fn what_was_stored_is_loaded_also_by_another() {
        let scratch = Scratch::new("stored");
        let dir = CacheDir::new(&scratch.0, 1 << 20);
        assert_eq!(dir.load(b"text"), None);
        dir.store(b"text", b"binary");
        dir.store(b"", b"");
        dir.store(b"text", b"binary");
        assert_eq!(scratch.files().len(), 2);
        for dir in [dir, CacheDir::new(&scratch.0, 0)] {
            assert_eq!(dir.load(b"text").as_deref(), Some(&b"binary"[..]));
            assert_eq!(dir.load(b"").as_deref(), Some(&b""[..]));
            assert_eq!(dir.load(b"tex"), None);
        }
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let scratch = Scratch::new("damaged");
        let dir = CacheDir::new(&scratch.0, 1 << 20);
        dir.store(b"some text", b"some binary");
        let file = dir.file(b"some text");
        let good = fs::read(&file).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&file, &bad).unwrap();
            assert_eq!(dir.load(b"some text"), None, "byte {at}");
            fs::write(&file, &good[..at]).unwrap();
            assert_eq!(dir.load(b"some text"), None, "{at} bytes");
        }
        fs::write(&file, [&good[..], b"x"].concat()).unwrap();
        assert_eq!(dir.load(b"some text"), None);
        // It is replaced by a good one.
        dir.store(b"some text", b"some binary");
        assert!(dir.load(b"some text").is_some());
    }

    #[test]
    fn another_text_in_the_file_is_noticed() {
        let scratch = Scratch::new("other");
        let dir = CacheDir::new(&scratch.0, 1 << 20);
        dir.store(b"this text", b"binary");
        fs::rename(dir.file(b"this text"), dir.file(b"that text")).unwrap();
        assert_eq!(dir.load(b"that text"), None);
    }

    #[test]
    fn the_oldest_files_make_room() {
        let scratch = Scratch::new("shrink");
        let dir = CacheDir::new(&scratch.0, 10_000);
        for number in 0..100_u32 {
            dir.store(&number.to_le_bytes(), &[0; 1000]);
            let sizes = scratch.files().into_iter();
            let sum: u64 = sizes.map(|file| fs::metadata(file).unwrap().len()).sum();
            // An eighth may be written before the files are counted again.
            assert!(sum <= 10_000 + 10_000 / 8 + 1100, "{sum}");
        }
        assert!(dir.load(&99_u32.to_le_bytes()).is_some());
        dir.store(b"large", &[0; 10_000]);
        assert_eq!(dir.load(b"large"), None);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_no_error() {
        let scratch = Scratch::new("file");
        fs::create_dir_all(&scratch.0).unwrap();
        let file = scratch.0.join("file");
        fs::write(&file, b"").unwrap();
        let dir = CacheDir::new(&file, 1 << 20);
        dir.store(b"text", b"binary");
        assert_eq!(dir.load(b"text"), None);
    }

    #[test]
    fn many_threads_write_one_file() {
        let scratch = Scratch::new("threads");
        let binary = vec![7; 100_000];
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let dir = CacheDir::new(&scratch.0, 1 << 30);
                    for _ in 0..20 {
                        dir.store(b"text", &binary);
                        // Whole, or not there: renaming makes no moment between.
                        assert_eq!(dir.load(b"text").as_ref(), Some(&binary));
                    }
                });
            }
        });
        assert_eq!(scratch.files().len(), 1);
    }
}
