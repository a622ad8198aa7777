//! Files: those that values of options name, and those of the configuration.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

/// The longest file that the value of an option may name, in bytes: no request is as long.
const VALUE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The files of this machine.
pub struct System;

impl cli::Files for System {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = cli::expand(path, &super::variable);
        read(&path, VALUE_BYTES_MAX).map_err(|error| explain(&error, &path))
    }
}

/// Reads a file that is not too long.
pub fn read(path: &str, bytes_max: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    let length = file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    match u64::try_from(length) {
        Ok(length) if length <= bytes_max => Ok(bytes),
        Ok(_) | Err(_) => Err(ErrorKind::FileTooLarge.into()),
    }
}

/// What is wrong, in the words of Python, which are those of the AWS CLI.
fn explain(error: &io::Error, path: &str) -> String {
    let text = error.to_string();
    let is_directory = error.kind() == ErrorKind::IsADirectory;
    let of_directory = || is_directory.then(|| rustix::io::Errno::ISDIR.raw_os_error());
    let number = error.raw_os_error().or_else(of_directory);
    let Some(number) = number else { return format!("{text}: '{path}'") };
    let text = io::Error::from_raw_os_error(number).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    format!("[Errno {number}] {text}: '{path}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cli::Files;

    #[test]
    fn what_cannot_be_read_is_said_as_python_says_it() {
        let scratch = tempfile::tempdir().expect("a directory");
        let path = |name: &str| scratch.path().join(name).display().to_string();
        std::fs::write(path("there"), "x").expect("written");
        assert_eq!(System.read(&path("there")), Ok(b"x".to_vec()));
        let missing = format!("[Errno 2] No such file or directory: '{}'", path("not"));
        assert_eq!(System.read(&path("not")), Err(missing));
        let directory = format!("[Errno 21] Is a directory: '{}'", path(""));
        assert_eq!(System.read(&path("")), Err(directory));
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let scratch = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(scratch.path(), "12345").expect("written");
        let path = scratch.path().display().to_string();
        assert_eq!(read(&path, 5).expect("it is read"), b"12345");
        assert_eq!(read(&path, 4).expect_err("too long").kind(), ErrorKind::FileTooLarge);
    }
}
