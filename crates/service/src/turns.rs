//! What each part does with what waits for it, and whom it tells. A thread is a loop around one of
//! these turns; a simulation takes them one after the other, in an order of its own.

use crate::api::Reply;
use crate::feed::{self, Feed, Lost};
use crate::functions::{FunctionAnswer, FunctionOutcome};
use crate::invoker::{self, Invoker, Place};
use crate::matcher::{Full, Input, Matcher, Output, Task};
use crate::reader::{Read, Reader, empty_poll};
use crate::registrar::Registrar;
use crate::shard::{Delivery, Outcome, Refusal, Shard, ShardCommand, Step, Target, TaskStart};
use crate::shared::{
    ForMatcher, Job, Poll, PollTicket, Registration, Shared, Ticket, Watch, news_bytes,
};
use engine::Command;
use engine::rows::TaskKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::ShardId;
use wire::{Fault, Timestamp};

/// Shards.
impl Shared {
    /// Lets a shard handle commands and what has fallen due.
    pub fn shard_turn(
        &self,
        id: ShardId,
        shard: &mut Shard,
        commands: Vec<(Ticket, ShardCommand)>,
    ) {
        let now = self.clock.now();
        let Step { replies, offers, lambdas, deliveries, offers_lost, told } =
            shard.step(commands, now);
        self.meter.count(told.tally, now);
        self.tell(told.lost_before, told.news, told.lost);
        if offers_lost {
            self.to_matcher(Input::OffersLost);
            self.to_invoker(invoker::Input::OffersLost);
        }
        for task in lambdas {
            self.offer_lambda(Place { task, shard: id });
        }
        for (list, place) in offers {
            self.offer(list, Task { place, shard: id });
        }
        for Delivery { to, number, message } in deliveries {
            let command = ShardCommand::Receive(id, number, Box::new(message));
            self.to_shard(to, Ticket::Message(id, number), command);
        }
        for (ticket, result) in replies {
            self.settle(id, ticket, result);
        }
    }

    /// Passes on what came of a command.
    pub fn settle(&self, shard: ShardId, ticket: Ticket, result: Result<Outcome, Refusal>) {
        match (ticket, result) {
            (Ticket::Call(answer), result) => answer.send(reply(result)),
            (Ticket::Page(answer, page), Ok(Outcome::Task(task))) => {
                self.to_task_reader(answer, Read::DecisionTask(task, shard, page));
            }
            (Ticket::Page(answer, _), result) => answer.send(reply(result)),
            (Ticket::Poll(ticket), result) => self.settle_poll(shard, *ticket, result),
            (Ticket::Message(from, number), result) => {
                let command = match result {
                    Ok(_) => ShardCommand::Taken(shard, number),
                    Err(_) => ShardCommand::NotTaken(shard),
                };
                self.to_shard(from, Ticket::Nobody, command);
            }
            (Ticket::StartLambda(place), result) => {
                self.to_invoker(match result {
                    Ok(Outcome::Lambda(call)) => invoker::Input::Started(place, call),
                    Err(Refusal::Unavailable) => invoker::Input::Unsure(place),
                    Err(Refusal::Damaged) => invoker::Input::Damaged(place),
                    Ok(_)
                    | Err(Refusal::Fault(_) | Refusal::CallerGone | Refusal::NotAllowed(_)) => {
                        invoker::Input::Gone(place)
                    }
                });
            }
            (Ticket::CloseLambda(place), result) => {
                self.to_invoker(match result {
                    Err(Refusal::Unavailable) => invoker::Input::NotClosed(place),
                    Ok(_)
                    | Err(
                        Refusal::Fault(_)
                        | Refusal::CallerGone
                        | Refusal::NotAllowed(_)
                        | Refusal::Damaged,
                    ) => invoker::Input::Closed(place),
                });
            }
            (Ticket::Nobody, _) => (),
        }
    }

    fn settle_poll(&self, shard: ShardId, ticket: PollTicket, result: Result<Outcome, Refusal>) {
        let PollTicket { list, task, id, waiter } = ticket;
        match result {
            Ok(Outcome::Task(started)) => {
                let Poll { answer, page, asker: _ } = waiter.poll;
                let read = match page {
                    Some(page) => Read::DecisionTask(started, shard, page),
                    None => Read::ActivityTask(started, shard),
                };
                self.to_task_reader(answer, read);
            }
            Err(Refusal::CallerGone) => self.offer(list, task),
            // The poll is over; the task waits for the next.
            Err(Refusal::NotAllowed(fault)) => {
                waiter.poll.answer.send(Err(fault));
                self.offer(list, task);
            }
            Err(Refusal::Unavailable) => self.to_matcher(Input::TaskUnsure(list, waiter)),
            // Those behind the task of a damaged run must not wait for it.
            Err(Refusal::Damaged) => self.to_matcher(Input::TaskDamaged(list, task, id, waiter)),
            Err(Refusal::Fault(_))
            | Ok(
                Outcome::Done
                | Outcome::Started(_)
                | Outcome::Heartbeat { .. }
                | Outcome::Lambda(_)
                | Outcome::Import(_)
                | Outcome::Description(_),
            ) => self.to_matcher(Input::TaskGone(list, id, waiter)),
        }
    }
}

