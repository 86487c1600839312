-- Clients of other companies act: for people who allow it, by token exchange, and for themselves, by their credentials.

alter table clients
    add column acts boolean not null default false,
    add column alone boolean not null default false,
    add constraint clients_alone_have_a_secret check (not alone or secret is not null);
