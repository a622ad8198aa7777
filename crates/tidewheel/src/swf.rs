//! `tidewheel swf`: every operation, in the words of `aws swf`.
//!
//! What words mean, what pages follow each other and what is printed is decided in `cli`; here are
//! the files, the environment, the network and the terminal. Invariant: answers go to standard
//! output and everything else to standard error, and the exit code is the AWS CLI's.

pub mod caller;
mod files;
mod keys;
pub mod output;
pub mod service;

use crate::interrupt::interruptible;
use caller::Caller;
use cli::failure::{CallError, Complaint};
use cli::output::{Moments, Printer, Style};
use cli::paging::{Pages, Whole};
use cli::profile::{self, Configuration, Display, File, Locations, ProfileError, Settings};
use cli::query::Query;
use cli::{Action, Failure, Globals, Invocation, Look, Operation, Skeleton, Stage, Value};
use output::{Output, Progress};
use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// The command line is wrong.
const EXIT_USAGE: u8 = 252;
/// Anything else.
const EXIT_OTHER: u8 = 255;
/// The longest configuration file that is read, in bytes.
const CONFIGURATION_BYTES_MAX: u64 = 1024 * 1024;

/// Does what the words behind `tidewheel swf` say.
pub fn run(words: &[OsString]) -> ExitCode {
    let words = words.iter().map(|word| word.clone().into_string());
    let Ok(words) = words.collect::<Result<Vec<String>, OsString>>() else {
        say("\naws: [ERROR]: an argument is no text\n");
        return EXIT_USAGE.into();
    };
    match interruptible("swf", move || perform(&words)) {
        Ok(code) => code.into(),
        Err(error) => {
            say(&format!("\naws: [ERROR]: cannot start: {error}\n"));
            EXIT_OTHER.into()
        }
    }
}

/// The exit code.
fn perform(words: &[String]) -> u8 {
    match cli::read(words, &files::System) {
        Ok(command) => match command {
            cli::Command::Version => {
                let version = concat!("tidewheel/", env!("CARGO_PKG_VERSION"), "\n");
                print(version).map_or_else(|error| complain(&Globals::default(), &error), |()| 0)
            }
            cli::Command::Invoke(invocation) => invoke(&invocation),
            cli::Command::Help { operation, globals } => {
                help(operation, &globals).map_or_else(|error| complain(&globals, &error), |()| 0)
            }
        },
        Err(failure) => refuse(failure),
    }
}

