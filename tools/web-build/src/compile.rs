//! From Rust to WASM and the JavaScript that loads it: cargo, then wasm-bindgen in this process, then [`shorten`].
//!
//! Without `wasm-opt`: on this client it saves one percent in brotli, and it would make the result depend on the machine.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::shorten::shorten;

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm";

/// What the browser runs.
pub struct Code {
    /// The module.
    pub wasm: Vec<u8>,
    /// Its loader, an ES module with `__wbg_init`.
    pub js: String,
}

/// Compiles `apps/web`; gives the path of the module, not yet bound.
pub fn wasm(root: &Path) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let status = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--package", "web", "--bin", "web", "--locked"])
        .args(["--target", TARGET, "--profile", PROFILE])
        .arg("--target-dir")
        .arg(&target)
        .status()
        .context("starting cargo")?;
    if !status.success() {
        bail!(
            "cargo could not build the client ({status}); is the target there? `rustup target add {TARGET}`"
        );
    }
    Ok(target.join(TARGET).join(PROFILE).join("web.wasm"))
}

/// Makes the module loadable by a browser.
pub fn bind(module: &Path) -> Result<Code> {
    let mut output = Bindgen::new()
        .input_path(module)
        .out_name("web")
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()
        .context("wasm-bindgen")?;
    let foreign: Vec<&str> = output
        .snippets()
        .iter()
        .filter(|(_, scripts)| !scripts.is_empty())
        .map(|(name, _)| name.as_str())
        .chain(output.local_modules().keys().map(String::as_str))
        .collect();
    if !foreign.is_empty() {
        bail!("JavaScript of a dependency, which this bundler leaves out on purpose: {foreign:?}");
    }
    let js = output.js().to_owned();
    let js = shorten(output.wasm_mut(), &js)?;
    Ok(Code {
        wasm: output.wasm_mut().emit_wasm(),
        js,
    })
}
