//! How alike two words are: which words could have been meant by one that is unknown.
//!
//! The measure is the one that the AWS CLI has from Python's `difflib`, so that the same words are
//! suggested: twice the letters that match, as a part of all letters. Those that match are the
//! longest run that both words have, and so on to the left and the right of it.

/// How alike words have to be.
const RATIO_MIN: f64 = 0.8;

/// How many words are suggested at most.
const SUGGESTIONS_MAX: usize = 3;

/// A word that is longer is like none of ours.
const LETTERS_MAX: usize = 200;

/// Those of `known` that are much like `word`, the most alike first.
pub(crate) fn close_matches<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() > LETTERS_MAX {
        return Vec::new();
    }
    let mut close: Vec<(f64, &str)> = known
        .into_iter()
        .map(|known| (ratio(&known.chars().collect::<Vec<_>>(), &letters), known))
        .filter(|(ratio, _)| *ratio >= RATIO_MIN)
        .collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| b.1.cmp(a.1)));
    close.truncate(SUGGESTIONS_MAX);
    close.into_iter().map(|(_, known)| known.to_owned()).collect()
}

/// How alike two words are, from 0 to 1; words that are too long are like none.
pub(crate) fn likeness(word: &str, other: &str) -> f64 {
    let (word, other): (Vec<char>, Vec<char>) = (word.chars().collect(), other.chars().collect());
    if LETTERS_MAX < word.len() || LETTERS_MAX < other.len() { 0.0 } else { ratio(&other, &word) }
}

fn ratio(a: &[char], b: &[char]) -> f64 {
    let all = a.len() + b.len();
    if all == 0 { 1.0 } else { 2.0 * matching(a, b) as f64 / all as f64 }
}

/// How many letters match.
fn matching(a: &[char], b: &[char]) -> usize {
    let mut parts = vec![(a, b)];
    let mut sum = 0;
    while let Some((a, b)) = parts.pop() {
        let (at_a, at_b, length) = longest_run(a, b);
        if length > 0 {
            sum += length;
            parts.push((&a[..at_a], &b[..at_b]));
            parts.push((&a[at_a + length..], &b[at_b + length..]));
        }
    }
    sum
}

/// The longest run that is in both, the first of those in `a`, and then in `b`: where it begins in
/// each, and how long it is.
fn longest_run(a: &[char], b: &[char]) -> (usize, usize, usize) {
    let mut best = (0, 0, 0);
    let mut ending_before = vec![0; b.len() + 1];
    for (at_a, letter) in a.iter().enumerate() {
        let mut ending_here = vec![0; b.len() + 1];
        for (at_b, other) in b.iter().enumerate() {
            if letter == other {
                let length = ending_before[at_b] + 1;
                ending_here[at_b + 1] = length;
                if length > best.2 {
                    best = (at_a + 1 - length, at_b + 1 - length, length);
                }
            }
        }
        ending_before = ending_here;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `difflib.get_close_matches(word, known, cutoff=0.8)` gave.
    #[test]
    fn the_words_that_python_suggests() {
        let known = || ["list-domains", "list-activity-types", "list-workflow-types", "help"];
        let check = |word, expected: &[&str]| assert_eq!(close_matches(word, known()), expected);
        check("list-domain", &["list-domains"]);
        check("domains-list", &[]);
        check("list-activty-type", &["list-activity-types"]);
        check("list-activitflow-types", &["list-activity-types"]);
        check("", &[]);
        check("halp", &[]);
    }

    #[test]
    fn at_most_three_are_suggested() {
        let close = close_matches("aaaab", ["aaaaa", "aaaac", "aaaad", "aaaae"]);
        assert_eq!(close, ["aaaae", "aaaad", "aaaac"]);
    }
}
