//! Asks the policies before anything is done for anybody.
//!
//! Most requests are judged where they come in, before it is looked whether what they name exists.
//! What depends on the state of an execution is judged in its shard, in the same turn and before
//! the engine sees it: decisions, and the answer to an activity task. A poll is judged once more
//! when there is a task for it, since its caller may have lost his rights while it waited.
//!
//! What was said is noted in the request's [`Judgment`] before the request is answered.

use crate::token::TaskRef;
use access::own;
use access::swf::{self, AnsweredActivity, Around, Demand, Facts, Subject};
use access::{Action, Authority, Caller, Check, Denial, KeyRef, Principal, ServiceKey, Verdict};
use engine::registry::Domain;
use engine::rows::{TaskKind, TaskListKey};
use engine::{Execution, Registry, Scope};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, RwLock};
use wire::{
    ActivityType, Arn, Decision, DomainName, Fault, Name, OwnRequest, Request, Timestamp, Version,
    WorkflowType,
};

/// How many different demands of one list of decisions are remembered with what was said of them.
const VERDICTS_MAX: usize = 1024;

/// As what a request is refused that is not allowed (access.md, section 1.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Denials {
    /// `AccessDeniedException`, as the live service answers.
    #[default]
    AccessDenied,
    /// `OperationNotPermittedFault`, as the API's model says.
    OperationNotPermitted,
}

/// Looks at a credential again.
pub trait Credentials: std::fmt::Debug + Send + Sync {
    /// The principal of a key that was good a while ago, as it is now; or why it is not good any
    /// more. Does not wait for anything.
    fn refresh(&self, key: &KeyRef, now: Timestamp) -> Result<Arc<Principal>, Fault>;

    /// Whether there is no other account. Does not wait for anything.
    fn is_only_account(&self, account: &str) -> bool;
}

/// What the policies said last of one request: all that is kept of it for an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What was to be done.
    pub action: Action,
    /// To what.
    pub resource: Arc<str>,
    /// What it names in the domain.
    pub named: Named,
    /// What was said.
    pub verdict: Verdict,
    /// Of the decisions of an answer to a decision task, how many were denied. Those are events,
    /// and the answer is allowed all the same.
    pub decisions_denied: usize,
    /// Their actions, each once: there are no more than there are actions.
    pub denied_actions: BTreeSet<Action>,
    /// The run that they are of. Its id is ours, and says nothing of what is in it.
    pub run_id: Option<Arc<str>>,
}

impl Judged {
    fn of(check: &Check<'_>, verdict: Verdict) -> Judged {
        Judged {
            action: check.action,
            resource: check.resource.into(),
            named: Named::of(check),
            verdict,
            decisions_denied: 0,
            denied_actions: BTreeSet::new(),
            run_id: None,
        }
    }
}

/// The list and the types that were judged with an action: those that the request names, or that
/// its task has, and for a list the type's default. Ids, tags and filters are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The task list.
    pub task_list: Option<Arc<str>>,
    /// The name and the version of an activity type.
    pub activity_type: Option<(Arc<str>, Arc<str>)>,
    /// The name and the version of a workflow type.
    pub workflow_type: Option<(Arc<str>, Arc<str>)>,
}

impl Named {
    fn of(check: &Check<'_>) -> Named {
        use ServiceKey as K;
        let text = |key| check.values.get(key).map(Arc::from);
        let both = |name, version| text(name).zip(text(version));
        let registered = both(K::Name, K::Version);
        let (activity_type, workflow_type) = match check.action == Action::RegisterActivityType {
            true => (registered, None),
            false => (None, registered),
        };
        Named {
            task_list: text(K::TaskListName),
            activity_type: both(K::ActivityTypeName, K::ActivityTypeVersion).or(activity_type),
            workflow_type: both(K::WorkflowTypeName, K::WorkflowTypeVersion).or(workflow_type),
        }
    }
}

/// Where it is noted what was said of one request. Nothing is, as long as nobody asked: access
/// control is off, or the request was refused before, or its credential is not good any more.
#[derive(Clone, Debug, Default)]
pub struct Judgment {
    judged: Arc<Mutex<Option<Judged>>>,
}

