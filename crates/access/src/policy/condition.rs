//! Conditions: an operator, a key, and the values to compare the request's with. The truth table is
//! that of access.md, section 2.3.

use super::key::{Context, Found, Key};
use super::pattern::{Pattern, PatternError, Syntax};
use super::resource::{NameError, NamePattern};
use super::statement::Effect;
use super::value::{Buffer, Decimal, Network, Value, parse_moment, parse_truth};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::cmp::Ordering;
use wire::Timestamp;

/// How a condition is named in a policy, such as `ForAnyValue:StringNotEqualsIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    quantifier: Quantifier,
    kind: Kind,
    negated: bool,
    if_exists: bool,
}

/// How many of a request's values have to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    /// The one that there is.
    Plain,
    /// `ForAllValues`.
    All,
    /// `ForAnyValue`.
    Any,
}

/// How a value of the request is compared with one of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    TextIgnoringCase,
    TextLike,
    Number(Comparison),
    Moment(Comparison),
    Truth,
    Bytes,
    Address,
    Name,
    Absence,
}

/// What the request's value has to be, seen from the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Comparison::Equal => ordering.is_eq(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// Each operator, and whether it is a negation.
const OPERATORS: &[(&str, Kind, bool)] = &[
    ("StringEquals", Kind::Text, false),
    ("StringNotEquals", Kind::Text, true),
    ("StringEqualsIgnoreCase", Kind::TextIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Kind::TextIgnoringCase, true),
    ("StringLike", Kind::TextLike, false),
    ("StringNotLike", Kind::TextLike, true),
    ("NumericEquals", Kind::Number(Comparison::Equal), false),
    ("NumericNotEquals", Kind::Number(Comparison::Equal), true),
    ("NumericLessThan", Kind::Number(Comparison::Less), false),
    ("NumericLessThanEquals", Kind::Number(Comparison::LessOrEqual), false),
    ("NumericGreaterThan", Kind::Number(Comparison::Greater), false),
    ("NumericGreaterThanEquals", Kind::Number(Comparison::GreaterOrEqual), false),
    ("DateEquals", Kind::Moment(Comparison::Equal), false),
    ("DateNotEquals", Kind::Moment(Comparison::Equal), true),
    ("DateLessThan", Kind::Moment(Comparison::Less), false),
    ("DateLessThanEquals", Kind::Moment(Comparison::LessOrEqual), false),
    ("DateGreaterThan", Kind::Moment(Comparison::Greater), false),
    ("DateGreaterThanEquals", Kind::Moment(Comparison::GreaterOrEqual), false),
    ("Bool", Kind::Truth, false),
    ("BinaryEquals", Kind::Bytes, false),
    ("IpAddress", Kind::Address, false),
    ("NotIpAddress", Kind::Address, true),
    ("ArnEquals", Kind::Name, false),
    ("ArnLike", Kind::Name, false),
    ("ArnNotEquals", Kind::Name, true),
    ("ArnNotLike", Kind::Name, true),
];

/// The one operator without modifiers.
const NULL: &str = "Null";

impl Operator {
    /// Reads an operator's name with its modifiers.
    pub(super) fn parse(name: &str) -> Option<Operator> {
        let (quantifier, name) = match name.split_once(':') {
            Some(("ForAllValues", name)) => (Quantifier::All, name),
            Some(("ForAnyValue", name)) => (Quantifier::Any, name),
            Some(_) => return None,
            None if name == NULL => {
                let (quantifier, kind) = (Quantifier::Plain, Kind::Absence);
                return Some(Operator { quantifier, kind, negated: false, if_exists: false });
            }
            None => (Quantifier::Plain, name),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (_, kind, negated) = OPERATORS.iter().find(|(known, ..)| *known == name)?;
        Some(Operator { quantifier, kind: *kind, negated: *negated, if_exists })
    }
}

/// A test and the policy's values for it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Text(Vec<Pattern>),
    TextIgnoringCase(Vec<Pattern>),
    TextLike(Vec<Pattern>),
    Number(Comparison, Vec<Decimal<'static>>),
    Moment(Comparison, Vec<Timestamp>),
    Truth(Vec<bool>),
    Bytes(Vec<Vec<u8>>),
    Address(Vec<Network>),
    Name(Vec<NamePattern>),
    Absence(Vec<bool>),
}

/// Why a value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ValueError {
    /// It is none of this operator's.
    Unreadable,
    /// `Null` compares with `true` and `false` alone.
    Null,
    /// What is no variable.
    Pattern(PatternError),
}

impl From<PatternError> for ValueError {
    fn from(error: PatternError) -> ValueError {
        ValueError::Pattern(error)
    }
}

impl From<NameError> for ValueError {
    fn from(error: NameError) -> ValueError {
        match error {
            NameError::Malformed | NameError::VariableBeforeLast => ValueError::Unreadable,
            NameError::Pattern(error) => ValueError::Pattern(error),
        }
    }
}

impl Test {
    fn without_values(kind: Kind) -> Test {
        match kind {
            Kind::Text => Test::Text(Vec::new()),
            Kind::TextIgnoringCase => Test::TextIgnoringCase(Vec::new()),
            Kind::TextLike => Test::TextLike(Vec::new()),
            Kind::Number(comparison) => Test::Number(comparison, Vec::new()),
            Kind::Moment(comparison) => Test::Moment(comparison, Vec::new()),
            Kind::Truth => Test::Truth(Vec::new()),
            Kind::Bytes => Test::Bytes(Vec::new()),
            Kind::Address => Test::Address(Vec::new()),
            Kind::Name => Test::Name(Vec::new()),
            Kind::Absence => Test::Absence(Vec::new()),
        }
    }

