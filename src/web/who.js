import { ask, leadToSignIn } from './ask.js';

const roles = {
  ...{ administrator: '管理员', centre: '市级中心', county: '考核单位' },
  ...{ maintainer: '运维', viewer: '查看', auditor: '审计' },
};

const link = (href, text) => {
  const a = document.createElement('a');
  a.href = href;
  a.textContent = text;
  return a;
};

/** Shows in the page's head who is signed in, with the way out; gives the session, or null where there is none to show. */
export const showWho = async () => {
  const { data: session, problem } = await ask('GET', '/api/v1/session');
  if (problem !== null) return null;
  if (session.mustChange) {
    leadToSignIn();
    return null;
  }
  const who = document.getElementById('who');
  const name = document.createElement('p');
  name.textContent = `${session.shownName}（${session.name}）· ${roles[session.role]} · ${session.unit?.name ?? '全市'}`;
  const out = document.createElement('button');
  out.type = 'button';
  out.textContent = '退出 / Sign out';
  out.addEventListener('click', async () => {
    const { problem: kept } = await ask('DELETE', '/api/v1/session');
    // Only a session that has ended is called so.
    if (kept === null) location.replace('/sign-in');
    else out.textContent = `未能退出，请重试 / Not signed out: ${kept.title}`;
  });
  const ways = document.createElement('p');
  ways.append(link('/', '看板 / Board'), ' · ', link('/account', '我的账号 / My account'), ' · ', out);
  who.replaceChildren(name, ways);
  return session;
};
