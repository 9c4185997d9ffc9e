//! Many questions at once, as the web UI asks them: what may I do?

use serde::Deserialize;
use serde_json::Value;
use weft_model::acl::{Labelled, Need, Plain, Wanted};

use crate::answer::{Answer, Outcome};
use crate::body;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::acl::Allowed;

const QUESTIONS_MAX: usize = 64;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Question {
    resource: String,
    segment: String,
    access: String,
    #[serde(rename = "Namespace")]
    _namespace: Value,
    #[serde(rename = "Partition")]
    _partition: Value,
}

/// Answers each question in its place.
pub(crate) async fn authorize(call: Call) -> Outcome {
    const DECODE_FAILED: &str = "Failed to decode request body";
    let Value::Array(questions) = call.json(DECODE_FAILED)? else {
        return Err(Refusal::bad_request(format!("{DECODE_FAILED}: not a list")));
    };
    if questions.len() > QUESTIONS_MAX {
        let text = format!("Refusing to process more than {QUESTIONS_MAX} authorizations at once");
        return Err(Refusal::bad_request(text));
    }
    let state = call.host.store.current();
    let gate = call.gate(&state)?;
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let question: Question = body::decode_value(question, DECODE_FAILED)?;
        let allow = gate.allows(&need(&question).map_err(Refusal::bad_request)?);
        let Question { resource, segment, access, .. } = question;
        answers.push(Allowed { resource, segment, access, allow });
    }
    drop(gate);
    std::future::ready(Ok(Answer::json(answers))).await
}

fn need(question: &Question) -> Result<Need, String> {
    let wanted = match question.access.as_str() {
        "read" => Wanted::Read,
        "list" => Wanted::List,
        "write" => Wanted::Write,
        other => return Err(format!("Invalid access level: {other:?}")),
    };
    if question.resource == "intention" {
        return Ok(Need::Intention(question.segment.clone(), wanted));
    }
    if let Some(plain) = Plain::parse(&question.resource) {
        return Ok(Need::Plain(plain, wanted));
    }
    let resource = Labelled::parse(&question.resource)
        .ok_or_else(|| format!("Invalid ACL resource requested: {:?}", question.resource))?;
    Ok(match question.segment.as_str() {
        // Without a name the question is whether there is any such one.
        "" => Need::Any(resource, wanted),
        name => Need::Of(resource, name.to_owned(), wanted),
    })
}
