//! One principal's polls do not take the room of another's.

use super::client::{Client, wait};
use super::fixture::{request, scope};
use crate::Pending;
use access::{Authority, Caller, KeyRef, Origin, Permissions, Principal, PrincipalKind};
use engine::Scope;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::Fault;

/// A principal that nothing is denied; perhaps in a session of a role.
fn principal(arn: &str, role_arn: Option<&str>) -> Caller {
    let Scope { account, region } = scope();
    let principal = Principal {
        arn: arn.into(),
        account: account.clone(),
        kind: PrincipalKind::Account,
        role_arn: role_arn.map(Into::into),
        user_name: None,
        user_id: "1".into(),
        tags: BTreeMap::new(),
        token_issued_at: None,
        permissions: Permissions::default(),
    };
    let key = KeyRef { access_key_id: "AKIAEXAMPLE".into(), session: None };
    let authority = Authority::Principal(Arc::new(principal), key);
    Caller { account, region, authority, origin: Arc::new(Origin::default()) }
}

#[test]
fn a_principal_leaves_room_for_the_polls_of_others() {
    let client = Client::new();
    let poll = |caller: &Caller, operation: &str, list: usize| -> Pending {
        let body = json!({"domain": "d", "taskList": {"name": format!("list-{list}")}});
        client.service.call(caller, request(operation, body).expect("a right request"))
    };
    let (greedy, other) = (principal("greedy", None), principal("other", None));
    let waiting: Vec<Pending> =
        (0..4_000).map(|index| poll(&greedy, "PollForActivityTask", index / 1_000)).collect();
    let text = "Limit on maximum concurrent poll requests per principal reached".to_owned();
    let refused = wait(poll(&greedy, "PollForActivityTask", 5));
    assert_eq!(refused, Err(Fault::LimitExceeded(text)));
    let others = [poll(&other, "PollForActivityTask", 5), poll(&greedy, "PollForDecisionTask", 5)];
    client.rest();
    assert_eq!(client.service.activity().unanswered, waiting.len() + others.len());
}

/// However many names somebody finds for them.
#[test]
fn sessions_of_a_role_share_its_room() {
    let client = Client::new();
    let poll = |caller: &Caller, list: usize| -> Pending {
        let body = json!({"domain": "d", "taskList": {"name": format!("list-{list}")}});
        let poll = request("PollForActivityTask", body).expect("a right request");
        client.service.call(caller, poll)
    };
    let session = |name: usize| principal(&format!("worker/{name}"), Some("role/worker"));
    let waiting: Vec<Pending> =
        (0..4_000).map(|index| poll(&session(index), index / 1_000)).collect();
    let text = "Limit on maximum concurrent poll requests per principal reached".to_owned();
    assert_eq!(wait(poll(&session(4_000), 5)), Err(Fault::LimitExceeded(text)));
    let other = poll(&principal("worker/0", Some("role/other")), 5);
    client.rest();
    assert_eq!(client.service.activity().unanswered, waiting.len() + 1);
    drop(other);
}
