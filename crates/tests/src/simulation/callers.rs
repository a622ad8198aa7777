//! Callers whose rights are asked for: each may do less than everything, and loses its key or its
//! polls while requests of its are under way. What a caller may do is known here without asking
//! the service.

use super::calls::Purpose;
use super::chance::Chance;
use super::disk::Flaw;
use super::world::World;
use access::{
    Authority, Caller, KeyRef, Permissions, Policy, PolicyPlace, Principal, PrincipalKind,
};
use serde_json::{Value, json};
use service::Credentials;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use wire::{Fault, Operation, Timestamp};

/// The list of activity tasks that those may not complete who are kept from one.
const CLOSED_LIST: &str = "workers";

/// What some callers may not do.
const ACTIONS: [&str; 17] = [
    "swf:StartWorkflowExecution",
    "swf:SignalWorkflowExecution",
    "swf:RequestCancelWorkflowExecution",
    "swf:TerminateWorkflowExecution",
    "swf:RegisterActivityType",
    "swf:RespondDecisionTaskCompleted",
    "swf:RespondActivityTaskCompleted",
    "swf:RecordActivityTaskHeartbeat",
    "swf:PollForDecisionTask",
    "swf:PollForActivityTask",
    "swf:ScheduleActivityTask",
    "swf:StartTimer",
    "swf:RecordMarker",
    "swf:CompleteWorkflowExecution",
    "swf:ContinueAsNewWorkflowExecution",
    "swf:StartChildWorkflowExecution",
    "iam:PassRole",
];

/// One of these actions is denied to a caller on average once in so many.
const DENIED_ONCE_IN: usize = 6;

/// Who does what nobody is asked about.
pub fn caller() -> Caller {
    Caller::unrestricted("123456789012".into(), "us-east-1".into())
}

/// A caller whose rights are asked for.
#[derive(Clone, Debug)]
pub struct Somebody {
    /// The key that it signs with, and nobody else.
    pub key: String,
    denied: BTreeSet<&'static str>,
    /// Whether it may not complete the tasks of one list.
    keeps_off: bool,
    principal: Arc<Principal>,
}

impl Somebody {
    /// With some of the rights that there are.
    pub fn new(chance: &mut Chance, key: String) -> Somebody {
        let denied = ACTIONS.into_iter().filter(|_| chance.once_in(DENIED_ONCE_IN)).collect();
        let keeps_off = chance.once_in(3);
        let principal = principal(&key, &denied, keeps_off);
        Somebody { key, denied, keeps_off, principal }
    }

    /// Who may do everything, as long as he has his key.
    pub fn trusted(key: String) -> Somebody {
        let principal = principal(&key, &BTreeSet::new(), false);
        Somebody { key, denied: BTreeSet::new(), keeps_off: false, principal }
    }

    /// As whom the service sees it.
    pub fn caller(&self) -> Caller {
        let key = KeyRef { access_key_id: self.key.as_str().into(), session: None };
        Caller { authority: Authority::Principal(Arc::clone(&self.principal), key), ..caller() }
    }

    fn may(&self, action: &str) -> bool {
        !self.denied.contains(action)
    }

    /// Whether it may do what a request asks for, its decisions aside. Of an activity task, `list`
    /// is where it was.
    pub fn may_ask(&self, operation: Operation, body: &Value, list: Option<&str>) -> bool {
        let completes = operation == Operation::RespondActivityTaskCompleted;
        let keeps_off = self.keeps_off && completes && list == Some(CLOSED_LIST);
        let passes = body.get("lambdaRole").is_none() || self.may("iam:PassRole");
        self.may(&format!("swf:{}", operation.name())) && passes && !keeps_off
    }

    /// The types of those decisions that it may not take.
    pub fn may_not_decide(&self, decisions: &[Value]) -> Vec<String> {
        let denied = |decision: &&Value| {
            let kind = decision["decisionType"].as_str().expect("a text");
            let child = &decision["startChildWorkflowExecutionDecisionAttributes"];
            let passes = child.get("lambdaRole").is_none() || self.may("iam:PassRole");
            !self.may(&format!("swf:{kind}")) || !passes
        };
        let kind = |decision: &Value| decision["decisionType"].as_str().expect("a text").to_owned();
        decisions.iter().filter(denied).map(kind).collect()
    }
}

