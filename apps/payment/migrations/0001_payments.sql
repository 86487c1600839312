-- Payments of orders, every operation that was asked of the provider for them, and the ledger of the money that moved.
CREATE TABLE payments (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL UNIQUE,
    store_id uuid NOT NULL,
    method text NOT NULL CHECK (method IN ('card', 'counter')),
    status text NOT NULL CHECK (status IN ('initiated', 'authorised', 'captured', 'voided', 'failed')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount > 0),
    captured bigint NOT NULL DEFAULT 0,
    refunded bigint NOT NULL DEFAULT 0,
    -- The provider's code of a decline.
    reason text,
    -- Its order is being undone: nothing may be captured any more, and what was is given back.
    reversed boolean NOT NULL DEFAULT false,
    -- SHA-256 of the command that began it, so that another one for the same order is told apart.
    fingerprint bytea,
    -- What stands for the card at the provider: here only until the authorisation is decided.
    token text,
    version bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT no_more_back_than_came CHECK (0 <= refunded AND refunded <= captured AND captured <= amount),
    CONSTRAINT captured_says_so CHECK ((status = 'captured') = (captured > 0)),
    CONSTRAINT declined_for_a_reason CHECK ((status = 'failed') = (reason IS NOT NULL)),
    CONSTRAINT voided_for_good CHECK (status <> 'voided' OR reversed),
    CONSTRAINT token_while_needed CHECK (token IS NULL OR status = 'initiated'),
    CONSTRAINT card_by_command CHECK ((method = 'card') = (fingerprint IS NOT NULL))
);

-- Orders that were undone before we heard of a payment: one that comes later is refused.
CREATE TABLE tombstones (
    order_id uuid PRIMARY KEY,
    at timestamptz NOT NULL
);

-- What was asked of the provider. A row is committed before the call, under the key that makes it one operation there.
CREATE TABLE operations (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments,
    kind text NOT NULL CHECK (kind IN ('authorise', 'capture', 'void', 'refund')),
    -- From 1 upwards, per payment and kind.
    number integer NOT NULL CHECK (number > 0),
    -- Nothing for money that went over the counter.
    provider_key text UNIQUE,
    amount bigint NOT NULL CHECK (amount > 0),
    -- open: begun, outcome not known. abandoned: not wanted any more, but looked after in case it happened all the same.
    state text NOT NULL CHECK (state IN ('open', 'abandoned', 'succeeded', 'refused')),
    -- The provider's id of what succeeded.
    provider_id text,
    -- The provider's code of a refusal.
    code text,
    -- A token's subject, or this service itself.
    actor text NOT NULL,
    -- What staff said of a refund.
    reason text,
    tries integer NOT NULL,
    started_at timestamptz NOT NULL,
    settled_at timestamptz,
    -- By the database's clock, because those of two processes may differ by hours.
    leased_until timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    UNIQUE (payment_id, kind, number),
    CONSTRAINT one_authorisation_one_capture CHECK (kind IN ('void', 'refund') OR number = 1),
    CONSTRAINT settled_when_decided CHECK ((state IN ('succeeded', 'refused')) = (settled_at IS NOT NULL)),
    CONSTRAINT refused_for_a_reason CHECK ((state = 'refused') = (code IS NOT NULL))
);

CREATE INDEX operations_due ON operations (due_at) WHERE state IN ('open', 'abandoned');

-- Double entry: what a transaction puts into one account it takes out of another.
CREATE TABLE ledger (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The operation that moved the money, or the payment that was made at the counter.
    transaction_id uuid NOT NULL,
    payment_id uuid NOT NULL REFERENCES payments,
    account text NOT NULL CHECK (account IN ('provider_receivable', 'cash', 'sales')),
    amount bigint NOT NULL CHECK (amount <> 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    at timestamptz NOT NULL,
    UNIQUE (transaction_id, account, currency)
);

CREATE INDEX ledger_of_payment ON ledger (payment_id);

CREATE FUNCTION ledger_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger WHERE transaction_id = NEW.transaction_id GROUP BY currency HAVING sum(amount) <> 0
    ) THEN
        RAISE EXCEPTION 'the transaction % is not balanced', NEW.transaction_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balances';
    END IF;
    RETURN NULL;
END
$$;

-- At commit, when all entries of a transaction are there.
CREATE CONSTRAINT TRIGGER ledger_balances AFTER INSERT ON ledger
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balances();

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_is_append_only';
END
$$;

CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

-- The provider's messages that were taken, so that a repeated one does nothing.
CREATE TABLE webhook_events (
    id text PRIMARY KEY,
    type text NOT NULL,
    reference text NOT NULL,
    received_at timestamptz NOT NULL
);

CREATE INDEX webhook_events_by_age ON webhook_events (received_at);

-- Which refund an Idempotency-Key stands for, written in the refund's own transaction.
CREATE TABLE replays (
    subject text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    -- SHA-256 of the command, so that another one under the same key is told apart.
    fingerprint bytea NOT NULL,
    operation_id uuid NOT NULL REFERENCES operations,
    stored_at timestamptz NOT NULL,
    PRIMARY KEY (subject, route, key)
);

CREATE INDEX replays_by_age ON replays (stored_at);
