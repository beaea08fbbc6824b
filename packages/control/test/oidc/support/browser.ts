/** A person at a browser: cookies, redirects, and the provider's forms filled in. */
import { expect } from 'vitest';

interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly value: string;
}

export interface Landed {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
}

export class Browser {
  readonly #cookies = new Map<string, Cookie>();

  /** Cookies of ours that it has now, by name. */
  cookie(name: string): string | null {
    return [...this.#cookies].find(([key]) => key.startsWith(`${name}@`))?.[1].value ?? null;
  }

  /** As a page at `origin` would call its own server. */
  async call(origin: string, path: string, body: object, method = 'POST'): Promise<Response> {
    const url = new URL(path, origin);
    const headers = {
      'content-type': 'application/json',
      origin,
      'sec-fetch-site': 'same-origin',
      'tidegate-browser': '1',
      cookie: this.#cookieFor(url),
    };
    const response = await fetch(url, { method, headers, ...(method === 'GET' ? {} : { body: JSON.stringify(body) }) });
    this.#keep(url, response);
    return response;
  }

  /**
   * Goes to `start` and on, signing in as `account` wherever the provider asks (an empty one gives up), until it is at
   * `until` or at a page that sends it nowhere.
   */
  async walk(start: string, account: string, until: (url: URL) => boolean = () => false): Promise<Landed> {
    let url = new URL(start);
    let form: URLSearchParams | null = null;
    for (let steps = 0; steps < 30; steps += 1) {
      if (until(url)) return { url, status: 0, text: '' };
      const response: Response = await fetch(url, {
        method: form === null ? 'GET' : 'POST',
        headers: { accept: 'text/html', cookie: this.#cookieFor(url), 'sec-fetch-site': 'cross-site' },
        redirect: 'manual',
        ...(form === null ? {} : { body: form }),
      });
      form = null;
      this.#keep(url, response);
      const location = response.headers.get('location');
      const text = await response.text();
      if (location !== null) {
        url = new URL(location, url);
        continue;
      }
      const next = formIn(text);
      // A form that wants a code of the person's: they have none to type.
      if (next === null || next.fields.get('user_code') === '') return { url, status: response.status, text };
      url = new URL(next.action, url);
      form = next.fields;
      if (form.has('prompt')) form.set('account', account);
    }
    return expect.unreachable('the browser was sent around in circles');
  }

  /** Somebody else's doing: a cookie put there. */
  plant(host: string, name: string, value: string): void {
    this.#cookies.set(`${name}@${host}/`, { host, path: '/', value });
  }

  #cookieFor({ hostname, pathname }: URL): string {
    return [...this.#cookies]
      .filter(([, { host, path }]) => host === hostname && pathname.startsWith(path))
      .map(([key, { value }]) => `${key.slice(0, key.indexOf('@'))}=${value}`)
      .join('; ');
  }

  #keep({ hostname }: URL, response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(name.length + 1);
      const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
      const key = `${name}@${hostname}${path}`;
      const gone = attributes.some((one) => /^max-age=0$/i.test(one) || /^expires=.*1970/i.test(one));
      if (gone || value === '') this.#cookies.delete(key);
      else this.#cookies.set(key, { host: hostname, path, value });
    }
  }
}

function formIn(html: string): { action: string; fields: URLSearchParams } | null {
  const action = /<form[^>]*action="([^"]*)"/.exec(html)?.[1];
  if (action === undefined) return null;
  const fields = new URLSearchParams();
  for (const [input] of html.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1];
    if (name !== undefined) fields.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? '');
  }
  return { action: action.replaceAll('&amp;', '&'), fields };
}
