-- Accounts that were removed lately: an address that is announced for one all the same is forgotten as those before were. A
-- row goes once no token of its person can be valid any more.
CREATE TABLE closed_accounts (
    person uuid PRIMARY KEY,
    -- When we heard of it, by our own clock.
    closed_at timestamptz NOT NULL
);
