//! Which known name was probably meant by one that is not known.

/// How many letters must be right.
const RIGHT_LETTERS_MIN: usize = 4;
/// How many letters may be wrong, in one place.
const WRONG_LETTERS_MAX: usize = 2;

/// True if `given` is `known` but for hyphens, underscores, capitals, and either one slip or an end
/// that is left out or added.
pub fn is_near(given: &str, known: &str) -> bool {
    let (given, known) = (letters(given), letters(known));
    let start = given.iter().zip(&known).take_while(|(a, b)| a == b).count();
    if start == given.len().min(known.len()) && RIGHT_LETTERS_MIN <= start {
        return true;
    }
    let (given, known) = (&given[start..], &known[start..]);
    let end = given.iter().rev().zip(known.iter().rev()).take_while(|(a, b)| a == b).count();
    let wrong = given.len().max(known.len()) - end;
    RIGHT_LETTERS_MIN <= start + end && wrong <= WRONG_LETTERS_MAX
}

/// The letters and digits in lower case, without the prefix of variables.
fn letters(name: &str) -> Vec<char> {
    let name = name.strip_prefix(super::sources::VARIABLE_PREFIX).unwrap_or(name);
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        for (given, known, expected) in [
            ("data-dir", "data_dir", true),
            ("datadir", "data_dir", true),
            ("Data_Dir", "data_dir", true),
            ("data", "data_dir", true),
            ("TIDEWHEEL_data_dir", "TIDEWHEEL_DATA_DIR", true),
            ("TIDEWHEEL_LISTENS", "TIDEWHEEL_LISTEN", true),
            ("lisetn", "listen", true),
            ("poll_hold", "poll_hold_seconds", true),
            ("listen_address", "listen", true),
            ("pol_hold_seconds", "poll_hold_seconds", true),
            ("log", "log_level", false),
            ("log_file", "log_format", false),
            ("", "listen", false),
            ("TIDEWHEEL_", "TIDEWHEEL_LISTEN", false),
            ("port", "listen", false),
            ("region", "listen", false),
        ] {
            assert_eq!(is_near(given, known), expected, "{given} and {known}");
        }
    }
}
