//! Makes the domain and its types known. They may be known already, from an earlier time.

use super::client::{CallError, Client};
use super::order::Activity;
use super::voice::Voice;
use super::{DOMAIN, TASK_LIST, VERSION, WORKFLOW_TYPE};
use serde_json::{Value, json};
use wire::Operation;

pub async fn register(client: &Client, voice: &Voice) -> Result<(), CallError> {
    let domain = json!({
        "name": DOMAIN,
        "description": "The built-in demonstration",
        "workflowExecutionRetentionPeriodInDays": "1",
    });
    let how = unless_known(client, Operation::RegisterDomain, domain).await?;
    voice.say("setup", &format!("domain {DOMAIN}: {how}"));

    let workflow_type = json!({
        "domain": DOMAIN,
        "name": WORKFLOW_TYPE,
        "version": VERSION,
        "defaultTaskList": { "name": TASK_LIST },
        "defaultExecutionStartToCloseTimeout": "300",
        "defaultTaskStartToCloseTimeout": "10",
        "defaultChildPolicy": "TERMINATE",
    });
    let how = unless_known(client, Operation::RegisterWorkflowType, workflow_type).await?;
    voice.say("setup", &format!("workflow type {WORKFLOW_TYPE}, version {VERSION}: {how}"));

    for activity in Activity::ALL {
        let name = activity.name();
        let activity_type = json!({
            "domain": DOMAIN,
            "name": name,
            "version": VERSION,
            "defaultTaskList": { "name": TASK_LIST },
            "defaultTaskScheduleToStartTimeout": "60",
            "defaultTaskStartToCloseTimeout": "60",
            "defaultTaskScheduleToCloseTimeout": "120",
            "defaultTaskHeartbeatTimeout": "10",
        });
        let how = unless_known(client, Operation::RegisterActivityType, activity_type).await?;
        voice.say("setup", &format!("activity type {name}, version {VERSION}: {how}"));
    }
    Ok(())
}

async fn unless_known(
    client: &Client,
    operation: Operation,
    input: Value,
) -> Result<&'static str, CallError> {
    match client.call(operation, input).await {
        Ok(_) => Ok("registered"),
        Err(error) => match error.code() {
            Some("DomainAlreadyExistsFault" | "TypeAlreadyExistsFault") => Ok("known already"),
            Some(_) | None => Err(error),
        },
    }
}
