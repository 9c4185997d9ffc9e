//! What is left for people: `results.json`, `index.html`, `story.txt`.
