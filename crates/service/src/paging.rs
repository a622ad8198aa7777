//! Pages: what a request says about them, and the tokens that bind them to it.

use crate::token::Tokens;
use engine::Scope;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use wire::{Fault, Operation, PageToken, Timestamp};

/// The paging members of one request.
pub struct Paging {
    /// Largest first.
    pub reverse: bool,
    maximum_page_size: Option<u32>,
    token: Option<PageToken>,
    /// Of everything that must not change between pages.
    digest: [u8; 32],
    now: Timestamp,
    tokens: Arc<Tokens>,
}

impl Paging {
    /// Reads the paging members of a request, given by its operation and its input.
    pub fn of(
        operation: Operation,
        input: &impl Serialize,
        scope: &Scope,
        tokens: &Arc<Tokens>,
        now: Timestamp,
    ) -> Paging {
        Paging::of_named(operation.name(), input, scope, tokens, now)
    }

    /// The same of an operation that is ours, by its name.
    pub fn of_named(
        operation: &str,
        input: &impl Serialize,
        scope: &Scope,
        tokens: &Arc<Tokens>,
        now: Timestamp,
    ) -> Paging {
        // The members have the same names in all paged operations.
        let mut body = serde_json::to_value(input).expect("an input has text keys");
        let mut take = |name: &str| body.as_object_mut().and_then(|members| members.remove(name));
        let token = take("nextPageToken");
        // A client may change its mind about the size, but not about what it lists.
        let size = take("maximumPageSize").and_then(|size| size.as_u64());
        let mut hash = Sha256::new();
        for text in [&*scope.account, &*scope.region, operation, &body.to_string()] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        Paging {
            reverse: body["reverseOrder"].as_bool().unwrap_or(false),
            maximum_page_size: size.and_then(|size| u32::try_from(size).ok()),
            token: token.and_then(|token| token.as_str().map(PageToken::from)),
            digest: hash.finalize().into(),
            now,
            tokens: Arc::clone(tokens),
        }
    }

    /// Where the page begins, if not at the beginning.
    pub fn position<P: DeserializeOwned>(&self) -> Result<Option<P>, Fault> {
        let position = |token| self.tokens.parse_page(token, &self.digest, self.now);
        self.token.as_ref().map(position).transpose()
    }

    /// How many entries the page may hold: what the request says, if that is less than `most`.
    pub fn entries_max(&self, most: usize) -> usize {
        match self.maximum_page_size.map(|size| size as usize) {
            None | Some(0) => most,
            Some(size) => size.min(most),
        }
    }

    /// The token of the page that begins at `position`.
    pub fn token(&self, position: &impl Serialize) -> PageToken {
        self.tokens.page(&self.digest, self.now, position)
    }
}

#[cfg(test)]
mod tests;
