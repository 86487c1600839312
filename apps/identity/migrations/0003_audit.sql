-- What is told of a person, what an operator may do to her account, evidence of every authentication event, and the
-- brakes on guessing.

-- The sequence of a person's events.
alter table people add column version bigint not null default 1 check (version > 0);
-- Since when she may not sign in.
alter table people add column deactivated_at timestamptz;
-- The search by the beginning of an address.
create index people_by_email_prefix on people (email text_pattern_ops);

-- What happened, for ever. It has no foreign key: evidence outlives the account that it is about.
-- src/audit/chain.rs says what exactly is hashed, for a checker of one's own.
create table audit (
    position   bigint primary key check (position > 0),
    id         uuid not null unique,
    at         timestamptz not null,
    kind       text not null,
    -- Whose account it is about, if there is one.
    person_id  uuid,
    -- Who did it, if it was not she: a person's id or a client's.
    actor      text,
    client_id  text,
    session_id uuid,
    -- The network that it came from: 24 bits of an IPv4 address, 48 of an IPv6 one.
    network    text,
    -- SHA-256 of the e-mail address that was typed, where no account has it.
    account    text,
    detail     text,
    hash       bytea not null check (octet_length(hash) = 32)
);
create index audit_by_person on audit (person_id, id);

-- The end of the chain: one row, whose lock puts all writers one after the other.
create table audit_head (
    only_one boolean primary key default true check (only_one),
    position bigint not null,
    hash     bytea not null check (octet_length(hash) = 32)
);
insert into audit_head (position, hash) values (0, decode(repeat('00', 32), 'hex'));

-- SHA-256 over the row before and this row, written as netstrings.
create function audit_hash(previous bytea, row_to_hash audit) returns bytea language sql stable parallel safe as $$
    select sha256(previous || string_agg(
        coalesce(convert_to(octet_length(field) || ':' || field || ',', 'UTF8'), '-,'::bytea), ''::bytea order by place))
    from unnest(array[row_to_hash.position::text, row_to_hash.id::text,
                      (extract(epoch from row_to_hash.at) * 1000000)::bigint::text, row_to_hash.kind,
                      row_to_hash.person_id::text, row_to_hash.actor, row_to_hash.client_id,
                      row_to_hash.session_id::text, row_to_hash.network, row_to_hash.account, row_to_hash.detail])
         with ordinality as fields (field, place)
$$;

-- In the database, so that no writer can forget it.
create function chain_audit() returns trigger language plpgsql as $$
declare
    head audit_head;
begin
    select * into strict head from audit_head for update;
    new.position := head.position + 1;
    new.hash := audit_hash(head.hash, new);
    update audit_head set position = new.position, hash = new.hash;
    return new;
end $$;
create trigger chain_audit before insert on audit for each row execute function chain_audit();

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the audit is only ever added to' using errcode = 'insufficient_privilege';
end $$;
create trigger refuse_change before update or delete on audit for each row execute function refuse_change();
create trigger refuse_truncation before truncate on audit for each statement execute function refuse_change();

-- Tries in a row that did not end with a sign-in, by the SHA-256 of the address that was typed: whether it has an
-- account or not.
create table failed_sign_ins (
    account  bytea primary key check (octet_length(account) = 32),
    tries    integer not null check (tries > 0),
    -- No try before then.
    until    timestamptz not null
);
create index failed_sign_ins_by_age on failed_sign_ins (until);

-- What a network may still try: a generic cell rate algorithm's theoretical arrival time.
create table sign_in_budgets (
    origin  bytea primary key check (octet_length(origin) = 32),
    full_at timestamptz not null
);
create index sign_in_budgets_by_age on sign_in_budgets (full_at);
