//! Scripts with which shells complete `tidewheel`: its subcommands with their flags, and of `swf`
//! the operations, their options, and the words that an option's value is one of. All of it comes
//! from tables, so the scripts ask nobody.

use crate::arguments::Takes;
use crate::documentation::Documentation;
use crate::model::{Kind, Model, Operation};
use crate::option::{Global, Opt, Role, SKELETONS};
use crate::skeleton::overview;
use std::fmt::Write;

/// A shell for which there is a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// bash, 3.2 or newer
    Bash,
    /// zsh
    Zsh,
    /// fish, 3 or newer
    Fish,
}

/// A subcommand of the program.
#[derive(Debug)]
pub struct Subcommand {
    /// Its word on the command line.
    pub name: String,
    /// What it does, in a line.
    pub about: String,
    /// Its options.
    pub flags: Vec<Flag>,
    /// What its first word is one of, if anything is known of it.
    pub words: Vec<String>,
}

/// An option of a subcommand.
#[derive(Debug)]
pub struct Flag {
    /// Without the dashes.
    pub name: String,
    /// What it does, in a line.
    pub about: String,
    /// Whether a value follows it.
    pub takes_value: bool,
}

/// The script for a shell. `subcommands` are the program's; `swf` is among them, and what follows
/// it is known here.
pub fn completion(shell: Shell, subcommands: &[Subcommand]) -> String {
    match shell {
        Shell::Bash => bash(subcommands),
        Shell::Zsh => zsh(subcommands),
        Shell::Fish => fish(subcommands),
    }
}

/// An option as a shell completes it.
struct Completed {
    name: String,
    /// What it does, in a line.
    text: String,
    /// The words that its value is one of; none if it is free.
    words: Vec<String>,
    takes: Takes,
    /// Whether its value could be a file.
    file: bool,
}

fn globals() -> Vec<Completed> {
    let completed = |global: &Global| Completed {
        name: global.name().to_owned(),
        text: overview(global.help()),
        words: global.words().iter().map(|word| (*word).to_owned()).collect(),
        takes: global.takes(),
        file: *global == Global::CaBundle,
    };
    Global::ALL.iter().map(completed).collect()
}

fn options(operation: &'static Operation) -> Vec<Completed> {
    let model = Model::get();
    let input = model.shape(operation.input);
    let options = Opt::all(operation).into_iter().filter(|option| !option.hidden);
    let completed = |option: Opt| {
        let words = match option.role {
            Role::Member(member) => match &model.shape(member.shape).kind {
                Kind::Text { words, .. } => words.clone(),
                Kind::Integer { .. }
                | Kind::Boolean
                | Kind::Timestamp
                | Kind::List { .. }
                | Kind::Structure { .. } => Vec::new(),
            },
            Role::Skeleton => SKELETONS.iter().map(|word| (*word).to_owned()).collect(),
            Role::Flag { .. }
            | Role::InputJson
            | Role::InputYaml
            | Role::StartingToken
            | Role::PageSize
            | Role::MaxItems => Vec::new(),
        };
        let text = match option.role {
            Role::Member(member) | Role::Flag { member, on: true } => {
                overview(Documentation::get().member(input, member))
            }
            Role::Flag { member, on: false } => format!("The opposite of {}.", member.name),
            Role::InputJson => "The parameters as JSON.".to_owned(),
            Role::InputYaml => "The parameters as YAML.".to_owned(),
            Role::StartingToken => "The NextToken of output that was cut short.".to_owned(),
            Role::PageSize => "How many items each call asks for.".to_owned(),
            Role::MaxItems => "How many items are shown at most.".to_owned(),
            Role::Skeleton => "A sample instead of a call.".to_owned(),
        };
        let takes = option.takes();
        Completed { name: option.name, text: text.trim().to_owned(), words, takes, file: false }
    };
    options.map(completed).collect()
}

/// What an operation does, in a line.
fn operation_text(operation: &Operation) -> String {
    overview(Documentation::get().operation(operation)).trim().to_owned()
}

