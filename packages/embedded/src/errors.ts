/** Why a private cluster could not be had; stable, for callers that act on it. */
export type EmbeddedErrorCode =
  | 'no_binaries' // no server for this platform, or it does not run here
  | 'in_use' // another live process owns this folder
  | 'unreachable' // the account the server must run as cannot reach the folder
  | 'data_missing' // the home says where its data is, and it is not there
  | 'wrong_version' // the data was made by another major version
  | 'password_lost' // the data is there, the password file is not
  | 'bad_option' // a setting or name we refuse
  | 'setup_failed' // the data folder could not be made
  | 'start_failed'; // the server did not come up

/** Every failure of this package. The message says what happened and what to do; it never holds a secret. */
export class EmbeddedError extends Error {
  readonly code: EmbeddedErrorCode;

  constructor(code: EmbeddedErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EmbeddedError';
    this.code = code;
  }
}

/** True for a file system error with this code: `hasCode(error, 'ENOENT')`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
