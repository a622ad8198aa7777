//! Pages, compared with what botocore's paginator asks for and puts together.

use super::*;
use crate::invocation::{Action, Globals, Paging};
use crate::model::Model;

fn pages(operation: &str, max_items: Option<i64>, starting_token: Option<&str>) -> Pages {
    let operation = Model::get().operation(operation).expect("an operation");
    let starting_token = starting_token.map(str::to_owned);
    let invocation = Invocation {
        operation,
        parameters: Value::map(),
        globals: Globals::default(),
        paging: Paging { paginate: true, page_size: None, max_items, starting_token },
        action: Action::Call,
        warnings: Vec::new(),
    };
    Pages::of(&invocation).expect("a token").expect("it has pages")
}

/// Each line of JSON has a service by its tokens, what is asked of it, what botocore sends and what
/// it puts together.
#[test]
fn pages_follow_each_other_as_in_botocore() {
    let mut count = 0;
    for entry in include_str!("botocore.txt").split("== ").skip(1) {
        let (name, json) = entry.split_once('\n').expect("a name");
        let case = Value::parse(json.trim()).expect("JSON");
        let member = |name: &str| case.get(name).expect("it is there");
        let (max_items, token) =
            (member("paging").get("MaxItems"), member("paging").get("StartingToken"));
        let operation = member("operation").as_text().expect("a name");
        let mut pages =
            pages(operation, max_items.and_then(Value::as_integer), token.and_then(Value::as_text));
        let (mut sent, mut whole, mut failed) = (Vec::new(), Whole::default(), None);
        loop {
            let parameters = match pages.next() {
                Ok(Some(parameters)) => parameters,
                Ok(None) => break,
                Err(error) => {
                    failed = Some(Value::text(format!("! {error}")));
                    break;
                }
            };
            let token = parameters.get("nextPageToken").cloned().unwrap_or(Value::Null);
            let answers = member("service").items().iter();
            let answer = { answers }.find(|pair| pair.items()[0] == token);
            let none = Value::parse(r#"{"domainInfos":[]}"#).expect("JSON");
            sent.push(token);
            let page = pages.take(answer.map_or(none, |pair| pair.items()[1].clone()));
            whole.add(&pages, page);
        }
        let result = failed.unwrap_or_else(|| whole.end(&pages));
        assert_eq!(sent, member("sent").items(), "{name}");
        assert_eq!(result, *member("result"), "{name}");
        count += 1;
    }
    assert!(count > 20, "the cases were found");
}

fn answer(json: &str) -> Value {
    Value::parse(json).expect("JSON")
}

#[test]
fn what_is_told_once_is_in_the_part_of_the_first_page_alone() {
    let mut pages = pages("PollForDecisionTask", None, None);
    let first = r#"{"taskToken":"t","startedEventId":3,"events":[1],"nextPageToken":"T1"}"#;
    let page = pages.take(answer(first));
    let expected = r#"{"taskToken":"t","startedEventId":3,"workflowExecution":null,
        "workflowType":null,"previousStartedEventId":null,"events":[1]}"#;
    assert_eq!(page.part, answer(expected));
    assert_eq!(page.answer, answer(first));
    let page = pages.take(answer(r#"{"taskToken":"t","events":[2]}"#));
    assert_eq!(page.part, answer(r#"{"events":[2]}"#));
    assert_eq!(pages.next(), Ok(None));
}

#[test]
fn a_token_that_says_more_than_a_token_does_is_refused() {
    let domains = Model::get().operation("ListDomains").and_then(|o| o.paginator.as_ref());
    let token = base64::engine::general_purpose::STANDARD.encode(r#"{"domain":"d"}"#);
    let error = decode(&token, domains.expect("it has pages")).expect_err("it is refused");
    assert_eq!(error, PagingError::BadStartingToken(token));
}

#[test]
fn without_paging_there_are_no_pages() {
    let operation = Model::get().operation("ListDomains").expect("an operation");
    let paging = Paging { paginate: false, page_size: None, max_items: None, starting_token: None };
    let invocation = Invocation {
        operation,
        parameters: Value::map(),
        globals: Globals::default(),
        paging,
        action: Action::Call,
        warnings: Vec::new(),
    };
    assert!(Pages::of(&invocation).expect("it is right").is_none());
}

#[test]
fn text_says_where_it_goes_on() {
    assert_eq!(resumption("x"), answer(r#"{"NextToken":{"NextToken":"x"}}"#));
}

/// A page is shown before it is found that it leads back to itself.
#[test]
fn a_page_that_leads_back_to_itself_is_the_last() {
    let mut pages = pages("ListDomains", None, None);
    let circle = || answer(r#"{"domainInfos":[1],"nextPageToken":"T"}"#);
    pages.take(circle());
    assert!(matches!(pages.next(), Ok(Some(_))));
    assert_eq!(pages.take(circle()).answer, circle());
    let error = PagingError::SameToken("{'nextPageToken': 'T'}".to_owned());
    assert_eq!(pages.next(), Err(error));
}
