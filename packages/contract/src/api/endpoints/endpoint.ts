/** What one endpoint is, and the parts of paths and queries that many share. */
import { z } from 'zod';

/**
 * The least a caller must be. `anyone`: no login needed. `auditor`: auditors and administrators. `policy-reader`:
 * auditors, policy editors and administrators. `policy-editor`: policy editors and administrators.
 */
export type Access = 'anyone' | 'person' | 'auditor' | 'policy-reader' | 'policy-editor' | 'administrator';

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `:name` where a member of `params` goes. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  /** Who has the role on some resources alone is let in too, and sees and does there what concerns these. */
  readonly scoped?: true;
  /** The answer's status; 200 where left out. 204 has no `answer`. */
  readonly status?: 201 | 204;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  readonly answer?: z.ZodType;
}

/** `{ name }` of a path. */
export const named = <T extends z.ZodType>(name: T) => z.object({ name });
/** `{ id }` of a path. */
export const byId = <T extends z.ZodType>(id: T) => z.object({ id });

/** Seconds to wait for a change before answering what is. */
export const wait = z.coerce.number<number>().int().min(0).max(60).default(0);
/** What is open now, or all there ever was. */
export const openOrAll = z.enum(['open', 'all']).default('open');