/// All options whose values are words, with those words; an option of the same name has the same
/// words wherever it is, but for skeletons nothing depends on it.
fn worded() -> Vec<(String, Vec<String>)> {
    let mut worded: Vec<(String, Vec<String>)> = Vec::new();
    let of_operations = Model::get().operations().iter().flat_map(options);
    for option in globals().into_iter().chain(of_operations) {
        if !option.words.is_empty() && !worded.iter().any(|(name, _)| *name == option.name) {
            worded.push((option.name, option.words));
        }
    }
    worded
}

fn dashed(options: &[Completed]) -> String {
    options.iter().map(|option| format!("--{}", option.name)).collect::<Vec<_>>().join(" ")
}

/// The name of the program, and of the functions that complete it.
const PROGRAM: &str = "tidewheel";

fn bash(subcommands: &[Subcommand]) -> String {
    let mut script = format!(
        "# Completes {PROGRAM} in bash: source this file, or put it where bash-completion looks.\n\n\
         _{PROGRAM}() {{\n\
         \x20   local word=${{COMP_WORDS[COMP_CWORD]}} before= operation= words= first= index\n\
         \x20   ((COMP_CWORD > 0)) && before=${{COMP_WORDS[COMP_CWORD - 1]}}\n\
         \x20   COMPREPLY=()\n\
         \x20   if ((COMP_CWORD == 1)); then\n\
         \x20       COMPREPLY=($(compgen -W '{}' -- \"$word\"))\n\
         \x20       return\n\
         \x20   fi\n\
         \x20   case ${{COMP_WORDS[1]}} in\n\
         \x20       swf) ;;\n",
        names(subcommands),
    );
    for subcommand in others(subcommands) {
        let flags = subcommand.flags.iter().map(|flag| format!("--{}", flag.name));
        let flags = flags.collect::<Vec<_>>().join(" ");
        let words = subcommand.words.join(" ");
        let name = &subcommand.name;
        write_line(&mut script, &format!("        {name}) words='{flags}' first='{words}' ;;"));
    }
    script.push_str(
        "        *) return ;;\n\
         \x20   esac\n\
         \x20   if [[ ${COMP_WORDS[1]} != swf ]]; then\n\
         \x20       if [[ $word == -* ]]; then\n\
         \x20           COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n\
         \x20       elif ((COMP_CWORD == 2)) && [[ -n $first ]]; then\n\
         \x20           COMPREPLY=($(compgen -W \"$first\" -- \"$word\"))\n\
         \x20       else\n\
         \x20           COMPREPLY=($(compgen -f -- \"$word\"))\n\
         \x20       fi\n\
         \x20       return\n\
         \x20   fi\n\
         \x20   case $before in\n",
    );
    for (name, words) in worded() {
        write_line(&mut script, &format!("        --{name}) words='{}' ;;", words.join(" ")));
    }
    script.push_str(
        "    esac\n\
         \x20   if [[ -n $words ]]; then\n\
         \x20       COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n\
         \x20       return\n\
         \x20   fi\n\
         \x20   for ((index = 2; index < COMP_CWORD; index++)); do\n\
         \x20       case ${COMP_WORDS[index]} in\n",
    );
    let valued: Vec<String> = globals()
        .iter()
        .filter(|option| option.takes == Takes::One)
        .map(|option| format!("--{}", option.name))
        .collect();
    write_line(&mut script, &format!("            {}) ((index++)) ;;", valued.join(" | ")));
    script.push_str(
        "            -*) ;;\n\
         \x20           *) operation=${COMP_WORDS[index]}; break ;;\n\
         \x20       esac\n\
         \x20   done\n\
         \x20   case $operation in\n",
    );
    let commands: Vec<&str> =
        Model::get().operations().iter().map(|operation| operation.command.as_str()).collect();
    write_line(&mut script, &format!("        '') words='{} help' ;;", commands.join(" ")));
    for operation in Model::get().operations() {
        let options = dashed(&options(operation));
        write_line(
            &mut script,
            &format!("        {}) words='{options} help' ;;", operation.command),
        );
    }
    write_line(&mut script, "    esac");
    write_line(&mut script, &format!("    words+=' {}'", dashed(&globals())));
    script.push_str(
        "    # Values that are no words can be files.\n\
         \x20   if [[ -n $operation && $before == --* && $word != -* ]]; then\n\
         \x20       COMPREPLY=($(compgen -f -- \"$word\"))\n\
         \x20   else\n\
         \x20       COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n\
         \x20   fi\n}\n\n",
    );
    write_line(&mut script, &format!("complete -o bashdefault -F _{PROGRAM} {PROGRAM}"));
    script
}

