import { writeFile } from 'node:fs/promises';
import type { Config } from '../config/env.ts';
import { Sentence } from '../sentence.ts';
import { archiveOf } from '../simulator/archive.ts';
import { inventoryCsv } from '../simulator/city.ts';
import { type CityOptions, planTold, startCity } from './city.ts';
import { exit } from './exit.ts';
import { stopSignal } from './stop-signal.ts';

export type SimulateOptions = Omit<CityOptions, 'household' | 'recorders'> & {
  /** Percent, both. */
  readonly household: number;
  readonly recorders?: number;
  readonly inventory: string;
};

/** Runs a simulated city until Ctrl-C; writes its inventory (with passwords) and, where asked, its truth. */
export const simulate = async (config: Config, options: SimulateOptions): Promise<number> => {
  const stop = stopSignal();
  const { inventory, household, recorders, ...rest } = options;
  const { cameras, seed } = options;
  const asked = {
    ...rest,
    household: household / 100,
    ...(recorders === undefined ? {} : { recorders: recorders / 100 }),
  };
  const city = await planTold(asked);
  const simulator = await startCity(config, asked);
  try {
    await writeFile(inventory, inventoryCsv(city, simulator.ports, archiveOf(city, options.seed))).catch(
      (error: NodeJS.ErrnoException) => {
        throw new Sentence(
          `--inventory ${inventory}：无法写入（${error.code}）`,
          `--inventory ${inventory}: cannot be written (${error.code})`,
        );
      },
    );
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