/// The others.
impl Shared {
    /// Lets the matcher pair polls and tasks, and answer the polls whose time is up.
    pub fn matcher_turn(&self, matcher: &mut Matcher<Poll>, inputs: Vec<ForMatcher>) {
        let now = self.clock.now();
        let lost = self.offers_lost.swap(false, Ordering::AcqRel);
        let lost = lost.then_some(ForMatcher::Input(Input::OffersLost));
        for input in lost.into_iter().chain(inputs) {
            match input {
                ForMatcher::Input(input) => self.carry_out(matcher.step(input, now)),
                ForMatcher::WhoPolls(answer, survey) => {
                    let polled = survey.polled(matcher, now);
                    self.to_reader(answer, Read::TaskLists(Box::new(survey), polled));
                }
            }
        }
        let mut expired = Vec::new();
        matcher.expire(now, &mut expired);
        self.carry_out(expired);
    }

    fn carry_out(&self, outputs: Vec<Output<Poll>>) {
        for output in outputs {
            match output {
                Output::Start(list, task, id, waiter) => {
                    let start = TaskStart {
                        list: list.clone(),
                        task: task.place.clone(),
                        identity: waiter.poller.identity.clone(),
                        presence: waiter.presence.clone(),
                        asker: waiter.poll.asker.clone(),
                    };
                    let shard = task.shard;
                    let ticket = Ticket::Poll(Box::new(PollTicket { list, task, id, waiter }));
                    self.to_shard(shard, ticket, ShardCommand::StartTask(start));
                }
                Output::Refill(list) => {
                    self.task_readers.put(Job::Refill(list));
                }
                Output::Empty(poll) => {
                    let kind =
                        if poll.page.is_some() { TaskKind::Decision } else { TaskKind::Activity };
                    poll.answer.send(Ok(empty_poll(kind, self.empty_poll_token)));
                }
                Output::Fail(poll) => poll.answer.send(Err(Fault::Internal)),
                Output::Refuse(poll, full) => {
                    let of = match full {
                        Full::List => "task list",
                        Full::Domain => "domain",
                        Full::Principal => "principal",
                    };
                    let text =
                        format!("Limit on maximum concurrent poll requests per {of} reached");
                    poll.answer.send(Err(Fault::LimitExceeded(text)));
                }
            }
        }
    }

    /// Lets the feed tell what has happened, and answer those whose time is up.
    pub fn feed_turn(&self, feed: &mut Feed<Watch>, inputs: Vec<feed::Input<Watch>>) {
        let now = self.clock.now();
        for input in inputs {
            self.news_bytes.fetch_sub(news_bytes(&input), Ordering::AcqRel);
            let outputs = feed.step(input, now);
            self.carry_out_for_feed(feed, outputs, now);
        }
        if let Some(lost) = self.say_now() {
            let outputs = feed.step(feed::Input::Lost(lost), now);
            self.carry_out_for_feed(feed, outputs, now);
        }
        let mut expired = Vec::new();
        feed.expire(now, &mut expired);
        self.carry_out_for_feed(feed, expired, now);
    }

    /// What is still to be said, once all is told that was there before.
    fn say_now(&self) -> Option<Lost> {
        let mut unsaid = self.unsaid.lock().expect("no holder panics");
        let now = !unsaid.is_nothing() && self.feed.is_empty();
        now.then(|| std::mem::take(&mut *unsaid))
    }

    fn carry_out_for_feed(
        &self,
        feed: &mut Feed<Watch>,
        outputs: Vec<feed::Output<Watch>>,
        now: Timestamp,
    ) {
        if let Some(domains) = feed.watched_anew() {
            self.watched.set(domains);
        }
        for output in outputs {
            match output {
                feed::Output::Tell((scope, domain), Watch { answer, asker }, telling) => {
                    let something = telling.missed || !telling.events.is_empty();
                    // Whoever has waited may have lost the right meanwhile.
                    let judged = match asker.filter(|_| something) {
                        Some(asker) => self.judge.telling(&asker, &scope, &domain, now),
                        None => Ok(()),
                    };
                    answer.send(judged.map(|()| Reply::Json(telling.to_json())));
                }
                feed::Output::Refuse(Watch { answer, .. }, full) => {
                    let of = match full {
                        feed::Full::Domains => "watched domains per server",
                        feed::Full::AccountDomains => "watched domains per account",
                        feed::Full::Domain => "concurrent watchers per domain",
                        feed::Full::Principal => "concurrent watchers per principal",
                    };
                    answer
                        .send(Err(Fault::LimitExceeded(format!("Limit on maximum {of} reached"))));
                }
            }
        }
    }

