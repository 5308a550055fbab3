use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::feedback::Step;
use crate::sla::{Calendar, ClockKind, Target, Unit};

const RESEARCH: Uuid = Uuid::from_u128(1);
const SALES: Uuid = Uuid::from_u128(2);
const FINANCE: Uuid = Uuid::from_u128(3);

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap()
}

fn received() -> Ticket {
    Ticket {
        id: Uuid::nil(),
        state: State::New,
        awaiting: None,
        department: None,
        handler: None,
        first_handler: None,
        deputy: None,
        promised_at: None,
        reopened_times: 0,
    }
}

fn part(id: u128, department: Uuid, role: PartRole, state: PartState) -> Part {
    Part { id: Uuid::from_u128(id), department, role, handler: None, state, round: 0 }
}

#[test]
fn the_leads_part_follows_the_feedback() {
    let given = received().assign(RESEARCH, None, vec![FINANCE], None).unwrap().ticket;
    let first = follow(&[], &given, Some(&[FINANCE]));
    let begun: Vec<_> = first.begun.iter().map(|begun| (begun.department, begun.role, begun.state)).collect();
    let open = PartState::Open;
    assert_eq!(begun, [(RESEARCH, PartRole::Lead, open), (FINANCE, PartRole::Collaborator, open)]);

    let parts = [part(1, RESEARCH, PartRole::Lead, open), part(2, FINANCE, PartRole::Collaborator, open)];
    let handler = Some(Uuid::from_u128(9));
    let taken = given.clone().accept(handler, at(60), None, at(0)).unwrap().ticket;
    let followed = follow(&parts, &taken, None);
    assert_eq!(followed.changed, [Part { handler, state: PartState::Accepted, ..parts[0].clone() }]);
    assert!(followed.ended.is_empty() && followed.begun.is_empty());

    // Within the department it is the same stretch; another department begins its own.
    let colleague = taken.clone().assign(RESEARCH, Some(Uuid::from_u128(8)), vec![FINANCE], None).unwrap().ticket;
    assert!(follow(&parts, &colleague, Some(&[FINANCE])).ended.is_empty());
    let elsewhere = taken.clone().assign(SALES, None, vec![], None).unwrap().ticket;
    let followed = follow(&parts, &elsewhere, Some(&[]));
    assert_eq!(followed.ended, [(parts[0].id, PartState::Cancelled), (parts[1].id, PartState::Cancelled)]);
    assert_eq!(followed.begun[0].department, SALES);
    // A collaborator that becomes the lead works on as the lead.
    let raised = taken.assign(FINANCE, None, vec![], None).unwrap().ticket;
    assert_eq!(follow(&parts, &raised, Some(&[])).begun[0].role, PartRole::Lead);

    let rejected = given.reject("不属于本部门".into()).unwrap().ticket;
    let ended = follow(&parts, &rejected, None).ended;
    assert_eq!(ended, [(parts[0].id, PartState::Rejected), (parts[1].id, PartState::Cancelled)]);
}

#[test]
fn who_has_done_its_part_is_asked_again_only_in_the_next_round() {
    let mut given = received().assign(RESEARCH, None, vec![FINANCE], None).unwrap().ticket;
    let parts =
        [part(1, RESEARCH, PartRole::Lead, PartState::Open), part(2, FINANCE, PartRole::Collaborator, PartState::Done)];
    assert!(follow(&parts, &given, Some(&[FINANCE])).begun.is_empty());
    given.reopened_times = 1;
    assert_eq!(follow(&parts, &given, Some(&[FINANCE])).begun.len(), 1);
    let refused = [parts[0].clone(), Part { state: PartState::Rejected, ..parts[1].clone() }];
    given.reopened_times = 0;
    assert_eq!(follow(&refused, &given, Some(&[FINANCE])).begun.len(), 1, "asked once more on purpose");
}

#[test]
fn a_part_is_taken_once_and_ends_once() {
    let open = part(2, FINANCE, PartRole::Collaborator, PartState::Open);
    let (one, other) = (Some(Uuid::from_u128(8)), Some(Uuid::from_u128(9)));
    let taken = open.clone().accept(one).unwrap();
    assert_eq!((taken.state, taken.handler), (PartState::Accepted, one));
    assert_eq!(taken.clone().accept(other).unwrap_err().code, Code::PartState);
    let named = Part { handler: one, ..open.clone() };
    assert_eq!(named.accept(other).unwrap_err().code, Code::NotYours);
    assert_eq!(check_resolvable(std::slice::from_ref(&taken)).unwrap_err().code, Code::PartsOpen);
    let done = taken.finish().unwrap();
    assert!(check_resolvable(std::slice::from_ref(&done)).is_ok());
    for again in [done.clone().finish(), done.clone().reject(), done.cancel()] {
        assert_eq!(again.unwrap_err().code, Code::PartState);
    }
    let lead = part(1, RESEARCH, PartRole::Lead, PartState::Open);
    assert_eq!(lead.finish().unwrap_err().code, Code::PartOfLead);
    assert!(open.reject().is_ok());
}

