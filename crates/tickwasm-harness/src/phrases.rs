//! How a script's message is compared with ours.
//!
//! Our errors begin with the official suite's own phrase wherever the suite has one, so comparing means looking for it.
//! The suite has changed some of its phrases over the years, though, and the engine reports a few traps under a name of
//! its own; the one table here says which of our phrases count for which of the suite's.

/// An official phrase, and what we may say in its place.
const ALIASES: &[(&str, &[&str])] = &[
    // Traps: the executor tells less, or says it in the words of other engines.
    ("unreachable", &["wasm `unreachable` instruction executed"]),
    ("indirect call", &["indirect call type mismatch"]),
    ("undefined", &["out of bounds table access"]),
    ("null function reference", &["null reference"]),
    ("null structure reference", &["null reference"]),
    ("null array reference", &["null reference"]),
    ("null i31 reference", &["null reference"]),
    ("null exception reference", &["null reference"]),
    // Phrases that were reworded, and rules that became others.
    ("global is immutable", &["immutable global"]),
    ("immutable global", &["global is immutable"]),
    ("invalid UTF-8 encoding", &["malformed UTF-8 encoding"]),
    (
        "invalid mutability",
        &["malformed mutability", "length out of bounds"],
    ),
    ("invalid section id", &["malformed section id"]),
    (
        "invalid value type",
        &[
            "malformed value type",
            "unexpected end",
            "length out of bounds",
        ],
    ),
    (
        "junk after last section",
        &["unexpected content after last section"],
    ),
    ("zero byte expected", &["unknown memory"]),
    (
        "zero flag expected",
        &["unknown memory", "unknown table", "section size mismatch"],
    ),
    ("multiple memories", &["multi-memory is switched off"]),
    (
        "data segment does not fit",
        &["out of bounds memory access"],
    ),
    (
        "elements segment does not fit",
        &["out of bounds table access"],
    ),
    // Malformed binaries with more than one thing wrong. The reference decoder reads on behind the end of a section or a
    // body and compares lengths afterwards, ours stays within; and since memories may have 64-bit addresses, limits and
    // offsets are read as wider numbers, and then found too large for the memory they belong to.
    ("END opcode expected", &["unexpected end"]),
    (
        "illegal opcode",
        &["unexpected end", "constant expression required"],
    ),
    (
        "integer representation too long",
        &[
            "malformed section id",
            "malformed limits flags",
            "section size mismatch",
        ],
    ),
    (
        "integer too large",
        &[
            "memory size must be at most",
            "offset out of range",
            "alignment must not be larger than natural",
            "malformed section id",
            "malformed limits flags",
            "section size mismatch",
            "unexpected end",
        ],
    ),
    ("length out of bounds", &["unexpected end"]),
    ("malformed elements segment kind", &["unexpected end"]),
    ("malformed import kind", &["unexpected end"]),
    ("malformed limits flags", &["unexpected end"]),
    ("malformed section id", &["unexpected end"]),
    (
        "malformed memop flags",
        &["alignment must not be larger than natural", "type mismatch"],
    ),
    ("section size mismatch", &["unexpected end"]),
    ("unexpected end", &["length out of bounds"]),
    (
        "unexpected end of section or function",
        &["length out of bounds", "unknown label"],
    ),
];

/// Whether our message is what the script asks for: begins with its phrase, or with what we say in its place.
pub(super) fn matches(expected: &str, actual: &str) -> bool {
    let actual = short(actual);
    // An index at the end of the phrase names what we name elsewhere in ours, or do not know.
    let phrase = expected
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end();
    let begins = |phrase: &str| actual.starts_with(phrase);
    let mut aliases = ALIASES.iter().filter(|(official, _)| *official == phrase);
    begins(phrase) || aliases.any(|(_, ours)| ours.iter().copied().any(begins))
}

/// Our message without what surrounds the phrase: the stage that an error comes from stands before it, a backtrace follows below.
pub(super) fn short(message: &str) -> &str {
    let first = message.lines().next().unwrap_or_default();
    let mut leads = LEADS.iter();
    leads
        .find_map(|lead| first.strip_prefix(lead))
        .unwrap_or(first)
}

/// The beginnings of messages, before the phrase.
const LEADS: &[&str] = &["compilation failed: ", "wasm trap: "];

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_message_begins_with_the_phrase() {
        assert!(matches(
            "type mismatch",
            "compilation failed: type mismatch: expected i32, found i64 (at offset 0x20)"
        ));
        assert!(!matches("type mismatch", "unknown local 3"));
    }

    #[test]
    fn an_index_at_the_end_is_not_compared() {
        assert!(matches("uninitialized element 2", "uninitialized element"));
    }

    #[test]
    fn an_alias_counts_for_its_official_phrase_only() {
        assert!(matches(
            "unreachable",
            "wasm `unreachable` instruction executed"
        ));
        assert!(!matches(
            "integer overflow",
            "wasm `unreachable` instruction executed"
        ));
    }
}
