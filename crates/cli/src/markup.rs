//! The small part of HTML that AWS's documentation of SWF is written in: paragraphs, lists, notes,
//! bold, italic and code; a test reads every text that there is.

use crate::page::{Block, Span, Style};

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Text(&'a str),
    Open(&'a str),
    Close(&'a str),
}

/// Reads a text.
pub(crate) fn blocks(html: &str) -> Vec<Block> {
    let tokens = tokens(html);
    Reader { tokens: &tokens, at: 0 }.blocks(None)
}

/// All text without its markup, spaces as they are.
pub(crate) fn stripped(html: &str) -> String {
    let texts = tokens(html).into_iter().filter_map(|token| match token {
        Token::Text(text) => Some(unescaped(text)),
        Token::Open(_) | Token::Close(_) => None,
    });
    texts.collect()
}

fn tokens(html: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut left = html;
    while !left.is_empty() {
        let (text, tag) = left.split_once('<').unwrap_or((left, ""));
        if !text.is_empty() {
            tokens.push(Token::Text(text));
        }
        let (tag, behind) = tag.split_once('>').unwrap_or((tag, ""));
        let name = tag.split(' ').next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) => tokens.push(Token::Close(name)),
            None if !name.is_empty() => tokens.push(Token::Open(name)),
            None => (),
        }
        left = behind;
    }
    tokens
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.get(self.at).copied();
        self.at += 1;
        token
    }

    /// Everything up to the end of a tag, or to the end of all.
    fn blocks(&mut self, end: Option<&str>) -> Vec<Block> {
        let mut blocks = Vec::new();
        while let Some(token) = self.next() {
            match token {
                Token::Close(name) if Some(name) == end => break,
                Token::Open("p") => blocks.extend(self.paragraph("p")),
                Token::Open("ul") => blocks.push(Block::Bullets(self.items())),
                Token::Open("note") => blocks.push(Block::Aside("NOTE", self.blocks(Some("note")))),
                Token::Open("important") => {
                    blocks.push(Block::Aside("WARNING", self.blocks(Some("important"))));
                }
                Token::Open("pre") => blocks.push(Block::Code(self.raw("pre"))),
                // The name of the service, which the page has elsewhere.
                Token::Open("fullname") => {
                    self.raw("fullname");
                }
                Token::Text(text) if text.trim().is_empty() => (),
                // Text without a paragraph around it is one up to the next block.
                Token::Text(_) | Token::Open("b" | "code" | "i" | "a") => {
                    self.at -= 1;
                    blocks.extend(self.paragraph(""));
                }
                Token::Open(_) | Token::Close(_) => (),
            }
        }
        blocks
    }

    fn items(&mut self) -> Vec<Vec<Block>> {
        let mut items = Vec::new();
        while let Some(token) = self.next() {
            match token {
                Token::Close("ul") => break,
                Token::Open("li") => items.push(self.blocks(Some("li"))),
                Token::Text(_) | Token::Open(_) | Token::Close(_) => (),
            }
        }
        items
    }

    /// The text up to the end of a tag.
    fn raw(&mut self, end: &str) -> String {
        let mut raw = String::new();
        while let Some(token) = self.next() {
            match token {
                Token::Text(text) => raw.push_str(&unescaped(text)),
                Token::Close(name) if name == end => break,
                Token::Open(_) | Token::Close(_) => (),
            }
        }
        raw
    }

    /// Running text up to the end of its tag, or to where another block begins or ends.
    fn paragraph(&mut self, end: &str) -> Option<Block> {
        let mut spans = Vec::new();
        let mut styles = vec![Style::Plain];
        while let Some(token) = self.next() {
            match token {
                Token::Text(text) => {
                    push(&mut spans, &unescaped(text), *styles.last().expect("there is one"));
                }
                Token::Open("b" | "code") => styles.push(Style::Bold),
                Token::Open("i" | "a") => styles.push(Style::Italic),
                Token::Close("b" | "code" | "i" | "a") => {
                    if styles.len() > 1 {
                        styles.pop();
                    }
                }
                Token::Close(name) if name == end => break,
                Token::Open(_) | Token::Close(_) => {
                    self.at -= 1;
                    break;
                }
            }
        }
        if let Some(last) = spans.last_mut() {
            last.text.truncate(last.text.trim_end().len());
        }
        spans.retain(|span: &Span| !span.text.is_empty());
        (!spans.is_empty()).then_some(Block::Paragraph(spans))
    }
}

/// Adds text to others, with one space where there are several.
fn push(spans: &mut Vec<Span>, text: &str, style: Style) {
    let after_space = spans.last().is_none_or(|span| span.text.ends_with(' '));
    let mut single = String::new();
    for letter in text.chars() {
        if !letter.is_whitespace() {
            single.push(letter);
        } else if if single.is_empty() { !after_space } else { !single.ends_with(' ') } {
            single.push(' ');
        }
    }
    if single.is_empty() {
        return;
    }
    match spans.last_mut() {
        Some(last) if last.style == style => last.text.push_str(&single),
        Some(_) | None => spans.push(Span { text: single, style }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documentation::Documentation;
    use crate::model::Model;
    use crate::page::{Look, Page};

    #[track_caller]
    fn check(html: &str, expected: &str) {
        let page = Page { name: String::new(), sections: vec![("X", blocks(html))] };
        let text = page.text(Look { columns: 80, styled: false });
        let text = text.strip_prefix("X\n").expect("the heading").replace("\n       ", "\n");
        assert_eq!(text.trim(), expected, "{html}");
    }

    #[test]
    fn paragraphs_and_styles() {
        check("<p>One <b>two</b>\n <i>three</i>.</p><p> </p><p>Four</p>", "One two three.\n\nFour");
        check("One <code>two</code> <p>three</p>", "One two\n\nthree");
        check("<fullname>Name</fullname> <p>a <a href=\"b\">c</a>, d</p>", "a c, d");
        check("<p>&lt;a&gt; &amp;amp;</p>", "<a> &amp;");
    }

    #[test]
    fn lists_and_notes() {
        check("<ul> <li> <p>a</p> <ul> <li> <p>b</p> </li> </ul> </li> <li>c</li> </ul>", {
            "o a\n\n  o b\n\no c"
        });
        check("<note> <p>a</p> </note> <important> <p>b</p> </important>", {
            "NOTE:\n    a\n\nWARNING:\n    b"
        });
        check("<pre>{\n  a &lt;\n}</pre>", "{\n      a <\n    }");
    }

    #[test]
    fn no_markup_is_left_in_any_text() {
        let documentation = Documentation::get();
        for operation in Model::get().operations() {
            let texts = [documentation.operation(operation)]
                .into_iter()
                .chain(documentation.examples(operation));
            for text in texts {
                let blocks = format!("{:?}", blocks(text));
                for mark in ["<p", "</", "<b", "<i", "<code", "&lt;", "&gt;"] {
                    assert!(!blocks.contains(mark), "{} has {mark}", operation.name);
                }
            }
        }
    }

    #[test]
    fn nothing_is_lost_with_the_markup() {
        assert_eq!(stripped("<p>A <b>b</b>.</p> <p>C</p>"), "A b. C");
    }
}
