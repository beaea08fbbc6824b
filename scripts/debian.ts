import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

function runs(command: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  const places = isAbsolute(command) ? globSync(command) : folders.map((folder) => join(folder, command));
  return places.some((place) => existsSync(place));
}

/**
 * Makes sure that each package's command is there (`{package: command}`, or an absolute path in which `*` is allowed):
 * installs what is missing as root, else says what to install and ends the process.
 */
export function ensureDebianPackages(packages: Readonly<Record<string, string>>): void {
  const missing = Object.keys(packages).filter((name) => !runs(packages[name] ?? name));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    console.error(`Needed and not installed: ${missing.join(', ')}. As root: apt-get install -y ${missing.join(' ')}`);
    process.exit(1);
  }
  console.error(`Installing Debian packages: ${missing.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]) => spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env }).status === 0;
  if (!(apt('update', '-qq') && apt('install', '-y', '-qq', '--no-install-recommends', ...missing))) {
    console.error(`Could not install ${missing.join(', ')}.`);
    process.exit(1);
  }
}
