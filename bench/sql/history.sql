-- Completed orders for db-order, those numbered from :first to :last: a thousand a day, back from yesterday, half of
-- them at each demo store, each with all that the service would have kept of it but the seals of its audit.
--
-- The trigger that chains history looks up the row before for each row. Here a whole order's chain is made at once by
-- the trigger's own function, so no hash differs; triggers are off for this session alone.
SET session_replication_role = replica;
SET synchronous_commit = off;
BEGIN;
CREATE TEMPORARY TABLE past ON COMMIT DROP AS
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid
           AS id,
       ('0190a000-0000-7000-8000-00000000000' || n % 2 + 1)::uuid AS store_id,
       ('0190a000-0000-7000-9000-' || lpad(to_hex(n % 5000), 12, '0'))::uuid AS customer,
       at, at::date AS day, n % 1000 / 2 + 1 AS number
FROM generate_series(:first::bigint, :last::bigint) AS n,
     LATERAL (SELECT date_trunc('day', now()) - (n / 1000 + 1) * interval '1 day'
                     + n % 1000 * interval '1 minute' AS at) AS placed;
INSERT INTO orders (id, customer, store_id, store_name, business_day, number, placed_at, checkout, fulfilment,
                    payment_method, payment_status, currency, total, tax, version)
SELECT id, customer, store_id, 'Crema', day, number, at, 'completed', 'delivered', 'counter', 'captured', 'EUR', 1230,
       '[{"rate_bp": 800, "gross": {"amount": 1230, "currency": "EUR"}, "tax": {"amount": 91, "currency": "EUR"}}]', 6
FROM past;
INSERT INTO order_lines (order_id, line, variation_id, product, variation, options, quantity, unit_price, line_total,
                         tax_rate_bp)
SELECT id, line, ('0190a000-0000-7000-8000-0000000000b' || line)::uuid, 'Coffee', 'Regular', '[]', 1, 410, 410, 800
FROM past, generate_series(1, 3) AS line;
INSERT INTO checkouts (order_id, state, direction, step, charged, deadline, fence, claimable_at, settled_at)
SELECT id, 'settled', 'forward', 'confirm', false, at + interval '30 s', 1, at, at FROM past;
INSERT INTO checkout_history (order_id, at, fence, action, outcome)
SELECT id, at, 1, action, 'done' FROM past, unnest(ARRAY['reserve', 'confirm']) AS action;
INSERT INTO timeline (source, event_id, order_id, at, sequence, type, detail)
SELECT '/inventory', id || type, id, at, sequence, 'inventory.' || type || '.v1', '{}'
FROM past, unnest(ARRAY['reserved', 'committed']) WITH ORDINALITY AS happened (type, sequence);
WITH RECURSIVE step (version, actor, axis, from_status, to_status) AS (
    VALUES (1, NULL, 'checkout', NULL, 'pending'), (2, 'order', 'checkout', 'pending', 'confirmed'),
           (3, 'barista', 'fulfilment', 'waiting', 'preparation'),
           (4, 'barista', 'fulfilment', 'preparation', 'ready'),
           (5, 'barista', 'fulfilment', 'ready', 'delivered'),
           (6, 'barista', 'checkout', 'confirmed', 'completed')
), happened AS (
    SELECT id, version, at + version * interval '1 minute' AS at, coalesce(actor, customer::text) AS actor, axis,
           from_status, to_status
    FROM past, step
), chained AS (
    SELECT happened.*, history_hash(decode(repeat('00', 32), 'hex'), id, version, at, actor, axis, from_status,
                                    to_status) AS hash
    FROM happened WHERE version = 1
    UNION ALL
    SELECT happened.*, history_hash(chained.hash, happened.id, happened.version, happened.at, happened.actor,
                                    happened.axis, happened.from_status, happened.to_status)
    FROM chained JOIN happened ON happened.id = chained.id AND happened.version = chained.version + 1
)
INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status, hash)
SELECT id, version, at, actor, axis, from_status, to_status, hash FROM chained;
COMMIT;
