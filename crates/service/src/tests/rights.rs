//! Who may do what, through the whole service: requests, decisions, polls that wait, and what is
//! noted of each.

mod conditions;
mod decisions;
pub(super) mod house;
mod operations;
mod own;
mod polls;
mod tasks;
