//! What the form of a sentence makes of its words: questions, questions that ask nothing, wishes in the form of one.

use super::cue::Cue;
use super::layout::Layout;
use super::lexicon::Hit;
use std::ops::Range;

/// What is left of a question's weight in a sentence that only sounds like one.
const RHETORICAL: f64 = 0.2;
/// What is left of it where the question is a polite wish.
const POLITE: f64 = 0.3;
/// What is left of an interrogative in a clause that tells a fault: 怎么又报错.
const BESIDE_FAULT: f64 = 0.5;
/// A wish for nothing but an end to the fault is a complaint.
const WISH_WITHOUT_OBJECT: f64 = 0.5;

/// An interrogative that has at least this weight left asks something.
pub(super) const FIRM_QUESTION: f64 = 0.6;

const QUESTION_MARK: f64 = 0.6;
const QUESTION_PARTICLE: f64 = 0.8;
const WISH: f64 = 2.0;
/// 加个…吧 is clearer than 能不能加个….
const COAXING_WISH: f64 = 2.6;
/// 可以加…吗 is rather a question.
const ASKING_WISH: f64 = 1.4;
/// …呗 without a word for what is to change.
const BARE_COAXING: f64 = 1.2;
/// A wish that names what to add is what the text is for, whatever was told to explain it.
const WISH_WITH_OBJECT: f64 = 1.4;
/// So is a question that names what it asks for.
const QUESTION_WITH_OBJECT: f64 = 0.8;
/// Danger and standstill in a question about terms or use are cases to be provided for, not events.
const HYPOTHETICAL: f64 = 0.5;
/// What all of a firm weighs more when something is wrong with it.
const SCOPE_OF_FAULT: f64 = 2.0;

/// What a sentence holds, seen once before its hits are weighed.
pub(super) struct Sentence {
    /// The closing particle and mark of a question, and their weight.
    question: Option<(Range<usize>, f64)>,
    /// A closing 吧 or 呗, which makes a change a wish.
    coaxing: Option<Range<usize>>,
    /// It sounds like a question or praise and is none.
    rhetorical: bool,
    /// In order.
    fault_clauses: Vec<Range<usize>>,
    /// The best of what is to be changed or offered.
    object: f64,
    /// A word by which a wish may be asked for: 能不能, 要是.
    ability: Option<Range<usize>>,
    /// It ends in 吗.
    particle: bool,
    /// It offers yes or no: 能不能.
    choice: bool,
    /// It says that it asks: 请问, 怎么设置.
    announced: bool,
    /// It says what it asks about.
    topic: bool,
    /// What is to be changed or offered are terms: a question after all.
    commerce: bool,
    /// Something is wrong, or a remedy is demanded.
    claims: bool,
    /// Something has failed.
    fails: bool,
    angry: bool,
}

impl Sentence {
    pub(super) fn new(text: &str, layout: &Layout, range: &Range<usize>, hits: &[Hit]) -> Self {
        let live = || hits.iter().filter(|hit| hit.weight > 0.0);
        let has = |cues: &[Cue]| live().any(|hit| cues.contains(&hit.cue));
        let objects = || live().filter(|hit| matches!(hit.cue, Cue::Change | Cue::ServiceOffer));
        let in_object_clause = |cue: Cue| {
            let clause = objects().next().map(|hit| layout.clause(hit.span.start));
            clause.is_some_and(|clause| live().any(|hit| hit.cue == cue && clause.contains(&hit.span.start)))
        };
        let clauses = layout.clauses_of(range);
        let end = clauses.last().map_or(range.start, |clause| clause.end);
        let marked = text.get(end..range.end).unwrap_or_default().contains('?');
        let last = |clause: &Range<usize>| text.get(clause.clone()).and_then(|words| words.chars().next_back());
        let particle = clauses.iter().rev().find(|clause| matches!(last(clause), Some('吗' | '么')));
        let asks_softly =
            marked && clauses.last().is_some_and(|clause| matches!(last(clause), Some('不' | '没' | '呢')));
        let weight = match (particle.is_some() || asks_softly, marked) {
            (true, true) => 1.0,
            (true, false) => QUESTION_PARTICLE,
            (false, _) => QUESTION_MARK,
        };
        // The particle if there is one, else the mark.
        let asked = match particle.or(asks_softly.then(|| clauses.last()).flatten()) {
            Some(clause) => clause.end - last(clause).map_or(0, char::len_utf8)..clause.end,
            None => end..range.end,
        };
        let coaxing = clauses.iter().find(|clause| matches!(last(clause), Some('吧' | '呗'))).map(|clause| {
            let length = last(clause).map_or(0, char::len_utf8);
            clause.end - length..clause.end
        });
        Self {
            question: (marked || particle.is_some()).then_some((asked, weight)),
            coaxing,
            rhetorical: has(&[Cue::Rhetorical, Cue::Sarcasm]),
            fault_clauses: live().filter(|hit| hit.cue.is_fault()).map(|hit| layout.clause(hit.span.start)).collect(),
            object: objects().fold(0.0, |best, hit| hit.weight.max(best)),
            ability: live().find(|hit| matches!(hit.cue, Cue::Ability | Cue::Condition)).map(|hit| hit.span.clone()),
            particle: particle.is_some(),
            choice: live().any(|hit| hit.cue == Cue::Ability && hit.weight >= FIRM_QUESTION),
            announced: has(&[Cue::Ask, Cue::HowTo]),
            topic: has(&[Cue::PolicyTopic, Cue::Spec, Cue::HowTo]),
            commerce: in_object_clause(Cue::PolicyTopic) && !in_object_clause(Cue::ProductTopic),
            claims: has(&[Cue::Demand, Cue::Grievance, Cue::ServiceFault, Cue::ProductFault, Cue::Trouble]),
            fails: has(&[Cue::ServiceFault, Cue::ProductFault]),
            angry: live().any(|hit| hit.cue == Cue::Grievance && hit.weight >= 2.0),
        }
    }