/// A calendar that never closes, so that working time is all time.
fn always() -> Calendar {
    let day = json!([["00:00", "24:00"]]);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let week: serde_json::Map<_, _> = days.into_iter().map(|name| (name.to_owned(), day.clone())).collect();
    serde_json::from_value(json!({ "time_zone": "UTC", "weekly_hours": week })).unwrap()
}

struct Kept {
    clock: Clock,
    ledger: Vec<Entry>,
}

impl Kept {
    fn start(now: DateTime<Utc>, target: Option<Target>) -> Kept {
        let (clock, entry) = Clock::start(now, target);
        Kept { clock, ledger: vec![entry] }
    }

    fn act(&mut self, change: ClockMove, now: DateTime<Utc>) {
        self.ledger.extend(change.on(&mut self.clock, now).unwrap());
    }

    fn minutes(&self, now: DateTime<Utc>) -> i64 {
        let reading = self.clock.reading(&always(), now).unwrap();
        let hours = match reading.unit {
            Unit::Minutes => reading.used / 60.0,
            Unit::Days => reading.used * 24.0,
            _ => reading.used,
        };
        (hours * 60.0).round() as i64
    }
}

/// A feedback as the use cases keep it.
struct Desk {
    now: DateTime<Utc>,
    ticket: Ticket,
    clocks: BTreeMap<ClockKind, Kept>,
    parts: Vec<(Part, Kept)>,
    /// What an onlooker with a watch has written down: minutes by clock, and by department as lead.
    watched: BTreeMap<ClockKind, i64>,
    by_department: BTreeMap<Uuid, i64>,
}

impl Desk {
    fn open() -> Desk {
        let target = Some(Target::new(3, Unit::Days));
        let kinds = [ClockKind::Assign, ClockKind::Respond, ClockKind::Resolve];
        let clocks = kinds.map(|kind| (kind, Kept::start(at(0), target))).into();
        Desk {
            now: at(0),
            ticket: received(),
            clocks,
            parts: Vec::new(),
            watched: BTreeMap::new(),
            by_department: BTreeMap::new(),
        }
    }

    fn wait(&mut self, minutes: i64) {
        self.now += TimeDelta::minutes(minutes);
        let (state, waits) = (self.ticket.state, self.ticket.awaiting == Some(Awaiting::Information));
        let asked = self.ticket.awaiting == Some(Awaiting::Confirmation);
        let mut count = |kind, counts: bool| *self.watched.entry(kind).or_default() += if counts { minutes } else { 0 };
        count(ClockKind::Assign, matches!(state, State::New | State::Rejected));
        count(ClockKind::Respond, matches!(state, State::New | State::Assigned));
        count(ClockKind::Resolve, !waits && !asked && state != State::Closed);
        count(ClockKind::Verify, asked);
        let with_department = !matches!(state, State::New | State::Rejected | State::Closed) && !waits && !asked;
        if let Some(department) = self.ticket.department.filter(|_| with_department) {
            *self.by_department.entry(department).or_default() += minutes;
        }
    }

    fn take(&mut self, step: Result<Step, Fault>, listed: Option<&[Uuid]>) {
        let Ok(step) = step else { return };
        self.ticket = step.ticket;
        for (kind, change) in step.clocks {
            match self.clocks.get_mut(&kind) {
                Some(kept) => kept.act(change, self.now),
                None if change == ClockMove::Run => {
                    self.clocks.insert(kind, Kept::start(self.now, Some(Target::new(5, Unit::Hours))));
                }
                None => {}
            }
        }
        let parts: Vec<Part> = self.parts.iter().map(|(part, _)| part.clone()).collect();
        let followed = follow(&parts, &self.ticket, listed);
        for (id, state) in followed.ended {
            self.end(id, state);
        }
        for now in followed.changed {
            self.parts.iter_mut().filter(|(part, _)| part.id == now.id).for_each(|(part, _)| *part = now.clone());
        }
        for Begun { department, role, handler, state } in followed.begun {
            let id = Uuid::from_u128(self.parts.len() as u128 + 100);
            let part = Part { id, department, role, handler, state, round: self.ticket.reopened_times };
            self.parts.push((part, Kept::start(self.now, None)));
        }
        let waits = self.ticket.stretch().is_some_and(|stretch| stretch.waits);
        let change = if waits { ClockMove::Pause } else { ClockMove::Resume };
        for (_, kept) in self.parts.iter_mut().filter(|(part, _)| part.state.is_open()) {
            kept.act(change, self.now);
        }
    }

