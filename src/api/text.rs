//! The text format: texts become binaries, and places in binaries lines of texts.
//!
//! The crate `wat` turns a text into a binary, and says nothing of places but in words. So a text that turns out to be malformed or invalid
//! is read again by the crate `wast`, on which `wat` stands, this time with places: errors may take longer.

use wast::Wat;
use wast::core::{FuncKind, ImportItems, ModuleField, ModuleKind};
use wast::parser::{ParseBuffer, parse};
use wast::token::Span;

use crate::compile::{Part, Place};
use crate::error::CompilationError;

/// The binary that a text stands for.
pub(crate) fn to_binary(bytes: &[u8]) -> Result<Vec<u8>, CompilationError> {
    let text =
        core::str::from_utf8(bytes).map_err(|error| CompilationError::not_utf8(bytes, error))?;
    wat::parse_str(text).map_err(|error| malformed(text, &error))
}

/// Why a text is no module, and where.
fn malformed(text: &str, said: &wat::Error) -> CompilationError {
    let encode = || {
        let buffer = ParseBuffer::new(text)?;
        parse::<Wat<'_>>(&buffer)?.encode()
    };
    match encode() {
        Err(error) => CompilationError::text(&error.message(), text, error.span().offset()),
        // The two are one parser, so this is not to be expected.
        Ok(_) => CompilationError::text(&said.to_string(), text, 0),
    }
}

/// Adds to an error that was found in the binary of a text the line of the text.
pub(crate) fn with_line(error: CompilationError, bytes: &[u8]) -> CompilationError {
    let line = || {
        let text = core::str::from_utf8(bytes).ok()?;
        Some((text, span(text, error.place()?)?))
    };
    match line() {
        Some((text, span)) => error.at(text, span.offset()),
        None => error,
    }
}

/// Where a part of a module stands in its text.
fn span(text: &str, place: &Place) -> Option<Span> {
    let mut buffer = ParseBuffer::new(text).ok()?;
    buffer.track_instr_spans(true);
    let Wat::Module(mut module) = parse(&buffer).ok()? else {
        return None;
    };
    // Shorthands become fields of their own, as they are in the binary.
    module.resolve().ok()?;
    let ModuleKind::Text(fields) = &module.kind else {
        return None;
    };
    let of_part = fields.iter().flat_map(|field| {
        let (part, span, count) = match field {
            ModuleField::Type(ty) => (Part::Type, ty.span, 1),
            ModuleField::Rec(rec) => (Part::Type, rec.span, 1),
            ModuleField::Import(import) => {
                let count = match &import.items {
                    ImportItems::Single { .. } => 1,
                    ImportItems::Group1 { items, .. } => items.len(),
                    ImportItems::Group2 { items, .. } => items.len(),
                };
                (Part::Import, import.span, count)
            }
            ModuleField::Func(func) => (Part::Func, func.span, 1),
            ModuleField::Table(table) => (Part::Table, table.span, 1),
            ModuleField::Memory(memory) => (Part::Memory, memory.span, 1),
            ModuleField::Global(global) => (Part::Global, global.span, 1),
            ModuleField::Export(export) => (Part::Export, export.span, 1),
            ModuleField::Start(func) => (Part::Start, func.span(), 1),
            ModuleField::Elem(elem) => (Part::Elem, elem.span, 1),
            ModuleField::Data(data) => (Part::Data, data.span, 1),
            ModuleField::Tag(tag) => (Part::Tag, tag.span, 1),
            ModuleField::Custom(_) => return std::iter::repeat_n((field, None), 0),
        };
        let count = if part == place.part { count } else { 0 };
        std::iter::repeat_n((field, Some(span)), count)
    });
    let (field, span) = { of_part }.nth(place.index)?;
    let body = place.body.as_ref().and_then(|body| body.instr.as_ref());
    match (field, body) {
        (ModuleField::Func(func), Some((number, _))) => match &func.kind {
            FuncKind::Inline { expression, .. } => {
                let spans = expression.instr_spans.as_deref().unwrap_or_default();
                // The `end` of the body is not in the text.
                spans.get(*number).copied().or(span)
            }
            FuncKind::Import(..) => span,
        },
        _ => span,
    }
}
