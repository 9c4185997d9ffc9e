//! `service-splitter`: how the requests to a service are divided.

use serde::{Deserialize, Serialize, Serializer};

use super::Entry;
use super::shared::{HeaderModifiers, validate_name, validate_tenancy};
use crate::catalog::Meta;
use crate::faults::Faults;

/// The `service-splitter` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceSplitter {
    pub name: String,
    pub splits: Vec<Split>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// A share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Split {
    /// Percent, in steps of a hundredth.
    #[serde(serialize_with = "percent")]
    pub weight: f64,
    /// Empty: the splitter's own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_subset: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub partition: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_headers: Option<HeaderModifiers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_headers: Option<HeaderModifiers>,
}

impl Split {
    /// The share in hundredths of a percent, which add up exactly.
    // It was validated to lie between 0 and 100.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    #[must_use]
    pub fn hundredths(&self) -> u32 {
        (self.weight.clamp(0.0, 100.0) * 100.0).round() as u32
    }
}

/// Whole numbers are written without a point, as Go does.
// serde hands fields over by reference; a share is small.
#[allow(clippy::trivially_copy_pass_by_ref, clippy::cast_possible_truncation)]
pub(crate) fn percent<S: Serializer>(weight: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if weight.fract() == 0.0 && weight.abs() < 1e9 {
        serializer.serialize_i64(*weight as i64)
    } else {
        serializer.serialize_f64(*weight)
    }
}

impl Entry for ServiceSplitter {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {
        for split in &mut self.splits {
            split.weight = (split.weight * 100.0).round() / 100.0;
        }
    }

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        if self.splits.is_empty() {
            faults.say("no splits configured");
            return;
        }
        for (position, split) in self.splits.iter().enumerate() {
            let place = format!("Splits[{position}]");
            if !(0.0..=100.0).contains(&split.weight) {
                faults.add(format!("{place}.Weight"), format!("must be between 0 and 100, not {}", split.weight));
            }
            validate_tenancy(&place, &split.namespace, &split.partition, faults);
            let of = |split: &Split| if split.service.is_empty() { self.name.clone() } else { split.service.clone() };
            let same = |other: &Split| of(other) == of(split) && other.service_subset == split.service_subset;
            if self.splits[..position].iter().any(same) {
                faults.say(format!(
                    "split destination occurs more than once: service={:?}, subset={:?}, namespace={:?}",
                    of(split),
                    split.service_subset,
                    split.namespace
                ));
            }
        }
        let sum: u32 = self.splits.iter().map(Split::hundredths).sum();
        if sum != 10_000 {
            let weight = f64::from(sum) / 100.0;
            faults.say(format!("the sum of all split weights must be 100, not {weight:.6}"));
        }
    }
}
