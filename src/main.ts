import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { exit } from './commands/exit.ts';
import { readSweeps } from './commands/sweep-option.ts';
import { type Config, readConfig } from './config/env.ts';
import type { Ground } from './roles/ground.ts';
import { Sentence } from './sentence.ts';

/**
 * The command line: each command's file is loaded when it is called for, so that `xunjian probe` starts no database
 * driver. What a command gives back is the process's exit code.
 */

const whole =
  (from: number, to: number) =>
  (value: string): number => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= from && number <= to) return number;
    throw new InvalidArgumentError(`应为 ${from} 至 ${to} 的整数 / must be a whole number from ${from} to ${to}.`);
  };

const yesOrNo = (value: string): boolean => {
  if (value === 'yes' || value === 'no') return value === 'yes';
  throw new InvalidArgumentError('应为 yes 或 no / must be yes or no.');
};

const limit = (value: string): number | null => (value === 'none' ? null : whole(1, 100_000)(value));

const config = (): Config => readConfig(process.env);

const onGround = async (work: (ground: Ground) => Promise<number>): Promise<number> => {
  const { openGround } = await import('./roles/ground.ts');
  const ground = await openGround(config());
  try {
    return await work(ground);
  } finally {
    await ground.close();
  }
};

const end = (code: number): void => {
  process.exitCode = code;
};

const program = new Command('xunjian')
  .description('巡检：一座城市每天有哪些公共安全视频点位在工作 / knows, every day, which cameras of a city work')
  .exitOverride()
  .configureHelp({ showGlobalOptions: false })
  .configureOutput({
    outputError: (text, write) => write(`命令有误 / wrong usage: ${text.replace(/^error: /, '')}`),
  })
  .showHelpAfterError('（用 --help 查看用法 / see --help）');

const json = ['--json', '以 JSON 输出 / print JSON'] as const;

program
  .command('demo')
  .description('模拟一座城市并巡检一次 / simulate a city and inspect it once')
  .option('--cameras <n>', '点位数 / cameras', whole(1, 60_000), 2_000)
  .option('--seed <n>', '随机种子 / seed', whole(0, 4_294_967_295), 1)
  .option('--truth <file>', '写出真实状态（JSON）/ write the ground truth')
  .option('--once', '巡检一次后退出 / end after one inspection')
  .option(...json)
  .action(async (options) => end(await (await import('./commands/demo.ts')).demo(config(), options)));

program
  .command('inspect')
  .description('立即巡检一次；有单位未达标时退出码为 1 / a round now; exit code 1 where a target is missed')
  .option('--unit <code>', '只巡检一个考核单位 / one unit only')
  .option(...json)
  .action(async (options) => {
    const { inspect } = await import('./commands/inspect.ts');
    end(await onGround((ground) => inspect(ground, options)));
  });

program
  .command('probe')
  .description('探测一个摄像机，逐步计时 / probe one camera, every step timed')
  .argument('<url>', 'rtsp:// 或 rtsps://地址[:端口]/路径 / rtsp:// or rtsps://host[:port]/path')
  .option('--onvif <url>', 'ONVIF 设备服务地址 / the ONVIF device service')
  .option('--snapshot <url>', '快照地址（HTTP）/ where it gives a JPEG')
  .addOption(
    new Option('--transport <how>', '先用何种方式要视频 / how video is asked for first').choices(['tcp', 'udp']),
  )
  .option('--ca-file <file>', 'rtsps：自有 CA 证书（PEM）/ rtsps: certificates of own authorities')
  .option('--pin <sha256>', 'rtsps：设备证书的 SHA-256 / rtsps: SHA-256 of the certificate')
  .option('--unverified', 'rtsps：不校验证书 / rtsps: believe any certificate')
  .option('--user <name>', '用户名 / user')
  .option('--password-file <file>', '存放密码的文件 / a file that holds the password')
  .option('--basic', '允许明文登录（Basic）/ allow Basic, which sends the password in clear')
  .option('--deadline <ms>', '时限，毫秒 / deadline, milliseconds', whole(100, 600_000), 20_000)
  .option('--trace', '在 stderr 显示往来报文 / show the words on the wire on stderr')
  .option(...json)
  .action(async (url, options) => end(await (await import('./commands/probe.ts')).probe(url, options)));

program
  .command('import')
  .description('导入点位档案（CSV，UTF-8 或 GB18030）/ import the inventory')
  .argument('<file>', 'CSV')
  .option('--dry-run', '只检查，不写入 / check only, write nothing')
  .option(...json)
  .action(async (file, options) => {
    const { importFile } = await import('./commands/import.ts');
    end(await onGround((ground) => importFile(ground, file, options)));
  });

