//! A statement: whom it speaks to is not its matter; whether it says something of a check is.

use super::action::ActionMask;
use super::condition::Condition;
use super::key::Context;
use super::resource::{Name, NamePattern};
use crate::action::Action;
use std::sync::Arc;

/// What a statement does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// A statement of a policy, read.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) sid: Option<Arc<str>>,
    pub(super) effect: Effect,
    pub(super) actions: ActionMask,
    pub(super) resources: Resources,
    pub(super) conditions: Box<[Condition]>,
}

/// The resources that a statement speaks of.
#[derive(Clone, Debug)]
pub(super) enum Resources {
    /// `Resource`: these.
    Only(Box<[NamePattern]>),
    /// `NotResource`: all but these.
    AllBut(Box<[NamePattern]>),
}

impl Statement {
    /// Whether it matches completely: action, resource and every condition.
    pub(super) fn matches(&self, name: Option<&Name<'_>>, context: &Context<'_>) -> bool {
        self.speaks_of(context.check.action)
            && self.resources.include(name, context)
            && self.conditions.iter().all(|condition| condition.holds(self.effect, context))
    }

    /// Whether what it says of a resource hangs on the resource alone. A variable in a pattern is a
    /// condition, too.
    pub(super) fn is_unconditional(&self) -> bool {
        let (Resources::Only(patterns) | Resources::AllBut(patterns)) = &self.resources;
        let mut keys = patterns.iter().flat_map(NamePattern::keys);
        self.conditions.is_empty() && keys.next().is_none()
    }

    /// Whether it speaks of an action at all.
    pub(super) fn speaks_of(&self, action: Action) -> bool {
        self.actions.contains(action)
    }
}

impl Resources {
    fn include(&self, name: Option<&Name<'_>>, context: &Context<'_>) -> bool {
        let any = |patterns: &[NamePattern]| {
            patterns.iter().any(|pattern| pattern.matches_resource(name, context))
        };
        match self {
            Resources::Only(patterns) => any(patterns),
            Resources::AllBut(patterns) => !any(patterns),
        }
    }
}
