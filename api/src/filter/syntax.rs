//! The grammar of filters.
//!
//! ```text
//! or        := and ("or" and)*          and := not ("and" not)*
//! not       := "not" not | "(" or ")" | condition
//! condition := selector ("==" | "!=") value | selector "is" ["not"] "empty"
//!            | selector ["not"] ("contains" | "matches") value | value ["not"] "in" selector
//! selector  := name ("." name | "[" quoted "]")*
//! value     := quoted | number | selector
//! ```
//!
//! A text that does not parse is refused as Consul's parser does it: with the furthest position that was
//! reached and what could have stood there.

use std::cell::RefCell;
use std::collections::BTreeSet;

use winnow::combinator::{alt, opt};
use winnow::error::{EmptyError, ErrMode, ParserError as _};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location as _, Stateful};
use winnow::token::{literal, one_of, take_while};

use super::expression::{Expression, Operator, Written};

/// Deeper expressions are refused: every level costs stack.
const DEPTH_MAX: usize = 64;

type Input<'i> = Stateful<LocatingSlice<&'i str>, &'i Trace>;
type Parse<T> = ModalResult<T, EmptyError>;

/// How far the parser came.
#[derive(Debug, Default)]
struct Trace {
    /// The furthest position at which something was missing, and what it was.
    missing: RefCell<(usize, BTreeSet<&'static str>)>,
    /// A fault that ends the parse: position and text.
    fatal: RefCell<Option<(usize, &'static str)>>,
    depth: RefCell<usize>,
}

/// Reads a filter.
///
/// # Errors
/// `line:column (offset): ` and what is wrong there.
pub(super) fn parse(text: &str) -> Result<Expression<Written>, String> {
    let trace = Trace::default();
    let mut input = Input { input: LocatingSlice::new(text), state: &trace };
    match (opt(space), disjunction, opt(space), end).parse_next(&mut input) {
        Ok((_, expression, ..)) => Ok(expression),
        Err(_) => Err(trace.describe(text)),
    }
}

impl Trace {
    fn describe(&self, text: &str) -> String {
        if let Some((at, fault)) = *self.fatal.borrow() {
            return format!("{}: {fault}", place(text, at));
        }
        let (at, missing) = &*self.missing.borrow();
        let mut shown: Vec<_> = missing.iter().copied().filter(|what| *what != END).collect();
        shown.extend(missing.get(END));
        let list = match shown.as_slice() {
            [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
            few => few.concat(),
        };
        format!("{}: no match found, expected: {list}", place(text, *at))
    }

    fn miss<T>(&self, at: usize, what: &'static str) -> Parse<T> {
        let mut missing = self.missing.borrow_mut();
        if at > missing.0 {
            *missing = (at, BTreeSet::new());
        }
        if at == missing.0 {
            missing.1.insert(what);
        }
        Err(ErrMode::Backtrack(EmptyError))
    }
}

fn place(text: &str, at: usize) -> String {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{line}:{column} ({at})")
}

/// Ends the parse with this fault at the current position.
fn fail<T>(input: &Input<'_>, fault: &'static str) -> Parse<T> {
    *input.state.fatal.borrow_mut() = Some((input.current_token_start(), fault));
    Err(ErrMode::from_input(input).cut())
}

// --- terminals ---------------------------------------------------------------------------------------

const END: &str = "EOF";

/// This text; `shown` is how it is listed among what is missing.
fn token<'i>(text: &'static str, shown: &'static str) -> impl Parser<Input<'i>, (), ErrMode<EmptyError>> {
    move |input: &mut Input<'i>| {
        let at = input.current_token_start();
        let found: Parse<_> = literal(text).void().parse_next(input);
        found.or_else(|_| input.state.miss(at, shown))
    }
}

/// One character of a class.
fn class<'i>(holds: fn(char) -> bool, shown: &'static str) -> impl Parser<Input<'i>, char, ErrMode<EmptyError>> {
    move |input: &mut Input<'i>| {
        let at = input.current_token_start();
        let found: Parse<_> = one_of(holds).parse_next(input);
        found.or_else(|_| input.state.miss(at, shown))
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn space(input: &mut Input<'_>) -> Parse<()> {
    class(is_space, r"[ \t\r\n]").parse_next(input)?;
    let _: &str = take_while(0.., is_space).parse_next(input)?;
    let _ = input.state.miss::<()>(input.current_token_start(), r"[ \t\r\n]");
    Ok(())
}

fn end(input: &mut Input<'_>) -> Parse<()> {
    if input.eof_offset() == 0 { Ok(()) } else { input.state.miss(input.current_token_start(), END) }
}

// --- expressions -------------------------------------------------------------------------------------

fn disjunction(input: &mut Input<'_>) -> Parse<Expression<Written>> {
    let mut parts = vec![conjunction(input)?];
    while let Some((_, (), _, part)) = opt((space, token("or", "\"or\""), space, conjunction)).parse_next(input)? {
        parts.push(part);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
}

fn conjunction(input: &mut Input<'_>) -> Parse<Expression<Written>> {
    let mut parts = vec![negation(input)?];
    while let Some((_, (), _, part)) = opt((space, token("and", "\"and\""), space, negation)).parse_next(input)? {
        parts.push(part);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::All(parts) })
}

fn negation(input: &mut Input<'_>) -> Parse<Expression<Written>> {
    if *input.state.depth.borrow() == DEPTH_MAX {
        return fail(input, "the expression is nested too deeply");
    }
    *input.state.depth.borrow_mut() += 1;
    let negated = (token("not", "\"not\""), space, negation).map(|((), (), inner)| Expression::Not(Box::new(inner)));
    let outcome = alt((negated, grouping, condition.map(Expression::Condition))).parse_next(input);
    *input.state.depth.borrow_mut() -= 1;
    outcome
}

fn grouping(input: &mut Input<'_>) -> Parse<Expression<Written>> {
    let (.., inner, _) = (token("(", "\"(\""), opt(space), disjunction, opt(space)).parse_next(input)?;
    match opt(token(")", "\")\"")).parse_next(input)? {
        Some(()) => Ok(inner),
        None => fail(input, "rule \"grouping\": Unmatched parentheses"),
    }
}

fn condition(input: &mut Input<'_>) -> Parse<Written> {
    alt((selector_first, value_first)).parse_next(input)
}

fn selector_first(input: &mut Input<'_>) -> Parse<Written> {
    let selector = selector(input)?;
    let sign = |text, shown, operator| (opt(space), token(text, shown), opt(space)).value(operator);
    let equality = alt((
        sign("==", "\"==\"", Operator::Equal),
        sign("!=", "\"!=\"", Operator::NotEqual),
        words(&[("contains", "\"contains\"")], Operator::In),
        words(&[NOT, ("contains", "\"contains\"")], Operator::NotIn),
        words(&[("matches", "\"matches\"")], Operator::Matches),
        words(&[NOT, ("matches", "\"matches\"")], Operator::NotMatches),
    ));
    let with_value = (equality, value);
    let emptiness = alt((
        closing_words(&[("is", "\"is\""), ("empty", "\"empty\"")], Operator::IsEmpty),
        closing_words(&[("is", "\"is\""), NOT, ("empty", "\"empty\"")], Operator::IsNotEmpty),
    ));
    let (operator, value) = alt((with_value, emptiness.map(|operator| (operator, String::new())))).parse_next(input)?;
    Ok(Written { selector, operator, value })
}

fn value_first(input: &mut Input<'_>) -> Parse<Written> {
    let value = value(input)?;
    let operator = alt((words(&[("in", "\"in\"")], Operator::In), words(&[NOT, ("in", "\"in\"")], Operator::NotIn)))
        .parse_next(input)?;
    match opt(selector).parse_next(input)? {
        Some(selector) => Ok(Written { selector, operator, value }),
        None => fail(input, "rule \"match\": Invalid selector"),
    }
}

type Word = (&'static str, &'static str);
const NOT: Word = ("not", "\"not\"");

/// Words with space around each.
fn words<'i>(words: &'static [Word], operator: Operator) -> impl Parser<Input<'i>, Operator, ErrMode<EmptyError>> {
    (closing_words(words, operator), space).map(|(operator, ())| operator)
}

