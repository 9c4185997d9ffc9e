//! What a request brings, as it goes over the wire.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;

/// What a request brings.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Empty,
    Json(Bytes),
    Bytes(Bytes),
    File(Arc<File>),
}

/// As the connection takes it.
pub(super) type Wire = BoxBody<Bytes, io::Error>;

impl Body {
    pub(super) fn is_json(&self) -> bool {
        matches!(self, Self::Json(_))
    }

    pub(super) fn wire(&self) -> Wire {
        match self {
            Self::Empty => whole(Bytes::new()),
            Self::Json(bytes) | Self::Bytes(bytes) => whole(bytes.clone()),
            Self::File(file) => pieces(Arc::clone(file)),
        }
    }
}

fn whole(bytes: Bytes) -> Wire {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

/// A file from where it stands. This process does nothing else meanwhile, so that it may read between two frames.
fn pieces(file: Arc<File>) -> Wire {
    const PIECE: usize = 256 * 1024;
    let frames = futures::stream::iter(std::iter::from_fn(move || {
        let mut piece = vec![0; PIECE];
        match (&*file).read(&mut piece) {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some(Ok(Frame::data(Bytes::from(piece))))
            }
            Err(error) => Some(Err(error)),
        }
    }));
    BodyExt::boxed(StreamBody::new(frames))
}
