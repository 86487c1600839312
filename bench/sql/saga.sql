-- What the saga of an order by card asks of PostgreSQL after place.sql, up to its confirmation, statement by statement.
-- What only follows from its events (the sale, the timeline, the provider's messages) is not in here.

-- Inventory reserves (apps/inventory/src/ops/reserve.rs).
BEGIN;
INSERT INTO reservations (order_id, store_id, fingerprint, status, items, quantities, version, created_at, expires_at)
VALUES (:id::uuid, ('0190a000-0000-7000-8000-00000000000' || :store::text)::uuid,
        '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'held', :items::uuid[],
        :quantities::bigint[], 1, now(), now() + interval '15 min')
ON CONFLICT (order_id) DO NOTHING;
WITH change AS MATERIALIZED (
    SELECT * FROM unnest(:items::uuid[], :zeros::bigint[], :zeros::bigint[], :zeros::bigint[], :zeros::bigint[],
                         :takings::bigint[], :quantities::bigint[], :zeros::bigint[], :zeros::bigint[])
        AS change (item_id, initial, received, restocked, adjusted, available, reserved, sold, wasted)
), locked AS MATERIALIZED (
    SELECT level.item_id, level.available FROM levels AS level
    WHERE level.store_id = ('0190a000-0000-7000-8000-00000000000' || :store::text)::uuid
      AND level.item_id = ANY (:items::uuid[])
    ORDER BY level.item_id FOR NO KEY UPDATE
), verdict AS MATERIALIZED (
    SELECT count(*) = cardinality(:items::uuid[])
           AND (NOT :guard::boolean OR bool_and(locked.available + change.available >= 0)) AS good
    FROM locked JOIN change USING (item_id)
), changed AS (
    UPDATE levels AS level SET
        initial = level.initial + change.initial,
        received = level.received + change.received,
        restocked = level.restocked + change.restocked,
        adjusted = level.adjusted + change.adjusted
            + CASE WHEN :guard::boolean THEN 0 ELSE greatest(-(level.available + change.available), 0) END,
        available = level.available + change.available
            + CASE WHEN :guard::boolean THEN 0 ELSE greatest(-(level.available + change.available), 0) END,
        reserved = level.reserved + change.reserved,
        sold = level.sold + change.sold,
        wasted = level.wasted + change.wasted,
        version = level.version + 1
    FROM change, verdict
    WHERE verdict.good AND level.store_id = ('0190a000-0000-7000-8000-00000000000' || :store::text)::uuid
      AND level.item_id = change.item_id
), noted AS (
    INSERT INTO movements (store_id, item_id, id, kind, quantity, reason, actor, order_id, at)
    SELECT ('0190a000-0000-7000-8000-00000000000' || :store::text)::uuid, movement.item_id, fresh_id(), 'reservation',
           movement.quantity, NULL, 'order', :id::uuid, now()
    FROM unnest(:items::uuid[], :quantities::bigint[]) AS movement (item_id, quantity), verdict
    WHERE verdict.good
)
SELECT change.item_id, locked.available, verdict.good FROM verdict, change LEFT JOIN locked USING (item_id);
INSERT INTO outbox.events (id, source, type, subject, sequence, time, data, trace_parent)
SELECT id, source, type, subject, sequence, time, data, '00-0190a000000070008000000000000001-8000000000000001-01'
FROM unnest(ARRAY[fresh_id()], ARRAY['/inventory'], ARRAY['inventory.reserved.v1'], ARRAY[:id::text],
            ARRAY[1]::bigint[], ARRAY[now()], ARRAY[:event::jsonb])
     WITH ORDINALITY AS event (id, source, type, subject, sequence, time, data, ordinal)
ORDER BY ordinal;
COMMIT;

-- The order service records that (apps/order/src/store/checkouts.rs).
WITH saga AS (
    UPDATE checkouts
    SET state = 'running', direction = 'forward', step = 'authorise', tries = 0, doubt = false, captured = false,
        reason = NULL, last_error = NULL, card_token = CASE WHEN true THEN card_token END,
        owner = CASE WHEN true THEN owner END,
        claimable_at = clock_timestamp() + 5000::bigint * interval '1 millisecond', parked_at = NULL, settled_at = NULL
    WHERE order_id = :id::uuid AND fence = 1
    RETURNING order_id, cancel
), told AS (
    INSERT INTO checkout_history (order_id, at, fence, action, outcome, note)
    SELECT saga.order_id, now(), 1, line.action, line.outcome, line.note
    FROM saga, unnest(ARRAY['reserve'], ARRAY['done'], ARRAY[NULL]::text[])
               WITH ORDINALITY AS line (action, outcome, note, ordinal)
    ORDER BY ordinal
)
SELECT cancel FROM saga;

-- Payment's intent to authorise (apps/payment/src/ops/authorise.rs) …
BEGIN;
SELECT pg_advisory_xact_lock(hashtextextended(:id::text, 0));
SELECT id, order_id, store_id, method, status, currency, amount, captured, refunded, reason, reversed, version,
       created_at, updated_at
FROM payments WHERE order_id = :id::uuid FOR UPDATE;
SELECT EXISTS (SELECT FROM tombstones WHERE order_id = :id::uuid);
INSERT INTO payments (id, order_id, store_id, method, status, currency, amount, fingerprint, token, version, created_at,
                      updated_at)
VALUES (fresh_id(), :id::uuid, ('0190a000-0000-7000-8000-00000000000' || :store::text)::uuid, 'card', 'initiated',
        'EUR', 1230, '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'tok_visa', 1, now(), now())
RETURNING id AS payment \gset
INSERT INTO operations (id, payment_id, kind, number, provider_key, amount, state, actor, reason, tries, started_at,
                        leased_until, due_at)
VALUES (fresh_id(), :payment::uuid, 'authorise', 1, :id::text || '-authorise', 1230, 'open', 'order', NULL, 1, now(),
        clock_timestamp() + 1::int * interval '5 s', clock_timestamp())
RETURNING id AS operation \gset
INSERT INTO outbox.events (id, source, type, subject, sequence, time, data, trace_parent)
SELECT id, source, type, subject, sequence, time, data, '00-0190a000000070008000000000000001-8000000000000001-01'
FROM unnest(ARRAY[fresh_id()], ARRAY['/payment'], ARRAY['payment.initiated.v1'], ARRAY[:payment::text],
            ARRAY[1]::bigint[], ARRAY[now()], ARRAY[:event::jsonb])
     WITH ORDINALITY AS event (id, source, type, subject, sequence, time, data, ordinal)
ORDER BY ordinal;
COMMIT;

-- … and the provider's answer (apps/payment/src/settle.rs).
BEGIN;
SELECT id, order_id, store_id, method, status, currency, amount, captured, refunded, reason, reversed, version,
       created_at, updated_at
FROM payments WHERE order_id = :id::uuid FOR UPDATE;
SELECT operations.id, payment_id, order_id, kind, number, provider_key, operations.amount, currency, state, provider_id,
       code, actor, operations.reason, tries, started_at, settled_at
FROM operations JOIN payments ON payments.id = payment_id WHERE operations.id = :operation::uuid;
UPDATE operations SET state = 'succeeded', provider_id = 'au_0190a00000007000', code = NULL, settled_at = now()
WHERE id = :operation::uuid;
UPDATE payments
SET status = 'authorised', captured = 0, refunded = 0, reason = NULL, reversed = false, version = 2, updated_at = now(),
    token = NULL
WHERE id = :payment::uuid;
INSERT INTO outbox.events (id, source, type, subject, sequence, time, data, trace_parent)
SELECT id, source, type, subject, sequence, time, data, '00-0190a000000070008000000000000001-8000000000000001-01'
FROM unnest(ARRAY[fresh_id()], ARRAY['/payment'], ARRAY['payment.authorised.v1'], ARRAY[:payment::text],
            ARRAY[2]::bigint[], ARRAY[now()], ARRAY[:event::jsonb])
     WITH ORDINALITY AS event (id, source, type, subject, sequence, time, data, ordinal)
ORDER BY ordinal;
COMMIT;

-- The order service records that.
WITH saga AS (
    UPDATE checkouts
    SET state = 'running', direction = 'forward', step = 'capture', tries = 0, doubt = false, captured = false,
        reason = NULL, last_error = NULL, card_token = CASE WHEN false THEN card_token END,
        owner = CASE WHEN true THEN owner END,
        claimable_at = clock_timestamp() + 5000::bigint * interval '1 millisecond', parked_at = NULL, settled_at = NULL
    WHERE order_id = :id::uuid AND fence = 1
    RETURNING order_id, cancel
), told AS (
    INSERT INTO checkout_history (order_id, at, fence, action, outcome, note)
    SELECT saga.order_id, now(), 1, line.action, line.outcome, line.note
    FROM saga, unnest(ARRAY['authorise'], ARRAY['done'], ARRAY[NULL]::text[])
               WITH ORDINALITY AS line (action, outcome, note, ordinal)
    ORDER BY ordinal
)
SELECT cancel FROM saga;

-- Payment's intent to capture (apps/payment/src/ops/capture.rs) …
BEGIN;
SELECT id, order_id, store_id, method, status, currency, amount, captured, refunded, reason, reversed, version,
       created_at, updated_at
FROM payments WHERE order_id = :id::uuid FOR UPDATE;
SELECT operations.id, payment_id, order_id, kind, number, provider_key, operations.amount, currency, state, provider_id,
       code, actor, operations.reason, tries, started_at, settled_at
FROM operations JOIN payments ON payments.id = payment_id WHERE payment_id = :payment::uuid
ORDER BY operations.started_at, operations.id;
INSERT INTO operations (id, payment_id, kind, number, provider_key, amount, state, actor, reason, tries, started_at,
                        leased_until, due_at)
VALUES (fresh_id(), :payment::uuid, 'capture', 1, :id::text || '-capture', 1230, 'open', 'order', NULL, 1, now(),
        clock_timestamp() + 1::int * interval '5 s', clock_timestamp())
RETURNING id AS operation \gset
COMMIT;

-- … and the provider's answer.
BEGIN;
SELECT id, order_id, store_id, method, status, currency, amount, captured, refunded, reason, reversed, version,
       created_at, updated_at
FROM payments WHERE order_id = :id::uuid FOR UPDATE;
SELECT operations.id, payment_id, order_id, kind, number, provider_key, operations.amount, currency, state, provider_id,
       code, actor, operations.reason, tries, started_at, settled_at
FROM operations JOIN payments ON payments.id = payment_id WHERE operations.id = :operation::uuid;
UPDATE operations SET state = 'succeeded', provider_id = 'ca_0190a00000007000', code = NULL, settled_at = now()
WHERE id = :operation::uuid;
INSERT INTO ledger (transaction_id, payment_id, account, amount, currency, at)
SELECT :operation::uuid, :payment::uuid, account, amount, 'EUR', now()
FROM unnest(ARRAY['provider_receivable', 'sales'], ARRAY[1230, -1230]::bigint[]) AS entry (account, amount);
UPDATE payments
SET status = 'captured', captured = 1230, refunded = 0, reason = NULL, reversed = false, version = 3,
    updated_at = now(), token = NULL
WHERE id = :payment::uuid;
INSERT INTO outbox.events (id, source, type, subject, sequence, time, data, trace_parent)
SELECT id, source, type, subject, sequence, time, data, '00-0190a000000070008000000000000001-8000000000000001-01'
FROM unnest(ARRAY[fresh_id()], ARRAY['/payment'], ARRAY['payment.processed.v1'], ARRAY[:payment::text],
            ARRAY[3]::bigint[], ARRAY[now()], ARRAY[:event::jsonb])
     WITH ORDINALITY AS event (id, source, type, subject, sequence, time, data, ordinal)
ORDER BY ordinal;
COMMIT;

-- The order service records that and confirms (apps/order/src/checkout/record.rs).
BEGIN;
UPDATE orders SET checkout = 'confirmed', fulfilment = 'waiting', payment_status = 'captured', reason = NULL, version = 2
WHERE id = :id::uuid AND version = 1;
INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status)
SELECT :id::uuid, * FROM unnest(ARRAY[2]::bigint[], ARRAY[now()], ARRAY['order'], ARRAY['checkout'], ARRAY['pending'],
                                ARRAY['confirmed']);
WITH saga AS (
    UPDATE checkouts
    SET state = 'settled', direction = 'forward', step = 'confirm', tries = 0, doubt = false, captured = true,
        reason = NULL, last_error = NULL, card_token = CASE WHEN false THEN card_token END,
        owner = CASE WHEN false THEN owner END, claimable_at = clock_timestamp(), parked_at = NULL, settled_at = now()
    WHERE order_id = :id::uuid AND fence = 1 AND (cancel IS NULL OR NOT true)
    RETURNING order_id, cancel
), told AS (
    INSERT INTO checkout_history (order_id, at, fence, action, outcome, note)
    SELECT saga.order_id, now(), 1, line.action, line.outcome, line.note
    FROM saga, unnest(ARRAY['capture', 'confirm'], ARRAY['done', 'done'], ARRAY[NULL, NULL]::text[])
               WITH ORDINALITY AS line (action, outcome, note, ordinal)
    ORDER BY ordinal
)
SELECT cancel FROM saga;
INSERT INTO outbox.events (id, source, type, subject, sequence, time, data, trace_parent)
SELECT id, source, type, subject, sequence, time, data, '00-0190a000000070008000000000000001-8000000000000001-01'
FROM unnest(ARRAY[fresh_id()], ARRAY['/order'], ARRAY['order.confirmed.v1'], ARRAY[:id::text], ARRAY[2]::bigint[],
            ARRAY[now()], ARRAY[:event::jsonb])
     WITH ORDINALITY AS event (id, source, type, subject, sequence, time, data, ordinal)
ORDER BY ordinal;
COMMIT;