program
  .command('site')
  .description(
    '登记探测站点、网段与上限；不带参数则列出 / register a site, its networks and limits; lists them without one',
  )
  .argument('[code]', '站点代码 / code')
  .option('--name <name>', '名称 / name')
  .option('--networks <cidr,...>', '允许探测的网段 / networks that may be probed')
  .option('--ca-file <file>', '该站点设备的 CA 证书（PEM）/ certificates of the authorities of its cameras')
  .option('--sockets <n|none>', '同时探测数上限，全部进程合计 / probes at once, over all its workers', limit)
  .option('--megabits <n|none>', '取图带宽上限，兆比特每秒 / what pictures may take of its line', limit)
  .option(...json)
  .action(async (code, options) => {
    const { site } = await import('./commands/site.ts');
    end(await onGround((ground) => site(ground, code, options)));
  });

program
  .command('policy')
  .description(
    '显示考核口径；给出选项则自即刻起生效新版本 / show the policy; with options, decide a new version from now on',
  )
  .option('--snapshot-proves <yes|no>', '快照可证明出图 / whether a snapshot proves a picture', yesOrNo)
  .option('--device-facts <yes|no>', '每轮询问设备型号与时钟 / ask devices who they are in each round', yesOrNo)
  .option(
    '--sweep <class=online/picture,...>',
    '巡测间隔，秒，例如 skynet=300/3600,household=300/never / periods of the sweep, seconds',
    readSweeps,
  )
  .option('--note <text>', '依据 / on whose word')
  .option(...json)
  .action(async (options) => {
    const { policy } = await import('./commands/policy.ts');
    end(await onGround((ground) => policy(ground, options)));
  });

program
  .command('login')
  .description('列出被拒绝或结果不明的登录；核实后解除其一 / logins that were refused or left open; lift one')
  .option(
    '--release <code>',
    '核实设备账号后，允许对该点位再登录一次 / allow one more try for this camera, once verified',
  )
  .option(
    '--release-interrupted',
    '放行全部因探测进程中断而结果不明的登录 / release all that a killed worker left open',
  )
  .option(...json)
  .action(async (options) => {
    const { login } = await import('./commands/login.ts');
    end(await onGround((ground) => login(ground, options)));
  });

program
  .command('simulate')
  .description('运行模拟城市，直到 Ctrl-C / run a simulated city until Ctrl-C')
  .option('--cameras <n>', '点位数 / cameras', whole(1, 200_000), 2_000)
  .option('--seed <n>', '随机种子 / seed', whole(0, 4_294_967_295), 1)
  .option('--household <percent>', '平安家园所占百分比 / household cameras, percent', whole(0, 100), 0)
  .option('--recorders <percent>', '录像机通道所占百分比 / channels of recorders, percent', whole(0, 100), 0)
  .option('--inventory <file>', '写出档案（CSV，含密码）/ write the inventory, with passwords', 'inventory.csv')
  .option('--truth <file>', '写出真实状态（JSON）/ write the ground truth')
  .option(...json)
  .action(async (options) => end(await (await import('./commands/simulate.ts')).simulate(config(), options)));

program
  .command('migrate')
  .description('更新数据库结构 / bring the database to the current schema')
  .option(...json)
  .action(async (options) => end(await (await import('./commands/migrate.ts')).migrate(config(), options)));

program
  .command('serve')
  .description('在一个进程里运行全部角色 / run all roles in one process')
  .action(async () => {
    const { serve } = await import('./commands/serve.ts');
    end(await onGround(serve));
  });

program
  .command('api')
  .description('只运行接口 / run the API only')
  .action(async () => {
    const { api } = await import('./commands/serve.ts');
    end(await onGround(api));
  });

program
  .command('worker')
  .description('在一个站点运行探测 / probe from a site')
  .requiredOption('--site <code...>', '站点代码，可多个 / codes of sites')
  .action(async (options: { site: string[] }) => {
    const { worker } = await import('./commands/serve.ts');
    end(await onGround((ground) => worker(ground, options.site)));
  });

program
  .command('scheduler')
  .description('只运行调度、维护与消息 / run schedule, housekeeping and messages')
  .action(async () => {
    const { scheduler } = await import('./commands/serve.ts');
    end(await onGround(scheduler));
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exit.ok : exit.usage;
  else if (error instanceof Sentence) {
    process.stderr.write(`${error.zh}\n${error.en}\n`);
    process.exitCode = exit.usage;
  } else if (error instanceof Error && error.name === 'DatabaseAway') {
    process.stderr.write(
      `无法连接数据库：请检查 XUNJIAN_DATABASE_URL 与数据库是否运行（${error.message}）\n` +
        `the database cannot be reached: check XUNJIAN_DATABASE_URL and whether it runs (${error.message})\n`,
    );
    process.exitCode = exit.unknown;
  } else {
    process.stderr.write(`服务内部错误 / internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = exit.unknown;
  }
}
