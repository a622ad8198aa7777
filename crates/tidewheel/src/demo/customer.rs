//! The customer: starts the order, confirms it when it waits for that, and sees it through.

use super::client::{CallError, Client};
use super::order::{CONFIRMED, Stage};
use super::voice::Voice;
use super::{DOMAIN, VERSION, WORKFLOW_TYPE};
use crate::system::wall_time;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use wire::Operation;

/// The time between two looks at the order, in milliseconds.
const LOOK_MILLISECONDS: u64 = 100;

/// An order that is closed.
pub struct Order {
    /// Its workflow id and run id, as the API writes them.
    pub execution: Value,
    pub close_status: String,
}

/// Buys a lamp.
pub async fn buy(client: &Client, voice: &Voice) -> Result<Order, CallError> {
    let workflow_id = format!("order-{}", wall_time().0);
    let input = json!({
        "domain": DOMAIN,
        "workflowId": workflow_id,
        "workflowType": { "name": WORKFLOW_TYPE, "version": VERSION },
        "input": "one lamp",
        "tagList": ["demonstration"],
    });
    let run = client.call(Operation::StartWorkflowExecution, input).await?;
    let execution = json!({ "workflowId": workflow_id, "runId": run["runId"] });
    voice.say("customer", &format!("orders one lamp: {workflow_id}"));

    let waiting = Stage::WaitingForCustomer.as_str();
    let seen = look_until(client, &execution, |detail| {
        detail["latestExecutionContext"] == waiting || close_status(detail).is_some()
    })
    .await?;
    if close_status(&seen).is_none() {
        voice.say("customer", &format!("sees that the order is {waiting}: sends {CONFIRMED}"));
        let input = json!({
            "domain": DOMAIN,
            "workflowId": workflow_id,
            "runId": run["runId"],
            "signalName": CONFIRMED,
            "input": "yes, please",
        });
        client.call(Operation::SignalWorkflowExecution, input).await?;
    }
    let seen = look_until(client, &execution, |detail| close_status(detail).is_some()).await?;
    let close_status = close_status(&seen).unwrap_or_default().to_owned();
    voice.say("customer", &format!("sees that the order is closed: {close_status}"));
    Ok(Order { execution, close_status })
}

/// Looks at the order again and again until it is as wished. The demonstration as a whole has a
/// deadline.
async fn look_until(
    client: &Client,
    execution: &Value,
    is_wished: impl Fn(&Value) -> bool,
) -> Result<Value, CallError> {
    let mut looks = tokio::time::interval(Duration::from_millis(LOOK_MILLISECONDS));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let input = json!({ "domain": DOMAIN, "execution": execution });
        let detail = client.call(Operation::DescribeWorkflowExecution, input).await?;
        if is_wished(&detail) {
            return Ok(detail);
        }
    }
}

fn close_status(detail: &Value) -> Option<&str> {
    detail["executionInfo"]["closeStatus"].as_str()
}
