/** Signing in, and the first set-up. */
export const signIn = {
  title: 'Sign in',
  user: 'Name',
  password: 'Password',
  code: 'Code from your authenticator app',
  codeHint: 'Six digits; each works once.',
  deed: 'Sign in',
  other: 'Use another account',
  setUp: {
    title: 'First administrator',
    lead: 'This Tidegate is empty. The one-time link that brought you here lets you make its first administrator, once. Being one gives no access to any database.',
    name: 'Name',
    password: 'Password',
    passwordHint: 'At least 8 characters.',
    again: 'Password again',
    differ: 'The two passwords differ.',
    deed: 'Make administrator',
    noToken: 'This page needs the one-time link that Tidegate printed when it started.',
    done: (name: string) => `${name} is the first administrator.`,
    goOn: 'Sign in',
  },
} as const;
