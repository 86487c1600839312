-- When stores are open: by weekday on their own clocks, but for the days on which they are closed.

-- Counts the changes of a store's hours alone: whoever edits them does not collide with whoever edits a price.
ALTER TABLE stores ADD COLUMN hours_version bigint NOT NULL DEFAULT 1;

-- Several a day. What goes on past midnight is two rows: until 24:00, and from 0:00 on the next weekday.
CREATE TABLE opening_hours (
    store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
    -- ISO 8601: 1 is Monday, 7 is Sunday.
    weekday  smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    -- Minutes after midnight; 1440 is 24:00.
    opens    smallint NOT NULL CHECK (opens >= 0),
    closes   smallint NOT NULL CHECK (closes <= 1440),
    CHECK (opens < closes),
    PRIMARY KEY (store_id, weekday, opens)
);

-- Days of the store's own calendar.
CREATE TABLE closures (
    store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
    day      date NOT NULL,
    reason   text NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (store_id, day)
);

-- Stores from before there were hours took orders at any time.
INSERT INTO opening_hours SELECT id, weekday, 0, 1440 FROM stores, generate_series(1, 7) AS weekday;

-- The update of a store counts its version too (0001), so no menu in memory keeps old hours.
CREATE FUNCTION count_hours_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE stores SET hours_version = hours_version + 1 WHERE id IN (SELECT store_id FROM changed);
    RETURN NULL;
END $$;

CREATE TRIGGER opening_hours_added AFTER INSERT ON opening_hours REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_hours_change();
CREATE TRIGGER opening_hours_changed AFTER UPDATE ON opening_hours REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_hours_change();
CREATE TRIGGER opening_hours_removed AFTER DELETE ON opening_hours REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_hours_change();
CREATE TRIGGER closures_added AFTER INSERT ON closures REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_hours_change();
CREATE TRIGGER closures_changed AFTER UPDATE ON closures REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_hours_change();
CREATE TRIGGER closures_removed AFTER DELETE ON closures REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_hours_change();

-- An exclusion constraint would need an extension for the store's id. These triggers come after those above, by their
-- names: the store is locked by then, so two writers can't each miss the other's row.
CREATE FUNCTION refuse_overlapping_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM opening_hours earlier JOIN opening_hours later USING (store_id, weekday)
        WHERE store_id IN (SELECT store_id FROM changed)
          AND earlier.opens < later.opens AND later.opens < earlier.closes
    ) THEN
        RAISE EXCEPTION 'opening hours overlap' USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER opening_hours_overlap_added AFTER INSERT ON opening_hours REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_overlapping_hours();
CREATE TRIGGER opening_hours_overlap_changed AFTER UPDATE ON opening_hours REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_overlapping_hours();
