//! What shells and man(1) are told.

use super::tidewheel;
use std::fs;

#[test]
fn scripts_complete_every_subcommand() {
    for shell in ["bash", "zsh", "fish"] {
        let done = tidewheel(&["completion", shell]).output().expect("it runs");
        assert!(done.status.success(), "{shell}");
        let script = String::from_utf8(done.stdout).expect("text");
        for word in ["serve", "dev", "check", "man", "completion", "iam", "data-dir", "repair"] {
            assert!(script.contains(word), "{shell} {word}");
        }
        for word in ["create-access-key", "list-domains", "registration-status"] {
            assert!(script.contains(word), "{shell} {word}");
        }
    }
}

/// bash is where the tests run; what it is asked is what it asks itself when a tab is pressed.
#[test]
fn bash_completes_what_was_begun() {
    let script = tidewheel(&["completion", "bash"]).output().expect("it runs").stdout;
    let script = String::from_utf8(script).expect("text");
    for (words, found) in [
        (["che", "", ""], "check"),
        (["check", "--rep", ""], "--repair"),
        (["iam", "create-acc", ""], "create-access-key create-account"),
        (["completion", "fi", ""], "fish"),
        (["config", "sh", ""], "show"),
        (["batch", "te", ""], "terminate"),
        (["config", "show", "--orig"], "--origin"),
        (["swf", "list-dom", ""], "list-domains"),
        (["swf", "list-domains", "--registration"], "--registration-status"),
    ] {
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let asked = format!(
            "{script}\nCOMP_WORDS=(tidewheel {}); COMP_CWORD={}; _tidewheel; echo ${{COMPREPLY[@]}}",
            words.join(" "),
            words.len(),
        );
        let done = std::process::Command::new("bash").args(["-c", &asked]).output();
        let done = done.expect("bash runs");
        assert_eq!(String::from_utf8_lossy(&done.stdout).trim_end(), found, "{words:?}");
    }
}

#[test]
fn the_manual_has_a_page_for_every_subcommand_and_operation() {
    let directory = tempfile::tempdir().expect("a directory");
    let pages = directory.path().join("man1");
    let done = tidewheel(&["man"]).arg(&pages).output().expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(done.stdout.is_empty());
    let names = [
        "",
        "-serve",
        "-batch",
        "-batch-terminate",
        "-batch-cancel",
        "-batch-signal",
        "-batch-run",
        "-batch-status",
        "-dev",
        "-check",
        "-config",
        "-config-show",
        "-config-check",
        "-iam",
        "-man",
        "-completion",
        "-show",
        "-backup",
        "-backup-create",
        "-backup-verify",
        "-backup-restore",
        "-backup-list",
        "-backup-prune",
        "-explain",
        "-export",
        "-import",
        "-tail",
        "-top",
        "-swf",
    ];
    for name in names {
        let page = fs::read_to_string(pages.join(format!("tidewheel{name}.1"))).expect(name);
        assert!(page.contains(".TH"), "{name}");
    }
    let of_operations = fs::read_dir(&pages).expect("it is there").count();
    assert_eq!(of_operations, names.len() + 39);
    let printed = tidewheel(&["man"]).output().expect("it runs");
    assert_eq!(printed.stdout, fs::read(pages.join("tidewheel.1")).expect("it is there"));
}
