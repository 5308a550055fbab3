//! What a plan would bring in the coming days: reckoned by the same rules as its sweeps, and nothing is stored.
//!
//! Conditions and owners are those of now. What events will bring cannot be known; what they have brought already is shown.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use huiyin_domain::follow_up::schedule::Occasion;
use huiyin_domain::follow_up::sweep::{Pass, Whom, caught_up, interval_days, keys_of, passes};
use huiyin_domain::follow_up::{Assignment, CatchUp, Trigger};
use huiyin_domain::identity::Scope;
use huiyin_domain::sla::{local_date, start_of_day};
use huiyin_persistence::follow_up::audience::Audience;
use huiyin_persistence::follow_up::generation::{self, Asked};
use huiyin_persistence::follow_up::preview::{self, Grouping, Tally};
use uuid::Uuid;

use super::assignment::{Group, Place, fixed, forecast};
use super::tasks::Timing;
use crate::usecases::App;
use crate::usecases::support::Result;

/// A touchpoint of the plan that is looked at.
#[derive(Debug, Clone)]
pub struct Look {
    /// Null as long as it is not stored.
    pub touchpoint_id: Option<Uuid>,
    pub trigger: Trigger,
    /// Up to when its occasions have been seen to.
    pub seen_until: DateTime<Utc>,
}

/// What is looked at, and for whom.
#[derive(Debug, Clone)]
pub struct Question {
    pub audience: Audience,
    pub assignment: Assignment,
    pub department_id: Option<Uuid>,
    pub catch_up: CatchUp,
    pub touchpoints: Vec<Look>,
    pub days: u32,
    pub scope: Scope,
    /// See [`generation::reached`].
    pub personal: Option<Option<Scope>>,
}

/// Where a page continues: behind this contact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub on: NaiveDate,
    pub touchpoint: usize,
    pub occasion: String,
    pub customer: Uuid,
    /// Of an event.
    pub event: String,
}

/// So many contacts of a touchpoint on a day.
#[derive(Debug, Clone)]
pub struct DayCount {
    pub on: NaiveDate,
    pub touchpoint: usize,
    pub tasks: i64,
}

/// A contact that would be made.
#[derive(Debug, Clone)]
pub struct Contact {
    pub customer_id: Uuid,
    pub number: String,
    pub name: String,
    pub on: NaiveDate,
    pub touchpoint: usize,
    pub place: Place,
}

#[derive(Debug, Clone)]
pub struct Preview {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub total: i64,
    pub days: Vec<DayCount>,
    pub places: Vec<(Place, i64)>,
    pub contacts: Vec<Contact>,
    pub next: Option<Position>,
}

/// What is due at one touchpoint on one day: one walk, or what events have brought.
struct Slice {
    on: NaiveDate,
    touchpoint: usize,
    occasion: String,
    source: Source,
    groups: HashMap<Group, i64>,
}

enum Source {
    Walk(Whom),
    Events { touchpoint: Uuid, due: (Option<DateTime<Utc>>, DateTime<Utc>) },
}

/// Reckons what the coming days bring; the first `limit` of it after `after` by name.
pub async fn preview(
    app: &App,
    question: &Question,
    now: DateTime<Utc>,
    after: Option<Position>,
    limit: usize,
) -> Result<Preview> {
    let zone = app.config.time_zone;
    let today = local_date(zone, now);
    let end = today.checked_add_days(Days::new(u64::from(question.days))).unwrap_or(today);
    let until = start_of_day(zone, end).unwrap_or(now) - TimeDelta::microseconds(1);
    let timing = Timing::load(app, &app.db).await?;
    let mut slices = Vec::new();
    for (touchpoint, look) in question.touchpoints.iter().enumerate() {
        match &look.trigger {
            Trigger::After { .. } => slices.extend(of_events(app, question, touchpoint, look, (today, end)).await?),
            trigger => {
                let all = passes(trigger, look.seen_until, until, timing.hours().calendar, zone);
                let (come, to_come): (Vec<Pass>, Vec<Pass>) =
                    all.into_iter().partition(|pass| pass.occasion.on <= today);
                let come = caught_up(come, question.catch_up, now, zone);
                let mut own: Vec<Slice> = come
                    .into_iter()
                    .chain(to_come)
                    .map(|pass| Slice {
                        // What was missed is made today.
                        on: pass.occasion.on.max(today),
                        touchpoint,
                        occasion: sorted_key(&pass.occasion),
                        source: Source::Walk(pass.whom),
                        groups: HashMap::new(),
                    })
                    .collect();
                count(app, question, trigger, &mut own).await?;
                slices.extend(own);
            }
        }
    }
    slices.sort_by(|a, b| (a.on, a.touchpoint, &a.occasion).cmp(&(b.on, b.touchpoint, &b.occasion)));

    let mut days: BTreeMap<(NaiveDate, usize), i64> = BTreeMap::new();
    let mut groups: HashMap<Group, i64> = HashMap::new();
    for slice in &slices {
        for (group, tasks) in &slice.groups {
            *days.entry((slice.on, slice.touchpoint)).or_default() += tasks;
            *groups.entry(*group).or_default() += tasks;
        }
    }
    let mut places = forecast(&app.db, &question.assignment, &groups, now).await?;
    places.iter_mut().for_each(|(place, _)| place.department_id = place.department_id.or(question.department_id));
    places.sort_by_key(|(place, tasks)| (std::cmp::Reverse(*tasks), place.assignee_id, place.department_id));
    let (contacts, next) = page(app, question, &slices, now, after, limit).await?;
    Ok(Preview {
        from: today,
        to: end.pred_opt().unwrap_or(end),
        total: groups.values().sum(),
        days: days.into_iter().map(|((on, touchpoint), tasks)| DayCount { on, touchpoint, tasks }).collect(),
        places,
        contacts,
        next,
    })
}

