/**
 * How calls carry the login. The cookie is HttpOnly: no script reads it. A call that changes something also carries a
 * header of its own, which a form or picture of another site cannot send.
 */
const CSRF_HEADER = 'x-tidegate-csrf';

export const withLogin: typeof fetch = (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set(CSRF_HEADER, '1');
  const token = sessionStorage.getItem(TOKEN);
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  return fetch(input, { ...init, headers, credentials: 'same-origin' });
};

const TOKEN = 'tidegate.token';

/** The API's logins are tokens until it gives cookies: kept for this tab alone. */
export function keepToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, token);
}
