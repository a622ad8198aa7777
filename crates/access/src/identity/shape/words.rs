//! What people are told of operations and their members.

use super::Words;

/// In the order of the operations.
pub(super) const WORDS: &[Words] = &[
    Words {
        operation: "CreateUser",
        about: "Makes a user.",
        example: "create-user --user-name decider --tags Key=team,Value=orders",
    },
    Words {
        operation: "DeleteUser",
        about: "Deletes a user that has no keys, policies and groups any more.",
        example: "delete-user --user-name decider",
    },
    Words { operation: "GetUser", about: "Shows a user.", example: "get-user --user-name decider" },
    Words {
        operation: "ListUsers",
        about: "Lists the account's users.",
        example: "list-users --path-prefix /teams/",
    },
    Words {
        operation: "TagUser",
        about: "Gives a user tags, or other values to those that it has.",
        example: "tag-user --user-name decider --tags Key=team,Value=orders",
    },
    Words {
        operation: "UntagUser",
        about: "Takes tags from a user.",
        example: "untag-user --user-name decider --tag-keys team",
    },
    Words {
        operation: "PutUserPermissionsBoundary",
        about: "Bounds a user by a managed policy.",
        example: "put-user-permissions-boundary --user-name decider --permissions-boundary \
                  arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "DeleteUserPermissionsBoundary",
        about: "Takes a user's boundary away.",
        example: "delete-user-permissions-boundary --user-name decider",
    },
    Words {
        operation: "CreateAccessKey",
        about: "Makes an access key and shows its secret, this once.",
        example: "create-access-key --user-name decider",
    },
    Words {
        operation: "ImportAccessKey",
        about: "Takes over an access key that was made elsewhere.",
        example: "import-access-key --user-name decider --access-key-id AKIAIOSFODNN7EXAMPLE \
                  --secret-access-key file://secret",
    },
    Words {
        operation: "UpdateAccessKey",
        about: "Enables or disables an access key.",
        example: "update-access-key --user-name decider --access-key-id AKIAIOSFODNN7EXAMPLE \
                  --status Inactive",
    },
    Words {
        operation: "DeleteAccessKey",
        about: "Deletes an access key.",
        example: "delete-access-key --user-name decider --access-key-id AKIAIOSFODNN7EXAMPLE",
    },
    Words {
        operation: "ListAccessKeys",
        about: "Lists access keys, without their secrets.",
        example: "list-access-keys --user-name decider",
    },
    Words {
        operation: "GetAccessKeyLastUsed",
        about: "Says when an access key was last used.",
        example: "get-access-key-last-used --access-key-id AKIAIOSFODNN7EXAMPLE",
    },
    Words {
        operation: "PutUserPolicy",
        about: "Gives a user an inline policy, or replaces it.",
        example: "put-user-policy --user-name decider --policy-name swf --policy-document \
                  file://swf.json",
    },
    Words {
        operation: "GetUserPolicy",
        about: "Shows an inline policy of a user.",
        example: "get-user-policy --user-name decider --policy-name swf",
    },
    Words {
        operation: "DeleteUserPolicy",
        about: "Deletes an inline policy of a user.",
        example: "delete-user-policy --user-name decider --policy-name swf",
    },
    Words {
        operation: "ListUserPolicies",
        about: "Lists the names of a user's inline policies.",
        example: "list-user-policies --user-name decider",
    },
    Words {
        operation: "AttachUserPolicy",
        about: "Attaches a managed policy to a user.",
        example: "attach-user-policy --user-name decider --policy-arn \
                  arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "DetachUserPolicy",
        about: "Detaches a managed policy from a user.",
        example: "detach-user-policy --user-name decider --policy-arn \
                  arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "ListAttachedUserPolicies",
        about: "Lists the managed policies that are attached to a user.",
        example: "list-attached-user-policies --user-name decider",
    },
    Words {
        operation: "CreateGroup",
        about: "Makes a group.",
        example: "create-group --group-name auditors",
    },
    Words {
        operation: "DeleteGroup",
        about: "Deletes a group that has no members and no policies any more.",
        example: "delete-group --group-name auditors",
    },
    Words {
        operation: "GetGroup",
        about: "Shows a group and who is in it.",
        example: "get-group --group-name auditors",
    },
    Words { operation: "ListGroups", about: "Lists the account's groups.", example: "list-groups" },
    Words {
        operation: "AddUserToGroup",
        about: "Puts a user into a group.",
        example: "add-user-to-group --group-name auditors --user-name ada",
    },
    Words {
        operation: "RemoveUserFromGroup",
        about: "Takes a user out of a group.",
        example: "remove-user-from-group --group-name auditors --user-name ada",
    },
    Words {
        operation: "ListGroupsForUser",
        about: "Lists the groups that a user is in.",
        example: "list-groups-for-user --user-name ada",
    },
    Words {
        operation: "PutGroupPolicy",
        about: "Gives a group an inline policy, or replaces it.",
        example: "put-group-policy --group-name auditors --policy-name read --policy-document \
                  file://read.json",
    },
    Words {
        operation: "GetGroupPolicy",
        about: "Shows an inline policy of a group.",
        example: "get-group-policy --group-name auditors --policy-name read",
    },
    Words {
        operation: "DeleteGroupPolicy",
        about: "Deletes an inline policy of a group.",
        example: "delete-group-policy --group-name auditors --policy-name read",
    },
    Words {
        operation: "ListGroupPolicies",
        about: "Lists the names of a group's inline policies.",
        example: "list-group-policies --group-name auditors",
    },
    Words {
        operation: "AttachGroupPolicy",
        about: "Attaches a managed policy to a group.",
        example: "attach-group-policy --group-name auditors --policy-arn \
                  arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "DetachGroupPolicy",
        about: "Detaches a managed policy from a group.",
        example: "detach-group-policy --group-name auditors --policy-arn \
                  arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "ListAttachedGroupPolicies",
        about: "Lists the managed policies that are attached to a group.",
        example: "list-attached-group-policies --group-name auditors",
    },
    Words {
        operation: "CreateRole",
        about: "Makes a role, and says who may assume it.",
        example: "create-role --role-name operator --assume-role-policy-document \
                  file://trust.json --max-session-duration 7200",
    },
    Words {
        operation: "DeleteRole",
        about: "Deletes a role that has no policies any more; its sessions end.",
        example: "delete-role --role-name operator",
    },
    Words {
        operation: "GetRole",
        about: "Shows a role.",
        example: "get-role --role-name operator",
    },
    Words { operation: "ListRoles", about: "Lists the account's roles.", example: "list-roles" },
    Words {
        operation: "UpdateRole",
        about: "Changes a role's description or the length of its sessions.",
        example: "update-role --role-name operator --max-session-duration 3600",
    },
    Words {
        operation: "UpdateAssumeRolePolicy",
        about: "Changes who may assume a role.",
        example: "update-assume-role-policy --role-name operator --policy-document \
                  file://trust.json",
    },
    Words {
        operation: "TagRole",
        about: "Gives a role tags, or other values to those that it has.",
        example: "tag-role --role-name operator --tags Key=team,Value=orders",
    },
    Words {
        operation: "UntagRole",
        about: "Takes tags from a role.",
        example: "untag-role --role-name operator --tag-keys team",
    },
    Words {
        operation: "PutRolePermissionsBoundary",
        about: "Bounds a role by a managed policy.",
        example: "put-role-permissions-boundary --role-name operator --permissions-boundary \
                  arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "DeleteRolePermissionsBoundary",
        about: "Takes a role's boundary away.",
        example: "delete-role-permissions-boundary --role-name operator",
    },
    Words {
        operation: "PutRolePolicy",
        about: "Gives a role an inline policy, or replaces it.",
        example: "put-role-policy --role-name operator --policy-name swf --policy-document \
                  file://swf.json",
    },
    Words {
        operation: "GetRolePolicy",
        about: "Shows an inline policy of a role.",
        example: "get-role-policy --role-name operator --policy-name swf",
    },
    Words {
        operation: "DeleteRolePolicy",
        about: "Deletes an inline policy of a role.",
        example: "delete-role-policy --role-name operator --policy-name swf",
    },
    Words {
        operation: "ListRolePolicies",
        about: "Lists the names of a role's inline policies.",
        example: "list-role-policies --role-name operator",
    },
    Words {
        operation: "AttachRolePolicy",
        about: "Attaches a managed policy to a role.",
        example: "attach-role-policy --role-name operator --policy-arn \
                  arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "DetachRolePolicy",
        about: "Detaches a managed policy from a role.",
        example: "detach-role-policy --role-name operator --policy-arn \
                  arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "ListAttachedRolePolicies",
        about: "Lists the managed policies that are attached to a role.",
        example: "list-attached-role-policies --role-name operator",
    },
    Words {
        operation: "CreatePolicy",
        about: "Makes a managed policy.",
        example: "create-policy --policy-name swf-only --policy-document file://swf.json",
    },
    Words {
        operation: "UpdatePolicy",
        about: "Replaces a managed policy's document; only the newest is kept. AWS has versions \
                instead.",
        example: "update-policy --policy-arn arn:aws:iam::000000000000:policy/swf-only \
                  --policy-document file://swf.json",
    },
    Words {
        operation: "DeletePolicy",
        about: "Deletes a managed policy that is attached to nothing.",
        example: "delete-policy --policy-arn arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "GetPolicy",
        about: "Shows a managed policy with its document.",
        example: "get-policy --policy-arn arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "ListPolicies",
        about: "Lists the account's managed policies.",
        example: "list-policies",
    },
    Words {
        operation: "ListEntitiesForPolicy",
        about: "Lists the users, groups and roles that have a managed policy or are bounded by it.",
        example: "list-entities-for-policy --policy-arn \
                  arn:aws:iam::000000000000:policy/swf-only",
    },
    Words {
        operation: "SimulatePrincipalPolicy",
        about: "Says what somebody's policies allow, without doing it.",
        example: "simulate-principal-policy --policy-source-arn \
                  arn:aws:iam::000000000000:user/decider --action-names swf:PollForDecisionTask \
                  --resource-arns arn:aws:swf:us-east-1:000000000000:/domain/orders \
                  --context-entries \
                  ContextKeyName=swf:taskList.name,ContextKeyValues=deciders,ContextKeyType=string",
    },
    Words {
        operation: "AssumeRole",
        about: "Gives temporary credentials of a role.",
        example: "assume-role --role-arn arn:aws:iam::000000000000:role/operator \
                  --role-session-name ada --duration-seconds 900",
    },
    Words {
        operation: "GetCallerIdentity",
        about: "Says whose the credentials are.",
        example: "get-caller-identity",
    },
    Words {
        operation: "ImportIdentities",
        about: "Makes identities as a file describes them, all of it or nothing.",
        example: "import --file identities.toml --dry-run",
    },
    Words {
        operation: "CreateAccount",
        about: "Makes an account. Only on the data directory.",
        example: "create-account --account-id 111111111111 --account-name tests",
    },
    Words {
        operation: "DeleteAccount",
        about: "Deletes an account that is empty but for its root's keys. Only on the data \
                directory.",
        example: "delete-account --account-id 111111111111",
    },
    Words {
        operation: "ListAccounts",
        about: "Lists accounts: all of them on the data directory, else one's own.",
        example: "list-accounts",
    },
];

