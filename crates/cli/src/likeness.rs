//! How alike two words are: which words could have been meant by one that is unknown.
//!
//! The measure is the one that the AWS CLI has from Python's `difflib`, so that the same words are
//! suggested: twice the letters that match, as a part of all letters. Those that match are the
//! longest run that both words have, and so on to the left and the right of it.

/// How alike words have to be.
const RATIO_MIN: f64 = 0.8;

/// How many words are suggested at most.
const SUGGESTIONS_MAX: usize = 3;

/// How alike a name has to be to another of one word, if that may be the same in other letters.
const NAME_RATIO_MIN: f64 = 0.75;

/// How alike the first words of two names of several words have to be, and the whole.
const FIRST_RATIO_MIN: f64 = 0.8;
const WHOLE_RATIO_MIN: f64 = 0.6;

/// A shorter name is no part of a longer one that says anything.
const PART_LETTERS_MIN: usize = 3;

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

/// How alike two names are, from 0 to 1, one of which may be the other renamed or misspelled;
/// nothing if that is not likely. Names begin with what they are of and end with which of it, as in
/// `orders-blue` and `orders-green`: that they end alike (`orders-list`, `mail-list`) says nothing.
pub(crate) fn renamed(name: &str, other: &str) -> Option<f64> {
    let (words, others) = (words(name), words(other));
    let (name, other) = (words.concat(), others.concat());
    let shorter = name.chars().count().min(other.chars().count());
    let alike = likeness(&name, &other);
    let is_more = name.starts_with(&other) || other.starts_with(&name);
    let is_likely = match (words.as_slice(), others.as_slice()) {
        ([], _) | (_, []) => false,
        (_, _) if is_more => PART_LETTERS_MIN <= shorter || name == other,
        ([_], [_]) => NAME_RATIO_MIN <= alike,
        ([first, ..], [other_first, ..]) => {
            FIRST_RATIO_MIN <= likeness(first, other_first) && WHOLE_RATIO_MIN <= alike
        }
    };
    is_likely.then_some(alike)
}

/// The words of a name in small letters: `orderItems`, `order-items` and `order_items` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (was_small && letter.is_uppercase()) {
            words.push(String::new());
        }
        was_small = letter.is_lowercase();
        if letter.is_alphanumeric() {
            words.last_mut().expect("there is one at least").extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// How alike two words are, from 0 to 1; words that are too long are like none.
fn likeness(word: &str, other: &str) -> f64 {
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
    fn names_that_may_be_renamed_ones_begin_alike() {
        for (name, other, expected) in [
            ("orders-blue", "orders-green", true),
            ("orders", "orders-v2", true),
            ("orders", "orders-with-a-much-longer-name", true),
            ("orderItems", "order_items", true),
            ("order-items", "orders-items", true),
            ("Mail", "mail", true),
            ("mial", "mail", true),
            ("ordres-blue", "orders-blue", true),
            ("漢字-1", "漢字-2", true),
            // What they share is what lists are called.
            ("orders-list", "mail-list", false),
            ("retail-tasklist", "mail-tasklist", false),
            ("OrdersTaskList", "PaymentsTaskList", false),
            ("east-orders", "west-orders", false),
            ("shop.decisions.default", "bank.decisions.default", false),
            ("orders-production", "mail-production", false),
            ("mail", "production-eu-west-1-mail", false),
            ("mail", "sms", false),
            ("a", "anything", false),
            ("", "mail", false),
            ("---", "___", false),
        ] {
            assert_eq!(renamed(name, other).is_some(), expected, "{name} {other}");
            assert_eq!(renamed(other, name).is_some(), expected, "{other} {name}");
        }
    }

    #[test]
    fn at_most_three_are_suggested() {
        let close = close_matches("aaaab", ["aaaaa", "aaaac", "aaaad", "aaaae"]);
        assert_eq!(close, ["aaaae", "aaaad", "aaaac"]);
    }
}
