#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Flavor, from_value};
use crate::time::GoDuration;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Sample {
    enable_tag_override: bool,
    port: u16,
    wait: GoDuration,
    inner: Vec<Inner>,
    free: Map<String, Value>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Inner {
    name: String,
}

fn read(document: Value) -> Result<Sample, String> {
    from_value(document, Flavor::Body).map_err(|error| error.to_string())
}

#[test]
fn keys_match_in_any_spelling_and_null_is_not_set() {
    let sample = read(json!({"enable_tag_override": true, "PORT": 7, "wait": "10s", "Inner": [{"name": "a"}], "free": {"Some_Key": 1}})).unwrap();
    assert!(sample.enable_tag_override);
    assert_eq!((sample.port, sample.wait), (7, GoDuration::from_secs(10)));
    assert_eq!(sample.inner[0].name, "a");
    assert!(sample.free.contains_key("Some_Key"));
    assert_eq!(read(json!({"Port": null})).unwrap(), Sample::default());
}

#[test]
fn all_unknown_keys_are_named_with_their_place() {
    let error = read(json!({"Foo": 1, "Inner": [{"Bar": 2}]})).unwrap_err();
    assert_eq!(error, r#"json: unknown field "Foo", "Inner[0].Bar""#);
}

#[test]
fn a_wrong_type_names_the_field() {
    let error = read(json!({"Port": "x"})).unwrap_err();
    assert_eq!(error, "json: cannot unmarshal string into Go struct field Port of type int");
    let error = read(json!({"Port": 70000})).unwrap_err();
    assert!(error.starts_with("Port: "), "{error}");
    let error = read(json!({"Wait": "abc"})).unwrap_err();
    assert_eq!(error, "Wait: time: invalid duration \"abc\"");
    let error = read(json!([])).unwrap_err();
    assert!(error.contains("cannot unmarshal array"), "{error}");
}

#[test]
fn of_an_entry_all_values_that_do_not_fit_are_named() {
    let refused = |document: Value| from_value::<Sample>(document, Flavor::ConfigEntry).unwrap_err().to_string();
    assert_eq!(
        refused(json!({"port": "x", "Wait": "abc", "Inner": [{"name": "a"}, {"name": 1}], "Free": {}})),
        "3 errors occurred:\n\t* json: cannot unmarshal string into Go struct field port of type int\n\t* Wait: time: \
         invalid duration \"abc\"\n\t* json: cannot unmarshal number into Go struct field Inner[1].name of type string\n\n"
    );
    assert_eq!(
        refused(json!({"Inner": {"Name": 1}})),
        "json: cannot unmarshal number into Go struct field Inner[0].Name of type string"
    );
    assert!(refused(json!({"Port": "x", "Inner": ["a", "b"]})).starts_with("2 errors occurred:"));
    assert!(refused(json!([])).contains("cannot unmarshal array"));
}
