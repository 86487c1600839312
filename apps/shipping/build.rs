//! Builds again when a migration is added: the compiler tracks the files that `sqlx::migrate!` embeds, not their folder.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