impl Judgment {
    /// What was said, final once the request is answered.
    pub fn read(&self) -> Option<Judged> {
        self.judged.lock().expect("no holder panics").clone()
    }

    fn note(&self, judged: Judged) {
        *self.judged.lock().expect("no holder panics") = Some(judged);
    }

    /// The credential is not good any more: nobody is asked.
    fn forget(&self) {
        *self.judged.lock().expect("no holder panics") = None;
    }

    fn note_denied_decisions(&self, run_id: &str, count: usize, actions: BTreeSet<Action>) {
        if let Some(judged) = &mut *self.judged.lock().expect("no holder panics") {
            judged.decisions_denied = count;
            judged.denied_actions = actions;
            judged.run_id = Some(run_id.into());
        }
    }
}

/// Someone whose rights count.
#[derive(Debug)]
pub(crate) struct Asker {
    caller: Caller,
    judgment: Judgment,
}

impl Asker {
    /// The caller of a request, unless he is one whom nobody asks.
    pub fn of(caller: &Caller, judgment: Judgment) -> Option<Arc<Asker>> {
        match caller.authority {
            Authority::Unrestricted => None,
            Authority::Principal(..) => Some(Arc::new(Asker { caller: caller.clone(), judgment })),
        }
    }

    /// Whether it hangs on the task who may complete it. If not, it is judged like any other request,
    /// and nothing is read for it.
    pub fn asks_for_the_task(&self) -> bool {
        match &self.caller.authority {
            Authority::Unrestricted => false,
            Authority::Principal(principal, _) => {
                let action = Action::RespondActivityTaskCompleted;
                !principal.permissions.is_unconditional(action)
            }
        }
    }

    /// Who he is; a session by its own name.
    pub fn arn(&self) -> Option<Arc<str>> {
        match &self.caller.authority {
            Authority::Unrestricted => None,
            Authority::Principal(principal, _) => Some(Arc::clone(&principal.arn)),
        }
    }

    /// The name that he is counted under. A role's sessions are one: whoever may assume it names
    /// them as he likes, and would have as much room as he finds names.
    pub fn counted_arn(&self) -> Option<Arc<str>> {
        match &self.caller.authority {
            Authority::Unrestricted => None,
            Authority::Principal(principal, _) => {
                Some(Arc::clone(principal.role_arn.as_ref().unwrap_or(&principal.arn)))
            }
        }
    }

    fn scope(&self) -> Scope {
        Scope { account: self.caller.account.clone(), region: self.caller.region.clone() }
    }

    fn domain_arn(&self, name: &DomainName) -> Arn {
        Arn::of_domain(&self.caller.account, &self.caller.region, name)
    }
}

/// See the module.
pub(crate) struct Judge {
    registry: Arc<RwLock<Registry>>,
    credentials: Option<Arc<dyn Credentials>>,
    denials: Denials,
}

impl Judge {
    pub fn new(
        registry: Arc<RwLock<Registry>>,
        credentials: Option<Arc<dyn Credentials>>,
        denials: Denials,
    ) -> Judge {
        Judge { registry, credentials, denials }
    }

    /// Whether a request is allowed; `task` is what its token names.
    pub fn request(
        &self,
        asker: &Asker,
        request: &Request,
        task: Option<&TaskRef>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if let Request::RespondActivityTaskCompleted(_) = request
            && asker.asks_for_the_task()
        {
            return Ok(()); // In its shard, which knows the task: see `activity_answer`.
        }
        let Caller { account, region, .. } = &asker.caller;
        let by_name = |name: &DomainName| (asker.domain_arn(name), Some(name.clone()));
        let (resource, domain) = match swf::subject(request) {
            Subject::Domain(name) => by_name(name),
            Subject::NewDomain(name) => (asker.domain_arn(name), None),
            Subject::AllDomains => (Arn::of_all_domains(account, region), None),
            // Judged by the name that we would give it, never by what was sent.
            Subject::Resource(arn) => {
                let name = arn.domain_name(account, region);
                by_name(&name.ok_or_else(|| Fault::unknown_arn(arn))?)
            }
            Subject::DecisionTask(_) | Subject::ActivityTask(_) => {
                by_name(&task.ok_or_else(Fault::invalid_token)?.domain)
            }
        };
        let known = self.known(&asker.scope(), domain.as_ref(), |facts| {
            swf::request(request, facts);
        });
        let demand = swf::request(request, &known);
        self.settle(asker, &asker.caller, &demand, &resource, &known, now)
    }

