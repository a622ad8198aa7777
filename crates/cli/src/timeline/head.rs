//! What is said of an execution above its groups.

use super::Snapshot;
use super::length::{between, date, length, plain};

impl Snapshot<'_> {
    /// The status as a word: `OPEN`, or how it closed.
    pub(crate) fn status(&self) -> &'static str {
        let status = self.timeline.close_status().or(self.detail.execution_info.close_status);
        status.map_or("OPEN", |status| status.as_str())
    }

    /// Names and values, in the order in which they are shown.
    pub(super) fn head(&self) -> Vec<(&'static str, String)> {
        let info = &self.detail.execution_info;
        let configuration = &self.detail.execution_configuration;
        let kind = &info.workflow_type;
        let since = self.zero();
        let status = match self.closed_at() {
            Some(at) => format!("{} after {}", self.status(), length(between(since, at))),
            None => format!("OPEN for {}", length(between(since, self.now))),
        };
        let asked = if self.timeline.cancel_requested || info.cancel_requested == Some(true) {
            ", cancel requested"
        } else {
            ""
        };
        let closed = self.closed_at().map(|at| format!(", closed {}", date(at)));
        let mut head = vec![
            ("type", format!("{} {}", kind.name, kind.version)),
            ("status", format!("{status}{asked}")),
            ("started", format!("{}{}", date(since), closed.unwrap_or_default())),
            ("task list", configuration.task_list.name.to_string()),
            (
                "time-outs",
                format!(
                    "execution {}, decision task {} (seconds); children {}",
                    configuration.execution_start_to_close_timeout,
                    configuration.task_start_to_close_timeout,
                    configuration.child_policy.as_str()
                ),
            ),
        ];
        if let Some(parent) = &info.parent {
            head.push(("parent", format!("{} run {}", parent.workflow_id, parent.run_id)));
        }
        if let Some(tags) = info.tag_list.as_ref().filter(|tags| !tags.is_empty()) {
            let tags: Vec<&str> = tags.iter().map(|tag| tag.as_str()).collect();
            head.push(("tags", tags.join(", ")));
        }
        if let Some((_, started)) = &self.timeline.started {
            if let Some(run) = &started.continued_execution_run_id {
                head.push(("continues", format!("run {run}")));
            }
            let input = started.input.as_ref().map_or("", |input| input.as_str());
            head.push(("input", format!("{} characters {input}", input.chars().count())));
        }
        if let Some(run) = self.timeline.continued_as() {
            head.push(("continued as", format!("run {run}")));
        }
        head.into_iter().map(|(name, value)| (name, plain(&value))).collect()
    }
}
