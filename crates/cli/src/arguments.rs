//! Words into options and what is left: the rules of the AWS CLI's parser of arguments.
//!
//! A word is an option if it is one's name, or the beginning of one's alone; `--name=value` holds
//! its value. A word that begins with a dash is never a value, unless it is a negative number, a
//! dash or has a space in it. Unknown options take no value. The parser knows the shape of options
//! and nothing of what they mean.

use crate::refused::UsageError;

/// How many values an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// None
    Nothing,
    /// One
    One,
    /// One or none
    Maybe,
    /// All that follow
    Any,
}

/// An option as the parser sees it: its name without dashes, and what it takes.
pub(crate) type Shape<'a> = (&'a str, Takes);

/// What is no option and no value of one, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rest {
    /// The words
    pub words: Vec<String>,
    /// The places of those among them that do not look like options.
    pub plain: Vec<usize>,
    /// Whether the separator stands right behind the first of those.
    separated: bool,
}

impl Rest {
    /// The first word that looks like no option, and the others. The separator goes with the word
    /// beside which it stands, or with none, since the AWS CLI's parser takes it for a part of the
    /// argument that the word is.
    pub fn take(self) -> (Option<String>, Vec<String>) {
        let Rest { mut words, plain, separated } = self;
        let Some(place) = plain.first().copied() else {
            words.retain(|word| word != SEPARATOR);
            return (None, words);
        };
        let word = words.remove(place);
        if separated {
            words.remove(place);
        } else if place > 0 && words[place - 1] == SEPARATOR {
            words.remove(place - 1);
        }
        (Some(word), words)
    }
}

/// What nothing behind is an option of.
const SEPARATOR: &str = "--";

/// What a word is.
#[derive(Clone, Debug)]
enum Word {
    /// One of the options, and the value behind its `=`.
    Known(usize, Option<String>),
    /// It looks like an option.
    Unknown,
    /// What nothing behind is an option of.
    Separator,
    /// A value, or a word by itself.
    Plain,
}

