//! Lists that are longer than a page.

use super::*;
use crate::identities::{administrator, first_account};
use crate::system::{SystemEntropy, wall_time};
use access::ACCOUNT;
use access::identity::{Keyring, MASTER_KEY_BYTES};
use serde_json::json;
use service::Identities;
use std::sync::Arc;
use store::memory::Memory;

/// Identities in memory, and how many operations they were asked for.
struct Kept {
    identities: Identities,
    asked: usize,
}

impl Perform for Kept {
    fn perform(&mut self, operation: &'static str, members: &[u8]) -> Result<Vec<u8>, Failure> {
        self.asked += 1;
        let request = IdentityRequest::parse(operation, members).expect(operation);
        let reply = self.identities.handle(&request, &administrator(ACCOUNT), wall_time());
        Ok(serde_json::to_vec(&reply.expect(operation)).expect("a reply has text keys"))
    }
}

#[test]
fn lists_are_read_to_their_end_unless_a_page_is_asked_for() {
    let line = Keyring::line("test", &[7; MASTER_KEY_BYTES]);
    let keyring = Keyring::parse(line.expose()).expect("a line is a ring");
    let (store, entropy) = (Arc::new(Memory::default()), Arc::new(SystemEntropy));
    let mut identities = Identities::open("test", store, entropy, keyring, wall_time())
        .expect("an empty store has no identities");
    first_account(&mut identities, wall_time()).expect("there is room");
    let mut kept = Kept { identities, asked: 0 };
    let users: Vec<Value> = (0..2_001).map(|n| json!({"name": format!("user-{n:04}")})).collect();
    let import = json!({"Document": {"account": [{"id": ACCOUNT, "user": users}]}});
    kept.perform("ImportIdentities", import.to_string().as_bytes()).expect("it is right");
    kept.asked = 0;

    let shape = Shape::of("ListUsers").expect("it is there");
    let all = operate(&mut kept, shape, Map::new()).expect("it is answered");
    assert_eq!(kept.asked, 3);
    assert!(all.get("IsTruncated").is_none() && all.get("Marker").is_none());
    let Some((_, list)) = all.into_list() else { panic!("there is no list") };
    let names: Vec<Option<Ordered>> =
        list.iter().map(|user| user.get("UserName").cloned()).collect();
    let expected: Vec<Option<Ordered>> =
        (0..2_001).map(|n| Some(Ordered::Text(format!("user-{n:04}")))).collect();
    assert_eq!(names, expected);

    let two = Map::from_iter([("MaxItems".to_owned(), 2.into())]);
    let page = operate(&mut kept, shape, two).expect("it is answered");
    assert_eq!(kept.asked, 4);
    assert_eq!(page.get("Marker"), Some(&Ordered::Text("user-0001".to_owned())));
}
