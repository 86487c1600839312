//! Tells cargo that a new migration changes the binary: `sqlx::migrate!` tracks files it knows, not their folder.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
