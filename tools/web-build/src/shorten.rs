//! Makes the bound code smaller without changing what it does: what no page of ours can call goes, and the names by which
//! the module and its loader know each other become short.
//!
//! Those names carry hashes, which no compression makes smaller, and stand in both files; and of one dependency's classes
//! for scripts wasm-bindgen has to keep all, although the page's only script is the loader.
//!
//! Invariant: the module and its loader agree on every name, or the build fails.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, bail};
use walrus::{Module, passes::gc};

/// Where the module looks for what it imports.
const LOADER: &str = "./web_bg.js";
/// What wasm-bindgen's own names begin with; a name that is the platform's, such as `memory`, stays.
const GENERATED: [&str; 3] = ["__wb", "__externref", "wasm_bindgen__"];

/// Shortens the module; gives its shortened loader.
pub fn shorten(module: &mut Module, js: &str) -> Result<String> {
    let js = bare(js)?;
    let js = whole(without_classes(&js))?;
    let named: HashSet<&str> = names(&js).collect();
    let unnamed: Vec<_> = module
        .exports
        .iter()
        .filter(|export| !named.contains(export.name.as_str()))
        .map(walrus::Export::id)
        .collect();
    for export in unnamed {
        module.exports.delete(export);
    }
    gc::run(module);

    let imported = module.imports.iter().map(|import| import.name.as_str());
    let js = whole(without_imports(&js, &imported.collect()))?;
    let short = short_names(module);
    let js = renamed(&js, &short).replace(LOADER, "w");
    let shortened = |name: &str| short.get(name).map_or(name, String::as_str).to_owned();
    for import in module.imports.iter_mut() {
        import.module = import.module.replace(LOADER, "w");
        import.name = shortened(&import.name);
        if !js.contains(&format!("\n{}: ", import.name)) {
            bail!("the loader has no {}", import.name);
        }
    }
    for export in module.exports.iter_mut() {
        export.name = shortened(&export.name);
        if !js.contains(&format!("wasm.{}", export.name)) {
            bail!("the loader never asks for {}", export.name);
        }
    }
    Ok(js)
}

/// The script less its comments and indentation.
fn bare(js: &str) -> Result<String> {
    let mut bare = String::with_capacity(js.len());
    let mut lines = js.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line.starts_with("/*") {
            if !line.ends_with("*/") {
                lines.by_ref().find(|line| line.ends_with("*/"));
            }
            continue;
        }
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        if line.matches('`').count() % 2 == 1 {
            bail!("the loader has a text of several lines, which this would change: {line}");
        }
        bare.push_str(line);
        bare.push('\n');
    }
    Ok(bare)
}

/// A script in which every brace that opens is closed: nothing was cut in its middle.
fn whole(js: String) -> Result<String> {
    if js.matches('{').count() != js.matches('}').count() {
        bail!("the loader was not cut at a seam");
    }
    Ok(js)
}

