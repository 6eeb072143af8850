-- Readable by name for dashboards: every figure of an inspection with its numerator, denominator, formula and time; beside
-- it what was found before exemptions and appeals. Of all revisions, and of the newest of each inspection.
drop view if exists inspection_rate;
drop view if exists inspection_revision_rate;
create view inspection_revision_rate as
select
  i.id as inspection, i.started_at, i.completed_at, r.unit, u.name as unit_name, u.position, r.class,
  r.roster, r.exempt, r.unknown, r.assessed, r.online, r.image, r.online_verdict, r.image_verdict,
  v.verdict as unit_verdict, r.formula, i.policy, i.day, r.revision, p.published_at,
  r.raw_assessed, r.raw_online, r.raw_image
from rate r
join inspection i on i.id = r.inspection
join unit u on u.code = r.unit
join unit_verdict v on v.inspection = r.inspection and v.revision = r.revision and v.unit = r.unit
left join publication p on p.inspection = r.inspection and p.revision = r.revision;

create view inspection_rate as
select r.* from inspection_revision_rate r
where not exists (
  select from unit_verdict later where later.inspection = r.inspection and later.revision > r.revision
);

-- The cameras that failed in an inspection by its newest revision, with what was seen, and the names of that day.
drop view if exists failing_camera;
create view failing_camera as
select
  i.id as inspection, i.started_at, ro.code, ro.name, ro.unit, u.name as unit_name, ro.class, j.online, j.image,
  o.attempts, o.failure, o.step, o.detail
from outcome o
join inspection i on i.id = o.inspection
join roster ro on ro.inspection = o.inspection and ro.camera = o.camera
join unit u on u.code = ro.unit
left join adjustment a on a.inspection = o.inspection and a.camera = o.camera
  and a.revision = (select max(number) from revision where revision.inspection = o.inspection)
cross join lateral (
  select
    case when a.camera is null then ro.exempt else a.exemption is not null end as exempt,
    case when a.camera is null then o.online else a.online end as online,
    case when a.camera is null then o.image else a.image end as image
) j
where not j.exempt and (j.online is not true or (ro.picture_due and j.image is not true));
