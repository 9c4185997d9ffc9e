//! Blocking queries: evaluate, wait for the topics that were read, evaluate again.
//!
//! The subscription is made before the state is looked at once more, so that no commit in between is
//! missed. There is one subscription a request; it ends with the request's future, which is dropped when
//! the client hangs up.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use weft_model::mutant::{self, Mutant};
use weft_state::{Reads, StateView, Store, Subscription};

use crate::refusal::Refusal;

/// When a wait ends: some jitter keeps clients that started together from coming back together.
pub(crate) fn deadline(wait: Duration) -> Instant {
    let jitter = u64::try_from(wait.as_millis() / 16).unwrap_or(0);
    Instant::now() + wait + Duration::from_millis(rand::random_range(0..=jitter))
}

/// Evaluates until the outcome is news, or the deadline has passed; then the last outcome is the answer.
pub(crate) async fn until<T>(
    store: &Store,
    deadline: Instant,
    evaluate: impl Fn(&StateView<'_>) -> Result<T, Refusal>,
    is_news: impl Fn(&T, &Reads) -> bool,
) -> Result<(T, Reads), Refusal> {
    let mut subscription: Option<Subscription> = None;
    let mut expired = false;
    loop {
        let (outcome, reads, looked_at) = look(store, &evaluate)?;
        if expired || is_news(&outcome, &reads) {
            return Ok((outcome, reads));
        }
        drop(outcome);
        if mutant::active(Mutant::M12) {
            // Wide enough for a test to hit.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let waiting = match subscription.take() {
            None => store.subscribe(reads.topics),
            Some(mut waiting) => {
                waiting.watch(reads.topics);
                waiting
            }
        };
        let waiting = subscription.insert(waiting);
        // A commit between the evaluation and the subscription wakes nobody: look again at once.
        if mutant::active(Mutant::M12) || store.current().index() == looked_at {
            expired = tokio::select! {
                changed = timeout_at(deadline, waiting.changed()) => changed.is_err(),
                // Answered like a wait that was too short: the next one goes to another server.
                () = store.waits_ended() => true,
            };
        }
    }
}

/// Evaluates once.
pub(crate) fn once<T>(
    store: &Store,
    evaluate: impl Fn(&StateView<'_>) -> Result<T, Refusal>,
) -> Result<(T, Reads), Refusal> {
    look(store, &evaluate).map(|(outcome, reads, _)| (outcome, reads))
}

/// Evaluates, and tells at which index. The state is let go: thousands who wait must not keep what has been
/// replaced meanwhile.
fn look<T>(
    store: &Store,
    evaluate: &impl Fn(&StateView<'_>) -> Result<T, Refusal>,
) -> Result<(T, Reads, u64), Refusal> {
    let state = store.current();
    let view = StateView::new(&state);
    let outcome = evaluate(&view)?;
    let reads = view.reads();
    Ok((outcome, reads, state.index()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_up_to_a_sixteenth_later() {
        let wait = Duration::from_millis(400);
        let ends: Vec<Duration> = (0..1000).map(|_| deadline(wait) - Instant::now()).collect();
        assert!(ends.iter().all(|end| (wait..=wait + wait / 16).contains(end)), "{ends:?}");
        assert!(ends.iter().any(|end| *end != ends[0]), "all at once: {:?}", ends[0]);
    }
}