/// The script less the classes it exports, and what frees their values.
fn without_classes(js: &str) -> String {
    let begins = |line: &str| {
        line.starts_with("export class ")
            || (line.starts_with("const ") && line.contains("Finalization = "))
    };
    let ends = |line: &str| line.starts_with("if (Symbol.dispose)") || line.ends_with("1));");
    let mut kept = String::with_capacity(js.len());
    let mut lines = js.lines();
    while let Some(line) = lines.next() {
        if begins(line) {
            lines.by_ref().find(|line| ends(line));
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The script less the imports that the module does not have any more.
fn without_imports(js: &str, imported: &HashSet<&str>) -> String {
    let mut kept = String::with_capacity(js.len());
    let mut wanted = true;
    let mut lines = js.lines().peekable();
    while let Some(line) = lines.next() {
        let last = |next: &&str| next.starts_with("return {");
        match line.split_once(": function") {
            Some((name, _)) if name.starts_with("__wb") => wanted = imported.contains(name),
            // A body may have such a line too; only the end of all imports stands before what returns them.
            _ if line == "};" && lines.peek().is_some_and(last) => wanted = true,
            _ => {}
        }
        if wanted {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

fn short_names(module: &Module) -> HashMap<String, String> {
    let imports = module.imports.iter().map(|import| &import.name);
    let exports = module.exports.iter().map(|export| &export.name);
    let mut short = HashMap::new();
    for name in imports.chain(exports) {
        if GENERATED.iter().any(|start| name.starts_with(start)) {
            // A dollar: none of the loader's own names has one.
            let next = format!("${}", short.len());
            short.entry(name.clone()).or_insert(next);
        }
    }
    short
}

fn renamed(js: &str, short: &HashMap<String, String>) -> String {
    let mut text = String::with_capacity(js.len());
    let mut rest = js;
    for name in names(js) {
        if let Some((before, after)) = rest.split_once(name) {
            text.push_str(before);
            text.push_str(short.get(name).map_or(name, String::as_str));
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

/// Every run of characters that a name is made of, in the script's order.
fn names(js: &str) -> impl Iterator<Item = &str> {
    js.split(|character: char| !(character.is_alphanumeric() || "_$".contains(character)))
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{bare, shorten, whole};
    use walrus::{FunctionBuilder, Module};

    const JS: &str = "
export class Unused {
    /**
     * @returns {number}
     */
    size() {
        return wasm.unused_size(this.ptr);
    }
}
if (Symbol.dispose) Unused.prototype[Symbol.dispose] = Unused.prototype.free;
function __wbg_get_imports() {
    const import0 = {
        __wbg_gone_1f: function(arg0) {
            const size = () => {
                return arg0.size;
            };
            return size();
        },
        __wbg_used_2f: function() { return handle(function() {
            // Says so.
            wasm.__wbindgen_free(`${1}`);
        }, arguments); },
    };
    return { \"./web_bg.js\": import0 };
}
const UnusedFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_unused_free(ptr, 1));
wasm.memory;
";

    fn module() -> Module {
        let mut module = Module::default();
        let kind = module.types.add(&[], &[]);
        let (gone, _) = module.add_import_func("./web_bg.js", "__wbg_gone_1f", kind);
        let (used, _) = module.add_import_func("./web_bg.js", "__wbg_used_2f", kind);
        for (export, called) in [("__wbindgen_free", used), ("unused_size", gone)] {
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
            builder.func_body().call(called);
            let function = builder.finish(Vec::new(), &mut module.funcs);
            module.exports.add(export, function);
        }
        let memory = module.memories.add_local(false, false, 1, None, None);
        module.exports.add("memory", memory);
        module
    }

    #[test]
    fn what_only_a_class_could_call_goes_and_names_are_short_on_both_sides() {
        let mut module = module();
        let js = shorten(&mut module, JS).expect("both agree");
        let imports: Vec<_> = module
            .imports
            .iter()
            .map(|it| (&*it.module, &*it.name))
            .collect();
        let mut exports: Vec<_> = module.exports.iter().map(|it| &*it.name).collect();
        exports.sort_unstable();
        assert_eq!(imports, [("w", "$0")]);
        assert_eq!(exports, ["$1", "memory"]);
        assert_eq!(
            js,
            "function __wbg_get_imports() {\nconst import0 = {\n$0: function() { return handle(function() {\nwasm.$1(`${1}`);\n}, arguments); },\n};\nreturn { \"w\": import0 };\n}\nwasm.memory;\n"
        );
    }

    #[test]
    fn a_loader_of_another_form_fails_the_build() {
        let js = JS.replace("__wbg_used_2f: ", "\"__wbg_used_2f\": ");
        assert!(shorten(&mut module(), &js).is_err());
        assert!(whole("if (x) {\n".to_owned()).is_err());
        assert!(bare("const text = `of\nseveral lines`;").is_err());
    }
}
