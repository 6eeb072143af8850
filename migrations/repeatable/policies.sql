-- Housekeeping of the time series. Where no background worker runs (embedded database), the maintenance calls run_job,
-- and refreshes what it added up itself. Removed first: added again `if_not_exists`, a changed interval would change nothing.
select remove_compression_policy('result', if_exists => true);
-- Nothing is written to a chunk a day after its end but what comes late, which it takes as well; uncompressed it is 15 times as large.
select add_compression_policy('result', interval '1 day');
select remove_retention_policy('result', if_exists => true);
select add_retention_policy('result', interval '180 days');
select remove_compression_policy('availability_hour', if_exists => true);
select add_compression_policy('availability_hour', interval '2 days');
select remove_retention_policy('availability_hour', if_exists => true);
select add_retention_policy('availability_hour', interval '2 years');
-- Days are kept for ever. Refreshed where an hour below them was written: those of results that came late as well, as
-- long as there are results. Oldest first, so that no day is missing before the last one that is there; a day's last
-- hours are added up half an hour after its end.
select remove_compression_policy('camera_day', if_exists => true);
select remove_continuous_aggregate_policy('camera_day', if_exists => true);
select add_continuous_aggregate_policy('camera_day', start_offset => interval '190 days', end_offset => interval '1 hour',
  schedule_interval => interval '10 minutes', refresh_newest_first => false);
select remove_continuous_aggregate_policy('unit_day', if_exists => true);
select add_continuous_aggregate_policy('unit_day', start_offset => interval '190 days', end_offset => interval '1 hour',
  schedule_interval => interval '10 minutes', refresh_newest_first => false);
-- The few days that are refreshed after that are compressed ones: a hundred days of rows are too many to wait for.
select add_compression_policy('camera_day', compress_after => interval '41 days');
select remove_retention_policy('sweep', if_exists => true);
select add_retention_policy('sweep', interval '3 days');
