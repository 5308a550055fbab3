//! Who burned the time, and why: the ledgers of a feedback's clocks, what was counted, and what happens to them when the
//! rules change.

use chrono::TimeDelta;
use huiyin::usecases::feedback::dispatch::{Assignment, assign, reject, triage};
use huiyin::usecases::feedback::handling::{self, Resolution, Told};
use huiyin::usecases::feedback::parts::{Action, NewPart, act as act_on, add};
use huiyin::usecases::sla::policies::Switches;
use huiyin::usecases::sla::{calendars, policies};
use huiyin::usecases::support::{Command, Error};
use huiyin_domain::feedback::{Priority, Subtype};
use huiyin_domain::sla::{Calendar, CalendarSpec, Clock, ClockKind, ClockState, Entry, EntryKind, Target, Unit};
use huiyin_persistence::feedback::{parts, pool};
use huiyin_persistence::identity::departments;
use huiyin_persistence::sla::clocks as stored;
use huiyin_persistence::support::{PageRequest, from_json};
use serde_json::{Value, json};
use uuid::Uuid;

use super::dispatch::{act, by_clock, history, of};
use crate::support::builders::{deadline, department, id, user};
use crate::support::{Client, Running, journey};

async fn clocks(client: &Client, id: &str) -> Value {
    client.get(&format!("/api/v1/feedback/{id}/clocks")).await.expect(200)
}

fn of_kind<'a>(clocks: &'a Value, kind: &str) -> Vec<&'a Value> {
    clocks["items"].as_array().unwrap().iter().filter(|clock| clock["clock"] == kind).collect()
}

/// The ledger of a clock, as `paused feedback.awaiting_customer`.
fn ledger(clock: &Value) -> Vec<String> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let entries = clock["entries"].as_array().unwrap().iter();
    entries.map(|entry| format!("{} {}", text(entry, "kind"), text(entry, "cause"))).collect()
}

/// The policy in force, by its address.
async fn standard(admin: &Client) -> String {
    let policies = admin.get("/api/v1/sla/policies").await.expect(200);
    let active = policies["items"].as_array().unwrap().iter().find(|policy| policy["active"] == true).unwrap().clone();
    format!("/api/v1/sla/policies/{}", id(&active))
}

async fn set_target(admin: &Client, policy: &str, priority: &str, clock: &str, target: Value) {
    let mut targets = admin.get(policy).await.expect(200)["targets"].clone();
    targets[priority][clock] = target;
    admin.patch(policy, json!({ "targets": targets })).await.expect(200);
}

