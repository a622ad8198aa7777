//! The vectors that the server's verifier is tested with are those that AWS's own signer carries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of the signer's source, which the SDK brings.
fn signer_directory() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata = String::from_utf8(output.stdout).expect("metadata is text");
    // The only path that ends like this; JSON would need a package more to be read.
    let paths = metadata.split('"').filter(|text| text.ends_with("/Cargo.toml"));
    let mut signers = paths.map(Path::new).filter_map(Path::parent).filter(|directory| {
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("aws-sigv4-")
    });
    signers.next().expect("the SDK signs").to_owned()
}

/// Each file in the directories of `root`, by its path from there.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let list = |directory: &Path| {
        let entries = std::fs::read_dir(directory).expect("the directory is there");
        entries.map(|entry| entry.expect("it can be read").path()).collect::<Vec<_>>()
    };
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("a file");
        (path.strip_prefix(root).expect("below the root").to_owned(), bytes)
    };
    list(root).iter().flat_map(|case| list(case)).map(read).collect()
}

#[test]
fn the_copy_is_the_original() {
    let copy = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/access/vectors/v4"));
    let original = files(&signer_directory().join("aws-signing-test-suite/v4"));
    assert!(copy.len() > 300, "the vectors were found");
    assert_eq!(copy.keys().collect::<Vec<_>>(), original.keys().collect::<Vec<_>>());
    for (path, bytes) in &copy {
        assert_eq!(bytes, &original[path], "{}: copy the new one", path.display());
    }
}
