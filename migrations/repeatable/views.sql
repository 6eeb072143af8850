-- Readable by name for dashboards: every figure of an inspection with its numerator, denominator, formula and time.
drop view if exists inspection_rate;
create view inspection_rate as
select
  i.id as inspection, i.started_at, i.completed_at, r.unit, u.name as unit_name, u.position, r.class,
  r.roster, r.exempt, r.unknown, r.assessed, r.online, r.image, r.online_verdict, r.image_verdict,
  v.verdict as unit_verdict, r.formula, i.policy
from rate r
join inspection i on i.id = r.inspection
join unit u on u.code = r.unit
join unit_verdict v on v.inspection = r.inspection and v.unit = r.unit;

-- The cameras that failed in an inspection, with what was seen.
drop view if exists failing_camera;
create view failing_camera as
select
  i.id as inspection, i.started_at, c.code, c.name, ro.unit, u.name as unit_name, ro.class, o.online, o.image,
  o.attempts, o.failure, o.step, o.detail
from outcome o
join inspection i on i.id = o.inspection
join roster ro on ro.inspection = o.inspection and ro.camera = o.camera
join camera c on c.id = o.camera
join unit u on u.code = ro.unit
where not ro.exempt and (o.online is not true or (ro.picture_due and o.image is not true));
