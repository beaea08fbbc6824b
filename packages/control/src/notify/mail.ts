/** Mails: one notice to one person, by SMTP (`TIDEGATE_SMTP_URL`). A server that is away is tried again by the job. */
import { personName } from '@tidegate/contract';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import type { Context } from '../context.ts';

export interface MailOptions {
  /** `smtps://user:password@host:465`, `smtp://host:587`. A secret. */
  readonly url: string;
  readonly from: string;
}

const TIMEOUT_MS = 20_000;
const payload = z.object({ notice: z.coerce.number(), person: personName });

/** Sends mails; made once. TLS is required wherever the server is not on this machine. */
export function mailer(context: Context, { url, from }: MailOptions) {
  const { protocol, hostname } = new URL(url);
  const here = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  const transport = createTransport({
    url,
    requireTLS: protocol === 'smtp:' && !here,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async (job: unknown): Promise<void> => {
    const { notice, person } = payload.parse(job);
    const row = await context.store.db
      .selectFrom('noticeRecipients')
      .innerJoin('notices', 'notices.id', 'noticeRecipients.notice')
      .innerJoin('people', 'people.name', 'noticeRecipients.person')
      .select(['notices.text', 'notices.request', 'notices.grant', 'people.email', 'people.disabledAt'])
      .where('notices.id', '=', notice)
      .where('people.name', '=', person)
      .executeTakeFirst();
    if (row === undefined || row.email === null || row.disabledAt !== null) return;
    const link = linkTo(context.signIn.publicUrl(), row.request, row.grant);
    const subject = `Tidegate: ${row.text}`.replaceAll(/[\r\n]+/g, ' ').slice(0, 200);
    await transport.sendMail({ from, to: row.email, subject, text: `${row.text}\n\n${link}\n` });
  };
}

const linkTo = (origin: string, request: string | null, grant: string | null): string =>
  new URL(request !== null ? `/requests/${request}` : grant !== null ? `/grants/${grant}` : '/', origin).href;
