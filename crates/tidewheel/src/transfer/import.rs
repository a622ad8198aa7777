//! `tidewheel import`.

use super::TransferError;
use super::arguments::Import;
use super::file::{ExportFile, Owner, Scratch};
use super::run_ids::NewRunIds;
use super::survey::Survey;
use super::target::{Sent, Target};
use super::walk::{Selection, Walk};
use crate::command::Asking;
use crate::swf::service::{Service, resolve};
use crate::system::wall_time;
use cli::transfer::{Line, Options, Plan, Shown, Verdict};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// True if nothing was refused or missed, or would be.
pub fn run(arguments: &Import) -> Result<bool, TransferError> {
    let mut target = Target { service: Service::connect(&arguments.asking)? };
    let (mut file, is_complete) = match &arguments.file {
        Some(path) => (ExportFile::open(path, owner(arguments).as_ref())?, true),
        None => read_source(arguments)?,
    };
    // Of a history its owner says where it belongs.
    let is_owned = arguments.workflow_id.is_some();
    let rename = arguments.domain.as_deref().filter(|_| !is_owned);
    if let (Some(domain), true) = (rename, arguments.new_run_ids) {
        let region = target.service.region().to_owned();
        file.new_run_ids = Some(NewRunIds { region, domain: domain.into() });
    }
    let mut survey = Survey::of(&mut file, rename)?;
    let registry = target.look(&mut file, &mut survey)?;
    let options = Options {
        closed: !arguments.from_aws || arguments.closed,
        resends: !arguments.no_resend,
        times_out_started: arguments.time_out_started,
        now: wall_time(),
    };
    let plan = Plan::make(&survey.facts, &survey.effects, &registry, options);
    say(&plan.report(&survey.facts, &registry, Shown { all: arguments.all }))?;
    let no_use = plan.all_refused(&survey.facts);
    for name in &no_use {
        crate::complain(format_args!(
            "nothing of domain {name} is registered: all of its executions are refused"
        ));
    }
    let executes = if arguments.from_aws { arguments.execute } else { !arguments.dry_run };
    if !executes {
        let how = if arguments.from_aws { "; --execute does it" } else { "" };
        say(&format!("nothing was changed{how}\n"))?;
        let refuses = plan.steps.iter().any(|step| matches!(step.verdict, Verdict::Refused(_)));
        return Ok(is_complete && !refuses);
    }
    let new = target.register(&survey, &no_use)?;
    let (mut imported, mut known, mut refused) = (0_u64, 0_u64, 0_u64);
    for step in &plan.steps {
        let facts = &survey.facts[step.index];
        let resend = match &step.verdict {
            Verdict::Import { resend } => resend.as_slice(),
            // It was compared.
            Verdict::Known => {
                known += 1;
                continue;
            }
            Verdict::Refused(_) => {
                refused += 1;
                continue;
            }
            Verdict::Closed | Verdict::Expired | Verdict::Superseded { .. } => continue,
        };
        let place = survey.places[step.index];
        let sent = target.send(&mut file, place, facts, arguments.time_out_started, resend);
        let sent = sent.inspect_err(|_| {
            crate::complain(format_args!(
                "{imported} executions were imported before that; the same import goes on with the rest"
            ));
        })?;
        match sent {
            Sent::Imported => imported += 1,
            Sent::Known => known += 1,
            Sent::Refused(why) => {
                refused += 1;
                crate::complain(format_args!("{} is refused: {why}", facts.name()));
            }
        }
    }
    target.deprecate(&survey, &new)?;
    say(&format!(
        "imported {imported} executions; {known} were there already, {refused} were refused\n"
    ))?;
    Ok(is_complete && refused == 0)
}

fn owner(arguments: &Import) -> Option<Owner> {
    let domain = arguments.domain.as_deref()?.into();
    let workflow_id = arguments.workflow_id.as_deref()?.into();
    let run_id = arguments.run_id.as_deref()?.into();
    Some(Owner { domain, workflow_id, run_id })
}

/// Puts what a server has into a file. False if some of what is open is not in it.
fn read_source(arguments: &Import) -> Result<(ExportFile, bool), TransferError> {
    let asking = Asking {
        endpoint_url: arguments.source_endpoint_url.clone(),
        profile: arguments.source_profile.clone(),
        region: arguments.source_region.clone(),
        ca_bundle: arguments.source_ca_bundle.clone(),
    };
    let (source, own) = (resolve(&asking)?.1, resolve(&arguments.asking)?.1);
    // Two accounts of one server have two profiles.
    let is_same = source.place.url() == own.place.url()
        && source.region == own.region
        && asking.profile == arguments.asking.profile;
    if is_same {
        return Err(TransferError::SameServer);
    }
    let mut service = Service::connect(&asking)?;
    let mut scratch = Scratch::new()?;
    let selection = Selection { open: true, closed: arguments.closed, workflow: None };
    let mut take = |line: Line| scratch.write(&line);
    let mut walk =
        Walk::begin(&mut service, source.place.url(), wall_time(), &selection, &mut take)?;
    let names: Vec<String> = match arguments.domains.is_empty() {
        true => walk.domains()?.iter().map(ToString::to_string).collect(),
        false => arguments.domains.clone(),
    };
    for name in &names {
        walk.domain(name)?;
    }
    let is_complete = walk.end()?;
    Ok((scratch.into_export(Path::new(source.place.url()))?, is_complete))
}

fn say(text: &str) -> Result<(), TransferError> {
    let written = io::stdout().lock().write_all(text.as_bytes());
    let failed = |error| TransferError::File(PathBuf::from("standard output"), error);
    match written {
        // Who reads no more has seen enough; the import goes on.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(failed),
    }
}