impl Question {
    fn asked<'a>(&'a self, whom: &'a Whom) -> Asked<'a> {
        Asked { audience: &self.audience, whom, met: None, within: generation::reached(self.scope, self.personal) }
    }
}

/// Occasions of one day in order of what they are planned for.
fn sorted_key(occasion: &Occasion) -> String {
    format!("{}/{}", occasion.on, occasion.key)
}

fn by_group(tallies: Vec<Tally>) -> HashMap<Group, i64> {
    let mut groups = HashMap::new();
    for tally in tallies {
        *groups.entry((tally.owner_id, tally.department_id)).or_default() += tally.count;
    }
    groups
}

/// Counts whom the walks of a touchpoint would meet, by one statement for all that can be told apart by one.
async fn count(app: &App, question: &Question, trigger: &Trigger, slices: &mut [Slice]) -> Result<()> {
    let everybody = question.asked(&Whom::Everybody);
    match trigger {
        Trigger::Every { spread: true, .. } => {
            let mut known: HashMap<i64, HashMap<String, HashMap<Group, i64>>> = HashMap::new();
            for slice in slices {
                let Some((planned, start)) = slice.dates() else { continue };
                let Some(days) = interval_days(trigger, start) else { continue };
                let groups = match known.entry(days) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => {
                        let by = Grouping::SpreadOver { days };
                        place.insert(by_key(preview::tally(&app.db, &everybody, &by).await?))
                    }
                };
                let nth = (planned - start).num_days().to_string();
                slice.groups = groups.get(&nth).cloned().unwrap_or_default();
            }
        }
        Trigger::Around { field, yearly, .. } => {
            let keys: Vec<String> = slices.iter().flat_map(Slice::keys).collect();
            if keys.is_empty() {
                return Ok(());
            }
            let by = Grouping::Date { field: field.clone(), yearly: *yearly, keys };
            let known = by_key(preview::tally(&app.db, &everybody, &by).await?);
            for slice in slices {
                for (group, tasks) in slice.keys().iter().filter_map(|key| known.get(key)).flatten() {
                    *slice.groups.entry(*group).or_default() += tasks;
                }
            }
        }
        _ if slices.is_empty() => {}
        _ => {
            let all = by_group(preview::tally(&app.db, &everybody, &Grouping::Together).await?);
            slices.iter_mut().for_each(|slice| slice.groups = all.clone());
        }
    }
    Ok(())
}

fn by_key(tallies: Vec<Tally>) -> HashMap<String, HashMap<Group, i64>> {
    let mut groups: HashMap<String, HashMap<Group, i64>> = HashMap::new();
    for tally in tallies {
        let Some(key) = tally.group else { continue };
        *groups.entry(key).or_default().entry((tally.owner_id, tally.department_id)).or_default() += tally.count;
    }
    groups
}

impl Slice {
    fn keys(&self) -> Vec<String> {
        match &self.source {
            Source::Walk(whom) => keys_of(whom),
            Source::Events { .. } => Vec::new(),
        }
    }

    /// The day for which it is planned, and the first day of its interval.
    fn dates(&self) -> Option<(NaiveDate, NaiveDate)> {
        let (planned, key) = self.occasion.split_once('/')?;
        Some((planned.parse().ok()?, key.parse().ok()?))
    }

