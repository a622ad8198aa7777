//! What binds a token to its request, and what does not.

use super::*;
use crate::tests::fixture::{request, scope, tokens};
use serde_json::{Value, json};
use wire::Request;

fn paging(scope: &Scope, body: &Value) -> Paging {
    let request = request("ListDomains", body.clone()).expect("a right request");
    let Request::ListDomains(input) = request else { panic!("another operation") };
    let tokens = tokens();
    Paging::of(Operation::ListDomains, &input, scope, &tokens, Timestamp(0))
}

#[test]
fn a_page_is_as_large_as_the_caller_wants_within_the_bound() {
    for (size, most) in [(None, 1000), (Some(0), 1000), (Some(1), 1), (Some(1000), 1000)] {
        let mut body = json!({"registrationStatus": "REGISTERED"});
        if let Some(size) = size {
            body["maximumPageSize"] = json!(size);
        }
        assert_eq!(paging(&scope(), &body).entries_max(1000), most, "{size:?}");
        assert_eq!(paging(&scope(), &body).entries_max(1), 1, "{size:?}");
    }
}

#[test]
fn a_token_serves_its_request_with_any_page_size_and_no_other() {
    let first = json!({"registrationStatus": "REGISTERED"});
    let token = paging(&scope(), &first).token(&7);
    let with = |change: Value| {
        let mut body = first.clone();
        body["nextPageToken"] = json!(token);
        let members = change.as_object().expect("an object").clone();
        body.as_object_mut().expect("an object").extend(members);
        body
    };
    let position = |scope: &Scope, body: &Value| paging(scope, body).position::<u64>();
    assert_eq!(position(&scope(), &first), Ok(None));
    assert_eq!(position(&scope(), &with(json!({}))), Ok(Some(7)));
    assert_eq!(position(&scope(), &with(json!({"maximumPageSize": 3}))), Ok(Some(7)));
    let invalid = Err(Fault::invalid_token());
    let deprecated = with(json!({"registrationStatus": "DEPRECATED"}));
    assert_eq!(position(&scope(), &deprecated), invalid);
    assert_eq!(position(&scope(), &with(json!({"reverseOrder": true}))), invalid);
    let other = Scope { region: "eu-west-1".into(), ..scope() };
    assert_eq!(position(&other, &with(json!({}))), invalid);
}

#[test]
fn a_position_of_another_kind_is_an_invalid_token() {
    let first = json!({"registrationStatus": "REGISTERED"});
    let token = paging(&scope(), &first).token(&"text");
    let mut body = first;
    body["nextPageToken"] = json!(token);
    let position = paging(&scope(), &body).position::<u64>();
    assert_eq!(position, Err(Fault::invalid_token()));
}
