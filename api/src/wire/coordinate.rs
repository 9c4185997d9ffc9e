//! Places on the map of round trip times. Whole numbers are written without a point, as Go does.

use serde::{Serialize, Serializer};
use weft_model::coordinate::{Coordinate, NodeCoordinate};
use weft_model::{Datacenter, NodeName};

use super::rows;

/// A node with its place.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NodeCoordinateRow<'a> {
    node: &'a NodeName,
    segment: &'a str,
    coord: CoordinateRow<'a>,
}

/// A place.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CoordinateRow<'a> {
    #[serde(serialize_with = "numbers")]
    vec: &'a [f64],
    #[serde(serialize_with = "number")]
    error: f64,
    #[serde(serialize_with = "number")]
    adjustment: f64,
    #[serde(serialize_with = "number")]
    height: f64,
}

impl<'a> From<&'a NodeCoordinate> for NodeCoordinateRow<'a> {
    fn from(place: &'a NodeCoordinate) -> Self {
        Self { node: &place.node, segment: &place.segment, coord: (&place.coord).into() }
    }
}

impl<'a> From<&'a Coordinate> for CoordinateRow<'a> {
    fn from(coordinate: &'a Coordinate) -> Self {
        Self {
            vec: &coordinate.vec,
            error: coordinate.error,
            adjustment: coordinate.adjustment,
            height: coordinate.height,
        }
    }
}

rows!(NodeCoordinateRows of NodeCoordinate as NodeCoordinateRow);

/// The servers of a datacenter with their places.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DatacenterRow {
    pub(crate) datacenter: Datacenter,
    #[serde(rename = "AreaID")]
    pub(crate) area_id: &'static str,
    pub(crate) coordinates: NodeCoordinateRows,
}

fn numbers<S: Serializer>(list: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    struct Number(f64);
    impl Serialize for Number {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            number(&self.0, serializer)
        }
    }
    serializer.collect_seq(list.iter().copied().map(Number))
}

// serde hands fields over by reference; below the bound every whole number is exact.
#[allow(clippy::trivially_copy_pass_by_ref, clippy::cast_possible_truncation)]
fn number<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        serializer.serialize_i64(*number as i64)
    } else {
        serializer.serialize_f64(*number)
    }
}
