import { ask } from './ask.js';
import { changesPassword } from './password.js';
import { showSecondFactor } from './second-factor.js';
import { showTokens } from './tokens.js';
import { showWho } from './who.js';

/** One's own account: password, second factor, tokens. */
const show = async (session) => {
  document.getElementById('password-of-ours').hidden = !session.password;
  document.getElementById('elsewhere').hidden = session.password;
  if (session.password) showSecondFactor(session.totp);
  await showTokens();
};

const change = document.getElementById('change');
changesPassword(change, async (session) => {
  change.querySelector('.done').textContent =
    '密码已修改，其他会话与全部令牌已失效 / Changed; all other sessions and all tokens have ended';
  await show(session);
});

/** An account that signs in by its password is bound to a person at the provider in its own session alone. */
const offerBinding = async () => {
  const { data } = await ask('GET', '/api/v1/sign-in');
  document.getElementById('bind').hidden = data === null || data.oidc === null;
};

const session = await showWho();
if (session !== null) {
  await show(session);
  await offerBinding();
}
