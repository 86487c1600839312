//! What operators do: accounts, their roles, the audit, the clients.

use http::{Method, Request, header};
use identity::audit::{Entry, Kind};
use identity::paths::SHOP;
use identity::role::Role;
use identity::second_factor::Policy;
use serde_json::{Value, json};
use service::database;
use uuid::Uuid;

use crate::callers::authorization;
use crate::events::told_of;
use crate::foreign::registration;
use crate::world::{World, verified};

const ADDRESS: &str = "ada@example.com";
const PASSWORD: &str = "punched cards";
const FORM: [(&str, &str); 3] = [("name", "Ada"), ("email", ADDRESS), ("password", PASSWORD)];

async fn with_ada(world: &World) -> Uuid {
    assert_eq!(world.browser().post("/register", &FORM).await.status, 303);
    sqlx::query_scalar("select id from people where email = $1")
        .bind(ADDRESS)
        .fetch_one(&world.app.db)
        .await
        .expect("Ada")
}

/// Every route of the operators, with ids of nothing.
fn routes() -> Vec<(Method, String)> {
    let table = identity::routes::routes();
    let guarded = table
        .table()
        .iter()
        .filter(|row| row.access == service::routes::Access::Scope("identity:operate"));
    guarded
        .map(|row| {
            let path = row.path.replace("{id}", &Uuid::nil().to_string());
            (row.method.clone(), path)
        })
        .collect()
}

