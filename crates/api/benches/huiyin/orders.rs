//! Real orders in bulk, their tiers, and the tiers of a million customers.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use huiyin::jobs;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::Outcome;
use crate::place::{Api, Backend, Place, run};
use crate::report::figure;

/// The invoices of the real data as lines of the bulk request; `None` where the file is not there.
pub fn real_orders() -> Outcome<Option<(usize, String)>> {
    let named = std::env::var_os("HUIYIN_BENCH_ORDERS").map(PathBuf::from);
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/online_retail.csv.gz");
    let path = named.unwrap_or_else(|| PathBuf::from(beside));
    let Ok(file) = std::fs::File::open(&path) else { return Ok(None) };
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text)?;

    struct Invoice {
        customer: String,
        ordered_at: String,
        pence: i64,
    }
    let mut invoices: BTreeMap<String, Invoice> = BTreeMap::new();
    for row in csv::Reader::from_reader(text.as_bytes()).records() {
        let row = row?;
        let column = |n: usize| row.get(n).unwrap_or_default();
        // Cancellations begin with C; who bought is not always known.
        if column(0).starts_with('C') || column(6).is_empty() {
            continue;
        }
        let amount = column(3).parse::<f64>()? * column(5).parse::<f64>()?;
        let invoice = invoices.entry(column(0).to_owned()).or_insert_with(|| Invoice {
            customer: column(6).trim_end_matches(".0").to_owned(),
            ordered_at: format!("{}Z", column(4).replace(' ', "T")),
            pence: 0,
        });
        invoice.pence += (amount * 100.0).round() as i64;
    }
    let line = |(number, invoice): (&String, &Invoice)| {
        let amount = format!("{}.{:02}", invoice.pence / 100, invoice.pence % 100);
        let order = json!({
            "external_system": "retail", "order_no": number, "customer_external_id": invoice.customer,
            "ordered_at": invoice.ordered_at, "amount": amount,
        });
        format!("{order}\n")
    };
    Ok(Some((invoices.len(), invoices.iter().map(line).collect())))
}

/// Loads the orders over HTTP, then tiers their customers.
pub fn measure(runtime: &Handle, place: &Place, count: usize, lines: &str) -> Outcome<()> {
    let api = runtime.block_on(Api::start(runtime, place))?;
    let started = Instant::now();
    let result = runtime.block_on(api.send("/api/v1/orders/bulk", "application/x-ndjson", lines.to_owned()))?;
    let per_second = count as f64 / started.elapsed().as_secs_f64();
    if result["created"] != json!(count) {
        let (failed, first) = (&result["failed"], &result["errors"][0]);
        return Err(format!("{failed} of {count} orders were refused, the first: {first}").into());
    }
    let (aim, met) = match place.backend {
        Backend::Sqlite => ("≥ 5000", Some(per_second >= 5000.0)),
        Backend::Postgres => ("", None),
    };
    let what = format!("{count} real orders in one bulk request, orders/s");
    figure(Some(place.backend), &what, format!("{per_second:.0}"), aim, met);

    let (customers, took) = runtime.block_on(tier(&api, "2011-12-10"))?;
    let what = format!("RFM run over them, {customers} customers, s");
    let took = took.as_secs_f64();
    figure(Some(place.backend), &what, format!("{took:.2}"), "≤ 1", Some(took <= 1.0));
    runtime.block_on(api.stop())
}

