//! Reads policy documents. Whatever is wrong with one is said here, when it is uploaded: what has
//! been read can always be evaluated.

use super::action::{ActionMask, ActionPattern};
use super::condition::{Condition, Operator, ValueError};
use super::error::{PolicyError, PolicyWarning};
use super::key::Key;
use super::node::Node;
use super::pattern::PatternError;
use super::resource::{NameError, NamePattern};
use super::statement::{Effect, Resources, Statement};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most bytes of a document, white space included: IAM's own bound of the parameter.
pub(super) const DOCUMENT_BYTES_MAX: usize = 131_072;

/// The most statements of a document. As many hardly fit into the longest one.
pub(super) const STATEMENTS_MAX: usize = 200;

/// The version of the language that knows variables, and the one before it, which is meant where
/// none is named.
const VERSION: &str = "2012-10-17";
const VERSION_WITHOUT_VARIABLES: &str = "2008-10-17";

/// The elements of a statement of any kind.
const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// What the names of all of SWF's resources begin with, behind the account.
const DOMAIN: &str = "/domain/";

/// A place in a document, such as `Statement[0].Action`.
pub(super) type Place = String;

/// A document that is being read.
pub(super) struct Reader {
    /// Whether the language has variables.
    variables: bool,
    sids: BTreeSet<String>,
    pub(super) warnings: Vec<PolicyWarning>,
    /// The same of names that match nothing in accounts but their own.
    pub(super) accounts: Vec<PolicyWarning>,
}

/// The elements of an object. Each key is there once.
pub(super) struct Elements<'a> {
    pub(super) place: Place,
    entries: &'a [(String, Node)],
}

/// How many characters of a document count: white space does not.
pub(super) fn counted_characters(document: &str) -> usize {
    document.chars().filter(|char| !char.is_whitespace()).count()
}

