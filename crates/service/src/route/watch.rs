//! Requests of those who watch: what goes on, who polls, what happens.

use crate::api::Answer;
use crate::backlog::ListName;
use crate::feed::{self, Position, Watcher};
use crate::judge::Asker;
use crate::paging::Paging;
use crate::reader::Read;
use crate::shared::{ForMatcher, Shared, Watch};
use crate::survey::{ListSurvey, LoadSurvey, PAGE_DOMAINS_MAX, Times};
use engine::Scope;
use std::sync::Arc;
use wire::*;

/// How long somebody waits for events who does not say how long, in seconds.
const WAIT_SECONDS: u32 = 20;

impl Shared {
    pub(super) fn describe_load(
        &self,
        answer: Answer,
        scope: Scope,
        asker: Option<&Asker>,
        input: DescribeLoadInput,
    ) {
        match self.load_survey(scope, asker, input) {
            Ok(survey) => self.to_reader(answer, Read::Load(Box::new(survey))),
            Err(fault) => answer.send(Err(fault)),
        }
    }

    fn load_survey(
        &self,
        scope: Scope,
        asker: Option<&Asker>,
        input: DescribeLoadInput,
    ) -> Result<LoadSurvey, Fault> {
        let paging = self.own_paging(OwnOperation::DescribeLoad, &input, &scope);
        let after: Option<DomainName> = paging.position()?;
        let most = paging.entries_max(PAGE_DOMAINS_MAX);
        let registry = self.registry.read().expect("no writer panics");
        let mut names: Vec<DomainName> = match &input.domain {
            Some(name) => vec![registry.domain(&scope, name)?.record.name.clone()],
            None => {
                let names = registry.domains(&scope).map(|domain| domain.record.name.clone());
                let behind = names.filter(|name| after.as_ref().is_none_or(|after| name > after));
                behind.take(if asker.is_some() { usize::MAX } else { most + 1 }).collect()
            }
        };
        drop(registry);
        // Whoever asked for one of them has been judged on it. What is left out is not counted either:
        // that would tell that it is there. There are no more domains than the quota lets there be.
        if let (Some(asker), None) = (asker, &input.domain) {
            let now = self.clock.now();
            let shown = names.into_iter().filter(|name| self.judge.shows_load(asker, name, now));
            names = shown.take(most + 1).collect();
        }
        let more = names.len() > most;
        names.truncate(most);
        let open = |name: DomainName| {
            let open = self.open_executions.open(&scope, &name);
            (name, open)
        };
        let domains = names.into_iter().map(open).collect();
        let (meter, times) = (Arc::clone(&self.meter), self.times());
        Ok(LoadSurvey { scope, domains, more, paging, meter, times })
    }

    pub(super) fn describe_task_lists(
        &self,
        answer: Answer,
        scope: Scope,
        input: DescribeTaskListsInput,
    ) {
        match self.list_survey(scope, input) {
            Ok(survey) => {
                self.matcher.put(ForMatcher::WhoPolls(answer, survey));
            }
            Err(fault) => answer.send(Err(fault)),
        }
    }

    fn list_survey(
        &self,
        scope: Scope,
        input: DescribeTaskListsInput,
    ) -> Result<ListSurvey, Fault> {
        self.registry.read().expect("no writer panics").domain(&scope, &input.domain)?;
        let paging = self.own_paging(OwnOperation::DescribeTaskLists, &input, &scope);
        let after: Option<ListName> = paging.position()?;
        let DescribeTaskListsInput { domain, task_lists, .. } = input;
        let named = |lists: Vec<TaskListName>| {
            lists.into_iter().map(|list| (list.kind, list.name)).collect()
        };
        let (meter, times) = (Arc::clone(&self.meter), self.times());
        let named = task_lists.map(named);
        Ok(ListSurvey { scope, domain, named, after, paging, meter, times })
    }

    pub(super) fn wait_for_events(
        &self,
        answer: Answer,
        scope: Scope,
        asker: Option<Arc<Asker>>,
        input: WaitForEventsInput,
    ) {
        match self.watcher(&answer, scope, asker.as_deref(), input) {
            Ok(watcher) => {
                let watcher = watcher(Watch { answer, asker });
                self.feed.put(feed::Input::Wait(Box::new(watcher)));
            }
            Err(fault) => answer.send(Err(fault)),
        }
    }

    fn watcher(
        &self,
        answer: &Answer,
        scope: Scope,
        asker: Option<&Asker>,
        input: WaitForEventsInput,
    ) -> Result<impl FnOnce(Watch) -> Watcher<Watch> + use<>, Fault> {
        let WaitForEventsInput { domain, execution, after, maximum_wait_seconds } = input;
        self.registry.read().expect("no writer panics").domain(&scope, &domain)?;
        let after = after.as_ref().map(Position::parse).transpose()?;
        let wait_ms = i64::from(maximum_wait_seconds.unwrap_or(WAIT_SECONDS)) * 1000;
        let deadline = Timestamp(self.clock.now().0.saturating_add(wait_ms));
        let principal = asker.and_then(Asker::counted_arn);
        let (domain, presence) = ((scope, domain), answer.presence());
        Ok(move |poll| Watcher { domain, execution, after, deadline, principal, presence, poll })
    }

    fn times(&self) -> Times {
        Times { counted_since: self.opened_at, now: self.clock.now() }
    }

    fn own_paging(
        &self,
        operation: OwnOperation,
        input: &impl serde::Serialize,
        scope: &Scope,
    ) -> Paging {
        Paging::of_named(operation.name(), input, scope, &self.tokens, self.clock.now())
    }
}
