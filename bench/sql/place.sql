-- What `POST /v1/orders` asks of PostgreSQL, statement by statement (apps/order/src/ops/place.rs, numbers.rs,
-- libs/outbox), for an order of three lines. The documents are those of a real order, handed over as variables.
\set key random(1, 9000000000000000000)
\set store :client_id % 2 + 1
SELECT fingerprint, response FROM replays
WHERE subject = '0190a000-0000-7000-8000-0000000000aa' AND route = 'POST /v1/orders' AND key = :key::text
  AND stored_at > now() - interval '24 hours';
-- Numbers come in blocks of eight, outside of the transaction.
\if :free = 0
INSERT INTO daily_numbers AS given (store_id, business_day, last)
VALUES (('0190a000-0000-7000-8000-00000000000' || :store::text)::uuid, current_date, 8)
ON CONFLICT (store_id, business_day) DO UPDATE SET last = given.last + 8
RETURNING last - 7 AS number \gset
\set free 8
\else
\set number :number + 1
\endif
\set free :free - 1
BEGIN;
INSERT INTO replays AS stored (subject, route, key, fingerprint, response, stored_at)
VALUES ('0190a000-0000-7000-8000-0000000000aa', 'POST /v1/orders', :key::text,
        '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', :answer::jsonb, now())
ON CONFLICT (subject, route, key) DO UPDATE
SET fingerprint = excluded.fingerprint, response = excluded.response, stored_at = excluded.stored_at
WHERE stored.stored_at <= now() - interval '24 hours'
RETURNING fresh_id() AS id \gset
WITH new_order AS (
    INSERT INTO orders (id, customer, store_id, store_name, business_day, number, placed_at, checkout, fulfilment,
                        payment_method, payment_status, currency, total, tax, version)
    VALUES (:id::uuid, '0190a000-0000-7000-8000-0000000000aa',
            ('0190a000-0000-7000-8000-00000000000' || :store::text)::uuid, 'Crema Rynek', current_date, :number::int,
            now(), 'pending', 'waiting', :method::text, 'due', 'EUR', 1230, :tax::jsonb, 1)
), new_saga AS (
    INSERT INTO checkouts (order_id, state, direction, step, charged, deadline, card_token, trace_parent, owner, fence,
                           claimable_at)
    VALUES (:id::uuid, 'running', 'forward', 'reserve', :method::text = 'card', now() + interval '30 s',
            CASE :method::text WHEN 'card' THEN 'tok_visa' END,
            '00-0190a000000070008000000000000001-8000000000000001-01', '0190a000-0000-7000-8000-0000000000c1', 1,
            clock_timestamp() + 5000::bigint * interval '1 millisecond')
)
INSERT INTO order_lines (order_id, line, variation_id, product, variation, options, quantity, unit_price, line_total,
                         tax_rate_bp)
SELECT :id::uuid, line.ordinality, line.variation_id, line.product, line.variation, line.options, line.quantity,
       line.unit_price, line.line_total, line.tax_rate_bp
FROM unnest(ARRAY['0190a000-0000-7000-8000-0000000000b1', '0190a000-0000-7000-8000-0000000000b2',
                  '0190a000-0000-7000-8000-0000000000b3']::uuid[],
            ARRAY['Espresso', 'Cappuccino', 'Flat White'], ARRAY['Single', 'Regular', 'Regular'],
            ARRAY[:options::jsonb, :options::jsonb, :options::jsonb], ARRAY[1, 1, 1], ARRAY[290, 450, 490]::bigint[],
            ARRAY[290, 450, 490]::bigint[], ARRAY[800, 800, 800])
     WITH ORDINALITY AS line (variation_id, product, variation, options, quantity, unit_price, line_total,
                              tax_rate_bp, ordinality);
INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status)
SELECT :id::uuid, * FROM unnest(ARRAY[1]::bigint[], ARRAY[now()], ARRAY['0190a000-0000-7000-8000-0000000000aa'],
                                ARRAY['checkout'], ARRAY[NULL]::text[], ARRAY['pending']);
INSERT INTO outbox.events (id, source, type, subject, sequence, time, data, trace_parent)
SELECT id, source, type, subject, sequence, time, data, '00-0190a000000070008000000000000001-8000000000000001-01'
FROM unnest(ARRAY[fresh_id()], ARRAY['/order'], ARRAY['order.created.v1'], ARRAY[:id::text], ARRAY[1]::bigint[],
            ARRAY[now()], ARRAY[:event::jsonb])
     WITH ORDINALITY AS event (id, source, type, subject, sequence, time, data, ordinal)
ORDER BY ordinal;
COMMIT;
