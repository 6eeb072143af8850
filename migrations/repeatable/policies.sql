-- Housekeeping of the time series. Where no background worker runs (embedded database), the maintenance calls run_job.
-- Removed first: added again `if_not_exists`, a changed interval would change nothing.
select remove_compression_policy('result', if_exists => true);
-- Nothing is written to a chunk a day after its end but what comes late, which it takes as well; uncompressed it is 15 times as large.
select add_compression_policy('result', interval '1 day');
select remove_retention_policy('result', if_exists => true);
select add_retention_policy('result', interval '180 days');
select remove_continuous_aggregate_policy('camera_hour', if_exists => true);
select add_continuous_aggregate_policy('camera_hour', start_offset => interval '3 days', end_offset => interval '1 hour',
  schedule_interval => interval '10 minutes');
select remove_compression_policy('camera_hour', if_exists => true);
-- After all that the policy above refreshes.
select add_compression_policy('camera_hour', compress_after => interval '10 days');
select remove_retention_policy('camera_hour', if_exists => true);
select add_retention_policy('camera_hour', interval '2 years');
select remove_retention_policy('sweep', if_exists => true);
select add_retention_policy('sweep', interval '3 days');
