//! Three requests through the API against the bare handler, in turn, so that what else the machine does hits both.

use std::net::SocketAddr;

use huiyin::jobs;
use huiyin::usecases::customers::draft::{blank, set_name};
use huiyin::usecases::support::Command;
use huiyin_persistence::customers::profiles::{self, Customer, ExternalId};
use huiyin_persistence::integration::numbers::{self, Series};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::watch;
use uuid::Uuid;

use crate::bare::Bare;
use crate::bare::template::{PAGE, Template};
use crate::load::{self, Round, request};
use crate::place::{Api, Place};
use crate::report::{self, Pairs};
use crate::{Options, Outcome};

const CUSTOMERS: usize = 100_000;
/// What is said: the classifier is sure of it, and it is routed.
const CONTENT: &str = "系统登录不上，一直报错，影响我们开单";
const READS_AIM: f64 = 0.85;
const WRITE_AIM: f64 = 0.7;

pub fn measure(runtime: &Handle, place: &Place, options: &Options) -> Outcome<()> {
    let api = runtime.block_on(Api::start(runtime, place))?;
    let customers = runtime.block_on(load_customers(&api))?;
    let said = |id: &Uuid| json!({ "channel": "hotline", "content": CONTENT, "customer_id": id });
    let first = customers.first().ok_or("no customers")?;
    let taken = runtime.block_on(api.post("/api/v1/feedback", &said(first)))?;
    if taken["state"] != "assigned" {
        return Err(format!("the feedback was not routed: {taken}").into());
    }
    let id: Uuid = taken["id"].as_str().unwrap_or_default().parse()?;
    let template = runtime.block_on(Template::of(&api.app, id))?;
    let bare = Bare::start(runtime, &place.url, template)?;

    let token = &api.token;
    // Spread over the table, but the same for both.
    let some = |step: usize| customers.iter().step_by(step);
    let point = some(37).map(|id| request("GET", &format!("/api/v1/customers/{id}"), token, None));
    let list = [request("GET", &format!("/api/v1/customers?limit={PAGE}"), token, None)];
    let write = some(37).map(|id| request("POST", "/api/v1/feedback", token, Some(&said(id).to_string())));
    let (point, list, write) = (leak(point), leak(list), leak(write));

    let sides = Sides { runtime, api: &api, bare: bare.address, rounds: options.rounds };
    report::pairs(place.backend, "point read", Some(READS_AIM), &sides.compare(point, 200, false)?);
    report::pairs(place.backend, "list of 50", Some(READS_AIM), &sides.compare(list, 200, false)?);
    report::pairs(place.backend, "write", Some(WRITE_AIM), &sides.compare(write, 201, false)?);
    report::pairs(place.backend, "write, jobs on", None, &sides.compare(write, 201, true)?);
    runtime.block_on(bare.stop());
    runtime.block_on(api.stop())
}

/// Intake alone, where there is much already.
pub fn intake(runtime: &Handle, place: &Place, options: &Options) -> Outcome<()> {
    let api = runtime.block_on(Api::start(runtime, place))?;
    let customers = runtime.block_on(load_customers(&api))?;
    let said = |id: &Uuid| json!({ "channel": "hotline", "content": CONTENT, "customer_id": id });
    let taken = runtime.block_on(api.post("/api/v1/feedback", &said(customers.first().ok_or("no customers")?)))?;
    let id: Uuid = taken["id"].as_str().unwrap_or_default().parse()?;
    let template = runtime.block_on(Template::of(&api.app, id))?;
    let bare = Bare::start(runtime, &place.url, template)?;
    let write = customers.iter().step_by(37);
    let write = leak(write.map(|id| request("POST", "/api/v1/feedback", &api.token, Some(&said(id).to_string()))));
    let sides = Sides { runtime, api: &api, bare: bare.address, rounds: options.rounds };
    report::pairs(place.backend, "intake, 11 m", Some(WRITE_AIM), &sides.compare(write, 201, false)?);
    runtime.block_on(bare.stop());
    runtime.block_on(api.stop())
}

