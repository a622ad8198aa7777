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

/// A principal that nothing is denied.
fn principal(arn: &str) -> Caller {
    let Scope { account, region } = scope();
    let principal = Principal {
        arn: arn.into(),
        account: account.clone(),
        kind: PrincipalKind::Account,
        role_arn: None,
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
    let (greedy, other) = (principal("greedy"), principal("other"));
    let waiting: Vec<Pending> =
        (0..4_000).map(|index| poll(&greedy, "PollForActivityTask", index / 1_000)).collect();
    let text = "Limit on maximum concurrent poll requests per principal reached".to_owned();
    let refused = wait(poll(&greedy, "PollForActivityTask", 5));
    assert_eq!(refused, Err(Fault::LimitExceeded(text)));
    let others = [poll(&other, "PollForActivityTask", 5), poll(&greedy, "PollForDecisionTask", 5)];
    client.rest();
    assert_eq!(client.service.activity().unanswered, waiting.len() + others.len());
}
