-- People, what they may do, and what they have been granted.
-- Nothing here can be replayed by its reader: passwords are Argon2id, every opaque token is its SHA-256.

create table people (
    id            uuid primary key,
    email         text not null unique check (email = lower(email)),
    name          text not null,
    password_hash text not null,
    created_at    timestamptz not null
);

-- Roles that hold everywhere.
create table roles (
    person_id uuid not null references people on delete cascade,
    role      text not null check (role in ('customer', 'admin')),
    primary key (person_id, role)
);

-- Roles that hold at one store.
create table staff (
    person_id uuid not null references people on delete cascade,
    store_id  uuid not null,
    role      text not null check (role in ('barista', 'manager')),
    primary key (person_id, store_id)
);

-- One sign-in in one browser.
create table sessions (
    id         uuid primary key,
    person_id  uuid not null references people on delete cascade,
    cookie     bytea not null unique check (length(cookie) = 32),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at   timestamptz
);
create index sessions_by_person on sessions (person_id);
create index sessions_by_expiry on sessions (expires_at);

-- What one client may do for one session: the family of its refresh tokens.
create table grants (
    id         uuid primary key,
    session_id uuid not null references sessions on delete cascade,
    client_id  text not null,
    scope      text not null,
    nonce      text,
    created_at timestamptz not null,
    revoked_at timestamptz
);
create index grants_by_session on grants (session_id);

-- Authorization codes; one that was redeemed stays, so that its second use is seen.
create table codes (
    hash         bytea primary key check (length(hash) = 32),
    grant_id     uuid not null unique references grants on delete cascade,
    redirect_uri text not null,
    challenge    text not null,
    expires_at   timestamptz not null,
    redeemed_at  timestamptz
);

-- Refresh tokens with the access token that was issued beside each.
create table refresh_tokens (
    hash        bytea primary key check (length(hash) = 32),
    grant_id    uuid not null references grants on delete cascade,
    predecessor bytea references refresh_tokens on delete cascade,
    access_id   uuid not null unique,
    issued_at   timestamptz not null,
    -- The first use of the token or of its access token.
    used_at     timestamptz,
    -- It has a successor, or another token took its place as the successor of its predecessor.
    replaced_at timestamptz
);
create index refresh_tokens_by_grant on refresh_tokens (grant_id);
create index refresh_tokens_by_predecessor on refresh_tokens (predecessor);