journey! {
    async fn each_department_has_burned_what_it_had(running: Running) {
        let admin = running.admin().await;
        let (research, sales) = (department(&admin, "research").await, department(&admin, "sales").await);
        let urgent = id(&of(&admin, "product_function", "urgent").await);
        // 10:00 in Shanghai on a Tuesday. Research has it for an hour and sends it back, half an hour later sales gets it.
        running.until("2026-10-20T03:00:00Z").await;
        act(&running.admin().await, &urgent, "reject", json!({ "reason": "是合同问题" })).await;
        running.until("2026-10-20T03:30:00Z").await;
        act(&running.admin().await, &urgent, "assign", json!({ "department_id": sales })).await;
        running.until("2026-10-20T06:00:00Z").await;
        let admin = running.admin().await;
        act(&admin, &urgent, "accept", json!({ "promised_at": "2026-10-22T02:00:00Z" })).await;
        act(&admin, &urgent, "start", Value::Null).await;
        running.until("2026-10-20T07:00:00Z").await;
        act(&running.admin().await, &urgent, "await-customer", Value::Null).await;
        running.until("2026-10-21T02:00:00Z").await;
        act(&running.admin().await, &urgent, "resume", Value::Null).await;
        running.until("2026-10-21T03:00:00Z").await;
        act(&running.admin().await, &urgent, "resolve", json!({ "solution": "已调整合同", "improvement": "补充说明" })).await;
        running.until("2026-10-22T01:00:00Z").await;
        act(&running.admin().await, &urgent, "reopen", json!({ "reason": "还是不对" })).await;
        running.until("2026-10-22T02:00:00Z").await;

        let admin = running.admin().await;
        let shown = clocks(&admin, &urgent).await;
        let burned = |department: &str| {
            let all = shown["departments"].as_array().unwrap();
            let of = all.iter().find(|of| of["department_id"] == department).unwrap();
            ["stretches", "open", "working_seconds", "elapsed_seconds"].map(|name| of[name].clone())
        };
        // Sales: 11:30 to 12:00, 13:30 to 15:00, 10:00 to 11:00 the next day, 9:00 to 10:00 the day after.
        assert_eq!(burned(&research), [json!(1), json!(false), json!(3600), json!(3600)]);
        assert_eq!(burned(&sales), [json!(2), json!(true), json!(14_400), json!(19_800)]);
        let stretches = of_kind(&shown, "department");
        assert_eq!(stretches.len(), 3);
        assert!(stretches.iter().all(|clock| clock["target"].is_null() && clock["due_at"].is_null() && clock["left"].is_null()));
        let second = stretches[1];
        assert_eq!((&second["unit"], &second["used"]), (&json!("business_hours"), &json!(3.0)));
        assert_eq!(ledger(second), [
            "started feedback.assigned", "paused feedback.awaiting_customer", "resumed feedback.resumed", "stopped feedback.resolved",
        ]);
        assert_eq!(second["pauses"], json!([{ "from": "2026-10-20T07:00:00Z", "to": "2026-10-21T02:00:00Z" }]));
        let counted: Vec<_> = second["counted"]["counted"].as_array().unwrap().iter()
            .map(|span| (span["date"].as_str().unwrap(), span["seconds"].as_i64().unwrap())).collect();
        assert_eq!(counted, [("2026-10-20", 1800), ("2026-10-20", 5400), ("2026-10-21", 3600)]);
        let told = "3 hours of working time from 2026-10-20 11:30 to 2026-10-21 11:00; not counted: 19 hours paused.";
        assert_eq!(second["counted"]["text"], told);
        assert_eq!(ledger(stretches[2]), ["started feedback.reopened"]);

        // The customer's own clock has run since the feedback came in.
        let resolve = of_kind(&shown, "resolve")[0];
        assert_eq!(ledger(resolve), [
            "started feedback.received", "paused feedback.awaiting_customer", "resumed feedback.resumed", "stopped feedback.resolved",
            "resumed feedback.reopened",
        ]);
        assert_eq!(resolve["entries"][0]["target"], json!({ "value": 3, "unit": "days" }));
        let me = admin.get("/api/v1/me").await.expect(200)["user"]["id"].clone();
        assert_eq!((&resolve["entries"][0]["actor_id"], &resolve["entries"][1]["actor_id"]), (&me, &me));
        assert!(resolve["entries"][0]["calendar_id"].is_string() && resolve["entries"][1]["calendar_id"].is_null());
        assert_eq!(ledger(of_kind(&shown, "respond")[0]).len(), 4, "awaiting the customer does not touch it");
        let chinese = admin.with_header("accept-language", "zh-CN");
        let shown = clocks(&chinese, &urgent).await;
        let told = "自 2026-10-20 11:30 至 2026-10-21 11:00 计工作时间 3 小时；不计入：暂停 19 小时。";
        assert_eq!(of_kind(&shown, "department")[1]["counted"]["text"], told);
    }
}

journey! {
    async fn a_changed_policy_moves_open_deadlines_and_no_closed_ones(running: Running) {
        let admin = running.admin().await;
        let policy = standard(&admin).await;
        let open = id(&of(&admin, "product_function", "urgent").await);
        let answered = id(&of(&admin, "product_function", "urgent").await);
        let normal = id(&of(&admin, "product_function", "normal").await);
        running.clock.advance(TimeDelta::minutes(10));
        act(&admin, &answered, "accept", json!({ "promised_at": "2026-10-21T02:00:00Z" })).await;
        set_target(&admin, &policy, "urgent", "respond", json!({ "value": 60, "unit": "minutes" })).await;
        set_target(&admin, &policy, "normal", "resolve", json!({ "value": 10, "unit": "days" })).await;
        running.settle().await;

        let shown = async |id: &str| admin.get(&format!("/api/v1/feedback/{id}")).await.expect(200);
        assert_eq!(deadline(&shown(&open).await, "respond")["due_at"], "2026-10-20T03:00:00Z", "counted from intake: time used stays");
        assert_eq!(deadline(&shown(&answered).await, "respond")["due_at"], "2026-10-20T04:00:00Z", "that clock has stopped");
        assert_eq!(by_clock(&admin, &open).await, ["deadline_moved respond"]);
        assert_eq!(by_clock(&admin, &answered).await, [""; 0]);
        assert_eq!(deadline(&shown(&normal).await, "resolve")["due_at"], "2026-10-30T02:00:00Z", "there was no such target");
        let read = clocks(&admin, &open).await;
        assert_eq!(ledger(of_kind(&read, "respond")[0]), ["started feedback.received", "recomputed policy.updated"]);
        let me = admin.get("/api/v1/me").await.expect(200)["user"]["id"].clone();
        assert_eq!(of_kind(&read, "respond")[0]["entries"][1]["actor_id"], me, "who has changed the policy");

        // The timers have moved with it.
        running.until("2026-10-20T02:48:00Z").await;
        let admin = running.admin().await;
        assert_eq!(by_clock(&admin, &open).await, ["deadline_moved respond", "sla_warning respond"]);
        running.until("2026-10-20T03:00:00Z").await;
        assert_eq!(by_clock(&admin, &open).await.last().unwrap(), "sla_breached respond");
        // A target that is taken away leaves nothing to be late for.
        set_target(&admin, &policy, "urgent", "resolve", Value::Null).await;
        running.settle().await;
        let now = admin.get(&format!("/api/v1/feedback/{open}")).await.expect(200);
        assert_eq!((&deadline(&now, "resolve")["target"], &deadline(&now, "resolve")["due_at"]), (&Value::Null, &Value::Null));
    }
}

