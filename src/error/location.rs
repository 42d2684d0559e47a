//! Locates an error in a module: from an offset in the binary to the field, the function and the instruction.
//!
//! The module is decoded once more for this, which costs nothing where there is no error.

use core::fmt;

use crate::decode::{Body, decode_module};
use crate::escape;
use crate::syntax::index::FuncIdx;
use crate::syntax::module::{FuncBody, Module};
use crate::syntax::types::ExternType;

/// A field of a module, as its text has it, and a place within.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Location {
    /// The kind of the field.
    pub field: FieldKind,
    /// The position among the fields of that kind, imported ones not counted.
    pub index: usize,
    /// The place within, if the field is a function and the error lies in its body.
    pub body: Option<BodyLocation>,
}

/// A place in a function's body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BodyLocation {
    /// The function, imported ones counted.
    pub func: FuncIdx,
    /// Its name.
    pub name: Option<Box<str>>,
    /// An instruction and its position in the body; `None` for a place among the locals.
    pub instr: Option<(usize, Box<str>)>,
}

/// A kind of module field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// A rec group.
    Type,
    /// An import.
    Import,
    /// A function.
    Func,
    /// A table.
    Table,
    /// A memory.
    Memory,
    /// A tag.
    Tag,
    /// A global.
    Global,
    /// An export.
    Export,
    /// The start function.
    Start,
    /// An element segment.
    Elem,
    /// A data segment.
    Data,
}

impl Location {
    /// Finds the field that an offset lies in, if the module is well-formed up to there.
    pub fn of(bytes: &[u8], offset: usize) -> Option<Self> {
        let module = decode_module(bytes).ok()?;
        in_body(bytes, &module, offset).or_else(|| in_field(&module, offset))
    }
}

/// Finds the function whose body an offset lies in.
fn in_body(bytes: &[u8], module: &Module, offset: usize) -> Option<Location> {
    let bodies = &module.bodies;
    let index = bodies.partition_point(|entry| entry.range.start <= offset);
    let index = index.checked_sub(1)?;
    let body = bodies.get(index).filter(|body| offset < body.range.end)?;
    let imports = module.imports.iter();
    let imported = imports.filter(|import| matches!(import.ty, ExternType::Func(_)));
    let func = FuncIdx((imported.count() + index) as u32);
    Some(Location {
        field: FieldKind::Func,
        index,
        body: Some(BodyLocation {
            func,
            name: module.names.func(func).map(Box::from),
            instr: instr_at(bytes, body, offset),
        }),
    })
}

/// Finds the field, not counting bodies, that begins last before an offset: errors lie in fields.
fn in_field(module: &Module, offset: usize) -> Option<Location> {
    let offsets = &module.offsets;
    let start = module.start.map(|_| offsets.start);
    let lists: [(FieldKind, &[usize]); 11] = [
        (FieldKind::Type, &offsets.types),
        (FieldKind::Import, &offsets.imports),
        (FieldKind::Func, &offsets.funcs),
        (FieldKind::Table, &offsets.tables),
        (FieldKind::Memory, &offsets.mems),
        (FieldKind::Tag, &offsets.tags),
        (FieldKind::Global, &offsets.globals),
        (FieldKind::Export, &offsets.exports),
        (FieldKind::Start, start.as_slice()),
        (FieldKind::Elem, &offsets.elems),
        (FieldKind::Data, &offsets.datas),
    ];
    let last = lists.iter().filter_map(|(field, list)| {
        let index = list.partition_point(|at| *at <= offset).checked_sub(1)?;
        Some((list[index], *field, index))
    });
    let (_, field, index) = last.max_by_key(|(at, ..)| *at)?;
    Some(Location {
        field,
        index,
        body: None,
    })
}

/// The instruction at an offset and its position in the body, counted from 0.
fn instr_at(bytes: &[u8], entry: &FuncBody, offset: usize) -> Option<(usize, Box<str>)> {
    let mut body = Body::new(bytes, entry).ok()?;
    let mut number = 0;
    while let Ok(Some((instr, at))) = &body.next() {
        if *at >= offset {
            return (*at == offset).then(|| (number, instr.to_string().into()));
        }
        number += 1;
    }
    None
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "type",
            Self::Import => "import",
            Self::Func => "function",
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Tag => "tag",
            Self::Global => "global",
            Self::Export => "export",
            Self::Start => "start",
            Self::Elem => "element segment",
            Self::Data => "data segment",
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(body) = &self.body else {
            return match self.field {
                FieldKind::Start => write!(f, "  in the start section"),
                field => write!(f, "  in {field} {}", self.index),
            };
        };
        write!(f, "  in function {}", body.func)?;
        if let Some(name) = &body.name {
            write!(f, " (`{}`)", escape::name(name))?;
        }
        match &body.instr {
            // Counted from 1 as lines are: it is read by people.
            Some((number, instr)) => write!(f, ", instruction {}: {instr}", number + 1),
            None => Ok(()),
        }
    }
}

#[cfg(all(test, feature = "wat"))]
mod tests {
    use super::*;

    #[test]
    fn every_offset_of_a_body_leads_to_its_function_and_instruction() {
        let binary = wat::parse_str(
            r#"(module
                (import "m" "f" (func))
                (func $first (param i32) (drop (local.get 0)))
                (func $second nop unreachable))"#,
        )
        .unwrap();
        let module = decode_module(&binary).unwrap();
        let found = |offset| {
            let location = Location::of(&binary, offset)?;
            let body = location.body?;
            let instr = body.instr.map(|(at, text)| format!("{at} {text}"));
            Some((location.index, body.func.0, instr.unwrap_or_default()))
        };
        let [first, second] = [0, 1].map(|at| module.bodies[at].range.clone());
        assert_eq!(found(second.end - 2), Some((1, 2, "1 unreachable".into())));
        assert_eq!(found(second.end - 3), Some((1, 2, "0 nop".into())));
        assert_eq!(found(second.start), Some((1, 2, String::new())));
        assert_eq!(found(first.end - 2), Some((0, 1, "1 drop".into())));
        assert_eq!(found(first.start - 1), None);
    }

    #[test]
    fn an_offset_elsewhere_leads_to_the_field_that_begins_last() {
        let binary =
            wat::parse_str("(module (func) (memory 1) (global i32 (i32.const 1)))").unwrap();
        let module = decode_module(&binary).unwrap();
        let shown = |offset| Location::of(&binary, offset).map(|at| at.to_string());
        let global = module.offsets.globals[0];
        assert_eq!(shown(global).as_deref(), Some("  in global 0"));
        assert_eq!(shown(global + 2).as_deref(), Some("  in global 0"));
        assert_eq!(
            shown(module.offsets.mems[0]).as_deref(),
            Some("  in memory 0")
        );
        assert_eq!(shown(0), None);
    }
}