#[tokio::test]
async fn every_route_is_an_operators_alone() {
    let world = World::new().await;
    let mut operator = world.operator().await;
    let good = operator.token.clone();
    let routes = routes();
    assert_eq!(routes.len(), 14);

    let manager = world.person(Role::Manager, &[Uuid::nil()]).await;
    let access = world.tokens_of(manager).await.text("access_token");
    world
        .bff()
        .exchange(&access, "identity")
        .await
        .refused(400, "invalid_scope");
    let admin = world.person(Role::Admin, &[]).await;
    let access = world.tokens_of(admin).await.text("access_token");
    let elsewhere = world.bff().exchange(&access, "order").await;
    for (method, path) in &routes {
        let bare = Request::builder().method(method).uri(path);
        let bare = bare.body(axum::body::Body::empty()).expect("a request");
        assert_eq!(world.send(bare).await.status, 401, "{method} {path}");
        for bad in [access.clone(), elsewhere.text("access_token")] {
            operator.token = bad;
            let answer = operator.send(method.clone(), path, None, "{}").await;
            assert_eq!(answer.status, 401, "{method} {path}");
        }
        operator.token.clone_from(&good);
        let answer = operator.send(method.clone(), path, None, "{}").await;
        assert!(
            ![401, 403].contains(&answer.status.as_u16()),
            "{method} {path}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn an_operator_who_signed_out_operates_no_more() {
    let world = World::new().await;
    let operator = world.operator().await;
    assert_eq!(operator.get("/v1/clients").await.status, 200);
    sqlx::query("update sessions set ended_at = $1")
        .bind(world.clock.now())
        .execute(&world.app.db)
        .await
        .expect("ended");
    for (method, path) in routes() {
        let etag = Some("\"1\"");
        let body = if path.contains("clients") {
            registration()
        } else {
            json!({"roles": [], "staff": []})
        };
        let body = body.to_string();
        let answer = operator.send(method.clone(), &path, etag, &body).await;
        assert_eq!(answer.status, 401, "{method} {path}: {answer:?}");
    }
}

#[tokio::test]
async fn accounts_are_paged_and_found_by_the_beginning_of_their_address() {
    let world = World::new().await;
    let operator = world.operator().await;
    let ada = with_ada(&world).await;
    for number in 0..3 {
        let email = format!("bob-{number}@example.com");
        let form = [("name", "Bob"), ("email", &email), ("password", PASSWORD)];
        world.browser().post("/register", &form).await;
    }
    let found = operator.get("/v1/users?email=%20ADA@").await.json();
    assert_eq!(
        found,
        json!({"items": [{
            "id": ada,
            "email": ADDRESS,
            "email_verified": false,
            "name": "Ada",
            "roles": ["customer"],
            "staff": [],
            "active": true,
            "created_at": "2026-03-02T06:30:00.000Z",
            "version": 1,
        }], "next": null})
    );
    for nothing in ["example.com", "%25", "_da@"] {
        let found = operator
            .get(&format!("/v1/users?email={nothing}"))
            .await
            .json();
        assert_eq!(found["items"], json!([]), "{nothing}");
    }
    let emails = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("items");
        let email = |item: &Value| item["email"].as_str().expect("text").to_owned();
        items.iter().map(email).collect()
    };
    let first = operator.get("/v1/users?email=bob&limit=2").await.json();
    assert_eq!(emails(&first), ["bob-2@example.com", "bob-1@example.com"]);
    let cursor = first["next"].as_str().expect("more");
    let rest = operator
        .get(&format!("/v1/users?email=bob&limit=2&cursor={cursor}"))
        .await
        .json();
    assert_eq!(emails(&rest), ["bob-0@example.com"]);
    assert_eq!(rest["next"], Value::Null);
    for bad in ["limit=0", "limit=101", "cursor=x", "role=admin"] {
        let answer = operator.get(&format!("/v1/users?{bad}")).await;
        assert_eq!(answer.status, 422, "{bad}");
    }
}

#[tokio::test]
async fn new_roles_hold_from_the_next_exchange_and_are_told_and_recorded() {
    let world = World::new().await;
    let operator = world.operator().await;
    let person = world.person(Role::Barista, &[Uuid::nil()]).await;
    let access = world.tokens_of(person).await.text("access_token");
    // Kept in Redis from here on.
    world.bff().exchange(&access, "order").await;
    let path = format!("/v1/users/{person}");
    let read = operator.get(&path).await;
    assert_eq!(read.headers[header::ETAG], "\"1\"");

    let store = world.app.ids.next();
    let roles = json!({
        "roles": ["customer", "customer"],
        "staff": [{"store_id": store, "role": "manager"}],
    });
    let answer = operator.put(&format!("{path}/roles"), 1, &roles).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers[header::ETAG], "\"2\"");
    assert_eq!(answer.json()["roles"], json!(["customer"]));
    assert_eq!(answer.json()["staff"], roles["staff"]);
    assert_eq!(operator.get(&path).await.json(), answer.json());

    let exchanged = world.bff().exchange(&access, "order").await;
    let (_, claims) = verified(&world, &exchanged.text("access_token")).await;
    assert_eq!(claims["roles"], json!(["customer", "manager"]));
    assert_eq!(claims["stores"], json!([store]));
    assert_eq!(told_of(&world, person.0).await, ["user.updated.v1"]);
    let newest = &operator.get("/v1/audit?limit=1").await.json()["items"][0];
    assert_eq!(newest["kind"], "roles_changed");
    assert_eq!(newest["person_id"], json!(person.0));
    assert_eq!(newest["actor"], json!(operator.id.0));
    assert_eq!(newest["detail"], format!("customer, manager at {store}"));
}

#[tokio::test]
async fn who_becomes_staff_signs_in_anew_and_sets_up_a_second_factor() {
    let world = World::with(Policy::RequiredForStaff).await;
    let operator = world.operator().await;
    let ada = with_ada(&world).await;
    let mut browser = world.browser();
    assert_eq!(browser.post("/sign-in", &FORM[1..]).await.location(), SHOP);
    let tokens = world.bff().redeem(&browser.code().await).await;
    let store = world.app.ids.next();
    let roles = json!({"roles": ["customer"], "staff": [{"store_id": store, "role": "barista"}]});
    let answer = operator
        .put(&format!("/v1/users/{ada}/roles"), 2, &roles)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");

    let access = tokens.text("access_token");
    world
        .bff()
        .exchange(&access, "order")
        .await
        .refused(400, "invalid_grant");
    let sent_off = browser.authorize(&authorization()).await;
    assert!(sent_off.location().starts_with("/sign-in?"), "{sent_off:?}");
    let page = operator.get("/v1/audit?limit=2").await.json();
    assert_eq!(page["items"][0]["kind"], "roles_changed");
    assert_eq!(page["items"][1]["kind"], "session_ended");
    assert_eq!(page["items"][1]["detail"], "roles_changed");
    let answer = browser.post("/sign-in", &FORM[1..]).await;
    assert_eq!(answer.location(), "/sign-in/second-factor");
}

