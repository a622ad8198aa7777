//! What is wrong with a policy document, said when it is uploaded and never while it is evaluated;
//! and what is legal, but hardly meant.

use thiserror::Error;

/// Why a document is refused. Each names the place, such as `Statement[0].Action[1]`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// White space is not counted.
    #[error("the policy has {characters} characters beside white space, and may have {max}")]
    TooLong {
        /// How many it has.
        characters: usize,
        /// How many it may have in its place.
        max: usize,
    },
    /// White space is counted.
    #[error("the policy document has {bytes} bytes, and may have {max}")]
    TooManyBytes {
        /// How many it has.
        bytes: usize,
        /// How many any document may have.
        max: usize,
    },
    /// More statements than one evaluation should go through.
    #[error("the policy has {count} statements, and may have {max}")]
    TooManyStatements {
        /// How many it has.
        count: usize,
        /// How many it may have.
        max: usize,
    },
    /// No JSON.
    #[error("the policy is not valid JSON: {reason}")]
    Json {
        /// What serde_json says of it, with line and column.
        reason: String,
    },
    /// One of two equal keys would be lost.
    #[error("{place}: the key \"{key}\" is there twice")]
    DuplicateKey {
        /// The object.
        place: String,
        /// The key.
        key: String,
    },
    /// A value of another type.
    #[error("{place}: must be {expected}")]
    WrongType {
        /// The value.
        place: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// An element that the language does not have there.
    #[error("{place}: unknown element \"{element}\"")]
    UnknownElement {
        /// The object.
        place: String,
        /// Its element.
        element: String,
    },
    /// An element that the language has, but not in this kind of policy.
    #[error("{place}: the element \"{element}\" has no place in this kind of policy")]
    ForbiddenElement {
        /// The object.
        place: String,
        /// Its element.
        element: &'static str,
    },
    /// An element that has to be there.
    #[error("{place}: {element} is missing")]
    MissingElement {
        /// The object.
        place: String,
        /// What it lacks.
        element: &'static str,
    },
    /// Two elements that exclude each other.
    #[error("{place}: there are both {one} and {other}")]
    BothElements {
        /// The object.
        place: String,
        /// The one.
        one: &'static str,
        /// And the other.
        other: &'static str,
    },
    /// A list without members.
    #[error("{place}: the list is empty")]
    EmptyList {
        /// The list.
        place: String,
    },
    /// A version of the language that does not exist.
    #[error("Version: \"{given}\" is neither 2012-10-17 nor 2008-10-17")]
    Version {
        /// What was given.
        given: String,
    },
    /// An effect that is none.
    #[error("{place}: \"{given}\" is neither Allow nor Deny")]
    Effect {
        /// The element.
        place: String,
        /// What was given.
        given: String,
    },
    /// Two statements of one name.
    #[error("{place}: another statement has the Sid \"{sid}\"")]
    DuplicateSid {
        /// The later one.
        place: String,
        /// The name.
        sid: String,
    },
    /// An action that is none.
    #[error("{place}: \"{given}\" is neither * nor of the form service:action")]
    Action {
        /// The action.
        place: String,
        /// What was given.
        given: String,
    },
    /// A resource that is none.
    #[error("{place}: \"{given}\" is neither * nor a name that starts with arn:")]
    Resource {
        /// The resource.
        place: String,
        /// What was given.
        given: String,
    },
    /// An operator of conditions that does not exist.
    #[error("{place}: unknown operator \"{given}\"")]
    Operator {
        /// The conditions.
        place: String,
        /// What was given.
        given: String,
    },
    /// What `Null` compares with.
    #[error("{place}: \"{given}\" is neither true nor false")]
    Null {
        /// The value.
        place: String,
        /// What was given.
        given: String,
    },
    /// A value that its operator cannot read. If it only matched nothing, a slip of the pen under
    /// `NotIpAddress` would let everybody in.
    #[error("{place}: \"{given}\" is no value for this operator")]
    Value {
        /// The value.
        place: String,
        /// What was given.
        given: String,
    },
    /// `${` that opens no variable.
    #[error("{place}: \"{given}\" is not of the form ${{key}} or ${{key, 'default'}}")]
    Variable {
        /// The text that holds it.
        place: String,
        /// From the `${` on.
        given: String,
    },
    /// A variable that may have several values.
    #[error("{place}: {key} has several values and cannot be a variable")]
    VariableOfMany {
        /// The text that holds it.
        place: String,
        /// The key.
        key: String,
    },
    /// A variable before the last part of a resource's name.
    #[error("{place}: \"{given}\" has a variable before its fifth colon")]
    VariableBeforeName {
        /// The resource.
        place: String,
        /// What was given.
        given: String,
    },
    /// Somebody whom a role cannot trust.
    #[error("{place}: \"{given}\" is neither *, an account, nor the name of a user or role")]
    TrustedPrincipal {
        /// The principal.
        place: String,
        /// What was given.
        given: String,
    },
}

/// What is legal and has no effect, and so is hardly meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyWarning {
    /// An action pattern that matches no action of ours.
    #[error("{place}: \"{given}\" matches no known action")]
    UnknownAction {
        /// The action.
        place: String,
        /// What was given.
        given: String,
    },
    /// A condition key that is never present.
    #[error("{place}: the key \"{key}\" is not known and counts as absent")]
    UnknownKey {
        /// The operator.
        place: String,
        /// The key.
        key: String,
    },
    /// A condition key that is present with other actions alone.
    #[error("{place}: none of the statement's actions has the key \"{key}\"; it counts as absent")]
    KeyOfOtherActions {
        /// The operator.
        place: String,
        /// The key.
        key: String,
    },
    /// A domain of an account. It matches nothing in others.
    #[error("{place}: \"{given}\" is of the account {account}: in others, it matches nothing")]
    OtherAccount {
        /// The resource.
        place: String,
        /// What was given.
        given: String,
        /// Which account.
        account: String,
    },
    /// A variable of a key that is never present.
    #[error("{place}: a variable's key is not known; it never has a value")]
    UnknownVariable {
        /// The text that holds it, or the values among which that is.
        place: String,
    },
    /// White space around a text that is compared letter by letter.
    #[error("{place}: \"{given}\" begins or ends with white space, which counts")]
    Space {
        /// The text.
        place: String,
        /// What was given.
        given: String,
    },
    /// A variable in a language that has none.
    #[error(
        "{place}: \"{given}\" has no variable: without Version 2012-10-17 it is taken literally"
    )]
    LiteralVariable {
        /// The text.
        place: String,
        /// What was given.
        given: String,
    },
    /// A resource of SWF's whose name does not begin as they all do.
    #[error("{place}: \"{given}\" matches no domain: their names end in :/domain/ and a name")]
    DomainName {
        /// The resource.
        place: String,
        /// What was given.
        given: String,
    },
    /// A resource of another partition than ours.
    #[error("{place}: \"{given}\" matches nothing: names of this server begin with arn:aws:")]
    Partition {
        /// The resource.
        place: String,
        /// What was given.
        given: String,
    },
    /// An action of a trust policy that is not asked of it.
    #[error(
        "{place}: a trust policy is asked about sts:AssumeRole alone, and this statement does not speak of it"
    )]
    NotAboutTrust {
        /// The statement.
        place: String,
    },
}
