import { batch, type Claim, onvif, onvifLogin, qClock, quirk } from './claim.ts';

export const clockQuirks: readonly Claim[] = [
  quirk(
    'refused-at-seconds',
    'WS-Security is refused from 5 to 20 s of skew on: made by the clock of the device',
    ['onvif-rs#121'],
    [...qClock('and is 20 s fast takes the login', 'and is 20 s slow takes the login')],
  ),
  quirk(
    'half-a-year-off',
    'a clock is half a year off after a reboot',
    ['onvif-rs#121', 'agsh/onvif#249'],
    [
      ...qClock('half a year behind after a reboot'),
      ...onvifLogin('is made by the clock of the device, which may be half a year off (onvif-rs#121)'),
    ],
  ),
  quirk(
    'clock-first',
    'the clock is asked for first, and without a login',
    [],
    [...onvif('tells its clock without a login, then who it is and what its streams are')],
  ),
  quirk(
    'skew-is-a-fact',
    'the skew is a fact of its own, and no failure of the login',
    [],
    [
      ...qClock('and the skew is a fact of its own*'),
      ...batch('the facts of a device are asked for in the first attempt, and kept apart from the results'),
    ],
  ),
  quirk(
    'local-as-utc',
    'local time is told as UTC',
    ['OpenIPC#292'],
    [...qClock('8 hours ahead, its local time told as UTC (OpenIPC#292)')],
  ),
  quirk(
    'no-utc',
    'no UTC is told: no skew is made of local time and a zone',
    ['agsh/onvif#65'],
    [
      ...onvif('with a zone and a local time only (agsh/onvif#65)', 'with no UTC time has no known skew'),
      ...onvifLogin('and told no UTC time is said to be one whose clock may be the cause (agsh/onvif#65)'),
    ],
  ),
  quirk(
    'odd-zones',
    'zones such as MoroccoStandardTime0 and UTC5:0 throw nothing',
    [],
    [...qClock('"MoroccoStandardTime0" is not read', '"UTC5:0" is not read', 'is not read: UTC tells the skew*')],
  ),
];
