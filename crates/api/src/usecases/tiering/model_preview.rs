//! Who would move where by another model. Nothing is written.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use chrono::NaiveDate;
use huiyin_domain::identity::Scope;
use huiyin_domain::tiering::{CutPoints, Tier, TierModel};
use huiyin_persistence::support::stored;
use huiyin_persistence::tiering::figures::{self, Total};
use huiyin_persistence::tiering::tiers;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::yardstick::Yardstick;
use crate::usecases::App;
use crate::usecases::support::{Error, Result};

/// One at a time: each holds the figures of all customers, some 70 bytes of each.
static ONE: Semaphore = Semaphore::const_new(1);

/// Movers that are shown, and those among which they are looked for: not all may be within reach.
const SHOWN: usize = 20;
const CANDIDATES: usize = 1000;

/// A move from tier to tier; none: no order counts.
pub type Move = (Option<Tier>, Option<Tier>);

#[derive(Debug)]
pub struct Preview {
    /// The reference date that the model makes of the day.
    pub reference: NaiveDate,
    /// Customers with an order that counts.
    pub customers: i64,
    /// How many customers each move has, those who stay included.
    pub moves: BTreeMap<Move, i64>,
    pub cut_points: CutPoints,
    /// Of those who move, the ones with the most money.
    pub sample: Vec<Mover>,
}

#[derive(Debug)]
pub struct Mover {
    pub customer_id: Uuid,
    pub number: String,
    pub name: String,
    pub from: Option<Tier>,
    pub to: Option<Tier>,
    /// In minor units, by the tier where the new model counts no order.
    pub monetary: i64,
}

pub async fn preview(app: &App, scope: Scope, model: TierModel, as_of: NaiveDate) -> Result<Preview> {
    let _turn = ONE.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
    let mut yardstick = Yardstick::new(&app.db, model, as_of).await?;
    let totals = figures::totals(&app.db, yardstick.window()).await?;
    yardstick.calibrate(&totals);
    let tags = yardstick.tags(&app.db, None).await?;
    let place = |total: &Total| yardstick.place(total, &tags).tier;

    let mut moves: BTreeMap<Move, i64> = BTreeMap::new();
    let mut movers: BinaryHeap<Reverse<(i64, Uuid, Move)>> = BinaryHeap::new();
    let mut broken = None;
    tiers::compare(&app.db, &totals, |index, before| {
        let total = index.and_then(|index| totals.get(index));
        let from = match before.map(|tier| stored(&tier.tier)).transpose() {
            Ok(from) => from,
            Err(error) => return broken = Some(error),
        };
        let step = (from, total.map(place));
        *moves.entry(step).or_default() += 1;
        let monetary = total.map(|total| total.figures.monetary).or(before.map(|tier| tier.monetary));
        let id = total.map(|total| total.customer_id).or(before.map(|tier| tier.customer_id));
        if let (true, Some(monetary), Some(id)) = (step.0 != step.1, monetary, id) {
            movers.push(Reverse((monetary, id, step)));
            if movers.len() > CANDIDATES {
                movers.pop();
            }
        }
    })
    .await?;
    if let Some(error) = broken {
        return Err(error.into());
    }

    let movers = movers.into_sorted_vec();
    let ids: Vec<Uuid> = movers.iter().map(|Reverse((_, id, _))| *id).collect();
    let mut named = tiers::named(&app.db, scope, &ids).await?;
    let shown = movers.into_iter().filter_map(|Reverse((monetary, customer_id, (from, to)))| {
        let (number, name) = named.remove(&customer_id)?;
        Some(Mover { customer_id, number, name, from, to, monetary })
    });
    Ok(Preview {
        reference: yardstick.reference,
        customers: totals.len() as i64,
        cut_points: yardstick.model.cut_points(yardstick.reference, &yardstick.scales),
        sample: shown.take(SHOWN).collect(),
        moves,
    })
}