journey! {
    async fn a_change_reaches_everything_that_is_open_batch_by_batch(running: Running) {
        const MANY: usize = 205;
        let admin = running.admin().await;
        let body = json!({ "channel": "hotline", "content": "系统登录不上", "subtype": "product_function", "priority": "urgent" });
        let mut ids = Vec::new();
        for _ in 0..MANY {
            ids.push(id(&admin.post("/api/v1/feedback", body.clone()).await.expect(201)));
        }
        let policy = standard(&admin).await;
        set_target(&admin, &policy, "urgent", "respond", json!({ "value": 3, "unit": "hours" })).await;
        running.settle().await;
        running.pass(TimeDelta::seconds(30)).await;
        for of in [&ids[0], &ids[MANY - 1]] {
            let shown = admin.get(&format!("/api/v1/feedback/{of}")).await.expect(200);
            assert_eq!(deadline(&shown, "respond")["due_at"], "2026-10-20T05:00:00Z");
            assert_eq!(by_clock(&admin, of).await, ["deadline_moved respond"], "once, though it is looked at twice");
        }
    }
}

journey! {
    async fn what_has_stopped_is_explained_by_the_calendar_of_its_time(running: Running) {
        let admin = running.admin().await;
        let normal = id(&of(&admin, "product_function", "normal").await);
        running.until("2026-10-21T06:00:00Z").await;
        let admin = running.admin().await;
        act(&admin, &normal, "accept", json!({ "promised_at": "2026-10-22T02:00:00Z" })).await;
        let before = clocks(&admin, &normal).await;
        let calendars = admin.get("/api/v1/sla/calendars").await.expect(200);
        let built_in = calendars["items"].as_array().unwrap().iter().find(|one| one["built_in"] == true).unwrap();
        let mut calendar = built_in["calendar"].clone();
        calendar["holidays"].as_array_mut().unwrap().push(json!("2026-10-20"));
        let body = json!({ "name": built_in["name"], "calendar": calendar });
        admin.put(&format!("/api/v1/sla/calendars/{}", id(built_in)), body).await.expect(200);
        running.settle().await;
        let after = clocks(&admin, &normal).await;
        assert_eq!(of_kind(&after, "respond"), of_kind(&before, "respond"), "stopped");
        // The 20th is a holiday now: its 6.5 working hours after 10:00 do not count for who has it still.
        let used = |clocks: &Value| of_kind(clocks, "department")[0]["used"].as_f64().unwrap();
        assert_eq!((used(&before), used(&after)), (10.0, 3.5));
    }
}

journey! {
    async fn a_policy_that_is_switched_off_measures_and_stays_silent(running: Running) {
        let admin = running.admin().await;
        let (_, head) = user(&running, &admin, "zhao.min", "manager", Some("research")).await;
        let research = department(&admin, "research").await;
        admin.patch(&format!("/api/v1/departments/{research}"), json!({ "head_user_id": head })).await.expect(200);
        let policy = standard(&admin).await;
        set_target(&admin, &policy, "urgent", "department", json!({ "value": 2, "unit": "business_hours" })).await;
        let urgent = id(&of(&admin, "product_function", "urgent").await);
        let told = async |running: &Running| {
            let told = history(&running.admin().await, &urgent).await;
            let kinds = told.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned());
            kinds.filter(|kind| kind.starts_with("feedback.part_")).collect::<Vec<_>>()
        };
        assert_eq!(admin.patch(&policy, json!({ "enabled": false })).await.expect(200)["enabled"], false);
        running.until("2026-10-20T06:00:00Z").await;
        assert_eq!(told(&running).await, [""; 0]);
        let admin = running.admin().await;
        let shown = clocks(&admin, &urgent).await;
        assert_eq!(of_kind(&shown, "department")[0]["overdue"], true, "measured all the same");
        admin.patch(&policy, json!({ "enabled": true })).await.expect(200);
        running.settle().await;
        assert_eq!(told(&running).await, ["feedback.part_overdue"], "told late, and once");
        let inbox = running.sign_in("zhao.min", "zhao.min has a password").await;
        let inbox = inbox.get("/api/v1/me/notifications?limit=200").await.expect(200);
        let of_parts = inbox["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "feedback.part_overdue");
        assert_eq!(of_parts.count(), 1, "the head of the department");
    }
}

