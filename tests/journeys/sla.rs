//! Deadlines as they are computed: `POST /sla/preview` (L1–L6), and the two presets on real feedback (F5).

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::builders::{COMPLAINT, deadline, id};
use crate::support::{Client, Running, journey};

/// Monday to Friday, with a lunch break.
fn office() -> Value {
    let hours = json!([["09:00", "12:00"], ["13:30", "18:00"]]);
    let week = json!({ "mon": hours, "tue": hours, "wed": hours, "thu": hours, "fri": hours });
    json!({ "time_zone": "Asia/Shanghai", "weekly_hours": week })
}

/// The office, closed on Wednesday, 21 October 2026, open on Saturday, 24 October, which is on the list of holidays too.
fn office_with_exceptions() -> Value {
    let mut calendar = office();
    calendar["holidays"] = json!(["2026-10-21", "2026-10-24"]);
    calendar["working_days"] = json!([{ "date": "2026-10-24", "hours": [["10:00", "16:00"]] }]);
    calendar
}

/// Open on Sundays from midnight to six: the hours in which clocks are changed.
fn night_watch(time_zone: &str) -> Value {
    json!({ "time_zone": time_zone, "weekly_hours": { "sun": [["00:00", "06:00"]] } })
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

async fn preview(client: &Client, body: Value) -> Value {
    client.post("/api/v1/sla/preview", body).await.expect(200)
}

/// Start, target and pauses, and when that is due.
type Case<'a> = (&'a str, &'a str, (u32, &'a str), &'a [(&'a str, &'a str)], &'a str);

