//! The real invoices of a gift shop: half a million lines, loaded and tiered, and compared with what they add up to.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs::File;
use std::path::PathBuf;
use std::time::Instant;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Asia::Shanghai;
use chrono_tz::Europe::London;
use flate2::read::GzDecoder;
use futures_util::stream;
use serde_json::json;

use crate::support::builders::id;
use crate::support::{Running, journey, rows};

/// The file, or `None` where it may be missing: in CI it must be there.
fn data() -> Option<File> {
    let folder = std::env::var_os("HUIYIN_TEST_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")), PathBuf::from);
    let path = folder.join("online_retail.csv.gz");
    match File::open(&path) {
        Ok(file) => Some(file),
        Err(error) if std::env::var("CI").as_deref() == Ok("true") => {
            panic!("{}: {error} (HUIYIN_TEST_DATA names the folder)", path.display())
        }
        Err(error) => {
            eprintln!("SKIPPED: {}: {error} (HUIYIN_TEST_DATA names the folder)", path.display());
            None
        }
    }
}

struct Invoice {
    customer: String,
    at: DateTime<Utc>,
    /// Thousandths of a pound while lines are added, then pence.
    amount: i64,
}

/// `2.55` in thousandths.
fn thousandths(price: &str) -> i64 {
    let (whole, fraction) = price.split_once('.').unwrap_or((price, ""));
    assert!(fraction.len() <= 3, "{price}");
    format!("{whole}{fraction:0<3}").parse().unwrap()
}

/// Lines grouped by invoice, without cancellations and lines of nobody; and how many invoices came to less than nothing.
fn invoices(file: File) -> (BTreeMap<String, Invoice>, usize) {
    let mut invoices: BTreeMap<String, Invoice> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(GzDecoder::new(file));
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).unwrap() {
        let (number, quantity, at, price, customer) = (&row[0], &row[3], &row[4], &row[5], &row[6]);
        if number.starts_with('C') || customer.is_empty() {
            continue;
        }
        let amount = quantity.parse::<i64>().unwrap() * thousandths(price);
        if let Some(invoice) = invoices.get_mut(number) {
            invoice.amount += amount;
            continue;
        }
        let at = NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%S").unwrap();
        let at = London.from_local_datetime(&at).earliest().unwrap().with_timezone(&Utc);
        invoices.insert(number.to_owned(), Invoice { customer: customer.to_owned(), at, amount });
    }
    let all = invoices.len();
    invoices.retain(|_, invoice| invoice.amount >= 0);
    // Half up to pence.
    invoices.values_mut().for_each(|invoice| invoice.amount = (invoice.amount + 5) / 10);
    let negative = all - invoices.len();
    (invoices, negative)
}

/// What the orders of one customer add up to: last local date, number, pence.
type Sum = (NaiveDate, i64, i64);

fn sums(invoices: &BTreeMap<String, Invoice>) -> BTreeMap<&str, Sum> {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for invoice in invoices.values() {
        let on = invoice.at.with_timezone(&Shanghai).date_naive();
        let sum = sums.entry(&invoice.customer).or_insert((on, 0, 0));
        *sum = (sum.0.max(on), sum.1 + 1, sum.2 + invoice.amount);
    }
    sums
}

journey! {
    async fn the_real_orders_are_loaded_and_their_customers_tiered(running: Running) {
        let Some(file) = data() else { return };
        let (invoices, negative) = invoices(file);
        let sums = sums(&invoices);
        assert_eq!((invoices.len(), sums.len(), negative), (18_536, 4_339, 0), "as the file is known to be");

        let admin = running.admin().await;
        let lines: Vec<String> = invoices.iter().map(|(number, Invoice { customer, at, amount })| {
            let line = json!({
                "external_system": "online_retail", "order_no": number, "customer_external_id": customer,
                "customer_name": format!("Customer {customer}"), "ordered_at": at.with_timezone(&London).to_rfc3339(),
                "amount": format!("{}.{:02}", amount / 100, amount % 100), "status": "completed",
            });
            format!("{line}\n")
        }).collect();
        let started = Instant::now();
        let pieces: Vec<_> = lines.chunks(500).map(|lines| Ok::<_, Infallible>(lines.concat())).collect();
        let body = stream::iter(pieces);
        let answer = admin.post_raw("/api/v1/orders/bulk", "application/x-ndjson", reqwest::Body::wrap_stream(body)).await;
        let loaded = started.elapsed();
        assert_eq!(answer.expect(200), json!({ "created": invoices.len(), "updated": 0, "failed": 0, "errors": [] }));
        let stored = rows::counts(&running).await;
        assert_eq!((stored["orders"], stored["customers"]), (invoices.len() as i64, sums.len() as i64));

        let started = Instant::now();
        let ordered = admin.post("/api/v1/tiering/runs", json!({ "as_of": "2011-12-10" })).await.expect(202);
        running.settle().await;
        let tiered = started.elapsed();
        let run = admin.get(&format!("/api/v1/tiering/runs/{}", id(&ordered))).await.expect(200);
        assert_eq!(run["status"], "completed");
        assert_eq!(run["progress"], json!({ "customers_total": sums.len(), "customers_done": sums.len() }));
        eprintln!(
            "{:?}: {:.0} orders/s; tiers and all events consumed in {:.2} s",
            running.database, invoices.len() as f64 / loaded.as_secs_f64(), tiered.as_secs_f64(),
        );

        // The extremes, and some in between.
        let as_of = NaiveDate::from_ymd_opt(2011, 12, 10).unwrap();
        let last = |of: &dyn Fn(&Sum) -> i64| *sums.iter().max_by_key(|(_, sum)| of(sum)).unwrap().0;
        let mut checked: BTreeSet<&str> = sums.keys().copied().step_by(150).collect();
        checked.extend([last(&|s| s.1), last(&|s| s.2), last(&|s| -s.2), last(&|s| (as_of - s.0).num_days())]);
        let score = |worse: usize| 1 + 5 * worse / sums.len();
        for customer in checked {
            let (on, frequency, monetary) = sums[customer];
            let path = format!("/api/v1/customers/by-external-id/online_retail/{customer}");
            let found = admin.get(&path).await.expect(200);
            let tier = admin.get(&format!("/api/v1/customers/{}/tier", id(&found))).await.expect(200);
            assert_eq!(tier["recency_days"], (as_of - on).num_days(), "{customer}");
            assert_eq!(tier["frequency"], frequency, "{customer}");
            assert_eq!(tier["monetary"], format!("{}.{:02}", monetary / 100, monetary % 100), "{customer}");
            assert_eq!(tier["scores"], json!({
                "r": score(sums.values().filter(|other| other.0 < on).count()),
                "f": score(sums.values().filter(|other| other.1 < frequency).count()),
                "m": score(sums.values().filter(|other| other.2 < monetary).count()),
            }), "{customer}");
        }
    }
}
