/** The live stream: server-sent events, one answer that goes on for as long as its reader listens. */
import type { ServerResponse } from 'node:http';
import { liveStream } from '@tidegate/contract';
import { loginOf } from '../../identity/caller.ts';
import { type Hearer, Live } from '../live.ts';
import { admit, callerOf, described } from '../serve.ts';
import type { Routes } from './routes.ts';

/** Bytes that may wait for a slow reader; it comes back and reads everything anew. */
const BACKLOG_MAX = 64 * 1024;

export function streamRoutes(routes: Routes): void {
  const live = new Live(routes.context);
  routes.stopping.addEventListener('abort', () => live.close(), { once: true });
  routes.app.route({
    method: 'GET',
    url: liveStream.path,
    schema: { operationId: 'liveStream', ...described(liveStream), produces: ['text/event-stream'] },
    onRequest: admit(routes, 'liveStream', liveStream),
    handler: (request, reply) => {
      const caller = callerOf(request);
      const login = loginOf(caller);
      live.assertRoom(login);
      reply.hijack();
      const { raw } = reply;
      // An answer that is taken over sends what the hooks have set (security headers, a cookie) itself.
      void reply.headers({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) raw.setHeader(name, value);
      raw.writeHead(200);
      const last = request.headers['last-event-id'];
      raw.once('close', live.join({ login, person: caller, ...endOf(raw) }, typeof last === 'string' ? last : null));
    },
  });
}

const endOf = (raw: ServerResponse): Pick<Hearer, 'send' | 'end'> => ({
  send: (text) => {
    if (!raw.destroyed) raw.write(text);
    return !raw.destroyed && raw.writableLength < BACKLOG_MAX;
  },
  end: () => void raw.end(),
});