/// From the request to the result, as a server with nothing else to do answers it. What the run leaves to others (the
/// events of it) is done before the next one is ordered.
async fn tier(api: &Api, as_of: &str) -> Outcome<(i64, Duration)> {
    jobs::run_due(&api.app).await?;
    let (stop, stopped) = watch::channel(false);
    let worker = jobs::spawn(api.app.clone(), stopped)?;
    let started = Instant::now();
    let ordered = api.post("/api/v1/tiering/runs", &json!({ "as_of": as_of })).await?;
    let path = format!("/api/v1/tiering/runs/{}", ordered["id"].as_str().unwrap_or_default());
    let run = loop {
        let run = api.get(&path).await?;
        if !matches!(run["status"].as_str(), Some("pending" | "running")) {
            break run;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let took = started.elapsed();
    stop.send_replace(true);
    worker.join().map_err(|_| "the jobs have panicked")?;
    match run["status"].as_str() {
        Some("completed") => Ok((run["progress"]["customers_done"].as_i64().unwrap_or_default(), took)),
        _ => Err(format!("the run is not completed: {run}").into()),
    }
}

const MILLION: [&str; 6] = [
    "INSERT INTO customers (id, number, kind, name, name_key, source, created_at, updated_at) \
     SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'S' || n, 'enterprise', '客户' || n, \
     '客户' || n, 'bench', now(), now() FROM generate_series(1, 1000000) n",
    // A few buy often and much, most of them seldom and little.
    "INSERT INTO orders (id, external_system, order_no, customer_id, ordered_at, ordered_on, amount, status, created_at, updated_at) \
     SELECT ('01900000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'bench', n::text, \
     ('01900000-0000-7000-8000-' || lpad(to_hex(1 + floor(1000000 * power(random(), 1.5))::int), 12, '0'))::uuid, \
     at, at::date, (100 + 1000000 * power(random(), 4))::bigint, 'paid', now(), now() \
     FROM (SELECT n, timestamptz '2026-06-30' - random() * interval '730 days' AS at FROM generate_series(1, 5000000) n) s",
    // As the API keeps them with each order.
    "INSERT INTO customer_figures (customer_id, orders, revenue, first_order_on, last_order_on, last_ordered_at) \
     SELECT customer_id, count(*), sum(amount - refunded), min(ordered_on), max(ordered_on), max(ordered_at) \
     FROM orders GROUP BY customer_id",
    "VACUUM ANALYZE customers",
    "VACUUM ANALYZE orders",
    "VACUUM ANALYZE customer_figures",
];

/// From the request to the model, and from there to the last score.
async fn churn(api: &Api, as_of: &str) -> Outcome<(i64, Duration, Duration)> {
    let started = Instant::now();
    let model = api.post("/api/v1/tiering/churn-models", &json!({ "as_of": as_of, "period": "day" })).await?;
    let fitted = started.elapsed();
    jobs::run_due(&api.app).await?;
    let took = started.elapsed();
    let path = format!("/api/v1/tiering/churn-models/{}", model["id"].as_str().unwrap_or_default());
    let model = api.get(&path).await?;
    match model["scoring"].as_str() {
        Some("completed") => Ok((model["customers_scored"].as_i64().unwrap_or_default(), fitted, took - fitted)),
        _ => Err(format!("the customers are not scored: {model}").into()),
    }
}

/// A million customers with five million orders, on PostgreSQL. Only runs and models are measured.
pub fn measure_million(runtime: &Handle) -> Outcome<()> {
    let place = runtime.block_on(Place::fresh(Backend::Postgres))?;
    let api = runtime.block_on(Api::start(runtime, &place))?;
    for statement in MILLION {
        runtime.block_on(run(&place.url, statement.to_owned()))?;
    }
    runtime.block_on(api.stop())?;
    // Signed in anew: loading may have taken longer than a token lives.
    let api = runtime.block_on(Api::start(runtime, &place))?;
    for what in ["first", "second"] {
        let (customers, took) = runtime.block_on(tier(&api, "2026-06-30"))?;
        let what = format!("{what} RFM run, {customers} customers, 5000000 orders, s");
        let took = took.as_secs_f64();
        figure(Some(Backend::Postgres), &what, format!("{took:.1}"), "≤ 60", Some(took <= 60.0));
    }
    for what in ["first", "second"] {
        let (customers, fitted, scored) = runtime.block_on(churn(&api, "2026-06-30"))?;
        let (fitted, scored) = (fitted.as_secs_f64(), scored.as_secs_f64());
        let what = format!("{what} churn model, {customers} customers, fitted + scored, s");
        let took = fitted + scored;
        figure(Some(Backend::Postgres), &what, format!("{fitted:.1} + {scored:.1}"), "≤ 60", Some(took <= 60.0));
    }
    runtime.block_on(api.stop())?;
    runtime.block_on(place.remove())
}
