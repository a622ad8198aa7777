//! Keys that a command writes: `credential_process` of a profile.

use crate::system::wall_time;
use cli::failure::CallError;
use cli::profile::{Keys, ProcessError, read_process};
use std::process::{Command, Stdio};

/// Runs a command and reads what it writes. It is not given to a shell, and may use the terminal to
/// ask something.
pub fn of_command(words: &[String]) -> Result<Keys, CallError> {
    let failed = |text: String| CallError::from(ProcessError::Failed(text));
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed("credential_process names no command".to_owned()));
    };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .output()
        .map_err(|error| failed(format!("{program}: {error}")))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()));
    }
    Ok(read_process(&output.stdout, wall_time())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> Result<Keys, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        of_command(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_are_what_a_command_writes() {
        let json = r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S"}"#;
        let keys = run(&["/bin/echo", json]).expect("it writes keys");
        assert_eq!(keys.access_key_id, "A");
    }

    #[test]
    fn a_command_that_fails_says_why() {
        let start = "Error when retrieving credentials from custom-process: ";
        let error = run(&["/bin/sh", "-c", "echo no keys today >&2; exit 3"]);
        assert_eq!(error, Err(format!("{start}no keys today")));
        let error = run(&["/no/such/command"]).expect_err("it is not there");
        assert!(error.starts_with(&format!("{start}/no/such/command: No such file")), "{error}");
        let error = run(&["/bin/echo", "{}"]).expect_err("there are no keys");
        assert!(error.contains("Unsupported version"), "{error}");
        let json = r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"1999-12-31T23:59:59Z"}"#;
        let error = run(&["/bin/echo", json]).expect_err("they have ended");
        assert!(error.ends_with("are still expired."), "{error}");
    }
}
