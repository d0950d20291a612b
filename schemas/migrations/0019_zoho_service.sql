-- oldest binary: 0.1.0
-- Zoho as its users know it: sessions and health; the further modules' tables.
select;
