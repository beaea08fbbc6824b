/** Opens a page in the browser of whoever sits here, where there is one. That it cannot be is no fault: the link is printed. */
import { spawn } from 'node:child_process';

/** The command for it, or null where nobody would see what it opens. `BROWSER` names another. */
export function browserCommand(env: NodeJS.ProcessEnv, platform = process.platform): readonly string[] | null {
  if (env.BROWSER !== undefined && env.BROWSER !== '') return [env.BROWSER];
  if (env.SSH_CONNECTION !== undefined) return null;
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : null;
}

/** True when a browser was called for the page. */
export function openBrowser(link: string, env: NodeJS.ProcessEnv): boolean {
  const url = URL.parse(link);
  const command = browserCommand(env);
  if (command === null || url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  const [program = '', ...args] = command;
  // No shell: the address is one argument, whatever stands in it.
  const child = spawn(program, [...args, url.href], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
  return true;
}
