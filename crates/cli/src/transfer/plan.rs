//! What an import is to do: which execution first, which not at all, and what will be different.

use super::notes::Around;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use wire::{
    ActivityId, CloseStatus, DomainName, EventId, Name, RunId, Timestamp, Version, WorkflowId,
    WorkflowType,
};

/// What is known of an execution, from its history and from the server that is to have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Which run it is.
    pub domain: DomainName,
    /// Of which workflow.
    pub workflow_id: WorkflowId,
    /// Which of its runs.
    pub run_id: RunId,
    /// Of which type; none if there is not even a first event.
    pub workflow_type: Option<WorkflowType>,
    /// When it started.
    pub started_at: Timestamp,
    /// How and when it closed.
    pub closed: Option<(CloseStatus, Timestamp)>,
    /// Whether it was open when it was listed, or went on from a run that was.
    pub listed_open: bool,
    /// What will happen to it by itself, and when. Activities that are started are not among it.
    pub due: Vec<(Timestamp, Due)>,
    /// Who started it as a child.
    pub parent: Option<Link>,
    /// Which run goes on where it ended.
    pub successor: Option<RunId>,
    /// How many events there are.
    pub events: u64,
    /// Why it cannot be imported, from its history.
    pub fault: Option<String>,
    /// What somebody had in hand.
    pub held: Vec<Held>,
    /// Lambda tasks that wait.
    pub lambdas: usize,
    /// What it has announced to others without an outcome.
    pub announced: Vec<Announcement>,
    /// Children of whose start it knows, and of no end: the event that announced each.
    pub children: Vec<(EventId, WorkflowId)>,
    /// Whether the target has it.
    pub here: Here,
}

/// A run, and the event in its history that began what is linked to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Which run.
    pub run_id: RunId,
    /// Which event.
    pub event_id: EventId,
}

/// What happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The execution times out.
    Execution,
    /// A timer fires.
    Timer,
    /// An activity that nobody has taken times out.
    Activity,
}

/// What somebody had in hand, who cannot answer the new server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// A decision task.
    DecisionTask,
    /// An activity.
    Activity {
        /// Which.
        activity_id: ActivityId,
        /// When it times out, if it ever does.
        times_out_at: Option<Timestamp>,
    },
    /// A Lambda task.
    Lambda,
}

/// What was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// A signal.
    Signal,
    /// A request to cancel.
    RequestCancel,
    /// A child.
    Child,
}

/// Something that was announced to another execution and of which nothing has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The event.
    pub event_id: EventId,
    /// What.
    pub what: Announced,
    /// To whom.
    pub workflow_id: WorkflowId,
}

/// What the target has of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Here {
    /// Nothing.
    Nothing,
    /// This run.
    Run,
    /// Another run of its workflow id, which is open.
    OtherOpen(RunId),
    /// This run with other events, and how it differs, in words.
    Different(String),
    /// This run, in the domain that it comes from and is not to be in.
    Origin(DomainName),
}

/// What is known of domains and types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// How long the target keeps, or will keep, closed executions, in milliseconds, by domain. One
    /// that is missing is nowhere.
    pub retention_ms: BTreeMap<DomainName, i64>,
    /// The workflow types that the target has or will have.
    pub workflow_types: BTreeSet<(DomainName, Name, Version)>,
    /// Those of them that are deprecated at the target and did not come with the executions.
    pub deprecated_types: BTreeSet<(DomainName, Name, Version)>,
    /// Activity types that are in histories, and that the target neither has nor will have, in words.
    pub missing_activity_types: Vec<String>,
    /// Those that it has, and that are deprecated there, unless they come.
    pub deprecated_activity_types: Vec<String>,
    /// What becomes of each domain and type of the source.
    pub registrations: Vec<Registration>,
}

/// What becomes of a domain or type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registration {
    /// It is registered.
    New(String),
    /// It is there.
    Same(String),
    /// It is there and differs.
    Different {
        /// Which.
        what: String,
        /// Wherein.
        members: Vec<String>,
    },
}

/// What is asked of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Closed executions are imported, too.
    pub closed: bool,
    /// What was announced without an outcome is sent once more.
    pub resends: bool,
    /// What somebody has in hand times out at once.
    pub times_out_started: bool,
    /// When.
    pub now: Timestamp,
}

/// What becomes of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is imported.
    Import {
        /// The announcements that are sent once more.
        resend: Vec<EventId>,
    },
    /// It is here already.
    Known,
    /// It is closed, and nobody asked for those.
    Closed,
    /// It is closed, and would not be kept any more.
    Expired,
    /// It is there more than once, and this is not the one that counts.
    Superseded {
        /// The place among the facts of the one that does.
        by: usize,
    },
    /// It cannot be imported.
    Refused(String),
}

/// What becomes of one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place among the facts.
    pub index: usize,
    /// What becomes of it.
    pub verdict: Verdict,
    /// What will be different from what it was, in words.
    pub notes: Vec<String>,
}

