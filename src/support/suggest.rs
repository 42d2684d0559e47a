//! Suggests the name that was probably meant by one that does not exist.

/// Returns the candidate most like a name, if one is like it: few letters differ, or only their case or punctuation does.
pub(crate) fn suggest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    // Enough for any name that people write; longer ones are not worth the time.
    const MOST: usize = 64;
    if name.len() > MOST {
        return None;
    }
    candidates
        .filter(|candidate| candidate.len() <= MOST)
        .take(10_000)
        .filter_map(|candidate| {
            let distance = match plain(name) == plain(candidate) {
                true => 0,
                false => distance(name.as_bytes(), candidate.as_bytes()),
            };
            // A third of the letters, and so never all of a short name's.
            let most = name.len().min(candidate.len()).div_ceil(3);
            (distance <= most).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A name's letters and digits, in lower case.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The number of bytes to insert, remove or replace to make one name of the other.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(suggest(name, candidates.iter().copied()), expected);
    }

    #[test]
    fn a_name_with_a_swapped_letter_is_suggested() {
        check("fd_wirte", &["fd_read", "fd_write"], Some("fd_write"));
    }

    #[test]
    fn a_name_of_other_case_and_punctuation_is_suggested_first() {
        check("readFile", &["read_fil", "read_file"], Some("read_file"));
    }

    #[test]
    fn unlike_names_are_not_suggested() {
        check("print", &["open", "seek"], None);
        check("", &["a"], None);
    }

    #[test]
    fn the_distance_counts_single_changes() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
    }
}