/// Words with space before each.
fn closing_words<'i>(
    words: &'static [Word],
    operator: Operator,
) -> impl Parser<Input<'i>, Operator, ErrMode<EmptyError>> {
    move |input: &mut Input<'i>| {
        for (word, shown) in words {
            (space, token(word, shown)).parse_next(input)?;
        }
        Ok(operator)
    }
}

// --- selectors and values ----------------------------------------------------------------------------

fn selector(input: &mut Input<'_>) -> Parse<Vec<String>> {
    let mut names = vec![name(input)?];
    while let Some(name) = opt(alt((dotted, index))).parse_next(input)? {
        names.push(name);
    }
    Ok(names)
}

fn name(input: &mut Input<'_>) -> Parse<String> {
    let first = class(|c| c.is_ascii_alphabetic(), "[a-zA-Z]").parse_next(input)?;
    let more: &str = take_while(0.., |c: char| c.is_ascii_alphanumeric() || c == '_').parse_next(input)?;
    let _ = input.state.miss::<()>(input.current_token_start(), "[a-zA-Z0-9_]");
    Ok(format!("{first}{more}"))
}

fn dotted(input: &mut Input<'_>) -> Parse<String> {
    (token(".", "\".\""), name).map(|((), name)| name).parse_next(input)
}

