//! Builds the browser client: `web-build --out DIR` leaves a folder the BFF serves as it is.
//!
//! Invariant: every file under `assets/` carries the hash of its content in its name, so it may be cached for ever;
//! only `index.html` keeps its name. The folder is complete or untouched.

mod bundle;
mod compile;
mod inputs;
mod shorten;

use std::{env, fs, path::PathBuf, time::Instant};

use anyhow::{Context, Result, bail};

/// Most bytes of brotli the customer's code may weigh, WASM and JavaScript together.
const CODE_BUDGET: usize = 250_000;
/// Most bytes of the style sheet, uncompressed.
const STYLE_BUDGET: usize = 20_480;

fn main() -> Result<()> {
    let out = out_folder(env::args().skip(1))?;
    let root = workspace_root()?;
    let stamp = inputs::stamp(&root)?;
    let stamp_file = out.join(".inputs");
    if fs::read_to_string(&stamp_file).is_ok_and(|before| before == stamp) {
        eprintln!("web client: unchanged");
        return Ok(());
    }

    let started = Instant::now();
    let module = compile::wasm(&root)?;
    let code = compile::bind(&module)?;
    let bundle = bundle::Bundle::of(&root.join("apps/web"), code)?;
    if bundle.code_size > CODE_BUDGET || bundle.style_size > STYLE_BUDGET {
        bail!(
            "over budget: code {} of {CODE_BUDGET} bytes of brotli, style {} of {STYLE_BUDGET} bytes",
            bundle.code_size,
            bundle.style_size
        );
    }
    bundle.write(&out)?;
    fs::write(&stamp_file, stamp).context("writing the stamp")?;
    eprintln!(
        "web client: code {} bytes of brotli, style {} bytes, in {} s",
        bundle.code_size,
        bundle.style_size,
        started.elapsed().as_secs()
    );
    Ok(())
}

fn out_folder(mut args: impl Iterator<Item = String>) -> Result<PathBuf> {
    match (args.next().as_deref(), args.next(), args.next()) {
        (Some("--out"), Some(folder), None) => Ok(PathBuf::from(folder)),
        _ => bail!("usage: web-build --out DIR"),
    }
}

fn workspace_root() -> Result<PathBuf> {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .context("the workspace this was built from is gone: build web-build again")
}
