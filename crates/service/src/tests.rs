//! The whole service in process, over a store in memory: wire scripts and what they cannot say.

mod backups;
pub mod client;
mod crowds;
pub mod fixture;
mod imports;
mod lambdas;
mod life;
mod lists;
mod pages;
mod rights;
mod scripts;
mod throttles;
mod tokens;
mod untold;
mod watch;
