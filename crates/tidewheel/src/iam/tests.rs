//! Operations on someone who only pretends to carry them out.

use super::*;
use serde_json::json;

/// A list of users in pages of two.
struct Pages {
    asked: Vec<Value>,
}

impl Perform for Pages {
    fn perform(&mut self, _operation: &'static str, members: &[u8]) -> Result<Vec<u8>, Failure> {
        let members: Value = serde_json::from_slice(members).expect("members are JSON");
        let answer = match members["Marker"].as_str() {
            None => json!({"Users": ["a", "b"], "IsTruncated": true, "Marker": "b"}),
            Some("b") => json!({"Users": ["c"], "IsTruncated": false}),
            Some(marker) => panic!("{marker} was never given"),
        };
        self.asked.push(members);
        Ok(answer.to_string().into_bytes())
    }
}

fn list_users(members: Value) -> (String, Vec<Value>) {
    let shape = Shape::of("ListUsers").expect("it is there");
    let Value::Object(members) = members else { panic!("members are an object") };
    let mut pages = Pages { asked: Vec::new() };
    let answer = operate(&mut pages, shape, members).expect("it is answered");
    (answer.print(), pages.asked)
}

#[test]
fn lists_are_read_to_their_end_unless_a_page_is_asked_for() {
    let (printed, asked) = list_users(json!({"PathPrefix": "/"}));
    assert_eq!(
        printed,
        "{\n    \"Users\": [\n        \"a\",\n        \"b\",\n        \"c\"\n    ]\n}\n"
    );
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|members| members["PathPrefix"] == "/"));
    let (printed, asked) = list_users(json!({"MaxItems": 2}));
    assert!(printed.contains("\"Marker\": \"b\""), "{printed}");
    assert_eq!(asked.len(), 1);
}
