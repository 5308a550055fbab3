//! What customers are measured by: a model, the figures it looks at, and the scales of all customers.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::tiering::{Placement, Scales, TierModel};
use huiyin_persistence::ConnectionTrait;
use huiyin_persistence::tiering::figures::{self, Total, Window};
use huiyin_persistence::tiering::runs::Run;
use huiyin_persistence::tiering::tiers::{self, CustomerTier};
use uuid::Uuid;

use crate::usecases::support::Result;

/// A model, seen from one day.
#[derive(Debug)]
pub struct Yardstick {
    pub model: TierModel,
    pub reference: NaiveDate,
    pub scales: Scales,
}

impl Yardstick {
    /// The model as of a day, without scales yet.
    pub async fn new(db: &impl ConnectionTrait, model: TierModel, as_of: NaiveDate) -> Result<Self> {
        let latest = figures::latest_order(db, None, Some(as_of)).await?;
        let reference = model.reference.date(as_of, latest);
        Ok(Yardstick { model, reference, scales: Scales::default() })
    }

    pub fn window(&self) -> Window {
        Window { from: self.model.window_from(self.reference), to: self.reference }
    }

    /// Compares with all of these from now on.
    pub fn calibrate(&mut self, totals: &[Total]) {
        let all = |figure: fn(&Total) -> i64| totals.iter().map(figure).collect();
        self.scales = Scales::of(
            self.reference,
            all(|total| total.figures.recency()),
            all(|total| total.figures.frequency),
            all(|total| total.figures.monetary),
        );
    }

    /// Which tag rules hold for whom; of these customers only, where some are named.
    pub async fn tags(&self, db: &impl ConnectionTrait, customers: Option<&[Uuid]>) -> Result<Tags> {
        let rules: Vec<String> = self.model.tag_rules.iter().map(|rule| rule.tag.clone()).collect();
        let mut held: HashMap<Uuid, Vec<usize>> = HashMap::new();
        for (customer, tag) in tiers::tagged(db, &rules, customers).await? {
            let rule = rules.iter().position(|known| *known == tag);
            held.entry(customer).or_default().extend(rule);
        }
        held.values_mut().for_each(|rules| rules.sort_unstable());
        Ok(Tags(held))
    }

    pub fn place(&self, total: &Total, tags: &Tags) -> Placement {
        let held = tags.0.get(&total.customer_id).map(Vec::as_slice).unwrap_or_default();
        self.model.place(&total.figures, self.reference, &self.scales, held)
    }

    /// The tier of a customer as it is to be stored.
    pub fn tier(&self, total: &Total, tags: &Tags, run: &Run, cause: &str, now: DateTime<Utc>) -> CustomerTier {
        let figures = total.figures;
        let placed = self.place(total, tags);
        let tag = placed.tag_rule.and_then(|number| self.model.tag_rules.get(number - 1)).map(|rule| rule.tag.clone());
        CustomerTier {
            customer_id: total.customer_id,
            run_id: run.id,
            tier: placed.tier.to_string(),
            rfm_class: placed.class.to_string(),
            rule: placed.rule.and_then(|rule| i32::try_from(rule).ok()),
            frequency: figures.frequency,
            monetary: figures.monetary,
            r: placed.scores.r.into(),
            f: placed.scores.f.into(),
            m: placed.scores.m.into(),
            computed_at: now,
            last_on: figures.last_on,
            as_of: self.reference,
            cause: cause.to_owned(),
            tag,
        }
    }
}

/// The tag rules (from 0, ascending) that hold for customers.
#[derive(Debug, Default)]
pub struct Tags(HashMap<Uuid, Vec<usize>>);

/// Whether two tiers say the same of a customer, whenever and by whatever run they were computed.
pub fn says_the_same(a: &CustomerTier, b: &CustomerTier) -> bool {
    let said = |tier: &CustomerTier| {
        (tier.customer_id, tier.rule, tier.frequency, tier.monetary, tier.last_on, [tier.r, tier.f, tier.m])
    };
    said(a) == said(b) && a.tier == b.tier && a.rfm_class == b.rfm_class && a.tag == b.tag
}
