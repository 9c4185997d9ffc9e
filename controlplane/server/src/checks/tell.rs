//! A request of the agent's own, made as HTTP checks make theirs.

use std::collections::BTreeMap;

use weft_model::health::CheckStatus;

use super::http;
use super::method::Request;
use super::settings::Certificates;
use super::tls::{Tls, Wish};

/// What of the answer to a request is told.
const ANSWER_MAX: usize = 512;

/// Sends a request, whose answer must be one of success.
///
/// # Errors
/// What was answered, or why nothing was.
pub(crate) async fn tell(
    method: &str,
    url: &str,
    header: BTreeMap<String, Vec<String>>,
    body: String,
    skip_verify: bool,
) -> Result<(), String> {
    let tls = Wish { server_name: String::new(), skip_verify };
    let (method, url) = (method.to_owned(), url.to_owned());
    let request = Request { url, method, header, body, follows_redirects: false, tls };
    let outcome = http::run(&request, ANSWER_MAX, &Tls::new(Certificates::default())).await;
    if outcome.status == CheckStatus::Passing { Ok(()) } else { Err(outcome.output) }
}