    /// Reads one value of the policy.
    fn read(&mut self, text: &str, variables: bool) -> Result<(), ValueError> {
        let unreadable = ValueError::Unreadable;
        match self {
            Test::Text(patterns) | Test::TextIgnoringCase(patterns) => {
                patterns.push(Pattern::parse(text, Syntax { wildcards: false, variables })?);
            }
            Test::TextLike(patterns) => {
                patterns.push(Pattern::parse(text, Syntax { wildcards: true, variables })?);
            }
            Test::Number(_, numbers) => {
                numbers.push(Decimal::parse(text).ok_or(unreadable)?.into_owned());
            }
            Test::Moment(_, moments) => moments.push(parse_moment(text).ok_or(unreadable)?),
            Test::Truth(truths) => truths.push(parse_truth(text).ok_or(unreadable)?),
            Test::Bytes(values) => values.push(STANDARD.decode(text).map_err(|_| unreadable)?),
            Test::Address(networks) => networks.push(Network::parse(text).ok_or(unreadable)?),
            Test::Name(names) => names.push(NamePattern::of_condition(text, variables)?),
            Test::Absence(truths) => truths.push(parse_truth(text).ok_or(ValueError::Null)?),
        }
        Ok(())
    }

    /// Whether one value of the request matches any of the policy's.
    fn matches(&self, value: Value<'_>, context: &Context<'_>) -> bool {
        let mut buffer = Buffer::new();
        match self {
            Test::Text(patterns) | Test::TextLike(patterns) => {
                let text = value.text(&mut buffer);
                patterns.iter().any(|pattern| pattern.matches(text, context))
            }
            Test::TextIgnoringCase(patterns) => {
                let text = value.text(&mut buffer);
                patterns.iter().any(|pattern| pattern.equals_ignoring_case(text, context))
            }
            Test::Number(comparison, numbers) => Decimal::parse(value.text(&mut buffer))
                .is_some_and(|value| {
                    numbers.iter().any(|number| comparison.holds(value.cmp(number)))
                }),
            Test::Moment(comparison, moments) => value.moment().is_some_and(|value| {
                moments.iter().any(|moment| comparison.holds(value.cmp(moment)))
            }),
            Test::Truth(truths) => {
                parse_truth(value.text(&mut buffer)).is_some_and(|value| truths.contains(&value))
            }
            Test::Bytes(values) => {
                let bytes = value.text(&mut buffer).as_bytes();
                values.iter().any(|value| value == bytes)
            }
            Test::Address(networks) => value
                .address()
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
            Test::Name(names) => {
                let text = value.text(&mut buffer);
                names.iter().any(|name| name.matches_value(text, context))
            }
            // It looks at whether there is a value, and here there is.
            Test::Absence(truths) => truths.contains(&false),
        }
    }
}

/// A condition of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    operator: Operator,
    key: Key,
    test: Test,
}

impl Condition {
    /// A condition without values yet.
    pub(super) fn new(operator: Operator, key: Key) -> Condition {
        Condition { operator, key, test: Test::without_values(operator.kind) }
    }

    /// Reads one of its values.
    pub(super) fn read(&mut self, text: &str, variables: bool) -> Result<(), ValueError> {
        self.test.read(text, variables)
    }

    /// The keys of variables in its values.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        let (patterns, names): (&[Pattern], &[NamePattern]) = match &self.test {
            Test::Text(patterns) | Test::TextIgnoringCase(patterns) | Test::TextLike(patterns) => {
                (patterns, &[])
            }
            Test::Name(names) => (&[], names),
            Test::Number(..)
            | Test::Moment(..)
            | Test::Truth(_)
            | Test::Bytes(_)
            | Test::Address(_)
            | Test::Absence(_) => (&[], &[]),
        };
        let of_names = names.iter().flat_map(NamePattern::keys);
        patterns.iter().flat_map(Pattern::keys).chain(of_names)
    }

    /// Whether the condition holds in a statement of that effect.
    pub(super) fn holds(&self, effect: Effect, context: &Context<'_>) -> bool {
        let Operator { quantifier, negated, .. } = self.operator;
        let passes = |value: Value<'_>| self.test.matches(value, context) != negated;
        match (context.find(&self.key), quantifier) {
            (Found::Absent, _) => self.holds_without_value(effect),
            (Found::One(value), _) => passes(value),
            // Only an operator on sets can judge several values, but that there are some is plain.
            (Found::Many(_), Quantifier::Plain) => match &self.test {
                Test::Absence(truths) => truths.contains(&false),
                Test::Text(_)
                | Test::TextIgnoringCase(_)
                | Test::TextLike(_)
                | Test::Number(..)
                | Test::Moment(..)
                | Test::Truth(_)
                | Test::Bytes(_)
                | Test::Address(_)
                | Test::Name(_) => false,
            },
            (Found::Many(values), Quantifier::All) => {
                values.iter().all(|value| passes(Value::Text(value)))
            }
            (Found::Many(values), Quantifier::Any) => {
                values.iter().any(|value| passes(Value::Text(value)))
            }
        }
    }

    fn holds_without_value(&self, effect: Effect) -> bool {
        let Operator { quantifier, negated, if_exists, .. } = self.operator;
        match (&self.test, quantifier) {
            (Test::Absence(truths), _) => truths.contains(&true),
            (_, Quantifier::All) => true,
            // AWS does not say what `ForAnyValue:...IfExists` is: whatever denies more.
            (_, Quantifier::Any) => if_exists && effect == Effect::Deny,
            (_, Quantifier::Plain) => if_exists || negated,
        }
    }
}
