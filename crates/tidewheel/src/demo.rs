//! The built-in demonstration: an order, from the stock to the customer's word.
//!
//! A decider, three workers and a customer run side by side and talk to the server over HTTP as
//! any client does; nothing here looks into the server. What they see and do is printed step by
//! step, and in the end the whole history.

mod client;
mod customer;
mod decider;
mod history;
mod order;
mod registration;
mod voice;
mod worker;

use client::{CallError, Client};
use history::History;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinSet;
use voice::Voice;

/// How long the demonstration may take, in seconds. It takes about two.
const SECONDS_MAX: u64 = 60;
/// One worker is kept busy by the gift wrap, two work side by side.
const WORKERS: usize = 3;

/// Where it is played, unless there are other regions.
const REGION: &str = "us-east-1";
const DOMAIN: &str = "demonstration";
const TASK_LIST: &str = "orders";
const WORKFLOW_TYPE: &str = "order";
const VERSION: &str = "1";

/// Why the demonstration did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemonstrationError {
    #[error("{0}")]
    Call(#[from] CallError),
    #[error("it took longer than {SECONDS_MAX} seconds")]
    TooLong,
    #[error("the order was closed as {0}")]
    NotCompleted(String),
    #[error("a task of it ended: {0}")]
    Task(#[from] tokio::task::JoinError),
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

/// Plays the demonstration against the server at `address`, in that region.
pub async fn run(address: SocketAddr, region: Option<&str>) -> Result<(), DemonstrationError> {
    let region = region.unwrap_or(REGION);
    let limit = Duration::from_secs(SECONDS_MAX);
    let (voice, mut failures) = Voice::start();
    let played = tokio::select! {
        played = tokio::time::timeout(limit, play(address, region, &voice)) => {
            played.unwrap_or(Err(DemonstrationError::TooLong))
        }
        // Nobody is listening any more.
        Some(error) = failures.recv() => return Err(DemonstrationError::Output(error)),
    };
    // The last lines may have failed too.
    failures.try_recv().map_or(played, |error| Err(DemonstrationError::Output(error)))
}

async fn play(address: SocketAddr, region: &str, voice: &Voice) -> Result<(), DemonstrationError> {
    let client = Client::new(address, region);
    voice.heading("An order is processed");
    registration::register(&client, voice).await?;
    // Dropped, and so ended, with this function.
    let mut tasks = JoinSet::new();
    tasks.spawn(decider::run(client.clone(), voice.clone()));
    for number in 1..=WORKERS {
        let identity = format!("worker-{number}");
        tasks.spawn(worker::run(client.clone(), voice.clone(), identity));
    }
    let order = tokio::select! {
        order = customer::buy(&client, voice) => order?,
        // Deciders and workers end only when something is wrong.
        Some(ended) = tasks.join_next() => return Err(ended?.into()),
    };
    drop(tasks);
    voice.heading("Its history");
    let events = client.history(DOMAIN, &order.execution).await?;
    History::of(&events).table().iter().for_each(|line| voice.plain(line));
    hint(address, region, &order, voice);
    if order.close_status != "COMPLETED" {
        return Err(DemonstrationError::NotCompleted(order.close_status));
    }
    Ok(())
}

/// How to look at the same with the commands for people, and with the AWS CLI.
fn hint(address: SocketAddr, region: &str, order: &customer::Order, voice: &Voice) {
    let text = |member: &str| order.execution[member].as_str().unwrap_or_default();
    let (workflow_id, run_id) = (text("workflowId"), text("runId"));
    // As it was called, so that it is found again.
    let program = std::env::args().next().unwrap_or_else(|| "tidewheel".to_owned());
    let look = |command: &str| {
        voice.plain(&format!(
            "  {program} {command} --endpoint-url http://{address} --region {region}"
        ));
    };
    voice.heading("Look at it");
    look(&format!("show {DOMAIN} {workflow_id}"));
    look("top");
    let aws = |operation: &str, rest: &str| {
        voice.plain(&format!(
            "  aws swf {operation} --endpoint-url http://{address} --region {region} {rest}"
        ));
    };
    voice.heading("Or with the AWS CLI (any access key will do)");
    voice.plain("  export AWS_ACCESS_KEY_ID=demonstration AWS_SECRET_ACCESS_KEY=demonstration");
    aws("list-domains", "--registration-status REGISTERED");
    aws(
        "list-closed-workflow-executions",
        &format!("--domain {DOMAIN} --start-time-filter oldestDate=2020-01-01"),
    );
    aws(
        "get-workflow-execution-history",
        &format!("--domain {DOMAIN} --execution 'workflowId={workflow_id},runId={run_id}'"),
    );
    voice.plain("");
}
