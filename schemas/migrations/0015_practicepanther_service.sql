-- oldest binary: 0.1.0
-- PracticePanther as its users know it: token status, manual syncs, their audit.
select;
