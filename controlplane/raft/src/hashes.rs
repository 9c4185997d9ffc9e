//! Whether all servers have computed the same state.
//!
//! ```text
//! leader proposes Mark ─> every server hashes its state there, in the background
//! leader proposes Verify with its hash ─> every server compares
//! ```
//!
//! A server that differs has a fault that no log repairs. It leaves a note of it on its disk and ends; with
//! the note it does not start again.

use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use tokio::sync::watch;
use weft_state::State;

use crate::blocking::blocking;
use crate::disk::{Files, write_file};
use crate::fatal::die;

/// The name of the note.
pub(crate) const DIVERGED: &str = "diverged";

/// In which form a state is hashed. To be raised whenever what stands in its tables gets another form, so that
/// servers of different versions, as they are during an upgrade, do not compare. It takes the place of the
/// hash's first byte; those after it tell which tables there are.
const LAYOUT: u8 = 4;

/// How many bytes of a hash say what was hashed.
const HEAD: usize = 4;

pub(crate) type Hash = [u8; 32];

/// The hash of the state at a log index, once it has been computed.
type Taken = (u64, watch::Receiver<Option<Hash>>);

/// The hash that this server took last.
pub(crate) struct Hashes {
    /// Given back when this server has ended, so that the next one may have the directory.
    notes: Mutex<Option<Arc<dyn Files>>>,
    taken: Mutex<Option<Taken>>,
}

impl Hashes {
    pub(crate) fn new(notes: Arc<dyn Files>) -> Arc<Self> {
        Arc::new(Self { notes: Mutex::new(Some(notes)), taken: Mutex::new(None) })
    }

    /// Lets the disk go: no more notes.
    pub(crate) fn release(&self) {
        self.notes.lock().take();
    }

    /// Hashes a state in the background. While another is being hashed, nothing happens: big states are
    /// not to be held for long.
    pub(crate) fn take(&self, index: u64, state: &Arc<State>) {
        let mut taken = self.taken.lock();
        if taken.as_ref().is_some_and(|(_, hash)| hash.borrow().is_none() && hash.has_changed().is_ok()) {
            return;
        }
        let (done, hash) = watch::channel(None);
        *taken = Some((index, hash));
        let state = Arc::clone(state);
        tokio::spawn(async move {
            let hash = blocking(move || Ok(laid_out(state.hash()))).await;
            if let Ok(hash) = hash {
                done.send_replace(Some(hash));
            }
        });
    }

    /// Compares with what another server found at an index; nothing when this one did not look there.
    pub(crate) fn compare(self: &Arc<Self>, index: u64, theirs: Hash) {
        let hashes = Arc::clone(self);
        tokio::spawn(async move {
            let Some(ours) = hashes.at(index).await else { return };
            if ours != theirs && ours[..HEAD] == theirs[..HEAD] {
                hashes.diverged(index, &ours, &theirs).await;
            }
        });
    }

    /// The hash at an index, when it was taken there and nowhere else since.
    pub(crate) async fn at(&self, index: u64) -> Option<Hash> {
        let mut taken = match &*self.taken.lock() {
            Some((at, hash)) if *at == index => hash.clone(),
            Some(_) | None => return None,
        };
        *taken.wait_for(Option::is_some).await.ok()?
    }

    /// The last hash that is known, and its index.
    pub(crate) fn last(&self) -> Option<(u64, Hash)> {
        let taken = self.taken.lock();
        let (index, hash) = taken.as_ref()?;
        let hash = *hash.borrow();
        Some((*index, hash?))
    }

    async fn diverged(&self, index: u64, ours: &Hash, theirs: &Hash) {
        let (ours, theirs) = (hex(ours), hex(theirs));
        let what = format!("at log index {index} the state here has the hash {ours}, the leader's has {theirs}");
        let Some(notes) = self.notes.lock().clone() else { return };
        let text = format!("{what}\n");
        if let Err(error) = blocking(move || write_file(&*notes, DIVERGED, text.as_bytes())).await {
            tracing::error!(%error, "cannot note that the state differs");
        }
        die("go on with a state that is not the cluster's", &what);
    }
}

fn laid_out(mut hash: Hash) -> Hash {
    // An empty state names all its tables.
    static TABLES: LazyLock<Hash> = LazyLock::new(|| State::default().hash());
    hash[0] = LAYOUT;
    hash[1..HEAD].copy_from_slice(&TABLES[1..HEAD]);
    hash
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
