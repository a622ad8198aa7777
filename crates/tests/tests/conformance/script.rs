//! Reads scripts: which cases a file has, and of which steps they are made. The language is
//! described in [`super`]. Knows nothing of the API.

use std::path::Path;

/// Where a case is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In process and over TCP.
    Both,
    /// In process alone: it needs more sockets than a process may be given, or says who is permitted
    /// what, of which nobody knows yet over TCP.
    InProcess,
    /// Over TCP alone: it is about HTTP.
    OverTcp,
}

/// A file of cases.
#[derive(Debug)]
pub struct Script {
    /// The file's name.
    pub file: String,
    /// What is played before each case.
    pub before: Vec<Step>,
    pub cases: Vec<Case>,
}

/// What is played by itself, from nothing.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub place: Place,
    /// What the service is told at start: what else stands in brackets behind the name.
    pub flags: Vec<String>,
    pub steps: Vec<Step>,
}

/// A request or a command, and what is expected of it.
#[derive(Clone, Debug)]
pub struct Step {
    pub line: usize,
    pub text: String,
    /// What stands behind `=>`.
    pub expected: Option<String>,
    /// The indented lines.
    pub details: Vec<String>,
}

/// Reads every script of `folder`, in the order of their names.
pub fn read_all(folder: &Path) -> Vec<Script> {
    let entries = std::fs::read_dir(folder).expect("the scripts are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a listed file").path()).collect();
    paths.sort();
    let scripts = paths.iter().filter(|path| path.extension().is_some_and(|e| e == "script"));
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).expect("a script is text");
        let file = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
        parse(file, &text)
    };
    scripts.map(read).collect()
}

/// Reads one script.
pub fn parse(file: &str, text: &str) -> Script {
    let mut script = Script { file: file.to_owned(), before: Vec::new(), cases: Vec::new() };
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let (number, indented) = (index + 1, line.starts_with(char::is_whitespace));
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(title) = line.strip_prefix("== ") {
            script.cases.push(case(title));
            continue;
        }
        let mut line = line.to_owned();
        while !is_balanced(&line) {
            let (_, more) = lines.next().unwrap_or_else(|| panic!("{file}:{number}: unfinished"));
            line = line + " " + more.trim();
        }
        let line = repeat_letters(&line);
        let steps = match script.cases.last_mut() {
            Some(case) => &mut case.steps,
            None => &mut script.before,
        };
        match (line.strip_prefix("=> "), indented, steps.last_mut()) {
            (Some(expected), _, Some(step)) => step.expected = Some(expected.to_owned()),
            (None, true, Some(step)) => step.details.push(line),
            (None, false, _) => {
                let (expected, details) = (None, Vec::new());
                steps.push(Step { line: number, text: line, expected, details });
            }
            (Some(_), _, None) | (None, true, None) => panic!("{file}:{number}: no step before"),
        }
    }
    script
}

fn case(title: &str) -> Case {
    let mut words = title.split(" [");
    let name = words.next().unwrap_or_default().to_owned();
    let mut case = Case { name, place: Place::Both, flags: Vec::new(), steps: Vec::new() };
    for word in words {
        match word.strip_suffix(']') {
            Some("in process") => case.place = Place::InProcess,
            Some("over TCP") => case.place = Place::OverTcp,
            Some(flag) => case.flags.push(flag.to_owned()),
            None => panic!("a flag does not end: {title}"),
        }
    }
    case
}

/// Whether every brace and bracket outside of texts is closed again.
fn is_balanced(line: &str) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    for letter in line.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '{' | '[' if !in_text => depth += 1,
            '}' | ']' if !in_text => depth -= 1,
            _ => (),
        }
    }
    depth <= 0
}

/// Writes out `<a*3>` as `aaa`.
fn repeat_letters(line: &str) -> String {
    let mut written = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('<') {
        written += before;
        let inside = after.split_once('>').and_then(|(inside, behind)| {
            let (text, count) = inside.split_once('*')?;
            Some((text, count.parse::<usize>().ok()?, behind))
        });
        match inside {
            Some((text, count, behind)) => {
                written += &text.repeat(count);
                rest = behind;
            }
            None => {
                written.push('<');
                rest = after;
            }
        }
    }
    written + rest
}

/// The words of a line: what is between blanks, where a text in quotes is one with its blanks.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut in_text, mut escaped) = (Vec::new(), String::new(), false, false);
    for letter in line.chars() {
        if letter.is_whitespace() && !in_text {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ => (),
        }
        word.push(letter);
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// What a word stands for: itself, or the text that is in quotes.
pub fn unquoted(word: &str) -> String {
    match word.starts_with('"') {
        true => serde_json::from_str(word).unwrap_or_else(|error| panic!("{word}: {error}")),
        false => word.to_owned(),
    }
}

#[test]
fn a_script_is_read_as_it_is_written() {
    let text = "RegisterDomain {\"name\":\n  \"<a*3>\"}\n# a remark\n== one: two [a 1] [in process] [b]\n\
                poll\n=> nothing\n  a=1 b=\"c d\"\n";
    let script = parse("x.script", text);
    assert_eq!(script.before[0].text, "RegisterDomain {\"name\": \"aaa\"}");
    let case = &script.cases[0];
    assert_eq!((case.name.as_str(), case.place), ("one: two", Place::InProcess));
    assert_eq!(case.flags, ["a 1", "b"]);
    assert_eq!(case.steps[0].expected.as_deref(), Some("nothing"));
    assert_eq!(words(&case.steps[0].details[0]), ["a=1", "b=\"c d\""]);
    assert_eq!(unquoted("\"c d\""), "c d");
}
