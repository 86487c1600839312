//! Measures the stack that `./run.sh bench` started, prints the table and writes it to a file.
//!
//! Invariant: it ends with status 0 when every figure was had, met or missed, and with another one when any was not.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use bench::aftermath::Aftermath;
use bench::arguments::{Arguments, Figures};
use bench::controls::Controls;
use bench::customer::Customer;
use bench::figures::memory::Memory;
use bench::figures::{
    catalog, chain, flood, identity, live, menu, orders, perimeter, relay, sign_in, start, timing,
    verification,
};
use bench::identity::Identity;
use bench::lone::Lone;
use bench::pgbench::Programs;
use bench::report::Report;
use bench::{stack, visitors};
use e2e::Target;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = tokio::select! {
        outcome = measure() => outcome,
        // The controls end with the measurement that is dropped.
        signal = end_requested() => signal.and(Err(anyhow!("interrupted"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(std::io::stderr(), "bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn end_requested() -> Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

async fn measure() -> Result<()> {
    let begin = Instant::now();
    let arguments = Arguments::read()?;
    let target = Target::local()?;
    let mut report = Report::default();
    let command = match arguments.figures {
        Figures::System { second_start } => {
            system(&target, &arguments, second_start, &mut report).await?;
            "./run.sh bench"
        }
        Figures::Chain => {
            of_chain(&target, &arguments, &mut report).await?;
            "./run.sh bench chain"
        }
        Figures::Identity => {
            of_identity(&target, &arguments, &mut report).await?;
            "./run.sh bench identity"
        }
        Figures::Perimeter => {
            of_perimeter(&arguments, &mut report).await?;
            "./run.sh bench perimeter"
        }
    };
    report.remark(format!(
        "{}; everything, driver included, on the {} processors of one machine; measured in {} s.",
        arguments.subject,
        std::thread::available_parallelism()?,
        begin.elapsed().as_secs()
    ));
    let text = report.markdown(&format!("Measured by `{command}`"));
    std::io::stdout().write_all(text.as_bytes())?;
    let file = &arguments.report;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, text).with_context(|| file.display().to_string())
}

/// The figures of the whole system.
async fn system(
    target: &Target,
    arguments: &Arguments,
    second_start: Duration,
    report: &mut Report,
) -> Result<()> {
    let idle = Memory::now(target)?;
    start::measure(target, arguments.ports + 20, second_start, report).await?;

    let customer = Customer::arrive(target).await?;
    let (path, bytes) = customer.menu().await?;
    let mut controls = Controls::start(target, arguments.ports, &bytes).await?;
    menu::measure(target, &controls, &path, report).await?;
    let hop = catalog::measure(target, &controls, &path, report).await?;
    let aftermath = aftermath(target, arguments)?;
    relay::measure(target, &customer, &aftermath, report).await?;
    orders::measure(target, &controls, &customer, &aftermath, hop, report).await?;
    controls.check()?;
    let loaded = Memory::now(target)?;
    Memory::report(&idle, &loaded, report);
    Ok(())
}

/// The figures of a large catalogue.
async fn of_chain(target: &Target, arguments: &Arguments, report: &mut Report) -> Result<()> {
    let programs = Programs::new(&arguments.postgres);
    chain::open(&programs).await?;
    let menu = chain::menu(target).await?;
    let mut controls = Controls::start(target, arguments.ports, &menu).await?;
    chain::measure(target, &controls, &programs, report).await?;
    controls.check()
}

/// The figures of identity.
async fn of_identity(target: &Target, arguments: &Arguments, report: &mut Report) -> Result<()> {
    let mut lone = Lone::start(arguments.ports).await?;
    let service = Identity::reach(target).await?;
    let guests = service.register(timing::TRIES).await?;
    let aftermath = aftermath(target, arguments)?;
    sign_in::measure(target, &guests, &aftermath, report).await?;
    timing::measure(&service, &guests, report).await?;
    verification::measure(target, &service, report).await?;
    identity::measure(target, &service, &guests, &lone, report).await?;
    lone.check()
}

/// Sessions for the figures of the public entry: sixteen live views of each make ten thousand.
const SESSIONS: usize = 625;

/// The figures of the public entry.
async fn of_perimeter(arguments: &Arguments, report: &mut Report) -> Result<()> {
    // For as long as the process: what waits for sign-ins in tasks of its own looks at it.
    let target: &'static Target = Box::leak(Box::new(Target::local()?));
    let identity = Identity::reach(target).await?;
    let person = identity.register(1).await?.people()[0].clone();
    let cookies = visitors::sign_in(target, &person, WARM).await?;
    let before = live::held(target)?;
    let cookies = [
        cookies,
        visitors::sign_in(target, &person, SESSIONS - WARM).await?,
    ]
    .concat();
    live::sessions((before, live::held(target)?), SESSIONS - WARM, report)?;
    let port = arguments.ports;
    perimeter::measure(target, &identity, &person, &cookies, port, report).await?;
    flood::measure(target, &cookies[0], report).await?;
    let orders = Customer::orders_of(target, &person, ORDERS).await?;
    live::measure(target, &cookies, &orders, report).await
}

/// Sessions that come first, because the first ones of a process cost what all of them share.
const WARM: usize = 25;
/// Orders that are watched.
const ORDERS: usize = 100;

fn aftermath(target: &Target, arguments: &Arguments) -> Result<Aftermath> {
    Ok(Aftermath {
        programs: Programs::new(&arguments.postgres),
        roots: stack::whole(target)?,
    })
}
