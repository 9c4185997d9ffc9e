//! A permission as conditions on a request.
//!
//! A request can leave it open whether it matches: a path that applications read differently, a header
//! with several values. A permission that denies matches such a request (`Side::Deny`), one that allows
//! does not (`Side::Allow`).

use weft_model::intention::{Action, HeaderPermission, HttpPermission, Permission};

use super::expr::{Expr, Form, Text};
use super::request::header_name;
use super::{path, re2};
use crate::names;

/// To which side a doubt falls.
pub(super) type Side = Action;

/// Text of ASCII characters only: a regular expression cannot be trusted with other bytes.
pub(super) const ASCII: &str = "[\\x00-\\x7f]*";

/// When the permission matches. One that was never validated matches as it is safe.
pub(super) fn permission(permission: &Permission, guard_paths: bool) -> Expr {
    let side = side(permission);
    match &permission.http {
        Some(http) => conditions(http, side, guard_paths),
        None => Expr::Always(side == Side::Deny),
    }
}

/// What the permission does with what it matches.
pub(super) fn side(permission: &Permission) -> Side {
    permission.action.unwrap_or(Action::Deny)
}

fn conditions(http: &HttpPermission, side: Side, guard_paths: bool) -> Expr {
    let path = path_text(http).map(|text| match (text, guard_paths) {
        (None, _) => Expr::Always(side == Side::Deny),
        (Some(text), false) => Expr::Path(text),
        (Some(text), true) => guarded(Expr::Path(text), side),
    });
    // Applications that do not care for a method's case are many.
    let ignore_case = side == Side::Deny;
    let method = |method: &String| Text { ignore_case, ..Text::of(Form::Exact, method) };
    let methods = http.methods.iter().map(|name| header(":method", method(name)));
    let methods = (!http.methods.is_empty()).then(|| Expr::any(methods.collect()));
    let headers = http.header.iter().map(|header| header_condition(header, side));
    Expr::all(path.into_iter().chain(methods).chain(headers).collect())
}

/// The path criterion; `Some(None)` when it cannot be expressed.
fn path_text(http: &HttpPermission) -> Option<Option<Text>> {
    let forms = [(Form::Exact, &http.path_exact), (Form::Prefix, &http.path_prefix), (Form::Regex, &http.path_regex)];
    let (form, value) = forms.into_iter().find(|(_, value)| !value.is_empty())?;
    Some(text(form, value, false))
}

fn guarded(condition: Expr, side: Side) -> Expr {
    let plain = Expr::Path(Text::regex(path::PLAIN));
    match side {
        Side::Allow => Expr::all(vec![plain, condition]),
        Side::Deny => Expr::any(vec![plain.not(), condition]),
    }
}

fn header_condition(header: &HeaderPermission, side: Side) -> Expr {
    let name = header_name(&header.name);
    let Some((form, value)) = header_criterion(header) else {
        let present = Expr::HeaderPresent(name);
        return if header.invert { present.not() } else { present };
    };
    // Inverted, what was generous becomes strict.
    let strict = (side == Side::Allow) != header.invert;
    let condition = match text(form, value, header.ignore_case) {
        None => Expr::Always(!strict),
        Some(text) if strict => self::header(&name, text),
        Some(text) => generous(&name, text),
    };
    if header.invert { condition.not() } else { condition }
}

/// What the header is compared with; `None`: it has to be there, no more.
pub(super) fn header_criterion(header: &HeaderPermission) -> Option<(Form, &str)> {
    let forms = [
        (Form::Exact, &header.exact),
        (Form::Prefix, &header.prefix),
        (Form::Suffix, &header.suffix),
        (Form::Contains, &header.contains),
        (Form::Regex, &header.regex),
    ];
    forms.into_iter().find(|(_, value)| !value.is_empty()).map(|(form, value)| (form, value.as_str()))
}

/// Holds when any element of any line fits, or when the lines cannot be read.
fn generous(name: &str, text: Text) -> Expr {
    let element = match text.form {
        // A part of an element is a part of the line.
        Form::Contains => return header(name, text),
        Form::Regex => Some(text.value.clone()),
        Form::Exact => literal(&text),
        Form::Prefix => literal(&text).map(|value| format!("{value}{ASCII}")),
        Form::Suffix => literal(&text).map(|value| format!("{ASCII}{value}")),
    };
    let listed = element.map(|element| Text::regex(format!("(?:{ASCII},[ \\t]*)?(?:{element})(?:[ \\t]*,{ASCII})?")));
    let unreadable = Expr::all(vec![Expr::HeaderPresent(name.to_owned()), header(name, Text::regex(ASCII)).not()]);
    let mut ways = vec![header(name, text)];
    ways.extend(listed.map(|text| header(name, text)));
    ways.push(unreadable);
    Expr::any(ways)
}

fn header(name: &str, text: Text) -> Expr {
    Expr::Header { name: name.to_owned(), text }
}

/// A text condition; `None` when it cannot be expressed.
fn text(form: Form, value: &str, ignore_case: bool) -> Option<Text> {
    match form {
        Form::Regex => re2::translate(value).map(Text::regex),
        Form::Exact | Form::Prefix | Form::Suffix | Form::Contains => {
            Some(Text { form, value: value.to_owned(), ignore_case })
        }
    }
}

/// The value as a regular expression; `None` when it has other bytes than ASCII.
fn literal(text: &Text) -> Option<String> {
    if !text.value.is_ascii() {
        return None;
    }
    if !text.ignore_case {
        return Some(names::literal(&text.value));
    }
    let letter = |char: char| match char {
        'a'..='z' | 'A'..='Z' => format!("[{}{}]", char.to_ascii_lowercase(), char.to_ascii_uppercase()),
        other => names::literal(other.encode_utf8(&mut [0; 4])),
    };
    Some(text.value.chars().map(letter).collect())
}
