-- $1 connection, $2 resource: the next complete walk may delete as many records as the last one was held back with.
update resource_states s set accepted_records = s.withheld_records
from connections c
where s.connection_id = $1::uuid and s.resource = $2 and s.withheld_records is not null and c.connection_id = s.connection_id
returning s.connection_id, c.provider, c.external_id, s.resource, s.withheld_records as records, s.withheld_of as of