#[tokio::test]
async fn an_edit_of_roles_must_be_of_the_current_version_and_of_nothing_else() {
    let world = World::new().await;
    let operator = world.operator().await;
    let person = world.person(Role::Customer, &[]).await;
    let path = format!("/v1/users/{person}/roles");
    let good = json!({"roles": ["customer"], "staff": []});
    assert_eq!(operator.put(&path, 2, &good).await.status, 412);
    let blind = good.to_string();
    let blind = operator.send(Method::PUT, &path, None, &blind).await;
    assert_eq!(blind.status, 428);
    let nobody = format!("/v1/users/{}/roles", Uuid::nil());
    assert_eq!(operator.put(&nobody, 1, &good).await.status, 404);
    let place = json!({"store_id": person.0, "role": "barista"});
    for bad in [
        json!({"roles": ["customer"]}),
        json!({"roles": ["manager"], "staff": []}),
        json!({"roles": ["root"], "staff": []}),
        json!({"roles": [], "staff": [], "email": "eve@example.com"}),
        json!({"roles": [], "staff": [{"store_id": person.0, "role": "admin"}]}),
        json!({"roles": [], "staff": [{"store_id": "here", "role": "barista"}]}),
        json!({"roles": [], "staff": [place, place]}),
    ] {
        let answer = operator.put(&path, 1, &bad).await;
        assert_eq!(answer.status, 422, "{bad}: {answer:?}");
    }
    let unchanged = operator.get(&format!("/v1/users/{person}")).await.json();
    assert_eq!(
        (&unchanged["version"], &unchanged["roles"]),
        (&json!(1), &json!(["customer"]))
    );
}

#[tokio::test]
async fn a_closed_account_is_out_at_once_and_refused_like_a_wrong_password() {
    let world = World::new().await;
    let operator = world.operator().await;
    let ada = with_ada(&world).await;
    let (mut here, mut there) = (world.browser(), world.browser());
    here.post("/sign-in", &FORM[1..]).await;
    there.post("/sign-in", &FORM[1..]).await;
    let tokens = world.bff().redeem(&here.code().await).await;
    let access = tokens.text("access_token");
    assert_eq!(world.bff().exchange(&access, "order").await.status, 200);

    let path = format!("/v1/users/{ada}");
    for _ in 0..2 {
        let answer = operator.post(&format!("{path}/deactivate")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["active"], false);
    }
    world
        .bff()
        .exchange(&access, "order")
        .await
        .refused(400, "invalid_grant");
    let refresh = tokens.text("refresh_token");
    world
        .bff()
        .refresh(&refresh)
        .await
        .refused(400, "invalid_grant");
    for browser in [&here, &there] {
        let answer = browser.authorize(&authorization()).await;
        assert!(answer.location().starts_with("/sign-in?"));
    }
    let closed = world.browser().post("/sign-in", &FORM[1..]).await;
    let wrong = [("email", ADDRESS), ("password", "wrong")];
    let wrong = world.browser().post("/sign-in", &wrong).await;
    assert_eq!(
        (closed.status.as_u16(), &closed.headers, &closed.body),
        (422, &wrong.headers, &wrong.body)
    );
    // Registered, signed in twice, closed; and both sessions ended.
    assert_eq!(
        told_of(&world, ada).await,
        [
            "user.registered.v1",
            "user.logged_in.v1",
            "user.logged_in.v1",
            "user.updated.v1"
        ]
    );
    let ended: i64 = sqlx::query_scalar(
        "select count(*) from outbox.events where type = 'identity.session.revoked.v1' and data ->> 'user_id' = $1",
    )
    .bind(ada.to_string())
    .fetch_one(&world.app.db)
    .await
    .expect("a count");
    assert_eq!(ended, 2);

    for _ in 0..2 {
        let answer = operator.post(&format!("{path}/reactivate")).await;
        assert_eq!(answer.json()["active"], true);
    }
    let again = world.browser().post("/sign-in", &FORM[1..]).await;
    assert_eq!(again.status, 303);
    world
        .bff()
        .refresh(&refresh)
        .await
        .refused(400, "invalid_grant");
    let actors: Vec<(String, Option<String>)> = sqlx::query_as(
        "select kind, actor from audit where kind in ('deactivated', 'reactivated') order by position",
    )
    .fetch_all(&world.app.db)
    .await
    .expect("the audit");
    let operator = Some(operator.id.to_string());
    assert_eq!(
        actors,
        [
            ("deactivated".to_owned(), operator.clone()),
            ("reactivated".to_owned(), operator)
        ]
    );
}

