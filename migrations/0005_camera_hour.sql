-- no-transaction
create materialized view if not exists camera_hour with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 hour', slot) as hour,
  camera,
  count(*) as probes,
  count(*) filter (where online) as online,
  count(*) filter (where online is null) as unknown,
  count(*) filter (where image) as image
from result
group by 1, 2
with no data
