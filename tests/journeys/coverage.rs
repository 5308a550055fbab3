//! What became of the follow-ups that were due: the figures are those that counting the tasks one by one would give.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Asia::Shanghai;
use huiyin_domain::follow_up::coverage::{Counted, Figures};
use huiyin_domain::follow_up::{CancelCause, TaskOutcome, TaskState};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::beginning;
use crate::support::builders::{department, user};
use crate::support::follow_ups::{Row, plan, store};
use crate::support::{Client, Running, journey};

const COVERAGE: &str = "/api/v1/follow-up/coverage";

/// The figures as they are shown, read back as an answer is.
fn shown(figures: Figures) -> Value {
    let figures = json!({
        "due": figures.due(), "reached": figures.reached, "refused": figures.refused, "unreachable": figures.unreachable,
        "open": figures.open, "overdue": figures.overdue, "cancelled": figures.cancelled, "dropped": figures.dropped,
        "in_time": figures.in_time, "coverage": figures.coverage(), "completion": figures.completion(),
        "on_time_rate": figures.on_time_rate(),
        "csat": { "count": figures.csat_count, "average": figures.csat_average(), "satisfied": figures.satisfied,
            "satisfaction_rate": figures.satisfaction_rate() },
        "nps": { "count": figures.nps_count, "promoters": figures.promoters, "detractors": figures.detractors,
            "passives": figures.nps_count - figures.promoters - figures.detractors, "score": figures.nps() },
    });
    serde_json::from_str(&figures.to_string()).unwrap()
}

fn of(row: &Row, now: DateTime<Utc>) -> Figures {
    let Row { state, outcome, cancel_cause, due_by, first_due_by, closed_at, csat, nps, .. } = *row;
    Figures::of(&Counted { state, outcome, cancel_cause, due_by, first_due_by, closed_at, csat, nps }, now)
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Figures {
    rows.into_iter().map(|row| of(row, beginning())).fold(Figures::default(), Figures::plus)
}

fn local(row: &Row) -> NaiveDate {
    row.first_due_by.with_timezone(&Shanghai).date_naive()
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize].clone()
    }
}

/// Tasks of all kinds around three months, some of them due exactly when a local day begins.
fn tasks(plans: &[Option<Uuid>], places: &[(Option<Uuid>, Option<Uuid>)]) -> Vec<Row> {
    let mut dice = Dice(20_261_020);
    let start: DateTime<Utc> = "2026-07-20T16:00:00Z".parse().unwrap();
    let row = |_| {
        let seconds = if dice.below(5) == 0 { 0 } else { dice.below(86_400) };
        let first_due_by = start + TimeDelta::days(dice.below(120) as i64) + TimeDelta::seconds(seconds as i64);
        let due_by = first_due_by + TimeDelta::days(dice.one_of(&[0, 0, 0, 7, 30]));
        let closed_at = first_due_by + TimeDelta::hours(dice.one_of(&[-48, -1, 0, 1, 200]));
        let (department, assignee) = dice.one_of(places);
        let row = Row { plan: dice.one_of(plans), department, assignee, first_due_by, ..Row::due(due_by) };
        let scores: [i16; 4] = [0, 1, 4, 5];
        let csat = Some(dice.one_of(&scores)).filter(|csat| *csat > 0);
        let nps = Some(dice.below(14) as i16).filter(|nps| *nps <= 10);
        match dice.below(8) {
            0 => row,
            1 => Row { state: TaskState::InProgress, ..row },
            2 => Row { outcome: Some(TaskOutcome::Refused), ..row.reached(closed_at) },
            3 => Row { outcome: Some(TaskOutcome::Unreachable), ..row.reached(closed_at) },
            4 => Row {
                state: TaskState::Cancelled,
                cancel_cause: Some(dice.one_of(CancelCause::ALL)),
                closed_at: Some(closed_at),
                ..row
            },
            _ => Row { csat, nps, ..row.reached(closed_at) },
        }
    };
    (0..900).map(row).collect()
}

async fn read(client: &Client, query: &str) -> Value {
    client.get(&format!("{COVERAGE}?from=2026-08-01&to=2026-10-31{query}")).await.expect(200)
}

