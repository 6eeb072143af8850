import { ask, onSubmit } from './ask.js';
import { drawQr } from './qr.js';

const at = (id) => document.getElementById(id);
const [begin, confirm, remove] = ['totp-begin', 'totp-confirm', 'totp-remove'].map(at);

/** Shows whether there is one, and what can be done about it. */
export const showSecondFactor = (on) => {
  at('second-factor').hidden = false;
  at('totp-state').textContent = on
    ? '已启用：登录时须再输入验证码 / On: a code is asked for at every sign-in'
    : '未启用：只凭密码登录 / Off: the password alone signs in';
  begin.hidden = on;
  remove.hidden = !on;
};

/** The secret, in three ways to carry it over; nothing of it stays in the page afterwards. */
const showSecret = ({ secret, uri }) => {
  at('qr').replaceChildren(drawQr(uri, '验证器密钥的二维码 / QR code of the key'));
  at('totp-secret').textContent = secret.match(/.{1,4}/g).join(' ');
  at('totp-uri').href = uri;
  at('totp-uri-text').textContent = uri;
};
const forgetSecret = () => {
  at('qr').replaceChildren();
  for (const id of ['totp-secret', 'totp-uri-text']) at(id).textContent = '';
  at('totp-uri').href = '#totp-secret';
  confirm.hidden = true;
};

onSubmit(begin, async ({ password }) => {
  const answer = await ask('POST', '/api/v1/session/totp', { password: password.value });
  if (answer.problem === null) {
    begin.reset();
    begin.hidden = true;
    at('recovery').hidden = true;
    showSecret(answer.data);
    confirm.hidden = false;
    confirm.elements.code.focus();
  }
  return answer;
});

onSubmit(confirm, async ({ code }) => {
  const answer = await ask('PUT', '/api/v1/session/totp', { code: code.value.trim() });
  if (answer.problem === null) {
    confirm.reset();
    forgetSecret();
    showSecondFactor(true);
    at('recovery-codes').textContent = answer.data.recoveryCodes.join('\n');
    at('recovery').hidden = false;
  }
  return answer;
});

onSubmit(remove, async ({ code }) => {
  const answer = await ask('DELETE', '/api/v1/session/totp', { code: code.value.trim() });
  if (answer.problem === null) {
    remove.reset();
    at('recovery').hidden = true;
    at('recovery-codes').textContent = '';
    showSecondFactor(false);
  }
  return answer;
});
