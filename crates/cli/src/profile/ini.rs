//! The dialect of INI that AWS's configuration files are written in.
//!
//! It is that of Python's `configparser`, which botocore reads them with: names of options in lower
//! case, `=` or `:` behind them, comments only on lines of their own, and a value that goes on
//! wherever a line is indented deeper than its option. A value that begins on the next line is a
//! block of options itself. What that parser refuses is refused here.

use std::collections::BTreeMap;

/// The section whose options all others have, too.
const FOR_ALL: &str = "DEFAULT";

/// A file, by its sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ini {
    /// In the order of the file: of two sections for one profile the later counts.
    sections: Vec<(String, Section)>,
}

/// The options of a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    options: BTreeMap<String, Entry>,
}

/// What an option has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Text(String),
    /// What is indented below it.
    Block(BTreeMap<String, String>),
}

/// The file is not of this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IniError {
    /// Before the first section there is an option.
    #[error("line {line} is in no section")]
    NoSection {
        /// Counted from 1.
        line: usize,
    },
    /// A section or an option is there twice.
    #[error("line {line} repeats a name")]
    Repeated {
        /// Counted from 1.
        line: usize,
    },
    /// A line is neither a section nor an option with a value.
    #[error("line {line} is no setting")]
    NoSetting {
        /// Counted from 1.
        line: usize,
    },
}

impl Section {
    /// The text of an option; none for one that is not there or has a block.
    pub fn text(&self, option: &str) -> Option<&str> {
        match self.options.get(option)? {
            Entry::Text(text) => Some(text),
            Entry::Block(_) => None,
        }
    }

    /// An option within the block of an option.
    pub fn nested(&self, option: &str, name: &str) -> Option<&str> {
        match self.options.get(option)? {
            Entry::Text(_) => None,
            Entry::Block(block) => block.get(name).map(String::as_str),
        }
    }

    /// Takes the options of another section, in the place of those of the same names.
    pub fn update(&mut self, other: &Section) {
        let options = other.options.iter().map(|(name, entry)| (name.clone(), entry.clone()));
        self.options.extend(options);
    }
}

impl Ini {
    /// Reads a file.
    pub fn parse(text: &str) -> Result<Ini, IniError> {
        Reading::default().read(text)
    }

    /// The sections with their names, in order.
    pub fn sections(&self) -> impl Iterator<Item = (&str, &Section)> {
        self.sections.iter().map(|(name, section)| (name.as_str(), section))
    }
}

/// Lines of values so far, by option.
type Values = BTreeMap<String, Vec<String>>;

/// A file that is being read.
#[derive(Default)]
struct Reading {
    sections: BTreeMap<String, Values>,
    /// The names of the sections, as they come.
    order: Vec<String>,
    /// The options of the section for all.
    common: Values,
    /// Where lines go.
    section: Option<String>,
    option: Option<String>,
    /// How far the option, or what went before it, is indented.
    indent: usize,
}

impl Reading {
    fn read(mut self, text: &str) -> Result<Ini, IniError> {
        for (index, line) in text.lines().enumerate() {
            self.take(line, index + 1)?;
        }
        let mut ini = Ini::default();
        for name in self.order {
            let values = &self.sections[&name];
            let mut section = Section::default();
            for (option, lines) in self.common.iter().chain(values) {
                let entry = Entry::of(&lines.join("\n"))?;
                section.options.insert(option.clone(), entry);
            }
            ini.sections.push((name, section));
        }
        Ok(ini)
    }

    fn take(&mut self, line: &str, number: usize) -> Result<(), IniError> {
        let text = line.trim();
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        if text.is_empty() {
            // Within a value it is one of its lines.
            if let Some(lines) = self.lines() {
                lines.push(String::new());
            }
            return Ok(());
        }
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        if self.indent < indent
            && let Some(lines) = self.lines()
        {
            lines.push(text.to_owned());
            return Ok(());
        }
        self.indent = indent;
        if let Some(name) = header(text) {
            if name != FOR_ALL && self.sections.contains_key(name) {
                return Err(IniError::Repeated { line: number });
            }
            if name != FOR_ALL {
                self.sections.insert(name.to_owned(), Values::new());
                self.order.push(name.to_owned());
            }
            self.section = Some(name.to_owned());
            self.option = None;
            return Ok(());
        }
        let no_setting = IniError::NoSetting { line: number };
        let Some(values) = self.values() else {
            return Err(IniError::NoSection { line: number });
        };
        let (option, value) = text.split_once(['=', ':']).ok_or(no_setting)?;
        let option = option.trim_end().to_lowercase();
        if option.is_empty() {
            return Err(no_setting);
        }
        if values.insert(option.clone(), vec![value.trim_start().to_owned()]).is_some() {
            return Err(IniError::Repeated { line: number });
        }
        self.option = Some(option);
        Ok(())
    }