    fn end(&mut self, id: Uuid, state: PartState) {
        for (part, kept) in self.parts.iter_mut().filter(|(part, _)| part.id == id) {
            part.state = state;
            kept.act(ClockMove::Stop, self.now);
        }
    }

    fn act(&mut self, action: u8, which: usize) {
        let ticket = self.ticket.clone();
        let all: Vec<Part> = self.parts.iter().map(|(part, _)| part.clone()).collect();
        let department = [RESEARCH, SALES, FINANCE][which % 3];
        let listed: Vec<Uuid> = [vec![], vec![FINANCE], vec![SALES, FINANCE]][which % 3].clone();
        let who = Some(Uuid::from_u128(9));
        match action {
            0 | 1 => self.take(ticket.assign(department, None, listed.clone(), None), Some(&listed)),
            2 => self.take(ticket.accept(who, self.now + TimeDelta::hours(1), None, self.now), None),
            3 => self.take(ticket.reject("r".into()), None),
            4 => self.take(ticket.start(), None),
            5 => self.take(ticket.await_customer(), None),
            6 => self.take(ticket.resume(), None),
            7 if check_resolvable(&all).is_ok() => self.take(ticket.resolve(), None),
            8 => self.take(ticket.confirm(), None),
            9 => self.take(ticket.reopen("r".into()), None),
            // A collaborator does its part, sends it back, or is not wanted any more.
            10 => {
                let Some(part) = all.get(which % all.len().max(1)).cloned() else { return };
                let step = [Part::finish, Part::reject, Part::cancel][which % 3](part);
                if let Ok(part) = step {
                    self.end(part.id, part.state);
                }
            }
            // The policy changes: open clocks get another target, or none.
            11 => {
                let target = [None, Some(Target::new(7, Unit::Hours)), Some(Target::new(90, Unit::Minutes))][which % 3];
                let parts = self.parts.iter_mut().map(|(_, kept)| kept);
                for kept in self.clocks.values_mut().chain(parts) {
                    kept.ledger.extend(kept.clock.recompute(self.now, target).ok());
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// However a feedback goes to and fro, every clock is what its ledger adds up to, and shows the time that somebody
    /// with a watch has counted; no minute is lost between departments, and none belongs to two.
    #[test]
    fn ledgers_tell_the_whole_history(history in prop::collection::vec((0u8..12, 0usize..12, 0i64..600), 0..60)) {
        let mut desk = Desk::open();
        for (action, which, minutes) in history {
            desk.wait(minutes);
            desk.act(action, which);
            for kept in desk.clocks.values().chain(desk.parts.iter().map(|(_, kept)| kept)) {
                prop_assert_eq!(Clock::replay(&kept.ledger), Ok(kept.clock.clone()));
            }
            let open_leads = desk.parts.iter().filter(|(part, _)| part.role == PartRole::Lead && part.state.is_open());
            prop_assert_eq!(open_leads.count(), usize::from(desk.ticket.stretch().is_some()));
            for (part, kept) in &desk.parts {
                prop_assert_eq!(part.state.is_open(), kept.clock.state() != ClockState::Stopped);
            }
        }
        for (kind, kept) in &desk.clocks {
            prop_assert_eq!(kept.minutes(desk.now), desk.watched.get(kind).copied().unwrap_or_default(), "{}", kind);
        }
        let mut shown: BTreeMap<Uuid, i64> = BTreeMap::new();
        for (part, kept) in desk.parts.iter().filter(|(part, _)| part.role == PartRole::Lead) {
            *shown.entry(part.department).or_default() += kept.minutes(desk.now);
        }
        shown.retain(|_, minutes| *minutes > 0);
        desk.by_department.retain(|_, minutes| *minutes > 0);
        prop_assert_eq!(shown, desk.by_department);
    }
}
