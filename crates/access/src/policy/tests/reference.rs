//! A second evaluator of policies: plain, obvious and slow. It walks the JSON of a document anew
//! for every question, and knows nothing of the first one's compiled form.
//!
//! It can be told to make mistakes, which the comparison has to notice.

use crate::policy::DenialReason;
use serde_json::Value;
use std::collections::BTreeMap;

/// What somebody who misreads the documentation gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// The first statement that matches decides.
    FirstMatchDecides,
    /// A negated operator holds if any of its values differs.
    NegatedIsAnyDiffers,
    /// A negated operator does not hold where there is no value.
    AbsentIsNotDifferent,
    /// `ForAllValues` does not hold where there is no value.
    AllOfNothingIsFalse,
    /// `ForAnyValue:...IfExists` holds where there is no value, whatever the effect.
    AnyIfExistsAllows,
    /// `...IfExists` of a negated operator does not hold where there is no value.
    IfExistsNegated,
    /// A plain operator looks at the first of several values.
    PlainTakesTheFirst,
    /// Wildcards in a variable's value are wildcards.
    ValuesHaveWildcards,
    /// Variables are there in every version.
    VariablesInEveryVersion,
    /// A variable without value makes its condition false, even a negated one.
    UnresolvedIsFalse,
    /// `*` crosses colons.
    StarCrossesColons,
    /// The last part of a resource ends at the next colon.
    LastPartEnds,
    /// The request's resource is a pattern, too.
    RequestIsAPattern,
    /// A name without its region is another name.
    NoAlias,
    /// Actions know upper and lower case.
    ActionsHaveCase,
    /// Keys know upper and lower case.
    KeysHaveCase,
    /// An empty value is no value.
    EmptyIsAbsent,
    /// What the boundary allows is allowed.
    BoundaryGrants,
    /// Each key of an operator is an alternative.
    KeysAreAlternatives,
    /// The root of an account cannot be denied anything.
    RootIsFree,
}

impl Mistake {
    /// All of them.
    pub(super) const ALL: [Mistake; 20] = [
        Mistake::FirstMatchDecides,
        Mistake::NegatedIsAnyDiffers,
        Mistake::AbsentIsNotDifferent,
        Mistake::AllOfNothingIsFalse,
        Mistake::AnyIfExistsAllows,
        Mistake::IfExistsNegated,
        Mistake::PlainTakesTheFirst,
        Mistake::ValuesHaveWildcards,
        Mistake::VariablesInEveryVersion,
        Mistake::UnresolvedIsFalse,
        Mistake::StarCrossesColons,
        Mistake::LastPartEnds,
        Mistake::RequestIsAPattern,
        Mistake::NoAlias,
        Mistake::ActionsHaveCase,
        Mistake::KeysHaveCase,
        Mistake::EmptyIsAbsent,
        Mistake::BoundaryGrants,
        Mistake::KeysAreAlternatives,
        Mistake::RootIsFree,
    ];
}

/// Moments as texts, and their seconds since 1970.
pub(super) const MOMENTS: [(&str, i64); 10] = [
    ("2026-11-26T03:59:59Z", 1_795_665_599),
    ("2026-11-26T04:00:00Z", 1_795_665_600),
    ("2026-11-26T04:00Z", 1_795_665_600),
    ("2026-11-26T05:00:00+01:00", 1_795_665_600),
    ("2026-11-26T03:59:59.000Z", 1_795_665_599),
    ("2026-11-26", 1_795_651_200),
    ("2026-11", 1_793_491_200),
    ("2026", 1_767_225_600),
    ("1795665600", 1_795_665_600),
    ("1795665601", 1_795_665_601),
];

/// Bytes as base64, and the text that they are.
pub(super) const BYTES: [(&str, &str); 3] = [("b3JkZXJz", "orders"), ("YW5u", "ann"), ("", "")];

/// What is asked, in the words of the documentation. Names of keys are in lower case.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) values: BTreeMap<String, Vec<String>>,
    pub(super) is_root: bool,
}

/// All policies of somebody.
#[derive(Clone, Debug)]
pub(super) struct Documents {
    pub(super) identity: Vec<Value>,
    pub(super) boundary: Option<Value>,
    pub(super) session: Option<Value>,
}

