//! What operations on identities answer, with IAM's members.

use super::record::{
    AccountRecord, GroupRecord, KeyOwner, KeyRecord, KeyStatus, KeyUse, PolicyRecord, RoleRecord,
    Tags, UserRecord,
};
use super::request::Tag;
use super::sealing::Secret;
use serde::Serialize;
use std::sync::Arc;
use wire::Timestamp;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged, rename_all_fields = "PascalCase")]
#[allow(missing_docs)]
pub enum IdentityReply {
    /// It is done, and there is nothing to say.
    Done {},
    User {
        user: UserView,
    },
    Users {
        users: Vec<UserView>,
        #[serde(flatten)]
        page: Page,
    },
    /// The only answer that shows a secret.
    NewKey {
        access_key: NewKeyView,
    },
    Keys {
        access_key_metadata: Vec<KeyView>,
    },
    KeyUsed {
        #[serde(skip_serializing_if = "Option::is_none")]
        user_name: Option<Arc<str>>,
        access_key_last_used: KeyUseView,
    },
    UserDocument {
        user_name: Arc<str>,
        policy_name: Arc<str>,
        policy_document: Arc<str>,
    },
    GroupDocument {
        group_name: Arc<str>,
        policy_name: Arc<str>,
        policy_document: Arc<str>,
    },
    RoleDocument {
        role_name: Arc<str>,
        policy_name: Arc<str>,
        policy_document: Arc<str>,
    },
    PolicyNames {
        policy_names: Vec<Arc<str>>,
    },
    Attached {
        attached_policies: Vec<AttachedView>,
    },
    Group {
        group: GroupView,
        users: Vec<UserView>,
    },
    Groups {
        groups: Vec<GroupView>,
        #[serde(flatten)]
        page: Page,
    },
    Role {
        role: RoleView,
    },
    Roles {
        roles: Vec<RoleView>,
        #[serde(flatten)]
        page: Page,
    },
    Policy {
        policy: PolicyView,
    },
    Policies {
        policies: Vec<PolicyView>,
        #[serde(flatten)]
        page: Page,
    },
    Simulated {
        evaluation_results: Vec<SimulatedView>,
    },
    Session {
        credentials: CredentialsView,
        assumed_role_user: AssumedView,
    },
    Caller {
        user_id: Arc<str>,
        account: Arc<str>,
        arn: Arc<str>,
    },
    /// Who has a managed policy, or is bounded by it.
    Entities {
        policy_groups: Vec<PolicyGroupView>,
        policy_users: Vec<PolicyUserView>,
        policy_roles: Vec<PolicyRoleView>,
    },
    /// What an import did, or would do.
    Imported {
        steps: Vec<ImportStepView>,
        /// Keys that it did not import, as they were deleted before.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        skipped_keys: Vec<SkippedKeyView>,
    },
    Account {
        account: AccountView,
    },
    Accounts {
        accounts: Vec<AccountView>,
        #[serde(flatten)]
        page: Page,
    },
}

/// Whether a list goes on, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Page {
    /// Whether there is more.
    pub is_truncated: bool,
    /// For the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
}

