//! Files that values name: `file://path` for text, `fileb://path` for bytes.
//!
//! Whoever has a file system reads them; here it is only known which value is one.

use thiserror::Error;

/// Who reads files.
pub trait Files {
    /// The bytes of a file. The path is as it was given: `~` and `$NAME` at its beginning and in it
    /// are for the reader to fill in, as the AWS CLI does.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, as it is to be shown.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// Why what a value names cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("Unable to load paramfile {given}: {reason}")]
    Unreadable {
        /// The value
        given: String,
        /// Why
        reason: String,
    },
    /// The file is no text.
    #[error(
        "Unable to load paramfile ({path}), text contents could not be decoded.  If this is a \
         binary file, please use the fileb:// prefix instead of the file:// prefix."
    )]
    NotText {
        /// Its path
        path: String,
    },
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loaded {
    Text(String),
    Bytes(Vec<u8>),
}

impl Loaded {
    /// What is in the file that a value names, if it names one.
    pub fn of(value: &str, files: &dyn Files) -> Option<Result<Loaded, FileError>> {
        let read = |path: &str| {
            let unreadable = |reason| FileError::Unreadable { given: value.to_owned(), reason };
            files.read(path).map_err(unreadable)
        };
        if let Some(path) = value.strip_prefix("fileb://") {
            return Some(read(path).map(Loaded::Bytes));
        }
        let path = value.strip_prefix("file://")?;
        Some(read(path).and_then(|bytes| match String::from_utf8(bytes) {
            // A text has one kind of line end, as files that are read as text have in the CLI.
            Ok(text) => Ok(Loaded::Text(text.replace("\r\n", "\n").replace('\r', "\n"))),
            Err(_) => Err(FileError::NotText { path: path.to_owned() }),
        }))
    }
}

/// Fills in the home directory and variables: `~/`, `$NAME`, `${NAME}`. What is not set stays.
pub fn expand(path: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let home = path == "~" || path.starts_with("~/");
    let home = if home { variable("HOME") } else { None };
    let (mut expanded, mut rest) = match home {
        Some(home) => (home, &path[1..]),
        None => (String::new(), path),
    };
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let (name, length) = match behind.strip_prefix('{') {
            Some(braced) => match braced.find('}') {
                Some(end) => (&braced[..end], end + 2),
                None => ("", 0),
            },
            None => {
                let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
                let end = behind.find(|letter| !is_part(letter)).unwrap_or(behind.len());
                (&behind[..end], end)
            }
        };
        match variable(name).filter(|_| !name.is_empty()) {
            Some(value) => expanded.push_str(&value),
            None => {
                expanded.push('$');
                expanded.push_str(&behind[..length]);
            }
        }
        rest = &behind[length..];
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A file system with a few files in it.
    pub(crate) struct Shelf(pub &'static [(&'static str, &'static [u8])]);

    impl Files for Shelf {
        fn read(&self, path: &str) -> Result<Vec<u8>, String> {
            let file = self.0.iter().find(|(name, _)| *name == path);
            let missing = || format!("[Errno 2] No such file or directory: '{path}'");
            file.map(|(_, bytes)| bytes.to_vec()).ok_or_else(missing)
        }
    }

    const SHELF: Shelf = Shelf(&[("a", b"one\r\ntwo\rthree\n"), ("b", b"\xff\x00")]);

    #[test]
    fn texts_have_one_kind_of_line_end_and_keep_the_last() {
        let loaded = Loaded::of("file://a", &SHELF);
        assert_eq!(loaded, Some(Ok(Loaded::Text("one\ntwo\nthree\n".to_owned()))));
    }

    #[test]
    fn bytes_are_as_they_are() {
        let loaded = Loaded::of("fileb://b", &SHELF);
        assert_eq!(loaded, Some(Ok(Loaded::Bytes(vec![0xff, 0]))));
    }

    #[test]
    fn what_names_no_file_is_left_alone() {
        assert_eq!(Loaded::of("http://example.com/", &SHELF), None);
        assert_eq!(Loaded::of(" file://a", &SHELF), None);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let text = |value| {
            let loaded = Loaded::of(value, &SHELF).expect("it names a file");
            loaded.expect_err("it cannot be read").to_string()
        };
        assert_eq!(
            text("file://no"),
            "Unable to load paramfile file://no: [Errno 2] No such file or directory: 'no'"
        );
        assert!(text("file://b").starts_with("Unable to load paramfile (b), text contents could"));
    }

    #[test]
    fn homes_and_variables_are_filled_in() {
        let variable = |name: &str| match name {
            "HOME" => Some("/h".to_owned()),
            "A" => Some("a".to_owned()),
            _ => None,
        };
        for (path, expected) in [
            ("x/y", "x/y"),
            ("~/x", "/h/x"),
            ("~", "/h"),
            ("~other/x", "~other/x"),
            ("$A/x$A", "a/xa"),
            ("${A}b-$A-", "ab-a-"),
            ("$B/${B}/$", "$B/${B}/$"),
            ("${A", "${A"),
        ] {
            assert_eq!(expand(path, &variable), expected);
        }
    }
}