#[tokio::test]
async fn no_operator_closes_or_demotes_herself() {
    let world = World::new().await;
    let operator = world.operator().await;
    let own = format!("/v1/users/{}", operator.id);
    let closed = operator.post(&format!("{own}/deactivate")).await;
    assert_eq!(closed.status, 409);
    assert!(closed.body.contains("urn:problem-type:crema:own-account"));
    let none = json!({"roles": ["customer"], "staff": []});
    let demoted = operator.put(&format!("{own}/roles"), 1, &none).await;
    assert_eq!(demoted.status, 409);
    let more = json!({"roles": ["admin", "customer"], "staff": []});
    let kept = operator.put(&format!("{own}/roles"), 1, &more).await;
    assert_eq!(kept.json()["roles"], json!(["admin", "customer"]));
    let nobody = format!("/v1/users/{}", Uuid::nil());
    for path in ["deactivate", "reactivate"] {
        let answer = operator.post(&format!("{nobody}/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(operator.get(&nobody).await.status, 404);
}

#[tokio::test]
async fn the_audit_is_read_in_pages_and_checked() {
    let world = World::new().await;
    let operator = world.operator().await;
    for detail in ["one", "two", "three"] {
        let mut db = world.app.db.acquire().await.expect("a connection");
        let entry = Entry::of(Kind::Revoked).client("order").detail(detail);
        entry.record(&world.app, &mut db).await.expect("recorded");
    }
    let first = operator.get("/v1/audit?limit=2").await;
    assert_eq!(first.headers[header::CACHE_CONTROL], "no-store");
    let first = first.json();
    assert_eq!(
        first["items"][0],
        json!({
            "position": 5,
            "id": first["items"][0]["id"],
            "at": "2026-03-02T06:30:00.000Z",
            "kind": "revoked",
            "person_id": null,
            "actor": null,
            "client_id": "order",
            "session_id": null,
            "network": null,
            "account": null,
            "detail": "three",
        })
    );
    let cursor = first["next"].as_str().expect("more");
    let rest = operator
        .get(&format!("/v1/audit?limit=100&cursor={cursor}"))
        .await
        .json();
    let positions: Vec<_> = rest["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|row| row["position"].clone())
        .collect();
    assert_eq!(positions, [3, 2, 1]);

    let found = operator.get("/v1/audit/verification").await.json();
    assert_eq!((&found["rows"], &found["flaw"]), (&json!(5), &Value::Null));
    let mut db = database::begin(&world.app.db).await.expect("a transaction");
    for change in [
        "alter table audit disable trigger user",
        "update audit set detail = 'none' where position = 4",
    ] {
        sqlx::query(change).execute(&mut *db).await.expect("ours");
    }
    db.commit().await.expect("committed");
    let found = operator.get("/v1/audit/verification").await.json();
    assert_eq!(found["rows"], 3);
    assert_eq!(found["flaw"], "the row at position 4 was changed");
}

#[tokio::test]
async fn clients_are_shown_without_their_secrets() {
    let world = World::new().await;
    let operator = world.operator().await;
    let clients = operator.get("/v1/clients").await.json();
    let order = clients["items"]
        .as_array()
        .expect("items")
        .iter()
        .find(|client| client["client_id"] == "order");
    assert_eq!(
        order.expect("order"),
        &json!({
            "client_id": "order",
            "kind": "own",
            "redirect_uris": [],
            "post_logout_redirect_uris": [],
            "scopes": [],
            "grant_types": ["client_credentials"],
            "own": {
                "catalog": ["catalog:quote"],
                "inventory": ["inventory:reserve"],
                "payment": ["payment:charge"],
                "shipping": ["shipping:announce"],
            },
            "delegated": [],
        })
    );
}
