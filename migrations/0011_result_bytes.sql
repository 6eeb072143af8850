-- Bytes of the history, for 40 million rows a day: 138,698 cameras every five minutes. Written by the stage store.
-- Measured on the embedded database (TimescaleDB 2.23): a probe every 5 minutes, hourly pictures of 12 % of the cameras,
-- 1 % failing, bytes of all relations of compressed chunks by result (`npm run bench -- store` measures the choice again):
--
--   segmentby  orderby        chunk   bytes  of them observed_at   delivered again, us a result
--   camera     slot desc      1 day     9.1         4.4            31 (1,500 cameras), 53 (138,698 with 24 slots)
--   camera     slot desc      3 days    7.6         4.3            the choice
--   none       camera, slot   1 day     7.3         4.3            73 (1,500 cameras), 222 (138,698 with 24 slots)
--   none       camera, slot   3 days    7.2         4.3
--   none       slot, camera   1 day    11.7         4.3
--
-- A compressed row holds up to 1,000 results: one camera's 864 of three days fill it, its 288 of one day do not. Without
-- segments a key is looked for in half of a chunk's compressed rows: its cost grows with the city. As only new chunks
-- take the interval and compression stays as it was, compressed chunks are left alone. observed_at is microseconds that no
-- encoding makes small; without it a result takes 4.9 bytes with one-day chunks.
--
-- Compressing holds the embedded database's one session, and with it everybody: 1.2 s for a chunk of 691,200 rows, so about
-- 24 s for 3 full days of 16,610 cameras every 5 minutes, and past the 60 s that a statement may wait from some 40,000 on.
-- It is there for the demo and tests; a server compresses beside all else.
select set_chunk_time_interval('result', interval '3 days');

-- One row for 12 results, but 122 bytes: more than the results themselves. 10.2 bytes a result, compressed 0.4 (0.6 with
-- segments by camera). By hour first: so it is read, and a compressed row then is 1,000 cameras of one hour.
alter materialized view camera_hour set (
  timescaledb.compress,
  timescaledb.compress_segmentby = '',
  timescaledb.compress_orderby = 'hour desc, camera'
);