fn index(input: &mut Input<'_>) -> Parse<String> {
    (token("[", "\"[\""), opt(space)).parse_next(input)?;
    let Some(key) = opt(quoted).parse_next(input)? else {
        return fail(input, "rule \"index\": Invalid index");
    };
    opt(space).parse_next(input)?;
    match opt(token("]", "\"]\"")).parse_next(input)? {
        Some(()) => Ok(key),
        None => fail(input, "rule \"index\": Unclosed index expression"),
    }
}

/// A bare word is written like a selector and stands for its text.
fn value(input: &mut Input<'_>) -> Parse<String> {
    alt((selector.map(|names| names.join(".")), number, quoted)).parse_next(input)
}

fn number(input: &mut Input<'_>) -> Parse<String> {
    let start = input.checkpoint();
    let from = input.current_token_start();
    let digit = |c: char| c.is_ascii_digit();
    opt(token("-", "\"-\"")).parse_next(input)?;
    let whole = (class(|c| matches!(c, '1'..='9'), "[1-9]"), take_while(0.., digit)).void();
    alt((token("0", "\"0\""), whole)).parse_next(input)?;
    opt((literal("."), take_while(1.., digit))).parse_next(input)?;
    let to = input.current_token_start();
    let follows = input.peek_token();
    if follows.is_some_and(|next| next != ')' && !is_space(next)) {
        return fail(input, "rule \"number\": Invalid number literal");
    }
    input.reset(&start);
    let text: &str = winnow::token::take(to - from).parse_next(input)?;
    Ok(text.to_owned())
}

