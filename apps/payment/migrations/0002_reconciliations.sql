-- Periods of which our books were held against the provider's, what it listed, and where the two differ.
CREATE TABLE reconciliations (
    id uuid PRIMARY KEY,
    -- The beginning belongs to it, the end does not.
    period_from timestamptz NOT NULL,
    period_to timestamptz NOT NULL,
    -- A token's subject, or this service itself.
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    -- Of those that come by themselves: which day's it is.
    day date UNIQUE,
    state text NOT NULL CHECK (state IN ('waiting', 'finished', 'failed')),
    -- How often it was begun: what is written for an earlier try than this one does not count.
    tries integer NOT NULL DEFAULT 0,
    finished_at timestamptz,
    -- What was taken and given back, per currency, on either side.
    ours jsonb,
    theirs jsonb,
    -- By the database's clock, because those of two processes may differ by hours.
    leased_until timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    CONSTRAINT period_runs_forward CHECK (period_from < period_to),
    CONSTRAINT finished_with_sums CHECK (
        (state = 'finished') = (ours IS NOT NULL) AND (state = 'finished') = (theirs IS NOT NULL)
        AND (state = 'waiting') = (finished_at IS NULL)
    )
);

CREATE INDEX reconciliations_due ON reconciliations (due_at) WHERE state = 'waiting';

-- What the provider listed for a reconciliation that is being made; gone when it is finished.
CREATE TABLE provider_entries (
    reconciliation_id uuid NOT NULL REFERENCES reconciliations,
    kind text NOT NULL CHECK (kind IN ('sale', 'refund')),
    id text NOT NULL,
    -- The key that it was asked for under, if the provider says.
    key text,
    -- Our own name for the purchase.
    reference text NOT NULL,
    -- Of a refund: of which capture.
    capture_id text,
    amount bigint NOT NULL,
    currency text NOT NULL,
    -- Of a sale: what was taken of it.
    capture_ids text[] NOT NULL,
    capture_amounts bigint[] NOT NULL,
    voided boolean NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (reconciliation_id, kind, id),
    CONSTRAINT refund_of_a_capture CHECK ((kind = 'refund') = (capture_id IS NOT NULL)),
    CONSTRAINT captures_have_amounts CHECK (cardinality(capture_ids) = cardinality(capture_amounts))
);

CREATE INDEX provider_entries_by_reference ON provider_entries (reconciliation_id, reference);

-- Where the books differ. The same difference found again is the same row.
CREATE TABLE divergences (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN (
        'unknown_here', 'unknown_there', 'amount_differs', 'currency_differs', 'state_differs', 'captured_twice',
        'refunded_there', 'refunded_here', 'ledger_differs'
    )),
    -- What differs: an id of the provider's, or of an operation of ours.
    subject text NOT NULL,
    -- The order, as the provider was told.
    reference text NOT NULL,
    -- When it happened: the periods with this instant are those that show whether it is still there.
    at timestamptz NOT NULL,
    -- Each side as {"id", "state", "amount"}, if it has anything.
    ours jsonb,
    theirs jsonb,
    -- What a person does about it.
    remedy text NOT NULL,
    found_at timestamptz NOT NULL,
    -- When it was not found any more.
    mended_at timestamptz,
    -- When a person said how it was dealt with: who, and what she said.
    settled_at timestamptz,
    settled_by text,
    note text,
    UNIQUE (kind, subject),
    CONSTRAINT settled_with_a_note CHECK (
        (settled_at IS NULL) = (settled_by IS NULL) AND (settled_at IS NULL) = (note IS NULL)
    )
);

CREATE INDEX divergences_open ON divergences (at) WHERE mended_at IS NULL AND settled_at IS NULL;

-- Which reconciliation found which.
CREATE TABLE findings (
    reconciliation_id uuid NOT NULL REFERENCES reconciliations,
    divergence_id uuid NOT NULL REFERENCES divergences,
    PRIMARY KEY (reconciliation_id, divergence_id)
);

CREATE INDEX findings_of_divergence ON findings (divergence_id);

-- A period's operations.
CREATE INDEX operations_settled ON operations (settled_at) WHERE state = 'succeeded' AND provider_key IS NOT NULL;
