//! Who sends a request: nobody asks, or its signature says.
//!
//! The checks are those of access.md, section 3.4, in its order: 3 to 12 say whether a request can
//! be signed rightly at all, 13 to 15 whether it is. Invariant: a [`Caller`] with a principal is
//! one whose signature was right, by a key that was active then, over the bytes that were received.
//! What comes in is unknown before that, so nothing here reads what is asked for.

use crate::administer::Administration;
use crate::failures::Failures;
use crate::held_up::HeldUp;
use crate::hosts::AllowedHosts;
use crate::network::Network;
use crate::regulars::{Regulars, Standing};
use access::identity::{KeyOwner, root_arn};
use access::{
    ACCOUNT, Authority, Caller, Claim, Credential, Origin, Received, Regions, Rules, SERVICE,
    Unclaimed,
};
use service::{Clock, IdentityReader};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use wire::Fault;

/// What is asked of whoever sends a request.
pub enum Authentication {
    /// Nothing: any credentials will do, and everything is allowed.
    Off {
        /// The names under which the server may be called.
        hosts: AllowedHosts,
        /// The regions that there are.
        regions: Regions,
    },
    /// A signature by a key that is known here, and policies that allow what is asked.
    Signatures(Box<Verifier>),
}

impl Authentication {
    /// Everybody is let in who calls the server by its address or as `localhost`, in any region.
    pub fn off() -> Authentication {
        Authentication::Off { hosts: AllowedHosts::default(), regions: Regions::default() }
    }
}

/// Why somebody is not let in.
#[derive(Debug)]
pub(crate) struct Stranger {
    /// The key whose signature was looked at, or would have been.
    pub access_key_id: Option<Arc<str>>,
    /// Whose key it is, if that is known and the key is disabled: nobody has shown to have it.
    pub owner: Option<Arc<str>>,
    /// What the audit says of it.
    pub reason: StrangerReason,
    /// What is answered.
    pub fault: Fault,
}

/// The reasons, as the audit tells them. Whoever asks is told fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StrangerReason {
    /// Nothing in the request says who sends it.
    NoCredentials,
    /// What says it cannot be read, or is for another region or service.
    Malformed,
    /// It was signed at another time: a clock is wrong, or the request is old.
    SkewedClock,
    UnknownKey,
    DisabledKey,
    /// The session's token is not the key's, or its role is gone.
    WrongToken,
    WrongSignature,
    ExpiredSession,
    /// Nobody looked at the signature: too many were wrong.
    TooManyFailures,
    /// A failure of ours.
    Internal,
}

impl StrangerReason {
    /// Why somebody is refused with `fault`, if it is `unlike` where the signature is not what it
    /// has to be.
    fn of(fault: &Fault, unlike: StrangerReason) -> StrangerReason {
        match fault {
            Fault::MissingAuthenticationToken => StrangerReason::NoCredentials,
            Fault::IncompleteSignature(_) => StrangerReason::Malformed,
            Fault::InvalidSignature(_) => unlike,
            Fault::UnrecognizedClient => StrangerReason::UnknownKey,
            Fault::ExpiredToken => StrangerReason::ExpiredSession,
            Fault::Throttling => StrangerReason::TooManyFailures,
            Fault::Internal
            // None of these is said of a sender: it would be a failure of ours.
            | Fault::UnknownResource(_)
            | Fault::DomainAlreadyExists(_)
            | Fault::DomainDeprecated(_)
            | Fault::TypeAlreadyExists(_)
            | Fault::TypeDeprecated(_)
            | Fault::TypeNotDeprecated
            | Fault::WorkflowExecutionAlreadyStarted
            | Fault::DefaultUndefined(_)
            | Fault::LimitExceeded(_)
            | Fault::TooManyTags(_)
            | Fault::Validation(_)
            | Fault::Serialization(_)
            | Fault::UnknownOperation
            | Fault::AccessDenied(_)
            | Fault::OperationNotPermitted(_)
            | Fault::RequestTooLarge => StrangerReason::Internal,
        }
    }

    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            StrangerReason::NoCredentials => "no-credentials",
            StrangerReason::Malformed => "malformed",
            StrangerReason::SkewedClock => "skewed-clock",
            StrangerReason::UnknownKey => "unknown-key",
            StrangerReason::DisabledKey => "disabled-key",
            StrangerReason::WrongToken => "wrong-token",
            StrangerReason::WrongSignature => "wrong-signature",
            StrangerReason::ExpiredSession => "expired-session",
            StrangerReason::TooManyFailures => "too-many-failures",
            StrangerReason::Internal => "internal",
        }
    }
}