fn zsh(subcommands: &[Subcommand]) -> String {
    let mut script = format!(
        "#compdef {PROGRAM}\n\
         # Completes {PROGRAM} in zsh: put this file as _{PROGRAM} into a directory of $fpath.\n\n\
         _{PROGRAM}_swf() {{\n\
         \x20   local context state state_descr line\n\
         \x20   local -A opt_args\n\
         \x20   local -a globals operations options\n\
         \x20   globals=(\n",
    );
    for option in globals() {
        write_line(&mut script, &format!("        {}", zsh_option(&option)));
    }
    script.push_str("    )\n    operations=(\n");
    for operation in Model::get().operations() {
        let text = operation_text(operation);
        write_line(&mut script, &format!("        {}", zsh_pair(&operation.command, &text)));
    }
    write_line(
        &mut script,
        &format!("        {}", zsh_pair("help", "What there is to say of all.")),
    );
    script.push_str(
        "    )\n\
         \x20   _arguments -C $globals '1: :->operation' '*:: :->parameters' && return\n\
         \x20   case $state in\n\
         \x20       operation) _describe -t operations operation operations ;;\n\
         \x20       parameters)\n\
         \x20           case $line[1] in\n",
    );
    for operation in Model::get().operations() {
        write_line(&mut script, &format!("                {})", operation.command));
        write_line(&mut script, "                    options=(");
        for option in options(operation) {
            write_line(&mut script, &format!("                        {}", zsh_option(&option)));
        }
        write_line(&mut script, "                    ) ;;");
    }
    script.push_str(
        "            esac\n\
         \x20           _arguments $globals $options '*: :(help)' ;;\n\
         \x20   esac\n}\n\n",
    );
    let _ = write!(
        script,
        "_{PROGRAM}() {{\n\
         \x20   local -a subcommands\n\
         \x20   subcommands=(\n",
    );
    for subcommand in subcommands {
        let pair = zsh_pair(&subcommand.name, &subcommand.about);
        write_line(&mut script, &format!("        {pair}"));
    }
    let _ = write!(
        script,
        "    )\n\
         \x20   if ((CURRENT == 2)); then\n\
         \x20       _describe -t subcommands subcommand subcommands\n\
         \x20   elif [[ $words[2] == swf ]]; then\n\
         \x20       shift words\n\
         \x20       ((CURRENT--))\n\
         \x20       _{PROGRAM}_swf\n\
         \x20   else\n\
         \x20       shift words\n\
         \x20       ((CURRENT--))\n\
         \x20       case $words[1] in\n",
    );
    for subcommand in others(subcommands) {
        let mut specs: Vec<String> = subcommand.flags.iter().map(zsh_flag).collect();
        if !subcommand.words.is_empty() {
            specs.push(quoted(&format!("1:word:({})", subcommand.words.join(" "))));
        }
        specs.push("'*:file:_files'".to_owned());
        let specs = specs.join(" \\\n                ");
        let name = &subcommand.name;
        write_line(
            &mut script,
            &format!("            {name})\n                _arguments {specs} ;;"),
        );
    }
    let _ = write!(
        script,
        "        esac\n\
         \x20   fi\n}}\n\n\
         _{PROGRAM} \"$@\"\n",
    );
    script
}