journey! {
    async fn the_figures_are_those_of_a_recount(running: Running) {
        let admin = running.admin().await;
        let sales = department(&admin, "sales").await;
        let service = department(&admin, "customer_service").await;
        let (manager, manager_id) = user(&running, &admin, "wang.fang", "manager", Some("sales")).await;
        let (agent, agent_id) = user(&running, &admin, "sun.yu", "agent", Some("sales")).await;
        let (sales_id, service_id): (Uuid, Uuid) = (sales.parse().unwrap(), service.parse().unwrap());
        let (manager_id, agent_id): (Uuid, Uuid) = (manager_id.parse().unwrap(), agent_id.parse().unwrap());
        let first = plan(&running, "购买后回访", None, None).await;
        let second = plan(&running, "季度回访", Some(&service), None).await;
        let places = [
            (Some(sales_id), Some(agent_id)), (Some(sales_id), None), (Some(sales_id), Some(manager_id)), (Some(service_id), None),
            (None, None),
        ];
        let all = tasks(&[Some(first), Some(second), None], &places);
        store(&running, &all).await;

        let (from, to): (NaiveDate, NaiveDate) = ("2026-08-01".parse().unwrap(), "2026-10-31".parse().unwrap());
        let due: Vec<&Row> = all.iter().filter(|row| (from..=to).contains(&local(row))).collect();
        assert!(due.len() > 400 && due.len() < all.len());
        let total = shown(sum(due.iter().copied()));
        let whole = read(&admin, "").await;
        assert_eq!((&whole["total"], &whole["rows"], &whole["by"]), (&total, &json!([]), &Value::Null));
        let figures = sum(due.iter().copied());
        assert!(figures.dropped > 0 && figures.cancelled > 0 && figures.overdue > 0 && figures.detractors > 0, "{figures:?}");

        // By plan, department and person, each with its name; the rows are the whole.
        type Key = fn(&Row) -> Option<Uuid>;
        let keys: [(&str, Key); 3] = [("plan", |row| row.plan), ("department", |row| row.department), ("assignee", |row| row.assignee)];
        for (by, key) in keys {
            let mut expected: BTreeMap<Option<String>, Vec<&Row>> = BTreeMap::new();
            for row in &due {
                expected.entry(key(row).map(|id| id.to_string())).or_default().push(row);
            }
            let answer = read(&admin, &format!("&by={by}")).await;
            assert_eq!(answer["total"], total, "{by}");
            let rows = answer["rows"].as_array().unwrap();
            assert_eq!(rows.len(), expected.len(), "{by}");
            for row in rows {
                let id = row["id"].as_str().map(str::to_owned);
                assert_eq!(row["figures"], shown(sum(expected[&id].iter().copied())), "{by} {id:?}");
                assert_eq!(row["name"].is_string(), id.is_some(), "{row}");
            }
        }

        // By time: every day, week, month and quarter of the period is there, also those without a task.
        for (by, parts) in [("day", 92), ("week", 14), ("month", 3), ("quarter", 2)] {
            let answer = read(&admin, &format!("&by={by}")).await;
            assert_eq!(answer["total"], total, "{by}");
            let rows = answer["rows"].as_array().unwrap();
            assert_eq!(rows.len(), parts, "{by}");
            for row in rows {
                let (from, to): (NaiveDate, NaiveDate) =
                    (row["from"].as_str().unwrap().parse().unwrap(), row["to"].as_str().unwrap().parse().unwrap());
                let expected = sum(due.iter().copied().filter(|row| (from..=to).contains(&local(row))));
                assert_eq!(row["figures"], shown(expected), "{from} {to}");
            }
        }

        // Everybody sees what lies within reach, and may narrow it.
        let within = |reached: fn(&Row, Uuid, Uuid) -> bool| {
            shown(sum(due.iter().copied().filter(|row| reached(row, sales_id, agent_id))))
        };
        assert_eq!(read(&manager, "").await["total"], within(|row, sales, _| row.department == Some(sales)));
        let own = within(|row, sales, me| row.assignee == Some(me) || (row.assignee.is_none() && row.department == Some(sales)));
        assert_eq!(read(&agent, "").await["total"], own);
        let narrowed = shown(sum(due.iter().copied().filter(|row| row.plan == Some(first) && row.assignee == Some(agent_id))));
        assert_eq!(read(&admin, &format!("&plan_id={first}&assignee_id={agent_id}")).await["total"], narrowed);
        let of_plan = admin.get(&format!("/api/v1/follow-up-plans/{first}/coverage?from=2026-08-01&to=2026-10-31&by=assignee")).await.expect(200);
        assert_eq!(of_plan["total"], shown(sum(due.iter().copied().filter(|row| row.plan == Some(first)))));
        let hidden = format!("/api/v1/follow-up-plans/{second}/coverage");
        assert_eq!(manager.get(&hidden).await.problem(404), "plan_not_found");

        // Of one plan it is the same from either side, and goes on to what is due last; nothing was due in the year 1.
        let of_plan = admin.get(&format!("/api/v1/follow-up-plans/{first}/coverage")).await.expect(200);
        assert!(of_plan["to"].as_str().unwrap() > "2026-10-20", "{of_plan}");
        assert_eq!(admin.get(&format!("{COVERAGE}?plan_id={first}")).await.expect(200), of_plan);
        assert_eq!(manager.get(&format!("{COVERAGE}?plan_id={second}")).await.expect(200)["to"], "2026-10-20", "nothing of another's plan");
        let antiquity = admin.get(&format!("{COVERAGE}?from=0001-01-01&to=0001-03-01&by=day")).await.expect(200);
        assert_eq!((antiquity["rows"].as_array().unwrap().len(), &antiquity["total"]["due"]), (60, &json!(0)));

        for wrong in ["from=2026-10-02&to=2026-10-01", "from=2025-10-01&to=2026-10-02", "from=2027-01-01"] {
            assert_eq!(admin.get(&format!("{COVERAGE}?{wrong}")).await.problem(409), "period_invalid", "{wrong}");
        }
        assert_eq!(admin.get(&format!("{COVERAGE}?by=hour&from=yesterday")).await.faults(), ["#query/by", "#query/from"]);
    }
}

