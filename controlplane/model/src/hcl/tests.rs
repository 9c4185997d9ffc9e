#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::parse;

fn read(text: &str) -> Value {
    Value::Object(parse(text).unwrap())
}

fn refused(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn settings_take_values_of_every_kind() {
    let read = read("a = \"x\\ty\\u00e9\"\nb = -1.5\nc = 0x1F\nd = true\ne = [1, \"two\", {f = null},]\nG_h-i = 10\n");
    let wanted = json!({"a": "x\ty\u{e9}", "b": -1.5, "c": 31, "d": true, "e": [1, "two", {"f": null}], "G_h-i": 10});
    assert_eq!(read, wanted);
}

#[test]
fn blocks_nest_and_repeated_blocks_are_a_list() {
    let read = read(
        r#"
        service {
          name = "web" // one
          connect { sidecar_service { proxy {
            upstreams { destination_name = "a" local_bind_port = 1 }
            upstreams { destination_name = "b" local_bind_port = 2 }
            config { "envoy_x" = "y" }
          } } }
        }
        service { name = "api" port = 9090 } # two, on one line
        /* nothing
           here */
        "#,
    );
    let proxy = json!({
        "upstreams": [
            {"destination_name": "a", "local_bind_port": 1},
            {"destination_name": "b", "local_bind_port": 2},
        ],
        "config": {"envoy_x": "y"},
    });
    let web = json!({"name": "web", "connect": {"sidecar_service": {"proxy": proxy}}});
    assert_eq!(read, json!({"service": [web, {"name": "api", "port": 9090}]}));
}

#[test]
fn labelled_blocks_share_an_object() {
    let read = read(
        r#"service "a" { policy = "read" } service "b" { policy = "write" } service_prefix "" { policy = "deny" }"#,
    );
    let service = json!({"a": {"policy": "read"}, "b": {"policy": "write"}});
    assert_eq!(read, json!({"service": service, "service_prefix": {"": {"policy": "deny"}}}));
}

#[test]
fn objects_may_be_written_as_json_and_without_an_equals_sign() {
    assert_eq!(
        read(r#"Subsets = { "v1" = { Filter = "x" }, v2 { Filter = "y" } "v3": {} }"#),
        json!({
            "Subsets": {"v1": {"Filter": "x"}, "v2": {"Filter": "y"}, "v3": {}},
        })
    );
    assert_eq!(read("a = [{x = 1}]\na { x = 2 }"), json!({"a": [{"x": 1}, {"x": 2}]}));
}

#[test]
fn texts_keep_interpolations_and_heredocs_their_lines() {
    assert_eq!(
        read(r#"a = "${env("HOME")}/x" b = "{{ Get \"eth0\" }} $5""#),
        json!({
            "a": "${env(\"HOME\")}/x", "b": "{{ Get \"eth0\" }} $5",
        })
    );
    assert_eq!(
        read("a = <<EOF\n{\n  \"x\": 1\n}\nEOF\nb = <<-E\n    x\n      y\n    E\n"),
        json!({
            "a": "{\n  \"x\": 1\n}\n", "b": "x\n  y\n",
        })
    );
}

#[test]
fn errors_have_a_place_and_say_what_was_wanted() {
    let cases = [
        ("service { name = ", "line 1, column 18: expected a value, found the end of the file"),
        ("service {\n  name = \"x\"", "line 2, column 13: expected a name or \"}\", found the end of the file"),
        ("name = web", "line 1, column 8: expected a value (a text stands in quotes), found \"web\""),
        ("a = 1\n\na = 2", "line 3, column 1: \"a\" is set twice"),
        ("a b 1", "line 1, column 5: expected \"=\" or \"{\" after \"a\", found the number 1"),
        ("a = \"x\nb = 1", "line 1, column 5: this text has no closing quote on its line"),
        ("a = [1 2]", "line 1, column 8: expected \",\" or \"]\" in a list, found the number 2"),
        ("a = 12x", "line 1, column 5: \"12x\" is not a number"),
        ("}", "line 1, column 1: expected a name, found \"}\""),
        ("/* a", "line 1, column 1: this comment has no end"),
        ("a = <<E\nx\n", "line 1, column 5: no line holds the closing \"E\" alone"),
        ("a = \"\\q\"", "line 1, column 6: unknown escape"),
        ("@", "line 1, column 1: '@' has no meaning here"),
    ];
    for (text, wanted) in cases {
        let error = refused(text);
        assert!(error.starts_with(wanted), "{text:?}: {error}");
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    assert!(refused(&format!("a = {}", "[".repeat(100_000))).ends_with("nested too deeply"));
    assert!(refused(&"a {".repeat(100_000)).ends_with("nested too deeply"));
    assert!(refused(&format!("{} {{}}", "a ".repeat(1_000_000))).ends_with("nested too deeply"));
}

/// Texts that are nearly HCL: every cut, and every character lost or exchanged.
#[test]
fn a_spoilt_text_is_read_or_refused_at_a_place_that_it_has() {
    let whole = "service \"web\" \"é\" {\n  port = -1.5e3 # x\n  tags = [\"a\", {b = <<-E\n    y\n    E\n  }, null,]\n  \"${a(\"b\")}\" = 0x1F\n}\n/* é */ check { ttl = \"\\u00e9\\n\" }\n";
    let chars: Vec<_> = whole.chars().collect();
    parse(whole).unwrap();
    let spoilt = (0..chars.len()).flat_map(|at| {
        let (before, after) = (&chars[..at], &chars[at + 1..]);
        let exchanged = "{}[]\"\\$<#/*-=,0x\n\0é".chars().map(move |other| [before, &[other], after].concat());
        exchanged.chain([before.to_vec(), [before, after].concat()])
    });
    let mut refusals = 0;
    for text in spoilt {
        let text: String = text.into_iter().collect();
        let Err(error) = parse(&text) else { continue };
        refusals += 1;
        let line = text.split('\n').nth(error.place.line - 1);
        let width = line.map(|line| line.chars().count());
        assert!(width.is_some_and(|width| (1..=width + 1).contains(&error.place.column)), "{text:?}: {error}");
    }
    assert!(refusals > 1000, "{refusals} refusals");
}
