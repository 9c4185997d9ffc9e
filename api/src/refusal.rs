//! Why a request is not answered: a status and a plain text. Statuses are chosen here and by handlers,
//! nowhere deeper.

use std::fmt;

use http::StatusCode;
use weft_model::ApplyError;
use weft_state::ProposeError;

use crate::host::{AuthorityError, ClusterError, HeartbeatError};

/// A refused or failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// The request is malformed: found at the HTTP level.
    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// What is named does not exist.
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// The request was understood and failed, its validation included: Consul's answer for all that its
    /// servers refuse.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// The caller may not do it.
    pub(crate) fn forbidden(text: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, text)
    }

    pub(crate) fn acl_disabled() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "ACL support disabled")
    }

    pub(crate) fn no_leader() -> Self {
        Self::failed("No cluster leader")
    }

    pub(crate) fn no_path_to_datacenter() -> Self {
        Self::failed("No path to datacenter")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<ProposeError> for Refusal {
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::NoLeader => Self::no_leader(),
            ProposeError::Refused(ApplyError::NotFound(text)) => Self::not_found(text),
            ProposeError::Refused(ApplyError::Refused(_) | ApplyError::Stale)
            | ProposeError::Unavailable(_)
            | ProposeError::TimedOut
            | ProposeError::ShuttingDown => Self::failed(error.to_string()),
        }
    }
}

impl From<HeartbeatError> for Refusal {
    fn from(error: HeartbeatError) -> Self {
        match &error {
            HeartbeatError::Unknown(_) => Self::not_found(error.to_string()),
            HeartbeatError::NotTtl(_) | HeartbeatError::Unavailable(_) => Self::failed(error.to_string()),
        }
    }
}

impl From<AuthorityError> for Refusal {
    fn from(error: AuthorityError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<ClusterError> for Refusal {
    /// What names something that there is not is a failure like others here: so Consul answers.
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::NoLeader => Self::no_leader(),
            ClusterError::Refused(text) | ClusterError::NotFound(text) | ClusterError::Unavailable(text) => {
                Self::failed(text)
            }
        }
    }
}
