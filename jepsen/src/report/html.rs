//! Text into HTML.

/// Text with the signs of HTML escaped, for content and quoted attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(sign),
        }
    }
    out
}

/// A table row of escaped cells.
#[must_use]
pub fn row(cells: &[&str]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
    format!("<tr>{cells}</tr>\n")
}

/// Seconds with milliseconds.
#[must_use]
pub fn seconds(ns: u64) -> String {
    format!("{}.{:03} s", ns / 1_000_000_000, ns / 1_000_000 % 1000)
}

/// The look of the page.
pub const STYLE: &str = "
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; }
h1 { font-size: 1.4em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; } td, th { border: 1px solid #ddd; padding: 2px 8px; text-align: left; vertical-align: top; }
.true { color: #1a7f37; } .false { color: #c2185b; font-weight: bold; } .unknown { color: #b26a00; }
pre { background: #f6f6f6; padding: 1em; overflow-x: auto; }
.line { position: relative; border-left: 1px solid #ccc; margin: 1em 0; overflow-x: auto; }
.bar { position: absolute; width: 14px; border-radius: 2px; box-sizing: border-box; overflow: hidden; font-size: 8px; line-height: 9px; }
.bar:hover { outline: 2px solid #000; z-index: 3; }
.ok { background: #8ccf8c; } .fail { background: #f2a6b8; } .info { background: #f5c96b; }
.placed { border: 1px solid #2b6cb0; } .stuck { background: #c2185b; outline: 3px solid #c2185b; z-index: 2; } .shown { outline: 2px solid #6a1b9a; }
.band { position: absolute; left: 0; right: 0; background: #90caf955; border-top: 1px dashed #5b8fb9; font-size: 10px; color: #456; text-align: right; }
.skipped { background: #ddd5; }
";
