//! The command line of SWF as the AWS CLI has it, as pure functions: from words to a request, and
//! from an answer to text.
//!
//! Nothing here reads a file, a clock or the environment, and nothing calls a server: what is
//! needed of them comes in as data. The one table of operations, options and shapes is AWS's own
//! model; nothing of the API is written down a second time.

mod arguments;
pub mod batch;
mod check;
mod completion;
mod documentation;
pub mod explain;
pub mod failure;
mod file;
mod help;
mod invocation;
mod lately;
mod likeness;
mod markup;
mod model;
mod option;
pub mod output;
mod page;
pub mod paging;
mod parameter;
pub mod profile;
mod python;
pub mod query;
mod reading;
#[cfg(test)]
mod recorded;
mod refused;
pub mod retry;
mod roff;
pub mod search;
mod shorthand;
mod skeleton;
mod syntax;
pub mod tail;
pub mod timeline;
mod timestamp;
pub mod top;
pub mod transfer;
mod value;
mod yaml;

pub use check::Violation;
pub use completion::{Flag, Shell, Subcommand, completion};
pub use file::{FileError, Files, expand};
pub use help::{help, manual, manual_name};
pub use invocation::{
    Action, Color, Command, Failure, Globals, Invocation, Paging, Skeleton, Stage,
};
pub use model::{Kind, Member, Model, Operation, Paginator, Shape, ShapeId};
pub use option::{Global, Opt, Role};
pub use page::Look;
pub use python::{NotANumber, shell_words};
pub use reading::read;
pub use refused::{ParameterError, Refused, USAGE, UsageError};
pub use shorthand::{Place, ShorthandError};
pub use skeleton::{sample_input_json, sample_input_yaml, sample_output};
pub use value::Value;
