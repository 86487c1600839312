-- Clients of other companies, and what people have allowed them.

create table clients (
    id                        uuid primary key,
    name                      text not null,
    kind                      text not null check (kind in ('confidential', 'public')),
    redirect_uris             text[] not null,
    post_logout_redirect_uris text[] not null,
    -- What it may ask people for.
    scope                     text not null,
    -- Whether it gets refresh tokens.
    refreshes                 boolean not null,
    created_at                timestamptz not null,
    version                   bigint not null default 1 check (version > 0),
    -- SHA-256 of its secret, and of the one before while that is still good.
    secret                    bytea check (octet_length(secret) = 32),
    previous_secret           bytea check (octet_length(previous_secret) = 32),
    check ((kind = 'confidential') = (secret is not null)),
    check (secret is not null or previous_secret is null)
);

-- A person is asked once for what is in here, and again for more.
create table consents (
    person_id uuid not null references people on delete cascade,
    client_id uuid not null references clients on delete cascade,
    scope     text not null,
    given_at  timestamptz not null,
    primary key (person_id, client_id)
);
create index consents_by_client on consents (client_id);

-- Whose client is removed, and who withdraws what she allowed, ends these.
create index grants_by_client on grants (client_id);
