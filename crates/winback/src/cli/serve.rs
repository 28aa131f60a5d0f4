//! `winback serve`
use crate::cli::Place;
use crate::config::settings::people;
use crate::desk::OfficeDesk;
use crate::exit::{Exit, OrExit, stop};
use crate::gallery::ShelfGallery;
use crate::report;
use crate::telemetry::say;
use crate::workbench::{Overrides, Workbench, adapters_dir, now};
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;
use winback_lm::shelf::Shelf;
use winback_web::{Person, PersonRole, WebState};

/// How many ports after a busy one are tried.
const PORTS: u16 = 100;
/// The exit code of a program that was interrupted, as shells have it: 128 and the number of the signal.
const INTERRUPTED: i32 = 130;

/// Serve the dashboard and the API
#[derive(Debug, clap::Args)]
// `winback demo` takes these arguments in, too; two groups called Args would clash there.
#[group(skip)]
pub struct Args {
    /// The address to listen on [default: serve.address of winback.toml]
    #[arg(long, value_name = "IP")]
    pub address: Option<IpAddr>,
    /// The first port to try; the next free one is taken when it is busy [default: serve.port of winback.toml]
    #[arg(long)]
    pub port: Option<u16>,
}

/// Serves until interrupted.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let bench = Workbench::open(&at.home, at.quiet, &Overrides::default()).await?;
    serve(Arc::new(bench), args).await?;
    Ok(ExitCode::SUCCESS)
}

/// Serves a folder until interrupted; the address is printed once the first page can be fetched.
pub async fn serve(bench: Arc<Workbench>, args: &Args) -> anyhow::Result<()> {
    let address = args.address.unwrap_or(bench.settings.serve_address);
    let people: Vec<Person> = bench.settings.people.iter().map(person).collect();
    if people.is_empty() && !address.is_loopback() {
        let hint = "name people with roles and tokens in winback.toml ([[people]]), or serve on 127.0.0.1";
        return Err(stop(Exit::BadConfig, format!("the dashboard would be open to everyone who reaches {address}"), hint));
    }
    let hosts = bench.settings.serve_hosts.clone();
    let first = args.port.unwrap_or(bench.settings.serve_port);
    let listener = listen(address, first).await?;
    let port = listener.local_addr()?.port();
    if first != 0 && port != first {
        say(&format!("note: port {first} is busy; the dashboard takes port {port}"));
    }
    let adapters = Shelf::new(adapters_dir(&bench.home, &bench.settings.writer));
    let state = WebState {
        store: bench.store.clone(),
        desk: Arc::new(OfficeDesk::new(bench)),
        gallery: Arc::new(ShelfGallery::new(adapters)),
        people: people.into(),
        hosts: hosts.into(),
        clock: Arc::new(now),
        random_seed: Arc::new(random_seed),
    };
    report::line(&format!("Dashboard: http://{}/  (stop with Ctrl-C)", listener.local_addr()?))?;
    winback_web::serve(listener, state, interrupted()).await.or_exit(Exit::Failure)
}

fn person(settings: &people::Person) -> Person {
    let role = match settings.role {
        people::PersonRole::Analyst => PersonRole::Analyst,
        people::PersonRole::Marketer => PersonRole::Marketer,
        people::PersonRole::Approver => PersonRole::Approver,
        people::PersonRole::Agent => PersonRole::Agent,
        people::PersonRole::Admin => PersonRole::Admin,
    };
    Person { name: settings.name.clone(), role, token_sha256: settings.token_sha256.0.clone() }
}

/// Listens on the first free port from one on.
pub async fn listen(address: IpAddr, first: u16) -> anyhow::Result<TcpListener> {
    let mut busy = None;
    for port in first..=first.saturating_add(PORTS) {
        match TcpListener::bind(SocketAddr::new(address, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => busy = Some(error),
            Err(error) => {
                return Err(error)
                    .or_hint(Exit::Failure, format!("{address}:{port} cannot be listened on; try another --address or --port"));
            }
        }
    }
    let error = busy.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into());
    Err(error).or_hint(Exit::Failure, format!("ports {first} to {} are all busy; try another --port", first.saturating_add(PORTS)))
}

/// Returns a number that differs from call to call, to draw a customer with.
pub fn random_seed() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanosecond = jiff::Timestamp::now().as_nanosecond() as u64;
    (nanosecond ^ COUNT.fetch_add(1, Ordering::Relaxed).rotate_left(48)) % 1_000_000
}

/// Waits until the person at the terminal stops the program. Stopped a second time, it ends at once.
pub async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    say("note: stopping when what is under way is done; Ctrl-C again ends it now");
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(INTERRUPTED);
        }
    });
}
