import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/env.ts';
import { Sentence } from '../sentence.ts';
import { type City, type CityPlan, planCity, truthOf } from '../simulator/city.ts';
import { type SimulatorProcess, startSimulatorProcess } from '../simulator/start.ts';
import { Progress } from './progress.ts';

export type CityOptions = CityPlan & {
  readonly truth?: string;
  readonly json?: true;
};

/** Plans a city; writes its truth where it was asked for. */
export const planTold = async ({ truth, json, ...plan }: CityOptions): Promise<City> => {
  const city = planCity(plan);
  if (truth === undefined) return city;
  await writeFile(truth, `${JSON.stringify(truthOf(city))}\n`).catch((error: NodeJS.ErrnoException) => {
    throw new Sentence(
      `--truth ${truth}：无法写入（${error.code}）`,
      `--truth ${truth}: cannot be written (${error.code})`,
    );
  });
  return city;
};

/**
 * Starts the cameras of a city on the usual ports, or on free ones where those are taken; the video is filmed on first
 * use, with a bar, and kept in the data folder.
 */
export const startCity = async (config: Config, { truth, json, ...plan }: CityOptions): Promise<SimulatorProcess> => {
  const clipsDir = join(config.dataDir, 'clips');
  await mkdir(clipsDir, { recursive: true });
  const filming = new Progress(json === true);
  const simulator = await startSimulatorProcess(
    { ...plan, clipsDir, rtspPort: 554, onvifPort: 80 },
    (done, total, name) => filming.show(`录制视频 filming ${name}`, done, total),
  );
  filming.end();
  return simulator;
};
