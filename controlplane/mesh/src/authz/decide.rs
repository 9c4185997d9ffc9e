//! The judge: intentions as their documentation reads, one after the other. Slow, simple, and written
//! without a look at the compiler, which is measured by it.

use regex::bytes::{Regex, RegexBuilder};
use weft_model::ServiceName;
use weft_model::intention::{Action, HeaderPermission, HttpPermission, Intention, Permission, Rule};

use super::expr::Form;
use super::request::{Request, header_name};
use super::{Terms, by_default, condition, deciding, path, re2};

/// What happens to a request of `source`. The intentions are those of the destination, in order of
/// precedence. Without a request, as on TCP, permissions deny.
#[must_use]
pub fn decide(intentions: &[Intention], terms: Terms, source: &ServiceName, request: Option<&Request>) -> Action {
    let Some(intention) = deciding(intentions, source) else { return by_default(terms.default) };
    match (&intention.rule, request) {
        (Rule::Action(action), _) => *action,
        (Rule::Permissions(permissions), Some(request)) if terms.protocol.is_http() => {
            let decides = permissions.iter().find(|permission| matches(permission, terms, request));
            decides.map_or_else(|| by_default(terms.default), condition::side)
        }
        (Rule::Permissions(_), _) => Action::Deny,
    }
}

fn matches(permission: &Permission, terms: Terms, request: &Request) -> bool {
    let denies = condition::side(permission) == Action::Deny;
    let Some(http) = &permission.http else { return denies };
    let named = |method: &String| *method == request.method || (denies && method.eq_ignore_ascii_case(&request.method));
    let method = http.methods.is_empty() || http.methods.iter().any(named);
    method
        && path_matches(http, denies, terms.guard_paths, request.bare_path())
        && http.header.iter().all(|header| header_matches(header, denies, request))
}

fn path_matches(http: &HttpPermission, denies: bool, guard: bool, path: &str) -> bool {
    let criterion =
        [(Form::Exact, &http.path_exact), (Form::Prefix, &http.path_prefix), (Form::Regex, &http.path_regex)];
    let Some((form, wanted)) = criterion.into_iter().find(|(_, wanted)| !wanted.is_empty()) else { return true };
    if guard && !whole(path::PLAIN).is_some_and(|plain| plain.is_match(path.as_bytes())) {
        return denies;
    }
    fits(form, wanted, false, path.as_bytes()).unwrap_or(denies)
}

fn header_matches(header: &HeaderPermission, denies: bool, request: &Request) -> bool {
    let name = header_name(&header.name);
    let lines = request.lines(&name);
    let Some((form, wanted)) = condition::header_criterion(header) else { return lines.is_empty() == header.invert };
    let fits = |text: &[u8]| fits(form, wanted, header.ignore_case, text);
    // Whether any line fits; in doubt as asked.
    let any = |doubt: bool| {
        let unreadable =
            doubt && form != Form::Contains && !lines.is_empty() && !lines.iter().any(|line| line.is_ascii());
        let fits = |text: &[u8]| fits(text).unwrap_or(doubt);
        unreadable || lines.iter().any(|line| fits(line) || (doubt && line.is_ascii() && elements(line).any(fits)))
    };
    // An expression beyond us is a doubt even where there is no line to look at.
    let any = |doubt: bool| if fits(b"").is_none() { doubt } else { any(doubt) };
    if header.invert { !any(!denies) } else { any(denies) }
}

/// Every run of whole elements of a list, with and without the blanks around it.
fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let commas: Vec<usize> = (0..line.len()).filter(|at| line[*at] == b',').collect();
    let starts: Vec<usize> = std::iter::once(0).chain(commas.iter().map(|at| at + 1)).collect();
    let ends: Vec<usize> = commas.iter().copied().chain([line.len()]).collect();
    let runs = starts.into_iter().flat_map(move |start| ends.clone().into_iter().map(move |end| (start, end)));
    runs.filter(|(start, end)| start <= end).flat_map(move |(start, end)| {
        let run = &line[start..end];
        let blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
        // Blanks are cut at commas only, not at the ends of the line.
        let from = if start == 0 { 0 } else { run.iter().take_while(|byte| blank(byte)).count() };
        let after = if end == line.len() { 0 } else { run.iter().rev().take_while(|byte| blank(byte)).count() };
        let to = run.len() - after.min(run.len() - from);
        [run, &run[from..], &run[..run.len() - after], &run[from..to]]
    })
}

/// Whether a text is as wanted; `None` when that is beyond what proxies evaluate.
fn fits(form: Form, wanted: &str, ignore_case: bool, text: &[u8]) -> Option<bool> {
    let fold = |text: &[u8]| if ignore_case { text.to_ascii_lowercase() } else { text.to_vec() };
    let (wanted_bytes, folded) = (fold(wanted.as_bytes()), fold(text));
    Some(match form {
        Form::Exact => folded == wanted_bytes,
        Form::Prefix => folded.starts_with(&wanted_bytes),
        Form::Suffix => folded.ends_with(&wanted_bytes),
        Form::Contains => folded.windows(wanted_bytes.len()).any(|window| window == wanted_bytes),
        Form::Regex => {
            re2::translate(wanted)?;
            text.is_ascii() && whole(wanted)?.is_match(text)
        }
    })
}

/// The expression for a whole text.
fn whole(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&format!("\\A(?:{pattern})\\z")).build().ok()
}
