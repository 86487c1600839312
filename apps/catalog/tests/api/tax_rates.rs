//! `/v1/stores/{store}/tax-rates`.

use http::{Method, StatusCode};
use serde_json::json;

use crate::catalog::{Catalog, RYNEK, STATION};

#[tokio::test]
async fn other_rates_count_from_the_next_quote_on() {
    let catalog = Catalog::start().await;
    let path = format!("/v1/stores/{RYNEK}/tax-rates");
    let before = catalog.read(&path).await;
    assert_eq!(
        before.json(),
        json!({"drink": 800, "food": 500, "goods": 2300, "version": 1})
    );
    let rates = json!({"drink": 2300, "food": 500, "goods": 2300});
    let after = catalog.edit(&path, rates.clone()).await;
    assert_eq!(
        (after.status, after.tag()),
        (StatusCode::OK, "\"2\"".to_owned())
    );
    assert_eq!(catalog.read(&path).await.json(), after.json());

    let menu = catalog.menu(RYNEK).await;
    let espresso = &menu.variation("Espresso", "Single")["id"];
    let lines = json!([{"variation_id": espresso, "quantity": 1}]);
    let quote = |store: &'static str| catalog.quote(store, lines.clone());
    assert_eq!(quote(RYNEK).await.json()["tax"][0]["rate_bp"], 2300);
    assert_eq!(quote(STATION).await.json()["tax"][0]["rate_bp"], 1900);

    let call = (Method::PUT, path.as_str());
    let stale = catalog
        .manage(&[RYNEK], call.clone(), Some("\"1\""), Some(rates))
        .await;
    assert_eq!(stale.problem(), (412, "stale-version".to_owned()));
    let wrong = json!({"drink": 10_001, "food": 0, "goods": 0});
    let wrong = catalog
        .manage(&[RYNEK], call, Some("\"2\""), Some(wrong))
        .await;
    assert_eq!(wrong.pointers(), ["/drink"]);
}
