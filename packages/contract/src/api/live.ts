/** What the live stream tells browsers: which lists and things to read again, never what stands in them. */
import { z } from 'zod';
import { grantId, requestId, sessionId } from '../shapes.ts';

/**
 * `hello`: the stream holds. Where it says `resumed` (a `liveHello`), what was missed since `Last-Event-ID` is told next, if
 * anything; else anything may have changed before it. `changed`: these have. `ended`: the login is over.
 */
export const LIVE_EVENTS = ['hello', 'changed', 'ended'] as const;
export type LiveEvent = (typeof LIVE_EVENTS)[number];

/** What `hello` says. */
export const liveHello = z.object({ resumed: z.boolean().default(false) });

/** Only what its reader may see. */
export const liveChanges = z
  .object({
    requests: z.array(requestId),
    grants: z.array(grantId),
    sessions: z.array(sessionId),
    /** There is news among what they are told (`notices`). */
    notices: z.boolean(),
    /** Configuration, or so much at once that nobody counted: all lists are to be read again. */
    everything: z.boolean(),
  })
  .meta({ id: 'LiveChanges' });
export type LiveChanges = z.infer<typeof liveChanges>;

/** A comment or an id is sent at least this often; a reader that hears nothing for twice as long has lost the stream. */
export const LIVE_BEAT_SECONDS = 20;
