//! A page of help as blocks, and how it looks as text. What is on it comes from elsewhere.

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Its name as a man page: `tidewheel-swf`.
    pub name: String,
    /// Headings and what is below them.
    pub sections: Vec<(&'static str, Vec<Block>)>,
}

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Running text.
    Paragraph(Vec<Span>),
    /// Items with a bullet each.
    Bullets(Vec<Vec<Block>>),
    /// Something to mind, with its heading.
    Aside(&'static str, Vec<Block>),
    /// Lines that stay as they are.
    Code(String),
    /// A heading with what belongs to it, indented.
    Entry(Vec<Span>, Vec<Block>),
}

/// Text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The text; spaces in it are single.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Bold,
    Italic,
}

impl Span {
    pub fn plain(text: impl Into<String>) -> Span {
        Span { text: text.into(), style: Style::Plain }
    }

    pub fn bold(text: impl Into<String>) -> Span {
        Span { text: text.into(), style: Style::Bold }
    }
}

impl Block {
    /// A paragraph of plain text.
    pub fn text(text: impl Into<String>) -> Block {
        Block::Paragraph(vec![Span::plain(text)])
    }

    /// A list of plain texts.
    pub fn list(items: impl IntoIterator<Item = String>) -> Block {
        Block::Bullets(items.into_iter().map(|item| vec![Block::text(item)]).collect())
    }
}

/// How a page is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// How many columns there are. A word that is longer stands out.
    pub columns: usize,
    /// Whether what is bold or italic is shown so, with the codes of a terminal.
    pub styled: bool,
}

/// How far the text of a section is indented, as in a man page.
const INDENT: usize = 7;

/// How much further an entry is.
const INDENT_ENTRY: usize = 4;

impl Page {
    /// The page as text.
    pub fn text(&self, look: Look) -> String {
        let mut writer = Writer { look, text: String::new() };
        for (heading, blocks) in &self.sections {
            writer.line(0, &styled(heading, Style::Bold, look));
            for (place, block) in blocks.iter().enumerate() {
                writer.block(block, INDENT, place > 0);
            }
            writer.text.push('\n');
        }
        writer.text.truncate(writer.text.trim_end().len());
        writer.text.push('\n');
        writer.text
    }
}

struct Writer {
    look: Look,
    text: String,
}

impl Writer {
    fn line(&mut self, indent: usize, line: &str) {
        if !line.is_empty() {
            self.text.extend(std::iter::repeat_n(' ', indent));
            self.text.push_str(line);
        }
        self.text.push('\n');
    }

    fn blocks(&mut self, blocks: &[Block], indent: usize) {
        for block in blocks {
            self.block(block, indent, true);
        }
    }

    /// Writes a block; `apart` puts an empty line before it.
    fn block(&mut self, block: &Block, indent: usize, apart: bool) {
        if apart {
            self.text.push('\n');
        }
        match block {
            Block::Paragraph(spans) => self.paragraph(spans, indent),
            Block::Bullets(items) => {
                for (place, item) in items.iter().enumerate() {
                    let start = self.text.len();
                    for (inner, block) in item.iter().enumerate() {
                        self.block(block, indent + 2, place + inner > 0);
                    }
                    // The bullet goes where the item's first line is indented.
                    let blank = self.text[start..].bytes().take_while(|byte| *byte == b'\n');
                    let at = start + blank.count() + indent;
                    if self.text.get(at..=at) == Some(" ") {
                        self.text.replace_range(at..=at, "o");
                    }
                }
            }
            Block::Aside(heading, blocks) => {
                self.line(indent, &styled(&format!("{heading}:"), Style::Bold, self.look));
                for (place, block) in blocks.iter().enumerate() {
                    self.block(block, indent + INDENT_ENTRY, place > 0);
                }
            }
            Block::Code(code) => {
                for line in code.lines() {
                    self.line(indent + INDENT_ENTRY, line);
                }
            }
            Block::Entry(heading, blocks) => {
                self.paragraph(heading, indent);
                self.blocks(blocks, indent + INDENT_ENTRY);
            }
        }
    }

    fn paragraph(&mut self, spans: &[Span], indent: usize) {
        let mut line = String::new();
        let mut width = 0;
        for word in words(spans) {
            let length: usize = word.iter().map(|span| span.text.chars().count()).sum();
            if width > 0 && indent + width + 1 + length > self.look.columns {
                self.line(indent, &std::mem::take(&mut line));
                width = 0;
            }
            if width > 0 {
                line.push(' ');
                width += 1;
            }
            for span in word {
                line.push_str(&styled(&span.text, span.style, self.look));
            }
            width += length;
        }
        self.line(indent, &line);
    }
}

/// Text between spaces; a word can have several styles.
pub(crate) fn words(spans: &[Span]) -> Vec<Vec<Span>> {
    let mut words = vec![Vec::new()];
    for span in spans {
        for (place, part) in span.text.split(' ').enumerate() {
            if place > 0 {
                words.push(Vec::new());
            }
            if !part.is_empty() {
                let part = Span { text: part.to_owned(), style: span.style };
                words.last_mut().expect("there is one").push(part);
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn styled(text: &str, style: Style, look: Look) -> String {
    let code = match style {
        Style::Bold if look.styled => "1",
        Style::Italic if look.styled => "4",
        Style::Plain | Style::Bold | Style::Italic => return text.to_owned(),
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let italic = Span { text: "a few".to_owned(), style: Style::Italic };
        let paragraph = vec![Span::plain("Some text of "), italic, Span::plain(", words.")];
        Page {
            name: "p".to_owned(),
            sections: vec![
                ("NAME", vec![Block::text("p")]),
                (
                    "MORE",
                    vec![
                        Block::Paragraph(paragraph.clone()),
                        Block::Bullets(vec![
                            vec![
                                Block::text("one"),
                                Block::text("more of it, and more than a line"),
                            ],
                            vec![Block::text("two")],
                        ]),
                        Block::Aside("NOTE", vec![Block::text("mind")]),
                        Block::Entry(
                            vec![Span::bold("--opt")],
                            vec![
                                Block::Paragraph(paragraph),
                                Block::Code("{\n  1\n\n}".to_owned()),
                            ],
                        ),
                    ],
                ),
            ],
        }
    }

    #[test]
    fn text_is_indented_and_wrapped() {
        let expected = "\
NAME
       p

MORE
       Some text of a few,
       words.

       o one

         more of it, and more
         than a line

       o two

       NOTE:
           mind

       --opt

           Some text of a few,
           words.

               {
                 1

               }
";
        assert_eq!(page().text(Look { columns: 30, styled: false }), expected);
    }

    #[test]
    fn styles_take_no_room() {
        let text = page().text(Look { columns: 30, styled: true });
        let styled = "Some text of \u{1b}[4ma\u{1b}[0m \u{1b}[4mfew\u{1b}[0m,\n";
        assert!(text.contains(styled), "{text}");
        assert!(text.starts_with("\u{1b}[1mNAME\u{1b}[0m\n"));
    }
}
