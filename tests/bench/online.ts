import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Sentence } from '../../src/sentence.ts';
import { said, start } from './child.ts';
import type { Errand, Round } from './online-prober.ts';
import { type BenchRow, ratioOf, spread } from './table.ts';

/** Rounds, and probes a round on either side: in turn, so that a noisy machine is noisy for both. */
const rounds = 7;
const probes = 5_000;
/** Far below what either side or the cameras have trouble with. */
const inFlight = 64;
/** Node compiles its way through the first 15,000 probes, at twice the CPU; a worker lives for weeks. */
const warmUp = 20_000;
const cameras = 200;
/** For the memory: what one worker is to hold. */
const many = 1_000;
const inMemory = 20_000;

const exporter = '/usr/bin/prometheus-blackbox-exporter';

/** The least that proves the same: connect, OPTIONS, a status line of RTSP, close. "\n" is added to what is sent. */
const config = `modules:
  rtsp:
    prober: tcp
    timeout: 20s
    tcp:
      preferred_ip_protocol: ip4
      query_response:
        - send: "OPTIONS * RTSP/1.0\\r\\nCSeq: 1\\r\\n\\r"
        - expect: "^RTSP/1.0"
`;

/** Starts Debian's exporter on a free port; `port` comes from its own words. */
const startExporter = async (directory: string): Promise<{ process: ChildProcess; port: number }> => {
  if (!existsSync(exporter)) {
    const install = 'apt-get install -y prometheus-blackbox-exporter';
    throw new Sentence(`缺少 ${exporter}，请执行：${install}`, `${exporter} is missing, run: ${install}`);
  }
  const file = join(directory, 'blackbox.yml');
  await writeFile(file, config);
  const child = spawn(exporter, ['--config.file', file, '--web.listen-address', '127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines = createInterface({ input: child.stderr! });
  for await (const line of lines) {
    const port = /msg="Listening on" address=127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    lines.close();
    child.stderr!.resume();
    return { process: child, port: Number(port) };
  }
  throw new Error(`${exporter} ended before it listened`);
};

/** User and system CPU time of a process so far, ms: fields 14 and 15 of its stat. */
const cpuOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

/** The largest that a process has been, MB. */
const peakOf = (pid: number): number =>
  (Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024) / 1e6;

/**
 * CPU, time and memory of an online probe: ours (`probeCamera`: connect, OPTIONS, any valid RTSP answer, close, until
 * the connection is closed) against Debian's prometheus-blackbox-exporter with a tcp module that does the same; same
 * cameras, as many in flight, in turn. What counts:
 *
 * - CPU is user and system of the prober's process with all its threads, garbage collection and compiling included: ours
 *   one process of Node, the exporter's one of Go. It includes the kernel's work in their system calls, on loopback also
 *   much of the camera's end of TCP; that is the same for both, and half of what ours costs.
 * - The exporter is driven as Prometheus does it, over HTTP with kept connections; reading the request and writing the
 *   metrics is part of its probe and counts, whoever asks does not: the driver is a process of its own, on bare sockets.
 *   Its share of a core is a row, so that nobody need guess whether it held the exporter back.
 * - Nothing of a worker besides the probe counts on our side: no queue, no database (`sweep` has them).
 * - The time is the wall's, cameras and driver on the same cores: what both are held back by makes the ratio smaller.
 *   Ours uses one core, the exporter all that it gets.
 *
 * Throws where a probe fails on either side, or a camera counts another number of connections than probes.
 */
export const benchOnline = async (clipsDir: string, told: (line: string) => void): Promise<BenchRow[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'xunjian-online-'));
  const city = start('./online-cameras.ts', [clipsDir, String(cameras)]);
  const children: ChildProcess[] = [city];
  let peer: Awaited<ReturnType<typeof startExporter>> | null = null;
  try {
    const { urls } = await said<{ urls: string[] }>(city);
    peer = await startExporter(directory);
    const { pid } = peer.process;
    const prober = start('./online-prober.ts', []);
    const driver = start('./online-driver.ts', [String(peer.port)]);
    children.push(prober, driver);

    const connections = async (): Promise<number> => {
      const answer = said<{ connections: number }>(city);
      city.send({});
      return (await answer).connections;
    };
    const run = async (child: ChildProcess, count: number, atOnce: number): Promise<Round> => {
      const before = await connections();
      const answer = said<Round>(child);
      child.send({ urls, probes: count, inFlight: atOnce } satisfies Errand);
      const round = await answer;
      const made = (await connections()) - before;
      if (made !== count) throw new Error(`${made} connections for ${count} probes`);
      return round;
    };

    told('warming up');
    await run(prober, warmUp, inFlight);
    await run(driver, probes, inFlight);
    const ours: Round[] = [];
    const theirs: Round[] = [];
    const driving: number[] = [];
    for (let nth = 1; nth <= rounds; nth++) {
      told(`${nth} of ${rounds}: ${probes} probes on either side`);
      ours.push(await run(prober, probes, inFlight));
      const before = cpuOf(pid!);
      const round = await run(driver, probes, inFlight);
      theirs.push({ ms: round.ms, cpuMs: cpuOf(pid!) - before });
      driving.push((100 * round.cpuMs) / round.ms);
    }
    told(`${many} in flight`);
    const fresh = start('./online-prober.ts', []);
    children.push(fresh);
    await run(fresh, inMemory, many);
    await run(driver, inMemory, many);

    const row = (
      name: string,
      unit: string,
      mine: readonly number[],
      their: readonly number[],
      n: number,
    ): BenchRow => {
      const [a, b] = [spread(mine), spread(their)];
      return { case: name, unit, ours: a, peer: { name: 'blackbox_exporter', ...b }, ratio: ratioOf(a, b), n };
    };
    const cpu = ({ cpuMs }: Round): number => (1_000 * cpuMs) / probes;
    const wall = ({ ms }: Round): number => (1_000 * ms) / probes;
    const n = rounds * probes;
    return [
      row('one online probe', 'CPU ms / 1,000 probes', ours.map(cpu), theirs.map(cpu), n),
      row(`${inFlight} in flight`, 'ms / 1,000 probes', ours.map(wall), theirs.map(wall), n),
      row(`memory with ${many} in flight`, 'MB, at most', [peakOf(fresh.pid!)], [peakOf(pid!)], inMemory),
      {
        case: 'whoever asks the exporter',
        unit: '% of a core',
        ours: spread(driving),
        peer: null,
        ratio: null,
        n,
      },
    ];
  } finally {
    for (const child of children) if (child.connected) child.disconnect();
    if (peer !== null && peer.process.exitCode === null) {
      peer.process.kill();
      await once(peer.process, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  }
};
