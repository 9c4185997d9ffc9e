//! Regular expressions as proxies evaluate them.
//!
//! Users' expressions are checked by Rust's engine and run by RE2, whose syntax differs in places: what
//! one reads as a set operation is text to the other. So an expression is parsed and written out anew,
//! in the part of the syntax that both read alike, and for ASCII text only.

use std::fmt::Write as _;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Capture, Class, Hir, HirKind, Look, Repetition};

/// RE2 refuses higher counts, nested ones multiplied.
const REPEAT_MAX: u32 = 1000;
/// What a written-out expression may grow to when its counts are expanded.
const SIZE_MAX: usize = 20_000;

/// The expression for whole ASCII texts in RE2's syntax. `None` when it is none, or beyond what proxies
/// evaluate.
pub(super) fn translate(pattern: &str) -> Option<String> {
    let hir = ParserBuilder::new().utf8(false).build().parse(pattern).ok()?;
    // Whoever evaluates it puts it between brackets; after that it must still be the same.
    ParserBuilder::new().utf8(false).build().parse(&format!("\\A(?:{pattern})\\z")).ok()?;
    let mut out = Writer { text: String::new(), budget: SIZE_MAX };
    out.write(&hir, 1)?;
    Some(out.text)
}

struct Writer {
    text: String,
    budget: usize,
}

impl Writer {
    /// Writes `hir`, which is repeated `times` by what it stands in.
    fn write(&mut self, hir: &Hir, times: u32) -> Option<()> {
        self.budget = self.budget.checked_sub(times as usize)?;
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => return self.literal(&literal.0, times),
            HirKind::Class(class) => self.class(class),
            HirKind::Look(look) => self.text.push_str(assertion(*look)?),
            HirKind::Repetition(repetition) => return self.repetition(repetition, times),
            HirKind::Capture(Capture { sub, .. }) => return self.group(sub, times),
            HirKind::Concat(parts) => {
                for part in parts {
                    self.group(part, times)?;
                }
            }
            HirKind::Alternation(parts) => {
                for (position, part) in parts.iter().enumerate() {
                    self.text.push_str(if position == 0 { "" } else { "|" });
                    self.group(part, times)?;
                }
            }
        }
        Some(())
    }

    fn group(&mut self, hir: &Hir, times: u32) -> Option<()> {
        match hir.kind() {
            HirKind::Empty | HirKind::Concat(_) | HirKind::Alternation(_) => self.bracketed(hir, times),
            HirKind::Class(_)
            | HirKind::Look(_)
            | HirKind::Literal(_)
            | HirKind::Capture(_)
            | HirKind::Repetition(_) => self.write(hir, times),
        }
    }

    fn bracketed(&mut self, hir: &Hir, times: u32) -> Option<()> {
        self.text.push_str("(?:");
        self.write(hir, times)?;
        self.text.push(')');
        Some(())
    }

    fn literal(&mut self, bytes: &[u8], times: u32) -> Option<()> {
        self.budget = self.budget.checked_sub(bytes.len().checked_mul(times as usize)?)?;
        if !bytes.is_ascii() {
            self.text.push_str(NOTHING);
            return Some(());
        }
        for byte in bytes {
            self.byte(*byte);
        }
        Some(())
    }

    fn class(&mut self, class: &Class) {
        let ranges: Vec<(u32, u32)> = match class {
            Class::Unicode(class) => class.iter().map(|range| (range.start().into(), range.end().into())).collect(),
            Class::Bytes(class) => class.iter().map(|range| (range.start().into(), range.end().into())).collect(),
        };
        let ascii = ranges.into_iter().filter(|(start, _)| *start < 0x80).map(|(start, end)| (start, end.min(0x7f)));
        let ascii: Vec<_> = ascii.filter_map(|(a, z)| Some((u8::try_from(a).ok()?, u8::try_from(z).ok()?))).collect();
        if ascii.is_empty() {
            self.text.push_str(NOTHING);
            return;
        }
        self.text.push('[');
        for (start, end) in ascii {
            self.byte(start);
            self.text.push('-');
            self.byte(end);
        }
        self.text.push(']');
    }

    fn repetition(&mut self, repetition: &Repetition, times: u32) -> Option<()> {
        let Repetition { min, max, greedy, sub } = repetition;
        let most = max.unwrap_or(*min).max(*min).max(1);
        let nested = times.checked_mul(most).filter(|count| *count <= REPEAT_MAX)?;
        if matches!(sub.kind(), HirKind::Class(_)) {
            self.write(sub, nested)?;
        } else {
            self.bracketed(sub, nested)?;
        }
        match (min, max) {
            (0, None) => self.text.push('*'),
            (1, None) => self.text.push('+'),
            (0, Some(1)) => self.text.push('?'),
            (min, None) => self.put(format_args!("{{{min},}}")),
            (min, Some(max)) if min == max => self.put(format_args!("{{{min}}}")),
            (min, Some(max)) => self.put(format_args!("{{{min},{max}}}")),
        }
        self.text.push_str(if *greedy { "" } else { "?" });
        Some(())
    }

    fn byte(&mut self, byte: u8) {
        if byte.is_ascii_alphanumeric() {
            self.text.push(char::from(byte));
        } else {
            self.put(format_args!("\\x{byte:02x}"));
        }
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(text);
    }
}

