import { ask, onSubmit } from './ask.js';

/** A form with `current`, `password` and `again` that changes one's own password; `done` gets the new session. */
export const changesPassword = (form, done) => {
  onSubmit(form, async ({ current, password, again }) => {
    if (password.value !== again.value) {
      const title = '两次输入的新密码不同 / The new passwords differ';
      return { problem: { code: 'differ', title, field: 'again' }, seconds: null };
    }
    const body = { current: current.value, password: password.value };
    const answer = await ask('PUT', '/api/v1/session/password', body);
    if (answer.problem === null) {
      form.reset();
      done(answer.data);
    }
    return answer;
  });
};