    /// Whether a request of our own is allowed.
    pub fn own(&self, asker: &Asker, request: &OwnRequest, now: Timestamp) -> Result<(), Fault> {
        let Caller { account, region, .. } = &asker.caller;
        let (resource, domain) = match own::subject(request) {
            Subject::Domain(name) => (asker.domain_arn(name), Some(name)),
            Subject::AllDomains => (Arn::of_all_domains(account, region), None),
            // None of ours names what it is about like this.
            Subject::NewDomain(_)
            | Subject::Resource(_)
            | Subject::DecisionTask(_)
            | Subject::ActivityTask(_) => return Err(Fault::Internal),
        };
        let known = self.known(&asker.scope(), domain, |_| ());
        let demand = own::request(request);
        self.settle(asker, &asker.caller, &demand, &resource, &known, now)?;
        let is_alone =
            self.credentials.as_ref().is_some_and(|known| known.is_only_account(account));
        if own::is_of_all_accounts(request) && !is_alone {
            let action = Action::from(request.operation());
            return Err(self.refusal(format!(
                "User: {} is not authorized to perform: {action} on resource: {} because it is about \
                 all accounts and there are others: take the data directory of the stopped server",
                name(&asker.caller),
                resource.as_str()
            )));
        }
        if own::is_of_all_accounts(request) && !self.may_do_everywhere(asker, &demand, now) {
            let action = Action::from(request.operation());
            // Of which of them not, the log says: it may be what he is not to know of.
            return Err(self.refusal(format!(
                "User: {} is not authorized to perform: {action} on resource: {} because it is about \
                 all domains in all regions and it is not allowed on each of them",
                name(&asker.caller),
                resource.as_str()
            )));
        }
        Ok(())
    }

    /// Whether something is allowed on all domains that the account has, in all regions, as if it were
    /// asked for there. What is not, is noted.
    fn may_do_everywhere(&self, asker: &Asker, demand: &Demand<'_>, now: Timestamp) -> bool {
        let account = &asker.caller.account;
        let registry = self.registry.read().expect("no writer panics");
        let mut places: Vec<(Arc<str>, Arn, Option<Tags>)> = Vec::new();
        for region in registry.regions(account) {
            let region: Arc<str> = region.into();
            let scope = Scope { account: Arc::clone(account), region: Arc::clone(&region) };
            places.push((Arc::clone(&region), Arn::of_all_domains(account, &region), None));
            places.extend(registry.domains(&scope).map(|domain| {
                (Arc::clone(&region), domain.record.arn(&scope), Some(Arc::clone(domain.tags())))
            }));
        }
        drop(registry);
        places.iter().all(|(region, resource, tags)| {
            let around = Around {
                resource: resource.as_str(),
                resource_tags: tags.as_deref(),
                origin: Some(&asker.caller.origin),
                region,
                now,
            };
            let denied = demand.checks(&around).find_map(|check| {
                let verdict = asker.caller.judge(&check);
                matches!(verdict, Verdict::Denied(_)).then(|| Judged::of(&check, verdict))
            });
            let may = denied.is_none();
            denied.into_iter().for_each(|judged| asker.judgment.note(judged));
            may
        })
    }

    /// Whether somebody may see the load of a domain who has asked for that of all. It is part of an
    /// answer to a request that is allowed, and is not noted.
    pub fn shows_load(&self, asker: &Asker, domain: &DomainName, now: Timestamp) -> bool {
        let resource = asker.domain_arn(domain);
        let known = self.known(&asker.scope(), Some(domain), |_| ());
        let around = Around {
            resource: resource.as_str(),
            resource_tags: known.tags.as_deref(),
            origin: Some(&asker.caller.origin),
            region: &asker.caller.region,
            now,
        };
        let demand = own::shown_load();
        let mut verdicts = demand.checks(&around).map(|check| asker.caller.judge(&check));
        verdicts.all(|verdict| matches!(verdict, Verdict::Allowed(_)))
    }

