-- What place.sql and saga.sql need beside the services' own schemas.

-- Ids in the order of time, as the services make them: the first 48 bits are the millisecond.
CREATE FUNCTION fresh_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (substr(ms, 1, 8) || '-' || substr(ms, 9) || substr(gen_random_uuid()::text, 14))::uuid
    FROM (SELECT lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') AS ms) AS now
$$;