    /// Lets the invoker start Lambda tasks, have their functions called, and close them.
    pub fn invoker_turn(&self, invoker: &mut Invoker, inputs: Vec<invoker::Input>) {
        let now = self.clock.now();
        let lost = self.lambda_offers_lost.swap(false, Ordering::AcqRel);
        let lost = lost.then_some(invoker::Input::OffersLost);
        let mut outputs = Vec::new();
        for input in lost.into_iter().chain(inputs) {
            outputs.extend(invoker.step(input, now));
        }
        invoker.act(now, &mut outputs);
        for output in outputs {
            self.carry_out_for_invoker(output);
        }
    }

    fn carry_out_for_invoker(&self, output: invoker::Output) {
        match output {
            invoker::Output::Find => {
                self.task_readers.put(Job::FindLambdas);
            }
            invoker::Output::Start(place) => {
                let command = ShardCommand::StartLambda(place.task.clone());
                self.to_shard(place.shard, Ticket::StartLambda(place), command);
            }
            invoker::Output::Call(place, call) => {
                let answer = FunctionAnswer::new(Arc::clone(&self.invoker), place);
                match &self.functions {
                    Some(functions) => functions.call(call, answer),
                    // It was scheduled while there was an endpoint.
                    None => answer.send(FunctionOutcome::Failed {
                        reason: "ServiceException".to_owned(),
                        details: "This server calls no Lambda functions.".to_owned(),
                    }),
                }
            }
            invoker::Output::Close(place, outcome) => {
                let scheduled_event_id = place.task.scheduled_event_id;
                let command = Command::CloseLambdaFunction { scheduled_event_id, outcome };
                let target = Target::Known(place.task.run_id.clone());
                let ticket = Ticket::CloseLambda(place.clone());
                self.to_shard(place.shard, ticket, ShardCommand::Apply(target, command));
            }
        }
    }

    /// Lets the registrar carry out a request.
    pub fn registrar_turn(&self, registrar: &mut Registrar, registration: Registration) {
        match registration {
            Registration::Change(answer, scope, request) => {
                let handled = registrar.handle(&scope, &request, self.clock.now());
                answer.send(handled.map(|()| Reply::Empty));
            }
            Registration::RotateTokenKey(answer) => {
                let rotated = registrar.rotate_token_key();
                answer.send(rotated.map(|rotation| Reply::json(&rotation)));
            }
        }
    }

    /// Lets a reader answer.
    pub fn reader_turn(&self, reader: &Reader, job: Job) {
        match job {
            Job::Answer(answer, read) => answer.send(reader.read(read)),
            Job::Refill(list) => {
                let input = match reader.head(&list) {
                    Ok((tasks, complete)) => Input::Refilled { list, tasks, complete },
                    Err(error) => {
                        tracing::error!(%error, "a task list could not be read");
                        Input::RefillFailed(list)
                    }
                };
                self.to_matcher(input);
            }
            Job::FindLambdas => self.to_invoker(match reader.lambdas() {
                Ok((places, complete)) => invoker::Input::Found { places, complete },
                Err(error) => {
                    tracing::error!(%error, "the Lambda tasks that wait could not be read");
                    invoker::Input::NotFound
                }
            }),
        }
    }
}

fn reply(result: Result<Outcome, Refusal>) -> Result<Reply, Fault> {
    match result {
        Ok(Outcome::Done | Outcome::Task(_) | Outcome::Lambda(_)) => Ok(Reply::Empty),
        Ok(Outcome::Started(run_id)) => Ok(Reply::json(&wire::Run { run_id: Some(run_id) })),
        Ok(Outcome::Heartbeat { cancel_requested }) => {
            Ok(Reply::json(&wire::ActivityTaskStatus { cancel_requested }))
        }
        Ok(Outcome::Description(detail)) => Ok(Reply::json(&detail)),
        Ok(Outcome::Import(progress)) => Ok(Reply::json(&progress)),
        Err(Refusal::Fault(fault) | Refusal::NotAllowed(fault)) => Err(fault),
        Err(Refusal::CallerGone | Refusal::Unavailable | Refusal::Damaged) => Err(Fault::Internal),
    }
}
