import { Command, CommanderError } from 'commander';
import { exit } from './commands/exit.ts';
import { accountLines } from './commands/lines/account.ts';
import { auditLines } from './commands/lines/audit.ts';
import { cityLines } from './commands/lines/city.ts';
import { inspectionLines } from './commands/lines/inspection.ts';
import { inventoryLines } from './commands/lines/inventory.ts';
import { judgingLines } from './commands/lines/judging.ts';
import { keyLines } from './commands/lines/key.ts';
import { overTimeLines } from './commands/lines/over-time.ts';
import { reportLines } from './commands/lines/report.ts';
import { rolesLines } from './commands/lines/roles.ts';
import { todoLines } from './commands/lines/todo.ts';
import { Sentence } from './sentence.ts';

/**
 * The command line: each command's file is loaded when it is called for, so that `xunjian probe` starts no database
 * driver. The commands' words stand in commands/lines/.
 */

const program = new Command('xunjian')
  .description('巡检：一座城市每天有哪些公共安全视频点位在工作 / knows, every day, which cameras of a city work')
  .exitOverride()
  .configureHelp({ showGlobalOptions: false })
  .configureOutput({
    outputError: (text, write) => write(`命令有误 / wrong usage: ${text.replace(/^error: /, '')}`),
  })
  .showHelpAfterError('（用 --help 查看用法 / see --help）');

const all = [
  ...[cityLines, inspectionLines, judgingLines, reportLines, todoLines, overTimeLines],
  ...[inventoryLines, keyLines, accountLines, auditLines, rolesLines],
];
for (const lines of all) lines(program);

// Whoever reads a list through `head` has read enough: that is no fault of the command, whose work goes on to its end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
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