/// What an import does, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One for each execution.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Decides about each execution. `effects` are the announcements that have taken effect in
    /// histories of the same source.
    pub fn make(
        facts: &[Facts],
        effects: &BTreeSet<Link>,
        registry: &Registry,
        options: Options,
    ) -> Plan {
        // Of a run that is there more than once, the one with the most events; of equals, the last.
        let mut runs: BTreeMap<(&DomainName, &RunId), usize> = BTreeMap::new();
        for (index, of) in facts.iter().enumerate() {
            let counts = runs.entry((&of.domain, &of.run_id)).or_insert(index);
            if facts[*counts].events <= of.events {
                *counts = index;
            }
        }
        let mut verdicts: Vec<Option<Verdict>> = vec![None; facts.len()];
        let order = order(facts, &runs);
        let mut steps = Vec::with_capacity(facts.len());
        for index in order {
            let of = &facts[index];
            let by = runs[&(&of.domain, &of.run_id)];
            let verdict = match by == index {
                true => verdict(of, effects, registry, options, &verdicts, &runs),
                false => Verdict::Superseded { by },
            };
            verdicts[index] = Some(verdict.clone());
            steps.push(Step { index, verdict, notes: Vec::new() });
        }
        let come: BTreeSet<&RunId> = steps
            .iter()
            .filter(|step| matches!(step.verdict, Verdict::Import { .. } | Verdict::Known))
            .map(|step| &facts[step.index].run_id)
            .collect();
        let children: BTreeSet<&Link> = facts
            .iter()
            .filter(|of| come.contains(&of.run_id))
            .filter_map(|of| of.parent.as_ref())
            .collect();
        for step in &mut steps {
            if let Verdict::Import { resend } = &step.verdict {
                let around = Around { come: &come, children: &children, registry, options };
                step.notes = around.notes(&facts[step.index], resend);
            }
        }
        Plan { steps }
    }

    /// The domains that have executions, of which none comes.
    pub fn all_refused<'f>(&self, facts: &'f [Facts]) -> BTreeSet<&'f DomainName> {
        let domain = |step: &Step| &facts[step.index].domain;
        let is_refused = |step: &&Step| matches!(step.verdict, Verdict::Refused(_));
        let (refused, others): (Vec<&Step>, Vec<&Step>) = self.steps.iter().partition(is_refused);
        let others: BTreeSet<&DomainName> = others.into_iter().map(domain).collect();
        refused.into_iter().map(domain).filter(|domain| !others.contains(domain)).collect()
    }
}

/// The order in which executions can be imported: open ones first, parents before their children,
/// since a child tells its parent what that may not know; then closed ones, and of those that go on
/// from each other the last first, since no run may go on as one that is not there.
fn order(facts: &[Facts], runs: &BTreeMap<(&DomainName, &RunId), usize>) -> Vec<usize> {
    let mut base: Vec<usize> = (0..facts.len()).collect();
    base.sort_by_key(|index| {
        let of = &facts[*index];
        match of.closed {
            None => (false, of.started_at, Reverse(Timestamp(0))),
            Some((_, at)) => (true, Timestamp(0), Reverse(at)),
        }
    });
    let needs = |index: usize| {
        let of = &facts[index];
        let named = match of.closed {
            None => of.parent.as_ref().map(|parent| &parent.run_id),
            Some(_) => of.successor.as_ref(),
        };
        named.and_then(|run_id| runs.get(&(&of.domain, run_id)).copied())
    };
    let mut done = vec![false; facts.len()];
    let mut order = Vec::with_capacity(facts.len());
    for index in base {
        // Each needs one other at most; whoever names each other in a circle comes as it is.
        let (mut chain, mut on_chain) = (Vec::new(), BTreeSet::new());
        let mut next = Some(index);
        while let Some(index) = next.filter(|index| !done[*index] && on_chain.insert(*index)) {
            chain.push(index);
            next = needs(index);
        }
        for index in chain.into_iter().rev() {
            done[index] = true;
            order.push(index);
        }
    }
    order
}

fn verdict(
    of: &Facts,
    effects: &BTreeSet<Link>,
    registry: &Registry,
    options: Options,
    verdicts: &[Option<Verdict>],
    runs: &BTreeMap<(&DomainName, &RunId), usize>,
) -> Verdict {
    if let Some(fault) = &of.fault {
        return Verdict::Refused(fault.clone());
    }
    let Some(retention_ms) = registry.retention_ms.get(&of.domain) else {
        return Verdict::Refused(format!("the domain {} is not registered", of.domain));
    };
    if of.here == Here::Run {
        return Verdict::Known;
    }
    if let Here::Different(how) = &of.here {
        return Verdict::Refused(how.clone());
    }
    if let Here::Origin(origin) = &of.here {
        return Verdict::Refused(format!(
            "that run is there in domain {origin}, and no two domains have a run id in common: \
             --new-run-ids gives the copy its own"
        ));
    }
    if let Some((_, at)) = of.closed {
        // One that has ended since it was listed tells its parent so, and its children; where another
        // run goes on, nobody is told anything.
        if !options.closed && (!of.listed_open || of.successor.is_some()) {
            return Verdict::Closed;
        }
        if at.0.saturating_add(*retention_ms) <= options.now.0 {
            return Verdict::Expired;
        }
        if let Some(successor) = &of.successor {
            let other = runs.get(&(&of.domain, successor));
            let comes = other.is_some_and(|other| {
                matches!(verdicts[*other], Some(Verdict::Import { .. } | Verdict::Known))
            });
            if !comes {
                return Verdict::Refused(format!(
                    "it goes on as run {successor}, which is not imported"
                ));
            }
        }
    } else if let Here::OtherOpen(run_id) = &of.here {
        return Verdict::Refused(format!("run {run_id} of its workflow id is open there"));
    }
    let is_lost = |announcement: &&Announcement| {
        let link = Link { run_id: of.run_id.clone(), event_id: announcement.event_id };
        of.closed.is_none() && options.resends && !effects.contains(&link)
    };
    let resend = of.announced.iter().filter(is_lost).map(|a| a.event_id).collect();
    Verdict::Import { resend }
}