    /// Whether the page that continues behind `after` begins after this slice.
    fn is_over(&self, after: &Position) -> bool {
        (self.on, self.touchpoint, &self.occasion) < (after.on, after.touchpoint, &after.occasion)
    }

    fn holds(&self, after: &Position) -> bool {
        (self.on, self.touchpoint, &self.occasion) == (after.on, after.touchpoint, &after.occasion)
    }
}

/// What events have brought so far, day by day; what is late is made today.
async fn of_events(
    app: &App,
    question: &Question,
    touchpoint: usize,
    look: &Look,
    (today, end): (NaiveDate, NaiveDate),
) -> Result<Vec<Slice>> {
    let Some(id) = look.touchpoint_id else { return Ok(Vec::new()) };
    let zone = app.config.time_zone;
    let mut slices = Vec::new();
    for on in today.iter_days().take_while(|day| *day < end) {
        let ends = |day: NaiveDate| start_of_day(zone, day).map(|start| start - TimeDelta::microseconds(1));
        let Some(to) = on.succ_opt().and_then(ends) else { break };
        let late_too = on == today && question.catch_up != CatchUp::Skip;
        let due = (ends(on).filter(|_| !late_too), to);
        let within = generation::reached(question.scope, question.personal);
        let groups = by_group(preview::tally_of_events(&app.db, id, &question.audience, within, due).await?);
        if !groups.is_empty() {
            let source = Source::Events { touchpoint: id, due };
            slices.push(Slice { on, touchpoint, occasion: String::new(), source, groups });
        }
    }
    Ok(slices)
}

/// A contact before the customer's name is looked up.
type Found = (Uuid, Group, Position);

async fn page(
    app: &App,
    question: &Question,
    slices: &[Slice],
    now: DateTime<Utc>,
    after: Option<Position>,
    limit: usize,
) -> Result<(Vec<Contact>, Option<Position>)> {
    let mut found: Vec<Found> = Vec::new();
    for slice in slices.iter().filter(|slice| !slice.groups.is_empty()) {
        if after.as_ref().is_some_and(|after| slice.is_over(after)) {
            continue;
        }
        let wanted = (limit + 1).saturating_sub(found.len());
        if wanted == 0 {
            break;
        }
        let after = after.as_ref().filter(|after| slice.holds(after));
        found.extend(of_slice(app, question, slice, after, wanted).await?);
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(_, _, position)| position.clone());
    let places = fixed(&app.db, &question.assignment, found.iter().map(|(_, group, _)| *group), now).await?;
    let ids: Vec<Uuid> = found.iter().map(|(customer, ..)| *customer).collect();
    let names = preview::names(&app.db, &ids).await?;
    let names: HashMap<Uuid, (String, String)> =
        names.into_iter().map(|(id, number, name)| (id, (number, name))).collect();
    let contacts = found.into_iter().filter_map(|(customer_id, group, position)| {
        let (number, name) = names.get(&customer_id).cloned()?;
        let place = places.get(&group).copied().unwrap_or_default();
        let place = Place { department_id: place.department_id.or(question.department_id), ..place };
        Some(Contact { customer_id, number, name, on: position.on, touchpoint: position.touchpoint, place })
    });
    Ok((contacts.collect(), next))
}

async fn of_slice(
    app: &App,
    question: &Question,
    slice: &Slice,
    after: Option<&Position>,
    wanted: usize,
) -> Result<Vec<Found>> {
    let at = |customer: Uuid, event: String| Position {
        on: slice.on,
        touchpoint: slice.touchpoint,
        occasion: slice.occasion.clone(),
        customer,
        event,
    };
    match &slice.source {
        Source::Walk(whom) => {
            let asked = question.asked(whom);
            let last = after.map(|after| after.customer);
            let rows = generation::candidates(&app.db, &asked, last, wanted as u64).await?;
            let found =
                |row: generation::Candidate| (row.id, (row.owner_id, row.department_id), at(row.id, String::new()));
            Ok(rows.into_iter().map(found).collect())
        }
        Source::Events { touchpoint, due } => {
            let within = generation::reached(question.scope, question.personal);
            let last = after.map(|after| (after.customer, after.event.clone()));
            let (touchpoint, audience) = (*touchpoint, &question.audience);
            let rows =
                preview::page_of_events(&app.db, touchpoint, audience, within, *due, last, wanted as u64).await?;
            let found = |row: preview::Coming| {
                (row.customer_id, (row.owner_id, row.department_id), at(row.customer_id, row.occasion))
            };
            Ok(rows.into_iter().map(found).collect())
        }
    }
}