journey! {
    async fn a_goal_is_reached_when_its_figure_is(running: Running) {
        let admin = running.admin().await;
        let goal = |metric: &str, target: f64| Some(json!({ "metric": metric, "target": target }));
        let satisfied = plan(&running, "新客户回访", None, goal("satisfaction_rate", 95.0)).await;
        let promoted = plan(&running, "季度回访", None, goal("nps", 0.5)).await;
        let without = plan(&running, "没有目标", None, None).await;
        let progress = async |plan: Uuid| admin.get(&format!("/api/v1/follow-up-plans/{plan}/goal")).await;
        let empty = progress(satisfied).await.expect(200);
        assert_eq!((&empty["actual"], &empty["count"], &empty["reached"]), (&Value::Null, &json!(0), &json!(false)));
        // The last 90 days.
        assert_eq!((&empty["from"], &empty["to"]), (&json!("2026-07-23"), &json!("2026-10-20")));

        let at = beginning() - TimeDelta::days(3);
        let scored = |plan: Uuid, csat: Option<i16>, nps: Option<i16>| {
            Row { plan: Some(plan), csat, nps, ..Row::due(at).reached(at) }
        };
        // 19 of 20 who answered are satisfied; who did not answer does not count, nor who is asked later.
        let mut rows: Vec<Row> = (0..18).map(|_| scored(satisfied, Some(4), None)).collect();
        rows.extend([scored(satisfied, Some(3), None), scored(satisfied, None, None)]);
        // Nor who is still to be asked; who was asked ahead of the last day does.
        let ahead = beginning() + TimeDelta::days(2);
        rows.push(Row { plan: Some(satisfied), ..Row::due(ahead) });
        rows.push(Row { plan: Some(satisfied), csat: Some(4), ..Row::due(ahead).reached(at) });
        // One of 201 more promotes than does not: half a point is not lost.
        rows.extend((0..201).map(|n| scored(promoted, None, Some(if n == 0 { 9 } else { 7 }))));
        store(&running, &rows).await;
        let reached = progress(satisfied).await.expect(200);
        assert_eq!((&reached["actual"], &reached["count"], &reached["reached"]), (&json!(95.0), &json!(20), &json!(true)));
        let missed = progress(promoted).await.expect(200);
        let actual = missed["actual"].as_f64().unwrap();
        assert!((actual - 100.0 / 201.0).abs() < 1e-12 && missed["reached"] == false, "{missed}");
        assert_eq!(progress(without).await.problem(404), "goal_not_found");
        let quarter = admin.get(&format!("/api/v1/follow-up-plans/{satisfied}/goal?from=2026-04-01&to=2026-06-30")).await.expect(200);
        assert_eq!(quarter["count"], 0);
        let years = admin.get(&format!("/api/v1/follow-up-plans/{satisfied}/goal?from=2025-01-01")).await;
        assert_eq!(years.problem(409), "period_invalid", "not a part of it under the name of the whole");
    }
}
