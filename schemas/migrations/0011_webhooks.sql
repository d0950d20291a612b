-- oldest binary: 0.1.0
-- Webhooks: where results are sent, and what is still to be sent.
select;
