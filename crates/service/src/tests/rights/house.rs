//! A service with callers of different rights.

use crate::tests::client::{Client, wait};
use crate::tests::fixture::{caller, registrations, request, scope};
use crate::{Credentials, Judged, Options, Pending};
use access::{
    Action, Authority, Caller, KeyRef, Permissions, Policy, PolicyPlace, Principal, PrincipalKind,
    Verdict,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use store::memory::Memory;
use wire::{Fault, OwnOperation, OwnRequest, Timestamp};

/// The domain of the fixture.
pub const DOMAIN_ARN: &str = "arn:aws:swf:us-east-1:123456789012:/domain/d";

/// A role for Lambda tasks.
pub const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/lambda";

/// The principal of a user with these statements; without any, it has no policy.
pub fn principal(user: &str, statements: &Value) -> Arc<Principal> {
    let policy = || {
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        Arc::new(Policy::parse(&document, PolicyPlace::Managed).expect("a right policy"))
    };
    let has_policy = *statements != json!([]);
    let identity = has_policy.then(policy).into_iter().collect();
    let permissions = Permissions { identity, ..Permissions::default() };
    Arc::new(Principal {
        arn: format!("arn:aws:iam::123456789012:user/{user}").into(),
        account: scope().account,
        kind: PrincipalKind::User,
        role_arn: None,
        user_name: Some(user.into()),
        user_id: "AIDAEXAMPLE".into(),
        tags: BTreeMap::new(),
        token_issued_at: None,
        permissions,
    })
}

/// A user with these statements, and a key by his name.
pub fn user(name: &str, statements: Value) -> Caller {
    let key = KeyRef { access_key_id: name.into(), session: None };
    Caller { authority: Authority::Principal(principal(name, &statements), key), ..caller() }
}

/// A statement that allows actions on everything.
pub fn allow(actions: &[&str]) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

/// The same under conditions.
pub fn allow_if(actions: &[&str], conditions: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": conditions})
}

/// A user who is allowed nothing.
pub fn nobody() -> Caller {
    user("nobody", json!([]))
}

/// A user who may do these things.
pub fn someone(actions: &[&str]) -> Caller {
    user("someone", json!([allow(actions)]))
}

/// What is told whom nothing allows it.
pub fn denied(user: &str, action: &str, resource: &str) -> Fault {
    Fault::AccessDenied(format!(
        "User: arn:aws:iam::123456789012:user/{user} is not authorized to perform: {action} on \
         resource: {resource} because no identity-based policy allows the {action} action"
    ))
}

/// Keys that can be taken away, and policies that can be changed.
#[derive(Debug, Default)]
pub struct Keys {
    pub now: Mutex<BTreeMap<String, Result<Arc<Principal>, Fault>>>,
    /// Whether there are other accounts.
    pub has_others: AtomicBool,
}

impl Keys {
    pub fn set(&self, key: &str, found: Result<Arc<Principal>, Fault>) {
        self.now.lock().expect("no holder panics").insert(key.to_owned(), found);
    }
}

impl Credentials for Keys {
    fn refresh(&self, key: &KeyRef, _now: Timestamp) -> Result<Arc<Principal>, Fault> {
        let now = self.now.lock().expect("no holder panics");
        now.get(&*key.access_key_id).cloned().unwrap_or(Err(Fault::UnrecognizedClient))
    }

    fn is_only_account(&self, account: &str) -> bool {
        account == &*scope().account && !self.has_others.load(Ordering::Acquire)
    }
}

/// A service with the registrations of the fixture, and of it those who are asked for their rights.
pub struct House {
    pub client: Client,
    pub keys: Arc<Keys>,
}

impl House {
    pub fn new() -> House {
        House::with(Options::default())
    }

    pub fn with(options: Options) -> House {
        let keys = Arc::new(Keys::default());
        let credentials = Some(Arc::clone(&keys) as Arc<dyn Credentials>);
        let client = Client::with(Memory::default(), Options { credentials, ..options });
        for (operation, body) in registrations() {
            assert_eq!(client.call(operation, body), Ok(Value::Null));
        }
        House { client, keys }
    }

    /// Sends a request in somebody's name.
    pub fn send(&self, caller: &Caller, operation: &str, body: Value) -> Pending {
        let request = request(operation, body).expect("a right request");
        self.client.service.call(caller, request)
    }

    pub fn call(&self, caller: &Caller, operation: &str, body: Value) -> Result<Value, Fault> {
        wait(self.send(caller, operation, body))
    }

    /// The same, with what was noted of it.
    pub fn audited(
        &self,
        caller: &Caller,
        operation: &str,
        body: Value,
    ) -> (Result<Value, Fault>, Option<Judged>) {
        let pending = self.send(caller, operation, body);
        let judgment = pending.judgment();
        let answer = wait(pending);
        (answer, judgment.read())
    }

    /// Sends a request of our own in somebody's name.
    pub fn operate(
        &self,
        caller: &Caller,
        operation: OwnOperation,
        body: Value,
    ) -> (Result<Value, Fault>, Option<Judged>) {
        let request = OwnRequest::check(operation, body).expect("a right request");
        let pending = self.client.service.operate(caller, request);
        let judgment = pending.judgment();
        let answer = wait(pending);
        (answer, judgment.read())
    }

    /// Whether something is not allowed to somebody.
    #[track_caller]
    pub fn denies(&self, caller: &Caller, operation: &str, body: Value) -> bool {
        let (answer, judged) = self.audited(caller, operation, body);
        let verdict = judged.expect("somebody was asked").verdict;
        match (&answer, verdict) {
            (Err(Fault::AccessDenied(_)), Verdict::Denied(_)) => true,
            (_, Verdict::Allowed(_)) if !matches!(answer, Err(Fault::AccessDenied(_))) => false,
            (answer, verdict) => panic!("{verdict:?}, but {answer:?}"),
        }
    }

    /// What anybody does who may do everything.
    pub fn admin(&self, operation: &str, body: Value) -> Value {
        self.call(&caller(), operation, body).unwrap_or_else(|fault| panic!("{fault:?}"))
    }

    /// A decision task of a new run of type `w`.
    pub fn decision_task(&self, workflow_id: &str) -> Value {
        let start = json!({
            "domain": "d", "workflowId": workflow_id, "workflowType": {"name": "w", "version": "1"},
            "tagList": ["x"],
        });
        self.admin("StartWorkflowExecution", start);
        self.admin("PollForDecisionTask", list("deciders"))
    }

    /// An activity task of a new run, of the type `a` on the list `workers`.
    pub fn activity_task(&self, workflow_id: &str) -> Value {
        let task = self.decision_task(workflow_id);
        self.answer(&caller(), &task, json!([schedule("a")])).expect("everybody may");
        self.admin("PollForActivityTask", list("workers"))
    }

    /// Answers a decision task.
    pub fn answer(&self, caller: &Caller, task: &Value, decisions: Value) -> Result<Value, Fault> {
        let body = json!({"taskToken": task["taskToken"], "decisions": decisions});
        self.call(caller, "RespondDecisionTaskCompleted", body)
    }

    /// The events behind the newest completed decision task of a run, by type; of those that say
    /// that something failed, with the cause.
    pub fn outcome(&self, task: &Value) -> Vec<String> {
        let body = json!({"domain": "d", "execution": task["workflowExecution"]});
        let history = self.admin("GetWorkflowExecutionHistory", body);
        let events = history["events"].as_array().expect("events").iter().rev();
        let since = events.take_while(|event| event["eventType"] != "DecisionTaskCompleted");
        let say = |event: &Value| {
            let name = event["eventType"].as_str().expect("a text").to_owned();
            let mut attributes = event.as_object().expect("members").values();
            match attributes.find_map(|value| value["cause"].as_str()) {
                Some(cause) => format!("{name} {cause}"),
                None => name,
            }
        };
        let mut events: Vec<String> = since.map(say).collect();
        events.reverse();
        events
    }
}

pub fn list(name: &str) -> Value {
    json!({"domain": "d", "taskList": {"name": name}})
}

pub fn schedule(activity_id: &str) -> Value {
    let attributes =
        json!({"activityId": activity_id, "activityType": {"name": "a", "version": "1"}});
    json!({
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": attributes,
    })
}

/// The name of an action, as policies write it.
pub fn action(name: &str) -> Action {
    let named = Action::ALL.iter().find(|action| action.to_string() == name);
    *named.unwrap_or_else(|| panic!("no action is called {name}"))
}
