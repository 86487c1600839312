//! The folder that is served: hashed names, references filled in, every file also in brotli.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use brotli::{CompressorWriter, enc::BrotliEncoderParams};

use crate::{compile::Code, inputs::short_hash};

/// Every file of the client, ready to be written.
pub struct Bundle {
    files: Vec<(PathBuf, Vec<u8>)>,
    /// Bytes of the WASM and the JavaScript together, in brotli.
    pub code_size: usize,
    /// Bytes of the style sheet.
    pub style_size: usize,
}

impl Bundle {
    /// Puts the client together from `apps/web` and its compiled code.
    pub fn of(app: &Path, code: Code) -> Result<Bundle> {
        let mut bundle = Bundle {
            files: Vec::new(),
            code_size: 0,
            style_size: 0,
        };
        let style = compact(&read(app, "style.css")?)?;
        bundle.style_size = style.len();
        let style = bundle.asset("style", "css", style.into_bytes())?;
        let icon = bundle.asset("icon", "svg", read(app, "static/icon.svg")?.into_bytes())?;

        let wasm = bundle.asset("web", "wasm", code.wasm)?;
        bundle.code_size += bundle.last_size();
        // The page may hold no inline script, so the loader starts itself.
        let js = format!(
            "{}\n__wbg_init({{ module_or_path: \"{wasm}\" }});\n",
            code.js
        );
        let js = bundle.asset("web", "js", js.into_bytes())?;
        bundle.code_size += bundle.last_size();

        let page = fill(
            &read(app, "index.html")?,
            &[
                ("icon.svg", &icon),
                ("style.css", &style),
                ("web.wasm", &wasm),
                ("web.js", &js),
            ],
        )?;
        bundle.file(PathBuf::from("index.html"), page.into_bytes())?;
        Ok(bundle)
    }

    /// Replaces the folder's content: written beside it first, so that a failure leaves the old one whole.
    pub fn write(&self, out: &Path) -> Result<()> {
        let staging = out.with_extension("new");
        remove(&staging)?;
        for (name, content) in &self.files {
            let path = staging.join(name);
            let folder = path.parent().context("a file stands in a folder")?;
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, content))
                .with_context(|| format!("writing {}", path.display()))?;
        }
        remove(out)?;
        fs::rename(&staging, out).with_context(|| format!("putting {} in place", out.display()))
    }

    /// Adds a file under its hashed name; gives the path the browser asks for.
    fn asset(&mut self, stem: &str, extension: &str, content: Vec<u8>) -> Result<String> {
        let name = format!("assets/{stem}-{}.{extension}", short_hash(&content));
        self.file(PathBuf::from(&name), content)?;
        Ok(format!("/{name}"))
    }

    fn file(&mut self, name: PathBuf, content: Vec<u8>) -> Result<()> {
        let compressed = compress(&content)?;
        let mut compressed_name = name.clone().into_os_string();
        compressed_name.push(".br");
        self.files.push((name, content));
        self.files.push((compressed_name.into(), compressed));
        Ok(())
    }

    fn last_size(&self) -> usize {
        self.files.last().map_or(0, |(_, content)| content.len())
    }
}

fn read(app: &Path, name: &str) -> Result<String> {
    let path = app.join(name);
    fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Fills each `{{name}}` of a page; one that is unknown, or not there to be filled, is a mistake in the page.
fn fill(page: &str, values: &[(&str, &str)]) -> Result<String> {
    let mut page = page.to_owned();
    for (name, value) in values {
        let hole = format!("{{{{{name}}}}}");
        if !page.contains(&hole) {
            bail!("index.html does not mention {hole}");
        }
        page = page.replace(&hole, value);
    }
    if let Some((_, rest)) = page.split_once("{{") {
        bail!(
            "index.html mentions an unknown {{{{{}",
            rest.lines().next().unwrap_or_default()
        );
    }
    Ok(page)
}

/// The style sheet less its comments and most of its white space; brotli does the rest.
fn compact(style: &str) -> Result<String> {
    let mut bare = String::with_capacity(style.len());
    let mut rest = style;
    while let Some((before, after)) = rest.split_once("/*") {
        bare.push_str(before);
        let Some((_, after)) = after.split_once("*/") else {
            bail!("style.css ends inside a comment");
        };
        rest = after;
    }
    bare.push_str(rest);
    let lines = bare.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut bare = lines.collect::<Vec<_>>().join("\n");
    // A space after a colon is never in one of our selectors, so it is that of a declaration or of a media query.
    for (spaced, tight) in [
        (" {", "{"),
        ("{ ", "{"),
        ("{\n", "{"),
        ("; ", ";"),
        (";\n", ";"),
        (": ", ":"),
        (", ", ","),
        (" }", "}"),
        (";}", "}"),
        ("}\n", "}"),
        (" > ", ">"),
    ] {
        bare = bare.replace(spaced, tight);
    }
    Ok(bare)
}

fn compress(content: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut writer = CompressorWriter::with_params(Vec::new(), 1 << 16, &params);
    writer
        .write_all(content)
        .and_then(|()| writer.flush())
        .context("compressing")?;
    Ok(writer.into_inner())
}

#[cfg(test)]
mod tests {
    use super::{compact, compress, fill};
    use std::io::Read;

    #[test]
    fn every_hole_is_filled_and_none_is_unknown() {
        assert_eq!(
            fill("<a {{x}}{{y}}>", &[("x", "1"), ("y", "2")]).expect("filled"),
            "<a 12>"
        );
        assert!(fill("<a>", &[("x", "1")]).is_err());
        assert!(fill("{{x}}{{z}}", &[("x", "1")]).is_err());
    }

    #[test]
    fn comments_and_needless_space_go() {
        let bare = compact("/* a */\na {\n  b: c; /* d */\n}\n").expect("well formed");
        assert_eq!(bare, "a{b:c}");
        assert!(compact("a /* b").is_err());
    }

    #[test]
    fn compressed_content_comes_back() {
        let content = b"coffee coffee coffee".repeat(50);
        let compressed = compress(&content).expect("compresses");
        assert!(compressed.len() < content.len());
        let mut back = Vec::new();
        brotli::Decompressor::new(compressed.as_slice(), 4096)
            .read_to_end(&mut back)
            .expect("decompresses");
        assert_eq!(back, content);
    }
}
