-- Events of :count orders that don't exist, all committed at once: of a type that only the BFF is told of, and nobody
-- watches those orders.
WITH made AS MATERIALIZED (
    SELECT gen_random_uuid() AS id, gen_random_uuid()::text AS subject FROM generate_series(1, :count)
)
INSERT INTO outbox.events (id, source, type, subject, sequence, time, data)
SELECT id, '/order', 'order.fulfilment_changed.v1', subject, 1, now(),
       :'event'::jsonb || jsonb_build_object('order_id', subject, 'store_id', '0190a000-0000-7000-9000-000000000000')
FROM made;
