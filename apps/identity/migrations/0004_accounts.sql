-- What people do with their accounts themselves: confirming an address, a new password, a second factor, leaving.

alter table people add column email_verified_at timestamptz;

-- Mail that is due: what to say and to which address. What it will hold is made when it is sent, so no link lies here.
create table mails (
    id         uuid primary key,
    kind       text not null,
    address    text not null,
    created_at timestamptz not null,
    due_at     timestamptz not null,
    tries      integer not null default 0
);
create index mails_by_due on mails (due_at);

-- Links that were mailed; one that was used is gone.
create table links (
    hash       bytea primary key check (length(hash) = 32),
    person_id  uuid not null references people on delete cascade,
    purpose    text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index links_by_person on links (person_id, purpose);
create index links_by_expiry on links (expires_at);

-- Sign-ins that still want a second factor.
create table pending_sign_ins (
    cookie     bytea primary key check (length(cookie) = 32),
    person_id  uuid not null references people on delete cascade,
    expires_at timestamptz not null
);
create index pending_sign_ins_by_person on pending_sign_ins (person_id);
create index pending_sign_ins_by_expiry on pending_sign_ins (expires_at);

-- Secrets of authenticator apps, sealed by a key that is not in this database.
create table second_factors (
    person_id    uuid primary key references people on delete cascade,
    secret       bytea not null,
    -- Until then it is being set up, and guards nothing.
    confirmed_at timestamptz,
    -- The step of the last code that was taken: no code is taken twice.
    last_step    bigint not null default 0,
    -- Wrong codes in a row, and how long none is looked at.
    failures     integer not null default 0,
    barred_until timestamptz
);

create table recovery_codes (
    person_id uuid not null references second_factors on delete cascade,
    hash      bytea not null check (length(hash) = 32),
    primary key (person_id, hash)
);

-- Ids of accounts that were deleted, so that what other services keep under them stays explicable.
create table erased_people (
    id        uuid primary key,
    erased_at timestamptz not null
);