/// An option as `_arguments` takes it.
fn zsh_option(option: &Completed) -> String {
    let text = zsh_text(&option.text);
    let value = if option.words.is_empty() {
        if option.file { "_files".to_owned() } else { "_default".to_owned() }
    } else {
        format!("({})", option.words.join(" "))
    };
    let value = match option.takes {
        Takes::Nothing => String::new(),
        Takes::One => format!(":value:{value}"),
        Takes::Maybe => format!("::value:{value}"),
        Takes::Any => format!(":*-*:value:{value}"),
    };
    quoted(&format!("--{}[{text}]{value}", option.name))
}

/// A flag as `_arguments` takes it.
fn zsh_flag(flag: &Flag) -> String {
    let value = if flag.takes_value { ":value:_files" } else { "" };
    quoted(&format!("--{}[{}]{value}", flag.name, zsh_text(&flag.about)))
}

fn zsh_pair(name: &str, text: &str) -> String {
    quoted(&format!("{name}:{}", zsh_text(text)))
}

/// A text without what `_arguments` and `_describe` take for their own.
fn zsh_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:")
}

fn fish(subcommands: &[Subcommand]) -> String {
    let mut script = format!(
        "# Completes {PROGRAM} in fish: put this file into ~/.config/fish/completions.\n\n\
         function __{PROGRAM}_operation\n\
         \x20   set -l words (commandline -opc)\n\
         \x20   test (count $words) -ge 2; and test $words[2] = swf; or return 1\n\
         \x20   set -l skip 0\n\
         \x20   for word in $words[3..-1]\n\
         \x20       if test $skip = 1\n\
         \x20           set skip 0\n\
         \x20           continue\n\
         \x20       end\n\
         \x20       switch $word\n",
    );
    let valued: Vec<String> = globals()
        .iter()
        .filter(|option| option.takes == Takes::One)
        .map(|option| format!("--{}", option.name))
        .collect();
    write_line(&mut script, &format!("            case {}", valued.join(" ")));
    let _ = write!(
        script,
        "                set skip 1\n\
         \x20           case '-*'\n\
         \x20           case '*'\n\
         \x20               echo $word\n\
         \x20               return 0\n\
         \x20       end\n\
         \x20   end\n\
         \x20   echo -\n\
         end\n\n\
         function __{PROGRAM}_at\n\
         \x20   test (__{PROGRAM}_operation; or echo no) = $argv[1]\n\
         end\n\n\
         function __{PROGRAM}_swf\n\
         \x20   set -l words (commandline -opc)\n\
         \x20   test (count $words) -ge 2; and test $words[2] = swf\n\
         end\n\n",
    );
    for subcommand in subcommands {
        let (name, text) = (&subcommand.name, quoted(&subcommand.about));
        write_line(
            &mut script,
            &format!("complete -c {PROGRAM} -n __fish_use_subcommand -f -a {name} -d {text}"),
        );
    }
    for subcommand in others(subcommands) {
        let name = &subcommand.name;
        let at = quoted(&format!("__fish_seen_subcommand_from {name}"));
        for flag in &subcommand.flags {
            let value = if flag.takes_value { " -r" } else { "" };
            let text = quoted(&flag.about);
            let line = format!("complete -c {PROGRAM} -n {at} -l {}{value} -d {text}", flag.name);
            write_line(&mut script, &line);
        }
        if !subcommand.words.is_empty() {
            let words = quoted(&subcommand.words.join(" "));
            let at = quoted(&format!(
                "__fish_seen_subcommand_from {name}; and test (count (commandline -opc)) = 2"
            ));
            write_line(&mut script, &format!("complete -c {PROGRAM} -n {at} -f -a {words}"));
        }
    }
    for option in globals() {
        write_line(&mut script, &fish_option(&option, &format!("__{PROGRAM}_swf")));
    }
    for operation in Model::get().operations() {
        let at = quoted(&format!("__{PROGRAM}_at -"));
        let text = quoted(&operation_text(operation));
        let command = &operation.command;
        write_line(
            &mut script,
            &format!("complete -c {PROGRAM} -n {at} -f -a {command} -d {text}"),
        );
        let at = quoted(&format!("__{PROGRAM}_at {command}"));
        for option in options(operation) {
            write_line(&mut script, &fish_option(&option, &at));
        }
    }
    script
}