    /// Whether a poll that has waited may be given a task.
    pub fn poll(&self, asker: &Asker, list: &TaskListKey, now: Timestamp) -> Result<(), Fault> {
        let caller = self.as_of_now(&asker.caller, now).inspect_err(|_| asker.judgment.forget())?;
        let action = match list.kind {
            TaskKind::Decision => Action::PollForDecisionTask,
            TaskKind::Activity => Action::PollForActivityTask,
        };
        let resource = asker.domain_arn(&list.domain);
        let known = self.known(&list.scope, Some(&list.domain), |_| ());
        let demand = swf::poll(action, &list.name);
        self.settle(asker, &caller, &demand, &resource, &known, now)
    }

    /// Whether somebody who has waited for events of a domain may be told them.
    pub fn telling(
        &self,
        asker: &Asker,
        scope: &Scope,
        domain: &DomainName,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let caller = self.as_of_now(&asker.caller, now).inspect_err(|_| asker.judgment.forget())?;
        let resource = asker.domain_arn(domain);
        let known = self.known(scope, Some(domain), |_| ());
        self.settle(asker, &caller, &own::told_events(), &resource, &known, now)
    }

    /// Whether somebody may complete an activity task; `answered` is the task that his token
    /// names, if there is anything left of it.
    pub fn activity_answer(
        &self,
        asker: &Asker,
        domain: &DomainName,
        answered: Option<AnsweredActivity<'_>>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let resource = asker.domain_arn(domain);
        let known = self.known(&asker.scope(), Some(domain), |_| ());
        let demand = swf::activity_answer(answered);
        self.settle(asker, &asker.caller, &demand, &resource, &known, now)
    }

    /// The decisions that are denied, by their places in the list.
    pub fn decisions(
        &self,
        asker: &Asker,
        execution: &Execution,
        decisions: &[Decision],
        now: Timestamp,
    ) -> BTreeSet<usize> {
        let scope = &execution.identity.scope;
        let resource = asker.domain_arn(&execution.identity.domain);
        let current = &execution.workflow_type;
        let known = self.known(scope, Some(&execution.identity.domain), |facts| {
            for decision in decisions {
                swf::decision(decision, current, facts);
            }
        });
        let around = Around {
            resource: resource.as_str(),
            resource_tags: known.tags.as_deref(),
            origin: None,
            region: &scope.region,
            now,
        };
        // Many decisions of one answer often demand the same.
        let mut verdicts: HashMap<Demand<'_>, bool> = HashMap::new();
        let mut actions = BTreeSet::new();
        let mut is_denied = |decision| {
            let Some(demand) = swf::decision(decision, current, &known) else { return false };
            if let Some(denied) = verdicts.get(&demand) {
                return *denied;
            }
            let mut checks = demand.checks(&around).map(|check| asker.caller.judge(&check));
            let denied = checks.any(|verdict| matches!(verdict, Verdict::Denied(_)));
            drop(checks);
            if denied {
                actions.insert(demand.action());
            }
            if verdicts.len() < VERDICTS_MAX {
                verdicts.insert(demand, denied);
            }
            denied
        };
        let places = decisions.iter().enumerate();
        let denied: BTreeSet<usize> =
            places.filter(|(_, decision)| is_denied(decision)).map(|(place, _)| place).collect();
        if !denied.is_empty() {
            let run_id = execution.identity.run_id.as_str();
            asker.judgment.note_denied_decisions(run_id, denied.len(), actions);
        }
        denied
    }

    /// Copies out what is known of a domain, if there is one of that name: its tags, and the facts
    /// that `look` asks for.
    fn known(
        &self,
        scope: &Scope,
        domain: Option<&DomainName>,
        look: impl FnOnce(&dyn Facts),
    ) -> Known {
        let registry = self.registry.read().expect("no writer panics");
        let Some(domain) = domain.and_then(|name| registry.domain(scope, name).ok()) else {
            return Known::default();
        };
        let registered = Registered { domain, known: RefCell::default() };
        look(&registered);
        let known = registered.known.into_inner();
        Known { tags: Some(Arc::clone(domain.tags())), ..known }
    }

