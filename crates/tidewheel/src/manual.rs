//! `tidewheel completion` and `tidewheel man`: what shells and man(1) are told of the command line.
//!
//! Invariant: nothing is said here that the parsers do not know: the flags come from clap, the
//! operations of `swf` and of `iam` from their tables.

use crate::command::{Command, Completion, Man, Shell};
use crate::iam;
use clap::CommandFactory;
use cli::{Flag, Model, Subcommand};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The section of the manual that has commands.
const SECTION: &str = "1";

#[derive(Debug, thiserror::Error)]
pub enum ManualError {
    #[error("cannot print: {0}")]
    Print(io::Error),
    #[error("cannot write {}: {error}; name a directory that can be written", path.display())]
    Write { path: PathBuf, error: io::Error },
}

/// Prints the script of a shell.
pub fn complete(completion: &Completion) -> Result<(), ManualError> {
    let shell = match completion.shell {
        Shell::Bash => cli::Shell::Bash,
        Shell::Zsh => cli::Shell::Zsh,
        Shell::Fish => cli::Shell::Fish,
    };
    print(cli::completion(shell, &subcommands()).as_bytes())
}

/// Prints the page of the program, or writes all pages.
pub fn write(man: &Man) -> Result<(), ManualError> {
    let program = built();
    let Some(directory) = &man.directory else {
        return print(&page(&program).map_err(ManualError::Print)?);
    };
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| ManualError::Write { path, error }
    };
    fs::create_dir_all(directory).map_err(failed(directory))?;
    let put = |name: &str, text: &[u8]| {
        let path = directory.join(format!("{name}.{SECTION}"));
        fs::write(&path, text).map_err(failed(&path))
    };
    put("tidewheel", &page(&program).map_err(ManualError::Print)?)?;
    for subcommand in program.get_subcommands() {
        if subcommand.get_name() != "swf" {
            let name = format!("tidewheel-{}", subcommand.get_name());
            put(&name, &page(subcommand).map_err(ManualError::Print)?)?;
            for part in subcommand.get_subcommands() {
                let name = format!("{name}-{}", part.get_name());
                put(&name, &page(part).map_err(ManualError::Print)?)?;
            }
        }
    }
    put(&cli::manual_name(None), cli::manual(None).as_bytes())?;
    for operation in Model::get().operations() {
        put(&cli::manual_name(Some(operation)), cli::manual(Some(operation)).as_bytes())?;
    }
    Ok(())
}

/// The command line with all that follows from it: full names, `--help`.
fn built() -> clap::Command {
    let mut program = Command::command().disable_help_subcommand(true);
    program.build();
    program
}

fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).section(SECTION).render(&mut text)?;
    Ok(text)
}

/// The subcommands, as scripts of shells have them.
fn subcommands() -> Vec<Subcommand> {
    let subcommand = |command: &clap::Command| {
        // One that has parts takes the flags of all of them.
        let parts = || command.get_subcommands();
        let arguments = parts().flat_map(clap::Command::get_arguments);
        let mut flags: Vec<Flag> = Vec::new();
        for argument in command.get_arguments().chain(arguments) {
            let Some(name) = argument.get_long().map(str::to_owned) else { continue };
            if flags.iter().all(|flag| flag.name != name) {
                let about = argument.get_help().map(line).unwrap_or_default();
                flags.push(Flag { name, about, takes_value: argument.get_action().takes_values() });
            }
        }
        let words = match command.get_name() {
            "iam" => iam::operations(),
            _ if command.has_subcommands() => {
                parts().map(|part| part.get_name().to_owned()).collect()
            }
            _ => command
                .get_positionals()
                .next()
                .into_iter()
                .flat_map(clap::Arg::get_possible_values)
                .map(|value| value.get_name().to_owned())
                .collect(),
        };
        Subcommand {
            name: command.get_name().to_owned(),
            about: command.get_about().map(line).unwrap_or_default(),
            flags,
            words,
        }
    };
    built().get_subcommands().map(subcommand).collect()
}

/// The first line of a text.
fn line(text: &clap::builder::StyledStr) -> String {
    text.to_string().lines().next().unwrap_or_default().to_owned()
}

fn print(text: &[u8]) -> Result<(), ManualError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        // Whoever reads has seen enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(ManualError::Print),
    }
}