    /// Whether a fault is told in the clause that holds the byte `at`.
    fn tells_fault(&self, at: usize) -> bool {
        let index = self.fault_clauses.partition_point(|clause| clause.end <= at);
        self.fault_clauses.get(index).is_some_and(|clause| clause.contains(&at))
    }

    /// Weighs the sentence's hits and adds those for its form.
    pub(super) fn weigh(&self, hits: &mut [Hit], structures: &mut Vec<Hit>) {
        let wish = self.object > 0.0
            && !(self.announced || self.rhetorical || self.commerce)
            && (self.ability.is_some() || self.coaxing.is_some());
        let asking = if self.rhetorical {
            RHETORICAL
        } else if wish {
            POLITE
        } else {
            1.0
        };
        let asks = self.question.is_some() || self.announced;
        let supposes = asks && self.topic && !self.fails;
        let mut proposes = false;
        for hit in hits.iter_mut() {
            match hit.cue {
                // 可以, 能, 会 ask only where something else says that it is a question.
                Cue::Ability if !asks && hit.weight < 0.5 => hit.weight = 0.0,
                Cue::Interrogative | Cue::Ability => {
                    hit.weight *= asking;
                    if self.tells_fault(hit.span.start) {
                        hit.weight *= BESIDE_FAULT;
                    }
                }
                Cue::Ask => hit.weight *= asking,
                Cue::Hazard | Cue::Safety | Cue::Stopped | Cue::Escalation if supposes => hit.weight *= HYPOTHETICAL,
                Cue::Scope if self.claims => hit.weight *= SCOPE_OF_FAULT,
                Cue::Suggest if self.object > 0.0 => proposes = true,
                // 建议 is meant; 希望 is also how one demands.
                Cue::Suggest if self.claims && (self.angry || hit.weight < 2.0) => hit.weight *= WISH_WITHOUT_OBJECT,
                _ => {}
            }
        }
        if let Some((span, weight)) = &self.question {
            let beside = if self.fault_clauses.is_empty() || self.announced { 1.0 } else { BESIDE_FAULT };
            let object = if self.topic && !self.rhetorical && !wish { QUESTION_WITH_OBJECT } else { 0.0 };
            let weight = weight * asking * beside + object;
            structures.push(Hit { span: span.clone(), cue: Cue::Interrogative, weight });
        }
        let ability = if self.particle && !self.choice { ASKING_WISH } else { WISH };
        let form = self
            .coaxing
            .as_ref()
            .map(|span| (span, COAXING_WISH))
            .or(self.ability.as_ref().map(|span| (span, ability)));
        if let Some(span) = &self.coaxing
            && !wish
            && !self.claims
            && !self.rhetorical
            && !asks
        {
            structures.push(Hit { span: span.clone(), cue: Cue::Suggest, weight: BARE_COAXING });
        } else if wish && let Some((span, weight)) = form {
            structures.push(Hit { span: span.clone(), cue: Cue::Suggest, weight: weight * self.object.min(1.0) });
        } else if proposes && let Some(hit) = hits.iter_mut().find(|hit| hit.cue == Cue::Suggest) {
            hit.weight += WISH_WITH_OBJECT;
        }
    }
}
