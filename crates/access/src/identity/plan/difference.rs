//! What is in the one and not in the other: attachments, documents, tags.

use crate::identity::record::{Documents, Tags};
use crate::identity::request::Tag;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is in the one and not in the other.
pub(super) fn gone(one: &BTreeSet<Arc<str>>, other: &BTreeSet<Arc<str>>) -> Vec<String> {
    one.difference(other).map(ToString::to_string).collect()
}

/// Names of documents to delete, and documents to put. One that is replaced is deleted first, so
/// that there is room for the new one.
pub(super) fn documents(
    known: &Documents,
    wanted: &BTreeMap<String, Arc<str>>,
) -> (Vec<String>, Vec<(String, String)>) {
    let same = |name: &str, document: &Arc<str>| wanted.get(name) == Some(document);
    let deleted = known.iter().filter(|(name, document)| !same(name, document));
    let put = wanted.iter().filter(|(name, document)| known.get(name.as_str()) != Some(document));
    (
        deleted.map(|(name, _)| name.to_string()).collect(),
        put.map(|(name, document)| (name.clone(), document.to_string())).collect(),
    )
}

/// Keys of tags to remove, and tags to set.
pub(super) fn tags_to(known: &Tags, wanted: &BTreeMap<String, String>) -> (Vec<String>, Vec<Tag>) {
    let removed = known.keys().filter(|key| !wanted.contains_key(&***key));
    let set = wanted.iter().filter(|(key, value)| {
        known.get(key.as_str()).map(|known| &**known) != Some(value.as_str())
    });
    (
        removed.map(ToString::to_string).collect(),
        set.map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect(),
    )
}
