import { ask, onSubmit } from './ask.js';
import { changesPassword } from './password.js';

/** Where to go on to: a page of ours, whatever the address says. */
const onward = () => {
  const to = new URLSearchParams(location.search).get('to') ?? '/';
  return /^\/(?![/\\])[!-[\]-~]{0,499}$/.test(to) ? to : '/';
};

const signIn = document.getElementById('sign-in');
const second = document.getElementById('second');
const change = document.getElementById('change');

/** Signed in: on to the page that was asked for, past a password of one's own where the first one still holds. */
const goOn = ({ mustChange }) => {
  if (!mustChange) {
    location.replace(onward());
    return;
  }
  const { current, password } = change.elements;
  current.value = signIn.elements.password.value;
  signIn.reset();
  signIn.hidden = true;
  document.getElementById('oidc').hidden = true;
  change.hidden = false;
  (current.value === '' ? current : password).focus();
};

onSubmit(signIn, async ({ name, password, code }) => {
  const given = code.value.trim();
  const answer = await ask('POST', '/api/v1/session', {
    ...{ name: name.value, password: password.value },
    ...(second.hidden || given === '' ? {} : { code: given }),
  });
  if (answer.problem === null) goOn(answer.data);
  if (answer.problem?.field === 'code') {
    second.hidden = false;
    code.required = true;
    code.value = '';
  }
  return answer;
});

changesPassword(change, goOn);

/** The link to the identity provider, where one is set. */
const offerProvider = async () => {
  const { data } = await ask('GET', '/api/v1/sign-in');
  const offered = document.getElementById('oidc');
  if (data === null || data.oidc === null) return;
  offered.querySelector('a').href = `${data.oidc.start}?to=${encodeURIComponent(onward())}`;
  offered.hidden = !change.hidden;
};

// Whoever is signed in already need not do so again.
const { data: session } = await ask('GET', '/api/v1/session');
if (session !== null) goOn(session);
else signIn.elements.name.focus();
await offerProvider();
