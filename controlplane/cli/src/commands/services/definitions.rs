//! The services of a configuration file: `service` and `services`, one or several of each.

use serde_json::Value;
use weft_model::decode::{self, Flavor};
use weft_model::registration::ServiceDefinition;

use crate::document;
use crate::failure::{Context, Failure};

/// A definition as it was written, and what it means.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) written: Value,
    pub(super) service: ServiceDefinition,
}

/// The services of all files. A fault in one of them means that none is touched.
pub(super) fn load(files: &[String]) -> Result<Vec<Definition>, Failure> {
    let mut all = Vec::new();
    for file in files {
        let document = document::load(file)?;
        all.extend(services(&document).context(format!("failed to parse {file}"))?);
    }
    Ok(all)
}

/// Other keys are an agent's own settings, which may share the file.
fn services(document: &Value) -> Result<Vec<Definition>, String> {
    let blocks = ["service", "services"].into_iter().filter_map(|key| Some((key, document::field(document, key)?)));
    let mut found = Vec::new();
    for (key, block) in blocks {
        for written in block.as_array().map_or(std::slice::from_ref(block), Vec::as_slice) {
            let service =
                decode::from_value(written.clone(), Flavor::Body).map_err(|fault| format!("{key}: {fault}"))?;
            found.push(Definition { written: written.clone(), service });
        }
    }
    if found.is_empty() {
        return Err("no \"service\" or \"services\" in it".to_owned());
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(document: Value) -> Vec<String> {
        services(&document).unwrap().iter().map(|found| found.service.name.to_string()).collect()
    }

    #[test]
    fn one_service_or_several_under_either_key() {
        assert_eq!(names(json!({"service": {"name": "a"}, "data_dir": "/x"})), ["a"]);
        assert_eq!(
            names(json!({"Services": [{"Name": "a"}, {"name": "b"}], "service": {"name": "c"}})),
            ["c", "a", "b"]
        );
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(services(&json!({})).unwrap_err(), "no \"service\" or \"services\" in it");
        let fault = services(&json!({"service": {"name": "a", "foo": 1}})).unwrap_err();
        assert_eq!(fault, "service: json: unknown field \"foo\"");
    }
}
