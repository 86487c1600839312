//! Measures the stack that `./run.sh bench` started, prints the table and writes it to a file.
//!
//! Invariant: it ends with status 0 when every figure was had, met or missed, and with another one when any was not.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};

use bench::aftermath::Aftermath;
use bench::arguments::Arguments;
use bench::controls::Controls;
use bench::customer::Customer;
use bench::figures::memory::Memory;
use bench::figures::{catalog, menu, orders, relay, start};
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
    let idle = Memory::now(&target)?;
    let (own, second_start) = (arguments.ports + 20, arguments.second_start);
    start::measure(&target, own, second_start, &mut report).await?;

    let customer = Customer::arrive(&target).await?;
    let (path, bytes) = customer.menu().await?;
    let mut controls = Controls::start(&target, arguments.ports, &bytes).await?;
    menu::measure(&target, &controls, &path, &mut report).await?;
    let hop = catalog::measure(&target, &controls, &path, &mut report).await?;
    let aftermath = Aftermath {
        programs: Programs::new(&arguments.postgres),
        roots: stack::whole(&target)?,
    };
    relay::measure(&target, &customer, &aftermath, &mut report).await?;
    orders::measure(&target, &controls, &customer, &aftermath, hop, &mut report).await?;
    controls.check()?;
    let loaded = Memory::now(&target)?;
    Memory::report(&idle, &loaded, &mut report);

    report.remark(format!(
        "{}; everything, driver included, on the {} processors of one machine; measured in {} s.",
        arguments.subject,
        std::thread::available_parallelism()?,
        begin.elapsed().as_secs()
    ));
    let text = report.markdown("Measured by `./run.sh bench`");
    std::io::stdout().write_all(text.as_bytes())?;
    let file = &arguments.report;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, text).with_context(|| file.display().to_string())
}
