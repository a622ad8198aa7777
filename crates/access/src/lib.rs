//! Who is calling: the credentials that requests name, and signatures (SigV4); and what policies
//! say of what is asked.
//!
//! Pure: no I/O, no clock.

mod action;
mod calendar;
mod caller;
mod check;
pub mod identity;
pub mod own;
mod policy;
mod sigv4;
pub mod swf;

pub use action::Action;
pub use caller::{Authority, Caller, KeyRef, Principal, PrincipalKind, Session};
pub use check::{Check, Origin, ServiceKey, ServiceValues};
pub use policy::{
    Admission, Denial, DenialReason, Matched, Permissions, Policy, PolicyError, PolicyPlace,
    PolicyWarning, TrustPolicy, TrustedIds, Verdict,
};
pub use sigv4::{
    Claim, Credential, Received, Regions, Rules, Signature, Signer, SigningKey, SigningKeys,
    Unclaimed, iso_date,
};

/// The first account, and the one that everybody acts in where access control is off.
pub const ACCOUNT: &str = "000000000000";

/// The API's name in a credential scope.
pub const SERVICE: &str = "swf";
