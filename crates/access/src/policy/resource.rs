//! Names of resources (ARNs), and the patterns of names in policies.

use super::key::{Context, Key};
use super::pattern::{Pattern, PatternError, Syntax, variable_length};

/// What stands before the name proper: `arn`, partition, service, region and account.
const SEGMENTS: usize = 5;
/// Which of them is the region.
const REGION: usize = 3;

/// A whole name, split at its first five colons. The last part keeps the colons it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    segments: [&'a str; SEGMENTS],
    last: &'a str,
}

impl<'a> Name<'a> {
    /// Splits a name. A text with fewer colons is none.
    pub(super) fn split(text: &'a str) -> Option<Name<'a>> {
        let mut rest = text;
        let mut segments = [""; SEGMENTS];
        for segment in &mut segments {
            (*segment, rest) = rest.split_once(':')?;
        }
        Some(Name { segments, last: rest })
    }
}

/// A pattern of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NamePattern {
    /// `*` alone: even what is no name.
    Any,
    /// A wildcard does not cross a colon, but in the last part.
    Parts(Box<Parts>),
}

/// The patterns of a name's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    segments: [Pattern; SEGMENTS],
    last: Pattern,
}

/// Why a text is no pattern of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NameError {
    /// It does not begin like a name, or has too few parts.
    Malformed,
    /// A variable stands before the last part.
    VariableBeforeLast,
    /// What is no variable.
    Pattern(PatternError),
}

impl From<PatternError> for NameError {
    fn from(error: PatternError) -> NameError {
        NameError::Pattern(error)
    }
}

impl NamePattern {
    /// Reads a pattern of a statement's resources. Parts that it lacks may be anything.
    pub(super) fn of_resource(text: &str, variables: bool) -> Result<NamePattern, NameError> {
        if !text.starts_with("arn:") && !text.starts_with('*') {
            return Err(NameError::Malformed);
        }
        let pattern = NamePattern::parse(text, variables, true)?;
        match &pattern {
            NamePattern::Parts(parts) if parts.segments.iter().any(has_variable) => {
                Err(NameError::VariableBeforeLast)
            }
            NamePattern::Parts(_) | NamePattern::Any => Ok(pattern),
        }
    }

    /// Reads a pattern that a condition compares names with. Only a whole one can match.
    pub(super) fn of_condition(text: &str, variables: bool) -> Result<NamePattern, NameError> {
        NamePattern::parse(text, variables, false)
    }

    fn parse(text: &str, variables: bool, short: bool) -> Result<NamePattern, NameError> {
        if text == "*" {
            return Ok(NamePattern::Any);
        }
        let syntax = Syntax { wildcards: true, variables };
        let mut rest = Some(text);
        let mut segments = [const { Pattern::Any }; SEGMENTS];
        for segment in &mut segments {
            let Some(text) = rest else { break };
            let end = colon(text, variables);
            *segment = Pattern::parse(&text[..end.unwrap_or(text.len())], syntax)?;
            rest = end.map(|end| &text[end + 1..]);
        }
        let last = match rest {
            Some(text) => Pattern::parse(text, syntax)?,
            None if short => Pattern::Any,
            None => return Err(NameError::Malformed),
        };
        Ok(NamePattern::Parts(Box::new(Parts { segments, last })))
    }

    /// The keys of its variables.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        let parts = match self {
            NamePattern::Any => None,
            NamePattern::Parts(parts) => Some(parts),
        };
        parts.into_iter().flat_map(|parts| parts.patterns()).flat_map(Pattern::keys)
    }

    /// Whether a name of a request is like this pattern, or the same name without its region is
    /// (access.md, section 1.1). What is no name is matched by `*` alone.
    pub(super) fn matches_resource(&self, name: Option<&Name<'_>>, context: &Context<'_>) -> bool {
        match (self, name) {
            (NamePattern::Any, _) => true,
            (NamePattern::Parts(_), None) => false,
            (NamePattern::Parts(parts), Some(name)) => {
                let regionless = parts.segments[REGION].matches("", context);
                parts.matches(name, regionless, context)
            }
        }
    }

    /// Whether the value of a condition key is like this pattern.
    pub(super) fn matches_value(&self, value: &str, context: &Context<'_>) -> bool {
        match self {
            NamePattern::Any => true,
            NamePattern::Parts(parts) => {
                Name::split(value).is_some_and(|name| parts.matches(&name, false, context))
            }
        }
    }
}

impl Parts {
    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.segments.iter().chain(std::iter::once(&self.last))
    }

    fn matches(&self, name: &Name<'_>, any_region: bool, context: &Context<'_>) -> bool {
        // What differs most often comes first.
        self.last.matches(name.last, context)
            && self.segments.iter().zip(name.segments).enumerate().all(|(at, (pattern, text))| {
                (at == REGION && any_region) || pattern.matches(text, context)
            })
    }
}

fn has_variable(pattern: &Pattern) -> bool {
    pattern.keys().next().is_some()
}

/// The first colon that is not inside a variable.
fn colon(text: &str, variables: bool) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = &text[from..];
        let colon = rest.find(':')?;
        match rest.find("${").filter(|at| variables && *at < colon) {
            // A variable that does not end is refused by who reads it.
            Some(start) => from += start + variable_length(&rest[start..])?,
            None => return Some(from + colon),
        }
    }
}
