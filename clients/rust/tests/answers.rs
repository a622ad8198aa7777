//! Answers that a program branches on: faults as variants, refused input, polls that waited in vain.

use aws_sdk_swf::Client;
use aws_sdk_swf::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_swf::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_swf::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_swf::operation::RequestId;
use aws_sdk_swf::operation::start_workflow_execution::{
    StartWorkflowExecutionError, StartWorkflowExecutionOutput,
};
use aws_sdk_swf::types::{WorkflowExecution, WorkflowType};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tidewheel_rust_client_tests::domain::{self, Domain, VERSION, task_list};
use tidewheel_rust_client_tests::server::with_server;

const GREETING: &str = "greeting";

/// Counts how often the SDK sends a request, repetitions included.
#[derive(Clone, Debug, Default)]
struct Attempts(Arc<AtomicUsize>);

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Attempts {
    /// How many there were since this was last asked.
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// A domain with one workflow type, and what counts its requests.
async fn greetings(url: &str) -> (Domain, Attempts) {
    let attempts = Attempts::default();
    let config = domain::config(url).interceptor(attempts.clone()).build();
    let domain = Domain::register(Client::from_conf(config), "answers").await;
    domain.register_workflow(GREETING).await;
    attempts.take();
    (domain, attempts)
}

async fn start(
    domain: &Domain,
    workflow_id: &str,
) -> Result<StartWorkflowExecutionOutput, SdkError<StartWorkflowExecutionError>> {
    let workflow_type = WorkflowType::builder().name(GREETING).version(VERSION).build();
    let start = domain.client.start_workflow_execution().domain(domain.name);
    start
        .workflow_id(workflow_id)
        .workflow_type(workflow_type.expect("it is complete"))
        .send()
        .await
}

#[tokio::test]
async fn an_execution_that_is_not_there_is_an_unknown_resource_fault() {
    with_server(&[], async |url| {
        let (domain, attempts) = greetings(&url).await;
        let nobody = WorkflowExecution::builder().workflow_id("nobody").run_id("nothing").build();
        let describe = domain.client.describe_workflow_execution().domain(domain.name);
        let answer = describe.execution(nobody.expect("it is complete")).send().await;
        let error = answer.expect_err("there is none").into_service_error();
        assert!(error.is_unknown_resource_fault(), "{error:?}");
        assert_eq!(error.code(), Some("UnknownResourceFault"));
        assert_eq!(
            error.message(),
            Some("Unknown execution: WorkflowExecution=[workflowId=nobody, runId=nothing]")
        );
        assert!(error.meta().request_id().is_some());
        assert_eq!(attempts.take(), 1, "what no repetition can cure is not repeated");
    })
    .await;
}

#[tokio::test]
async fn a_second_start_is_a_workflow_execution_already_started_fault() {
    with_server(&[], async |url| {
        let (domain, attempts) = greetings(&url).await;
        start(&domain, "ada").await.expect("the first start is taken");
        let answer = start(&domain, "ada").await;
        let error = answer.expect_err("it has started already").into_service_error();
        assert!(
            matches!(error, StartWorkflowExecutionError::WorkflowExecutionAlreadyStartedFault(_)),
            "{error:?}"
        );
        assert_eq!(attempts.take(), 2, "one for each start");
    })
    .await;
}

#[tokio::test]
async fn refused_input_is_a_validation_exception_that_says_what_is_wrong() {
    with_server(&[], async |url| {
        let (domain, attempts) = greetings(&url).await;
        let error = start(&domain, "").await.expect_err("an id is not empty").into_service_error();
        assert_eq!(error.code(), Some("ValidationException"));
        assert_eq!(
            error.message(),
            Some(
                "1 validation error detected: Value '' at 'workflowId' failed to satisfy \
                 constraint: Member must have length greater than or equal to 1"
            )
        );
        assert_eq!(attempts.take(), 1, "what no repetition can cure is not repeated");
    })
    .await;
}

#[tokio::test]
async fn a_poll_that_waited_in_vain_has_no_task() {
    with_server(&["--poll-hold-seconds", "1"], async |url| {
        let (domain, attempts) = greetings(&url).await;
        let decisions = domain.client.poll_for_decision_task().domain(domain.name);
        let activities = domain.client.poll_for_activity_task().domain(domain.name);
        let (decision, activity) = tokio::join!(
            decisions.task_list(task_list("nothing")).send(),
            activities.task_list(task_list("nothing")).send(),
        );
        let decision = decision.expect("an empty poll is an answer");
        assert_eq!(decision.task_token(), "");
        assert_eq!(decision.started_event_id(), 0);
        assert_eq!(decision.previous_started_event_id(), 0);
        assert_eq!(decision.next_page_token(), None);
        assert_eq!(decision.events(), []);
        let activity = activity.expect("an empty poll is an answer");
        assert_eq!(activity.task_token(), "");
        assert_eq!(activity.started_event_id(), 0);
        assert_eq!(attempts.take(), 2, "an empty poll is an answer, not a failure");
    })
    .await;
}
