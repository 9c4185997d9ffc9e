//! How incoming requests are brought into one form before they are judged, and what is passed on
//! about the caller.

use weft_model::config_entry::Mesh;

/// The HTTP rules of public listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpRules {
    /// Resolve dot segments, decode what needs no encoding. Off only when the operator said so, and
    /// then paths are judged as they are.
    pub normalize_path: bool,
    /// On unless the operator wrote a `RequestNormalization` without it.
    pub merge_slashes: bool,
    pub escaped_slashes: EscapedSlashes,
    /// `None`: allowed where nobody judges headers, else refused.
    pub underscores: Option<Underscores>,
    /// Drop `x-forwarded-client-cert` instead of writing the caller's identity into it.
    pub drop_client_cert_header: bool,
}

impl Default for HttpRules {
    fn default() -> Self {
        Self {
            normalize_path: true,
            merge_slashes: true,
            escaped_slashes: EscapedSlashes::Keep,
            underscores: None,
            drop_client_cert_header: false,
        }
    }
}

/// What becomes of `%2F` and `%5C` in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscapedSlashes {
    Keep,
    Reject,
    Redirect,
    Forward,
}

/// What becomes of headers with an underscore, which many applications take for a hyphen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Underscores {
    Allow,
    Reject,
    Drop,
}

impl HttpRules {
    /// The rules of the `mesh` entry.
    #[must_use]
    pub fn read(mesh: &Mesh) -> Self {
        let drop_client_cert_header = mesh.http.as_ref().is_some_and(|http| http.sanitize_x_forwarded_client_cert);
        let Some(asked) = mesh.request_normalization() else {
            return Self { drop_client_cert_header, ..Self::default() };
        };
        Self {
            normalize_path: !asked.insecure_disable_path_normalization,
            merge_slashes: asked.merge_slashes,
            escaped_slashes: match asked.path_with_escaped_slashes_action.as_str() {
                "REJECT_REQUEST" => EscapedSlashes::Reject,
                "UNESCAPE_AND_REDIRECT" => EscapedSlashes::Redirect,
                "UNESCAPE_AND_FORWARD" => EscapedSlashes::Forward,
                _ => EscapedSlashes::Keep,
            },
            underscores: match asked.headers_with_underscores_action.as_str() {
                "ALLOW" => Some(Underscores::Allow),
                "REJECT_REQUEST" => Some(Underscores::Reject),
                "DROP_HEADER" => Some(Underscores::Drop),
                _ => None,
            },
            drop_client_cert_header,
        }
    }
}
