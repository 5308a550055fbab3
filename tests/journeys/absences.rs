//! Who is away is given nothing, and whoever stands in has the work.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::dispatch::{act, history};
use crate::support::builders::{complaint, department, id, user};
use crate::support::{Client, Running, journey};

/// The story begins at 2026-10-20T02:00:00Z.
fn away(user: Option<&str>, deputy: Option<&str>, starts_at: &str, ends_at: &str) -> Value {
    json!({ "user_id": user, "deputy_id": deputy, "starts_at": starts_at, "ends_at": ends_at, "reason": "病假" })
}

/// A feedback in somebody's hands.
async fn given(admin: &Client, department: &str, handler: &str) -> Value {
    let one = id(&complaint(admin).await);
    act(admin, &one, "assign", json!({ "department_id": department, "handler_id": handler })).await
}

async fn read(client: &Client, one: &str) -> Value {
    client.get(&format!("/api/v1/feedback/{one}")).await.expect(200)
}

journey! {
    async fn a_deputy_takes_what_is_not_accepted_and_works_on_what_is(running: Running) {
        let admin = running.admin().await;
        let research = department(&admin, "research").await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let (_, deputy_id) = user(&running, &admin, "zhao.lei", "agent", Some("research")).await;
        let waits = id(&given(&admin, &research, &li_id).await);
        let accepted = id(&given(&admin, &research, &li_id).await);
        act(&li, &accepted, "accept", json!({ "promised_at": "2026-10-23T00:00:00Z" })).await;
        let absence = li.post("/api/v1/absences", away(None, Some(&deputy_id), "2026-10-20T03:00:00Z", "2026-10-21T03:00:00Z")).await.expect(201);
        assert_eq!((&absence["user_id"], &absence["away_now"]), (&json!(li_id), &json!(false)));
        running.settle().await;
        assert_eq!(read(&admin, &waits).await["handler_id"], json!(li_id), "not yet");

        running.pass(TimeDelta::hours(1)).await;
        let admin = running.admin().await;
        let deputy = running.sign_in("zhao.lei", "zhao.lei has a password").await;
        let moved = read(&admin, &waits).await;
        assert_eq!((&moved["handler_id"], &moved["deputy_id"]), (&json!(deputy_id), &Value::Null));
        let told = history(&admin, &waits).await;
        assert_eq!(told.last().unwrap()["event"]["data"]["instead_of"], json!(li_id));
        let stays = read(&deputy, &accepted).await;
        assert_eq!((&stays["handler_id"], &stays["deputy_id"]), (&json!(li_id), &json!(deputy_id)));
        let mine = deputy.get("/api/v1/feedback/work-list").await.expect(200);
        assert_eq!(mine["items"].as_array().unwrap().len(), 2, "one's own, and what one stands in for");
        act(&deputy, &accepted, "start", Value::Null).await;
        let new = given(&admin, &research, &li_id).await;
        assert_eq!(new["handler_id"], json!(deputy_id), "nothing new for one who is away");

        running.pass(TimeDelta::hours(24)).await;
        let deputy = running.sign_in("zhao.lei", "zhao.lei has a password").await;
        let admin = running.admin().await;
        assert_eq!(read(&admin, &accepted).await["deputy_id"], Value::Null, "back again");
        assert_eq!(deputy.call(&format!("/api/v1/feedback/{accepted}/await-customer")).await.problem(404), "feedback_not_found");
        assert_eq!(given(&admin, &research, &li_id).await["handler_id"], json!(li_id));
    }
}

