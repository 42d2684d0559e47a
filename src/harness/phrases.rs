//! How a script's message is compared with ours.
//!
//! Our errors begin with the official suite's own phrase wherever the suite has one, so comparing means looking for it.
//! The suite has changed some of its phrases over the years, though, and the engine reports a few traps under a name of
//! its own; the one table here says which of our phrases count for which of the suite's.

/// An official phrase, and what we say in its place.
const ALIASES: &[(&str, &str)] = &[
    // Traps: the executor tells less, or says it in the words of other engines.
    ("unreachable", "wasm `unreachable` instruction executed"),
    ("uninitialized element", "uninitialized element"),
    ("undefined", "out of bounds table access"),
    ("null function reference", "null reference"),
    ("null structure reference", "null reference"),
    ("null array reference", "null reference"),
    ("null i31 reference", "null reference"),
    ("out of bounds array access", "out of bounds"),
    // Linking.
    ("unknown import", "has not been defined"),
    ("data segment does not fit", "out of bounds memory access"),
    (
        "elements segment does not fit",
        "out of bounds table access",
    ),
    // Phrases of WebAssembly 1.0 and 2.0 that the suite has since reworded, or whose rule has become another one.
    ("invalid UTF-8 encoding", "malformed UTF-8 encoding"),
    ("invalid mutability", "malformed mutability"),
    ("invalid section id", "malformed section id"),
    ("invalid value type", "malformed value type"),
    (
        "junk after last section",
        "unexpected content after last section",
    ),
    ("global is immutable", "immutable global"),
    ("immutable global", "global is immutable"),
    ("zero flag expected", "zero byte expected"),
    ("zero byte expected", "unknown memory"),
    ("multiple memories", "multi-memory is switched off"),
    ("unexpected end of section or function", "unexpected end"),
];

/// Whether our message is what the script asks for: begins with its phrase, or with what we say in its place.
pub(super) fn matches(expected: &str, actual: &str) -> bool {
    // The stage that an error comes from is named before the phrase, and a backtrace follows below.
    let actual = actual.lines().next().unwrap_or_default();
    let actual = LEADS
        .iter()
        .find_map(|lead| actual.strip_prefix(lead))
        .unwrap_or(actual);
    // An index at the end of the phrase names what we name elsewhere in ours, or do not know.
    let phrase = expected
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end();
    actual.starts_with(phrase)
        || ALIASES
            .iter()
            .any(|(official, ours)| phrase == *official && actual.starts_with(ours))
}

/// What stands before the phrase in our messages.
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
