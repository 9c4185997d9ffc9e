//! Decides a condition for one element. What the element's shape leaves out has the zero value of its
//! type, as in the structs that Consul filters.

use serde_json::Value as Json;

use super::check::{Condition, Step, Value};
use super::expression::Operator;

impl Condition {
    pub(super) fn holds(&self, row: &Json) -> bool {
        self.holds_from(&self.steps, row)
    }

    fn holds_from(&self, steps: &[Step], here: &Json) -> bool {
        match steps {
            [] => self.holds_for(here),
            [Step::Field(name), rest @ ..] => self.holds_from(rest, here.get(name).unwrap_or(&Json::Null)),
            [Step::Key(key), rest @ ..] => match here.get(key) {
                Some(inner) => self.holds_from(rest, inner),
                None => self.operator.holds_for_nothing(),
            },
            [Step::Each, rest @ ..] => {
                here.as_array().is_some_and(|items| items.iter().any(|item| self.holds_from(rest, item)))
            }
        }
    }

    fn holds_for(&self, found: &Json) -> bool {
        match self.operator {
            Operator::Equal => self.equals(found),
            Operator::NotEqual => !self.equals(found),
            Operator::In => self.is_in(found),
            Operator::NotIn => !self.is_in(found),
            Operator::IsEmpty => is_empty(found),
            Operator::IsNotEmpty => !is_empty(found),
            Operator::Matches => self.matches(found),
            Operator::NotMatches => !self.matches(found),
        }
    }

    fn equals(&self, found: &Json) -> bool {
        match &self.value {
            Value::Text(text) => found.as_str().unwrap_or_default() == text,
            Value::Int(number) => found.as_i64().unwrap_or_default() == *number,
            Value::Bool(value) => found.as_bool().unwrap_or_default() == *value,
            Value::Nothing | Value::Pattern(_) => false,
        }
    }

    /// An item of a list, a key of a map, a part of a text.
    fn is_in(&self, found: &Json) -> bool {
        let Value::Text(wanted) = &self.value else { return false };
        match found {
            Json::Array(items) => items.iter().any(|item| item.as_str() == Some(wanted)),
            Json::Object(fields) => fields.contains_key(wanted),
            Json::String(text) => text.contains(wanted.as_str()),
            Json::Null => wanted.is_empty(),
            Json::Bool(_) | Json::Number(_) => false,
        }
    }

    fn matches(&self, found: &Json) -> bool {
        matches!(&self.value, Value::Pattern(pattern) if pattern.is_match(found.as_str().unwrap_or_default()))
    }
}

fn is_empty(found: &Json) -> bool {
    match found {
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::super::{Filter, HEALTH_ROW};

    fn keeps(text: &str) -> bool {
        let row = json!({
            "Node": {"Node": "n1", "Meta": {"rack": "r1"}, "TaggedAddresses": null},
            "Service": {"Service": "redis", "Port": 8000, "Tags": ["primary"], "Meta": null, "EnableTagOverride": false,
                "TaggedAddresses": {"lan": {"Address": "10.0.0.1", "Port": 1}}},
            "Checks": [{"Status": "passing", "ServiceTags": ["a"]}, {"Status": "warning"}],
        });
        Filter::parse(text, &HEALTH_ROW).unwrap().keep(&row)
    }

    #[test]
    fn conditions_hold_as_in_consul() {
        for text in [
            "Service.Service == redis",
            "Service.Port == 8000",
            "primary in Service.Tags",
            "Service.Service contains edi",
            "Service.Service matches `^re.*s$`",
            "Node.Meta.rack == r1",
            "Node.Meta.none != x",
            "Node.Meta.none not matches `.`",
            "Node.TaggedAddresses is empty",
            "rack in Node.Meta",
            "Checks.Status == warning",
            "Checks.Status != passing",
            "a in Checks.ServiceTags",
            "Checks is not empty",
            "Service.Kind == \"\"",
            "Service.Connect.Native == false",
            "Service.TaggedAddresses.lan.Port == 1",
        ] {
            assert!(keeps(text), "{text}");
            assert!(!keeps(&format!("not ({text})")), "{text}");
        }
        for text in [
            "Node.Meta.none == x",
            "Node.Meta.none matches `.`",
            "Service.Meta contains x",
            "Checks is empty",
            "Service.Proxy.Upstreams.DestinationName == x",
        ] {
            assert!(!keeps(text), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_the_type_is_refused() {
        for (text, expected) in [
            ("Service.Foo == 1", "Selector \"Service.Foo\" is not valid"),
            ("Service.Proxy.Config.x == 1", "Selector \"Service.Proxy.Config\" is not valid"),
            ("Service.Port.x == 1", "Selector \"Service.Port.x\" is not valid"),
            ("Service.Tags == x", "Invalid match operator \"Equal\" for selector \"Service.Tags\""),
            ("Service is empty", "Invalid match operator \"Is Empty\" for selector \"Service\""),
            ("Service.Port matches 8", "Invalid match operator \"Matches\" for selector \"Service.Port\""),
            ("x in Checks", "Invalid match operator \"In\" for selector \"Checks\""),
            (
                "Service.EnableTagOverride == maybe",
                "Failed to coerce value \"maybe\" for selector \"Service.EnableTagOverride\": strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            (
                "Service.Port == 99999999999999999999",
                "Failed to coerce value \"99999999999999999999\" for selector \"Service.Port\": strconv.ParseInt: parsing \"99999999999999999999\": value out of range",
            ),
        ] {
            let error = Filter::parse(text, &HEALTH_ROW).unwrap_err();
            assert_eq!(error, format!("Failed to create boolean expression evaluator: {expected}"), "{text}");
        }
        let error = Filter::parse("Node.Node matches `(`", &HEALTH_ROW).unwrap_err();
        assert!(error.contains("Failed to compile regular expression \"(\""), "{error}");
    }
}
