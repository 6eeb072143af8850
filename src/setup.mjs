/**
 * What every npm script begins with: npm packages and Debian packages, when missing or stale. The one file that runs
 * before anything is installed, so it is plain JavaScript for whatever Node the machine has. Usage:
 * setup.mjs demo|test|bench. Its words go to stderr; a second start looks at a dozen files and costs nothing.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const say = (zh, en) => process.stderr.write(`[setup] ${zh} / ${en}\n`);

/** Debian packages: what proves that one is there, and what needs it. */
const debian = {
  'redis-server': { proof: '/usr/bin/redis-server', for: ['demo', 'test', 'bench'] },
  ffmpeg: { proof: '/usr/bin/ffmpeg', for: ['demo', 'test', 'bench'] },
  'fonts-dejavu-core': { proof: '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf', for: ['demo', 'test', 'bench'] },
  // The charts of monthly and yearly reports are drawn with it (src/report/print/chart-font.ts).
  'fonts-noto-cjk': {
    proof: '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
    for: ['demo', 'test', 'bench'],
  },
  // An RTSP server that nobody here wrote: the prober is tested against it.
  'gir1.2-gst-rtsp-server-1.0': { proof: ['/usr/lib/*/girepository-1.0/GstRtspServer-1.0.typelib'], for: ['test'] },
  'python3-gi': { proof: '/usr/lib/python3/dist-packages/gi/__init__.py', for: ['test'] },
  'gstreamer1.0-plugins-base': { proof: ['/usr/lib/*/gstreamer-1.0/libgstvideotestsrc.so'], for: ['test'] },
  'gstreamer1.0-plugins-good': { proof: ['/usr/lib/*/gstreamer-1.0/libgstrtp.so'], for: ['test'] },
  'gstreamer1.0-plugins-bad': { proof: ['/usr/lib/*/gstreamer-1.0/libgstx265.so'], for: ['test'] },
  'gstreamer1.0-plugins-ugly': { proof: ['/usr/lib/*/gstreamer-1.0/libgstx264.so'], for: ['test'] },
  // Another: 24 MB and a quarter of a minute beside what is above.
  'vlc-bin': { proof: '/usr/bin/vlc', for: ['test'] },
  'vlc-plugin-base': { proof: ['/usr/lib/*/vlc/plugins/stream_out/libstream_out_rtp_plugin.so'], for: ['test'] },
  // What our online probe is measured against.
  'prometheus-blackbox-exporter': { proof: '/usr/bin/prometheus-blackbox-exporter', for: ['bench'] },
};

const triplets = ['x86_64-linux-gnu', 'aarch64-linux-gnu'];
const isThere = (proof) =>
  Array.isArray(proof)
    ? proof.some((pattern) => triplets.some((triplet) => existsSync(pattern.replace('*', triplet))))
    : existsSync(proof);

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error !== undefined || status !== 0) {
    const line = [command, ...args].join(' ');
    say(
      `失败：${line}（${error?.message ?? `退出码 ${status}`}）`,
      `failed: ${line} (${error?.message ?? `exit ${status}`})`,
    );
    process.exit(2);
  }
};

const npmPackages = () => {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.xunjian-setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('安装 npm 依赖，约半分钟', 'installing npm packages, half a minute');
  // Not `npm ci`: it refuses a lockfile that lacks the optional binaries of other platforms, which a registry may not
  // hold. This one takes versions and hashes from the lockfile all the same, and writes nothing but node_modules.
  // The machine's own Node may be older than what a package asks for: ours comes with this very step.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--engine-strict=false']);
  mkdirSync(join(root, 'node_modules', '.bin'), { recursive: true });
  const bin = join(root, 'node_modules', '.bin', 'xunjian');
  rmSync(bin, { force: true });
  symlinkSync('../../src/xunjian.sh', bin);
  writeFileSync(stamp, wanted);
};

const debianPackages = (purpose) => {
  const missing = Object.entries(debian)
    .filter(([, { proof, for: purposes }]) => purposes.includes(purpose) && !isThere(proof))
    .map(([name]) => name);
  if (missing.length === 0) return;
  const install = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    say(`缺少系统软件包，请执行：sudo ${install}`, `packages are missing, run: sudo ${install}`);
    process.exit(2);
  }
  say(`安装系统软件包：${missing.join(' ')}`, `installing Debian packages: ${missing.join(' ')}`);
  process.env.DEBIAN_FRONTEND = 'noninteractive';
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing]);
  // Its package starts it on a port that is open to all, and it probes whatever it is asked to. We start our own.
  const service = 'prometheus-blackbox-exporter';
  if (missing.includes(service) && existsSync('/run/systemd/system')) run('systemctl', ['disable', '--now', service]);
};

const purpose = process.argv[2] ?? 'demo';
npmPackages();
debianPackages(purpose);
