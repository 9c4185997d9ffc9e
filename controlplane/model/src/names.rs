//! Newtypes for names that must not be swapped. All are shared strings: a clone is a counter.

mod node;

use std::borrow::Borrow;
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// Reads the id of something that is stored by it.
///
/// # Errors
/// Consul's words for what is no id.
pub fn parse_uuid(text: &str) -> Result<Uuid, String> {
    /// With its hyphens.
    const LENGTH: usize = 36;
    if text.len() != LENGTH {
        return Err("index error: UUID must be 36 characters".into());
    }
    let hyphens = text.matches('-').count();
    if hyphens > 4 {
        return Err(format!("index error: UUID should have maximum of 4 \"-\"; got {hyphens}"));
    }
    Uuid::parse_str(text).map_err(|error| format!("index error: Invalid UUID: {error}"))
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_string(Text).map(Self)
            }
        }

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether no name was given.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self(Arc::from(""))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self(Arc::from(text.as_str()))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

/// A name that is another one when it is spelled otherwise.
macro_rules! exact_name_type {
    ($(#[$doc:meta])* $name:ident) => {
        name_type!(
            #[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
            $(#[$doc])*
            $name
        );

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
    };
}

exact_name_type!(
    /// The name that instances of a service share; `*` only where a wildcard is allowed.
    ServiceName
);
exact_name_type!(
    /// The id of one service instance, unique on its node.
    ServiceId
);
name_type!(
    /// The name of a node in the catalog, in any case of its letters: `Web` and `web` are one node.
    NodeName
);
exact_name_type!(
    /// The id of a health check, unique on its node.
    CheckId
);
exact_name_type!(
    /// The name of a datacenter.
    Datacenter
);

/// Performs a reading in which equal names share one text: a table of a hundred thousand instances
/// says the name of each node and service many times over.
pub fn sharing<T>(read: impl FnOnce() -> T) -> T {
    KNOWN.set(Some(Known::new()));
    let read = read();
    KNOWN.set(None);
    read
}

thread_local! {
    /// The names that have been read so far, while they are to be shared.
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
}

// Looked up and never walked, so its order cannot show.
#[allow(clippy::disallowed_types)]
type Known = std::collections::HashSet<Arc<str>>;

/// Reads a text, as one that is there already where that is asked for.
struct Text;

impl Visitor<'_> for Text {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Arc<str>, E> {
        KNOWN.with_borrow_mut(|known| {
            let Some(known) = known else { return Ok(Arc::from(text)) };
            if let Some(shared) = known.get(text) {
                return Ok(Arc::clone(shared));
            }
            let name: Arc<str> = Arc::from(text);
            known.insert(Arc::clone(&name));
            Ok(name)
        })
    }
}

/// The whole-value wildcard of intentions.
pub const WILDCARD: &str = "*";