journey! {
    async fn without_a_deputy_it_goes_to_the_next_and_else_to_the_pool(running: Running) {
        let admin = running.admin().await;
        let finance = department(&admin, "finance").await;
        let (an, an_id) = user(&running, &admin, "an.an", "agent", Some("finance")).await;
        let (_, bo_id) = user(&running, &admin, "bo.bo", "agent", Some("finance")).await;
        let (_, other_id) = user(&running, &admin, "cao.cao", "agent", Some("sales")).await;
        let one = id(&given(&admin, &finance, &an_id).await);
        an.post("/api/v1/absences", away(None, None, "2026-10-20T01:00:00Z", "2026-10-22T00:00:00Z")).await.expect(201);
        running.settle().await;
        assert_eq!(read(&admin, &one).await["handler_id"], json!(bo_id), "the next");

        // Bo's deputy is An, who is away: they stand in for each other, which is nobody.
        let bo = away(Some(&bo_id), Some(&an_id), "2026-10-20T01:00:00Z", "2026-10-22T00:00:00Z");
        let bo = id(&admin.post("/api/v1/absences", bo).await.expect(201));
        let absences = admin.get(&format!("/api/v1/absences?user_id={an_id}&away_now=true")).await.expect(200);
        let path = format!("/api/v1/absences/{}", id(&absences["items"][0]));
        admin.patch(&path, json!({ "deputy_id": bo_id })).await.expect(200);
        running.settle().await;
        let pooled = read(&admin, &one).await;
        assert_eq!((&pooled["handler_id"], &pooled["state"]), (&Value::Null, &json!("assigned")), "nobody is there");

        admin.patch(&format!("/api/v1/absences/{bo}"), json!({ "deputy_id": other_id })).await.expect(200);
        running.settle().await;
        let new = given(&admin, &finance, &an_id).await;
        assert_eq!(new["handler_id"], json!(other_id), "the deputy of the deputy");
        assert_eq!(admin.delete(&path).await.status, 204);
        running.settle().await;
        assert_eq!(given(&admin, &finance, &an_id).await["handler_id"], json!(an_id), "back early");
    }
}

journey! {
    async fn absences_are_ones_own_or_of_ones_people(running: Running) {
        let admin = running.admin().await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let (zhao, zhao_id) = user(&running, &admin, "zhao.lei", "agent", Some("research")).await;
        let (boss, _) = user(&running, &admin, "boss", "manager", Some("research")).await;
        let (elsewhere, _) = user(&running, &admin, "sales.boss", "manager", Some("sales")).await;
        let record = async |client: &Client, body: Value| client.post("/api/v1/absences", body).await;
        let (from, to) = ("2026-10-26T00:00:00Z", "2026-10-30T00:00:00Z");
        assert_eq!(record(&zhao, away(Some(&li_id), None, from, to)).await.problem(409), "not_your_absence");
        assert_eq!(record(&elsewhere, away(Some(&li_id), None, from, to)).await.problem(409), "not_your_absence");
        assert_eq!(record(&li, away(None, Some(&li_id), from, to)).await.problem(409), "own_deputy");
        assert_eq!(record(&li, away(None, None, to, from)).await.problem(409), "absence_period");
        assert_eq!(record(&li, away(None, None, "2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z")).await.problem(409), "absence_period");
        let recorded = record(&boss, away(Some(&li_id), Some(&zhao_id), from, to)).await.expect(201);
        let overlapping = away(None, None, "2026-10-29T00:00:00Z", "2026-11-02T00:00:00Z");
        assert_eq!(record(&li, overlapping).await.problem(409), "absence_overlaps");
        record(&li, away(None, None, to, "2026-11-02T00:00:00Z")).await.expect(201);

        let path = format!("/api/v1/absences/{}", id(&recorded));
        assert_eq!(zhao.get(&path).await.expect(200)["reason"], Value::Null, "why is not for colleagues");
        assert_eq!(li.get(&path).await.expect(200)["reason"], "病假");
        assert_eq!(elsewhere.get(&path).await.problem(404), "absence_not_found");
        assert_eq!(zhao.delete(&path).await.problem(409), "not_your_absence");
        running.settle().await;
        let told = zhao.get("/api/v1/me/notifications").await.expect(200);
        assert_eq!(told["items"][0]["kind"], "absence.recorded", "whoever stands in is told");
        assert_eq!(li.delete(&path).await.status, 204);
    }
}

journey! {
    async fn what_was_in_the_hands_of_one_who_left_goes_on(running: Running) {
        let admin = running.admin().await;
        let finance = department(&admin, "finance").await;
        let (_, an) = user(&running, &admin, "an.an", "agent", Some("finance")).await;
        let (_, bo) = user(&running, &admin, "bo.bo", "agent", Some("finance")).await;
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(id(&given(&admin, &finance, &an).await));
        }
        let by_name = json!({ "name": "专人", "department_id": finance, "strategy": "person", "handler_id": an });
        admin.post("/api/v1/routing-rules", by_name).await.expect(201);
        admin.patch(&format!("/api/v1/users/{an}"), json!({ "active": false })).await.expect(200);
        running.settle().await;
        for one in &held {
            assert_eq!(read(&admin, one).await["handler_id"], json!(bo));
        }
        let new = complaint(&admin).await;
        assert_eq!((&new["department_id"], &new["handler_id"]), (&json!(finance), &json!(bo)), "whom the rule names has left");
    }
}
