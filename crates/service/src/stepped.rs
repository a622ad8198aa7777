//! The service without threads: whoever holds it says which part takes its turn next. The parts
//! and their turns are those of [`crate::Service`], so what a simulation finds is true of it, too.

use crate::api::{Clock, Entropy, Pending};
use crate::feed::Feed;
use crate::invoker::Invoker;
use crate::matcher::{Matcher, Room};
use crate::reader::Reader;
use crate::shard::{COMMANDS_MAX, Refusal, ShardCommand};
use crate::shared::{Parts, Poll, Shared, Ticket, Watch};
use crate::threads::{FEED_INPUTS_MAX, INVOKER_INPUTS_MAX, MATCHER_INPUTS_MAX, Options};
use access::Caller;
use std::sync::Arc;
use std::time::Duration;
use store::{ShardId, Store, StoreError};
use wire::{OwnRequest, Request, Timestamp};

/// What can take a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// One of the shards.
    Shard(ShardId),
    /// The one that pairs polls and tasks.
    Matcher,
    /// The one that has Lambda functions called.
    Invoker,
    /// The one that tells what has happened.
    Feed,
    /// The one that registers domains and types.
    Registrar,
    /// The one that reads what pollers wait for.
    TaskReader,
    /// The one that reads histories and lists.
    Reader,
}

/// What becomes of the messages between shards that a turn would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mail {
    /// Each arrives once, in order.
    Orderly,
    /// Each arrives a second time, after everything else.
    Repeated,
    /// None arrives, and its sender learns of it.
    Lost,
    /// The last arrives first.
    Reversed,
}

/// See the module. Dropping it is a crash: nothing is finished, callers hear nothing.
pub struct Stepped {
    shared: Shared,
    parts: Parts,
    /// When each shard wants its next turn. Only its turns change that, and simulations ask often.
    wakes: Vec<Option<Timestamp>>,
    matcher: Matcher<Poll>,
    invoker: Invoker,
    feed: Feed<Watch>,
    reader: Reader,
}

impl Stepped {
    /// Claims every shard of `store`. Of the options, what concerns threads has no effect.
    pub fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        options: &Options,
    ) -> Result<Stepped, StoreError> {
        let (shared, parts) = Shared::open(store, clock, entropy, options)?;
        let reader = shared.reader();
        let matcher = Matcher::new(Room::new(shared.limits.pollers_max));
        let invoker = Invoker::new();
        let feed = Feed::new(shared.feed_instance);
        let wakes = parts.shards.iter().map(|(_, shard)| shard.next_wake()).collect();
        Ok(Stepped { shared, parts, wakes, matcher, invoker, feed, reader })
    }

    /// Hands in a checked request. Its answer comes in the course of later turns.
    pub fn call(&self, caller: &Caller, request: Request) -> Pending {
        self.shared.call(caller, request)
    }

    /// The same with a request of our own.
    pub fn operate(&self, caller: &Caller, request: OwnRequest) -> Pending {
        self.shared.operate(caller, request)
    }

    /// Makes a new key for tokens, in the course of later turns.
    pub fn rotate_token_key(&self) -> Pending {
        self.shared.rotate_token_key()
    }

    /// Answers every waiting poll empty, and every later one at once; starts no Lambda task any
    /// more.
    pub fn drain(&self) {
        self.shared.drain();
    }

    /// The parts that have something to do now.
    pub fn busy(&self) -> Vec<Part> {
        let now = self.shared.clock.now();
        let due = |moment: Option<Timestamp>| moment.is_some_and(|moment| moment <= now);
        let shards = self.parts.shards.iter().map(|(id, _)| *id).zip(&self.wakes);
        let shards = shards.filter(|(id, wake)| due(**wake) || !self.shared.shard(*id).is_empty());
        let others = [
            (Part::Matcher, !self.shared.matcher.is_empty() || due(self.matcher.next_deadline())),
            (Part::Invoker, !self.shared.invoker.is_empty() || due(self.invoker.next_wake())),
            (Part::Feed, !self.shared.feed.is_empty() || due(self.feed.next_wake())),
            (Part::Registrar, !self.shared.registrar.is_empty()),
            (Part::TaskReader, !self.shared.task_readers.is_empty()),
            (Part::Reader, !self.shared.readers.is_empty()),
        ];
        let others = others.into_iter().filter_map(|(part, busy)| busy.then_some(part));
        shards.map(|(id, _)| Part::Shard(id)).chain(others).collect()
    }

    /// When something falls due that nobody has to ask for.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let shards = self.wakes.iter().flatten().copied();
        let others =
            [self.matcher.next_deadline(), self.invoker.next_wake(), self.feed.next_wake()];
        shards.chain(others.into_iter().flatten()).min()
    }

    /// Lets a part do its work: all that waits for it, but at most `items_max`.
    pub fn turn(&mut self, part: Part, items_max: usize, mail: Mail) {
        let (shared, parts) = (&self.shared, &mut self.parts);
        let now = Some(Duration::ZERO);
        match part {
            Part::Shard(id) => {
                let (_, shard) = &mut parts.shards[usize::from(id.0)];
                let commands = shared.shard(id).take(items_max.min(COMMANDS_MAX), now);
                let commands = deliver(shared, id, commands.unwrap_or_default(), mail);
                shared.shard_turn(id, shard, commands);
                self.wakes[usize::from(id.0)] = shard.next_wake();
            }
            Part::Matcher => {
                let inputs = shared.matcher.take(items_max.min(MATCHER_INPUTS_MAX), now);
                shared.matcher_turn(&mut self.matcher, inputs.unwrap_or_default());
            }
            Part::Invoker => {
                let inputs = shared.invoker.take(items_max.min(INVOKER_INPUTS_MAX), now);
                shared.invoker_turn(&mut self.invoker, inputs.unwrap_or_default());
            }
            Part::Feed => {
                let inputs = shared.feed.take(items_max.min(FEED_INPUTS_MAX), now);
                shared.feed_turn(&mut self.feed, inputs.unwrap_or_default());
            }
            Part::Registrar => {
                for request in shared.registrar.take(items_max, now).into_iter().flatten() {
                    shared.registrar_turn(&mut parts.registrar, request);
                }
            }
            Part::TaskReader => {
                for job in shared.task_readers.take(items_max, now).into_iter().flatten() {
                    shared.reader_turn(&self.reader, job);
                }
            }
            Part::Reader => {
                for job in shared.readers.take(items_max, now).into_iter().flatten() {
                    shared.reader_turn(&self.reader, job);
                }
            }
        }
    }
}

/// What arrives at a shard.
fn deliver(
    shared: &Shared,
    id: ShardId,
    commands: Vec<(Ticket, ShardCommand)>,
    mail: Mail,
) -> Vec<(Ticket, ShardCommand)> {
    let (mut messages, mut others) = (Vec::new(), Vec::new());
    for (ticket, command) in commands {
        if let ShardCommand::Receive(from, number, message) = command {
            messages.push((from, number, message));
        } else {
            others.push((ticket, command));
        }
    }
    match mail {
        Mail::Orderly => (),
        Mail::Repeated => messages.extend_from_within(..),
        Mail::Lost => {
            for (from, number, _) in messages.drain(..) {
                shared.settle(id, Ticket::Message(from, number), Err(Refusal::Unavailable));
            }
        }
        Mail::Reversed => messages.reverse(),
    }
    others.extend(messages.into_iter().map(|(from, number, message)| {
        (Ticket::Message(from, number), ShardCommand::Receive(from, number, message))
    }));
    others
}
