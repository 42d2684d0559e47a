//! The text format: translates texts into binaries, and locations in binaries into lines of texts.
//!
//! The crate `wat` turns a text into a binary, and reports positions in words only. So a text that turns out to be malformed or invalid
//! is read again by the crate `wast`, on which `wat` is built, this time with positions: errors may take longer.

use wast::Wat;
use wast::core::{FuncKind, ImportItems, ModuleField, ModuleKind};
use wast::parser::{ParseBuffer, parse};
use wast::token::Span;

use crate::error::{CompilationError, FieldKind, Location};

/// Translates a text into the binary that it stands for.
pub(crate) fn to_binary(bytes: &[u8]) -> Result<Vec<u8>, CompilationError> {
    let bytes = unmarked(bytes);
    let binary = match core::str::from_utf8(bytes) {
        Ok(text) => wat::parse_str(text).map_err(|error| malformed(text, &error)),
        Err(error) => Err(CompilationError::not_utf8(bytes, error)),
    };
    binary.map_err(|error| match bytes {
        [] => CompilationError::no_module("it is empty: neither a binary module nor text"),
        _ if !resembles_text(bytes) => {
            CompilationError::no_module("it is neither a binary module nor text")
        }
        _ => error,
    })
}

/// Removes the byte order mark that some editors put before a text.
fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Returns whether bytes that are no module may have been meant to be text: they begin as text modules do, or at least without characters
/// that no text has.
fn resembles_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64)];
    let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    matches!(head.trim_ascii_start(), [b'(' | b';', ..]) || !head.iter().any(control)
}

/// Makes the error of a text that is no module, with its line.
fn malformed(text: &str, said: &wat::Error) -> CompilationError {
    let encode = || {
        let buffer = ParseBuffer::new(text)?;
        parse::<Wat<'_>>(&buffer)?.encode()
    };
    match encode() {
        Err(error) => CompilationError::text(&error.message(), text, error.span().offset()),
        // Both crates use one parser, so this is not expected.
        Ok(_) => CompilationError::text(&said.to_string(), text, 0),
    }
}

/// Adds the line of the text to an error that was found in its binary.
pub(crate) fn with_line(error: CompilationError, bytes: &[u8]) -> CompilationError {
    let line = || {
        let text = core::str::from_utf8(unmarked(bytes)).ok()?;
        Some((text, span(text, error.location()?)?))
    };
    match line() {
        Some((text, span)) => error.at(text, span.offset()),
        None => error,
    }
}

/// Finds the span of a location in the text.
fn span(text: &str, location: &Location) -> Option<Span> {
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
    let of_kind = fields.iter().flat_map(|field| {
        let (kind, span, count) = match field {
            ModuleField::Type(ty) => (FieldKind::Type, ty.span, 1),
            ModuleField::Rec(rec) => (FieldKind::Type, rec.span, 1),
            ModuleField::Import(import) => {
                let count = match &import.items {
                    ImportItems::Single { .. } => 1,
                    ImportItems::Group1 { items, .. } => items.len(),
                    ImportItems::Group2 { items, .. } => items.len(),
                };
                (FieldKind::Import, import.span, count)
            }
            ModuleField::Func(func) => (FieldKind::Func, func.span, 1),
            ModuleField::Table(table) => (FieldKind::Table, table.span, 1),
            ModuleField::Memory(memory) => (FieldKind::Memory, memory.span, 1),
            ModuleField::Global(global) => (FieldKind::Global, global.span, 1),
            ModuleField::Export(export) => (FieldKind::Export, export.span, 1),
            ModuleField::Start(func) => (FieldKind::Start, func.span(), 1),
            ModuleField::Elem(elem) => (FieldKind::Elem, elem.span, 1),
            ModuleField::Data(data) => (FieldKind::Data, data.span, 1),
            ModuleField::Tag(tag) => (FieldKind::Tag, tag.span, 1),
            ModuleField::Custom(_) => return std::iter::repeat_n((field, None), 0),
        };
        let count = if kind == location.field { count } else { 0 };
        std::iter::repeat_n((field, Some(span)), count)
    });
    let (field, span) = { of_kind }.nth(location.index)?;
    let body = location.body.as_ref().and_then(|body| body.instr.as_ref());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(bytes: &[u8], phrase: &str) {
        let text = to_binary(bytes).unwrap_err().to_string();
        assert!(text.contains(phrase), "{bytes:?}: {text}");
    }

    #[test]
    fn what_is_no_text_is_said_to_be_none() {
        for bytes in [
            &b"\x7fELF\x02\x01\x01\0"[..],
            b"\x1f\x8b\x08\0\0\0\0\0",
            b"asm\0\x01\0\0\0",
            b"\xff\xfe(\0m\0",
        ] {
            fails(bytes, "it is neither a binary module nor text");
        }
        fails(b"", "it is empty");
        fails(b"\xef\xbb\xbf", "it is empty");
    }

    #[test]
    fn what_is_meant_to_be_text_is_told_its_mistake() {
        fails(b"(module \x01)", "line 1, column 9");
        fails(b"; \x01", "line 1, column 3");
        fails("mödule".as_bytes(), "line 1, column 2");
        fails(b"(module (; caf\xe9 ;))", "malformed UTF-8 encoding");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(
            to_binary("\u{feff}(module)".as_bytes()).unwrap(),
            to_binary(b"(module)").unwrap()
        );
        fails("\u{feff}(modul)".as_bytes(), "line 1, column 2");
    }
}
