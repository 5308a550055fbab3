//! The binary: `huiyin serve`, and what goes with it.

use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use huiyin::app::App;
use huiyin::clock::SystemClock;
use huiyin::config::{Config, SETTINGS};
use huiyin::{http, jobs};
use huiyin_domain::customers::Phone;
use huiyin_domain::feedback::classify;
use tokio::sync::watch;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(version, about = "Huiyin 回音: headless customer care and follow-up")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (the default).
    Serve,
    /// Bring the database up to date and stop.
    Migrate,
    /// Print the contract.
    Openapi,
    /// List every setting with its default and meaning.
    Settings,
    /// Fill a running server with a small firm, over HTTP.
    Demo(huiyin::demo::Options),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => run(serve()),
        Command::Migrate => run(migrate()),
        Command::Openapi => {
            print!("{}", http::contract_text());
            Ok(())
        }
        Command::Settings => {
            print_settings();
            Ok(())
        }
        Command::Demo(options) => run(huiyin::demo::run(options)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("huiyin: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn run(work: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(work)
}

fn print_settings() {
    for setting in SETTINGS {
        println!("{} (default: {:?})\n    {}", setting.name, setting.default, setting.meaning);
    }
}

fn configure() -> Result<Config, Box<dyn std::error::Error>> {
    let (config, warnings) = Config::load()?;
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).map_err(|error| format!("HUIYIN_LOG: {error}"))?;
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    if config.log_json {
        logs.json().init()
    } else {
        logs.init()
    }
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok(config)
}

async fn migrate() -> Outcome {
    App::open(configure()?, Arc::new(SystemClock)).await?;
    Ok(())
}

async fn serve() -> Outcome {
    let config = configure()?;
    let listener =
        TcpListener::bind(config.listen).map_err(|error| format!("HUIYIN_LISTEN: {}: {error}", config.listen))?;
    let address = listener.local_addr()?;
    let with_jobs = config.jobs;
    http::install_metrics();
    let (app, first) = App::open(config, Arc::new(SystemClock)).await?;
    if let Some(first) = first {
        say(format_args!("First start: the administrator is {:?}.", first.username));
        if let Some(password) = first.password {
            say(format_args!("Its password, shown this once: {password}"));
        }
    }
    say(format_args!("Huiyin serves on http://{address}"));
    say(format_args!("Swagger UI: http://{address}/swagger-ui/"));

    let (stop, stopped) = watch::channel(false);
    let worker = if with_jobs { Some(jobs::spawn(app.clone(), stopped)?) } else { None };
    let server = http::serve(app.clone(), listener)?;
    tokio::task::spawn_blocking(|| {
        Phone::preload();
        classify::preload();
    });
    let handle = server.handle();
    tokio::spawn(async move {
        stop_signal().await;
        tracing::info!("stopping: requests under way are finished first");
        handle.stop(true).await;
    });
    server.await?;
    stop.send_replace(true);
    if let Some(worker) = worker {
        tokio::task::spawn_blocking(move || worker.join()).await?.map_err(|_| "the jobs have panicked")?;
    }
    app.db.close().await?;
    Ok(())
}

/// To standard output, where somebody listens; a closed one is no reason not to serve.
fn say(text: std::fmt::Arguments<'_>) {
    use std::io::Write;
    drop(writeln!(std::io::stdout(), "{text}"));
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
