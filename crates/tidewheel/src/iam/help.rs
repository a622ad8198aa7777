//! What `tidewheel iam help` says, made from the table of operations.

use super::command::{Command, PLACE};
use access::identity::{Kind, Member};
use std::fmt::Write;

/// How wide a text is at most.
const COLUMNS_MAX: usize = 100;

/// All operations.
pub fn all() -> String {
    let commands = Command::all();
    let widest = commands.keys().map(String::len).max().unwrap_or(0);
    let mut text = String::from(
        "Administer identities: accounts, users, groups, roles, policies and access keys.\n\n\
         Usage: tidewheel iam OPERATION [--OPTION VALUE ...]\n       \
         tidewheel iam OPERATION help\n\n\
         On the data directory of a server that does not run (--data-dir), or through a running one\n\
         (--endpoint-url). Words and answers are those of aws iam and aws sts.\n\nOperations:\n",
    );
    for (name, command) in &commands {
        entry(&mut text, name, command.about(), widest);
    }
    text.push_str("\nOptions of all operations:\n");
    places(&mut text);
    text.push_str(
        "\nExit codes:\n  \
         0    it is done\n  \
         252  the command line, the environment or a file is wrong\n  \
         254  the operation was refused\n  \
         255  the server or the data directory could not be reached, or failed\n",
    );
    text
}

/// One operation.
pub fn on(command: Command) -> String {
    let name = command.name();
    let mut text = format!("{}\n\nUsage: tidewheel iam {name}", command.about());
    for member in command.members() {
        let option = shown(member);
        let option = match command.requires(member) {
            true => format!(" {option}"),
            false => format!(" [{option}]"),
        };
        text.push_str(&option);
    }
    text.push_str("\n\nOptions:\n");
    let extras = command.extras().iter();
    let options = command.members().iter().map(|member| (shown(member), member.about()));
    let options: Vec<(String, &str)> =
        options.chain(extras.map(|extra| (format!("--{}", extra.name), extra.about))).collect();
    let widest = options.iter().map(|(option, _)| option.len()).max().unwrap_or(0);
    for (option, about) in &options {
        entry(&mut text, option, about, widest);
    }
    if options.is_empty() {
        text.push_str("  none of its own\n");
    }
    text.push_str("\nOptions of all operations:\n");
    places(&mut text);
    let _ = write!(text, "\nExample:\n  tidewheel iam {}\n", command.example());
    text
}

fn places(text: &mut String) {
    let shown = |name: &str, value: Option<&str>| match value {
        Some(value) => format!("--{name} {value}"),
        None => format!("--{name}"),
    };
    let options = PLACE.map(|extra| (shown(extra.name, extra.value), extra.about));
    let widest = options.iter().map(|(option, _)| option.len()).max().unwrap_or(0);
    for (option, about) in &options {
        entry(text, option, about, widest);
    }
}

fn shown(member: &Member) -> String {
    let option = member.option();
    match member.kind {
        Kind::Flag => format!("--{option}"),
        Kind::Text if member.is_document() => format!("--{option} JSON"),
        Kind::Text => format!("--{option} TEXT"),
        Kind::Number => format!("--{option} NUMBER"),
        Kind::Texts => format!("--{option} TEXT..."),
        Kind::Tags => format!("--{option} Key=KEY,Value=VALUE..."),
        Kind::Named => format!("--{option} ENTRY..."),
        Kind::Status => format!("--{option} STATUS"),
        Kind::Secret => format!("--{option} SECRET"),
        Kind::Identities => format!("--{option} FILE"),
    }
}

/// A word and what it means, in as many lines as that takes.
fn entry(text: &mut String, word: &str, about: &str, widest: usize) {
    let indent = widest + 4;
    let mut line = format!("  {word:widest$} ");
    for word in about.split(' ') {
        if line.len() + 1 + word.len() > COLUMNS_MAX {
            text.push_str(line.trim_end());
            text.push('\n');
            line = " ".repeat(indent - 1);
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(line.trim_end());
    text.push('\n');
}
