//! `make bench`: what the API costs above the SQL it issues, and the other figures that are promised. See
//! docs/PERFORMANCE.md.

#![expect(clippy::duplicate_mod, reason = "the bare handlers are compiled once a database: sqlx's types differ")]

mod bare;
mod flat;
mod follow_up;
mod follow_up_tasks;
mod idle;
mod imports;
mod load;
mod orders;
mod place;
mod pool;
mod report;
mod requests;
mod timers;

use place::{Backend, Place};

/// As the binary has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

pub struct Options {
    /// Also the million customers, whose loading takes minutes.
    full: bool,
    /// Nothing but these.
    only_million: bool,
    /// Nothing but whether a million customers answer as few do.
    flat: bool,
    /// Nothing but the pool of eleven million feedback.
    feedback: bool,
    /// Nothing but how fast due timers are dealt with.
    timers: bool,
    /// Nothing but follow-up.
    follow_up: bool,
    imports: bool,
    /// Pairs of rounds a comparison.
    rounds: usize,
}

impl Options {
    fn read() -> Outcome<Options> {
        let full = std::env::var_os("HUIYIN_BENCH_FULL").is_some();
        let mut options = Options {
            full,
            only_million: false,
            flat: false,
            feedback: false,
            timers: false,
            follow_up: false,
            imports: false,
            rounds: 5,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo's own.
                "--bench" => {}
                "--full" => options.full = true,
                "--million" => options.only_million = true,
                "--flat" => options.flat = true,
                "--feedback" => options.feedback = true,
                "--timers" => options.timers = true,
                "--follow-up" => options.follow_up = true,
                "--imports" => options.imports = true,
                "--rounds" => options.rounds = arguments.next().unwrap_or_default().parse()?,
                other => {
                    return Err(format!(
                        "{other}: only --full, --million, --flat, --feedback, --timers, --follow-up, --imports and --rounds N are known"
                    )
                    .into());
                }
            }
        }
        Ok(options)
    }
}

fn main() -> Outcome<()> {
    let options = Options::read()?;
    huiyin::http::install_metrics();
    // As the binary has it: database connections live here, requests in the servers' own threads.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let runtime = runtime.handle();

    if options.only_million {
        report::heading();
        return orders::measure_million(runtime);
    }
    if options.flat {
        return flat::measure(runtime);
    }
    if options.feedback {
        return pool::measure(runtime, &options);
    }
    if options.timers {
        return timers::measure(runtime);
    }
    if options.imports {
        return imports::measure(runtime, true);
    }
    if options.follow_up {
        follow_up::measure(runtime)?;
        return follow_up_tasks::measure(runtime);
    }
    println!(
        "{} threads a server, {} connections of load, {} pairs of rounds of 2 s; 100,000 customers",
        place::WORKERS,
        load::CONNECTIONS,
        options.rounds
    );
    report::heading();
    let mut places = Vec::new();
    for backend in Backend::ALL {
        let place = runtime.block_on(Place::fresh(backend))?;
        requests::measure(runtime, &place, &options)?;
        places.push(place);
    }
    println!();
    for place in places {
        idle::measure(&place)?;
        runtime.block_on(place.remove())?;
    }
    let real = orders::real_orders()?;
    if real.is_none() {
        println!("the real orders are not there (../shared/data/online_retail.csv.gz): not measured");
    }
    for (count, lines) in real.iter() {
        for backend in Backend::ALL {
            let place = runtime.block_on(Place::fresh(backend))?;
            orders::measure(runtime, &place, *count, lines)?;
            runtime.block_on(place.remove())?;
        }
    }
    imports::measure(runtime, options.full)?;
    if options.full {
        orders::measure_million(runtime)?;
        flat::measure(runtime)?;
        pool::measure(runtime, &options)?;
        timers::measure(runtime)?;
        follow_up::measure(runtime)?;
        follow_up_tasks::measure(runtime)?;
    } else {
        println!("1,000,000 customers with 5,000,000 orders: only with --full (make bench ARGS=--full)");
    }
    Ok(())
}
