//! An export in a file that can be read more than once.

use super::TransferError;
use super::run_ids::NewRunIds;
use cli::transfer::{
    End, Execution, ExecutionEnd, Header, LINE_BYTES_MAX, Line, Lines, VERSION, read_history,
};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use wire::{DomainName, Event, EventId, RunId, WorkflowId};

/// The longest history that is read as one JSON value, in bytes.
const HISTORY_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// How an export begins.
const BEGINNING: &[u8] = b"{\"tidewheelExport\"";

/// Whose a history is that does not say so itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// In which domain.
    pub domain: DomainName,
    /// Which workflow.
    pub workflow_id: WorkflowId,
    /// Which run.
    pub run_id: RunId,
}

/// See the module.
pub struct ExportFile {
    path: PathBuf,
    reader: BufReader<File>,
    /// Set if what is read is a copy with run ids of its own.
    pub new_run_ids: Option<NewRunIds>,
}

impl ExportFile {
    /// Opens a file, or what comes from standard input, which is put into one.
    pub fn open(path: &Path, owner: Option<&Owner>) -> Result<ExportFile, TransferError> {
        let failed = |error| TransferError::File(path.to_owned(), error);
        let file = if path == Path::new("-") {
            let mut scratch = tempfile::tempfile().map_err(TransferError::Scratch)?;
            io::copy(&mut io::stdin().lock(), &mut scratch).map_err(failed)?;
            scratch
        } else {
            File::open(path).map_err(failed)?
        };
        let mut reader = BufReader::new(file);
        reader.rewind().map_err(failed)?;
        let mut beginning = Vec::new();
        reader.by_ref().take(4096).read_to_end(&mut beginning).map_err(failed)?;
        beginning.retain(|byte| !byte.is_ascii_whitespace());
        reader.rewind().map_err(failed)?;
        if beginning.starts_with(BEGINNING) {
            return match owner {
                Some(_) => Err(TransferError::Named),
                None => Ok(ExportFile { path: path.to_owned(), reader, new_run_ids: None }),
            };
        }
        let mut text = String::new();
        reader.take(HISTORY_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        let events = read_history(&text);
        let events = events.map_err(|error| TransferError::History(path.to_owned(), error))?;
        drop(text);
        let owner = owner.ok_or_else(|| TransferError::Whose(path.to_owned()))?;
        ExportFile::of_history(path, owner, events)
    }

    /// A file with one execution.
    fn of_history(
        path: &Path,
        owner: &Owner,
        events: Vec<Event>,
    ) -> Result<ExportFile, TransferError> {
        let mut scratch = Scratch::new()?;
        let header = Header { version: VERSION, source: None, exported_at: None };
        scratch.write(&Line::TidewheelExport(header))?;
        let Owner { domain, workflow_id, run_id } = owner.clone();
        scratch.write(&Line::Execution(Execution { domain, workflow_id, run_id, status: None }))?;
        let last_event_id = EventId(events.len() as u64);
        for event in events {
            scratch.write(&Line::Event(Box::new(event)))?;
        }
        scratch.write(&Line::ExecutionEnd(ExecutionEnd { last_event_id }))?;
        scratch.write(&Line::End(End { executions: 1 }))?;
        scratch.into_export(path)
    }

    /// Reads it all. Each line comes with the place at which the one behind it begins.
    pub fn read(
        &mut self,
        mut take: impl FnMut(Line, u64) -> Result<(), TransferError>,
    ) -> Result<(), TransferError> {
        let wrong = |path: &Path, error| TransferError::Line(path.to_owned(), error);
        self.seek(0)?;
        let (mut lines, mut place) = (Lines::default(), 0);
        while let Some(text) = self.next()? {
            place += text.len() as u64;
            let line = lines.read(&text).map_err(|error| wrong(&self.path, error))?;
            if let Some(line) = line {
                take(self.copied(line), place)?;
            }
        }
        lines.finish().map_err(|error| wrong(&self.path, error))
    }

    /// Reads the events of an execution, from the place behind its line.
    pub fn events(
        &mut self,
        place: u64,
        mut take: impl FnMut(Event) -> Result<bool, TransferError>,
    ) -> Result<(), TransferError> {
        self.seek(place)?;
        while let Some(text) = self.next()? {
            if text.trim_ascii().is_empty() {
                continue;
            }
            // It was read before; whatever is not an event ends them.
            let Ok(line) = serde_json::from_slice(&text) else { return Ok(()) };
            let Line::Event(event) = self.copied(line) else { return Ok(()) };
            if !take(*event)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn copied(&self, line: Line) -> Line {
        match &self.new_run_ids {
            Some(new_run_ids) => new_run_ids.line(line),
            None => line,
        }
    }

    fn seek(&mut self, place: u64) -> Result<(), TransferError> {
        let moved = self.reader.seek(SeekFrom::Start(place));
        moved.map(|_| ()).map_err(|error| TransferError::File(self.path.clone(), error))
    }

    /// The next line with its end; `None` behind the last.
    fn next(&mut self) -> Result<Option<Vec<u8>>, TransferError> {
        let failed = |error| TransferError::File(self.path.clone(), error);
        let mut bytes = Vec::new();
        let most = LINE_BYTES_MAX as u64 + 1;
        self.reader.by_ref().take(most).read_until(b'\n', &mut bytes).map_err(failed)?;
        if bytes.len() > LINE_BYTES_MAX {
            let text = format!("a line is longer than {LINE_BYTES_MAX} bytes");
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, text)));
        }
        Ok((!bytes.is_empty()).then_some(bytes))
    }
}

/// A temporary file with an export.
pub struct Scratch(BufWriter<File>);

impl Scratch {
    /// An empty one. Nobody else can open it.
    pub fn new() -> Result<Scratch, TransferError> {
        Ok(Scratch(BufWriter::new(tempfile::tempfile().map_err(TransferError::Scratch)?)))
    }

    /// Adds a line.
    pub fn write(&mut self, line: &Line) -> Result<(), TransferError> {
        writeln!(self.0, "{}", line.to_json()).map_err(TransferError::Scratch)
    }

    /// The export, named as `path` where something is wrong with it.
    pub fn into_export(self, path: &Path) -> Result<ExportFile, TransferError> {
        let file = self.0.into_inner().map_err(|e| TransferError::Scratch(e.into_error()))?;
        Ok(ExportFile { path: path.to_owned(), reader: BufReader::new(file), new_run_ids: None })
    }
}
