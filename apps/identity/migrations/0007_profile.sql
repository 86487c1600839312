-- What people change about themselves: name, time zone, e-mail address.

-- The IANA name of the time zone in which she wants to read times; none means UTC.
alter table people add column zoneinfo text;

-- A mail to an address that somebody wants: the session in which she asked for it, which ends the wish with it.
alter table mails add column session_id uuid references sessions on delete cascade;
create index mails_by_session on mails (session_id);

-- The link in such a mail has the address too.
alter table links
    add column address text,
    add column session_id uuid references sessions on delete cascade,
    add constraint links_of_wishes check (
        (address is null) = (session_id is null) and (address is null) = (purpose <> 'change_address')
    );
create index links_by_session on links (session_id);
