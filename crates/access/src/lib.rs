//! Who is calling: the credentials that requests name, and signatures (SigV4).
//!
//! Pure: no I/O, no clock. What is here so far reads the credential scope of a request, which
//! says in which region it acts, and signs requests for our own clients. **Signatures are not
//! verified yet**: whoever reaches the server is let in. Until they are, the server listens on
//! loopback addresses only.

mod action;
mod caller;
mod check;
mod credential;
mod policy;
mod signer;

pub use action::Action;
pub use caller::{Authority, Caller, KeyRef, Principal, PrincipalKind, Session};
pub use check::{Check, Origin, ServiceKey, ServiceValues};
pub use credential::{Credential, Presented};
pub use policy::{Denial, DenialReason, Permissions, Policy, PolicyPlace, Verdict};
pub use signer::{Signature, Signer};

/// The account that every request acts in, as long as there are no identities to tell apart.
pub const ACCOUNT: &str = "000000000000";

/// The service's name in a credential scope.
const SERVICE: &str = "swf";
/// The last part of a credential scope.
const TERMINATOR: &str = "aws4_request";
/// The only way of signing that is known here.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
