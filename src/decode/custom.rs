//! Custom sections: kept as they are, except that the name section is decoded.
//!
//! <https://webassembly.github.io/spec/core/appendix/custom.html>

use super::error::DecodeError;
use super::reader::Reader;
use crate::syntax::module::{Custom, Module, Names};

/// Reads a custom section into the module.
pub(super) fn custom_section(
    reader: &mut Reader<'_>,
    module: &mut Module,
) -> Result<(), DecodeError> {
    let name = reader.name()?;
    if name == "name" {
        // Names serve diagnostics only, so malformed ones are dropped without an error.
        module.names = names(&mut reader.clone()).unwrap_or_default();
    }
    module.customs.push(Custom {
        name: name.into(),
        data: reader.rest(),
    });
    Ok(())
}

fn names(reader: &mut Reader<'_>) -> Result<Names, DecodeError> {
    let mut names = Names::default();
    while !reader.is_empty() {
        let id = reader.byte()?;
        let mut part = reader.sized()?;
        match id {
            0 => names.module = Some(part.name()?.into()),
            1 => names.funcs = map(&mut part, name)?,
            2 => names.locals = map(&mut part, |reader| map(reader, name))?,
            // Names of labels, types and more are not used.
            _ => {}
        }
    }
    Ok(names)
}

fn name(reader: &mut Reader<'_>) -> Result<Box<str>, DecodeError> {
    reader.name().map(Box::from)
}

/// Reads a list of pairs of an index and a value; sorts it by index and drops duplicates.
fn map<I: From<u32> + Ord + Copy, T>(
    reader: &mut Reader<'_>,
    mut value: impl FnMut(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<(I, T)>, DecodeError> {
    let count = reader.u32()?;
    let mut map = Vec::with_capacity(reader.room(count));
    for _ in 0..count {
        map.push((I::from(reader.u32()?), value(reader)?));
    }
    map.sort_by_key(|(index, _)| *index);
    map.dedup_by_key(|(index, _)| *index);
    Ok(map)
}
