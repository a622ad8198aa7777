//! A page of help as a man page: the macros of `man(7)`, and no others.

use crate::page::{Block, Page, Span, Style};

impl Page {
    /// The page in roff.
    pub(crate) fn roff(&self) -> String {
        let name = self.name.to_ascii_uppercase();
        let mut roff = format!(".TH \"{}\" \"1\" \"\" \"Tidewheel\" \"\"\n", escaped(&name));
        for (heading, blocks) in &self.sections {
            roff.push_str(&format!(".SH {heading}\n"));
            // A heading begins a paragraph, and what indexes pages wants none in NAME.
            let (first, others) = match blocks.split_first() {
                Some((Block::Paragraph(spans), others)) => (spans.as_slice(), others),
                Some(_) | None => (&[][..], blocks.as_slice()),
            };
            if !first.is_empty() {
                write_line(&mut roff, first);
            }
            others.iter().for_each(|block| write_block(&mut roff, block));
        }
        roff
    }
}

fn write_block(roff: &mut String, block: &Block) {
    match block {
        Block::Paragraph(spans) => {
            roff.push_str(".PP\n");
            write_line(roff, spans);
        }
        Block::Bullets(items) => {
            for item in items {
                let (first, others) = match item.split_first() {
                    Some((Block::Paragraph(spans), others)) => (spans.as_slice(), others),
                    Some(_) | None => (&[][..], item.as_slice()),
                };
                roff.push_str(".IP \\(bu 2\n");
                write_line(roff, first);
                if !others.is_empty() {
                    indented(roff, others, 2);
                }
            }
            // What follows is no longer of the last item.
            roff.push_str(".PP\n");
        }
        Block::Aside(heading, blocks) => {
            roff.push_str(&format!(".PP\n\\fB{heading}:\\fR\n"));
            indented(roff, blocks, 4);
        }
        Block::Code(code) => {
            roff.push_str(".PP\n.RS 4\n.nf\n");
            for line in code.lines() {
                roff.push_str(&protected(&escaped(line)));
                roff.push('\n');
            }
            roff.push_str(".fi\n.RE\n");
        }
        Block::Entry(heading, blocks) => {
            roff.push_str(".PP\n");
            write_line(roff, heading);
            indented(roff, blocks, 4);
        }
    }
}

fn indented(roff: &mut String, blocks: &[Block], indent: usize) {
    roff.push_str(&format!(".RS {indent}\n"));
    blocks.iter().for_each(|block| write_block(roff, block));
    roff.push_str(".RE\n");
}

fn write_line(roff: &mut String, spans: &[Span]) {
    let mut line = String::new();
    for span in spans {
        let text = escaped(&span.text);
        match span.style {
            Style::Plain => line.push_str(&text),
            Style::Bold => line.push_str(&format!("\\fB{text}\\fR")),
            Style::Italic => line.push_str(&format!("\\fI{text}\\fR")),
        }
    }
    roff.push_str(&protected(&line));
    roff.push('\n');
}

/// A text with nothing in it that roff would take for more than a letter.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '\'' => escaped.push_str("\\(aq"),
            '`' => escaped.push_str("\\(ga"),
            '"' => escaped.push_str("\\(dq"),
            '^' => escaped.push_str("\\(ha"),
            '~' => escaped.push_str("\\(ti"),
            letter if letter.is_ascii() => escaped.push(letter),
            letter => escaped.push_str(&format!("\\[u{:04X}]", u32::from(letter))),
        }
    }
    escaped
}

/// A line that is no request, whatever it begins with.
fn protected(line: &str) -> String {
    if line.starts_with('.') { format!("\\&{line}") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::help::manual;
    use crate::model::Model;

    #[test]
    fn nothing_in_a_text_is_a_request() {
        let page = Page {
            name: "a-b".to_owned(),
            sections: vec![
                ("NAME", vec![Block::Paragraph(vec![Span::bold(".x"), Span::plain(" \\ 'y' –")])]),
                (
                    "MORE",
                    vec![
                        Block::Code(".nf\n  \"z\"".to_owned()),
                        Block::Bullets(vec![vec![Block::text("one"), Block::text("two")]]),
                        Block::Entry(vec![Span::plain("--o")], vec![Block::text("does")]),
                    ],
                ),
            ],
        };
        let expected = r#".TH "A\-B" "1" "" "Tidewheel" ""
.SH NAME
\fB.x\fR \e \(aqy\(aq \[u2013]
.SH MORE
.PP
.RS 4
.nf
\&.nf
  \(dqz\(dq
.fi
.RE
.IP \(bu 2
one
.RS 2
.PP
two
.RE
.PP
.PP
\-\-o
.RS 4
.PP
does
.RE
"#;
        assert_eq!(page.roff(), expected);
    }

    #[test]
    fn every_page_ends_what_it_begins() {
        let pages = Model::get().operations().iter().map(Some).chain([None]);
        for page in pages.map(manual) {
            let count =
                |request: &str| page.lines().filter(|line| line.starts_with(request)).count();
            assert_eq!(count(".RS"), count(".RE"));
            assert_eq!(count(".nf"), count(".fi"));
            assert!(page.starts_with(".TH \"TIDEWHEEL\\-SWF"), "{page}");
            assert!(page.lines().all(|line| !line.starts_with('\'')));
        }
    }
}
