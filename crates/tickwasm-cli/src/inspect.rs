//! `tickwasm inspect`.

use std::borrow::Cow;
use std::path::PathBuf;

use tickwasm::{Engine, Escaped, Module, internals};
use tickwasm_harness::chain;

use crate::output::Output;
use crate::{Failure, Features, read, shown};

#[derive(clap::Args)]
pub struct Args {
    /// The module, as text or binary.
    file: PathBuf,
    /// Lists the lowered ops beside the instructions they came from.
    #[arg(long)]
    code: bool,
    #[command(flatten)]
    features: Features,
}

/// Section names by their ids.
/// <https://webassembly.github.io/spec/core/binary/modules.html#sections>
const SECTIONS: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
];

/// Prints the module's sections, imports and exports.
pub fn inspect(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let bytes = read(&args.file)?;
    let engine =
        Engine::new(&args.features.config()?).map_err(|error| Failure::usage(chain(&error)))?;
    let module =
        Module::new(&engine, &bytes).map_err(|error| Failure::module(&args.file, &error))?;
    // The module is valid, but the public API does not hand out its binary.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let binary = wat::parse_bytes(text)
        .map_err(|error| Failure::usage(format!("{}: {error}", shown(&args.file))))?;

    let size = binary.len();
    let as_binary = match binary {
        Cow::Owned(_) => " as a binary",
        Cow::Borrowed(_) => "",
    };
    out.line(format!("{}: {size} bytes{as_binary}", shown(&args.file)))?;
    let sections = sections(&binary).into_iter().map(|section| {
        let Section { name, offset, size } = section;
        format!("  {name:<12} at {offset:#08x}, {size} bytes")
    });
    list(out, "sections", sections)?;
    let imports = module.imports().map(|import| {
        let (module, name) = (quoted(import.module()), quoted(import.name()));
        format!("  {module:?} {name:?}: {}", import.ty())
    });
    list(out, "imports", imports)?;
    let exports = module.exports().map(|export| {
        let name = quoted(export.name());
        format!("  {name:?}: {}", export.ty())
    });
    list(out, "exports", exports)?;
    if args.code {
        let mut first = true;
        for defined in 0.. {
            let listing = internals::listing(&module, defined);
            if listing.is_empty() || out.is_closed() {
                break;
            }
            if first {
                out.line("\ncode")?;
                first = false;
            }
            out.line(format!("  defined function {defined}"))?;
            for line in listing {
                out.line(format!("    {:#08x}  {}", line.offset, line.instr))?;
                for (cell, op) in line.ops {
                    out.line(format!("{:48}{cell:6}  {op}", ""))?;
                }
            }
        }
    }
    Ok(())
}

/// Prints a list below a heading, and neither if it is empty.
fn list(
    out: &mut Output,
    heading: &str,
    lines: impl Iterator<Item = String>,
) -> Result<(), Failure> {
    for (at, line) in lines.enumerate() {
        if at == 0 {
            out.line(format!("\n{heading}"))?;
        }
        if out.is_closed() {
            break;
        }
        out.line(line)?;
    }
    Ok(())
}

/// A name to be printed in quotation marks.
fn quoted(name: &str) -> Escaped<'_> {
    Escaped::new(name).most(1000)
}

struct Section {
    name: String,
    /// Where the section's contents start.
    offset: usize,
    size: usize,
}

/// The sections of a valid binary: ids and sizes are read again here, for the public API does not keep them.
fn sections(binary: &[u8]) -> Vec<Section> {
    let mut found = Vec::new();
    let mut at = 8;
    while let Some(&id) = binary.get(at) {
        let Some((size, offset)) = leb(binary, at + 1) else {
            break;
        };
        let name = match SECTIONS.get(usize::from(id)) {
            Some(&"custom") => match custom_name(binary, offset) {
                Some(name) => format!("custom {:?}", quoted(name)),
                None => "custom".to_owned(),
            },
            Some(name) => (*name).to_owned(),
            None => format!("section {id}"),
        };
        found.push(Section { name, offset, size });
        at = offset.saturating_add(size);
    }
    found
}

fn custom_name(binary: &[u8], at: usize) -> Option<&str> {
    let (length, start) = leb(binary, at)?;
    std::str::from_utf8(binary.get(start..start.checked_add(length)?)?).ok()
}

/// A u32 in LEB128, and where it ends.
fn leb(binary: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let byte = *binary.get(at)?;
        at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
    }
    None
}
