//! `tickwasm inspect`.

use std::borrow::Cow;
use std::path::PathBuf;

use tickwasm::{Engine, Module};

use crate::{Failure, read};

#[derive(clap::Args)]
pub struct Args {
    /// The module, as text or binary.
    file: PathBuf,
    /// Lists the lowered ops beside the instructions they came from.
    #[arg(long)]
    code: bool,
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
pub fn inspect(args: &Args) -> Result<(), Failure> {
    let bytes = read(&args.file)?;
    let binary = wat::parse_bytes(&bytes).map_err(|error| Failure::module(&args.file, &error))?;
    let engine = Engine::default();
    let module =
        Module::new(&engine, &bytes).map_err(|error| Failure::module(&args.file, &error))?;

    println!(
        "{}: {} bytes{}",
        args.file.display(),
        binary.len(),
        if matches!(binary, Cow::Owned(_)) {
            " as a binary"
        } else {
            ""
        }
    );
    println!("\nsections");
    for section in sections(&binary) {
        let Section { name, offset, size } = section;
        println!("  {name:<12} at {offset:#08x}, {size} bytes");
    }
    println!("\nimports");
    for import in module.imports() {
        let (module, name, ty) = (import.module(), import.name(), import.ty());
        println!("  {module:?} {name:?}: {ty}");
    }
    println!("\nexports");
    for export in module.exports() {
        let (name, ty) = (export.name(), export.ty());
        println!("  {name:?}: {ty}");
    }
    if args.code {
        println!("\ncode");
        for defined in 0.. {
            let listing = module.listing(defined);
            if listing.is_empty() {
                break;
            }
            println!("  defined function {defined}");
            for line in listing {
                println!("    {:#08x}  {}", line.offset, line.instr);
                for (cell, op) in line.ops {
                    println!("{:48}{cell:6}  {op}", "");
                }
            }
        }
    }
    Ok(())
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
                Some(name) => format!("custom {name:?}"),
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
