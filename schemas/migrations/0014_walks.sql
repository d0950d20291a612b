-- oldest binary: 0.1.0
-- What walks leave for the next one beside their watermark: sync tokens, and the windows of records without identity.
select;
