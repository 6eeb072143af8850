import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/env.ts';
import { Sentence } from '../sentence.ts';
import { inventoryCsv, planCity } from '../simulator/city.ts';
import { startSimulatorProcess } from '../simulator/start.ts';
import { writeTruth } from './demo.ts';
import { exit } from './exit.ts';
import { Progress } from './progress.ts';
import { stopSignal } from './stop-signal.ts';

export type SimulateOptions = {
  readonly cameras: number;
  readonly seed: number;
  readonly household: number;
  readonly truth?: string;
  readonly inventory: string;
  readonly json?: true;
};

/** Runs a simulated city until Ctrl-C; writes its inventory (with passwords) and, where asked, its truth. */
export const simulate = async (config: Config, options: SimulateOptions): Promise<number> => {
  const stop = stopSignal();
  const { cameras, seed, inventory } = options;
  const household = options.household / 100;
  const city = planCity({ cameras, seed, household });
  if (options.truth !== undefined) await writeTruth(options.truth, city);
  const clipsDir = join(config.dataDir, 'clips');
  await mkdir(clipsDir, { recursive: true });
  const filming = new Progress(options.json === true);
  const simulator = await startSimulatorProcess(
    { cameras, seed, household, clipsDir, rtspPort: 554, onvifPort: 80 },
    (done, total, name) => filming.show(`录制视频 filming ${name}`, done, total),
  );
  filming.end();
  try {
    await writeFile(inventory, inventoryCsv(city, simulator.ports)).catch((error: NodeJS.ErrnoException) => {
      throw new Sentence(
        `--inventory ${inventory}：无法写入（${error.code}）`,
        `--inventory ${inventory}: cannot be written (${error.code})`,
      );
    });
    const { rtsp, onvif } = simulator.ports;
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify({ cameras, seed, inventory, truth: options.truth ?? null, ports: simulator.ports })}\n`
        : `模拟城市已运行：${cameras} 个点位，RTSP 端口 ${rtsp}，ONVIF 端口 ${onvif}；档案写入 ${inventory}。按 Ctrl-C 结束。\n` +
            `The simulated city runs: ${cameras} cameras, RTSP port ${rtsp}, ONVIF port ${onvif}; its inventory is in ${inventory}. Ctrl-C ends it.\n`,
    );
    await stop;
    return exit.ok;
  } finally {
    await simulator.stop();
  }
};
