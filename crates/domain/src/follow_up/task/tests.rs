use proptest::prelude::*;

use super::*;

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + hour * 3600, 0).unwrap()
}

fn made() -> Errand {
    Errand {
        id: Uuid::from_u128(1),
        origin: TaskOrigin::Plan,
        plan: None,
        customer: None,
        feedback: None,
        state: TaskState::Pending,
        priority: TaskPriority::Normal,
        assignee: None,
        department: Some(Uuid::from_u128(7)),
        instead_of: None,
        due_from: at(0),
        due_by: at(24),
        first_due_by: at(24),
        attempts: 0,
        next_attempt_at: None,
        postponements: 0,
        outcome: None,
        cancel_cause: None,
        created_by: None,
        prompted_by: None,
    }
}

fn person(id: u128, role: Role, department: u128) -> Actor {
    Actor {
        id: Uuid::from_u128(id),
        principal: Principal::User { session: Uuid::nil() },
        role,
        data_scope: role.default_scope(),
        department: Some(Uuid::from_u128(department)),
    }
}

fn window(from: i64, by: i64) -> Window {
    Window { from: at(from), by: at(by) }
}

fn codes(faults: Vec<Fault>) -> Vec<(Code, Option<String>)> {
    faults.into_iter().map(|fault| (fault.code, fault.pointer)).collect()
}

#[test]
fn what_lies_in_the_pool_is_taken_by_starting() {
    let (li, wu) = (person(9, Role::Agent, 7), person(8, Role::Agent, 7));
    assert!(made().worked_on_by(&li).is_ok() && made().worked_on_by(&wu).is_ok());
    assert!(made().worked_on_by(&person(6, Role::Agent, 5)).is_err(), "of another department");
    let taken = made().start(li.user_id()).unwrap().errand;
    assert_eq!((taken.assignee, taken.state), (Some(li.id), TaskState::InProgress));
    assert!(taken.worked_on_by(&li).is_ok() && taken.worked_on_by(&wu).is_err());
    assert!(
        taken.worked_on_by(&person(5, Role::Manager, 7)).is_ok()
            && taken.worked_on_by(&person(4, Role::Manager, 5)).is_err()
    );
    assert!(taken.worked_on_by(&person(3, Role::Admin, 5)).is_ok());
    assert!(taken.calls(&li) && !taken.calls(&wu), "the phone number is for who is to call");
    let director = person(li.id.as_u128(), Role::Director, 7);
    assert!(!taken.calls(&director), "directors do not call");
    let own = Errand { origin: TaskOrigin::Next, prompted_by: Some(li.id), ..taken.clone() };
    assert!(!own.calls(&li), "nobody makes himself the need");
    assert_eq!(taken.clone().start(wu.user_id()).unwrap_err().code, Code::TaskState);
    let done = taken.complete(TaskOutcome::Reached, at(3)).unwrap().errand;
    assert!(!done.calls(&li), "there is nothing to call for any more");
}

#[test]
fn who_is_not_reached_is_tried_until_the_attempts_are_used_up() {
    let limits = TaskLimits::default();
    let mut task = made();
    for attempt in 1..limits.attempts {
        let step =
            task.could_not_reach(None, NotReached::NoAnswer, at(30 + i64::from(attempt)), limits, at(1)).unwrap();
        task = step.errand;
        assert_eq!((task.attempts, task.state), (attempt, TaskState::InProgress));
        assert_eq!(task.due_by, task.next_attempt_at.unwrap(), "not late before the next attempt");
    }
    assert_eq!(task.first_due_by, at(24), "what was promised stays");
    let closed = task.could_not_reach(None, NotReached::Busy, at(40), limits, at(2)).unwrap().errand;
    assert_eq!((closed.state, closed.outcome), (TaskState::Completed, Some(TaskOutcome::Unreachable)));
    assert_eq!((closed.next_attempt_at, closed.work_key()), (None, None));
    let past = made().could_not_reach(None, NotReached::Busy, at(1), limits, at(1));
    assert_eq!(past.unwrap_err().code, Code::DueInPast);
    let far = made().could_not_reach(None, NotReached::Busy, at(24 * 31), limits, at(1));
    assert_eq!(far.unwrap_err().code, Code::PostponeLimit);
}

#[test]
fn three_postponements_and_thirty_days_in_all() {
    let limits = TaskLimits::default();
    let mut task = made();
    for days in 2..5 {
        task = task.postpone(window(days * 24, days * 24 + 8), limits, at(1)).unwrap().errand;
    }
    assert_eq!((task.postponements, task.due_by, task.first_due_by), (3, at(4 * 24 + 8), at(24)));
    assert_eq!(codes(task.postpone(window(200, 201), limits, at(1)).unwrap_err()), [(Code::PostponeLimit, None)]);
    let last = 24 + 30 * 24;
    assert!(made().postpone(window(last, last), limits, at(1)).is_ok());
    let pointer = |name: &str| Some(name.to_owned());
    let beyond = made().postpone(window(last + 2, last + 1), limits, at(1)).unwrap_err();
    assert_eq!(codes(beyond), [(Code::DueWindow, pointer("/due_from")), (Code::PostponeLimit, pointer("/due_by"))]);
    let earlier = made().postpone(window(0, 12), limits, at(1)).unwrap_err();
    assert_eq!(codes(earlier), [(Code::NotLater, pointer("/due_by"))]);
    let past = made().postpone(window(0, 12), limits, at(13)).unwrap_err();
    assert_eq!(codes(past), [(Code::DueInPast, pointer("/due_by"))]);
}

