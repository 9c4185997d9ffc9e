//! What a handler answers, before it is written out: bodies are rendered once it is known that they will
//! be sent, and whether they are to be indented.

use std::io;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{AGE, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::ser::PrettyFormatter;

use crate::refusal::Refusal;

const CACHE: HeaderName = HeaderName::from_static("x-cache");

/// How many headers a read says, those of every answer included.
const HEADERS: usize = 12;

/// The outcome of a handler.
pub(crate) type Outcome = Result<Answer, Refusal>;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// A status, headers of the handler's own, and a body to be rendered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    content: Content,
}

enum Content {
    Empty,
    Json(Box<dyn Render>),
    Ready(HeaderValue, Bytes),
    Stream(HeaderValue, Body),
}

/// How JSON is laid out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layout {
    Compact,
    /// Four spaces and a final newline.
    Pretty,
}

impl Answer {
    fn of(content: Content) -> Self {
        Self { status: StatusCode::OK, headers: HeaderMap::with_capacity(HEADERS), content }
    }

    /// 200 without a body.
    pub(crate) fn empty() -> Self {
        Self::of(Content::Empty)
    }

    /// 200 with this value as JSON, written straight from the value.
    pub(crate) fn json(value: impl Serialize + Send + 'static) -> Self {
        Self::of(Content::Json(Box::new(value)))
    }

    /// 200 with a plain text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::of(Content::Ready(TEXT, text.into().into()))
    }

    /// 200 with bytes of another type.
    pub(crate) fn bytes(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self::of(Content::Ready(HeaderValue::from_static(content_type), bytes.into()))
    }

    /// 200 with bytes that are still being made.
    pub(crate) fn stream(content_type: &'static str, body: Body) -> Self {
        Self::of(Content::Stream(HeaderValue::from_static(content_type), body))
    }

    #[must_use]
    pub(crate) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Says that it comes from a cache. The state is in this process and always current: what Consul
    /// calls a hit of age 0.
    #[must_use]
    pub(crate) fn cache_hit(self) -> Self {
        self.constant(CACHE, "HIT").number(AGE, 0)
    }

    /// Adds a header; a value that no header can hold is left out.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds a header with a number.
    #[must_use]
    pub(crate) fn number(mut self, name: HeaderName, value: u64) -> Self {
        self.headers.insert(name, HeaderValue::from(value));
        self
    }

    /// Adds a header with one of a few known values.
    #[must_use]
    pub(crate) fn constant(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// The same with its body written out; nothing when that is still being made, or cannot be.
    pub(crate) fn write_out(self, layout: Layout) -> Option<Written> {
        let body = match self.content {
            Content::Empty => None,
            Content::Ready(content_type, bytes) => Some((content_type, bytes)),
            Content::Json(value) => Some((JSON, value.render(layout).ok()?.into())),
            Content::Stream(..) => return None,
        };
        Some(Written { status: self.status, headers: self.headers, body })
    }

    /// The response.
    pub(crate) fn into_response(self, layout: Layout) -> Response {
        let (content_type, body) = match self.content {
            Content::Empty => (None, Body::empty()),
            Content::Ready(content_type, bytes) => (Some(content_type), Body::from(bytes)),
            Content::Stream(content_type, body) => (Some(content_type), body),
            Content::Json(value) => match value.render(layout) {
                Ok(bytes) => (Some(JSON), Body::from(bytes)),
                Err(error) => return Refusal::failed(format!("the answer cannot be written: {error}")).into(),
            },
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if let Some(content_type) = content_type {
            response.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        response
    }
}

/// An answer that can be given any number of times.
pub(crate) struct Written {
    status: StatusCode,
    headers: HeaderMap,
    body: Option<(HeaderValue, Bytes)>,
}

impl Written {
    /// The length of its body, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.body.as_ref().map_or(0, |(_, bytes)| bytes.len())
    }

    /// The answer once more.
    pub(crate) fn again(&self) -> Answer {
        let content = match &self.body {
            Some((content_type, bytes)) => Content::Ready(content_type.clone(), bytes.clone()),
            None => Content::Empty,
        };
        Answer { status: self.status, headers: self.headers.clone(), content }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::text(refusal.text).status(refusal.status)
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        Answer::from(refusal).into_response(Layout::Compact)
    }
}

/// A value that can still be written in either layout.
trait Render: Send {
    fn render(&self, layout: Layout) -> io::Result<Vec<u8>>;
}

impl<T: Serialize + Send> Render for T {
    fn render(&self, layout: Layout) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(256);
        match layout {
            Layout::Compact => serde_json::to_writer(&mut bytes, self)?,
            Layout::Pretty => {
                let formatter = PrettyFormatter::with_indent(b"    ");
                self.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))?;
                bytes.push(b'\n');
            }
        }
        Ok(bytes)
    }
}
