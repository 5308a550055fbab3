//! The case library: kept by what happens to feedback, asked by whoever has a new one in hand.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::feedback::case::{MOST_WORDS, SIMILAR_FROM, mask_text, ranked, score, weigh};
use huiyin_domain::text::segment::search_tokens;
use huiyin_persistence::feedback::cases::{self, Case, Filter, Wanted};
use huiyin_persistence::feedback::pool::Feedback;
use huiyin_persistence::feedback::root_causes;
use huiyin_persistence::support::{new_id, stored};
use huiyin_persistence::{ConnectionTrait, Tx};
use uuid::Uuid;

use crate::usecases::support::Result;

/// The weightiest words of what is asked for count.
const ASKED: usize = 32;
/// Words of a feedback that are weighed at all.
const READ: usize = 120;
/// What stands in more of the cases than this is not looked for as long as there are rarer words: it costs, and says
/// little.
const COMMON_FROM: f64 = 0.1;
const RARER: usize = 3;
/// Cases that are ranked at most, the latest first.
const RANKED: u64 = 500;
const SIMILAR_RANKED: u64 = 200;

/// A case, and how well it fits what was asked for, 0 to 1.
#[derive(Debug)]
pub struct Fit {
    pub case: Case,
    pub score: f64,
}

/// Puts a closed feedback into the library. Personal data in its texts is masked before anything is kept or indexed.
pub async fn archive(tx: &Tx, feedback: &Feedback, now: DateTime<Utc>) -> Result<Event> {
    let row = told(tx, feedback, new_id(now), now).await?;
    let event = Event::CaseArchived { case_id: row.id, feedback_id: feedback.id, subtype: stored(&feedback.subtype)? };
    // Closed once a round, and taken out when it is reopened: there is none yet.
    cases::insert(tx, row).await?;
    Ok(event)
}

/// Takes a reopened feedback out of the library; one that was never closed is not in it.
pub async fn take_out(tx: &Tx, feedback_id: Uuid) -> Result<Option<Event>> {
    let Some(case) = cases::of_feedback(tx, feedback_id).await? else { return Ok(None) };
    cases::remove(tx, case.id).await?;
    Ok(Some(Event::CaseRemoved { case_id: case.id, feedback_id }))
}

/// Tells the case of a feedback anew, where it is in the library.
pub async fn refresh(tx: &Tx, feedback: &Feedback, now: DateTime<Utc>) -> Result<()> {
    let Some(before) = cases::of_feedback(tx, feedback.id).await? else { return Ok(()) };
    let (created_at, version) = (before.created_at, before.version + 1);
    let row = Case { created_at, version, ..told(tx, feedback, before.id, now).await? };
    Ok(cases::update(tx, row).await?)
}

async fn told(tx: &Tx, feedback: &Feedback, id: Uuid, now: DateTime<Utc>) -> Result<Case> {
    let cause = root_causes::find(tx, feedback.id).await?;
    let shown = |text: &Option<String>| mask_text(text.as_deref().unwrap_or_default());
    let symptom = mask_text(&feedback.content);
    let (solution, improvement) = (shown(&feedback.solution), shown(&feedback.improvement));
    let conclusion = cause.as_ref().map(|cause| mask_text(&cause.conclusion));
    let text = [symptom.as_str(), &solution, &improvement, conclusion.as_deref().unwrap_or_default()].join("\n");
    let mut words = search_tokens(&text);
    words.truncate(MOST_WORDS);
    Ok(Case {
        id,
        feedback_id: feedback.id,
        number: feedback.number.clone(),
        kind: feedback.kind.clone(),
        subtype: feedback.subtype.clone(),
        department_id: feedback.department_id,
        symptom,
        cause: conclusion,
        cause_category: cause.map(|cause| cause.category),
        solution,
        improvement,
        closed_at: feedback.closed_at.unwrap_or(now),
        words: words.join(" "),
        created_at: now,
        updated_at: now,
        version: 1,
    })
}

/// The cases that fit a question best: those in which all of its words stand, then those in which some do.
pub async fn search(db: &impl ConnectionTrait, filter: &Filter, question: &str, limit: usize) -> Result<Vec<Fit>> {
    let (asked, rare) = asked(db, question).await?;
    let words: Vec<String> = asked.iter().map(|(word, _)| word.clone()).collect();
    let mut found = cases::with_words(db, filter, &words, Wanted::All, RANKED).await?;
    if found.len() < limit {
        let known: HashSet<Uuid> = found.iter().map(|(id, _)| *id).collect();
        let some = cases::with_words(db, filter, &rare, Wanted::Any, RANKED).await?;
        found.extend(some.into_iter().filter(|(id, _)| !known.contains(id)));
    }
    best(db, &asked, found, 0.0, limit).await
}

/// The closed cases that are most like a text.
pub async fn similar(db: &impl ConnectionTrait, text: &str, except: Option<Uuid>, limit: usize) -> Result<Vec<Fit>> {
    let (asked, rare) = asked(db, text).await?;
    let found = cases::with_words(db, &Filter::default(), &rare, Wanted::Any, SIMILAR_RANKED).await?;
    let mut fits = best(db, &asked, found, SIMILAR_FROM, limit + 1).await?;
    fits.retain(|fit| Some(fit.case.feedback_id) != except);
    fits.truncate(limit);
    Ok(fits)
}

/// The words of a text by weight, and those of them that are looked for where one is enough.
async fn asked(db: &impl ConnectionTrait, text: &str) -> Result<(Vec<(String, f64)>, Vec<String>)> {
    // Not masked: as what remains of a number it would find whatever is masked alike.
    let mut words = search_tokens(text);
    words.truncate(READ);
    let shares = cases::shares(db, &words).await?;
    let asked = weigh(words, &shares, ASKED);
    let all = asked.iter().map(|(word, _)| word);
    let rare = |word: &&String| shares.get(*word).is_none_or(|share| *share <= COMMON_FROM);
    let mut wanted: Vec<String> = all.clone().filter(rare).cloned().collect();
    if wanted.len() < RARER {
        wanted = all.cloned().collect();
    }
    Ok((asked, wanted))
}

async fn best(
    db: &impl ConnectionTrait,
    asked: &[(String, f64)],
    found: Vec<(Uuid, String)>,
    least: f64,
    limit: usize,
) -> Result<Vec<Fit>> {
    let scores = found.iter().map(|(id, words)| (*id, score(asked, &words.split(' ').collect())));
    let scores = ranked(scores, least, limit);
    let rows = cases::by_ids(db, scores.iter().map(|(id, _)| *id).collect()).await?;
    let mut rows: HashMap<Uuid, Case> = rows.into_iter().map(|case| (case.id, case)).collect();
    Ok(scores.into_iter().filter_map(|(id, score)| Some(Fit { case: rows.remove(&id)?, score })).collect())
}
