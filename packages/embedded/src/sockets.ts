import { chmod, chown, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, canEnter } from './account.ts';
import { EmbeddedError } from './errors.ts';
import { files, type Place, readIfThere, writeDurably } from './place.ts';

/** `sun_path` holds this many bytes with its closing zero: 108 on Linux, 104 on macOS. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

/**
 * The folder of the server's socket, entered by its owner (and root) alone. Default: `run` beside the data. Where that
 * makes the socket's path too long for the kernel, a new temp folder: mkdtemp, since a guessable name in /tmp could be
 * somebody else's. The home remembers it, so that the one a killed server left is removed by the next start.
 */
export async function socketFolder(
  wanted: string | undefined,
  place: Place,
  port: number,
  account: Account | null,
): Promise<string> {
  const note = join(place.home, 'socket-folder');
  const left = await readIfThere(note);
  if (left !== null) {
    await rm(left.trim(), { recursive: true, force: true });
    await rm(note, { force: true });
  }
  const folder = wanted ?? files.run(place);
  if (fits(folder, port)) {
    await mkdir(folder, { recursive: true });
  } else {
    if (wanted !== undefined) {
      throw new EmbeddedError(
        'bad_option',
        `The socket's path in ${wanted} would be longer than ${LONGEST_PATH} bytes.`,
      );
    }
    const short = await mkdtemp(join(fits(tmpdir(), port, 24) ? tmpdir() : '/tmp', 'tidegate-'));
    await writeDurably(note, `${short}\n`, 0o600);
    return await handOver(short, account);
  }
  return wanted === undefined ? await handOver(folder, account) : await enterable(folder, account);
}

function fits(folder: string, port: number, spare = 0): boolean {
  return Buffer.byteLength(join(folder, `.s.PGSQL.${port}.lock`)) + spare <= LONGEST_PATH;
}

async function handOver(folder: string, account: Account | null): Promise<string> {
  await chmod(folder, 0o700);
  if (account !== null && (await stat(folder)).uid !== account.uid) await chown(folder, account.uid, account.gid);
  return await enterable(folder, account);
}

/** A folder the caller chose is the caller's: we change nothing about it, and say so when it will not do. */
async function enterable(folder: string, account: Account | null): Promise<string> {
  if (await canEnter(folder, account)) return folder;
  throw new EmbeddedError('unreachable', `PostgreSQL's user cannot enter the socket folder ${folder}.`);
}

/** A TCP port that is free at this moment on this address. */
export async function freePort(host: string): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(0, host, () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    server.close(() => resolve(port));
  });
  return await promise;
}
