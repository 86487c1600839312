-- Shelves for saga.sql that it never empties, of the items that the measured order takes.
INSERT INTO stores (id)
SELECT ('0190a000-0000-7000-8000-00000000000' || number)::uuid FROM generate_series(1, 2) AS number
ON CONFLICT DO NOTHING;
INSERT INTO items (id, name, unit) SELECT id, 'Anything', 'g' FROM unnest(:'items'::uuid[]) AS id ON CONFLICT DO NOTHING;
INSERT INTO levels (store_id, item_id, initial, available)
SELECT stores.id, item, 1000000000000, 1000000000000 FROM stores, unnest(:'items'::uuid[]) AS item
ON CONFLICT DO NOTHING;