/// What people are told of a member; nothing of one that there is not.
pub(super) fn about(member: &str) -> &'static str {
    match member {
        "path" => "The path in its resource name, such as /teams/orders/; / unless it is given.",
        "user_name" => "The user's name.",
        "group_name" => "The group's name.",
        "role_name" => "The role's name.",
        "policy_name" => "The policy's name.",
        "permissions_boundary" => "The resource name of the managed policy that bounds it.",
        "tags" => "Tags, as Key=team,Value=orders, or as JSON.",
        "tag_keys" => "The keys of the tags.",
        "path_prefix" => "Only what has a path that begins so.",
        "entity_filter" => "Only User, Role or Group.",
        "policy_usage_filter" => {
            "Only those to which it is attached (PermissionsPolicy), or that it bounds \
             (PermissionsBoundary)."
        }
        "marker" => "Where the list goes on: what the page before it gave.",
        "max_items" => "How many entries at most.",
        "root" => "The key of the account's root instead of a user's.",
        "access_key_id" => "The access key's id.",
        "secret_access_key" => {
            "Its secret; better as file://PATH than on the command line, which others can see."
        }
        "status" => "Active or Inactive.",
        "policy_document" => "The policy, as JSON or file://PATH.",
        "policy_arn" => "The managed policy's resource name.",
        "assume_role_policy_document" => {
            "Who may assume it: a policy with principals, as JSON or file://PATH."
        }
        "description" => "What it is for.",
        "max_session_duration" => "The longest that a session may last, in seconds: 3600 to 43200.",
        "policy_source_arn" => "The resource name of the user, the role or the root.",
        "action_names" => "The actions, such as swf:ListDomains.",
        "resource_arns" => "The resource names; * unless some are given.",
        "context" => {
            "Values of condition keys, as \
             ContextKeyName=KEY,ContextKeyValues=VALUE,ContextKeyType=string."
        }
        "role_arn" => "The role's resource name.",
        "role_session_name" => "A name for the session, which becomes part of its resource name.",
        "duration_seconds" => {
            "How long it lasts: 900 seconds to what the role allows; 3600 unless it is given."
        }
        "policy" => "A policy that the session is cut down to, as JSON or file://PATH.",
        "document" => "The file, in TOML.",
        "prune" => "Delete what the file does not mention.",
        "dry_run" => "Only say what would be done.",
        "account_id" => "Twelve digits.",
        "account_name" => "A name for people.",
        _ => "",
    }
}
