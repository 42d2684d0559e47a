//! Loading: bytes and texts that are no modules, or almost modules.

use arbitrary::Unstructured;
use tickwasm::{CompilationStage, Engine, Error, Module};
use wasmparser::Validator;

use crate::modules::{self, Purpose, Supported};

/// Decodes any bytes: no panic, an error with a place in the input, or a module that can be inspected.
pub fn decode(data: &[u8]) {
    let engine = Engine::new(modules::config().eager_lowering(true)).unwrap();
    // libFuzzer learns to make headers; a seed does not.
    let bytes = if data.starts_with(b"\0asm") {
        data.to_vec()
    } else {
        match modules::damaged(&mut Unstructured::new(data)) {
            Ok(bytes) => bytes,
            Err(_) => return,
        }
    };
    match Module::from_binary(&engine, &bytes) {
        Ok(module) => look_at(&module),
        Err(Error::Compilation(error)) => {
            // Missing bytes are missing at the end.
            let offset = error.offset().unwrap_or(0);
            assert!(
                offset <= bytes.len(),
                "{error}: offset {offset} of {} bytes",
                bytes.len()
            );
            assert_ne!(error.stage(), CompilationStage::Text, "{error}");
        }
        Err(other) => panic!("loading cannot fail with: {other}"),
    }
}

/// Reads everything that a module exposes.
fn look_at(module: &Module) {
    for import in module.imports() {
        let _ = format!("{} {} {}", import.module(), import.name(), import.ty());
    }
    for export in module.exports() {
        assert!(
            module.get_export(export.name()).is_some(),
            "the export `{}` is not found",
            export.name()
        );
        let _ = export.ty().to_string();
    }
    for section in module.custom_sections() {
        let _ = (section.name().len(), section.data().len());
    }
    let _ = module.name();
}

/// Validates damaged copies of real modules, and generated modules: the verdict must be `wasmparser`'s.
pub fn validate(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let bytes = if data.starts_with(b"\0asm") {
        data.to_vec()
    } else {
        let made = match u.ratio(1, 8) {
            Ok(true) => modules::generate(&mut u, Purpose::Run).map(|module| module.bytes),
            _ => modules::damaged(&mut u),
        };
        match made {
            Ok(bytes) => bytes,
            Err(_) => return,
        }
    };
    let engine = Engine::new(modules::config()).unwrap();
    let ours = Module::validate(&engine, &bytes);
    let features = Supported::get().for_wasmparser();
    let theirs = Validator::new_with_features(features).validate_all(&bytes);
    match (ours, theirs) {
        (Ok(()), Ok(_)) | (Err(_), Err(_)) => {}
        (Err(error), Ok(_)) => panic!("refused, though valid: {error}\n{}", hex(&bytes)),
        (Ok(()), Err(error)) => panic!("accepted, though invalid: {error}\n{}", hex(&bytes)),
    }
}

/// The bytes in hexadecimal, for a report.
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// Reads any text, and changed texts of generated modules: the module must be `wat`'s, or there is an error with a place in the text.
pub fn text(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else {
        return;
    };
    let text = if how & 3 == 0 {
        String::from_utf8_lossy(rest).into_owned()
    } else {
        let mut u = Unstructured::new(rest);
        match damaged_text(&mut u) {
            Ok(text) => text,
            Err(_) => return,
        }
    };
    let engine = Engine::new(modules::config()).unwrap();
    let ours = Module::new(&engine, &text);
    if text.as_bytes().starts_with(b"\0asm") {
        return;
    }
    match wat::parse_str(&text) {
        Ok(binary) => {
            let direct = Module::from_binary(&engine, &binary);
            match (ours, direct) {
                (Ok(_), Ok(_)) => {}
                // Of a text, the error shows the line as well.
                (Err(a), Err(b)) => assert!(
                    a.to_string().starts_with(&b.to_string()),
                    "as text: {a}, as binary: {b}"
                ),
                (a, b) => panic!("as text: {a:?}, as binary: {b:?}\n{text}"),
            }
        }
        Err(refused) => match ours {
            Err(Error::Compilation(error)) => {
                assert_eq!(error.stage(), CompilationStage::Text, "{error}");
                if let Some((line, column)) = error.line_column() {
                    let lines = text.lines().count().max(1);
                    assert!(line >= 1 && line <= lines + 1 && column >= 1, "{error}");
                }
            }
            other => panic!("{other:?}, but as text: {refused}\n{text}"),
        },
    }
}

fn damaged_text(u: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let bytes = if u.ratio(1, 2)? {
        modules::damaged(u)?
    } else {
        modules::generate(u, Purpose::Run)?.bytes
    };
    let mut text = match wasmprinter::print_bytes(&bytes) {
        Ok(text) => text.into_bytes(),
        Err(_) => return Err(arbitrary::Error::IncorrectFormat),
    };
    for _ in 0..u.int_in_range(0..=4)? {
        if text.is_empty() {
            break;
        }
        let at = u.choose_index(text.len())?;
        match u.int_in_range(0..=4)? {
            0 => drop(text.remove(at)),
            1 => text.insert(at, *u.choose(b"()\"$;0x-_.nai ")?),
            2 => text.truncate(at),
            3 => {
                let (from, len) = (u.choose_index(text.len())?, u.int_in_range(1..=20)?);
                let piece = text[from..(from + len).min(text.len())].to_vec();
                text.splice(at..at, piece);
            }
            _ => text[at] = *u.choose(b"()0123456789abcdefinx_.$ \n")?,
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