#[test]
fn who_plans_anew_promises_anew_and_may_not_be_anybody() {
    let (task, fields) = made().plan_anew(window(0, 48), TaskPriority::High, at(1)).unwrap();
    assert_eq!((task.first_due_by, task.postponements, fields), (at(48), 0, vec!["due_by", "priority"]));
    assert!(made().plan_anew(window(0, 24), TaskPriority::Normal, at(100)).unwrap().1.is_empty(), "as it was");
    let agent = person(9, Role::Agent, 7);
    let own = Errand { origin: TaskOrigin::Manual, created_by: Some(agent.id), assignee: Some(agent.id), ..made() };
    assert!(own.planned_by(&agent).is_ok() && made().planned_by(&agent).is_err());
    assert!(
        made().planned_by(&person(8, Role::Manager, 7)).is_ok()
            && made().planned_by(&person(8, Role::Manager, 5)).is_err()
    );
}

#[test]
fn in_other_hands_it_begins_anew() {
    let taken = made().start(Some(Uuid::from_u128(9))).unwrap().errand;
    let to = Hands { assignee: Some(Uuid::from_u128(8)), department: taken.department, instead_of: None };
    let step = taken.reassign(to).unwrap();
    assert_eq!((step.errand.state, step.errand.assignee), (TaskState::Pending, to.assignee));
    let Event::FollowUpTaskAssigned { from, .. } = step.event else { panic!("{:?}", step.event) };
    assert_eq!(from, Some(Uuid::from_u128(9)));
}

#[derive(Debug, Clone)]
enum Click {
    Start(u128),
    NotReached(i64),
    Postpone(i64, i64),
    Plan(i64, i64),
    Reassign(Option<u128>),
    Complete(usize),
    Cancel(usize),
    Wait(i64),
}

fn clicks() -> impl Strategy<Value = Click> {
    prop_oneof![
        (1u128..4).prop_map(Click::Start),
        (-5i64..900).prop_map(Click::NotReached),
        (-50i64..900, -5i64..100).prop_map(|(by, length)| Click::Postpone(by, length)),
        (-50i64..900, -5i64..100).prop_map(|(by, length)| Click::Plan(by, length)),
        prop::option::of(1u128..4).prop_map(Click::Reassign),
        (0usize..3).prop_map(Click::Complete),
        (0usize..4).prop_map(Click::Cancel),
        (1i64..200).prop_map(Click::Wait),
    ]
}

proptest! {
    /// Whatever people click in whatever order: what is closed stays closed, an outcome has only what is completed, a cause
    /// only what is cancelled, and nothing is put off without end.
    #[test]
    fn a_task_ends_once_and_says_how(steps in prop::collection::vec(clicks(), 1..60)) {
        let (limits, mut now, mut task, mut planned) = (TaskLimits::default(), at(0), made(), 0);
        for step in steps {
            let before = task.clone();
            let moved = match step {
                Click::Wait(hours) => { now += TimeDelta::hours(hours); continue }
                Click::Start(by) => task.clone().start(Some(Uuid::from_u128(by))).ok().map(|step| step.errand),
                Click::NotReached(next) => {
                    let next = now + TimeDelta::hours(next);
                    let step = task.clone().could_not_reach(None, NotReached::Other, next, limits, now);
                    step.ok().map(|step| step.errand)
                }
                Click::Postpone(by, length) => {
                    let by = now + TimeDelta::hours(by);
                    let to = Window { from: by - TimeDelta::hours(length), by };
                    task.clone().postpone(to, limits, now).ok().map(|step| step.errand)
                }
                Click::Plan(by, length) => {
                    let by = now + TimeDelta::hours(by);
                    let to = Window { from: by - TimeDelta::hours(length), by };
                    let moved = task.clone().plan_anew(to, TaskPriority::High, now).ok().map(|(errand, _)| errand);
                    planned += usize::from(moved.is_some());
                    moved
                }
                Click::Reassign(to) => {
                    let hands = Hands { assignee: to.map(Uuid::from_u128), ..Hands::default() };
                    task.clone().reassign(hands).ok().map(|step| step.errand)
                }
                Click::Complete(n) => task.clone().complete(TaskOutcome::ALL[n], now).ok().map(|step| step.errand),
                Click::Cancel(n) => task.clone().cancel(CancelCause::ALL[n]).ok().map(|step| step.errand),
            };
            if let Some(moved) = moved {
                prop_assert!(before.state.is_open(), "{:?} moved on", before.state);
                task = moved;
            }
            prop_assert_eq!(task.outcome.is_some(), task.state == TaskState::Completed);
            prop_assert_eq!(task.cancel_cause.is_some(), task.state == TaskState::Cancelled);
            prop_assert_eq!(task.work_key().is_some(), task.state.is_open());
            prop_assert!(task.attempts <= limits.attempts && task.postponements <= limits.postponements);
            prop_assert!(task.state != TaskState::InProgress || task.assignee.is_some() || task.attempts > 0);
            if planned == 0 {
                prop_assert_eq!(task.first_due_by, at(24));
            }
        }
    }

    #[test]
    fn priority_goes_before_time(
        one in (prop::sample::select(TaskPriority::ALL), 0i64..4_000_000_000),
        other in (prop::sample::select(TaskPriority::ALL), 0i64..4_000_000_000),
    ) {
        let time = |due: i64| DateTime::from_timestamp(due, 0).unwrap();
        let key = |(priority, due): (TaskPriority, i64)| work_key(priority, time(due));
        prop_assert_eq!(key(one).cmp(&key(other)), one.cmp(&other));
        let (first, last) = work_keys(one.0, None);
        prop_assert!((first..=last).contains(&key(one)));
        let (first, last) = work_keys(other.0, Some(time(other.1)));
        prop_assert_eq!((first..=last).contains(&key(one)), one.0 == other.0 && one.1 <= other.1);
    }
}
