//! A worker: takes activity tasks, one at a time, and does them. It remembers nothing.

use super::client::{CallError, Client};
use super::order::Activity;
use super::voice::Voice;
use super::{DOMAIN, TASK_LIST};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;
use wire::Operation;

/// How long the work takes that is only pretended, in milliseconds.
const WORK_MILLISECONDS: u64 = 250;
/// The time between two heartbeats, in milliseconds.
const HEARTBEAT_MILLISECONDS: u64 = 250;
/// So many heartbeats would finish the gift wrap. Nobody waits for it that long.
const HEARTBEATS_MAX: u32 = 80;

/// Works until something breaks.
pub async fn run(client: Client, voice: Voice, identity: String) -> CallError {
    loop {
        if let Err(error) = take_one(&client, &voice, &identity).await {
            return error;
        }
    }
}

/// How a task ended.
enum Outcome {
    Completed(&'static str),
    Failed(&'static str),
    Canceled(String),
}

async fn take_one(client: &Client, voice: &Voice, identity: &str) -> Result<(), CallError> {
    let input = json!({
        "domain": DOMAIN,
        "taskList": { "name": TASK_LIST },
        "identity": identity,
    });
    let task = client.call(Operation::PollForActivityTask, input).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if text(&task["taskToken"]).is_empty() {
        return Ok(()); // Nothing to do for as long as the poll was held.
    }
    let name = text(&task["activityType"]["name"]);
    let attempt = text(&task["input"]);
    voice.say(identity, &format!("begins {name}, attempt {attempt}"));
    let outcome = match Activity::named(&name) {
        Some(Activity::GiftWrap) => gift_wrap(client, voice, identity, &task).await,
        Some(activity) => {
            sleep(Duration::from_millis(WORK_MILLISECONDS)).await;
            Ok(work(activity, &attempt))
        }
        None => Ok(Outcome::Failed("nobody here can do that")),
    };
    let token = &task["taskToken"];
    let answered = match outcome {
        Err(error) => Err(error),
        Ok(Outcome::Completed(result)) => {
            voice.say(identity, &format!("completes {name}: {result}"));
            let input = json!({ "taskToken": token, "result": result });
            client.call(Operation::RespondActivityTaskCompleted, input).await
        }
        Ok(Outcome::Failed(reason)) => {
            voice.say(identity, &format!("fails {name}: {reason}"));
            let input = json!({ "taskToken": token, "reason": reason });
            client.call(Operation::RespondActivityTaskFailed, input).await
        }
        Ok(Outcome::Canceled(details)) => {
            voice.say(identity, &format!("gives up {name} as it was asked to: {details}"));
            let input = json!({ "taskToken": token, "details": details });
            client.call(Operation::RespondActivityTaskCanceled, input).await
        }
    };
    match answered {
        // The task timed out or the execution was closed meanwhile.
        Err(error) if error.code() == Some("UnknownResourceFault") => {
            voice.say(identity, &format!("is too late with {name}: {error}"));
            Ok(())
        }
        answered => answered.map(|_: Value| ()),
    }
}

/// What comes of a short piece of work. The card network has its moments.
fn work(activity: Activity, attempt: &str) -> Outcome {
    match activity {
        Activity::ReserveStock => Outcome::Completed("one lamp is put aside"),
        Activity::ChargeCard if attempt == "1" => Outcome::Failed("the card network hung up"),
        Activity::ChargeCard => Outcome::Completed("49.90 paid"),
        Activity::Pack => Outcome::Completed("a parcel of 1.2 kg"),
        Activity::PrintLabel => Outcome::Completed("label T-1207"),
        Activity::GiftWrap => Outcome::Completed("a bow on top"),
    }
}

/// A long piece of work: it reports that it goes on, and hears whether it still should.
async fn gift_wrap(
    client: &Client,
    voice: &Voice,
    identity: &str,
    task: &Value,
) -> Result<Outcome, CallError> {
    for number in 1..=HEARTBEATS_MAX {
        sleep(Duration::from_millis(HEARTBEAT_MILLISECONDS)).await;
        let details = format!("fold {number}");
        let input = json!({ "taskToken": task["taskToken"], "details": details });
        let status = client.call(Operation::RecordActivityTaskHeartbeat, input).await?;
        let is_cancel_requested = status["cancelRequested"] == true;
        let heard = if is_cancel_requested { "cancel, please" } else { "go on" };
        voice.say(identity, &format!("heartbeat of gift-wrap, {details}: {heard}"));
        if is_cancel_requested {
            return Ok(Outcome::Canceled(details));
        }
    }
    Ok(work(Activity::GiftWrap, ""))
}