/// Reads a document of at most `characters_max`, and each of its statements by `statement`.
pub(super) fn read<T>(
    document: &str,
    characters_max: usize,
    statement: impl Fn(&mut Reader, &Elements<'_>) -> Result<T, PolicyError>,
) -> Result<(Vec<T>, Reader), PolicyError> {
    if document.len() > DOCUMENT_BYTES_MAX {
        let (bytes, max) = (document.len(), DOCUMENT_BYTES_MAX);
        return Err(PolicyError::TooManyBytes { bytes, max });
    }
    let characters = counted_characters(document);
    if characters > characters_max {
        return Err(PolicyError::TooLong { characters, max: characters_max });
    }
    let root: Node = serde_json::from_str(document)
        .map_err(|error| PolicyError::Json { reason: error.to_string() })?;
    let elements = Elements::of(&root, "policy".to_owned())?;
    elements.only(&["Version", "Id", "Statement"])?;
    elements.text("Id", "Id")?;
    let version = elements.text("Version", "Version")?;
    let variables = match version {
        None | Some(VERSION_WITHOUT_VARIABLES) => false,
        Some(VERSION) => true,
        Some(other) => return Err(PolicyError::Version { given: other.to_owned() }),
    };
    let statements = elements.statements()?;
    if statements.len() > STATEMENTS_MAX {
        let (count, max) = (statements.len(), STATEMENTS_MAX);
        return Err(PolicyError::TooManyStatements { count, max });
    }
    let (sids, warnings, accounts) = (BTreeSet::new(), Vec::new(), Vec::new());
    let mut reader = Reader { variables, sids, warnings, accounts };
    let read = statements.iter().map(|elements| statement(&mut reader, elements));
    let read = read.collect::<Result<Vec<T>, PolicyError>>()?;
    Ok((read, reader))
}

impl<'a> Elements<'a> {
    pub(super) fn of(node: &'a Node, place: Place) -> Result<Elements<'a>, PolicyError> {
        let Node::Object(entries) = node else {
            return Err(PolicyError::WrongType { place, expected: "an object" });
        };
        let mut keys = BTreeSet::new();
        match entries.iter().find(|(key, _)| !keys.insert(key.as_str())) {
            Some((key, _)) => Err(PolicyError::DuplicateKey { place, key: key.clone() }),
            None => Ok(Elements { place, entries }),
        }
    }

    /// Refuses elements of other names.
    fn only(&self, known: &[&str]) -> Result<(), PolicyError> {
        match self.entries.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((element, _)) => Err(PolicyError::UnknownElement {
                place: self.place.clone(),
                element: element.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Refuses elements that other kinds of policies have.
    pub(super) fn without(&self, elements: &[&'static str]) -> Result<(), PolicyError> {
        match elements.iter().find(|element| self.get(element).is_some()) {
            Some(element) => {
                Err(PolicyError::ForbiddenElement { place: self.place.clone(), element })
            }
            None => Ok(()),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    pub(super) fn entries(&self) -> &'a [(String, Node)] {
        self.entries
    }

    pub(super) fn missing(&self, element: &'static str) -> PolicyError {
        PolicyError::MissingElement { place: self.place.clone(), element }
    }

    /// An element that is a text, if it is there.
    fn text(&self, name: &str, place: &str) -> Result<Option<&'a str>, PolicyError> {
        match self.get(name) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text)),
            Some(_) => Err(PolicyError::WrongType { place: place.to_owned(), expected: "a text" }),
        }
    }

    /// One of two elements that exclude each other, and whether it is the second.
    fn either(
        &self,
        one: &'static str,
        other: &'static str,
        both: &'static str,
    ) -> Result<(Place, &'a Node, bool), PolicyError> {
        match (self.get(one), self.get(other)) {
            (Some(node), None) => Ok((format!("{}.{one}", self.place), node, false)),
            (None, Some(node)) => Ok((format!("{}.{other}", self.place), node, true)),
            (None, None) => Err(self.missing(both)),
            (Some(_), Some(_)) => {
                Err(PolicyError::BothElements { place: self.place.clone(), one, other })
            }
        }
    }

    /// The statements: one, or a list.
    fn statements(&self) -> Result<Vec<Elements<'a>>, PolicyError> {
        let node = self.get("Statement").ok_or_else(|| self.missing("Statement"))?;
        let place = "Statement".to_owned();
        let statements = match node {
            Node::List(nodes) if nodes.is_empty() => return Err(PolicyError::EmptyList { place }),
            Node::List(nodes) => {
                let each = nodes.iter().enumerate();
                each.map(|(at, node)| Elements::of(node, format!("{place}[{at}]"))).collect()
            }
            Node::Object(_) => Elements::of(node, place).map(|elements| vec![elements]),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {
                Err(PolicyError::WrongType { place, expected: "an object or a list of objects" })
            }
        };
        let statements: Vec<Elements<'a>> = statements?;
        statements.iter().try_for_each(|elements| elements.only(&STATEMENT_ELEMENTS))?;
        Ok(statements)
    }
}

/// The members of a list, or the one value that stands for it, with their places.
fn members(node: &Node, place: Place) -> Result<Vec<(Place, &Node)>, PolicyError> {
    match node {
        Node::List(nodes) if nodes.is_empty() => Err(PolicyError::EmptyList { place }),
        Node::List(nodes) => {
            let each = nodes.iter().enumerate();
            Ok(each.map(|(at, node)| (format!("{place}[{at}]"), node)).collect())
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Object(_) => {
            Ok(vec![(place, node)])
        }
    }
}

/// The texts of a list, or the one that stands for it.
pub(super) fn texts(node: &Node, place: Place) -> Result<Vec<(Place, &str)>, PolicyError> {
    let mut texts = Vec::new();
    for (place, node) in members(node, place)? {
        let Node::Text(text) = node else {
            return Err(PolicyError::WrongType { place, expected: "a text or a list of texts" });
        };
        texts.push((place, text.as_str()));
    }
    Ok(texts)
}

impl Reader {
    /// Reads a statement of a policy that says what its owner may do.
    pub(super) fn statement(&mut self, elements: &Elements<'_>) -> Result<Statement, PolicyError> {
        elements.without(&["Principal", "NotPrincipal"])?;
        let sid = self.sid(elements)?;
        let effect = self.effect(elements)?;
        let actions = self.actions(elements)?;
        let resources = self.resources(elements)?;
        let conditions = self.conditions(elements, Some(actions))?;
        Ok(Statement { sid, effect, actions, resources, conditions })
    }

    /// The statement's name. An empty one is none: tools write it into each statement.
    pub(super) fn sid(&mut self, elements: &Elements<'_>) -> Result<Option<Arc<str>>, PolicyError> {
        let place = format!("{}.Sid", elements.place);
        let Some(sid) = elements.text("Sid", &place)?.filter(|sid| !sid.is_empty()) else {
            return Ok(None);
        };
        if !self.sids.insert(sid.to_owned()) {
            return Err(PolicyError::DuplicateSid { place, sid: sid.to_owned() });
        }
        Ok(Some(sid.into()))
    }

    pub(super) fn effect(&self, elements: &Elements<'_>) -> Result<Effect, PolicyError> {
        let place = format!("{}.Effect", elements.place);
        match elements.text("Effect", &place)? {
            None => Err(elements.missing("Effect")),
            Some("Allow") => Ok(Effect::Allow),
            Some("Deny") => Ok(Effect::Deny),
            Some(other) => Err(PolicyError::Effect { place, given: other.to_owned() }),
        }
    }

    fn actions(&mut self, elements: &Elements<'_>) -> Result<ActionMask, PolicyError> {
        let (place, node, not) = elements.either("Action", "NotAction", "Action or NotAction")?;
        let mut actions = ActionMask::NONE;
        for (place, text) in texts(node, place)? {
            let Some(mask) = ActionMask::parse(text) else {
                return Err(PolicyError::Action { place, given: text.to_owned() });
            };
            if mask == ActionMask::NONE {
                let given = text.to_owned();
                self.warnings.push(PolicyWarning::UnknownAction { place, given });
            }
            actions = actions.union(mask);
        }
        Ok(if not { actions.complement() } else { actions })
    }

    /// Whether the statement speaks of one action, which need not be one of ours.
    pub(super) fn speaks_of(
        &self,
        elements: &Elements<'_>,
        service: &str,
        name: &str,
    ) -> Result<bool, PolicyError> {
        let (place, node, not) = elements.either("Action", "NotAction", "Action or NotAction")?;
        let mut named = false;
        for (place, text) in texts(node, place)? {
            named |= match ActionPattern::parse(text) {
                Some(pattern) => pattern.matches(service, name),
                None if text == "*" => true,
                None => return Err(PolicyError::Action { place, given: text.to_owned() }),
            };
        }
        Ok(named != not)
    }

    fn resources(&mut self, elements: &Elements<'_>) -> Result<Resources, PolicyError> {
        let (place, node, not) =
            elements.either("Resource", "NotResource", "Resource or NotResource")?;
        let mut patterns = Vec::new();
        for (place, text) in texts(node, place)? {
            let given = || text.to_owned();
            let pattern = match NamePattern::of_resource(text, self.variables) {
                Ok(pattern) => pattern,
                Err(NameError::Malformed) => {
                    return Err(PolicyError::Resource { place, given: given() });
                }
                Err(NameError::VariableBeforeLast) => {
                    return Err(PolicyError::VariableBeforeName { place, given: given() });
                }
                Err(NameError::Pattern(error)) => return Err(variable_error(place, error)),
            };
            self.warn_of_unknown_keys(&place, pattern.keys());
            self.warn_of_text(&place, text);
            if let Some(warning) = resource_warning(&place, text) {
                self.warnings.push(warning);
            }
            if let Some(account) = account_of_domain(text) {
                let (given, account) = (given(), account.to_owned());
                self.accounts.push(PolicyWarning::OtherAccount { place, given, account });
            }
            patterns.push(pattern);
        }
        let patterns = patterns.into();
        Ok(if not { Resources::AllBut(patterns) } else { Resources::Only(patterns) })
    }

    /// The conditions of a statement that speaks of `actions`, or is asked about one alone. Objects without members say nothing, and tools write them.
    pub(super) fn conditions(
        &mut self,
        elements: &Elements<'_>,
        actions: Option<ActionMask>,
    ) -> Result<Box<[Condition]>, PolicyError> {
        let Some(node) = elements.get("Condition") else { return Ok(Box::new([])) };
        let place = format!("{}.Condition", elements.place);
        let mut conditions = Vec::new();
        let operators = Elements::of(node, place)?;
        for (name, node) in operators.entries() {
            let place = operators.place.clone();
            let operator = Operator::parse(name)
                .ok_or(PolicyError::Operator { place, given: name.clone() })?;
            let keys = Elements::of(node, format!("{}.{name}", operators.place))?;
            for (key, node) in keys.entries() {
                let place = format!("{}.{key}", keys.place);
                let parsed = Key::parse(key);
                if parsed == Key::Unknown {
                    let (place, key) = (keys.place.clone(), key.clone());
                    self.warnings.push(PolicyWarning::UnknownKey { place, key });
                }
                if let (Key::Service(service_key), Some(actions)) = (&parsed, actions)
                    && actions.is_without(*service_key)
                {
                    let (place, key) = (keys.place.clone(), key.clone());
                    self.warnings.push(PolicyWarning::KeyOfOtherActions { place, key });
                }
                let mut condition = Condition::new(operator, parsed);
                self.values(&mut condition, node, place.clone())?;
                self.warn_of_unknown_keys(&place, condition.keys());
                conditions.push(condition);
            }
        }
        Ok(conditions.into())
    }

    fn values(
        &mut self,
        condition: &mut Condition,
        node: &Node,
        place: Place,
    ) -> Result<(), PolicyError> {
        for (place, node) in members(node, place)? {
            let text = match node {
                Node::Text(text) | Node::Number(text) => text.as_str(),
                Node::Bool(true) => "true",
                Node::Bool(false) => "false",
                Node::Null | Node::List(_) | Node::Object(_) => {
                    let expected = "a text, a number, true, false, or a list of them";
                    return Err(PolicyError::WrongType { place, expected });
                }
            };
            match condition.read(text, self.variables) {
                Ok(()) => self.warn_of_text(&place, text),
                Err(ValueError::Unreadable) => {
                    return Err(PolicyError::Value { place, given: text.to_owned() });
                }
                Err(ValueError::Null) => {
                    return Err(PolicyError::Null { place, given: text.to_owned() });
                }
                Err(ValueError::Pattern(error)) => return Err(variable_error(place, error)),
            }
        }
        Ok(())
    }

    /// Warns of what is hardly meant literally, and is.
    fn warn_of_text(&mut self, place: &str, text: &str) {
        let (place, given) = (place.to_owned(), text.to_owned());
        if text.trim() != text {
            self.warnings.push(PolicyWarning::Space { place, given });
        } else if !self.variables && text.contains("${") {
            self.warnings.push(PolicyWarning::LiteralVariable { place, given });
        }
    }

    fn warn_of_unknown_keys<'k>(&mut self, place: &str, keys: impl Iterator<Item = &'k Key>) {
        let unknown = keys.filter(|key| **key == Key::Unknown);
        self.warnings
            .extend(unknown.map(|_| PolicyWarning::UnknownVariable { place: place.to_owned() }));
    }
}

/// Why a resource can match nothing here, where that is seen from its beginning alone. Wildcards are
/// given the benefit of the doubt.
fn resource_warning(place: &str, text: &str) -> Option<PolicyWarning> {
    let literal = |part: &str| !part.contains(['*', '?', '$']);
    let (place, given) = (place.to_owned(), text.to_owned());
    let mut parts = text.splitn(6, ':');
    let (_, partition, service) = (parts.next()?, parts.next()?, parts.next());
    if literal(partition) && partition != "aws" {
        return Some(PolicyWarning::Partition { place, given });
    }
    // The region and the account stand in between.
    let name = parts.nth(2)?;
    let start: String = name.chars().take_while(|char| !matches!(char, '*' | '?' | '$')).collect();
    let is_domain =
        start.starts_with(DOMAIN) || (start.len() < name.len() && DOMAIN.starts_with(&start));
    (service == Some("swf") && !is_domain).then_some(PolicyWarning::DomainName { place, given })
}

/// The account that is named in a domain's name. Of roles, those of others may be meant.
fn account_of_domain(text: &str) -> Option<&str> {
    let mut parts = text.splitn(6, ':').skip(2);
    let (service, account) = (parts.next()?, parts.nth(1)?);
    let is_literal = account.bytes().all(|byte| byte.is_ascii_digit()) && !account.is_empty();
    (service == "swf" && is_literal).then_some(account)
}

fn variable_error(place: Place, error: PatternError) -> PolicyError {
    match error {
        PatternError::Malformed(given) => PolicyError::Variable { place, given },
        PatternError::OfMany(key) => PolicyError::VariableOfMany { place, key },
    }
}
