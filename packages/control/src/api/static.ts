/**
 * The files a browser is shown, as Vite built them. Only our own scripts and style sheets may run there: none inline, none
 * from elsewhere. What the app's parts set of styles they set by the document's object model, which the policy allows.
 */
import files from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Named by a hash of their content: what was read once never changes. */
const FOR_EVER = /[\\/]assets[\\/][^\\/]+-[\w-]{8}\.(js|css)(\.br|\.gz)?$/;

export async function serveFiles(app: FastifyInstance, folder: string): Promise<void> {
  await app.register(files, {
    root: folder,
    cacheControl: false,
    preCompressed: true,
    setHeaders: (reply, path) => {
      void reply.header('content-security-policy', CSP);
      void reply.header('cross-origin-opener-policy', 'same-origin');
      void reply.header('cache-control', FOR_EVER.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

/** A browser that goes to an address which is no file: one of the app's pages, which the app itself finds. */
export function asksForPage({ method, url, headers }: FastifyRequest): boolean {
  const [path = ''] = url.split('?');
  const isFile = /\.[a-z0-9]+$/i.test(path) && !path.endsWith('.html');
  return method === 'GET' && !path.startsWith('/v1/') && !isFile && (headers.accept ?? '').includes('text/html');
}

export const sendApp = (reply: FastifyReply): FastifyReply => reply.sendFile('index.html');
