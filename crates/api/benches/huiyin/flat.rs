//! Whether a million customers answer as ten thousand do, and how long a segment of a hundred thousand takes.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use huiyin::jobs;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::Outcome;
use crate::place::{Api, Backend, Place};
use crate::report;

const SMALL: usize = 10_000;
const LARGE: usize = 1_000_000;
/// Requests of each kind that are timed, after some that are not.
const REQUESTS: usize = 40;
const WARM_UP: usize = 8;
/// How much slower a hundred times as many customers may answer.
const FLAT: f64 = 2.0;
const PREVIEW: Duration = Duration::from_millis(200);
const REFRESH: f64 = 20.0;

/// One request, by which number of customer it asks.
struct Asked {
    what: &'static str,
    path: fn(&Known, usize) -> String,
    body: Option<fn(&Known, usize) -> Value>,
    /// What it is held against.
    aim: Aim,
}

#[derive(PartialEq)]
enum Aim {
    Flat,
    Preview,
}

/// What requests are made of.
struct Known {
    ids: Vec<String>,
    names: Vec<String>,
    segment: String,
}

impl Known {
    fn id(&self, n: usize) -> &str {
        &self.ids[n * 7919 % self.ids.len()]
    }

    fn name(&self, n: usize) -> &str {
        &self.names[n * 7919 % self.names.len()]
    }
}

fn search(body: Value) -> Value {
    json!({ "condition": body, "limit": 50 })
}

fn inactive() -> Value {
    json!({ "all": [
        { "field": "annual_amount", "op": "gte", "value": "100000" },
        { "field": "last_interaction_at", "op": "not_within_last", "value": { "days": 90 } },
        { "field": "complaints", "op": "lte", "value": 2 },
    ] })
}

fn rare() -> Value {
    json!({ "field": "tags", "op": "has_any", "value": ["稀有"] })
}

/// A tenth of all customers.
fn tenth() -> Value {
    json!({ "field": "revenue", "op": "between", "value": ["1000", "1999.99"] })
}

fn asked() -> Vec<Asked> {
    let get = |what, path| Asked { what, path, body: None, aim: Aim::Flat };
    let post = |what, path, body, aim| Asked { what, path, body: Some(body), aim };
    vec![
        get("point read", |known, n| format!("/api/v1/customers/{}", known.id(n))),
        get("list of 50", |_, _| "/api/v1/customers?limit=50".to_owned()),
        get("members of a segment, 50", |known, _| format!("/api/v1/segments/{}/members?limit=50", known.segment)),
        post(
            "search by text",
            |_, _| "/api/v1/customers/search".to_owned(),
            |known, n| json!({ "text": known.name(n) }),
            Aim::Flat,
        ),
        post(
            "search by condition, newest",
            |_, _| "/api/v1/customers/search".to_owned(),
            |_, _| search(inactive()),
            Aim::Flat,
        ),
        post(
            "search by condition, by amount",
            |_, _| "/api/v1/customers/search".to_owned(),
            |_, _| {
                let mut body = search(inactive());
                body["sort"] = json!({ "by": "annual_amount" });
                body
            },
            Aim::Flat,
        ),
        post(
            "search by condition, by revenue",
            |_, _| "/api/v1/customers/search".to_owned(),
            |_, _| {
                let mut body = search(inactive());
                body["sort"] = json!({ "by": "revenue" });
                body
            },
            Aim::Flat,
        ),
        post("search by a rare tag", |_, _| "/api/v1/customers/search".to_owned(), |_, _| search(rare()), Aim::Flat),
        post(
            "preview, a third",
            |_, _| "/api/v1/segments/preview".to_owned(),
            |_, _| json!({ "condition": inactive() }),
            Aim::Preview,
        ),
        post(
            "preview, a tenth",
            |_, _| "/api/v1/segments/preview".to_owned(),
            |_, _| json!({ "condition": tenth() }),
            Aim::Preview,
        ),
        post(
            "preview, a rare tag",
            |_, _| "/api/v1/segments/preview".to_owned(),
            |_, _| json!({ "condition": rare() }),
            Aim::Preview,
        ),
        post(
            "preview, nobody",
            |_, _| "/api/v1/segments/preview".to_owned(),
            |_, _| json!({ "condition": { "field": "industry", "op": "contains", "value": "不存在" } }),
            Aim::Preview,
        ),
    ]
}