journey! {
    async fn a_department_is_reminded_of_its_time(running: Running) {
        let admin = running.admin().await;
        let policy = standard(&admin).await;
        set_target(&admin, &policy, "urgent", "department", json!({ "value": 5, "unit": "business_hours" })).await;
        let urgent = id(&of(&admin, "product_function", "urgent").await);
        let shown = clocks(&admin, &urgent).await;
        let clock = of_kind(&shown, "department")[0];
        // 10:00 to 12:00 and 13:30 to 16:30; four fifths of it at 15:30.
        assert_eq!(clock["due_at"], "2026-10-20T08:30:00Z");
        assert!(clock["explanation"]["text"].as_str().unwrap().starts_with("5 business hours from"), "{clock:#}");
        let told = async || {
            let told = history(&running.admin().await, &urgent).await;
            told.iter().filter(|entry| entry["kind"].as_str().unwrap().starts_with("feedback.part_")).count()
        };
        for (moment, count) in [("2026-10-20T07:29:59Z", 0), ("2026-10-20T07:30:00Z", 1), ("2026-10-20T08:29:59Z", 1), ("2026-10-20T08:30:00Z", 2)] {
            running.until(moment).await;
            assert_eq!(told().await, count, "{moment}");
        }
        running.pass(TimeDelta::days(2)).await;
        assert_eq!(told().await, 2, "the ladder of escalation is the customer's clock's");
    }
}

/// A die that falls the same way each time.
struct Die(u64);

