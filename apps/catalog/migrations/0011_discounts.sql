-- Discount codes: so much off an order, or a part of it, for whoever names the code in its time.

CREATE TABLE discounts (
    id         uuid PRIMARY KEY,
    -- In capitals: people type it as they like.
    code       text NOT NULL CONSTRAINT discounts_code UNIQUE CHECK (code ~ '^[A-Z0-9-]{4,24}$'),
    -- Without one it is good in every store, in those of its currency if it has one.
    store_id   uuid REFERENCES stores ON DELETE CASCADE,
    percent_bp integer CHECK (percent_bp BETWEEN 1 AND 10000),
    amount     bigint CHECK (amount BETWEEN 1 AND 100000000),
    minimum    bigint CHECK (minimum BETWEEN 0 AND 100000000),
    currency   text CHECK (currency ~ '^[A-Z]{3}$'),
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz CHECK (starts_at < ends_at),
    active     boolean NOT NULL,
    version    bigint NOT NULL DEFAULT 1,
    CHECK (num_nonnulls(percent_bp, amount) = 1),
    CHECK ((num_nonnulls(amount, minimum) > 0) = (currency IS NOT NULL))
);

CREATE TRIGGER discounts_own_version BEFORE UPDATE ON discounts
    FOR EACH ROW EXECUTE FUNCTION count_store_change();
