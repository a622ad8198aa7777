//! The commands that help, as lines for a shell, with all names and ids filled in.

use super::{Facts, Suggestion};
use crate::profile::ENDPOINT_URL_VARIABLE;
use crate::timeline::Registered;
use wire::{TaskListKind, TaskListName};

/// The longest input that stands in a line, in characters; a longer one is read from the history.
const INPUT_CHARS_MAX: usize = 200;

/// The one option that takes no value.
const REVERSE: &str = "--reverse-order";

/// Makes commands on one execution.
pub struct Commands<'a> {
    domain: &'a str,
    workflow_id: &'a str,
    run_id: &'a str,
    asking: &'a [String],
    endpoint: Option<&'a str>,
}

impl<'a> Commands<'a> {
    pub fn of(facts: &Facts<'a>) -> Commands<'a> {
        let execution = &facts.snapshot.detail.execution_info.execution;
        Commands {
            domain: facts.snapshot.domain,
            workflow_id: execution.workflow_id.as_str(),
            run_id: execution.run_id.as_str(),
            asking: facts.asking,
            endpoint: facts.endpoint,
        }
    }

    /// The program, where it asks the server that was asked.
    fn program(&self) -> String {
        match self.endpoint {
            Some(endpoint) => format!("{ENDPOINT_URL_VARIABLE}={} tidewheel", quoted(endpoint)),
            None => "tidewheel".to_owned(),
        }
    }

    /// A line of `tidewheel swf`: an operation and its options. A value that looks like an option is
    /// told from one.
    fn line(&self, words: &[&str]) -> String {
        let mut line = self.program();
        let mut words = words.iter().copied().chain(self.asking.iter().map(String::as_str));
        while let Some(word) = words.next() {
            line += " ";
            let takes_value = word.starts_with("--") && word != REVERSE;
            let value = if takes_value { words.next() } else { None };
            line += &match value {
                Some(value) if value.starts_with('-') => quoted(&format!("{word}={value}")),
                Some(value) => format!("{word} {}", quoted(value)),
                None => quoted(word),
            };
        }
        line
    }

    fn suggestion(&self, purpose: impl Into<String>, words: &[&str]) -> Suggestion {
        Suggestion { purpose: purpose.into(), line: self.line(words) }
    }

    /// A line of a command on a run.
    fn on(&self, command: &str, flags: &[&str], workflow_id: &str, run_id: Option<&str>) -> String {
        let named: Vec<&str> = [self.domain, workflow_id].into_iter().chain(run_id).collect();
        let asking = self.asking.iter().map(String::as_str);
        let options = flags.iter().copied().chain(asking);
        let words: Vec<&str> = match named.iter().any(|name| name.starts_with('-')) {
            true => options.chain(["--"]).chain(named).collect(),
            false => named.into_iter().chain(options).collect(),
        };
        let words = words.into_iter().map(quoted).collect::<Vec<_>>().join(" ");
        format!("{} {command} {words}", self.program())
    }

    /// Looks at the run until it ends.
    pub fn follow(&self) -> Suggestion {
        let line = self.on("show", &["--follow"], self.workflow_id, Some(self.run_id));
        Suggestion { purpose: "see what happens next".to_owned(), line }
    }

    /// Explains a run of this or another execution.
    pub fn explain(&self, purpose: &str, workflow_id: &str, run_id: Option<&str>) -> Suggestion {
        let line = self.on("explain", &[], workflow_id, run_id);
        Suggestion { purpose: purpose.to_owned(), line }
    }

    /// Ends the run.
    pub fn terminate(&self) -> Suggestion {
        let words = self.on_run("terminate-workflow-execution");
        let words: Vec<&str> = words.into_iter().chain(["--reason", "given up"]).collect();
        self.suggestion("give it up", &words)
    }

    /// Wakes the decider.
    pub fn signal(&self, purpose: &str, name: &str) -> Suggestion {
        let words = self.on_run("signal-workflow-execution");
        let words: Vec<&str> = words.into_iter().chain(["--signal-name", name]).collect();
        self.suggestion(purpose, &words)
    }

    fn on_run(&self, operation: &'static str) -> Vec<&str> {
        let domain = ["swf", operation, "--domain", self.domain];
        let run = ["--workflow-id", self.workflow_id, "--run-id", self.run_id];
        domain.into_iter().chain(run).collect()
    }

    /// Says how much waits on a list.
    pub fn count(&self, list: &TaskListName) -> Suggestion {
        let operation = match list.kind {
            TaskListKind::Decision => "count-pending-decision-tasks",
            TaskListKind::Activity => "count-pending-activity-tasks",
        };
        let name = member("name", list.name.as_str());
        let words = ["swf", operation, "--domain", self.domain, "--task-list", &name];
        self.suggestion(format!("count what waits on list {:?}", list.name.as_str()), &words)
    }

    /// The newest events.
    pub fn newest_events(&self) -> Suggestion {
        let execution =
            format!("{},{}", member("workflowId", self.workflow_id), member("runId", self.run_id));
        let words = [
            "swf",
            "get-workflow-execution-history",
            "--domain",
            self.domain,
            "--execution",
            &execution,
            REVERSE,
            "--max-items",
            "20",
        ];
        self.suggestion("read the newest events", &words)
    }

    /// The defaults and the status of a type.
    pub fn describe_type(&self, of: TypeOf, registered: &Registered) -> Suggestion {
        let purpose = format!("see its status and defaults: {}", of.name(registered));
        self.of_type("describe", &purpose, of, registered)
    }

    /// Takes a type's deprecation back.
    pub fn undeprecate(&self, of: TypeOf, registered: &Registered) -> Suggestion {
        let purpose = format!("take back the deprecation of {}", of.name(registered));
        self.of_type("undeprecate", &purpose, of, registered)
    }

    fn of_type(
        &self,
        verb: &str,
        purpose: &str,
        of: TypeOf,
        registered: &Registered,
    ) -> Suggestion {
        let (operation, option) = match of {
            TypeOf::Activity => (format!("{verb}-activity-type"), "--activity-type"),
            TypeOf::Workflow => (format!("{verb}-workflow-type"), "--workflow-type"),
        };
        let value = type_value(registered);
        let words = ["swf", &operation, "--domain", self.domain, option, &value];
        self.suggestion(purpose, &words)
    }

    /// Registers a type that is not there. With defaults of its own: a decision that gives none is
    /// refused for them otherwise.
    pub fn register(&self, of: TypeOf, registered: &Registered) -> Suggestion {
        let (operation, option) = match of {
            TypeOf::Activity => ("register-activity-type", "--activity-version"),
            TypeOf::Workflow => ("register-workflow-type", "--workflow-version"),
        };
        let words = [
            "swf",
            operation,
            "--domain",
            self.domain,
            "--name",
            &registered.name,
            option,
            &registered.version,
        ];
        self.suggestion(format!("register {}", of.name(registered)), &words)
    }

    /// The versions of a type that are registered.
    pub fn list_types(&self, of: TypeOf, registered: &Registered) -> Suggestion {
        let operation = match of {
            TypeOf::Activity => "list-activity-types",
            TypeOf::Workflow => "list-workflow-types",
        };
        let words = [
            "swf",
            operation,
            "--domain",
            self.domain,
            "--registration-status",
            "REGISTERED",
            "--name",
            &registered.name,
        ];
        self.suggestion(format!("see which versions of {:?} there are", registered.name), &words)
    }

    /// Open executions of the same id, whichever run.
    pub fn open_runs(&self, workflow_id: &str) -> Suggestion {
        let filter = member("workflowId", workflow_id);
        let words = [
            "swf",
            "list-open-workflow-executions",
            "--domain",
            self.domain,
            "--start-time-filter",
            "oldestDate=0",
            "--execution-filter",
            &filter,
        ];
        self.suggestion(format!("see whether {workflow_id:?} is open"), &words)
    }

    /// Starts the execution once more, with what it was started with.
    pub fn start_again(&self, facts: &Facts<'_>) -> Option<Suggestion> {
        let (_, started) = facts.snapshot.timeline.started.as_ref()?;
        let kind = &started.workflow_type;
        let (name, version) = (kind.name.as_str(), kind.version.as_str());
        let kind = format!("{},{}", member("name", name), member("version", version));
        let list = member("name", started.task_list.name.as_str());
        let words = [
            "swf",
            "start-workflow-execution",
            "--domain",
            self.domain,
            "--workflow-id",
            self.workflow_id,
            "--workflow-type",
            &kind,
            "--task-list",
            &list,
        ];
        let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let timeouts = [
            ("--execution-start-to-close-timeout", started.execution_start_to_close_timeout),
            ("--task-start-to-close-timeout", started.task_start_to_close_timeout),
        ];
        for (option, timeout) in timeouts {
            if let Some(timeout) = timeout {
                words.extend([option.to_owned(), timeout.to_string()]);
            }
        }
        words.extend(["--child-policy".to_owned(), started.child_policy.as_str().to_owned()]);
        if let Some(tags) = started.tag_list.as_ref().filter(|tags| !tags.is_empty()) {
            // As JSON, since a tag may look like an option or like the name of a file.
            let tags = serde_json::to_string(tags).expect("tags are texts");
            words.extend(["--tag-list".to_owned(), tags]);
        }
        if let Some(priority) = started.task_priority {
            words.extend(["--task-priority".to_owned(), priority.0.to_string()]);
        }
        if let Some(role) = &started.lambda_role {
            words.extend(["--lambda-role".to_owned(), role.as_str().to_owned()]);
        }
        let input = started.input.as_ref().map(wire::Data::as_str);
        let is_short = input.is_none_or(|input| {
            // It would be read as the name of a file.
            let is_file = input.starts_with("file://") || input.starts_with("fileb://");
            let is_line = !input.contains(char::is_control);
            is_line && !is_file && input.chars().count() <= INPUT_CHARS_MAX
        });
        if let Some(input) = input.filter(|_| is_short) {
            words.extend(["--input".to_owned(), input.to_owned()]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut line = self.line(&words);
        if !is_short {
            let execution = format!(
                "{},{}",
                member("workflowId", self.workflow_id),
                member("runId", self.run_id)
            );
            let read = self.line(&[
                "swf",
                "get-workflow-execution-history",
                "--domain",
                self.domain,
                "--execution",
                &execution,
                "--max-items",
                "1",
                "--query",
                "{input: events[0].workflowExecutionStartedEventAttributes.input}",
                "--output",
                "json",
            ]);
            // As JSON, of which a shell takes nothing away, not even line breaks at the end.
            line += &format!(" --cli-input-json \"$({read})\"");
        }
        Some(Suggestion { purpose: "start it again".to_owned(), line })
    }
}

/// Whether a type is of activities or of workflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeOf {
    Activity,
    Workflow,
}

impl TypeOf {
    pub fn name(self, registered: &Registered) -> String {
        let Registered { name, version } = registered;
        match self {
            TypeOf::Activity => format!("activity type {name} {version}"),
            TypeOf::Workflow => format!("workflow type {name} {version}"),
        }
    }
}

fn type_value(registered: &Registered) -> String {
    format!("{},{}", member("name", &registered.name), member("version", &registered.version))
}

/// A member of a map in the AWS CLI's shorthand. What the shorthand would take for its own is
/// quoted.
fn member(name: &str, value: &str) -> String {
    let is_plain =
        |c: char| !matches!(c, ',' | '"' | '\'' | '=' | '{' | '}' | '[' | ']' | '\\' | '@');
    if !value.is_empty() && !value.contains(char::is_whitespace) && value.chars().all(is_plain) {
        return format!("{name}={value}");
    }
    format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    // No name or id has a NUL, and no shell could take one.
    shlex::try_quote(word).map_or_else(|_| word.replace('\0', ""), |quoted| quoted.into_owned())
}