/// Declares a shape of an answer.
macro_rules! views {
    ($($(#[$note:meta])* $view:ident { $($(#[$attribute:meta])* $member:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
            #[serde(rename_all = "PascalCase")]
            #[allow(missing_docs)]
            pub struct $view { $($(#[$attribute])* pub $member: $type),* }
        )*
    };
}

views! {
    /// A user.
    UserView {
        path: Arc<str>,
        user_name: Arc<str>,
        user_id: Arc<str>,
        arn: String,
        create_date: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        permissions_boundary: Option<BoundaryView>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<Tag>,
    }
    /// A permissions boundary.
    BoundaryView {
        permissions_boundary_type: &'static str,
        permissions_boundary_arn: Arc<str>,
    }
    /// A new access key, with its secret, which is shown this once.
    NewKeyView {
        #[serde(skip_serializing_if = "Option::is_none")]
        user_name: Option<Arc<str>>,
        access_key_id: Arc<str>,
        status: KeyStatus,
        secret_access_key: Secret,
        create_date: Timestamp,
    }
    /// An access key without its secret.
    KeyView {
        #[serde(skip_serializing_if = "Option::is_none")]
        user_name: Option<Arc<str>>,
        access_key_id: Arc<str>,
        status: KeyStatus,
        create_date: Timestamp,
    }
    /// When a key was used.
    KeyUseView {
        #[serde(skip_serializing_if = "Option::is_none")]
        last_used_date: Option<Timestamp>,
        service_name: Arc<str>,
        region: Arc<str>,
    }
    /// A managed policy where it is attached.
    AttachedView {
        policy_name: Arc<str>,
        policy_arn: Arc<str>,
    }
    /// A group.
    GroupView {
        path: Arc<str>,
        group_name: Arc<str>,
        group_id: Arc<str>,
        arn: String,
        create_date: Timestamp,
    }
    /// A role.
    RoleView {
        path: Arc<str>,
        role_name: Arc<str>,
        role_id: Arc<str>,
        arn: String,
        create_date: Timestamp,
        assume_role_policy_document: Arc<str>,
        #[serde(skip_serializing_if = "str::is_empty")]
        description: Arc<str>,
        max_session_duration: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        permissions_boundary: Option<BoundaryView>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<Tag>,
    }
    /// A managed policy. Its document is with it: there is only one version.
    PolicyView {
        policy_name: Arc<str>,
        policy_id: Arc<str>,
        arn: String,
        path: Arc<str>,
        attachment_count: usize,
        permissions_boundary_usage_count: usize,
        create_date: Timestamp,
        update_date: Timestamp,
        #[serde(skip_serializing_if = "str::is_empty")]
        description: Arc<str>,
        /// Not in lists: as in IAM, whoever may list policies may not read them all.
        #[serde(skip_serializing_if = "Option::is_none")]
        policy_document: Option<Arc<str>>,
    }
    /// What came of one action on one resource.
    SimulatedView {
        eval_action_name: String,
        eval_resource_name: String,
        /// `allowed`, `explicitDeny` or `implicitDeny`.
        eval_decision: &'static str,
        /// The statement that decided, if it has a name.
        #[serde(skip_serializing_if = "Option::is_none")]
        matched_sid: Option<Arc<str>>,
    }
    /// Credentials of a session.
    CredentialsView {
        access_key_id: String,
        secret_access_key: Secret,
        session_token: Secret,
        expiration: Timestamp,
    }
    /// Who a session is.
    AssumedView {
        assumed_role_id: String,
        arn: String,
    }
    /// A group that has a managed policy.
    PolicyGroupView {
        group_name: Arc<str>,
        group_id: Arc<str>,
    }
    /// A user that has a managed policy.
    PolicyUserView {
        user_name: Arc<str>,
        user_id: Arc<str>,
    }
    /// A role that has a managed policy.
    PolicyRoleView {
        role_name: Arc<str>,
        role_id: Arc<str>,
    }
    /// One operation of an import, and on what.
    ImportStepView {
        operation: &'static str,
        resource: String,
        /// The access key, the policy or the user that it gives somebody or takes away.
        #[serde(skip_serializing_if = "Option::is_none")]
        about: Option<String>,
    }
    /// A key that a document names and that was deleted, and whose it would be.
    SkippedKeyView {
        owner: String,
        access_key_id: String,
    }
    /// An account.
    AccountView {
        id: Arc<str>,
        name: Arc<str>,
        create_date: Timestamp,
    }
}

impl UserView {
    pub(super) fn new(account: &str, user: &UserRecord) -> UserView {
        UserView {
            path: Arc::clone(&user.path),
            user_name: Arc::clone(&user.name),
            user_id: Arc::clone(&user.id),
            arn: user.arn(account),
            create_date: user.created_at,
            permissions_boundary: BoundaryView::new(user.boundary.as_ref()),
            tags: tag_views(&user.tags),
        }
    }
}

impl BoundaryView {
    fn new(arn: Option<&Arc<str>>) -> Option<BoundaryView> {
        let arn = Arc::clone(arn?);
        Some(BoundaryView {
            permissions_boundary_type: "PermissionsBoundaryPolicy",
            permissions_boundary_arn: arn,
        })
    }
}

impl GroupView {
    pub(super) fn new(account: &str, group: &GroupRecord) -> GroupView {
        GroupView {
            path: Arc::clone(&group.path),
            group_name: Arc::clone(&group.name),
            group_id: Arc::clone(&group.id),
            arn: group.arn(account),
            create_date: group.created_at,
        }
    }
}

impl RoleView {
    pub(super) fn new(account: &str, role: &RoleRecord) -> RoleView {
        RoleView {
            path: Arc::clone(&role.path),
            role_name: Arc::clone(&role.name),
            role_id: Arc::clone(&role.id),
            arn: role.arn(account),
            create_date: role.created_at,
            assume_role_policy_document: Arc::clone(&role.trust),
            description: Arc::clone(&role.description),
            max_session_duration: role.session_seconds_max,
            permissions_boundary: BoundaryView::new(role.boundary.as_ref()),
            tags: tag_views(&role.tags),
        }
    }
}

impl PolicyView {
    pub(super) fn new(
        account: &str,
        policy: &PolicyRecord,
        attachments: usize,
        boundaries: usize,
    ) -> PolicyView {
        PolicyView {
            policy_name: Arc::clone(&policy.name),
            policy_id: Arc::clone(&policy.id),
            arn: policy.arn(account),
            path: Arc::clone(&policy.path),
            attachment_count: attachments,
            permissions_boundary_usage_count: boundaries,
            create_date: policy.created_at,
            update_date: policy.updated_at,
            description: Arc::clone(&policy.description),
            policy_document: Some(Arc::clone(&policy.document)),
        }
    }
}

impl KeyView {
    pub(super) fn new(key: &KeyRecord, user_name: Option<Arc<str>>) -> KeyView {
        debug_assert_eq!(user_name.is_none(), key.owner == KeyOwner::Root);
        KeyView {
            user_name,
            access_key_id: Arc::clone(&key.id),
            status: key.status,
            create_date: key.created_at,
        }
    }
}

impl KeyUseView {
    pub(super) fn new(key_use: Option<&KeyUse>) -> KeyUseView {
        match key_use {
            Some(key_use) => KeyUseView {
                last_used_date: Some(key_use.at),
                service_name: Arc::clone(&key_use.service),
                region: Arc::clone(&key_use.region),
            },
            None => KeyUseView {
                last_used_date: None,
                service_name: "N/A".into(),
                region: "N/A".into(),
            },
        }
    }
}

impl AccountView {
    pub(super) fn new(account: &AccountRecord) -> AccountView {
        AccountView {
            id: Arc::clone(&account.id),
            name: Arc::clone(&account.name),
            create_date: account.created_at,
        }
    }
}

fn tag_views(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.to_string(), value: value.to_string() }).collect()
}