fn quoted(input: &mut Input<'_>) -> Parse<String> {
    let quote = alt((token("`", "\"`\"").value('`'), token("\"", r#""\"""#).value('"'))).parse_next(input)?;
    let text: &str = take_while(0.., |c: char| c != quote).parse_next(input)?;
    let closed: Option<char> = opt(one_of(|c: char| c == quote)).parse_next(input)?;
    if closed.is_none() {
        return fail(input, "rule \"string\": Unterminated string literal");
    }
    if quote == '`' {
        return Ok(text.to_owned());
    }
    // Inside double quotes Go's escapes apply; those that JSON has are enough.
    match serde_json::from_str(&format!("\"{text}\"")) {
        Ok(text) => Ok(text),
        Err(_) => fail(input, "rule \"string\": invalid syntax"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn precedence_is_not_and_or() {
        let Expression::Any(parts) = parse("not a==1 and b==2 or (c==3 or d==4) and e==5").unwrap() else {
            panic!("`or` binds weakest")
        };
        assert!(matches!(&parts[0], Expression::All(both) if matches!(both[0], Expression::Not(_))));
        assert!(matches!(&parts[1], Expression::All(both) if matches!(both[0], Expression::Any(_))));
    }

    #[test]
    fn what_is_wrong_is_said_as_consul_says_it() {
        for (text, expected) in [
            ("Port>80", r#"1:5 (4): no match found, expected: "!=", ".", "==", "[", [ \t\r\n] or [a-zA-Z0-9_]"#),
            ("(a == 1", r#"1:8 (7): rule "grouping": Unmatched parentheses"#),
            ("a == ", r#"1:6 (5): no match found, expected: "-", "0", "\"", "`", [ \t\r\n], [1-9] or [a-zA-Z]"#),
            (
                "== 8",
                r#"1:1 (0): no match found, expected: "(", "-", "0", "\"", "`", "not", [ \t\r\n], [1-9] or [a-zA-Z]"#,
            ),
            ("a == 1 or", r"1:10 (9): no match found, expected: [ \t\r\n]"),
            ("a == 8e3", r#"1:7 (6): rule "number": Invalid number literal"#),
            ("a == \"x", r#"1:8 (7): rule "string": Unterminated string literal"#),
            ("a[1] == x", r#"1:3 (2): rule "index": Invalid index"#),
        ] {
            assert_eq!(parse(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn depth_is_limited_and_cheap() {
        let nested = |depth: usize| format!("{}a==1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(DEPTH_MAX - 1)).is_ok());
        assert!(parse(&nested(5000)).unwrap_err().contains("nested too deeply"));
        assert!(parse(&"(".repeat(60)).is_err());
        assert!(parse(&"not ".repeat(5000)).is_err());
    }

    fn printed(expression: &Expression<Written>) -> String {
        match expression {
            Expression::Any(parts) => {
                parts.iter().map(|p| format!("({})", printed(p))).collect::<Vec<_>>().join(" or ")
            }
            Expression::All(parts) => {
                parts.iter().map(|p| format!("({})", printed(p))).collect::<Vec<_>>().join(" and ")
            }
            Expression::Not(inner) => format!("not ({})", printed(inner)),
            Expression::Condition(Written { selector, operator, value }) => {
                let inner: String = selector[1..].iter().map(|name| format!("[`{name}`]")).collect();
                let selector = format!("{}{inner}", selector[0]);
                let value = serde_json::to_string(value).unwrap();
                match operator {
                    Operator::Equal => format!("{selector}=={value}"),
                    Operator::NotEqual => format!("{selector} != {value}"),
                    Operator::In => format!("{value} in {selector}"),
                    Operator::NotIn => format!("{selector} not contains {value}"),
                    Operator::IsEmpty => format!("{selector} is empty"),
                    Operator::IsNotEmpty => format!("{selector}\tis  not\nempty"),
                    Operator::Matches => format!("{selector} matches {value}"),
                    Operator::NotMatches => format!("{selector} not matches {value}"),
                }
            }
        }
    }

    fn condition() -> impl Strategy<Value = Expression<Written>> {
        let operator = prop::sample::select(vec![
            Operator::Equal,
            Operator::NotEqual,
            Operator::In,
            Operator::NotIn,
            Operator::IsEmpty,
            Operator::IsNotEmpty,
            Operator::Matches,
            Operator::NotMatches,
        ]);
        // A double quote cannot be written inside double quotes, escaped or not: Consul's grammar.
        let selector = ("[a-zA-Z][a-zA-Z0-9_]{0,5}", prop::collection::vec("[^`]{0,6}", 0..3));
        (selector, operator, "[^\"\\p{Cc}]{0,8}").prop_map(|((first, rest), operator, value)| {
            let value =
                if matches!(operator, Operator::IsEmpty | Operator::IsNotEmpty) { String::new() } else { value };
            let selector = std::iter::once(first).chain(rest).collect();
            Expression::Condition(Written { selector, operator, value })
        })
    }

    fn expression() -> impl Strategy<Value = Expression<Written>> {
        condition().prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::Any),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::All),
                inner.prop_map(|inner| Expression::Not(Box::new(inner))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_back(expression in expression()) {
            let text = printed(&expression);
            prop_assert_eq!(parse(&text), Ok(expression), "{}", text);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[a-z0-9 .()\"`=!\\[\\]é-]{0,40}") {
            let _ = parse(&text);
        }
    }
}
