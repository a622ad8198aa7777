//! What the executions of a world tell each other: delivered at the end of each step, or, while the
//! script holds it back, when the script says so. Messages from one workflow id to another arrive
//! in order; nothing else is promised, as between shards.

use super::script::Reply;
use super::world::{World, replies};
use crate::message::{Content, Message};
use crate::{RunIdentity, Transition, rows, start_child};
use wire::{RunId, WorkflowId};

/// The messages under way, oldest first.
#[derive(Default)]
pub struct Post {
    waiting: Vec<Sent>,
    held: bool,
}

struct Sent {
    from: WorkflowId,
    message: Message,
}

impl Post {
    /// From now on messages wait to be delivered.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// The pairs of sender and receiver between which messages wait.
    pub fn lanes(&self) -> Vec<String> {
        let lane = |sent: &Sent| format!("{}>{}", sent.from, sent.message.to.workflow_id);
        self.waiting.iter().map(lane).collect()
    }

    /// Sends the oldest message of all once more.
    pub fn repeat(&mut self) {
        let Sent { from, message } = self.waiting.first().expect("a message waits");
        let again = Sent { from: from.clone(), message: message.clone() };
        self.waiting.insert(1, again);
    }

    /// Takes out the oldest message of all.
    pub fn pop(&mut self) -> Option<Message> {
        (!self.waiting.is_empty()).then(|| self.waiting.remove(0).message)
    }
}

impl World {
    /// Sends the messages of a transition.
    pub fn post(&mut self, transition: &Transition) {
        let from = &transition.after.identity.workflow_id;
        let sent = |message: &Message| Sent { from: from.clone(), message: message.clone() };
        self.post.waiting.extend(transition.messages.iter().map(sent));
        if let Some(successor) = &transition.successor {
            self.post(successor);
        }
    }

    /// `deliver w>c`: the oldest message of `w` to `c`. `deliver`: everything, from now on at once.
    pub fn deliver_line(&mut self, lane: &str) -> Vec<Reply> {
        if lane.is_empty() {
            self.post.held = false;
            return Vec::new(); // The end of the step delivers it.
        }
        let index = self.post.lanes().iter().position(|waiting| waiting == lane);
        let sent = self.post.waiting.remove(index.expect("a message waits there"));
        self.deliver(sent.message)
    }

    /// Delivers everything, and what it leads to, unless it is held back.
    pub fn deliver_free(&mut self) -> Vec<Reply> {
        if self.post.held {
            return Vec::new();
        }
        let mut replies = Vec::new();
        while let Some(message) = self.post.pop() {
            replies.extend(self.deliver(message));
        }
        self.oracle.check_quiet();
        replies
    }

    /// Does with a message as the receiver's shard does.
    fn deliver(&mut self, message: Message) -> Vec<Reply> {
        let to = &message.to;
        let open = self.oracle.open_run(&to.domain, &to.workflow_id);
        if let Content::StartChild { run_id, started, .. } = &message.content {
            if open.is_some() {
                return self.refuse(message);
            }
            let identity = RunIdentity {
                scope: to.scope.clone(),
                domain: to.domain.clone(),
                workflow_id: to.workflow_id.clone(),
                run_id: run_id.clone(),
            };
            let transition = start_child(identity, (**started).clone(), self.around(), self.now);
            self.oracle.begin(&transition, rows::changes(None, &transition), self.now);
            self.post(&transition);
            return replies(&transition);
        }
        let Some(run) = self.receiver(&message) else { return self.refuse(message) };
        let before = &self.oracle.runs[run].state;
        let transition = before.receive(message.content, self.around(), self.now);
        let changes = rows::changes(Some(before), &transition);
        self.oracle.receive(run, &transition, changes, self.now);
        self.post(&transition);
        replies(&transition)
    }

    /// The open run that a message is for.
    pub fn receiver(&self, message: &Message) -> Option<usize> {
        let named = |run_id: &RunId| message.to.run_id.as_ref().is_none_or(|named| named == run_id);
        let open = self.oracle.open_run(&message.to.domain, &message.to.workflow_id)?;
        named(&self.oracle.runs[open].state.identity.run_id).then_some(open)
    }

    /// Nobody takes the message: its sender is told.
    fn refuse(&mut self, message: Message) -> Vec<Reply> {
        let from = message.to.workflow_id.clone();
        let refused = message.refused();
        self.post.waiting.extend(refused.map(|message| Sent { from, message }));
        Vec::new()
    }
}
