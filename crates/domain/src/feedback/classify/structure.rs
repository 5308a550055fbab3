//! What words mean where they stand: denied, ironic, said twice, and whether the whole asks, wishes or tells.
//!
//! Each rule changes the weight or the cue of hits, or adds a hit for a structure that is no word. None looks at more than
//! a fixed number of characters around a hit; what takes a whole sentence is in `sentence`.

use super::cue::Cue;
use super::layout::Layout;
use super::lexicon::Hit;
use super::sentence::{FIRM_QUESTION, Sentence};
use std::collections::{HashMap, HashSet};

/// What the next word of the same cue counts: ten complaints are not ten times one.
const FADING: f64 = 0.7;
const REPEATED_EFFORT: f64 = 0.6;

/// What a text says.
pub(super) struct Reading {
    /// The heaviest of each cue first.
    pub(super) hits: Vec<Hit>,
    /// It tells something, and neither asks nor wishes nor praises.
    pub(super) states: bool,
    /// A colleague's heading stands before it.
    pub(super) note: bool,
}

/// Drops, turns, weighs and completes the hits of a folded text.
pub(super) fn read(text: &str, mut hits: Vec<Hit>) -> Reading {
    let layout = Layout::new(text);
    let note = staff_note_prefix(text);
    hits.retain(|hit| hit.span.start >= note);
    negate(text, &layout, &mut hits);
    unmask_irony(text, &mut hits);
    let mut structures = repeated_efforts(text);
    for sentence in &layout.sentences {
        let from = hits.partition_point(|hit| hit.span.start < sentence.start);
        let to = hits.partition_point(|hit| hit.span.start < sentence.end);
        if let Some(own) = hits.get_mut(from..to) {
            Sentence::new(text, &layout, sentence, own).weigh(own, &mut structures);
        }
    }
    // Said twice is not meant twice, and a long text must not outweigh a short one by repeating itself.
    let mut said = HashSet::new();
    hits.retain(|hit| hit.weight > 0.0 && text.get(hit.span.clone()).is_some_and(|word| said.insert((word, hit.cue))));
    hits.append(&mut structures);
    fade(&mut hits);
    let states = states(text, &hits);
    Reading { hits, states, note: note > 0 }
}

/// Whether a text is a sentence, and one that tells. Whoever writes to a firm and neither asks, wishes nor praises has
/// something to complain of, even if no word for it is known.
fn states(text: &str, hits: &[Hit]) -> bool {
    const JOINTS: &str = "的了我你就才都被给把说让又还没不有在是到";
    const SHORTEST: usize = 8;
    let contrast = hits.iter().any(|hit| hit.cue == Cue::Contrast);
    let fails = hits.iter().any(|hit| hit.cue.is_fault());
    let otherwise = hits.iter().any(|hit| match hit.cue {
        Cue::Ask | Cue::HowTo | Cue::Suggest => true,
        Cue::Interrogative | Cue::Ability => hit.weight >= FIRM_QUESTION,
        Cue::Praise => !contrast,
        Cue::Change | Cue::ServiceOffer => !fails,
        _ => false,
    });
    !otherwise
        && text.chars().filter(|c| matches!(c, '\u{4E00}'..='\u{9FFF}')).nth(SHORTEST - 1).is_some()
        && JOINTS.chars().filter(|joint| text.contains(*joint)).nth(1).is_some()
}

/// Lets further words of one cue count less and less, the heaviest first.
fn fade(hits: &mut [Hit]) {
    hits.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.span.start.cmp(&b.span.start)));
    let mut shares: HashMap<Cue, f64> = HashMap::new();
    for hit in hits {
        let share = shares.entry(hit.cue).or_insert(1.0);
        hit.weight *= *share;
        *share *= FADING;
    }
}

/// Where the customer's words begin after a colleague's heading: 回访记录：…
fn staff_note_prefix(text: &str) -> usize {
    const HEADINGS: [&str; 9] = ["记录", "转述", "备注", "回访", "纪要", "摘要", "工单", "来电", "录音"];
    let heading = text.char_indices().take(20).find(|(_, c)| *c == ':').and_then(|(at, _)| text.get(..at));
    heading.filter(|heading| HEADINGS.iter().any(|word| heading.contains(word))).map_or(0, str::len)
}

/// Takes back what a negation in front of it denies: 没有报错, 不是不满意, 不是很满意.
fn negate(text: &str, layout: &Layout, hits: &mut [Hit]) {
    const DENIALS: &str = "不是 没有 并非 并没 没什么 没啥 不会 没再 不再 未再 不存在 未发生 未造成";
    let mut free_from = 0;
    for hit in hits {
        let start = layout.clause(hit.span.start).start.max(free_from);
        let before = last_chars(text.get(start..hit.span.start).unwrap_or_default(), 6);
        // 不是…就是 names two faults, it denies none.
        let denied = DENIALS.split(' ').any(|denial| before.contains(denial));
        match hit.cue {
            Cue::Praise if denied || last_chars(before, 3).contains(['不', '没', '未', '无', '难']) => {
                hit.cue = Cue::Grievance;
                hit.weight *= 0.7;
            }
            Cue::ServiceFault
            | Cue::ProductFault
            | Cue::Trouble
            | Cue::Grievance
            | Cue::Hazard
            | Cue::Safety
            | Cue::Stopped
            | Cue::Stakes
            | Cue::HowTo
            | Cue::Suggest
            | Cue::Escalation
                if denied =>
            {
                hit.weight = 0.0;
            }
            _ => {}
        }
        if !hit.cue.is_topic() && hit.cue != Cue::Nothing {
            free_from = hit.span.end;
        }
    }
}

/// Praise in quotation marks, or beside a sneer, means its opposite.
fn unmask_irony(text: &str, hits: &mut [Hit]) {
    let sneer = hits.iter().any(|hit| hit.cue == Cue::Sarcasm);
    for hit in hits.iter_mut().filter(|hit| hit.cue == Cue::Praise) {
        let before = text.get(..hit.span.start).unwrap_or_default();
        let after = text.get(hit.span.end..).unwrap_or_default();
        if sneer || before.ends_with('"') && after.starts_with('"') {
            hit.cue = Cue::Sarcasm;
        }
    }
}

/// 打了四次, 跑了3趟: whoever counts is annoyed.
fn repeated_efforts(text: &str) -> Vec<Hit> {
    let mut found = Vec::new();
    for (at, done) in text.match_indices('了') {
        let count = text.get(at + done.len()..).unwrap_or_default();
        let mut chars = count.char_indices().skip_while(|(_, c)| is_count(*c));
        if let Some((length, measure)) = chars.next()
            && matches!(measure, '次' | '遍' | '趟' | '回' | '封' | '任')
            && !matches!(count.get(..length), None | Some("" | "一" | "1" | "几"))
        {
            let span = at..at + done.len() + length + measure.len_utf8();
            found.push(Hit { span, cue: Cue::Grievance, weight: REPEATED_EFFORT });
        }
    }
    found
}

fn is_count(c: char) -> bool {
    c.is_ascii_digit()
        || matches!(c, '一' | '二' | '两' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十' | '百' | '好' | '几')
}

/// The last `count` characters of `text`.
fn last_chars(text: &str, count: usize) -> &str {
    let start = text.char_indices().rev().take(count).last().map_or(text.len(), |(at, _)| at);
    text.get(start..).unwrap_or_default()
}
