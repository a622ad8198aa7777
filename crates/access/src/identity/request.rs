//! Operations on identities, with IAM's names and members.
//!
//! Invariant: every operation has its action and what it acts on, so none can be carried out that
//! nobody could be denied. The macro makes one of each; a new operation does not compile without.

use super::directory::Directory;
use super::document::Document;
use super::fault::IdentityFault;
use super::record::{KeyOwner, KeyRecord, KeyStatus, root_arn};
use super::sealing::Secret;
use super::shape::{Kinded, Member, Shape};
use crate::action::Action;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value, perhaps empty.
    pub value: String,
}

/// Names each operation once: its members and what it is authorized on.
macro_rules! operations {
    ($(
        $(#[$note:meta])*
        $operation:ident { $($member:ident: $type:ty),* $(,)? } on $resource:expr;
    )*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
            #[allow(missing_docs)]
            pub struct $operation {
                $(
                    #[serde(skip_serializing_if = "is_default")]
                    pub $member: $type
                ),*
            }

            impl From<$operation> for IdentityRequest {
                fn from(request: $operation) -> IdentityRequest {
                    IdentityRequest::$operation(request)
                }
            }
        )*

        /// A request of any of the operations.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum IdentityRequest { $($operation($operation)),* }

        impl IdentityRequest {
            /// The names of all operations.
            pub const OPERATIONS: &'static [&'static str] = &[$(stringify!($operation)),*];

            /// The same with their members, in the same order.
            pub const SHAPES: &'static [Shape] = &[$(
                Shape {
                    operation: stringify!($operation),
                    members: &[$(
                        Member {
                            name: stringify!($member),
                            kind: <$type as Kinded>::KIND,
                            required: <$type as Kinded>::REQUIRED,
                        }
                    ),*],
                }
            ),*];

            /// Reads the members of an operation from JSON.
            pub fn parse(operation: &str, members: &[u8]) -> Result<IdentityRequest, IdentityFault> {
                match operation {
                    $(stringify!($operation) => {
                        match serde_json::from_slice(members) {
                            Ok(request) => Ok(IdentityRequest::$operation(request)),
                            Err(error) => Err(unreadable(&error)),
                        }
                    })*
                    _ => Err(IdentityFault::InvalidAction(operation.to_owned())),
                }
            }

            /// The operation's name.
            pub fn operation(&self) -> &'static str {
                match self { $(IdentityRequest::$operation(_) => stringify!($operation)),* }
            }

            /// The members as JSON, with secrets: for the wire alone.
            pub fn to_json(&self) -> Vec<u8> {
                match self {
                    $(IdentityRequest::$operation(request) => serde_json::to_vec(request)),*
                }
                .expect("members have text keys")
            }

            /// The action of it.
            pub fn action(&self) -> Action {
                match self { $(IdentityRequest::$operation(_) => Action::$operation),* }
            }

            /// The resource name that it acts on, in an account and for a caller of that user name.
            /// What exists goes by its own name, with its path: whoever asks does not choose that.
            pub fn resource(
                &self,
                directory: &Directory,
                account: &str,
                caller: Option<&str>,
            ) -> String {
                self.resource_on(&Ground { directory, account, caller, as_named: false })
            }

            /// The same, as whoever asks has named it, whether it exists or not.
            pub(super) fn resource_as_named(
                &self,
                directory: &Directory,
                account: &str,
                caller: Option<&str>,
            ) -> String {
                self.resource_on(&Ground { directory, account, caller, as_named: true })
            }

            fn resource_on(&self, ground: &Ground<'_>) -> String {
                match self {
                    $(IdentityRequest::$operation(request) => {
                        let on: fn(&$operation, &Ground<'_>) -> String = $resource;
                        on(request, ground)
                    })*
                }
            }
        }
    };
}

/// In which account, and who asks.
struct Ground<'a> {
    directory: &'a Directory,
    account: &'a str,
    caller: Option<&'a str>,
    /// Whether names are taken as they are given, and nothing is looked up.
    as_named: bool,
}

