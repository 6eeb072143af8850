import { ask, onSubmit } from './ask.js';

const at = (id) => document.getElementById(id);
const scopes = { read: '只读 / reads', write: '可修改 / writes' };

const when = (moment) =>
  moment === null ? '—' : new Date(moment).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai', hour12: false });

const row = ({ id, name, label, scope, expiresAt, usedAt }) => {
  const tr = document.createElement('tr');
  for (const text of [name, `${label}…`, scopes[scope], when(expiresAt), when(usedAt)]) {
    const td = document.createElement('td');
    td.textContent = text;
    tr.append(td);
  }
  const revoke = document.createElement('button');
  revoke.type = 'button';
  revoke.className = 'light';
  revoke.textContent = '撤销 / Revoke';
  revoke.setAttribute('aria-label', `撤销 ${name} / Revoke ${name}`);
  revoke.addEventListener('click', async () => {
    revoke.disabled = true;
    const { problem } = await ask('DELETE', `/api/v1/tokens/${id}`);
    at('token-problem').textContent = problem?.title ?? '';
    await showTokens();
  });
  const td = document.createElement('td');
  td.append(revoke);
  tr.append(td);
  return tr;
};

/** One's own tokens that live. */
export const showTokens = async () => {
  const { data, problem } = await ask('GET', '/api/v1/tokens');
  if (problem !== null) {
    at('token-problem').textContent = problem.title;
    return;
  }
  at('token-list').replaceChildren(...data.items.map(row));
  at('tokens').hidden = false;
};

onSubmit(at('token-make'), async ({ name, scope, days }) => {
  const body = { name: name.value.trim(), scope: scope.value, days: Number(days.value) };
  const answer = await ask('POST', '/api/v1/tokens', body);
  if (answer.problem === null) {
    at('token-make').reset();
    at('token-text').textContent = answer.data.token;
    at('token-made').hidden = false;
    await showTokens();
  }
  return answer;
});
