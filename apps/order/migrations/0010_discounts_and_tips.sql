-- What was taken off an order, with the code and each line's share, and what was given on top of it. `total` stays what is
-- paid: the lines less the discount, and the tip. Orders of before, and of the release before, have neither.

ALTER TABLE orders
    ADD COLUMN discount_code text,
    ADD COLUMN discount bigint NOT NULL DEFAULT 0 CHECK (discount >= 0),
    ADD COLUMN tip bigint NOT NULL DEFAULT 0 CHECK (tip >= 0),
    ADD CONSTRAINT a_discount_has_a_code CHECK (discount = 0 OR discount_code IS NOT NULL),
    ADD CONSTRAINT a_tip_is_paid CHECK (tip <= total);

ALTER TABLE order_lines
    ADD COLUMN discount bigint NOT NULL DEFAULT 0 CHECK (discount BETWEEN 0 AND line_total);
