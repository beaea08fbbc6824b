/** A Tidegate of its own with the web app as it is in this checkout. */
import { join } from 'node:path';
import { buildWeb } from '../../../scripts/web.mjs';
import { root, type StartOptions, Tidegate } from '../../support/tidegate.ts';

export async function startSite(options: StartOptions = {}): Promise<Tidegate> {
  buildWeb(root, join(root, 'node_modules/node/bin/node'));
  const tidegate = await Tidegate.start({ env: { TIDEGATE_RELAY_WORKERS: '1' }, ...options });
  return tidegate;
}

/** As browsers on this machine call it: cookies and passkeys are kept for names. */
export const browserAddress = ({ url }: Tidegate): string => url.replace('127.0.0.1', 'localhost');