/// Matches no ASCII text.
const NOTHING: &str = "[^\\x00-\\x7f]";

fn assertion(look: Look) -> Option<&'static str> {
    Some(match look {
        Look::Start => "\\A",
        Look::End => "\\z",
        Look::StartLF => "(?m:^)",
        Look::EndLF => "(?m:$)",
        // On ASCII text both kinds are the same.
        Look::WordAscii | Look::WordUnicode => "\\b",
        Look::WordAsciiNegate | Look::WordUnicodeNegate => "\\B",
        Look::StartCRLF
        | Look::EndCRLF
        | Look::WordStartAscii
        | Look::WordEndAscii
        | Look::WordStartUnicode
        | Look::WordEndUnicode
        | Look::WordStartHalfAscii
        | Look::WordEndHalfAscii
        | Look::WordStartHalfUnicode
        | Look::WordEndHalfUnicode => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use regex::bytes::RegexBuilder;

    use super::*;

    #[test]
    fn what_the_engines_read_differently_is_written_out() {
        for (pattern, expected) in [
            ("/v[0-9]+/.*", r"\x2fv[0-9]+\x2f[\x00-\x09\x0b-\x7f]*"),
            ("[a-z&&[^b]]", "[a-ac-z]"),
            (r"\d", "[0-9]"),
            ("é", NOTHING),
        ] {
            assert_eq!(translate(pattern).as_deref(), Some(expected), "{pattern}");
        }
    }

    #[test]
    fn what_proxies_cannot_evaluate_is_refused() {
        for pattern in ["(", "a{1001}", "((a{40}){40}){2}", r"\b{start}a", "(?R:^a)(?Rm)$", "a)|(?:b", "(?x)a #"] {
            assert_eq!(translate(pattern), None, "{pattern}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_translation_matches_what_the_original_matches(
            pattern in r"((\(\?[ims]\))?([a-c/.,]|\\[dwsDWSbB/.]|[\[][\^]?[a-c][a-c\-][b-c]?\]|\((a|b|c|\|)*\)|\||[*+?]|\{[0-3](,[0-4]?)?\}|\^|\$){0,6})",
            text in "[a-c/., \n]{0,8}",
        ) {
            let whole = |pattern: &str, unicode: bool| {
                RegexBuilder::new(&format!("\\A(?:{pattern})\\z")).unicode(unicode).build()
            };
            if let (Ok(original), Some(translated)) = (whole(&pattern, true), translate(&pattern)) {
                let translated = whole(&translated, false).unwrap();
                prop_assert_eq!(original.is_match(text.as_bytes()), translated.is_match(text.as_bytes()), "{}", pattern);
            }
        }
    }
}
