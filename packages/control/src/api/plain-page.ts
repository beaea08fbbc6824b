/** A refusal for a person who looks at it in a browser, outside the app: no script, no style, nothing of what came in. */
import type { Problem } from '@tidegate/contract';
import type { FastifyReply } from 'fastify';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (one) => ESCAPES[one] ?? '');

export function sendPlainPage(reply: FastifyReply, { status, title, detail, next, traceId }: Problem): FastifyReply {
  const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)} · Tidegate</title></head>
<body>
<h1>${escaped(title)}</h1>
<p>${escaped(detail)}</p>
<p>${escaped(next)}</p>
<p><a href="/">Back to Tidegate</a></p>
<p><small>${escaped(traceId)}</small></p>
</body>
</html>
`;
  return reply.code(status).type('text/html; charset=utf-8').send(page);
}
