//! Makes a module that shows a difference smaller: removes instructions from function bodies as long as the module stays
//! valid and the difference stays.

use std::ops::Range;

use wasm_encoder::{CodeSection, RawSection};
use wasmparser::{Parser, Payload, Validator};

/// A function body: its locals in encoded form, and its instructions one by one.
#[derive(Clone)]
struct Body {
    locals: Vec<u8>,
    instrs: Vec<Vec<u8>>,
}

/// The smallest module found for which `differs` still holds.
pub fn shrink(bytes: &[u8], differs: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut bodies = bodies_of(bytes);
    let holds = |bodies: &[Body]| {
        let candidate = with_bodies(bytes, bodies);
        Validator::new().validate_all(&candidate).is_ok() && differs(&candidate)
    };
    // Irrelevant bodies become one `unreachable`.
    for index in 0..bodies.len() {
        let mut candidate = bodies.clone();
        candidate[index].instrs = vec![vec![0x00], vec![0x0B]];
        if holds(&candidate) {
            bodies = candidate;
        }
    }
    for _ in 0..3 {
        let before: usize = bodies.iter().map(|body| body.instrs.len()).sum();
        for index in 0..bodies.len() {
            let mut size = bodies[index].instrs.len() / 2;
            while size > 0 {
                let mut at = 0;
                while at + size < bodies[index].instrs.len() {
                    if !try_without(&mut bodies, index, at..at + size, &holds) {
                        at += 1 + size / 16;
                    }
                }
                size = if size > 16 { size * 2 / 3 } else { size - 1 };
            }
        }
        if bodies.iter().map(|body| body.instrs.len()).sum::<usize>() == before {
            break;
        }
    }
    with_bodies(bytes, &bodies)
}

/// Removes the instructions of `range`, or replaces them by a plain one, if that keeps the difference.
fn try_without(
    bodies: &mut Vec<Body>,
    index: usize,
    range: Range<usize>,
    holds: &impl Fn(&[Body]) -> bool,
) -> bool {
    // No instruction, `drop`, `i32.const 0`, `i64.const 0`.
    let replacements: [&[&[u8]]; 4] = [&[], &[&[0x1A]], &[&[0x41, 0]], &[&[0x42, 0]]];
    for replacement in replacements {
        if replacement.len() >= range.len() {
            continue;
        }
        let mut candidate = bodies.clone();
        let plain = replacement.iter().map(|instr| instr.to_vec());
        candidate[index].instrs.splice(range.clone(), plain);
        if holds(&candidate) {
            *bodies = candidate;
            return true;
        }
    }
    false
}

fn bodies_of(bytes: &[u8]) -> Vec<Body> {
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        if let Ok(Payload::CodeSectionEntry(body)) = payload {
            let mut reader = body.get_operators_reader().expect("a valid module");
            let start = reader.original_position() as usize;
            let locals = bytes[body.range().start as usize..start].to_vec();
            let mut instrs = Vec::new();
            let mut from = start;
            while !reader.eof() {
                reader.read().expect("a valid module");
                let to = reader.original_position() as usize;
                instrs.push(bytes[from..to].to_vec());
                from = to;
            }
            bodies.push(Body { locals, instrs });
        }
    }
    bodies
}

fn with_bodies(bytes: &[u8], bodies: &[Body]) -> Vec<u8> {
    let mut module = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.expect("a valid module");
        if let Payload::CodeSectionStart { .. } = payload {
            let mut section = CodeSection::new();
            for body in bodies {
                let mut raw = body.locals.clone();
                raw.extend(body.instrs.concat());
                section.raw(&raw);
            }
            module.section(&section);
        } else if let Some((id, range)) = payload.as_section() {
            let data = &bytes[range.start as usize..range.end as usize];
            module.section(&RawSection { id, data });
        }
    }
    module.finish()
}
