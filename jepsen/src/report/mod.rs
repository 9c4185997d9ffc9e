//! What is left for people: `results.json`, `index.html`, `story.txt`, `history.edn`.
//!
//! ```text
//! RunData + verdicts -> Results -> results.json
//!                    -> page (summary, overview, faults, a timeline for each failing key) -> index.html
//!                    -> story (a failing key's history, shrunk) -> story.txt
//! ```

pub mod html;
pub mod overview;
pub mod page;
pub mod results;
pub mod shrink;
pub mod story;
pub mod timeline;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::check::Judged;
use crate::history::{RunData, to_edn};

/// Writes the report into the run's folder.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write(dir: &Path, run: &RunData, judged: &[Judged]) -> Result<()> {
    let put = |name: &str, text: String| fs::write(dir.join(name), text).with_context(|| format!("write {name}"));
    let results = results::Results::of(run, judged);
    put("results.json", serde_json::to_string_pretty(&results)?)?;
    put("history.edn", to_edn(&run.history))?;
    let story = story::tell(run, judged);
    put("index.html", page::page(run, &results, story.as_deref()))?;
    if let Some(story) = story {
        put("story.txt", story)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::check::testing::Script;
    use crate::check::{all, judge};

    #[test]
    fn a_failed_run_leaves_page_results_and_story() {
        let mut script = Script::default();
        for at in 0..30 {
            script.ok(at * 10, at * 10 + 5, "register.write", "k<1>", json!(at), json!(true));
            script.ok(at * 10 + 6, at * 10 + 8, "register.read", "k<1>", json!("default"), json!(at));
        }
        script.ok(400, 410, "register.read", "k<1>", json!("default"), json!(3));
        let run = script.run(&["s1"]);
        let judged = judge(&run, &all());
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &run, &judged).unwrap();

        let page = fs::read_to_string(dir.path().join("index.html")).unwrap();
        assert!(page.contains("k&lt;1&gt;") && !page.contains("k<1>"));
        assert!(page.contains("not-linearizable") && page.contains("stuck"));
        assert!(!page.contains("http://") && !page.contains("https://"));
        let story = fs::read_to_string(dir.path().join("story.txt")).unwrap();
        assert!(story.lines().count() <= 12, "{story}");
        assert!(story.contains("read") && story.contains("write 3 "), "{story}");
        let results: serde_json::Value =
            serde_json::from_slice(&fs::read(dir.path().join("results.json")).unwrap()).unwrap();
        assert_eq!(results["exit"], 1);
    }
}
