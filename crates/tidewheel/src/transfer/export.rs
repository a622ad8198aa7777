//! `tidewheel export`.

use super::TransferError;
use super::arguments::Export;
use super::walk::{Selection, Walk};
use crate::swf::service::{Service, resolve};
use crate::system::wall_time;
use cli::transfer::Line;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// True if nothing is missing.
pub fn run(arguments: &Export) -> Result<bool, TransferError> {
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
    // What is there already stays until all of the new one is.
    let mut new = match &arguments.output {
        Some(path) => NewFile::create(path).map_err(failed)?,
        None => None,
    };
    let mut output: BufWriter<Box<dyn Write + '_>> =
        BufWriter::new(match (&mut new, &arguments.output) {
            (Some(new), _) => Box::new(&mut new.file),
            // A pipe or a device: there is nothing to take the place of.
            (None, Some(path)) => {
                Box::new(OpenOptions::new().write(true).open(path).map_err(failed)?)
            }
            (None, None) => Box::new(io::stdout().lock()),
        });
    let mut take = |line: Line| writeln!(output, "{}", line.to_json()).map_err(failed);
    let mut walk = Walk::begin(&mut service, place.url(), wall_time(), &selection, &mut take)?;
    walk.domain(&arguments.domain)?;
    let is_complete = walk.end()?;
    output.flush().map_err(failed)?;
    drop(output);
    new.map_or(Ok(()), NewFile::finish).map_err(failed)?;
    Ok(is_complete)
}

/// A file that takes the place of another when it is whole. Until then it stands beside it, and goes
/// if nothing comes of it. It has what executions were given, so nobody else may read it.
struct NewFile {
    file: File,
    beside: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Nothing if what is there is no file.
    fn create(path: &Path) -> io::Result<Option<NewFile>> {
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Ok(None);
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}.new", std::process::id()));
        let beside = PathBuf::from(beside);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        Ok(Some(NewFile { file, beside, path: path.to_owned() }))
    }

    fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.beside, &self.path)?;
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // It is gone where it has taken its place.
        let _ = fs::remove_file(&self.beside);
    }
}