impl From<Unclaimed> for Stranger {
    /// There is no signature that could be looked at.
    fn from(unclaimed: Unclaimed) -> Stranger {
        let Unclaimed { fault, access_key_id, is_skewed } = unclaimed;
        let reason = match is_skewed {
            true => StrangerReason::SkewedClock,
            false => StrangerReason::of(&fault, StrangerReason::Malformed),
        };
        Stranger { access_key_id: access_key_id.map(Arc::from), owner: None, reason, fault }
    }
}

/// The service that a request is for, as its signature has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addressee {
    /// The API.
    Workflows,
    /// The administration of identities.
    Identities,
}

impl Addressee {
    /// What credentials are scoped to; actions begin with it, too.
    pub fn service(self) -> &'static str {
        match self {
            Addressee::Workflows => SERVICE,
            Addressee::Identities => "iam",
        }
    }

    /// The regions in which it is. Identities are in none, so that each is as good; whoever signs
    /// for theirs need not know ours.
    fn regions(self, ours: &Regions) -> &Regions {
        match self {
            Addressee::Workflows => ours,
            Addressee::Identities => Regions::any(),
        }
    }
}

/// Believes what a request says of its sender, if it says anything.
pub(crate) fn believe(
    request: &Received<'_>,
    addressee: Addressee,
    regions: &Regions,
    origin: Arc<Origin>,
) -> Result<Caller, Stranger> {
    let regions = addressee.regions(regions);
    let credential =
        Credential::read(request, addressee.service(), regions).map_err(Unclaimed::from)?;
    let caller = Caller::unrestricted(ACCOUNT.into(), credential.region.into());
    Ok(Caller { origin, ..caller })
}

/// Verifies signatures.
pub struct Verifier {
    administration: Arc<Administration>,
    identities: IdentityReader,
    clock: Arc<dyn Clock>,
    skew_minutes: u32,
    regions: Regions,
    failures: Mutex<Failures>,
    regulars: Mutex<Regulars>,
    /// From the first on.
    held_up: Mutex<Option<HeldUp>>,
}

impl Verifier {
    /// Verifies by the keys of the identities that `administration` looks after. The `clock` is
    /// that of the wall, which clients have, too: they set theirs by the answers that it dates.
    pub fn new(
        administration: Arc<Administration>,
        clock: Arc<dyn Clock>,
        skew_minutes: u32,
    ) -> Verifier {
        let identities = administration.reader();
        Verifier {
            administration,
            identities,
            clock,
            skew_minutes,
            regions: Regions::default(),
            failures: Mutex::default(),
            regulars: Mutex::default(),
            held_up: Mutex::default(),
        }
    }

    /// The same where there are these regions, and no others.
    pub fn within(self, regions: Regions) -> Verifier {
        Verifier { regions, ..self }
    }

    /// Those who look after the identities.
    pub(crate) fn administration(&self) -> Arc<Administration> {
        self.administration.clone()
    }

