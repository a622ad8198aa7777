//! `tidewheel export`.

use super::TransferError;
use super::arguments::Export;
use super::walk::{Selection, Walk};
use crate::swf::service::{Service, resolve};
use crate::system::wall_time;
use cli::transfer::Line;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

pub fn run(arguments: &Export) -> Result<(), TransferError> {
    let place = resolve(&arguments.asking)?.1.place;
    let mut service = Service::connect(&arguments.asking)?;
    let every = !arguments.open && !arguments.closed;
    let workflow = arguments.workflow_id.clone();
    let selection = Selection {
        open: arguments.open || every,
        closed: arguments.closed || every,
        workflow: workflow.map(|workflow_id| (workflow_id, arguments.run_id.clone())),
    };
    let path = arguments.output.clone().unwrap_or_else(|| PathBuf::from("standard output"));
    let failed = |error| TransferError::File(path.clone(), error);
    let mut output: BufWriter<Box<dyn Write>> = BufWriter::new(match &arguments.output {
        Some(path) => {
            // It has what executions were given.
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            Box::new(options.open(path).map_err(failed)?)
        }
        None => Box::new(io::stdout().lock()),
    });
    let mut take = |line: Line| writeln!(output, "{}", line.to_json()).map_err(failed);
    let mut walk = Walk::begin(&mut service, place.url(), wall_time(), &selection, &mut take)?;
    walk.domain(&arguments.domain)?;
    walk.end()?;
    output.flush().map_err(failed)
}