fn fish_option(option: &Completed, at: &str) -> String {
    let value = match option.takes {
        Takes::Nothing => String::new(),
        Takes::One | Takes::Maybe | Takes::Any if option.words.is_empty() => " -r".to_owned(),
        Takes::One | Takes::Maybe | Takes::Any => {
            format!(" -x -a {}", quoted(&option.words.join(" ")))
        }
    };
    let (name, text) = (&option.name, quoted(&option.text));
    format!("complete -c {PROGRAM} -n {at} -l {name}{value} -d {text}")
}

fn names(subcommands: &[Subcommand]) -> String {
    let names = subcommands.iter().map(|subcommand| subcommand.name.as_str());
    names.collect::<Vec<_>>().join(" ")
}

/// Those whose words are not known here.
fn others(subcommands: &[Subcommand]) -> impl Iterator<Item = &Subcommand> {
    subcommands.iter().filter(|subcommand| subcommand.name != "swf")
}

/// A text as one word of any of the shells.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn write_line(script: &mut String, line: &str) {
    script.push_str(line);
    script.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subcommands() -> [Subcommand; 2] {
        let flag = |name: &str, takes_value| Flag {
            name: name.to_owned(),
            about: "It's [a] flag: one.".to_owned(),
            takes_value,
        };
        let subcommand = |name: &str, about: &str, flags, words: &[&str]| Subcommand {
            name: name.to_owned(),
            about: about.to_owned(),
            flags,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        let flags = vec![flag("data-dir", true), flag("repair", false)];
        [
            subcommand("check", "Checks.", flags, &["now", "later"]),
            subcommand("swf", "It's SWF.", Vec::new(), &[]),
        ]
    }

    #[test]
    fn other_subcommands_have_their_flags_and_words() {
        for (shell, lines) in [
            (Shell::Bash, ["check) words='--data-dir --repair' first='now later' ;;"; 2]),
            (
                Shell::Zsh,
                [
                    "'--data-dir[It'\\''s \\[a\\] flag\\: one.]:value:_files'",
                    "'1:word:(now later)'",
                ],
            ),
            (Shell::Fish, ["-l data-dir -r -d 'It'\\''s [a] flag: one.'", "-f -a 'now later'"]),
        ] {
            let script = completion(shell, &subcommands());
            assert!(lines.iter().all(|line| script.contains(line)), "{shell:?}: {script}");
        }
    }

    #[test]
    fn every_operation_and_option_is_in_every_script() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completion(shell, &subcommands());
            for operation in Model::get().operations() {
                assert!(script.contains(&operation.command), "{shell:?} {}", operation.command);
                for option in options(operation) {
                    assert!(script.contains(&option.name), "{shell:?} {}", option.name);
                }
            }
            for global in Global::ALL {
                assert!(script.contains(global.name()), "{shell:?} {}", global.name());
            }
            assert!(!script.contains("maximum-page-size"), "{shell:?} hides it");
            assert!(script.contains("yaml-stream"), "{shell:?} has the words of --output");
            assert!(script.contains("REQUEST_CANCEL"), "{shell:?} has the words of a policy");
        }
    }

    #[test]
    fn quotes_in_texts_end_nothing() {
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert!(completion(Shell::Fish, &subcommands()).contains("-a swf -d 'It'\\''s SWF.'\n"));
        assert_eq!(zsh_pair("a", "b: [c]"), "'a:b\\: \\[c\\]'");
    }

    #[test]
    fn an_option_of_one_name_has_the_same_words_everywhere() {
        let words = worded();
        let of_operations = Model::get().operations().iter().flat_map(options);
        for option in of_operations.filter(|option| !option.words.is_empty()) {
            let (_, known) = words.iter().find(|(name, _)| *name == option.name).expect("known");
            assert_eq!(*known, option.words, "{}", option.name);
        }
    }
}
