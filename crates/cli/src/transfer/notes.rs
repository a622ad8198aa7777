//! What will be different for an execution, in words.

use super::plan::{Announced, Announcement, Due, Facts, Held, Link, Options, Registry};
use std::collections::BTreeSet;
use wire::{EventId, RunId, Timestamp, WorkflowType};

/// What is known of all executions, for the notes on one.
pub(super) struct Around<'a> {
    /// Those that will be at the target.
    pub come: &'a BTreeSet<&'a RunId>,
    /// The announcements of those of them that are children.
    pub children: &'a BTreeSet<&'a Link>,
    /// What the target has.
    pub registry: &'a Registry,
    /// What is asked for.
    pub options: Options,
}

impl Around<'_> {
    /// The notes on one that is imported, of which `resend` is sent once more.
    pub fn notes(&self, of: &Facts, resend: &[EventId]) -> Vec<String> {
        let options = self.options;
        let mut notes = Vec::new();
        if of.closed.is_some() {
            if of.listed_open {
                notes.push(
                    "it has closed since it was listed, and is imported as closed".to_owned(),
                );
            }
            return notes;
        }
        notes.extend(overdue(of, options.now));
        notes.extend(of.held.iter().map(|held| in_hand(held, options)));
        if of.lambdas > 0 {
            notes.push(format!(
                "{} Lambda tasks wait: they are started there, if the server has a \
                 --lambda-endpoint",
                of.lambdas
            ));
        }
        for announcement in &of.announced {
            let Announcement { event_id, what, workflow_id } = announcement;
            let link = Link { run_id: of.run_id.clone(), event_id: *event_id };
            let what = match what {
                Announced::Signal => "signal to",
                Announced::RequestCancel => "request to cancel",
                Announced::Child => "child",
            };
            let becomes = match (resend.contains(event_id), announcement.what, options.resends) {
                (true, _, _) => "it is sent once more",
                (false, Announced::Child, true) if self.children.contains(&link) => {
                    "the child is imported, and says that it has started"
                }
                (false, Announced::Child, true) => {
                    "the child has started, and is not imported: the decider will not be told"
                }
                (false, Announced::Signal | Announced::RequestCancel, true) => {
                    "it has arrived there, and the decider will not be told"
                }
                (false, _, false) => "the decider will not be told",
            };
            notes.push(format!(
                "the {what} {workflow_id} of event {event_id} has no outcome: {becomes}"
            ));
        }
        for (event_id, workflow_id) in &of.children {
            let link = Link { run_id: of.run_id.clone(), event_id: *event_id };
            if !self.children.contains(&link) {
                notes.push(format!(
                    "its child {workflow_id} of event {event_id} is not imported with it, and nobody \
                     will tell how that ends, unless it is there already"
                ));
            }
        }
        if let Some(parent) =
            of.parent.as_ref().filter(|parent| !self.come.contains(&parent.run_id))
        {
            notes.push(format!(
                "its parent, run {}, is not imported with it, and will not be told how it ends, \
                 unless it is there already",
                parent.run_id
            ));
        }
        notes.extend(self.of_type(of));
        notes
    }

    fn of_type(&self, of: &Facts) -> Option<String> {
        let WorkflowType { name, version } = of.workflow_type.as_ref()?;
        let key = (of.domain.clone(), name.clone(), version.clone());
        if !self.registry.workflow_types.contains(&key) {
            return Some(format!(
                "its type {name} {version} is not registered: it cannot continue as new until it is"
            ));
        }
        self.registry.deprecated_types.contains(&key).then(|| {
            format!(
                "its type {name} {version} is deprecated there: it cannot continue as new before that is \
                 undone"
            )
        })
    }
}

/// What becomes of something that somebody has in hand.
fn in_hand(held: &Held, options: Options) -> String {
    match held {
        Held::DecisionTask => {
            "a decider has a decision task in hand: it times out, and another one is scheduled"
                .to_owned()
        }
        Held::Activity { activity_id, .. } if options.times_out_started => {
            format!("a worker has activity {activity_id} in hand: it times out")
        }
        Held::Activity { activity_id, times_out_at: Some(at) } if *at <= options.now => {
            format!("a worker has activity {activity_id} in hand: its time is over")
        }
        Held::Activity { activity_id, times_out_at: Some(at) } => format!(
            "a worker has activity {activity_id} in hand: it times out in {} s",
            (at.0 - options.now.0 + 999) / 1000
        ),
        Held::Activity { activity_id, times_out_at: None } => format!(
            "a worker has activity {activity_id} in hand, which has no timeout: it does not end \
             before the execution, unless with --time-out-started"
        ),
        Held::Lambda => "a Lambda function is being called: its task times out".to_owned(),
    }
}

/// What happens as soon as it is there.
fn overdue(of: &Facts, now: Timestamp) -> Vec<String> {
    let count = |what: Due| of.due.iter().filter(|(at, due)| *at <= now && *due == what).count();
    if count(Due::Execution) > 0 {
        return vec!["its time is over: it times out at once".to_owned()];
    }
    let mut notes = Vec::new();
    match count(Due::Timer) {
        0 => (),
        1 => notes.push("a timer has fallen due: it fires at once".to_owned()),
        timers => notes.push(format!("{timers} timers have fallen due: they fire at once")),
    }
    match count(Due::Activity) {
        0 => (),
        1 => notes.push("an activity has waited for too long: it times out at once".to_owned()),
        activities => notes.push(format!(
            "{activities} activities have waited for too long: they time out at once"
        )),
    }
    notes
}
