/** What a person was told. */
import { listNotices, readNotices } from '../../notify/list.ts';
import { serve } from '../serve.ts';
import { answerPage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

export function noticeRoutes(routes: Routes): void {
  const { context } = routes;
  serve(routes, 'notices', async ({ caller, query }) =>
    answerPage(await listNotices(context.store.db, caller, query.unread, pageFrom(query))),
  );
  serve(routes, 'readNotices', ({ caller, body }) => readNotices(context, caller, Number(body.upTo)));
}