async fn check(client: &Client, calendar: Value, cases: &[Case<'_>]) {
    for (what, start, (value, unit), pauses, due) in cases {
        let pauses: Vec<Value> = pauses.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect();
        let body = json!({
            "calendar": calendar, "start": start, "target": { "value": value, "unit": unit }, "pauses": pauses,
        });
        let answer = preview(client, body).await;
        assert_eq!(at(answer["due_at"].as_str().unwrap()), at(due), "{what}: {answer:#}");
        assert_eq!(answer["provisional"], false, "{what}: every year of this calendar is known");
    }
}

journey! {
    async fn business_hours_count_only_inside_working_hours(running: Running) {
        check(&running.admin().await, office(), &[
            ("met at closing time, due at closing", "2026-10-20T10:30:00+08:00", (6, "business_hours"), &[], "2026-10-20T18:00:00+08:00"),
            ("met as lunch begins, due then", "2026-10-20T11:00:00+08:00", (1, "business_hours"), &[], "2026-10-20T12:00:00+08:00"),
            ("over lunch", "2026-10-20T11:00:00+08:00", (2, "business_hours"), &[], "2026-10-20T14:30:00+08:00"),
            ("from within lunch", "2026-10-20T12:30:00+08:00", (1, "business_hours"), &[], "2026-10-20T14:30:00+08:00"),
            ("over the night", "2026-10-20T17:00:00+08:00", (2, "business_hours"), &[], "2026-10-21T10:00:00+08:00"),
            ("from before opening", "2026-10-20T06:00:00+08:00", (1, "business_hours"), &[], "2026-10-20T10:00:00+08:00"),
            ("from closing time on", "2026-10-20T18:00:00+08:00", (1, "business_hours"), &[], "2026-10-21T10:00:00+08:00"),
            ("over the weekend", "2026-10-23T17:00:00+08:00", (2, "business_hours"), &[], "2026-10-26T10:00:00+08:00"),
        ]).await;
        check(&running.admin().await, office_with_exceptions(), &[
            ("over the holiday", "2026-10-20T17:00:00+08:00", (2, "business_hours"), &[], "2026-10-22T10:00:00+08:00"),
            ("into the make-up Saturday, by its own hours", "2026-10-23T17:00:00+08:00", (2, "business_hours"), &[], "2026-10-24T11:00:00+08:00"),
            ("the Sunday after it is closed", "2026-10-24T15:00:00+08:00", (2, "business_hours"), &[], "2026-10-26T10:00:00+08:00"),
        ]).await;
    }
}

journey! {
    async fn working_days_count_as_chinese_civil_law_does(running: Running) {
        let admin = running.admin().await;
        check(&admin, office(), &[
            ("the start day does not count", "2026-10-20T09:00:00+08:00", (1, "working_days"), &[], "2026-10-21T18:00:00+08:00"),
            ("however late it is", "2026-10-20T23:59:59+08:00", (1, "working_days"), &[], "2026-10-21T18:00:00+08:00"),
            ("however early it is", "2026-10-20T00:00:00+08:00", (1, "working_days"), &[], "2026-10-21T18:00:00+08:00"),
            ("three of them", "2026-10-20T09:00:00+08:00", (3, "working_days"), &[], "2026-10-23T18:00:00+08:00"),
            ("over the weekend", "2026-10-23T09:00:00+08:00", (1, "working_days"), &[], "2026-10-26T18:00:00+08:00"),
            ("from a closed day", "2026-10-24T09:00:00+08:00", (1, "working_days"), &[], "2026-10-26T18:00:00+08:00"),
            ("the local day decides, not that of UTC", "2026-10-19T17:00:00Z", (1, "working_days"), &[], "2026-10-21T18:00:00+08:00"),
        ]).await;
        check(&admin, office_with_exceptions(), &[
            ("over the holiday", "2026-10-20T09:00:00+08:00", (1, "working_days"), &[], "2026-10-22T18:00:00+08:00"),
            ("the make-up Saturday, at its own closing", "2026-10-23T09:00:00+08:00", (1, "working_days"), &[], "2026-10-24T16:00:00+08:00"),
        ]).await;
        let mut monday_hours = office();
        monday_hours["working_days"] = json!([{ "date": "2026-10-24" }]);
        check(&admin, monday_hours, &[
            ("without hours of its own: those of Monday", "2026-10-23T09:00:00+08:00", (1, "working_days"), &[], "2026-10-24T18:00:00+08:00"),
        ]).await;
    }
}

journey! {
    async fn a_pause_takes_away_what_the_clock_would_have_counted_and_no_more(running: Running) {
        let admin = running.admin().await;
        check(&admin, office(), &[
            ("over a night: two working hours are lost", "2026-10-20T16:00:00+08:00", (3, "business_hours"),
                &[("2026-10-20T17:00:00+08:00", "2026-10-21T10:00:00+08:00")], "2026-10-21T12:00:00+08:00"),
            ("at night: nothing is lost", "2026-10-20T16:00:00+08:00", (3, "business_hours"),
                &[("2026-10-20T18:00:00+08:00", "2026-10-21T09:00:00+08:00")], "2026-10-21T10:00:00+08:00"),
            ("elapsed time is paused by night as well", "2026-10-20T16:00:00+08:00", (3, "hours"),
                &[("2026-10-20T17:00:00+08:00", "2026-10-21T10:00:00+08:00")], "2026-10-21T12:00:00+08:00"),
            ("two that overlap count once", "2026-10-20T10:00:00+08:00", (4, "hours"),
                &[("2026-10-20T11:30:00+08:00", "2026-10-20T12:30:00+08:00"), ("2026-10-20T11:00:00+08:00", "2026-10-20T12:00:00+08:00")],
                "2026-10-20T15:30:00+08:00"),
            ("before the start it does not matter", "2026-10-20T10:00:00+08:00", (1, "hours"),
                &[("2026-10-20T07:00:00+08:00", "2026-10-20T10:00:00+08:00")], "2026-10-20T11:00:00+08:00"),
            ("after the deadline it does not matter", "2026-10-20T10:00:00+08:00", (1, "hours"),
                &[("2026-10-20T11:00:00+08:00", "2026-10-20T12:00:00+08:00")], "2026-10-20T11:00:00+08:00"),
            ("over closing time: the working day is lost", "2026-10-20T10:00:00+08:00", (1, "working_days"),
                &[("2026-10-21T17:00:00+08:00", "2026-10-22T10:00:00+08:00")], "2026-10-22T18:00:00+08:00"),
            ("from closing time on: it is not", "2026-10-20T10:00:00+08:00", (1, "working_days"),
                &[("2026-10-21T18:00:00+08:00", "2026-10-22T10:00:00+08:00")], "2026-10-21T18:00:00+08:00"),
        ]).await;
        check(&admin, office_with_exceptions(), &[
            ("over a holiday: nothing is lost", "2026-10-20T16:00:00+08:00", (3, "business_hours"),
                &[("2026-10-20T18:00:00+08:00", "2026-10-22T09:00:00+08:00")], "2026-10-22T10:00:00+08:00"),
            ("over a holiday and an hour of the day after", "2026-10-20T16:00:00+08:00", (3, "business_hours"),
                &[("2026-10-20T18:00:00+08:00", "2026-10-22T10:00:00+08:00")], "2026-10-22T11:00:00+08:00"),
            ("of a whole holiday: no working day is lost", "2026-10-20T10:00:00+08:00", (1, "working_days"),
                &[("2026-10-21T00:00:00+08:00", "2026-10-22T00:00:00+08:00")], "2026-10-22T18:00:00+08:00"),
        ]).await;
    }
}

journey! {
    async fn days_on_which_clocks_change_have_23_or_25_hours(running: Running) {
        let admin = running.admin().await;
        check(&admin, night_watch("America/New_York"), &[
            ("24 hours over the hour that comes twice", "2026-10-31T12:00:00-04:00", (24, "hours"), &[], "2026-11-01T11:00:00-05:00"),
            ("a day is 24 hours", "2026-10-31T12:00:00-04:00", (1, "days"), &[], "2026-11-01T11:00:00-05:00"),
            ("minutes over the hour that is left out", "2026-03-08T01:30:00-05:00", (60, "minutes"), &[], "2026-03-08T03:30:00-04:00"),
            ("six hours on the wall are seven", "2026-11-01T00:00:00-04:00", (7, "business_hours"), &[], "2026-11-01T06:00:00-05:00"),
            ("six hours on the wall are five", "2026-03-08T00:00:00-05:00", (5, "business_hours"), &[], "2026-03-08T06:00:00-04:00"),
            ("closing is a time on the wall", "2026-10-31T12:00:00-04:00", (1, "working_days"), &[], "2026-11-01T06:00:00-05:00"),
        ]).await;
        check(&admin, night_watch("Europe/London"), &[
            ("24 hours over the hour that comes twice", "2026-10-24T12:00:00+01:00", (24, "hours"), &[], "2026-10-25T11:00:00Z"),
            ("six hours on the wall are seven", "2026-10-25T00:00:00+01:00", (7, "business_hours"), &[], "2026-10-25T06:00:00Z"),
            ("six hours on the wall are five", "2026-03-29T00:00:00Z", (5, "business_hours"), &[], "2026-03-29T06:00:00+01:00"),
            ("closing is a time on the wall", "2026-03-28T12:00:00Z", (1, "working_days"), &[], "2026-03-29T06:00:00+01:00"),
        ]).await;
    }
}

journey! {
    async fn the_built_in_calendar_knows_the_statutory_days(running: Running) {
        let admin = running.admin().await;
        let calendars = admin.get("/api/v1/sla/calendars").await.expect(200);
        let built_in = id(calendars["items"].as_array().unwrap().iter().find(|calendar| calendar["built_in"] == true).unwrap());
        // National Day is 1 to 7 October; Saturday, 10 October, is worked instead.
        for (days, due) in [(1, "2026-10-08T10:00:00Z"), (2, "2026-10-09T10:00:00Z"), (3, "2026-10-10T10:00:00Z"), (4, "2026-10-12T10:00:00Z")] {
            let body = json!({ "calendar_id": built_in, "start": "2026-09-30T16:00:00+08:00", "target": { "value": days, "unit": "working_days" } });
            let answer = preview(&admin, body.clone()).await;
            assert_eq!((&answer["due_at"], &answer["provisional"]), (&json!(due), &json!(false)), "{answer:#}");
            let mut without = body;
            without.as_object_mut().unwrap().remove("calendar_id");
            assert_eq!(preview(&admin, without).await["due_at"], due, "without a calendar: that of the policy in force");
        }

        let by = |unit: &str, value: u32| json!({ "calendar_id": built_in, "start": "2026-12-30T16:00:00+08:00", "target": { "value": value, "unit": unit } });
        assert_eq!(preview(&admin, by("working_days", 1)).await["provisional"], false, "31 December is known");
        assert_eq!(preview(&admin, by("working_days", 5)).await["provisional"], true, "the days of 2027 are not published");
        assert_eq!(preview(&admin, by("business_hours", 40)).await["provisional"], true);
        assert_eq!(preview(&admin, by("days", 40)).await["provisional"], false, "elapsed time needs no calendar");

        let explained = &preview(&admin, by("working_days", 1)).await["explanation"];
        assert_eq!(explained["time_zone"], "Asia/Shanghai");
        assert_eq!(explained["skipped"], json!([{ "date": "2026-12-30", "reason": "start_day" }]));
        assert_eq!(explained["counted"][0]["date"], "2026-12-31");
    }
}

journey! {
    async fn what_is_wrong_with_a_question_is_named_all_at_once(running: Running) {
        let admin = running.admin().await;
        let ask = async |body: Value| admin.post("/api/v1/sla/preview", body).await;
        let faulty = json!({
            "calendar": { "time_zone": "Mars/Olympus", "weekly_hours": { "mon": [["9", "12:00"]], "moonday": [] }, "holidays": ["yesterday"] },
            "start": "soon", "target": { "value": 0, "unit": "fortnights" }, "pauses": [{ "from": "2026-10-20T09:00:00Z" }],
        });
        let mut named = ask(faulty).await.faults();
        named.dedup();
        assert_eq!(named, [
            "/calendar/holidays/0", "/calendar/time_zone", "/calendar/weekly_hours/mon/0/0", "/calendar/weekly_hours/moonday",
            "/pauses/0/to", "/start", "/target/unit", "/target/value",
        ]);

        let with = |calendar: Value, target: Value| json!({ "calendar": calendar, "start": "2026-10-20T09:00:00Z", "target": target });
        let day = json!({ "value": 1, "unit": "working_days" });
        let mut twice = office();
        twice["working_days"] = json!([{ "date": "2026-10-24" }, { "date": "2026-10-24" }]);
        let answer = ask(with(twice, day.clone())).await;
        assert!(answer.text.contains("/calendar/working_days/1"), "{}", answer.text);
        assert_eq!(answer.problem(409), "calendar_conflict");

        let closed = json!({ "time_zone": "Asia/Shanghai", "weekly_hours": {} });
        let answer = ask(with(closed, day.clone())).await;
        assert!(answer.text.contains("/calendar/weekly_hours"), "{}", answer.text);
        assert_eq!(answer.problem(409), "calendar_conflict", "a calendar that never opens");

        let far = json!({ "value": 1_000_000, "unit": "working_days" });
        assert_eq!(ask(with(office(), far)).await.problem(409), "calendar_out_of_reach");
        let once = json!({ "time_zone": "Asia/Shanghai", "weekly_hours": {}, "working_days": [{ "date": "2026-10-24", "hours": [["10:00", "16:00"]] }] });
        assert_eq!(ask(with(once, json!({ "value": 2, "unit": "working_days" }))).await.problem(409), "calendar_out_of_reach");

        let unknown = json!({ "calendar_id": "0198c0de-0000-7000-8000-000000000000", "start": "2026-10-20T09:00:00Z", "target": day });
        assert_eq!(ask(unknown).await.problem(404), "calendar_not_found");
    }
}

async fn of_priority(client: &Client, priority: &str) -> Value {
    let body =
        json!({ "channel": "hotline", "content": COMPLAINT, "subtype": "product_function", "priority": priority });
    client.post("/api/v1/feedback", body).await.expect(201)
}

async fn policy(client: &Client, name: &str) -> String {
    let policies = client.get("/api/v1/sla/policies").await.expect(200);
    id(policies["items"].as_array().unwrap().iter().find(|policy| policy["name"] == name).unwrap())
}

journey! {
    async fn the_presets_set_the_deadlines_of_new_feedback_only(running: Running) {
        let admin = running.admin().await;
        let standard = [
            ("urgent", "2026-10-20T04:00:00Z", json!("2026-10-23T02:00:00Z")),
            ("important", "2026-10-21T02:00:00Z", json!("2026-10-27T02:00:00Z")),
            // Three working days end at closing time; to resolve it the preset knows no limit.
            ("normal", "2026-10-23T10:00:00Z", Value::Null),
        ];
        let graded = [
            ("urgent", "2026-10-20T04:00:00Z", json!("2026-10-21T02:00:00Z")),
            ("important", "2026-10-20T06:00:00Z", json!("2026-10-22T02:00:00Z")),
            ("normal", "2026-10-20T14:00:00Z", json!("2026-10-23T02:00:00Z")),
        ];
        let mut before = Vec::new();
        for (priority, respond, resolve) in &standard {
            let feedback = of_priority(&admin, priority).await;
            assert_eq!(deadline(&feedback, "respond")["due_at"], *respond, "standard, {priority}");
            assert_eq!(deadline(&feedback, "resolve")["due_at"], *resolve, "standard, {priority}");
            assert_eq!(deadline(&feedback, "assign"), &Value::Null, "dispatched at once: nothing to measure");
            before.push(feedback);
        }

        let path = format!("/api/v1/sla/policies/{}", policy(&admin, "graded").await);
        assert_eq!(admin.call(&format!("{path}/activate")).await.expect(200)["active"], true);
        for (priority, respond, resolve) in &graded {
            let feedback = of_priority(&admin, priority).await;
            assert_eq!(deadline(&feedback, "respond")["due_at"], *respond, "graded, {priority}");
            assert_eq!(deadline(&feedback, "resolve")["due_at"], *resolve, "graded, {priority}");
        }
        let active = admin.get("/api/v1/sla/policies").await.expect(200);
        let active = active["items"].as_array().unwrap().iter().filter(|policy| policy["active"] == true).count();
        assert_eq!(active, 1, "the one before is switched off");

        running.settle().await;
        for feedback in before {
            let now = admin.get(&format!("/api/v1/feedback/{}", id(&feedback))).await.expect(200);
            assert_eq!(now["deadlines"], feedback["deadlines"], "what is open keeps the deadlines it began with");
        }
    }
}

journey! {
    async fn an_edited_policy_holds_for_open_feedback_too(running: Running) {
        let admin = running.admin().await;
        let before = of_priority(&admin, "urgent").await;
        let path = format!("/api/v1/sla/policies/{}", policy(&admin, "standard").await);
        let mut targets = admin.get(&path).await.expect(200)["targets"].clone();
        targets["urgent"]["respond"] = json!({ "value": 30, "unit": "minutes" });
        admin.patch(&path, json!({ "targets": targets })).await.expect(200);
        running.settle().await;

        let after = admin.get(&format!("/api/v1/feedback/{}", id(&before))).await.expect(200);
        assert_eq!(deadline(&after, "respond")["due_at"], "2026-10-20T02:30:00Z");
        let new = of_priority(&admin, "urgent").await;
        assert_eq!(deadline(&new, "respond")["due_at"], "2026-10-20T02:30:00Z");
    }
}
