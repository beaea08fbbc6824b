/** What people are told. */
import { z } from 'zod';
import { grantId, instant, page, pageQuery, requestId } from '../../shapes.ts';
import type { Endpoint } from './endpoint.ts';

export const notice = z
  .object({
    id: z.string(),
    /** `review.wanted`, `request.reviewed`, `grant.opened`, `break_glass.used` … */
    kind: z.string(),
    at: instant,
    text: z.string(),
    request: requestId.nullable(),
    grant: grantId.nullable(),
    readAt: instant.nullable(),
  })
  .meta({ id: 'Notice' });
export type NoticeView = z.infer<typeof notice>;

export const notices = {
  notices: {
    method: 'GET',
    path: '/v1/me/notices',
    access: 'person',
    summary: 'What you were told, newest first',
    query: pageQuery.extend({ unread: z.stringbool().default(false) }),
    answer: page(notice),
  },
  readNotices: {
    method: 'POST',
    path: '/v1/me/notices/read',
    access: 'person',
    summary: 'You have seen them, up to this one',
    body: z.object({ upTo: z.string().regex(/^\d{1,15}$/) }),
    status: 204,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
