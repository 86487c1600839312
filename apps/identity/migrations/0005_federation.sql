-- Signing in by another OpenID provider: which of its accounts belong to whom, and who is on the way there and back.

-- Whoever signs in by another provider alone has no password here.
alter table people alter column password_hash drop not null;

-- An account at another provider, which signs in one person here. Its subject is that provider's, not ours.
create table federated_identities (
    issuer    text not null,
    subject   text not null,
    id        uuid not null unique,
    person_id uuid not null references people on delete cascade,
    linked_at timestamptz not null,
    primary key (issuer, subject)
);
create index federated_identities_by_person on federated_identities (person_id);

-- Authentication requests that were sent to a provider; one that was answered is gone. State, nonce and PKCE verifier
-- are made from the cookie, of which the SHA-256 lies here, so nobody who reads this can finish a request.
create table federated_requests (
    cookie     bytea primary key check (octet_length(cookie) = 32),
    provider   text not null,
    issuer     text not null,
    return_to  text,
    -- The session in which an account at the provider is being linked; none, if somebody is signing in.
    session_id uuid references sessions on delete cascade,
    -- She must have signed in over there no longer ago than we asked for.
    fresh      boolean not null,
    expires_at timestamptz not null
);
create index federated_requests_by_expiry on federated_requests (expires_at);
create index federated_requests_by_session on federated_requests (session_id);

-- Sessions that a provider's word began without a second step here, and when the person signed in over there, if the
-- provider says so.
create table federated_sessions (
    session_id       uuid primary key references sessions on delete cascade,
    authenticated_at timestamptz
);
