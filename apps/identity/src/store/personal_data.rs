//! All that is known about one person, for herself.
//!
//! Invariant: no password, secret, cookie or hash of one is among it.

use serde_json::Value;
use sqlx::PgConnection;

use crate::person::PersonId;

/// What is known, as JSON; nothing if there is no such person.
pub async fn of(db: &mut PgConnection, person: PersonId) -> sqlx::Result<Option<Value>> {
    sqlx::query_scalar!(
        r#"select jsonb_build_object(
            'id', p.id,
            'email', p.email,
            'email_verified_at', p.email_verified_at,
            'name', p.name,
            'zoneinfo', p.zoneinfo,
            'registered_at', p.created_at,
            'closed_at', p.deactivated_at,
            'roles', (select coalesce(jsonb_agg(role order by role), '[]') from roles where person_id = p.id),
            'works_at', (
                select coalesce(jsonb_agg(jsonb_build_object('store', store_id, 'role', role) order by store_id), '[]')
                from staff where person_id = p.id
            ),
            'second_factor_since', (select confirmed_at from second_factors where person_id = p.id),
            'applications_with_access', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'application', k.client_id, 'name', c.name, 'may', k.scope, 'since', k.given_at
                ) order by k.given_at), '[]')
                from consents k join clients c on c.id = k.client_id where k.person_id = p.id
            ),
            'has_password', p.password_hash is not null,
            'linked_accounts', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'issuer', f.issuer, 'subject', f.subject, 'since', f.linked_at
                ) order by f.linked_at), '[]') from federated_identities f where f.person_id = p.id
            ),
            'sessions', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'id', s.id, 'began_at', s.created_at, 'expires_at', s.expires_at, 'ended_at', s.ended_at,
                    'applications', (
                        select coalesce(jsonb_agg(jsonb_build_object(
                            'application', g.client_id, 'may', g.scope, 'since', g.created_at
                        ) order by g.created_at), '[]') from grants g where g.session_id = s.id
                    )
                ) order by s.created_at), '[]')
                from sessions s where s.person_id = p.id
            ),
            'record', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'what', a.kind, 'at', a.at, 'network', a.network, 'session', a.session_id,
                    'application', a.client_id, 'detail', a.detail
                ) order by a.position), '[]')
                from audit a where a.person_id = p.id
            )
         ) as "data!" from people p where p.id = $1"#,
        person.0
    )
    .fetch_optional(db)
    .await
}
