//! Rules as they were before Consul 1.4, in today's form.

use weft_model::acl::Rules;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;

/// Translates the rules in the body.
pub(crate) async fn translate(call: Call) -> Outcome {
    let text = String::from_utf8(call.body.to_vec()).map_err(|_| Refusal::bad_request("Bad request: not UTF-8"))?;
    let rules = Rules::parse(&text).map_err(|faults| Refusal::bad_request(format!("Bad request: {faults}")))?;
    std::future::ready(Ok(Answer::text(rules.from_legacy().to_string()))).await
}