/// The evaluator.
pub(super) struct Reference<'a> {
    question: &'a Question,
    mistake: Option<Mistake>,
}

impl<'a> Reference<'a> {
    pub(super) fn new(question: &'a Question, mistake: Option<Mistake>) -> Reference<'a> {
        Reference { question, mistake }
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// Why the answer is no, if it is.
    pub(super) fn judge(&self, documents: &Documents) -> Option<DenialReason> {
        let boundary: Vec<Value> = documents.boundary.iter().cloned().collect();
        let session: Vec<Value> = documents.session.iter().cloned().collect();
        if self.makes(Mistake::RootIsFree) && self.question.is_root {
            return None;
        }
        if self.denies(&documents.identity) {
            return Some(DenialReason::ExplicitIdentity);
        }
        if self.denies(&boundary) {
            return Some(DenialReason::ExplicitBoundary);
        }
        if self.denies(&session) {
            return Some(DenialReason::ExplicitSession);
        }
        if self.question.is_root {
            return None;
        }
        if self.makes(Mistake::BoundaryGrants) && self.allows(&boundary) {
            return None;
        }
        if !self.allows(&documents.identity) {
            return Some(DenialReason::ImplicitIdentity);
        }
        if !boundary.is_empty() && !self.allows(&boundary) {
            return Some(DenialReason::ImplicitBoundary);
        }
        if !session.is_empty() && !self.allows(&session) {
            return Some(DenialReason::ImplicitSession);
        }
        None
    }

    fn denies(&self, policies: &[Value]) -> bool {
        let effects = self.matching_effects(policies);
        if self.makes(Mistake::FirstMatchDecides) {
            return effects.first().is_some_and(|effect| effect == "Deny");
        }
        effects.iter().any(|effect| effect == "Deny")
    }

    fn allows(&self, policies: &[Value]) -> bool {
        self.matching_effects(policies).iter().any(|effect| effect == "Allow")
    }

    fn matching_effects(&self, policies: &[Value]) -> Vec<String> {
        let mut effects = Vec::new();
        for policy in policies {
            let variables =
                policy["Version"] == "2012-10-17" || self.makes(Mistake::VariablesInEveryVersion);
            for statement in list(&policy["Statement"]) {
                let effect = statement["Effect"].as_str().expect("an effect");
                if self.action_matches(&statement)
                    && self.resource_matches(&statement, variables)
                    && self.conditions_hold(&statement, variables)
                {
                    effects.push(effect.to_owned());
                }
            }
        }
        effects
    }

    fn action_matches(&self, statement: &Value) -> bool {
        let case = |text: &str| match self.makes(Mistake::ActionsHaveCase) {
            true => text.to_owned(),
            false => text.to_lowercase(),
        };
        let action = case(&self.question.action);
        let named = |patterns: &Value| {
            list(patterns).iter().any(|pattern| wild(&case(&text(pattern)), &action))
        };
        match statement.get("Action") {
            Some(patterns) => named(patterns),
            None => !named(&statement["NotAction"]),
        }
    }

    fn resource_matches(&self, statement: &Value, variables: bool) -> bool {
        let named = |patterns: &Value| {
            list(patterns).iter().any(|pattern| {
                let Some(pattern) = self.fill_in(&text(pattern), variables) else { return false };
                let resource = &self.question.resource;
                if self.makes(Mistake::RequestIsAPattern) && wild(resource, &unmark(&pattern)) {
                    return true;
                }
                self.is_like(&pattern, resource, true)
                    || (!self.makes(Mistake::NoAlias)
                        && self.is_like(&pattern, &without_region(resource), true))
            })
        };
        match statement.get("Resource") {
            Some(patterns) => named(patterns),
            None => !named(&statement["NotResource"]),
        }
    }

    /// Compares a name with a pattern of names, part by part.
    fn is_like(&self, pattern: &str, name: &str, short: bool) -> bool {
        if pattern == "*" {
            return true;
        }
        if self.makes(Mistake::StarCrossesColons) {
            return wild(pattern, name);
        }
        let mut patterns: Vec<&str> = pattern.splitn(6, ':').collect();
        let names: Vec<&str> = match self.makes(Mistake::LastPartEnds) {
            true => name.split(':').collect(),
            false => name.splitn(6, ':').collect(),
        };
        while short && patterns.len() < 6 {
            patterns.push("*");
        }
        patterns.len() == 6
            && names.len() == 6
            && patterns.iter().zip(&names).all(|(pattern, name)| wild(pattern, name))
    }

    fn conditions_hold(&self, statement: &Value, variables: bool) -> bool {
        let Some(conditions) = statement.get("Condition") else { return true };
        let denies = statement["Effect"] == "Deny";
        let conditions = conditions.as_object().expect("operators");
        conditions.iter().all(|(operator, keys)| {
            let mut keys = keys.as_object().expect("keys").iter();
            let mut holds = |(key, values): (&String, &Value)| {
                self.condition_holds(operator, key, &list(values), variables, denies)
            };
            match self.makes(Mistake::KeysAreAlternatives) {
                true => keys.any(&mut holds),
                false => keys.all(&mut holds),
            }
        })
    }

    /// What a key has in the request.
    fn values(&self, key: &str) -> Vec<String> {
        let key = match self.makes(Mistake::KeysHaveCase) {
            true => key.to_owned(),
            false => key.to_lowercase(),
        };
        let key = key.replace("swf:taglist.0", "swf:taglist.member.0");
        let key = key.replace("swf:workflowtypeversion", "swf:workflowtype.version");
        let mut values = self.question.values.get(&key).cloned().unwrap_or_default();
        if self.makes(Mistake::EmptyIsAbsent) {
            values.retain(|value| !value.is_empty());
        }
        values
    }

    fn condition_holds(
        &self,
        operator: &str,
        key: &str,
        wanted: &[Value],
        variables: bool,
        denies: bool,
    ) -> bool {
        let wanted: Vec<String> = wanted.iter().map(text).collect();
        let values = self.values(key);
        if operator == "Null" {
            return wanted.iter().any(|wanted| (wanted == "true") == values.is_empty());
        }
        let (set, name) = operator.split_once(':').unwrap_or(("", operator));
        let if_exists = name.ends_with("IfExists");
        let name = name.trim_end_matches("IfExists");
        let negated = name.contains("Not");
        let name = name.replace("Not", "");
        if values.is_empty() {
            return match set {
                "ForAllValues" => !self.makes(Mistake::AllOfNothingIsFalse),
                "ForAnyValue" => if_exists && (denies || self.makes(Mistake::AnyIfExistsAllows)),
                _ if if_exists => !(negated && self.makes(Mistake::IfExistsNegated)),
                _ => negated && !self.makes(Mistake::AbsentIsNotDifferent),
            };
        }
        let several = key.eq_ignore_ascii_case("aws:TagKeys");
        if several && set.is_empty() && !self.makes(Mistake::PlainTakesTheFirst) {
            return false;
        }
        let mut unresolved = false;
        let mut passes = |value: &String| {
            let matching = wanted.iter().filter(|wanted| {
                let filled = match name.starts_with("String") || name.starts_with("Arn") {
                    true => self.fill_in(wanted, variables),
                    false => Some(wanted.to_string()),
                };
                unresolved |= filled.is_none();
                filled.is_some_and(|wanted| self.compares(&name, &wanted, value))
            });
            let matching = matching.count();
            match negated {
                false => matching > 0,
                true if self.makes(Mistake::NegatedIsAnyDiffers) => matching < wanted.len(),
                true => matching == 0,
            }
        };
        let holds = match set {
            "ForAllValues" => values.iter().all(&mut passes),
            "ForAnyValue" => values.iter().any(&mut passes),
            _ => passes(&values[0]),
        };
        holds && !(unresolved && self.makes(Mistake::UnresolvedIsFalse))
    }

    fn compares(&self, name: &str, wanted: &str, value: &str) -> bool {
        match name {
            "StringEquals" => unmark(wanted) == value,
            "StringEqualsIgnoreCase" => unmark(wanted).to_lowercase() == value.to_lowercase(),
            "StringLike" => wild(wanted, value),
            "ArnEquals" | "ArnLike" => self.is_like(wanted, value, false),
            "Bool" => {
                let (wanted, value) = (wanted.to_lowercase(), value.to_lowercase());
                wanted == value && (wanted == "true" || wanted == "false")
            }
            "BinaryEquals" => BYTES.contains(&(wanted, value)),
            "IpAddress" => {
                let (range, bits) = wanted.split_once('/').unwrap_or((wanted, ""));
                let (Some(range), Some(value)) = (bits_of(range), bits_of(value)) else {
                    return false;
                };
                let bits = bits.parse().unwrap_or(range.len());
                range.len() == value.len() && range[..bits] == value[..bits]
            }
            _ => {
                let read = |text: &str| match name.starts_with("Date") {
                    true => moment(text),
                    false => text.parse::<f64>().ok(),
                };
                let (Some(wanted), Some(value)) = (read(wanted), read(value)) else { return false };
                match name.trim_start_matches("Date").trim_start_matches("Numeric") {
                    "Equals" => value == wanted,
                    "LessThan" => value < wanted,
                    "LessThanEquals" => value <= wanted,
                    "GreaterThan" => value > wanted,
                    "GreaterThanEquals" => value >= wanted,
                    other => panic!("{other} is no operator"),
                }
            }
        }
    }

    /// Puts values in the place of variables. What must not be a wildcard or a colon between parts
    /// is marked.
    fn fill_in(&self, text: &str, variables: bool) -> Option<String> {
        if !variables {
            return Some(text.to_owned());
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            filled += &rest[..start];
            let inner = &rest[start + 2..];
            let end = inner.find('}').expect("variables end");
            let (name, default) = match inner[..end].split_once(", ") {
                Some((name, quoted)) => (name, Some(quoted.trim_matches('\''))),
                None => (&inner[..end], None),
            };
            let value = match name {
                "*" | "?" | "$" => name.to_owned(),
                name => match self.values(name).first() {
                    Some(value) => value.clone(),
                    None => default?.to_owned(),
                },
            };
            filled += &match self.makes(Mistake::ValuesHaveWildcards) {
                true => value,
                false => mark(&value),
            };
            rest = &inner[end + 1..];
        }
        Some(filled + rest)
    }
}

/// Letters that no test uses stand for what is literal.
const MARKS: [(char, char); 2] = [('*', '\u{e000}'), ('?', '\u{e001}')];

fn mark(text: &str) -> String {
    MARKS
        .iter()
        .fold(text.to_owned(), |text, (plain, mark)| text.replace(*plain, &mark.to_string()))
}

fn unmark(text: &str) -> String {
    MARKS
        .iter()
        .fold(text.to_owned(), |text, (plain, mark)| text.replace(*mark, &plain.to_string()))
}

/// Matches by trying everything.
fn wild(pattern: &str, text: &str) -> bool {
    fn all(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some('*'), None) => all(&pattern[1..], text),
            (Some('*'), Some(_)) => all(&pattern[1..], text) || all(pattern, &text[1..]),
            (Some('?'), Some(_)) => all(&pattern[1..], &text[1..]),
            (Some(one), Some(other)) if one == other || MARKS.contains(&(*other, *one)) => {
                all(&pattern[1..], &text[1..])
            }
            (Some(_) | None, Some(_)) | (Some(_), None) => false,
        }
    }
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    all(&pattern, &text)
}

fn without_region(name: &str) -> String {
    let mut parts: Vec<&str> = name.splitn(6, ':').collect();
    if let Some(region) = parts.get_mut(3) {
        *region = "";
    }
    parts.join(":")
}

/// An address as a text of zeros and ones.
fn bits_of(address: &str) -> Option<String> {
    let four = |address: &str| {
        let numbers: Option<Vec<u8>> =
            address.split('.').map(|number| number.parse().ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.len() == 4)?;
        Some(numbers.iter().map(|number| format!("{number:08b}")).collect())
    };
    if let Some(mapped) = address.strip_prefix("::ffff:") {
        return four(mapped);
    }
    if !address.contains(':') {
        return four(address);
    }
    let address: std::net::Ipv6Addr = address.parse().ok()?;
    Some(format!("{:0128b}", address.to_bits()))
}

fn moment(text: &str) -> Option<f64> {
    let known = MOMENTS.iter().find(|(known, _)| *known == text)?;
    Some(known.1 as f64)
}

/// A list, or the one value that stands for it.
fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
