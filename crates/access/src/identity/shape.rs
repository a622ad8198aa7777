//! The operations on identities as a table: their members, of what kind these are, and what people
//! are told of them. Command lines and their help follow from it.
//!
//! Invariant: operations and members come from [`IdentityRequest`] itself, and a test finds words
//! for each.

use super::document::Document;
use super::record::KeyStatus;
use super::request::{IdentityRequest, ImportedSecret, Tag};
use std::collections::BTreeMap;

mod words;

/// An operation and its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Such as `CreateUser`.
    pub operation: &'static str,
    /// In their order.
    pub members: &'static [Member],
}

/// A member of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Such as `user_name`.
    pub name: &'static str,
    /// Of what kind its value is.
    pub kind: Kind,
    /// Whether its type demands that it is given.
    pub required: bool,
}

/// Of what kind a member's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Flag,
    /// Several texts.
    Texts,
    /// Tags.
    Tags,
    /// Texts by their names.
    Named,
    /// `Active` or `Inactive`.
    Status,
    /// A secret.
    Secret,
    /// A description of identities.
    Identities,
}

/// What people are told of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Such as `CreateUser`.
    pub operation: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// A command line that is right, without the program's name.
    pub example: &'static str,
}

/// A type of a member.
pub(super) trait Kinded {
    const KIND: Kind;
    const REQUIRED: bool = false;
}

macro_rules! kinds {
    ($($type:ty => $kind:ident, $required:literal;)*) => {
        $(
            impl Kinded for $type {
                const KIND: Kind = Kind::$kind;
                const REQUIRED: bool = $required;
            }
        )*
    };
}

kinds! {
    String => Text, true;
    ImportedSecret => Secret, true;
    Document => Identities, true;
    bool => Flag, false;
    Vec<String> => Texts, false;
    Vec<Tag> => Tags, false;
    BTreeMap<String, String> => Named, false;
    Option<String> => Text, false;
    Option<u32> => Number, false;
    Option<usize> => Number, false;
    Option<KeyStatus> => Status, false;
}

impl Shape {
    /// The operation of a name such as `CreateUser`.
    pub fn of(operation: &str) -> Option<&'static Shape> {
        IdentityRequest::SHAPES.iter().find(|shape| shape.operation == operation)
    }

    /// The name as a command: `create-user`.
    pub fn command(&self) -> String {
        let mut command = String::new();
        for character in self.operation.chars() {
            if character.is_ascii_uppercase() && !command.is_empty() {
                command.push('-');
            }
            command.push(character.to_ascii_lowercase());
        }
        command
    }

    /// What people are told of it.
    pub fn words(&self) -> &'static Words {
        let mut all = words::WORDS.iter();
        all.find(|words| words.operation == self.operation).expect("a test finds words for each")
    }

    /// Whether a member has to be given: because of its type, or because nothing is asked without.
    pub fn requires(&self, member: &Member) -> bool {
        let demanded = [
            ("TagUser", "tags"),
            ("UntagUser", "tag_keys"),
            ("TagRole", "tags"),
            ("UntagRole", "tag_keys"),
            ("UpdateAccessKey", "status"),
            ("SimulatePrincipalPolicy", "action_names"),
        ];
        member.required || demanded.contains(&(self.operation, member.name))
    }
}

impl Member {
    /// The name in JSON: `UserName`.
    pub fn json_name(&self) -> String {
        let capital = |word: &str| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        };
        self.name.split('_').map(capital).collect()
    }

    /// The name as an option, without its hyphens in front: `user-name`. AWS's own, where it has one.
    pub fn option(&self) -> String {
        match self.kind {
            Kind::Named => "context-entries".to_owned(),
            Kind::Identities => "file".to_owned(),
            Kind::Text
            | Kind::Number
            | Kind::Flag
            | Kind::Texts
            | Kind::Tags
            | Kind::Status
            | Kind::Secret => self.name.replace('_', "-"),
        }
    }

    /// Whether it is a policy document, which may be in a file.
    pub fn is_document(&self) -> bool {
        self.name.ends_with("policy_document") || self.name == "policy"
    }

    /// What people are told of it.
    pub fn about(&self) -> &'static str {
        words::about(self.name)
    }
}

#[cfg(test)]
mod tests;
