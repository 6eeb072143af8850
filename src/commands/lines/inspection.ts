import { type Command, Option } from 'commander';
import { moment } from '../moment-option.ts';
import { readAttempts, readDaily, readTargets } from '../policy-option.ts';
import { readSweeps } from '../sweep-option.ts';
import { end, onGround } from './run.ts';
import { json, whole, yesOrNo } from './values.ts';

/** A round, a camera, and by what they are judged. */
export const inspectionLines = (program: Command): void => {
  program
    .command('inspect')
    .description('立即巡检一次；有单位未达标时退出码为 1 / a round now; exit code 1 where a target is missed')
    .option('--unit <code>', '只巡检一个考核单位 / one unit only')
    .option(...json)
    .action(async (options) => {
      const { inspect } = await import('../inspect.ts');
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
    .action(async (url, options) => end(await (await import('../probe.ts')).probe(url, options)));

  program
    .command('policy')
    .description(
      '显示考核口径；给出选项则定新版本，默认即刻生效 / show the policy; with options, decide a new version of it',
    )
    .option(
      '--target <class=online/image,...>',
      '达标线，百分比，例如 total=95/95,skynet=98/98,social=95/95 / targets, percent',
      readTargets,
    )
    .option('--coverage <percent>', '覆盖率低于此值则待定 / below it a verdict is undetermined', whole(1, 100))
    .option('--attempts <seconds,...>', '每轮各次探测的时刻，例如 0,300,900 / when each attempt is made', readAttempts)
    .option('--cutoff <seconds>', '每轮的截止时刻 / when a round is cut off', whole(1, 86_400))
    .option('--daily-at <HH:MM|none>', '日巡检的开始时刻，北京时间 / when the daily round begins', readDaily)
    .option('--exemption-longest <days>', '报备最长天数 / the longest exemption', whole(1, 366))
    .option(
      '--exemption-backdating <seconds>',
      '巡检开始后多久内提交的报备仍计入该次 / how long after its start an exemption still counts for a round',
      whole(0, 2_678_400),
    )
    .option('--down-after <n>', '连续几次探测失败算掉线 / failed probes in a row until a camera is down', whole(1, 100))
    .option('--up-after <n>', '连续几次探测成功算恢复 / good ones until it is up', whole(1, 100))
    .option('--valid-from <time>', '生效时间（北京时间），不早于现在 / from when on; not in the past', moment)
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
      const { policy } = await import('../policy.ts');
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
      const { login } = await import('../login.ts');
      end(await onGround((ground) => login(ground, options)));
    });
};