impl Ground<'_> {
    fn named(&self, kind: &str, path: Option<&str>, name: &str) -> String {
        let account = self.account;
        format!("arn:aws:iam::{account}:{kind}{}{name}", path.unwrap_or("/"))
    }

    fn user(&self, name: &str) -> String {
        match self.directory.user(self.account, name) {
            Some(user) if !self.as_named => user.arn(self.account),
            Some(_) | None => self.named("user", None, name),
        }
    }

    fn group(&self, name: &str) -> String {
        match self.directory.group(self.account, name) {
            Some(group) if !self.as_named => group.arn(self.account),
            Some(_) | None => self.named("group", None, name),
        }
    }

    fn role(&self, name: &str) -> String {
        match self.directory.role(self.account, name) {
            Some(role) if !self.as_named => role.arn(self.account),
            Some(_) | None => self.named("role", None, name),
        }
    }

    /// What is not about one thing is about all of them: the text, not a pattern.
    fn all(&self, kind: &str) -> String {
        self.named(kind, None, "*")
    }

    /// A user, or who asks if none is named.
    fn user_or_caller(&self, name: Option<&str>) -> String {
        match (name, self.caller) {
            (Some(name), _) => self.user(name),
            // They know who they are.
            (None, Some(name)) => Ground { as_named: false, ..*self }.user(name),
            (None, None) => root_arn(self.account),
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Says where, and not what: a secret may be among the members.
fn unreadable(error: &serde_json::Error) -> IdentityFault {
    let what = match error.classify() {
        serde_json::error::Category::Data => "A member is unknown, given twice or of a wrong type",
        serde_json::error::Category::Io
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof => "The members are not JSON",
    };
    let (line, column) = (error.line(), error.column());
    IdentityFault::Validation(format!("{what} (line {line}, column {column})."))
}

operations! {
    CreateUser {
        path: Option<String>,
        user_name: String,
        permissions_boundary: Option<String>,
        tags: Vec<Tag>,
    } on |request, ground| ground.named("user", request.path.as_deref(), &request.user_name);
    DeleteUser { user_name: String } on |request, ground| ground.user(&request.user_name);
    GetUser { user_name: Option<String> }
        on |request, ground| ground.user_or_caller(request.user_name.as_deref());
    ListUsers { path_prefix: Option<String>, marker: Option<String>, max_items: Option<usize> }
        on |_, ground| ground.all("user");
    TagUser { user_name: String, tags: Vec<Tag> }
        on |request, ground| ground.user(&request.user_name);
    UntagUser { user_name: String, tag_keys: Vec<String> }
        on |request, ground| ground.user(&request.user_name);
    PutUserPermissionsBoundary { user_name: String, permissions_boundary: String }
        on |request, ground| ground.user(&request.user_name);
    DeleteUserPermissionsBoundary { user_name: String }
        on |request, ground| ground.user(&request.user_name);

    /// For a user, or else for who asks; `Root` for the account's root.
    CreateAccessKey { user_name: Option<String>, root: bool }
        on |request, ground| key_owner(request.root, request.user_name.as_deref(), ground);
    /// Ours: a key from elsewhere.
    ImportAccessKey {
        user_name: Option<String>,
        root: bool,
        access_key_id: String,
        secret_access_key: ImportedSecret,
        status: Option<KeyStatus>,
    } on |request, ground| key_owner(request.root, request.user_name.as_deref(), ground);
    UpdateAccessKey {
        user_name: Option<String>,
        root: bool,
        access_key_id: String,
        status: Option<KeyStatus>,
    } on |request, ground| key_owner(request.root, request.user_name.as_deref(), ground);
    DeleteAccessKey { user_name: Option<String>, root: bool, access_key_id: String }
        on |request, ground| key_owner(request.root, request.user_name.as_deref(), ground);
    ListAccessKeys { user_name: Option<String>, root: bool }
        on |request, ground| key_owner(request.root, request.user_name.as_deref(), ground);
    GetAccessKeyLastUsed { access_key_id: String } on |request, ground| {
        // One of another account is as unknown as one that is not there.
        let key = ground.directory.key(&request.access_key_id);
        let known = |key: &&Arc<KeyRecord>| !ground.as_named && *key.account == *ground.account;
        match key.filter(known).map(|key| &key.owner) {
            Some(KeyOwner::User(name)) => ground.user(name.as_str()),
            Some(KeyOwner::Root) => root_arn(ground.account),
            None => ground.all("user"),
        }
    };

    PutUserPolicy { user_name: String, policy_name: String, policy_document: String }
        on |request, ground| ground.user(&request.user_name);
    GetUserPolicy { user_name: String, policy_name: String }
        on |request, ground| ground.user(&request.user_name);
    DeleteUserPolicy { user_name: String, policy_name: String }
        on |request, ground| ground.user(&request.user_name);
    ListUserPolicies { user_name: String } on |request, ground| ground.user(&request.user_name);
    AttachUserPolicy { user_name: String, policy_arn: String }
        on |request, ground| ground.user(&request.user_name);
    DetachUserPolicy { user_name: String, policy_arn: String }
        on |request, ground| ground.user(&request.user_name);
    ListAttachedUserPolicies { user_name: String }
        on |request, ground| ground.user(&request.user_name);

    CreateGroup { path: Option<String>, group_name: String }
        on |request, ground| ground.named("group", request.path.as_deref(), &request.group_name);
    DeleteGroup { group_name: String } on |request, ground| ground.group(&request.group_name);
    GetGroup { group_name: String } on |request, ground| ground.group(&request.group_name);
    ListGroups { path_prefix: Option<String>, marker: Option<String>, max_items: Option<usize> }
        on |_, ground| ground.all("group");
    AddUserToGroup { group_name: String, user_name: String }
        on |request, ground| ground.group(&request.group_name);
    RemoveUserFromGroup { group_name: String, user_name: String }
        on |request, ground| ground.group(&request.group_name);
    ListGroupsForUser { user_name: String } on |request, ground| ground.user(&request.user_name);
    PutGroupPolicy { group_name: String, policy_name: String, policy_document: String }
        on |request, ground| ground.group(&request.group_name);
    GetGroupPolicy { group_name: String, policy_name: String }
        on |request, ground| ground.group(&request.group_name);
    DeleteGroupPolicy { group_name: String, policy_name: String }
        on |request, ground| ground.group(&request.group_name);
    ListGroupPolicies { group_name: String }
        on |request, ground| ground.group(&request.group_name);
    AttachGroupPolicy { group_name: String, policy_arn: String }
        on |request, ground| ground.group(&request.group_name);
    DetachGroupPolicy { group_name: String, policy_arn: String }
        on |request, ground| ground.group(&request.group_name);
    ListAttachedGroupPolicies { group_name: String }
        on |request, ground| ground.group(&request.group_name);

    CreateRole {
        path: Option<String>,
        role_name: String,
        assume_role_policy_document: String,
        description: Option<String>,
        max_session_duration: Option<u32>,
        permissions_boundary: Option<String>,
        tags: Vec<Tag>,
    } on |request, ground| ground.named("role", request.path.as_deref(), &request.role_name);
    DeleteRole { role_name: String } on |request, ground| ground.role(&request.role_name);
    GetRole { role_name: String } on |request, ground| ground.role(&request.role_name);
    ListRoles { path_prefix: Option<String>, marker: Option<String>, max_items: Option<usize> }
        on |_, ground| ground.all("role");
    UpdateRole {
        role_name: String,
        description: Option<String>,
        max_session_duration: Option<u32>,
    } on |request, ground| ground.role(&request.role_name);
    UpdateAssumeRolePolicy { role_name: String, policy_document: String }
        on |request, ground| ground.role(&request.role_name);
    TagRole { role_name: String, tags: Vec<Tag> }
        on |request, ground| ground.role(&request.role_name);
    UntagRole { role_name: String, tag_keys: Vec<String> }
        on |request, ground| ground.role(&request.role_name);
    PutRolePermissionsBoundary { role_name: String, permissions_boundary: String }
        on |request, ground| ground.role(&request.role_name);
    DeleteRolePermissionsBoundary { role_name: String }
        on |request, ground| ground.role(&request.role_name);
    PutRolePolicy { role_name: String, policy_name: String, policy_document: String }
        on |request, ground| ground.role(&request.role_name);
    GetRolePolicy { role_name: String, policy_name: String }
        on |request, ground| ground.role(&request.role_name);
    DeleteRolePolicy { role_name: String, policy_name: String }
        on |request, ground| ground.role(&request.role_name);
    ListRolePolicies { role_name: String } on |request, ground| ground.role(&request.role_name);
    AttachRolePolicy { role_name: String, policy_arn: String }
        on |request, ground| ground.role(&request.role_name);
    DetachRolePolicy { role_name: String, policy_arn: String }
        on |request, ground| ground.role(&request.role_name);
    ListAttachedRolePolicies { role_name: String }
        on |request, ground| ground.role(&request.role_name);

    CreatePolicy {
        path: Option<String>,
        policy_name: String,
        policy_document: String,
        description: Option<String>,
    } on |request, ground| ground.named("policy", request.path.as_deref(), &request.policy_name);
    /// Ours: replaces a managed policy's document, of which only the newest version is kept.
    UpdatePolicy { policy_arn: String, policy_document: String }
        on |request, _| request.policy_arn.clone();
    DeletePolicy { policy_arn: String } on |request, _| request.policy_arn.clone();
    GetPolicy { policy_arn: String } on |request, _| request.policy_arn.clone();
    ListPolicies { path_prefix: Option<String>, marker: Option<String>, max_items: Option<usize> }
        on |_, ground| ground.all("policy");
    /// Not by pages: quotas bound it.
    ListEntitiesForPolicy {
        policy_arn: String,
        entity_filter: Option<String>,
        path_prefix: Option<String>,
        policy_usage_filter: Option<String>,
    } on |request, _| request.policy_arn.clone();

    /// What the policies of a user, a role or the root say of actions on resources. A resource is
    /// `*` unless one is given.
    SimulatePrincipalPolicy {
        policy_source_arn: String,
        action_names: Vec<String>,
        resource_arns: Vec<String>,
        context: BTreeMap<String, String>,
    } on |request, _| request.policy_source_arn.clone();

    AssumeRole {
        role_arn: String,
        role_session_name: String,
        duration_seconds: Option<u32>,
        policy: Option<String>,
    } on |request, _| request.role_arn.clone();
    GetCallerIdentity {} on |_, ground| ground.user_or_caller(None);

    /// Ours: makes what a document describes, all of it or nothing. Whoever asks for it from outside
    /// must be allowed each of its steps as well.
    ImportIdentities { document: Document, prune: bool, dry_run: bool }
        on |_, ground| root_arn(ground.account);

    /// Ours.
    CreateAccount { account_id: String, account_name: Option<String> }
        on |request, _| root_arn(&request.account_id);
    /// Ours: of an account in which nothing is left but its root's keys, which go with it.
    DeleteAccount { account_id: String } on |request, _| root_arn(&request.account_id);
    /// Ours.
    ListAccounts { marker: Option<String>, max_items: Option<usize> } on |_, _| "*".to_owned();
}

fn key_owner(root: bool, user_name: Option<&str>, ground: &Ground<'_>) -> String {
    if root { root_arn(ground.account) } else { ground.user_or_caller(user_name) }
}

/// A secret that a request brings along. None, if it is left out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImportedSecret(pub Secret);

impl Default for ImportedSecret {
    fn default() -> ImportedSecret {
        ImportedSecret(Secret::new(String::new()))
    }
}

impl std::fmt::Debug for ImportedSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}