/// PostgreSQL only: there the promise is made.
pub fn measure(runtime: &Handle) -> Outcome<()> {
    println!("\n{SMALL} and {LARGE} customers, one request at a time, the median of {REQUESTS}");
    let small = at(runtime, SMALL)?;
    let large = at(runtime, LARGE)?;
    for ((asked, few), many) in asked().iter().zip(small).zip(large) {
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        let both = format!("{:.1} / {:.1} ms", many.as_secs_f64() * 1e3, few.as_secs_f64() * 1e3);
        let (value, aim, met) = match asked.aim {
            Aim::Flat => (format!("{both} = {ratio:.2}"), format!("≤ {FLAT}"), ratio <= FLAT),
            Aim::Preview => (both, format!("< {} ms", PREVIEW.as_millis()), many < PREVIEW),
        };
        report::figure(Some(Backend::Postgres), asked.what, value, &aim, Some(met));
    }
    Ok(())
}

fn at(runtime: &Handle, customers: usize) -> Outcome<Vec<Duration>> {
    let place = runtime.block_on(Place::fresh(Backend::Postgres))?;
    let api = runtime.block_on(Api::start(runtime, &place))?;
    let medians = runtime.block_on(async {
        let began = Instant::now();
        fill(&place.url, customers).await?;
        println!("{customers} customers stored in {:.0} s", began.elapsed().as_secs_f64());
        let segment = refreshed(&api, customers).await?;
        crate::place::run(&place.url, "VACUUM ANALYZE".to_owned()).await?;
        let known = known(&api, segment).await?;
        let mut medians = Vec::new();
        for asked in asked() {
            medians.push(median(&api, &known, &asked).await?);
        }
        Ok::<_, Box<dyn std::error::Error>>(medians)
    })?;
    runtime.block_on(api.stop())?;
    runtime.block_on(place.remove())?;
    Ok(medians)
}

/// A segment of a tenth, and how long its members take to find and to let go.
async fn refreshed(api: &Api, customers: usize) -> Outcome<String> {
    jobs::run_due(&api.app).await?;
    let created = api.post("/api/v1/segments", &json!({ "name": "bench", "condition": tenth() })).await?;
    let id = created["id"].as_str().ok_or("no id")?.to_owned();
    let began = api.app.clock.now();
    jobs::run_due(&api.app).await?;
    let segment = api.get(&format!("/api/v1/segments/{id}")).await?;
    let members = segment["members"].as_u64().unwrap_or_default();
    if members == 0 || segment["refresh_state"] != "idle" {
        return Err(format!("the segment was not refreshed: {segment}").into());
    }
    told(customers, &format!("{members} of {customers} enter a segment, told once each"), began, &segment)?;
    api.post(&format!("/api/v1/segments/{id}/refresh"), &json!({})).await?;
    let began = api.app.clock.now();
    jobs::run_due(&api.app).await?;
    let segment = api.get(&format!("/api/v1/segments/{id}")).await?;
    told(customers, &format!("refresh of {members} members that stay"), began, &segment)?;
    Ok(id)
}

/// Until the segment says that it is refreshed: others go on reading what has been told of it.
fn told(customers: usize, what: &str, began: DateTime<Utc>, segment: &Value) -> Outcome<()> {
    let done: DateTime<Utc> = segment["refreshed_at"].as_str().ok_or("not refreshed")?.parse()?;
    let took = (done - began).as_seconds_f64();
    let met = (customers == LARGE).then_some(took < REFRESH);
    let aim = format!("< {REFRESH} s");
    report::figure(Some(Backend::Postgres), what, format!("{took:.1} s"), &aim, met);
    Ok(())
}

