//! A domain as a program with the AWS SDK for Rust sees it: types, runs, and tasks page by page.

use aws_sdk_swf::Client;
use aws_sdk_swf::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_swf::error::BuildError;
use aws_sdk_swf::operation::poll_for_activity_task::PollForActivityTaskOutput;
use aws_sdk_swf::operation::poll_for_decision_task::PollForDecisionTaskOutput;
use aws_sdk_swf::types::{ChildPolicy, Decision, HistoryEvent, TaskList, WorkflowExecution};

/// So few that no history of these tests fits into one page.
pub const EVENTS_PER_PAGE: i32 = 5;
/// The key of the administrator in `clients/identities.toml`.
const KEY_ID: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// The version of every type.
pub const VERSION: &str = "1";

/// The settings of a client that keeps what the SDK does by default, retries included.
pub fn config(url: &str) -> aws_sdk_swf::config::Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new(KEY_ID, SECRET, None, None, "tests"))
        .endpoint_url(url)
}

/// A domain, and the client that speaks of it.
pub struct Domain {
    /// The client, for what has no method here.
    pub client: Client,
    /// The domain's name.
    pub name: &'static str,
}

/// A decision task with the whole history of its execution.
pub struct Task {
    /// The first page.
    pub first: PollForDecisionTaskOutput,
    /// The events of all pages.
    pub events: Vec<HistoryEvent>,
}

impl Task {
    /// Whose task it is.
    pub fn execution(&self) -> &WorkflowExecution {
        self.first.workflow_execution().expect("a task has an execution")
    }

    /// The name of its type.
    pub fn workflow_type(&self) -> &str {
        self.first.workflow_type().expect("a task has a type").name()
    }

    /// The events that no decider has seen before.
    pub fn news(&self) -> impl Iterator<Item = &HistoryEvent> {
        let seen = self.first.previous_started_event_id();
        self.events.iter().filter(move |event| event.event_id() > seen)
    }
}

impl Domain {
    /// Registers a domain.
    pub async fn register(client: Client, name: &'static str) -> Self {
        let domain = client.register_domain().name(name);
        let registered = domain.workflow_execution_retention_period_in_days("7").send().await;
        registered.expect("the domain is new");
        Self { client, name }
    }

    /// Registers a workflow type; its task list bears its name.
    pub async fn register_workflow(&self, name: &str) {
        let workflow_type = self.client.register_workflow_type().domain(self.name).name(name);
        let registered = workflow_type
            .version(VERSION)
            .default_task_list(task_list(name))
            .default_execution_start_to_close_timeout("3600")
            .default_task_start_to_close_timeout("60")
            .default_child_policy(ChildPolicy::Terminate)
            .send()
            .await;
        registered.expect("the workflow type is new");
    }

    /// Registers an activity type; its task list bears its name.
    pub async fn register_activity(&self, name: &str) {
        let activity_type = self.client.register_activity_type().domain(self.name).name(name);
        let registered = activity_type
            .version(VERSION)
            .default_task_list(task_list(name))
            .default_task_schedule_to_start_timeout("60")
            .default_task_schedule_to_close_timeout("NONE")
            .default_task_start_to_close_timeout("NONE")
            .default_task_heartbeat_timeout("60")
            .send()
            .await;
        registered.expect("the activity type is new");
    }

    /// One turn of the decider of a workflow type: waits for a task, reads its whole history, and
    /// answers.
    pub async fn decide(
        &self,
        workflow_type: &str,
        decider: impl FnOnce(&Task) -> Result<Vec<Decision>, BuildError>,
    ) -> Task {
        let poll = self.client.poll_for_decision_task().domain(self.name);
        let poll = poll.task_list(task_list(workflow_type)).into_paginator();
        let mut pages = poll.page_size(EVENTS_PER_PAGE).send();
        let first = pages.next().await.expect("there is a first page").expect("a poll succeeds");
        assert!(!first.task_token().is_empty(), "no decision task came for {workflow_type}");
        let mut task = Task { events: first.events().to_vec(), first };
        while let Some(page) = pages.next().await {
            let page = page.expect("a page of a task can be read");
            assert_eq!(page.task_token(), task.first.task_token(), "all pages are of one task");
            task.events.extend_from_slice(page.events());
        }
        let decisions = decider(&task).expect("decisions are complete");
        let answer = self.client.respond_decision_task_completed();
        let answer = answer.task_token(task.first.task_token()).set_decisions(Some(decisions));
        answer.send().await.expect("the decisions are taken");
        task
    }

    /// Waits for an activity task.
    pub async fn poll_activity(&self, activity_type: &str) -> PollForActivityTaskOutput {
        let poll = self.client.poll_for_activity_task().domain(self.name);
        let task = poll.task_list(task_list(activity_type)).send().await.expect("a poll succeeds");
        assert!(!task.task_token().is_empty(), "no activity task came for {activity_type}");
        task
    }

    /// The whole history of a run.
    pub async fn history(&self, execution: &WorkflowExecution) -> Vec<HistoryEvent> {
        let read = self.client.get_workflow_execution_history().domain(self.name);
        let read = read.execution(execution.clone()).into_paginator().page_size(EVENTS_PER_PAGE);
        read.items().send().try_collect().await.expect("the history can be read")
    }
}

/// A task list of a name.
///
/// # Panics
///
/// Never: its only member is there.
pub fn task_list(name: &str) -> TaskList {
    TaskList::builder().name(name).build().expect("it has a name")
}