/// Says why a command line is refused; the exit code. What the AWS CLI would have found before is told
/// instead.
fn refuse(Failure { refused, stage, globals }: Failure) -> u8 {
    let before = || -> Result<(), CallError> {
        let configuration = configuration()?;
        if Stage::Input <= stage {
            profile::check_profile(&globals, &configuration, &variable)?;
        }
        if Stage::Parameters <= stage {
            match Settings::resolve(&globals, &configuration, &variable) {
                Ok(_) | Err(ProfileError::NoCredentials) => (),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    };
    complain(&globals, &before().err().unwrap_or_else(|| refused.into()))
}

/// Shows help, through the pager on a terminal.
fn help(operation: Option<&'static Operation>, globals: &Globals) -> Result<(), CallError> {
    // A configuration that is wrong is no reason to be without help.
    let configuration = configuration().unwrap_or_default();
    let display = Display::resolve(globals, &configuration, &variable).ok();
    let pager = display.and_then(|display| display.pager);
    let Style { columns, colored } = output::style(globals);
    let mut output = Output::new(pager);
    output.write(&cli::help(operation, Look { columns, styled: colored }))
}

/// Writes to standard output, without a pager.
fn print(text: &str) -> Result<(), CallError> {
    Output::new(None).write(text)
}

/// Says something on standard error. If nobody reads it, the exit code has to do.
fn say(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// A variable that is set to a text.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What the shared files of AWS's tools say.
pub fn configuration() -> Result<Configuration, ProfileError> {
    let Locations { config, credentials } = Locations::of(&variable);
    let (config, credentials) = (read(config)?, read(credentials)?);
    fn file(read: &Option<(String, String)>) -> Option<File<'_>> {
        read.as_ref().map(|(path, text)| File { path, text })
    }
    Configuration::read(file(&config), file(&credentials))
}

/// A file with its path, if it is there.
fn read(path: Option<String>) -> Result<Option<(String, String)>, ProfileError> {
    let Some(path) = path else { return Ok(None) };
    let text = match files::read(&path, CONFIGURATION_BYTES_MAX) {
        Ok(bytes) => String::from_utf8(bytes).ok(),
        // As in the AWS CLI, what is no file is not there.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {
            return Ok(None);
        }
        Err(_) => None,
    };
    match text {
        Some(text) => Ok(Some((path, text))),
        None => Err(ProfileError::Unparsable { path }),
    }
}

/// Says what is wrong; the exit code.
fn complain(globals: &Globals, error: &CallError) -> u8 {
    // If these files are what is wrong, they have no say in how it is said.
    let configuration = configuration().unwrap_or_default();
    let format = profile::error_format(globals, &configuration, &variable);
    let query = globals.query.as_deref().and_then(|text| Query::parse(text).ok());
    let style = output::style(globals);
    say(&error.text(Complaint { format, query: query.as_ref(), style }));
    error.exit_code()
}

/// Carries an invocation out; the exit code.
fn invoke(invocation: &Invocation) -> u8 {
    for warning in &invocation.warnings {
        say(&format!("{warning}\n"));
    }
    match call(invocation) {
        Ok(()) => 0,
        Err(error) => complain(&invocation.globals, &error),
    }
}

fn call(invocation: &Invocation) -> Result<(), CallError> {
    let globals = &invocation.globals;
    let query = globals.query.as_deref().map(Query::parse).transpose()?;
    let sample = match invocation.action {
        Action::Call => None,
        Action::Skeleton(sample) => Some(sample),
    };
    let configuration = configuration()?;
    profile::check_profile(globals, &configuration, &variable)?;
    // Neither has anything to do with how answers are shown.
    match sample {
        Some(Skeleton::Input) => return print(&cli::sample_input_json(invocation.operation)),
        Some(Skeleton::YamlInput) => return print(&cli::sample_input_yaml(invocation.operation)),
        Some(Skeleton::Output) | None => (),
    }
    let caller = match sample {
        Some(_) => None,
        None => {
            let settings = Settings::resolve(globals, &configuration, &variable)?;
            Some(Caller::new(globals, settings)?)
        }
    };
    let display = Display::resolve(globals, &configuration, &variable)?;
    let printer = Printer {
        operation: invocation.operation,
        format: display.output,
        style: output::style(globals),
        moments: Moments { format: display.timestamps, zone: jiff::tz::TimeZone::system() },
        query,
    };
    let mut output = Output::new(display.pager);
    let Some(mut caller) = caller else {
        let sample = cli::sample_output(invocation.operation).unwrap_or(Value::map());
        output.write(&printer.whole(&sample)?)?;
        return Ok(());
    };
    match Pages::of(invocation)? {
        None => {
            let answer = caller.call(invocation.operation, &invocation.parameters)?;
            output.write(&printer.whole(&printer.read(&answer))?)?;
        }
        Some(pages) => call_pages(pages, &mut caller, &printer, &mut output)?,
    }
    Ok(())
}

/// Asks for pages until there are no more, or enough.
fn call_pages(
    mut pages: Pages,
    caller: &mut Caller,
    printer: &Printer,
    output: &mut Output,
) -> Result<(), CallError> {
    let mut whole = Whole::default();
    let mut progress = Progress::start();
    while let Some(parameters) = pages.next()? {
        let answer = caller.call(printer.operation, parameters)?;
        let page = pages.take(printer.read(&answer));
        if printer.format.is_by_page() {
            output.write(&printer.page(&page)?)?;
            // Nobody is there to read the others.
            if output.is_closed() {
                return Ok(());
            }
        } else {
            whole.add(&pages, page);
            progress.tell(pages.shown());
        }
    }
    progress.end();
    if printer.format.is_by_page() {
        if let Some(token) = pages.resume() {
            output.write(&printer.resumption(token)?)?;
        }
    } else {
        output.write(&printer.whole(&whole.end(&pages))?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Defaults, Key};

    #[test]
    fn the_local_server_is_where_servers_listen() {
        let (globals, configuration) = (Globals::default(), Configuration::default());
        let settings = Settings::resolve(&globals, &configuration, &|_| None).expect("it is right");
        let listens = Key::Listen.default_text(Defaults::SERVE).expect("servers listen somewhere");
        assert_eq!(settings.place.url(), format!("http://{listens}"));
    }
}