async fn known(api: &Api, segment: String) -> Outcome<Known> {
    let mut known = Known { ids: Vec::new(), names: Vec::new(), segment };
    let mut cursor = String::new();
    for _ in 0..10 {
        let page = api.get(&format!("/api/v1/customers?limit=200{cursor}")).await?;
        for item in page["items"].as_array().into_iter().flatten() {
            known.ids.push(item["id"].as_str().unwrap_or_default().to_owned());
            known.names.push(item["name"].as_str().unwrap_or_default().to_owned());
        }
        cursor.clear();
        write!(cursor, "&cursor={}", page["next_cursor"].as_str().unwrap_or_default())?;
    }
    Ok(known)
}

async fn median(api: &Api, known: &Known, asked: &Asked) -> Outcome<Duration> {
    let mut times = Vec::with_capacity(REQUESTS);
    for n in 0..WARM_UP + REQUESTS {
        let path = (asked.path)(known, n);
        let began = Instant::now();
        match asked.body {
            Some(body) => drop(api.post(&path, &body(known, n)).await?),
            None => drop(api.get(&path).await?),
        }
        if n >= WARM_UP {
            times.push(began.elapsed());
        }
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// Customers by statements: names of seven characters out of a pool, amounts and dates spread evenly, a hundred with a
/// rare tag.
pub async fn fill(url: &str, customers: usize) -> Outcome<()> {
    let id = "(lpad(to_hex(1760000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid";
    let statements = [
        format!(
            "INSERT INTO customers (id, number, kind, name, name_key, industry, phone, phone_key, source, annual_amount, last_activity_at,
                 lifecycle_stage, search, created_at, updated_at, version)
             SELECT {id}, 'C' || lpad(n::text, greatest(6, length(n::text)), '0'), 'enterprise', name, name, (ARRAY['零售','制造','教育','医疗'])[(1 + n % 4)::int],
                 '138' || lpad(n::text, 8, '0'), '+86138' || lpad(n::text, 8, '0'), 'bench',
                 CASE WHEN n % 5 > 0 THEN (n * 7919 % 30000000)::bigint END, now() - (n % 400) * interval '1 day',
                 (ARRAY['new','growing','mature'])[(1 + n % 3)::int],
                 (SELECT string_agg(DISTINCT token, ' ') FROM (SELECT substr(name, i, 1) AS token FROM generate_series(1, length(name)) AS i
                     UNION SELECT substr(name, i, 2) FROM generate_series(1, length(name) - 1) AS i) AS tokens),
                 now() - (n % 900) * interval '1 day', now(), 1
             FROM (SELECT n, (SELECT string_agg(chr(19968 + (hashint8(n * 31 + i) & 8191)), '' ORDER BY i) FROM generate_series(1, 5) AS i) || '贸易' AS name
                 FROM generate_series(1::bigint, {customers}) AS n) AS named"
        ),
        format!(
            "INSERT INTO customer_figures (customer_id, orders, revenue, last_order_on, last_interaction_at, complaints)
             SELECT {id}, 1 + n % 9, (n * 104729 % 1000000)::bigint, current_date - (n % 700)::int,
                 CASE WHEN n % 3 > 0 THEN now() - (n % 365) * interval '1 day' END, n % 6
             FROM generate_series(1::bigint, {customers}) AS n"
        ),
        format!(
            "INSERT INTO customer_tags (customer_id, tag) SELECT {id}, '展会' FROM generate_series(1::bigint, {customers}, 10) AS n
             UNION ALL SELECT {id}, '稀有' FROM generate_series(7::bigint, {customers}, {}) AS n",
            customers / 100
        ),
        "VACUUM ANALYZE".to_owned(),
    ];
    for statement in statements {
        crate::place::run(url, statement).await?;
    }
    Ok(())
}
