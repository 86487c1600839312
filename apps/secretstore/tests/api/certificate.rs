//! The certificate of the public address is replaced in time, and only then.

use serde_json::json;

use crate::bao::Bao;

#[tokio::test]
async fn a_certificate_with_less_than_a_month_left_is_replaced() {
    let bao = Bao::start().await;
    let root = bao.crashed_run().await;
    let rules = "path \"pki/issue/localhost\" { capabilities = [\"update\"] }\n\
        path \"crema/data/bff/tls\" { capabilities = [\"update\"] }";
    let operator = bao.grant(&root, "operator", rules).await;
    bao.succeed("up");
    let ca = bao.files()[&bao.state().join("ca.pem")].clone();

    for (hours, outcome, version) in [(29 * 24, "issued", 3), (31 * 24, "kept", 4)] {
        let wanted = json!({
            "common_name": "localhost", "ip_sans": "127.0.0.1,::1", "ttl": format!("{hours}h"),
        });
        let (_, leaf) = bao
            .call("POST", "pki/issue/localhost", &operator, Some(wanted))
            .await;
        let leaf = &leaf["data"];
        let tls = json!({ "data": {
            "certificate": leaf["certificate"], "private_key": leaf["private_key"],
        }});
        bao.call("POST", "crema/data/bff/tls", &operator, Some(tls))
            .await;

        let report = bao.succeed("up");
        assert!(
            report.ends_with(&format!("certificate {outcome}\n")),
            "{hours} h left: {report}"
        );
        let (found, values) = bao.secret("bff", "tls").await.unwrap();
        assert_eq!(found, version);
        assert!(values["private_key"].contains("PRIVATE KEY"));
    }
    assert_eq!(bao.files()[&bao.state().join("ca.pem")], ca);
}
