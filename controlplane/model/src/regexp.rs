//! Regular expressions of users. What is wrong with one is said in the words of Go's parser, which clients know.

use regex::{Regex, RegexBuilder};

/// What a compiled expression may take: more than any sensible one needs.
const SIZE_MAX: usize = 1 << 20;

/// Compiles an expression.
///
/// # Errors
/// What is wrong with it.
pub fn compile(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(SIZE_MAX).build().map_err(|error| {
        let shown = error.to_string();
        // The last line says what it is; those before it draw where.
        let what = shown.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let go = match what {
            "unclosed group" => "missing closing )",
            "unopened group" => "unexpected )",
            "unclosed character class" => "missing closing ]",
            "repetition operator missing expression" => "missing argument to repetition operator",
            "unrecognized escape sequence" | "incomplete escape sequence, reached end of pattern prematurely" => {
                "invalid escape sequence"
            }
            _ if what.contains("look-around") => "invalid or unsupported Perl syntax",
            other => other,
        };
        let operator = text.find(['*', '+', '?']).filter(|_| go.ends_with("repetition operator"));
        let shown = operator.map_or(text, |at| &text[at..=at]);
        format!("error parsing regexp: {go}: `{shown}`")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::compile;

    #[test]
    fn faults_are_said_in_gos_words() {
        let refused = |text: &str| compile(text).unwrap_err();
        assert_eq!(refused("(("), "error parsing regexp: missing closing ): `((`");
        assert_eq!(refused("a)"), "error parsing regexp: unexpected ): `a)`");
        assert_eq!(refused("[a"), "error parsing regexp: missing closing ]: `[a`");
        assert_eq!(refused("*a"), "error parsing regexp: missing argument to repetition operator: `*`");
        assert_eq!(refused("(?=a)"), "error parsing regexp: invalid or unsupported Perl syntax: `(?=a)`");
        assert!(refused("(a{1000}){1000}").contains("size limit"));
        assert!(compile("^a.*$").unwrap().is_match("ab"));
    }
}
