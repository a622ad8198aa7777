//! Keeps the workspace in order: who may use whom, and what no file may hold.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each of our packages, and those of ours that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("tidewheel-wire", &[]),
    ("tidewheel-cli", &["tidewheel-wire"]),
    ("tidewheel-access", &["tidewheel-wire"]),
    ("tidewheel-engine", &["tidewheel-wire"]),
    ("tidewheel-store", &[]),
    (
        "tidewheel-service",
        &["tidewheel-wire", "tidewheel-access", "tidewheel-engine", "tidewheel-store"],
    ),
    ("tidewheel-server", &["tidewheel-wire", "tidewheel-access", "tidewheel-service"]),
    (
        "tidewheel",
        &[
            "tidewheel-wire",
            "tidewheel-cli",
            "tidewheel-access",
            "tidewheel-engine",
            "tidewheel-store",
            "tidewheel-service",
            "tidewheel-server",
        ],
    ),
    (
        "tidewheel-tests",
        &["tidewheel-wire", "tidewheel-access", "tidewheel-store", "tidewheel-service"],
    ),
];

/// What the pure crates may use of others' packages.
const PURE: &[(&str, &[&str])] = &[
    ("tidewheel-wire", &["serde", "serde_json", "thiserror"]),
    (
        "tidewheel-cli",
        &[
            "base64",
            "jiff",
            "jmespath",
            "saphyr-parser",
            "serde",
            "serde_json",
            "shlex",
            "thiserror",
            "unicode-width",
        ],
    ),
    (
        "tidewheel-access",
        &[
            "base64",
            "chacha20poly1305",
            "hmac",
            "lru",
            "serde",
            "serde_json",
            "sha2",
            "subtle",
            "thiserror",
            "zeroize",
        ],
    ),
    ("tidewheel-engine", &["serde"]),
];

/// The most lines that a file may have.
const FILE_LINES_MAX: usize = 1000;

/// What no Rust file may hold, in two halves so that this one does not.
const FORBIDDEN: &[(&str, &str)] = &[
    ("todo", "!("),
    ("unimplemented", "!("),
    ("#[ign", "ore"),
    ("FIX", "ME"),
    ("dbg", "!("),
    ("thread::", "sleep"),
    ("time::", "sleep("),
];

fn root() -> PathBuf {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir.join("../..").canonicalize().expect("the workspace is there")
}

/// The dependencies of each of our packages, those for tests left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let text = |value: &Value| value.as_str().expect("a name is a text").to_owned();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("a list");
            let used = dependencies.iter().filter(|d| d["kind"].is_null());
            (text(&package["name"]), used.map(|d| text(&d["name"])).collect())
        })
        .collect()
}

#[test]
fn crates_depend_downwards_only() {
    let dependencies = dependencies();
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(dependencies.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    for (name, allowed) in ALLOWED {
        for used in dependencies[*name].iter().filter(|used| known.contains(used.as_str())) {
            assert!(allowed.contains(&used.as_str()), "{name} must not use {used}");
        }
    }
}

#[test]
fn pure_crates_stay_pure() {
    let dependencies = dependencies();
    for (name, allowed) in PURE {
        for used in dependencies[*name].iter().filter(|used| !used.starts_with("tidewheel-")) {
            assert!(allowed.contains(&used.as_str()), "{name} must not use {used}");
        }
    }
}

/// The fuzz target is not built with the others, and its lock file is a file of its own: it would
/// fall behind unnoticed.
#[test]
fn the_lock_file_of_the_fuzz_target_keeps_up() {
    let dependencies = dependencies();
    let lock = std::fs::read_to_string(root().join("fuzz/Cargo.lock")).expect("a lock file");
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let mut ours = 0;
    for package in lock.split("[[package]]").skip(1) {
        let name = package.lines().find(|line| line.starts_with("name = ")).and_then(quoted);
        let Some(used) = name.as_ref().and_then(|name| dependencies.get(name)) else { continue };
        // Where a package is there in several versions, the version follows the name.
        let listed = package.lines().filter(|line| line.starts_with(" \"")).filter_map(quoted);
        let listed: BTreeSet<String> =
            listed.filter_map(|entry| Some(entry.split(' ').next()?.to_owned())).collect();
        assert_eq!(listed, *used, "fuzz/Cargo.lock of {name:?}: run cargo metadata in fuzz/");
        ours += 1;
    }
    assert!(ours > 3, "our packages were found");
}

#[test]
fn every_dependency_says_why() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let section = manifest.split("[workspace.dependencies]").nth(1).expect("dependencies");
    let mut explained = false;
    for line in section.lines().take_while(|line| !line.starts_with('[')) {
        if line.starts_with('#') {
            explained = true;
        } else if line.contains("path =") {
            continue; // Ours: the comment above the first is for all.
        } else if line.contains('=') {
            assert!(explained, "no reason is given for: {line}");
            explained = false;
        }
    }
}

#[test]
fn no_file_is_too_long_or_unfinished() {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let files = String::from_utf8(listed.stdout).expect("paths are text");
    assert!(files.lines().count() > 50, "the files were found");
    for file in files.lines() {
        // A file that was deleted and is still listed has nothing to say.
        let Ok(text) = std::fs::read_to_string(root().join(file)) else { continue };
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES_MAX, "{file} has {lines} lines");
        assert!(text.starts_with("//!"), "{file} does not say what it is for");
        for (head, tail) in FORBIDDEN {
            assert!(!text.contains(&format!("{head}{tail}")), "{file} holds {head}{tail}");
        }
    }
}