    /// The options of the section that lines are in.
    fn values(&mut self) -> Option<&mut Values> {
        match self.section.as_deref()? {
            FOR_ALL => Some(&mut self.common),
            name => self.sections.get_mut(name),
        }
    }

    /// The lines of the option that may go on.
    fn lines(&mut self) -> Option<&mut Vec<String>> {
        let option = self.option.clone()?;
        self.values()?.get_mut(&option)
    }
}

/// The name of a section, if a line begins one. Whatever is behind the bracket is not read.
fn header(text: &str) -> Option<&str> {
    let name = text.strip_prefix('[')?.rsplit_once(']')?.0;
    (!name.is_empty()).then_some(name)
}

impl Entry {
    fn of(value: &str) -> Result<Entry, IniError> {
        let value = value.trim_end();
        let Some(block) = value.strip_prefix('\n') else {
            return Ok(Entry::Text(value.to_owned()));
        };
        let mut options = BTreeMap::new();
        for line in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
            // Its place in the file is not known any more.
            let (name, value) = line.split_once('=').ok_or(IniError::NoSetting { line: 0 })?;
            options.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        Ok(Entry::Block(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Ini {
        Ini::parse(text).expect("it is right")
    }

    fn section_of<'a>(ini: &'a Ini, name: &str) -> Option<&'a Section> {
        ini.sections().find(|(known, _)| *known == name).map(|(_, section)| section)
    }

    fn option<'a>(ini: &'a Ini, section: &str, option: &str) -> Option<&'a str> {
        section_of(ini, section)?.text(option)
    }

    #[test]
    fn options_are_read_as_python_reads_them() {
        let ini = parse(
            "# a comment\n; another\n\n[default] # what is behind it is not read\nRegion = eu-west-1\n\
             output=json\nca_bundle: /a=b\ncredential_process = a \"b c\" # not a comment\n  d\n\
             \n[profile x]\n  region = us-east-1\n  output = text\nempty =\n",
        );
        for (section, name, expected) in [
            ("default", "region", Some("eu-west-1")),
            ("default", "output", Some("json")),
            ("default", "ca_bundle", Some("/a=b")),
            ("default", "credential_process", Some("a \"b c\" # not a comment\nd")),
            ("default", "Region", None),
            ("profile x", "region", Some("us-east-1")),
            ("profile x", "output", Some("text")),
            ("profile x", "empty", Some("")),
            ("x", "region", None),
        ] {
            assert_eq!(option(&ini, section, name), expected, "{section} {name}");
        }
    }

    #[test]
    fn what_is_indented_below_an_option_is_a_block() {
        let ini = parse(
            "[profile x]\ns3 =\n  max = 1\n\n  # no more\n  min=2\nregion = r\n\
             [services y]\nswf = \n  endpoint_url = http://h:1/\n",
        );
        let x = section_of(&ini, "profile x").expect("it is there");
        assert_eq!((x.nested("s3", "max"), x.nested("s3", "min")), (Some("1"), Some("2")));
        assert_eq!(
            (x.text("s3"), x.text("region"), x.nested("region", "r")),
            (None, Some("r"), None)
        );
        let services = section_of(&ini, "services y").expect("it is there");
        assert_eq!(services.nested("swf", "endpoint_url"), Some("http://h:1/"));
    }

    #[test]
    fn the_section_for_all_is_in_all() {
        let ini = parse("[DEFAULT]\nregion = r\noutput = text\n[a]\noutput = json\n[b]\n");
        assert_eq!(option(&ini, "a", "region"), Some("r"));
        assert_eq!(option(&ini, "a", "output"), Some("json"));
        assert_eq!(option(&ini, "b", "output"), Some("text"));
        assert_eq!(ini.sections().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for (text, error) in [
            ("region = r\n", IniError::NoSection { line: 1 }),
            ("[a]\n[b]\n[a]\n", IniError::Repeated { line: 3 }),
            ("[a]\nx = 1\nX = 2\n", IniError::Repeated { line: 3 }),
            ("[a]\n\nregion\n", IniError::NoSetting { line: 3 }),
            ("[a]\n= 1\n", IniError::NoSetting { line: 2 }),
            ("[a]\n[]\n", IniError::NoSetting { line: 2 }),
            ("[a]\ns3 =\n  nothing\n", IniError::NoSetting { line: 0 }),
        ] {
            assert_eq!(Ini::parse(text), Err(error), "{text}");
        }
    }
}
