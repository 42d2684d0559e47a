//! From bytes to syntax: the binary format.
//!
//! This stage reads the structure of the bytes and checks no index and no type. It allocates nothing for a count that the input has
//! not backed with bytes, and does not recurse. Function bodies are only located here; [`Body`] reads their instructions, one at a
//! time, when a function is validated.
//!
//! `reader` is the cursor that everything else uses; `sections` is the place to read on.
//! <https://webassembly.github.io/spec/core/binary/index.html>

mod custom;
mod error;
mod instructions;
mod leb128;
mod reader;
mod sections;
mod types;

pub use error::{DecodeError, DecodeErrorKind};
pub use instructions::Body;

use crate::syntax::module::Module;
use reader::Reader;

/// Reads a module, apart from the instructions in its function bodies.
///
/// # Errors
///
/// If the binary is malformed, or has more of something than `limits` allows.
pub fn decode_module(bytes: &[u8]) -> Result<Module, DecodeError> {
    let mut reader = Reader::new(bytes, 0..bytes.len());
    header(&mut reader)?;
    let mut module = Module::default();
    let mut last = 0;
    while !reader.is_empty() {
        let at = reader.clone();
        let id = reader.byte()?;
        let Some(place) = place(id) else {
            return Err(at.error(DecodeErrorKind::SectionId(id)));
        };
        let mut section = reader.sized()?;
        if place != ANYWHERE {
            if place <= last {
                return Err(at.error(DecodeErrorKind::SectionOrder(id)));
            }
            last = place;
        }
        let read = match id {
            0 => custom::custom_section,
            1 => sections::type_section,
            2 => sections::import_section,
            3 => sections::function_section,
            4 => sections::table_section,
            5 => sections::memory_section,
            6 => sections::global_section,
            7 => sections::export_section,
            8 => sections::start_section,
            9 => sections::element_section,
            10 => sections::code_section,
            11 => sections::data_section,
            12 => sections::data_count_section,
            _ => sections::tag_section,
        };
        read(&mut section, &mut module)?;
        if !section.is_empty() {
            let remaining = u32::try_from(section.remaining()).unwrap_or(u32::MAX);
            return Err(section.error(DecodeErrorKind::SectionSize(remaining)));
        }
    }
    // A missing section counts as empty.
    let (funcs, bodies) = (module.funcs.len() as u32, module.bodies.len() as u32);
    if funcs != bodies {
        return Err(reader.error(DecodeErrorKind::FuncAndCode { funcs, bodies }));
    }
    let segments = module.datas.len() as u32;
    match module.data_count {
        Some(count) if count != segments => {
            Err(reader.error(DecodeErrorKind::DataCount { count, segments }))
        }
        _ => Ok(module),
    }
}

/// Reads the header of a binary.
fn header(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let at = reader.clone();
    if reader.array()? != *b"\0asm" {
        return Err(at.error(DecodeErrorKind::Magic));
    }
    let at = reader.clone();
    match u32::from_le_bytes(reader.array()?) {
        1 => Ok(()),
        version => Err(at.error(DecodeErrorKind::Version(version))),
    }
}

/// The place of custom sections in the order of sections.
const ANYWHERE: u8 = 0;

/// The place of a section in the order of sections, if the id is known.
///
/// The ids are in the order in which sections were invented, which differs from their order in a binary.
fn place(id: u8) -> Option<u8> {
    const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
    if id == 0 {
        return Some(ANYWHERE);
    }
    let place = ORDER.iter().position(|&other| other == id)?;
    Some(place as u8 + 1)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod witness;
