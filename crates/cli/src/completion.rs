//! Scripts with which shells complete `tidewheel swf`: operations, their options, and the words
//! that an option's value is one of. All of it comes from the tables, so the scripts ask nobody.

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

/// The script for a shell. `subcommands` are the program's, with what each does; `swf` is among
/// them.
pub fn completion(shell: Shell, subcommands: &[(&str, &str)]) -> String {
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

fn bash(subcommands: &[(&str, &str)]) -> String {
    let mut script = format!(
        "# Completes {PROGRAM} in bash: source this file, or put it where bash-completion looks.\n\n\
         _{PROGRAM}() {{\n\
         \x20   local word=${{COMP_WORDS[COMP_CWORD]}} before= operation= words= index\n\
         \x20   ((COMP_CWORD > 0)) && before=${{COMP_WORDS[COMP_CWORD - 1]}}\n\
         \x20   COMPREPLY=()\n\
         \x20   if ((COMP_CWORD == 1)); then\n\
         \x20       COMPREPLY=($(compgen -W '{}' -- \"$word\"))\n\
         \x20       return\n\
         \x20   fi\n\
         \x20   [[ ${{COMP_WORDS[1]}} == swf ]] || return\n\
         \x20   case $before in\n",
        names(subcommands),
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

fn zsh(subcommands: &[(&str, &str)]) -> String {
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
    for (name, text) in subcommands {
        write_line(&mut script, &format!("        {}", zsh_pair(name, text)));
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
         \x20       _files\n\
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

fn zsh_pair(name: &str, text: &str) -> String {
    quoted(&format!("{name}:{}", zsh_text(text)))
}

/// A text without what `_arguments` and `_describe` take for their own.
fn zsh_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:")
}

fn fish(subcommands: &[(&str, &str)]) -> String {
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
    for (name, text) in subcommands {
        let text = quoted(text);
        write_line(
            &mut script,
            &format!("complete -c {PROGRAM} -n __fish_use_subcommand -f -a {name} -d {text}"),
        );
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

fn names(subcommands: &[(&str, &str)]) -> String {
    subcommands.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
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

    const SUBCOMMANDS: &[(&str, &str)] = &[("serve", "Runs the server."), ("swf", "It's SWF.")];

    #[test]
    fn every_operation_and_option_is_in_every_script() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completion(shell, SUBCOMMANDS);
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
        assert!(completion(Shell::Fish, SUBCOMMANDS).contains("-a swf -d 'It'\\''s SWF.'\n"));
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