fn principal(key: &str, denied: &BTreeSet<&'static str>, keeps_off: bool) -> Arc<Principal> {
    let mut statements = vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})];
    if !denied.is_empty() {
        statements.push(json!({"Effect": "Deny", "Action": denied, "Resource": "*"}));
    }
    if keeps_off {
        statements.push(json!({
            "Effect": "Deny", "Action": "swf:RespondActivityTaskCompleted", "Resource": "*",
            "Condition": {"StringEquals": {"swf:taskList.name": CLOSED_LIST}},
        }));
    }
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let policy = Policy::parse(&document, PolicyPlace::Managed).expect("a right policy");
    let Caller { account, .. } = caller();
    Arc::new(Principal {
        arn: format!("arn:aws:iam::{account}:user/{key}").into(),
        account,
        kind: PrincipalKind::User,
        role_arn: None,
        user_name: Some(key.into()),
        user_id: "AIDAEXAMPLE".into(),
        tags: BTreeMap::new(),
        token_issued_at: None,
        permissions: Permissions { identity: vec![Arc::new(policy)], ..Permissions::default() },
    })
}

/// The keys as they are now, for all nodes.
#[derive(Clone, Debug)]
pub struct Book {
    flaw: Option<Flaw>,
    keys: Arc<Mutex<BTreeMap<String, Owner>>>,
}

/// Whose a key is, or why it is not good any more.
type Owner = Result<Arc<Principal>, Fault>;

impl Book {
    /// Without keys.
    pub fn new(flaw: Option<Flaw>) -> Book {
        Book { flaw, keys: Arc::default() }
    }

    /// A key is made.
    pub fn add(&self, somebody: &Somebody) {
        self.set(&somebody.key, Ok(Arc::clone(&somebody.principal)));
    }

    /// A key is disabled.
    pub fn disable(&self, key: &str) {
        self.set(key, Err(Fault::UnrecognizedClient));
    }

    /// Its owner may not poll any more.
    pub fn forbid_polls(&self, somebody: &Somebody) {
        let mut denied = somebody.denied.clone();
        denied.extend(["swf:PollForDecisionTask", "swf:PollForActivityTask"]);
        let principal = principal(&somebody.key, &denied, somebody.keeps_off);
        self.set(&somebody.key, Ok(principal));
    }

    fn set(&self, key: &str, found: Owner) {
        let mut keys = self.keys.lock().expect("no holder panics");
        let is_new = !keys.contains_key(key);
        if is_new || self.flaw != Some(Flaw::BelievesOldKeys) {
            keys.insert(key.to_owned(), found);
        }
    }
}

impl Credentials for Book {
    fn refresh(&self, key: &KeyRef, _now: Timestamp) -> Result<Arc<Principal>, Fault> {
        let keys = self.keys.lock().expect("no holder panics");
        keys.get(&*key.access_key_id).cloned().unwrap_or(Err(Fault::UnrecognizedClient))
    }

    fn is_only_account(&self, _account: &str) -> bool {
        true
    }
}

impl World {
    /// A new caller with a new key.
    pub fn add_caller(&mut self) {
        let key = self.names.fresh("key");
        let somebody = Somebody::new(&mut self.chance, key);
        self.book.add(&somebody);
        self.callers.push(somebody);
    }

    /// Who sends the next request: one whose rights are asked for, or one whom nobody asks. The
    /// latter alone once the trouble has ended, since then everything has to come to its end.
    pub fn somebody(&mut self) -> Option<Somebody> {
        if self.settling_since.is_some() || self.callers.is_empty() || !self.chance.once_in(2) {
            return None;
        }
        let index = self.chance.below(self.callers.len());
        Some(self.callers[index].clone())
    }

    /// A key is disabled, or its owner may not poll any more; another caller comes.
    pub fn lose_rights(&mut self) {
        let index = self.chance.below(self.callers.len());
        let somebody = self.callers.swap_remove(index);
        if self.chance.once_in(2) {
            self.book.disable(&somebody.key);
        } else {
            self.book.forbid_polls(&somebody);
        }
        self.polls_are_over(&somebody);
        self.add_caller();
    }

    /// A poll waits, and meanwhile its sender's key is disabled.
    pub fn poll_and_lose_the_key(
        &mut self,
        operation: Operation,
        list: &'static str,
        somebody: Somebody,
    ) {
        self.book.add(&somebody);
        let poller = self.names.fresh("poller");
        let body = json!({"domain": self.domain, "taskList": {"name": list}, "identity": poller});
        let purpose = Purpose::Poll { list, poller };
        self.send_as(Some(&somebody), operation, body, purpose, None);
        self.book.disable(&somebody.key);
        self.polls_are_over(&somebody);
    }

    /// No poll of his may be given a task from now on.
    fn polls_are_over(&mut self, somebody: &Somebody) {
        self.note(|| format!("{} has lost its rights", somebody.key));
        for call in &self.calls {
            let is_his = call.sender.as_ref().is_some_and(|(key, _)| *key == somebody.key);
            if let Purpose::Poll { poller, .. } = &call.purpose
                && is_his
                && !self.disk.has_served(poller)
            {
                self.ledger.is_gone(poller);
            }
        }
    }
}
