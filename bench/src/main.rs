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
    catalog, identity, menu, orders, relay, sign_in, start, timing, verification,
};
use bench::identity::Identity;
use bench::lone::Lone;
use bench::pgbench::Programs;
use bench::report::Report;
use bench::stack;
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
        Figures::Identity => {
            of_identity(&target, &arguments, &mut report).await?;
            "./run.sh bench identity"
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

fn aftermath(target: &Target, arguments: &Arguments) -> Result<Aftermath> {
    Ok(Aftermath {
        programs: Programs::new(&arguments.postgres),
        roots: stack::whole(target)?,
    })
}
