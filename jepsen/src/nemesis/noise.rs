//! F5: a bad network, everywhere: delay, jitter, loss, copies, disorder, little room.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use rand::RngExt;
use serde_json::json;

use super::stage::{Fault, Stage};
use crate::net::{Policy, Skill, since};

/// One kind of noise, or several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise;

fn draw(stage: &mut Stage, packets: bool) -> (String, Policy) {
    let ms = |stage: &mut Stage, range: std::ops::Range<u64>| Duration::from_millis(stage.rng.random_range(range));
    let kinds = if packets { 6 } else { 3 };
    let kind = stage.rng.random_range(0..kinds);
    match kind {
        0 => {
            let delay = ms(stage, 5..60);
            (format!("delay of {} ms", delay.as_millis()), Policy { delay, ..Policy::default() })
        }
        1 => {
            let jitter = ms(stage, 20..150);
            (format!("jitter up to {} ms", jitter.as_millis()), Policy { jitter, ..Policy::default() })
        }
        2 => {
            let rate = stage.rng.random_range(60_000..400_000);
            (format!("{rate} bytes a second"), Policy { rate: Some(rate), ..Policy::default() })
        }
        3 => {
            let loss = f64::from(stage.rng.random_range(3..25)) / 100.0;
            (format!("loss of {loss}"), Policy { loss, ..Policy::default() })
        }
        4 => {
            let (duplicate, reorder) = (0.2, 0.3);
            ("copies and disorder".to_owned(), Policy { duplicate, reorder, ..Policy::default() })
        }
        _ => {
            let (delay, jitter) = (ms(stage, 5..20), ms(stage, 5..40));
            let mixed = Policy { delay, jitter, loss: 0.05, duplicate: 0.05, reorder: 0.1, ..Policy::default() };
            ("a little of everything".to_owned(), mixed)
        }
    }
}

impl Fault for Noise {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let scene = stage.scene.clone();
            if !stage.claim("network") {
                return Ok(());
            }
            let network = &scene.cluster.setup.network;
            let names = scene.cluster.members();
            let mut links = scene.links(&names, &names)?;
            if stage.toss(0.5) && network.can(Skill::ClientLinks) {
                for name in &names {
                    let number = scene.number(name)?;
                    links.extend([(0, number), (number, 0)]);
                }
            }
            let (what, policy) = draw(stage, network.can(Skill::Packets));
            let before = network.counters();
            stage.begin(what, &names);
            links.iter().for_each(|link| network.set(*link, policy.clone()));
            stage.hold().await;
            links.iter().for_each(|link| network.set(*link, Policy::default()));
            let seen = since(&before, &network.counters(), &links);
            stage.bites_if(seen.harmed() > 0, json!(seen));
            Ok(())
        })
    }
}
