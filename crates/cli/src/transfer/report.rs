//! A plan in words.

use super::plan::{Facts, Plan, Registration, Registry, Verdict};
use std::collections::BTreeMap;

/// How many executions are named for each thing that there is to say, unless all are asked for.
const NAMED_MAX: usize = 20;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Everything.
    pub all: bool,
}

impl Plan {
    /// The plan as lines for people.
    pub fn report(&self, facts: &[Facts], registry: &Registry, shown: Shown) -> String {
        let mut text = String::new();
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        let (mut new, mut same) = (Vec::new(), 0);
        let mut different = Vec::new();
        for registration in &registry.registrations {
            match registration {
                Registration::New(what) => new.push(what.clone()),
                Registration::Same(_) => same += 1,
                Registration::Different { what, members } => {
                    different.push(format!("{what}: {}", members.join(", ")));
                }
            }
        }
        line(format!(
            "domains and types: {} to register, {same} there already, {} there and different",
            new.len(),
            different.len()
        ));
        list(&mut line, "to register", &new, shown);
        list(&mut line, "different; what is there stays", &different, shown);
        list(
            &mut line,
            "in histories, and registered neither there nor here; they cannot be scheduled until they are",
            &registry.missing_activity_types,
            shown,
        );
        list(
            &mut line,
            "in histories, and deprecated there; they cannot be scheduled before that is undone",
            &registry.deprecated_activity_types,
            shown,
        );
        let mut open = [0_u64; 3];
        let mut closed = [0_u64; 5];
        let mut superseded = Vec::new();
        let mut refused = Vec::new();
        let mut notes: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (place, step) in self.steps.iter().enumerate() {
            let of = &facts[step.index];
            let is_open = of.closed.is_none();
            match (&step.verdict, is_open) {
                (Verdict::Superseded { by }, _) => superseded.push(format!(
                    "{}: the one with {} events counts, and one with {} does not",
                    name(of),
                    facts[*by].events,
                    of.events
                )),
                (Verdict::Import { .. }, true) => open[0] += 1,
                (Verdict::Known, true) => open[1] += 1,
                (Verdict::Refused(_), true) => open[2] += 1,
                (Verdict::Import { .. }, false) => closed[0] += 1,
                (Verdict::Known, false) => closed[1] += 1,
                (Verdict::Refused(_), false) => closed[2] += 1,
                (Verdict::Closed, _) => closed[3] += 1,
                (Verdict::Expired, _) => closed[4] += 1,
            }
            if let Verdict::Refused(why) = &step.verdict {
                refused.push(format!("{}: {why}", name(of)));
            }
            if !step.notes.is_empty() {
                notes.insert(place, step.notes.clone());
            }
        }
        line(format!(
            "open executions: {} to import, {} there already, {} refused",
            open[0], open[1], open[2]
        ));
        line(format!(
            "closed executions: {} to import, {} there already, {} refused, {} left out, {} past their \
             retention",
            closed[0], closed[1], closed[2], closed[3], closed[4]
        ));
        list(
            &mut line,
            "there more than once; the most events count, and of equals the last",
            &superseded,
            shown,
        );
        list(&mut line, "refused", &refused, shown);
        let notes: Vec<String> = notes
            .into_iter()
            .flat_map(|(place, notes)| {
                let name = name(&facts[self.steps[place].index]);
                notes.into_iter().map(move |note| format!("{name}: {note}"))
            })
            .collect();
        list(&mut line, "what will be different", &notes, shown);
        text
    }
}

/// An execution as people find it.
pub(super) fn name(of: &Facts) -> String {
    format!("{} {} run {}", of.domain, of.workflow_id, of.run_id)
}

impl Facts {
    /// The execution as people find it.
    pub fn name(&self) -> String {
        name(self)
    }
}

fn list(line: &mut impl FnMut(String), title: &str, items: &[String], shown: Shown) {
    if items.is_empty() {
        return;
    }
    let most = if shown.all { items.len() } else { NAMED_MAX };
    line(format!("{title}:"));
    for item in items.iter().take(most) {
        line(format!("  {item}"));
    }
    if items.len() > most {
        line(format!("  and {} more; --all lists them", items.len() - most));
    }
}
