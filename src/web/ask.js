/** What proves to the API that a page of ours asks; it comes with every session (GET, POST and PUT /api/v1/session). */
let csrf = null;

/** What is told where no answer came at all. */
const away = { code: 'away', title: '服务暂时连不上，请稍后再试 / The service cannot be reached now; try again later' };

/**
 * Asks the API: `{status, data, problem, seconds}`. `problem` is null where it did what was asked, else what it says of it
 * (code, title, field); `seconds` is how long to wait, where it says so. Whoever is not signed in is led to where they can.
 */
export const ask = async (method, path, body) => {
  let answer;
  let data = null;
  try {
    answer = await fetch(path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(csrf === null || method === 'GET' ? {} : { 'x-csrf-token': csrf }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status !== 204) data = await answer.json();
  } catch {
    return { status: 0, data: null, problem: away, seconds: null };
  }
  if (answer.ok) {
    if (typeof data?.csrf === 'string') csrf = data.csrf;
    return { status: answer.status, data, problem: null, seconds: null };
  }
  const problem = { code: data?.code ?? 'unknown', title: data?.title ?? `HTTP ${answer.status}`, field: data?.field };
  if (problem.code === 'signed_out' || problem.code === 'password_must_change') leadToSignIn();
  // Another window signed in anew, perhaps as somebody else: this page shows who it is now before it changes anything.
  if (problem.code === 'forged' && csrf !== null) location.reload();
  const wait = Number(answer.headers.get('retry-after'));
  return { status: answer.status, data: null, problem, seconds: wait > 0 ? wait : null };
};

/** Signing in leads back to where one was. */
export const leadToSignIn = () => {
  const { pathname, search } = location;
  if (pathname !== '/sign-in') location.replace(`/sign-in?to=${encodeURIComponent(pathname + search)}`);
};

/** Says beside a form what came of it: a problem at its field, and for how long nothing will be tried again. */
export const tell = (form, { problem, seconds }) => {
  const said = form.querySelector('.problem');
  const button = form.querySelector('button[type="submit"]');
  for (const input of form.elements) input.removeAttribute('aria-invalid');
  said.textContent = problem === null ? '' : problem.title;
  if (problem === null) return;
  const wrong = form.elements.namedItem(problem.field ?? '');
  if (wrong instanceof HTMLInputElement) {
    wrong.setAttribute('aria-invalid', 'true');
    wrong.focus();
  }
  if (seconds === null) return;
  const at = new Date(Date.now() + seconds * 1_000).toLocaleTimeString('zh-CN', { hour12: false });
  said.textContent = `${problem.title}（${at} 后可再试 / again after ${at}）`;
  button.disabled = true;
  setTimeout(() => {
    button.disabled = false;
  }, seconds * 1_000);
};

/** Calls `send` with the form whenever it is submitted, once at a time. */
export const onSubmit = (form, send) => {
  const button = form.querySelector('button[type="submit"]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    const answer = await send(form.elements);
    button.disabled = false;
    tell(form, answer);
  });
};
