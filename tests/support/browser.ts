/** A browser without a screen: cookies by host and path, redirects one by one. */
export type Browser = {
  /** One request; a redirect is not followed. */
  get(url: string): Promise<Response>;
  /** A form's fields, as a page posts them. */
  post(url: string, fields: Readonly<Record<string, string>>): Promise<Response>;
  /** Follows redirects until there is none, or until one leads to `stop`: then that address is what it gives. */
  follow(answer: Response, stop?: string): Promise<Response | URL>;
  /** The cookies that it would send to an address, as in a header. */
  cookies(url: string): string;
  /** Takes cookies that somebody else wrote down. */
  setCookies(url: string, header: string): void;
};

type Cookie = { readonly host: string; readonly path: string; readonly name: string; readonly value: string };

/** `hosts`: where a public address is really served, as a proxy in front of the service knows it. */
export const openBrowser = (hosts: Readonly<Record<string, string>> = {}): Browser => {
  const jar: Cookie[] = [];
  const keep = (url: URL, line: string): void => {
    const parts = line.split(/; */).map((part): [name: string, value: string] => {
      const [before = '', after = ''] = part.split(/=(.*)/s);
      return [before, after];
    });
    const [name, value] = parts[0]!;
    const told = new Map(parts.slice(1).map(([attribute, said]) => [attribute.toLowerCase(), said]));
    const path = told.get('path') || '/';
    const same = jar.findIndex((one) => one.host === url.host && one.name === name && one.path === path);
    if (same !== -1) jar.splice(same, 1);
    const gone = told.get('max-age') === '0' || Date.parse(told.get('expires') ?? '') < Date.now();
    if (!gone) jar.push({ host: url.host, path, name, value });
  };
  const cookies = (address: string): string => {
    const { host, pathname } = new URL(address);
    const sent = jar.filter((one) => one.host === host && pathname.startsWith(one.path));
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  };
  const ask = async (address: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(address);
    const served = hosts[url.origin];
    const answer = await fetch(served === undefined ? url : new URL(url.pathname + url.search, served), {
      ...init,
      redirect: 'manual',
      headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', cookie: cookies(address), ...init.headers },
    });
    for (const line of answer.headers.getSetCookie()) keep(url, line);
    // What an answer leads to is told from where it was asked for, not from where it is really served.
    Object.defineProperty(answer, 'url', { value: address });
    return answer;
  };
  return {
    get: (url) => ask(url),
    post: (url, fields) => ask(url, { method: 'POST', body: new URLSearchParams(fields) }),
    async follow(answer, stop) {
      let now = answer;
      for (let left = 12; left > 0; left--) {
        const location = now.headers.get('location');
        if (location === null) return now;
        await now.body?.cancel();
        const next = new URL(location, now.url);
        if (stop !== undefined && next.href.startsWith(stop)) return next;
        now = await ask(next.href);
      }
      throw new Error(`${answer.url} redirects without end`);
    },
    cookies,
    setCookies: (url, header) => {
      for (const pair of header.split('; ')) keep(new URL(url), `${pair}; Path=/`);
    },
  };
};
