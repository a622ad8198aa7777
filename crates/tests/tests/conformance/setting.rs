//! What a case tells the service at start: its flags as [`Options`].

use super::functions::House;
use super::host::HOLD_MS;
use access::{
    Authority, Caller, KeyRef, Permissions, Policy, PolicyPlace, Principal, PrincipalKind,
};
use service::{Denials, EmptyPollToken, Functions, Options, Rate, Throttles};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wire::{DecisionType, Operation};

/// The service's options in a case with these flags.
pub fn options(flags: &[String], house: &House) -> Options {
    let mut options = Options {
        poll_hold: Duration::from_millis(HOLD_MS as u64),
        owner: "conformance".to_owned(),
        ..Options::default()
    };
    for flag in flags.iter().filter(|flag| !is_of_rights(flag)) {
        match flag.as_str() {
            "limits aws" => options.throttles = Throttles::aws(),
            "denials in the model's words" => options.denials = Denials::OperationNotPermitted,
            "empty poll token" => options.empty_poll_token = EmptyPollToken::Empty,
            "functions" => {
                options.functions = Some(Arc::new(house.clone()) as Arc<dyn Functions>);
            }
            _ => set(&mut options, flag).unwrap_or_else(|| panic!("there is no flag {flag}")),
        }
    }
    options
}

/// Who calls in a case with these flags: somebody whom nobody asks, unless a flag says what he is
/// permitted or not. Then it is a user of these policies, who may do everything but what is
/// `not permitted`, or nothing but what is `permitted`.
pub fn caller(flags: &[String]) -> Caller {
    let caller = Caller::unrestricted(access::ACCOUNT.into(), REGION.into());
    let rights = flags.iter().filter_map(|flag| rights(flag));
    let statements: Vec<String> =
        rights.map(|(rights, actions)| rights.statement(actions)).collect();
    if statements.is_empty() {
        return caller;
    }
    let document = format!("{{\"Statement\": [{}]}}", statements.join(", "));
    let policy = Policy::parse(&document, PolicyPlace::User).expect("a right policy");
    let permissions = Permissions { identity: vec![Arc::new(policy)], ..Permissions::default() };
    let principal = Principal {
        arn: format!("arn:aws:iam::{}:user/script", access::ACCOUNT).into(),
        account: access::ACCOUNT.into(),
        kind: PrincipalKind::User,
        role_arn: None,
        user_name: Some("script".into()),
        user_id: "AIDAEXAMPLE".into(),
        tags: BTreeMap::new(),
        token_issued_at: None,
        permissions,
    };
    let key = KeyRef { access_key_id: "AKIAEXAMPLE".into(), session: None };
    Caller { authority: Authority::Principal(Arc::new(principal), key), ..caller }
}

/// Where everybody calls.
const REGION: &str = "us-east-1";

/// What a flag says of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    Permitted,
    NotPermitted,
}

impl Rights {
    fn statement(self, actions: &str) -> String {
        let actions: Vec<String> =
            actions.split(", ").map(|action| format!("\"swf:{action}\"")).collect();
        let actions = actions.join(", ");
        match self {
            Rights::Permitted => {
                format!(r#"{{"Effect": "Allow", "Action": [{actions}], "Resource": "*"}}"#)
            }
            Rights::NotPermitted => format!(
                r#"{{"Effect": "Allow", "Action": "*", "Resource": "*"}},
                   {{"Effect": "Deny", "Action": [{actions}], "Resource": "*"}}"#
            ),
        }
    }
}

/// The actions of a flag such as `not permitted StartTimer, CancelTimer`.
fn rights(flag: &str) -> Option<(Rights, &str)> {
    let permitted = flag.strip_prefix("permitted ").map(|actions| (Rights::Permitted, actions));
    let forbidden = || Some((Rights::NotPermitted, flag.strip_prefix("not permitted ")?));
    permitted.or_else(forbidden)
}

/// Whether a flag says who is permitted what.
pub fn is_of_rights(flag: &str) -> bool {
    rights(flag).is_some()
}

/// Sets the quota or the throttle that a flag names, if there is one.
fn set(options: &mut Options, flag: &str) -> Option<()> {
    let (name, number) = flag.rsplit_once(' ')?;
    if let Some(quota) = options.limits.get_mut(name) {
        *quota = number.parse().ok()?;
        return Some(());
    }
    let (bucket, refill) = number.split_once('/')?;
    let rate = Rate { bucket: bucket.parse().ok()?, refill_per_second: refill.parse().ok()? };
    let operation = |known: &[Operation], name: &str| {
        known.iter().copied().find(|operation| operation.name() == name)
    };
    let throttles = &mut options.throttles;
    if name == "ScheduleActivityTask per task list" {
        throttles.activities_per_task_list = Some(rate);
    } else if let Some(name) = name.strip_suffix(" per workflow") {
        throttles.workflow_requests.insert(operation(&Throttles::WORKFLOW_REQUESTS, name)?, rate);
    } else if let Some(operation) = operation(Operation::ALL, name) {
        throttles.requests.insert(operation, rate);
    } else {
        let mut known = Throttles::DECISIONS.into_iter();
        let decision: DecisionType = known.find(|decision| decision.as_str() == name)?;
        throttles.decisions.insert(decision, rate);
    }
    Some(())
}

#[test]
fn flags_become_options() {
    let read = |flags: &[&str]| {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        options(&flags, &House::default())
    };
    let plain = read(&[]);
    assert!(plain.functions.is_none() && plain.throttles == Throttles::default());
    let set = read(&[
        "open_timers_max 2",
        "functions",
        "StartTimer 1/2",
        "ListDomains 3/4",
        "SignalWorkflowExecution per workflow 5/6",
        "ScheduleActivityTask per task list 7/8",
    ]);
    let rate = |bucket, refill_per_second| Rate { bucket, refill_per_second };
    let throttles = Throttles {
        requests: [(Operation::ListDomains, rate(3, 4))].into(),
        workflow_requests: [(Operation::SignalWorkflowExecution, rate(5, 6))].into(),
        decisions: [(DecisionType::StartTimer, rate(1, 2))].into(),
        activities_per_task_list: Some(rate(7, 8)),
    };
    assert_eq!((set.limits.open_timers_max, set.throttles), (2, throttles));
    assert!(set.functions.is_some());
    let denied = "not permitted StartTimer, Cancel*";
    assert_eq!(read(&[denied]).throttles, Throttles::default());
    assert_eq!(rights(denied), Some((Rights::NotPermitted, "StartTimer, Cancel*")));
    assert_eq!(rights("permitted ListDomains"), Some((Rights::Permitted, "ListDomains")));
    assert!(!is_of_rights("functions"));
    for wrong in ["open_timers_max", "open_dances_max 2", "StartTimer 1", "RecordMarker 1/1"] {
        assert!(std::panic::catch_unwind(|| read(&[wrong])).is_err(), "{wrong}");
    }
}
