//! `openapi.json` is what the table and its handlers say.

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let document = shipping::openapi::document().expect("a word about every route");
    testkit::openapi::is_committed(env!("CARGO_MANIFEST_DIR"), &document);
}
