//! IAM's rules of names.
//!
//! All names are plain ASCII, so they are safe in resource names, keys and logs.

use super::fault::IdentityFault;
use super::limits;

/// Checks an account's id.
pub fn check_account(id: &str) -> Result<(), IdentityFault> {
    if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(IdentityFault::Validation("An account id has twelve digits.".to_owned()))
}

/// Checks the name of a user, a role or a session.
pub fn check_name(member: &'static str, name: &str) -> Result<(), IdentityFault> {
    check_text(member, name, limits::NAME_CHARS_MAX)
}

/// Checks the name of a group or a policy.
pub fn check_long_name(member: &'static str, name: &str) -> Result<(), IdentityFault> {
    check_text(member, name, limits::LONG_NAME_CHARS_MAX)
}

/// Checks a session's name, which has two characters at least.
pub fn check_session_name(name: &str) -> Result<(), IdentityFault> {
    check_name("roleSessionName", name)?;
    if name.len() < 2 {
        return Err(too_short("roleSessionName", 2));
    }
    Ok(())
}

/// Checks a path: it begins and ends with a slash.
pub fn check_path(path: &str) -> Result<(), IdentityFault> {
    if path.len() > limits::PATH_CHARS_MAX {
        return Err(too_long("path", limits::PATH_CHARS_MAX));
    }
    let graphic = path.bytes().all(|byte| byte.is_ascii_graphic());
    if graphic && path.starts_with('/') && path.ends_with('/') && !path.contains("//") {
        // Wildcards and variables would mean something where the resource name is matched.
        if !path.contains(['*', '?', '$', '{', '}']) {
            return Ok(());
        }
    }
    Err(IdentityFault::Validation(
        "The specified value for path is invalid. It must begin and end with / and contain only \
         alphanumeric characters and/or / characters."
            .to_owned(),
    ))
}

/// Checks a tag.
pub fn check_tag(key: &str, value: &str) -> Result<(), IdentityFault> {
    check_tag_key(key)?;
    if value.chars().count() > limits::TAG_VALUE_CHARS_MAX {
        return Err(too_long("tags.member.value", limits::TAG_VALUE_CHARS_MAX));
    }
    if !value.chars().all(is_tag_char) {
        return Err(IdentityFault::InvalidInput(
            "Tag values may contain letters, digits, spaces and _.:/=+-@.".to_owned(),
        ));
    }
    Ok(())
}

/// Checks a tag's key.
pub fn check_tag_key(key: &str) -> Result<(), IdentityFault> {
    let chars = key.chars().count();
    if chars == 0 {
        return Err(too_short("tags.member.key", 1));
    }
    if chars > limits::TAG_KEY_CHARS_MAX {
        return Err(too_long("tags.member.key", limits::TAG_KEY_CHARS_MAX));
    }
    if !key.chars().all(is_tag_char) {
        return Err(IdentityFault::InvalidInput(
            "Tag keys may contain letters, digits, spaces and _.:/=+-@.".to_owned(),
        ));
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(IdentityFault::InvalidInput(
            "Tag keys must not begin with aws:, which is reserved.".to_owned(),
        ));
    }
    Ok(())
}

/// Checks a description.
pub fn check_description(text: &str) -> Result<(), IdentityFault> {
    if text.chars().count() > limits::DESCRIPTION_CHARS_MAX {
        return Err(too_long("description", limits::DESCRIPTION_CHARS_MAX));
    }
    if text.chars().any(|character| character.is_control() && !character.is_whitespace()) {
        return Err(IdentityFault::Validation(
            "The specified value for description is invalid.".to_owned(),
        ));
    }
    Ok(())
}

/// Checks an imported access key's id: what can stand in a credential.
pub fn check_access_key_id(id: &str) -> Result<(), IdentityFault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let session = id.starts_with(super::sessions::SESSION_KEY_PREFIX);
    if limits::ACCESS_KEY_ID_CHARS.contains(&id.len()) && id.bytes().all(plain) && !session {
        return Ok(());
    }
    Err(invalid_access_key_id())
}

/// What is said of an id that cannot be imported, whatever the reason.
pub fn invalid_access_key_id() -> IdentityFault {
    IdentityFault::Validation(
        "The specified value for accessKeyId is invalid. It has 1 to 128 letters, digits and \
         -_., does not begin with ASIA and is not in use."
            .to_owned(),
    )
}

fn check_text(member: &'static str, name: &str, chars_max: usize) -> Result<(), IdentityFault> {
    if name.is_empty() {
        return Err(too_short(member, 1));
    }
    if name.len() > chars_max {
        return Err(too_long(member, chars_max));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if name.bytes().all(plain) {
        return Ok(());
    }
    Err(IdentityFault::Validation(format!(
        "The specified value for {member} is invalid. It must contain only alphanumeric \
         characters and/or the following: +=,.@_-"
    )))
}

fn is_tag_char(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
}

fn too_short(member: &str, chars_min: usize) -> IdentityFault {
    IdentityFault::Validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member \
         must have length greater than or equal to {chars_min}"
    ))
}

fn too_long(member: &str, chars_max: usize) -> IdentityFault {
    IdentityFault::Validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member \
         must have length less than or equal to {chars_max}"
    ))
}
