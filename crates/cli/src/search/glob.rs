//! Patterns of texts: `*` is any number of characters, `?` is one, `\` makes the next one plain.

/// A pattern that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob(Vec<Piece>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Plain(char),
    One,
    Any,
}

impl Glob {
    /// Every text is a pattern. A `\` at the end is plain.
    pub(super) fn parse(text: &str) -> Glob {
        let mut pieces = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            pieces.push(match character {
                '*' => Piece::Any,
                '?' => Piece::One,
                '\\' => Piece::Plain(characters.next().unwrap_or('\\')),
                plain => Piece::Plain(plain),
            });
        }
        Glob(pieces)
    }

    /// Whether all of a text is as the pattern says. What follows the newest `*` is tried at one
    /// place after another, and no earlier one is come back to: the work is bounded by the product
    /// of both lengths.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut piece) = (0, 0);
        // Behind the newest `*`, and where in the text that is tried.
        let mut newest: Option<(usize, usize)> = None;
        loop {
            match self.0.get(piece) {
                Some(Piece::Any) => {
                    piece += 1;
                    newest = Some((piece, at));
                    continue;
                }
                Some(Piece::One) if at < text.len() => {
                    (at, piece) = (at + 1, piece + 1);
                    continue;
                }
                Some(Piece::Plain(plain)) if text.get(at) == Some(plain) => {
                    (at, piece) = (at + 1, piece + 1);
                    continue;
                }
                None if at == text.len() => return true,
                Some(Piece::One | Piece::Plain(_)) | None => (),
            }
            match newest {
                Some((behind, tried)) if tried < text.len() => {
                    newest = Some((behind, tried + 1));
                    (at, piece) = (tried + 1, behind);
                }
                Some(_) | None => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_of_the_whole_text() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("order", "order", true),
            ("order", "orders", false),
            ("order-*", "order-", true),
            ("order-*", "order-1", true),
            ("order-*", "an order-1", false),
            ("*", "", true),
            ("**", "a", true),
            ("*-1", "a-1-1", true),
            ("*-1", "a-1-2", false),
            ("a*b*c", "abbc", true),
            ("a*b*c", "acb", false),
            ("?", "é", true),
            ("?", "", false),
            ("a?c", "abc", true),
            ("*a?", "aab", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"a\", r"a\", true),
            ("ABC", "abc", false),
        ] {
            assert_eq!(Glob::parse(pattern).matches(text), expected, "{pattern} of {text}");
        }
    }

    #[test]
    fn a_pattern_that_almost_matches_takes_no_time() {
        let pattern = Glob::parse(&"*a".repeat(2000));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(256))));
    }
}