/// Goes through words and tells `found` of each option with its values, in order.
///
/// # Errors
///
/// What does not fit, or what `found` says. That an option is ambiguous comes before all else.
pub(crate) fn parse<E: From<UsageError>>(
    options: &[Shape<'_>],
    words: &[String],
    mut found: impl FnMut(usize, Vec<String>) -> Result<(), E>,
) -> Result<Rest, E> {
    let kinds = classify(options, words)?;
    let mut rest = Rest::default();
    let mut place = 0;
    while place < words.len() {
        let word = &words[place];
        let kind = &kinds[place];
        place += 1;
        match kind {
            Word::Known(option, explicit) => {
                let (name, takes) = options[*option];
                let values = match explicit {
                    Some(value) if takes == Takes::Nothing => {
                        return Err(E::from(UsageError::ExplicitValue {
                            argument: format!("--{name}"),
                            value: value.clone(),
                        }));
                    }
                    Some(value) => vec![value.clone()],
                    None => {
                        let most = match takes {
                            Takes::Nothing => 0,
                            Takes::One | Takes::Maybe => 1,
                            Takes::Any => usize::MAX,
                        };
                        let following = kinds[place..].iter().take(most);
                        let count = following.take_while(|kind| is_plain(kind)).count();
                        place += count;
                        words[place - count..place].to_vec()
                    }
                };
                if takes == Takes::One && values.is_empty() {
                    return Err(E::from(UsageError::NoValue(format!("--{name}"))));
                }
                found(*option, values)?;
            }
            Word::Plain => {
                if rest.plain.is_empty() {
                    rest.separated = matches!(kinds.get(place), Some(Word::Separator));
                }
                rest.plain.push(rest.words.len());
                rest.words.push(word.clone());
            }
            Word::Unknown | Word::Separator => rest.words.push(word.clone()),
        }
    }
    Ok(rest)
}

fn is_plain(word: &Word) -> bool {
    match word {
        Word::Plain => true,
        Word::Known(..) | Word::Unknown | Word::Separator => false,
    }
}

fn classify(options: &[Shape<'_>], words: &[String]) -> Result<Vec<Word>, UsageError> {
    let mut separated = false;
    let mut kinds = Vec::with_capacity(words.len());
    for word in words {
        kinds.push(if separated {
            Word::Plain
        } else if word == SEPARATOR {
            separated = true;
            Word::Separator
        } else {
            kind_of(options, word)?
        });
    }
    Ok(kinds)
}

fn kind_of(options: &[Shape<'_>], word: &str) -> Result<Word, UsageError> {
    if !word.starts_with('-') || word == "-" {
        return Ok(Word::Plain);
    }
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        if let Some(option) = options.iter().position(|(known, _)| *known == name) {
            return Ok(Word::Known(option, value));
        }
        let begins: Vec<usize> =
            (0..options.len()).filter(|option| options[*option].0.starts_with(name)).collect();
        match begins.as_slice() {
            [] => (),
            [option] => return Ok(Word::Known(*option, value)),
            [..] => {
                let matches = begins.iter().map(|option| format!("--{}", options[*option].0));
                let given = word.to_owned();
                return Err(UsageError::Ambiguous { given, matches: matches.collect() });
            }
        }
    }
    let plain = is_negative_number(word) || word.contains(' ');
    Ok(if plain { Word::Plain } else { Word::Unknown })
}

/// Whether a word is a minus with digits behind it, or with digits around or behind a point.
fn is_negative_number(word: &str) -> bool {
    let Some(number) = word.strip_prefix('-') else { return false };
    let (before, after) = number.split_once('.').unwrap_or(("", number));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(before) && !after.is_empty() && all_digits(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[Shape<'static>] = &[
        ("domain", Takes::One),
        ("reverse-order", Takes::Nothing),
        ("no-reverse-order", Takes::Nothing),
        ("tag-list", Takes::Any),
        ("tag-filter", Takes::One),
        ("skeleton", Takes::Maybe),
    ];

    fn parsed(line: &str) -> Result<String, UsageError> {
        let words: Vec<String> =
            line.split(' ').map(|word| word.replace('_', " ")).filter(|w| !w.is_empty()).collect();
        let mut shown = Vec::new();
        let rest = parse(OPTIONS, &words, |option, values| {
            shown.push(format!("{}{values:?}", OPTIONS[option].0));
            Ok::<(), UsageError>(())
        })?;
        let plain: Vec<&str> = rest.plain.iter().map(|at| rest.words[*at].as_str()).collect();
        Ok(format!("{} rest {:?} plain {plain:?}", shown.join(" "), rest.words))
    }

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let shown = match parsed(line) {
            Ok(shown) => shown,
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{line}");
    }

    #[test]
    fn options_take_their_values() {
        check("--domain d x", r#"domain["d"] rest ["x"] plain ["x"]"#);
        check("--domain=d=e", r#"domain["d=e"] rest [] plain []"#);
        check("--domain=", r#"domain[""] rest [] plain []"#);
        check("--tag-list a b --skeleton --domain d", {
            r#"tag-list["a", "b"] skeleton[] domain["d"] rest [] plain []"#
        });
        check("--skeleton output x", r#"skeleton["output"] rest ["x"] plain ["x"]"#);
        check("--tag-list --tag-list=a b", {
            r#"tag-list[] tag-list["a"] rest ["b"] plain ["b"]"#
        });
    }

    #[test]
    fn an_option_is_known_by_the_beginning_of_its_name_alone() {
        check("--rev --no-r --do d", {
            r#"reverse-order[] no-reverse-order[] domain["d"] rest [] plain []"#
        });
        check("--tag-f=x", r#"tag-filter["x"] rest [] plain []"#);
        check("--tag x", "ambiguous option: --tag could match --tag-list, --tag-filter");
    }

    #[test]
    fn what_begins_with_a_dash_is_no_value_unless_it_is_a_number() {
        check("--domain -5", r#"domain["-5"] rest [] plain []"#);
        check("--domain -.5", r#"domain["-.5"] rest [] plain []"#);
        check("--domain -", r#"domain["-"] rest [] plain []"#);
        check("--domain -a_b", r#"domain["-a b"] rest [] plain []"#);
        check("--domain=-x", r#"domain["-x"] rest [] plain []"#);
        check("--domain -x", "argument --domain: expected one argument");
        check("--domain -5.", "argument --domain: expected one argument");
        check("--domain", "argument --domain: expected one argument");
    }

    #[test]
    fn unknown_options_take_no_value() {
        check("--bogus x --domain d -q", {
            r#"domain["d"] rest ["--bogus", "x", "-q"] plain ["x"]"#
        });
        check("--reverse-order=1", "argument --reverse-order: ignored explicit argument '1'");
    }

    #[test]
    fn behind_two_dashes_nothing_is_an_option() {
        check("--tag-list a -- --domain d", {
            r#"tag-list["a"] rest ["--", "--domain", "d"] plain ["--domain", "d"]"#
        });
    }

    /// The word that an argument is, and what is left.
    #[test]
    fn two_dashes_go_with_the_word_beside_them() {
        for (line, word, left) in [
            ("x -- y", Some("x"), "y"),
            ("-- x y", Some("x"), "y"),
            ("-q -- x", Some("x"), "-q"),
            ("-q --", None, "-q"),
            ("x --domain d -- y", Some("x"), "-- y"),
            ("x -q -- y", Some("x"), "-q -- y"),
            ("-- --", Some("--"), ""),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let rest = parse::<UsageError>(OPTIONS, &words, |_, _| Ok(())).expect("it fits");
            let (taken, words) = rest.take();
            assert_eq!((taken.as_deref(), words.join(" ").as_str()), (word, left), "{line}");
        }
    }
}