    /// The caller with the rights that his credential gives him now.
    fn as_of_now(&self, caller: &Caller, now: Timestamp) -> Result<Caller, Fault> {
        match (&caller.authority, &self.credentials) {
            (Authority::Principal(_, key), Some(credentials)) => {
                let principal = credentials.refresh(key, now)?;
                let authority = Authority::Principal(principal, key.clone());
                Ok(Caller { authority, ..caller.clone() })
            }
            (Authority::Unrestricted | Authority::Principal(..), _) => Ok(caller.clone()),
        }
    }

    /// Makes a fault of the first check that is denied, and notes what was said.
    fn settle(
        &self,
        asker: &Asker,
        caller: &Caller,
        demand: &Demand<'_>,
        resource: &Arn,
        known: &Known,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let around = Around {
            resource: resource.as_str(),
            resource_tags: known.tags.as_deref(),
            origin: Some(&caller.origin),
            region: &caller.region,
            now,
        };
        for (place, check) in demand.checks(&around).enumerate() {
            let verdict = caller.judge(&check);
            let denied = match &verdict {
                Verdict::Allowed(_) => None,
                Verdict::Denied(denial) => Some(self.fault(caller, &check, denial)),
            };
            // If all are allowed, the request is known by what it is itself.
            if place == 0 || denied.is_some() {
                asker.judgment.note(Judged::of(&check, verdict));
            }
            if let Some(fault) = denied {
                return Err(fault);
            }
        }
        Ok(())
    }

    fn fault(&self, caller: &Caller, check: &Check<'_>, denial: &Denial) -> Fault {
        self.refusal(denial.text(name(caller), check.action, check.resource))
    }

    fn refusal(&self, text: String) -> Fault {
        match self.denials {
            Denials::AccessDenied => Fault::AccessDenied(text),
            Denials::OperationNotPermitted => Fault::OperationNotPermitted(text),
        }
    }
}

fn name(caller: &Caller) -> &str {
    match &caller.authority {
        Authority::Principal(principal, _) => &principal.arn,
        Authority::Unrestricted => "anonymous", // Who is denied nothing.
    }
}

/// The tags of a domain.
type Tags = Arc<BTreeMap<Arc<str>, Arc<str>>>;

/// What is known of a domain. It is a copy, so that nobody waits for the registry as long as it
/// takes to judge.
#[derive(Debug, Default)]
struct Known {
    tags: Option<Tags>,
    /// The default task lists, by the type.
    workflows: BTreeMap<(Name, Version), Name>,
    activities: BTreeMap<(Name, Version), Name>,
}

impl Facts for Known {
    fn workflow_task_list(&self, workflow_type: &WorkflowType) -> Option<&Name> {
        let WorkflowType { name, version } = workflow_type.clone();
        self.workflows.get(&(name, version))
    }

    fn activity_task_list(&self, activity_type: &ActivityType) -> Option<&Name> {
        let ActivityType { name, version } = activity_type.clone();
        self.activities.get(&(name, version))
    }
}

/// A domain while it is looked at: what it is asked for is known afterwards.
struct Registered<'r> {
    domain: &'r Domain,
    known: RefCell<Known>,
}

impl Facts for Registered<'_> {
    fn workflow_task_list(&self, workflow_type: &WorkflowType) -> Option<&Name> {
        let detail = self.domain.workflow_type(workflow_type).ok()?;
        let list = &detail.configuration.default_task_list.as_ref()?.name;
        let WorkflowType { name, version } = workflow_type.clone();
        self.known.borrow_mut().workflows.insert((name, version), list.clone());
        Some(list)
    }

    fn activity_task_list(&self, activity_type: &ActivityType) -> Option<&Name> {
        let detail = self.domain.activity_type(activity_type).ok()?;
        let list = &detail.configuration.default_task_list.as_ref()?.name;
        let ActivityType { name, version } = activity_type.clone();
        self.known.borrow_mut().activities.insert((name, version), list.clone());
        Some(list)
    }
}
