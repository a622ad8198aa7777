//! IAM's quotas, and those that are ours.

/// How many accounts there may be. Ours.
pub const ACCOUNTS_MAX: usize = 1_000;
/// Users of an account.
pub const USERS_MAX: usize = 5_000;
/// Groups of an account.
pub const GROUPS_MAX: usize = 300;
/// Roles of an account.
pub const ROLES_MAX: usize = 1_000;
/// Managed policies of an account.
pub const POLICIES_MAX: usize = 1_500;
/// Groups that a user is in.
pub const GROUPS_PER_USER_MAX: usize = 10;
/// Managed policies that are attached to a user, a group or a role.
pub const ATTACHED_MAX: usize = 10;
/// Access keys of a user, and of an account's root.
pub const ACCESS_KEYS_MAX: usize = 2;
/// Deleted access keys that are remembered of an account, so that no document brings one back. Of
/// more than these, the oldest of whoever has the most are forgotten. Ours.
pub const DELETED_KEYS_MAX: usize = 10_000;
/// Tags of a user or a role.
pub const TAGS_MAX: usize = 50;
/// Characters of a tag's key.
pub const TAG_KEY_CHARS_MAX: usize = 128;
/// Characters of a tag's value.
pub const TAG_VALUE_CHARS_MAX: usize = 256;
/// Characters of a user's or a role session's name.
pub const NAME_CHARS_MAX: usize = 64;
/// Characters of a group's or a policy's name.
pub const LONG_NAME_CHARS_MAX: usize = 128;
/// Characters of a path.
pub const PATH_CHARS_MAX: usize = 512;
/// Characters of a description.
pub const DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Characters of a document as it is given, white space included.
pub const DOCUMENT_CHARS_MAX: usize = 131_072;
/// Characters of all inline policies of a user, without white space.
pub const USER_POLICIES_CHARS_MAX: usize = 2_048;
/// Characters of all inline policies of a group.
pub const GROUP_POLICIES_CHARS_MAX: usize = 5_120;
/// Characters of all inline policies of a role.
pub const ROLE_POLICIES_CHARS_MAX: usize = 10_240;
/// Characters of a managed policy.
pub const POLICY_CHARS_MAX: usize = 6_144;
/// Characters of who may assume a role.
pub const TRUST_CHARS_MAX: usize = 2_048;
/// Characters of what a session is cut down to.
pub const SESSION_POLICY_CHARS_MAX: usize = 2_048;
/// The shortest session.
pub const SESSION_SECONDS_MIN: u32 = 900;
/// A session that asks for no length.
pub const SESSION_SECONDS_DEFAULT: u32 = 3_600;
/// The longest session that a role may allow.
pub const SESSION_SECONDS_MAX: u32 = 43_200;
/// Bytes of a session's token: with all else it has to fit into a request's headers.
pub const SESSION_TOKEN_BYTES_MAX: usize = 4_096;
/// The shortest secret that is imported.
pub const SECRET_CHARS_MIN: usize = 8;
/// The longest secret that is imported.
pub const SECRET_CHARS_MAX: usize = 128;
/// The shortest access key id that is imported, and the longest.
pub const ACCESS_KEY_ID_CHARS: std::ops::RangeInclusive<usize> = 1..=128;
/// How many entries a page of a list has at most, and unless the request says otherwise.
pub const ITEMS_MAX: usize = 1_000;
/// The same if the request does not say.
pub const ITEMS_DEFAULT: usize = 100;
/// How many actions or resources a simulation takes.
pub const SIMULATED_MAX: usize = 100;
/// How many actions on resources are judged by one simulation.
pub const JUDGMENTS_MAX: usize = 1_000;
/// Bytes of what an operation acts on, and of each resource and value of a simulation: IAM's bound
/// of resource names.
pub const RESOURCE_BYTES_MAX: usize = 2_048;

/// Characters that count for the length of a policy.
pub(super) fn counted_chars(document: &str) -> usize {
    document.chars().filter(|character| !character.is_whitespace()).count()
}