impl Die {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Everything that may happen to a feedback and to the rules it goes by, at random; most of it is refused in most states.
async fn something(running: &Running, feedback: Uuid, all: &[Uuid], die: &mut Die) -> Result<(), Error> {
    let (app, now) = (&running.app, running.app.clock.now());
    let command = &Command::system(now);
    let collaborators = all.iter().filter(|_| die.roll(3) == 0).copied().collect();
    let department_id = all[die.roll(all.len() as u64) as usize];
    match die.roll(16) {
        0 | 1 => {
            let to = Assignment { department_id, handler_id: None, collaborators, reason: None, strategy: None };
            assign(app, command, feedback, to).await?;
        }
        2 | 3 => drop(handling::accept(app, command, feedback, now + TimeDelta::minutes(30)).await?),
        4 => drop(reject(app, command, feedback, "不属于本部门".to_owned()).await?),
        5 | 6 => drop(handling::start(app, command, feedback).await?),
        7 => drop(handling::await_customer(app, command, feedback).await?),
        8 => drop(handling::resume(app, command, feedback).await?),
        9 => {
            let (solution, improvement) = ("已修复".to_owned(), "增加测试".to_owned());
            let told = Some(Told::default());
            handling::resolve(app, command, feedback, Resolution { solution, improvement, told }).await?;
        }
        10 => match die.roll(3) {
            0 => drop(handling::confirm(app, command, feedback).await?),
            _ => drop(handling::reopen(app, command, feedback, "没有好".to_owned()).await?),
        },
        11 => {
            let priority = Priority::ALL[die.roll(3) as usize];
            triage(app, command, feedback, Subtype::ProductFunction, priority, None).await?;
        }
        12 => drop(add(app, command, feedback, NewPart { department_id, handler_id: None, task: None }).await?),
        13 => {
            let parts = parts::of_feedback(&app.db, feedback).await?;
            let Some(part) = parts.get(die.roll(parts.len().max(1) as u64) as usize) else { return Ok(()) };
            let action = [Action::Accept, Action::Finish, Action::Reject, Action::Cancel][die.roll(4) as usize];
            act_on(app, command, feedback, part.id, action, None).await?;
        }
        14 => {
            let policy = policies::in_force(app, &app.db).await?.unwrap();
            let (hours, unit) = (1 + die.roll(40) as u32, [Unit::Hours, Unit::BusinessHours][die.roll(2) as usize]);
            let kind = ClockKind::ALL[die.roll(5) as usize];
            let change = |mut spec: huiyin_domain::sla::PolicySpec| {
                for targets in spec.targets.values_mut() {
                    targets.insert(kind, Target::new(hours, unit));
                }
                spec
            };
            policies::update(app, command, policy.policy_id, change, Switches::default()).await?;
        }
        _ => {
            let calendar = policies::in_force(app, &app.db).await?.unwrap().calendar_id;
            let before = huiyin_persistence::sla::calendars::find(&app.db, calendar).await?.unwrap();
            let mut spec: CalendarSpec = from_json(&before.spec)?;
            let date = (now + TimeDelta::days(die.roll(4) as i64)).date_naive().to_string();
            spec.holidays.push(date);
            calendars::replace(app, command, calendar, before.name, spec).await?;
        }
    }
    Ok(())
}

/// That the row of every clock is what its ledger adds up to.
async fn check(running: &Running, feedback: Uuid) {
    let app = &running.app;
    let rows = stored::all_of(&app.db, vec![feedback]).await.unwrap();
    let lines = stored::lines(&app.db, rows.iter().map(|row| row.id).collect()).await.unwrap();
    let parts = parts::of_feedback(&app.db, feedback).await.unwrap();
    for row in &rows {
        let lines = &lines[&row.id];
        let entries: Vec<Entry> = lines.iter().map(|line| stored::entry(line).unwrap()).collect();
        let clock = Clock::replay(&entries).unwrap();
        let version = row.calendar_version.unwrap();
        let spec =
            huiyin_persistence::sla::calendars::version(&app.db, row.calendar_id, version).await.unwrap().unwrap();
        let calendar = Calendar::try_from(from_json::<CalendarSpec>(&spec).unwrap()).unwrap();
        let reading = clock.reading(&calendar, app.clock.now()).unwrap();
        let shown = (row.state.as_str(), row.started_at, row.stopped_at, row.due_at, row.provisional);
        let derived =
            (clock.state().as_str(), clock.started_at(), clock.stopped_at(), reading.due_at, reading.provisional);
        assert_eq!(shown, derived, "{row:#?} {entries:#?}");
        let target = clock.target().map_or(0, |target| target.value as i32);
        assert_eq!((row.target_value, row.target_unit.as_str()), (target, clock.unit().as_str()));
        assert_eq!(row.entries as usize, lines.len());
        assert!(lines.iter().enumerate().all(|(position, line)| line.position as usize == position));
        assert!(lines.iter().all(|line| line.cause.is_some()), "every entry says why");
        assert_eq!(lines.iter().rev().find_map(|line| line.calendar_id), Some(row.calendar_id));
        assert!(matches!(entries[0].kind, EntryKind::Started { .. }));
        if let Some(part) = parts.iter().find(|part| Some(part.id) == row.part_id) {
            assert_eq!(part.ended_at.is_some(), clock.state() == ClockState::Stopped, "{part:#?}");
            assert_eq!((part.started_at, part.ended_at), (clock.started_at(), clock.stopped_at()));
        }
    }
    let row = pool::find(&app.db, huiyin_domain::identity::Scope::All, feedback).await.unwrap().unwrap();
    let leads = parts.iter().filter(|part| part.role == "lead" && part.ended_at.is_none()).count();
    let worked_on = row.department_id.is_some() && !matches!(row.state.as_str(), "closed" | "new" | "rejected");
    assert_eq!(leads, usize::from(worked_on && row.awaiting.as_deref() != Some("confirmation")), "{row:#?}");
    assert_eq!(rows.iter().filter(|row| row.part_id.is_some()).count(), parts.len(), "a clock for each part");
}

journey! {
    /// Random histories, with changes of policy and calendar in between: what stands in the rows is always what the
    /// ledgers add up to.
    async fn rows_are_what_their_ledgers_add_up_to(running: Running) {
        let page = departments::list(&running.app.db, PageRequest { before: None, limit: 10 }).await.unwrap();
        let all: Vec<Uuid> = page.items.into_iter().map(|department| department.id).collect();
        let mut done = 0;
        for seed in 1..=3 {
            let feedback = of(&running.admin().await, "cooperation_policy", "urgent").await;
            let feedback: Uuid = id(&feedback).parse().unwrap();
            let mut die = Die(seed);
            for _ in 0..45 {
                running.clock.advance(TimeDelta::minutes(die.roll(200) as i64));
                match something(&running, feedback, &all, &mut die).await {
                    Ok(()) => done += 1,
                    Err(Error::Faults(_)) => {}
                    Err(error) => panic!("{error}"),
                }
                running.settle().await;
                check(&running, feedback).await;
            }
        }
        assert!(done > 30, "most of it was refused: {done}");
    }
}
