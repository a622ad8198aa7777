//! What the fuzz target of policies does with its input, shared with the tests: the input is read
//! as a policy and as the trust policy of a role, and what can be read is evaluated. Nothing may
//! panic, no refusal may be out of proportion, and no policy may say something absurd.
//!
//! Behind a line that is `@`, the lines of an input are the values of the request: a domain's name,
//! and then those of condition keys.

use access::{
    Action, Check, DenialReason, Origin, Permissions, Policy, PolicyPlace, Principal,
    PrincipalKind, ServiceKey, ServiceValues, TrustPolicy, TrustedIds, Verdict,
};
use std::sync::Arc;
use wire::Timestamp;

/// How long a refusal may be: what it quotes may be escaped, and JSON repeats nothing.
const REFUSAL_BYTES_PER_BYTE: usize = 6;
/// How long the rest of it may be.
const REFUSAL_BYTES_BESIDE: usize = 500;

/// The keys that an input gives values to.
const KEYS: [ServiceKey; 3] =
    [ServiceKey::TaskListName, ServiceKey::ActivityTypeName, ServiceKey::TagListMember0];

/// The actions that are asked for.
const ACTIONS: [Action; 4] = [
    Action::ListDomains,
    Action::StartWorkflowExecution,
    Action::ScheduleActivityTask,
    Action::PassRole,
];

/// What came of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it is a policy, or a role's trust policy.
    pub is_read: bool,
    /// How many checks it allows.
    pub allowed: usize,
    /// How many checks it denies.
    pub denied: usize,
}

/// Reads and evaluates an input, and panics if something is as it must not be.
pub fn run(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let (document, values) = text.split_once("\n@\n").unwrap_or((&text, ""));
    let mut values = values.split('\n');
    let name = values.next().unwrap_or_default();
    let resource = format!("arn:aws:swf:us-east-1:123456789012:/domain/{name}");
    let values: Vec<&str> = values.collect();
    let mut outcome = Outcome::default();
    for check in checks(&resource, &values) {
        evaluate(document, &check, &mut outcome);
        trust(document, &check, &mut outcome);
    }
    outcome
}

fn checks<'a>(resource: &'a str, values: &[&'a str]) -> Vec<Check<'a>> {
    let mut given = ServiceValues::default();
    for (key, value) in KEYS.into_iter().zip(values) {
        given.set(key, Some(value));
    }
    let check = |action| Check {
        action,
        resource,
        values: given,
        resource_tags: None,
        request_tags: &[],
        tag_keys: &[],
        origin: None,
        region: "us-east-1",
        now: Timestamp(1_700_000_000_000),
    };
    ACTIONS.map(check).to_vec()
}

fn principal(name: &str, kind: PrincipalKind) -> Principal {
    Principal {
        arn: format!("arn:aws:iam::123456789012:user/{name}").into(),
        role_arn: None,
        account: "123456789012".into(),
        kind,
        user_name: Some(name.into()),
        user_id: "AIDAEXAMPLE".into(),
        tags: [("team".into(), name.into())].into(),
        token_issued_at: None,
        permissions: Permissions::default(),
    }
}

fn evaluate(document: &str, check: &Check<'_>, outcome: &mut Outcome) {
    let origin = Origin::default();
    let policy = match Policy::parse(document, PolicyPlace::Role) {
        Ok(policy) => Arc::new(policy),
        Err(error) => return check_refusal(document, &error.to_string()),
    };
    outcome.is_read = true;
    assert!(policy.counted_characters() <= PolicyPlace::Role.characters_max());
    policy.warnings().iter().for_each(|warning| check_refusal(document, &warning.to_string()));
    let of = |identity: &[&Arc<Policy>], boundary: Option<&Arc<Policy>>| Permissions {
        identity: identity.iter().map(|policy| Arc::clone(policy)).collect(),
        boundary: boundary.cloned(),
        session: None,
    };
    let all = fixed("Allow");
    let none = fixed("Deny");
    let request = Check { origin: Some(&origin), ..*check };
    for check in [check, &request] {
        let user = principal("ann", PrincipalKind::User);
        let judge = |permissions: Permissions| reason(&permissions.judge(&user, check));
        let alone = judge(of(&[&policy], None));
        match alone {
            None => outcome.allowed += 1,
            Some(_) => outcome.denied += 1,
        }
        // A boundary that is the policy itself, or allows everything, changes nothing.
        assert_eq!(judge(of(&[&policy], Some(&all))), alone);
        assert_eq!(judge(of(&[&policy], Some(&policy))), alone);
        assert_eq!(judge(of(&[&policy, &policy], None)), alone);
        let denied = Some(DenialReason::ExplicitIdentity);
        assert_eq!(judge(of(&[&policy, &none], None)), denied);
        // What is allowed beside it lifts no denial, and all else.
        let lifted = if alone == denied { denied } else { None };
        assert_eq!(judge(of(&[&all, &policy], None)), lifted);
        let root = principal("root", PrincipalKind::Account);
        let verdict = of(&[&policy], None).judge(&root, check);
        assert!(reason(&verdict).is_none_or(DenialReason::is_explicit));
    }
}

fn trust(document: &str, check: &Check<'_>, outcome: &mut Outcome) {
    match TrustPolicy::parse(document) {
        Ok(policy) => {
            outcome.is_read = true;
            let user = principal("ann", PrincipalKind::User);
            let admission = policy.admits(&user, &TrustedIds::new(), check);
            assert_eq!(policy.admits(&user, &TrustedIds::new(), check), admission);
        }
        Err(error) => check_refusal(document, &error.to_string()),
    }
}

/// A policy for everything.
fn fixed(effect: &str) -> Arc<Policy> {
    let document =
        format!(r#"{{"Statement":{{"Effect":"{effect}","Action":"*","Resource":"*"}}}}"#);
    Arc::new(Policy::parse(&document, PolicyPlace::Session).expect("it is a policy"))
}

fn check_refusal(document: &str, text: &str) {
    let bound = document.len() * REFUSAL_BYTES_PER_BYTE + REFUSAL_BYTES_BESIDE;
    assert!(text.len() <= bound, "{} bytes say what is wrong", text.len());
}

fn reason(verdict: &Verdict) -> Option<DenialReason> {
    match verdict {
        Verdict::Allowed(_) => None,
        Verdict::Denied(denial) => Some(denial.reason),
    }
}