/// Needed until the process ends, by threads of their own.
fn leak(requests: impl IntoIterator<Item = Vec<u8>>) -> &'static [Vec<u8>] {
    requests.into_iter().collect::<Vec<_>>().leak()
}

struct Sides<'a> {
    runtime: &'a Handle,
    api: &'a Api,
    bare: SocketAddr,
    rounds: usize,
}

impl Sides<'_> {
    fn compare(&self, requests: &'static [Vec<u8>], status: u16, with_jobs: bool) -> Outcome<Pairs> {
        let mut pairs = Pairs::default();
        if with_jobs {
            self.runtime.block_on(jobs::run_due(&self.api.app))?;
        }
        for n in 0..self.rounds {
            // Whoever goes second finds a warmer machine, or a longer log: take turns at it.
            let (api, bare);
            if n % 2 == 0 {
                api = self.through_api(requests, status, with_jobs)?;
                bare = load::round(self.bare, requests, status)?;
            } else {
                bare = load::round(self.bare, requests, status)?;
                api = self.through_api(requests, status, with_jobs)?;
            }
            pairs.push(api, bare);
        }
        Ok(pairs)
    }

    fn through_api(&self, requests: &'static [Vec<u8>], status: u16, with_jobs: bool) -> Outcome<Round> {
        if !with_jobs {
            return load::round(self.api.address, requests, status);
        }
        let (stop, stopped) = watch::channel(false);
        let worker = jobs::spawn(self.api.app.clone(), stopped)?;
        let round = load::round(self.api.address, requests, status)?;
        stop.send_replace(true);
        worker.join().map_err(|_| "the jobs have panicked")?;
        // What is left over must not slow the other side.
        self.runtime.block_on(jobs::run_due(&self.api.app))?;
        Ok(round)
    }
}

/// Customers with phone, mail and a name in another system.
async fn load_customers(api: &Api) -> Outcome<Vec<Uuid>> {
    const BATCH: usize = 500;
    let now = api.app.clock.now();
    let mut ids = Vec::with_capacity(CUSTOMERS);
    for _ in 0..CUSTOMERS / (10 * BATCH) {
        let tx = api.app.db.begin().await?;
        for _ in 0..10 {
            let sequence = numbers::next(&tx, Series::Customer, BATCH).await?;
            let rows: Vec<Customer> = sequence.iter().map(|number| customer(*number, now)).collect();
            let link = |row: &Customer| ExternalId {
                system: "erp".to_owned(),
                external_id: row.number.clone(),
                customer_id: row.id,
            };
            let links = rows.iter().map(link).collect();
            ids.extend(rows.iter().map(|row| row.id));
            profiles::insert(&tx, rows).await?;
            profiles::link_external(&tx, links).await?;
        }
        tx.commit().await?;
    }
    if !api.app.db.is_sqlite() {
        // Not of what is still empty: plans that were made for it, those of foreign keys as well, would be kept by each
        // connection while it fills, and read the whole of it.
        crate::place::run(&api.app.config.database_url, "ANALYZE customers, customer_external_ids".to_owned()).await?;
    }
    Ok(ids)
}

fn customer(number: i64, now: chrono::DateTime<chrono::Utc>) -> Customer {
    let (phone, email) = (format!("138{number:08}"), format!("buyer{number}@example.com"));
    let mut customer = Customer {
        number: huiyin_domain::customers::customer_no(number),
        industry: Some("零售".to_owned()),
        phone_key: Some(format!("+86{phone}")),
        phone: Some(phone),
        email_key: Some(email.clone()),
        email: Some(email),
        address: Some("上海市浦东新区世纪大道 1 号".to_owned()),
        ..blank(&Command::system(now))
    };
    set_name(&mut customer, &format!("上海晨光贸易有限公司{number}"));
    customer
}
