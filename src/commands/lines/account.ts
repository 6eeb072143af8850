import { type Command, Option } from 'commander';
import { roles } from '../../account/role.ts';
import { end, onGround } from './run.ts';
import { json, whole } from './values.ts';

const role = () => new Option('--role <role>', '角色 / role').choices(roles);
const shownName = ['--shown-name <name>', '姓名 / the name shown'] as const;
const phone = ['--phone <number>', '电话 / telephone'] as const;
const name = ['<name>', '登录名 / the name to sign in by'] as const;

/** Accounts and tokens, for when nobody can sign in to keep them. */
export const accountLines = (program: Command): void => {
  userLines(program);
  tokenLines(program);
};

const userLines = (program: Command): void => {
  const user = program.command('user').description('账号：添加、修改、停用、重置密码 / accounts');

  user
    .command('add')
    .description('添加账号并显示一次初始密码；第一个管理员由此产生 / add one and show its first password once')
    .requiredOption('--name <name>', '登录名 / the name to sign in by')
    .addOption(role().makeOptionMandatory())
    .option(...shownName)
    .option('--unit <code>', '所属考核单位 / the unit that is all it meets')
    .option(...phone)
    .option('--no-password', '只通过统一身份认证登录 / it signs in at the identity provider alone')
    .option(...json)
    .action(async (options) => {
      const { add } = await import('../user.ts');
      end(await onGround((ground) => add(ground, options)));
    });

  user
    .command('list')
    .description('列出全部账号 / list all accounts')
    .option(...json)
    .action(async (options) => {
      const { list } = await import('../user.ts');
      end(await onGround((ground) => list(ground, options)));
    });

  user
    .command('set')
    .description('修改账号；改角色或单位即结束其会话与令牌 / change one; another role or unit ends its sessions')
    .argument(...name)
    .option(...shownName)
    .addOption(role())
    .option('--unit <code|none>', '所属考核单位，none 为全市 / unit; none: the whole city')
    .option(...phone)
    .option(...json)
    .action(async (which, options) => {
      const { set } = await import('../user.ts');
      end(await onGround((ground) => set(ground, which, options)));
    });

  const chores = [
    ['password', 'password', '重置密码并显示一次初始密码 / give a new first password, shown once'],
    ['disable', 'disable', '停用 / disable'],
    ['enable', 'enable', '恢复 / enable again'],
    ['end-sessions', 'endSessions', '结束其所有会话与令牌 / end all its sessions and tokens'],
    ['remove-totp', 'removeTotp', '移除动态验证码 / take its second factor away'],
    ['unbind', 'unbind', '解除与统一身份认证的绑定 / forget who it is at the identity provider'],
  ] as const;
  for (const [command, chore, description] of chores) {
    user
      .command(command)
      .description(description)
      .argument(...name)
      .option(...json)
      .action(async (which, options) => {
        const commands = await import('../user.ts');
        end(await onGround((ground) => commands[chore](ground, which, options)));
      });
  }
};

const tokenLines = (program: Command): void => {
  const token = program.command('token').description('接口令牌：查看、撤销 / API tokens');

  token
    .command('list')
    .description('列出全部有效令牌 / list the tokens that live')
    .option(...json)
    .action(async (options) => {
      const { list } = await import('../token.ts');
      end(await onGround((ground) => list(ground, options)));
    });

  token
    .command('revoke')
    .description('撤销令牌 / revoke a token')
    .argument('<id>', '编号，见 token list / its number, from token list', whole(1, 2_147_483_647))
    .option(...json)
    .action(async (id, options) => {
      const { revoke } = await import('../token.ts');
      end(await onGround((ground) => revoke(ground, id, options)));
    });
};