    /// Who sends a request that arrives at `at`.
    pub(crate) fn verify(
        &self,
        request: &Received<'_>,
        addressee: Addressee,
        origin: Arc<Origin>,
        at: Instant,
    ) -> Result<Caller, Stranger> {
        let rules = Rules {
            skew_minutes: self.skew_minutes,
            regions: addressee.regions(&self.regions),
            ..Rules::of_service(addressee.service())
        };
        let now = self.clock.now();
        let claim = Claim::examine(request, &rules, now)?;
        let stranger = |reason, fault| {
            let access_key_id = Some(claim.access_key_id().into());
            Stranger { access_key_id, owner: None, reason, fault }
        };
        // Every request has an address; one without would have nobody to be counted for.
        let address =
            origin.source_ip.ok_or_else(|| stranger(StrangerReason::Internal, Fault::Internal))?;
        if !self.admits(claim.access_key_id(), address, at) {
            self.warn(claim.access_key_id(), address, at);
            return Err(stranger(StrangerReason::TooManyFailures, Fault::Throttling));
        }
        let looked = self.identities.verify(&claim).and_then(|verified| {
            let principal = self.identities.refresh(&verified.key, now)?;
            Ok((verified, principal))
        });
        let (verified, principal) = looked.map_err(|fault| {
            // A failure of ours says nothing about whoever asked.
            if fault != Fault::Internal {
                self.failed(claim.access_key_id(), address, at);
            }
            let (reason, owner) = self.reason(&claim, &fault);
            Stranger { owner, ..stranger(reason, fault) }
        })?;
        let mut regulars = self.regulars.lock().expect("no holder panics");
        regulars.verified(claim.access_key_id(), address, at);
        drop(regulars);
        self.identities.used(&verified.key, claim.region(), claim.service(), now);
        Ok(Caller {
            account: verified.account,
            region: claim.region().into(),
            authority: Authority::Principal(principal, verified.key),
            origin,
        })
    }

    /// Why a claim is not true, and whose key it names if that is disabled.
    fn reason(&self, claim: &Claim<'_>, fault: &Fault) -> (StrangerReason, Option<Arc<str>>) {
        let reason = StrangerReason::of(fault, StrangerReason::WrongSignature);
        if reason != StrangerReason::UnknownKey {
            return (reason, None);
        }
        if claim.session_token().is_some() {
            return (StrangerReason::WrongToken, None);
        }
        let directory = self.identities.directory();
        let Some(key) = directory.key(claim.access_key_id()) else { return (reason, None) };
        let owner = match &key.owner {
            KeyOwner::Root => Some(root_arn(&key.account)),
            KeyOwner::User(name) => {
                let user = directory.user(&key.account, name.as_str());
                user.map(|user| user.arn(&key.account))
            }
        };
        (StrangerReason::DisabledKey, owner.map(Arc::from))
    }

    /// Whether a signature is looked at.
    fn admits(&self, access_key_id: &str, address: IpAddr, at: Instant) -> bool {
        let mut regulars = self.regulars.lock().expect("no holder panics");
        match regulars.standing(access_key_id, address, at) {
            Standing::Known => true,
            Standing::HeldUp => false,
            Standing::Unknown => {
                self.failures.lock().expect("no holder panics").admits(address, at)
            }
        }
    }

    /// Whoever operates the server should know that somebody is kept out, who may be in the right.
    fn warn(&self, access_key_id: &str, address: IpAddr, at: Instant) {
        let network = Network::of(address);
        let mut held_up = self.held_up.lock().expect("no holder panics");
        let is_to_be_said =
            held_up.get_or_insert_with(|| HeldUp::new(at)).is_to_be_said(network, at);
        drop(held_up);
        if is_to_be_said {
            let source = tracing::field::display(network);
            let key = access_key_id;
            tracing::warn!(
                source,
                key,
                "too many requests from there had wrong credentials: they are not looked at for a \
                 while, but for those with keys that were right from there lately"
            );
        }
    }

    fn failed(&self, access_key_id: &str, address: IpAddr, at: Instant) {
        let mut regulars = self.regulars.lock().expect("no holder panics");
        if !regulars.failed(access_key_id, address, at) {
            self.failures.lock().expect("no holder panics").failed(address, at);
        }
    }
}
