/** Names of ours in a database that hold a resource's name, which may be longer than the database allows. */
import { createHash } from 'node:crypto';

/**
 * `tidegate_<resource>_<suffix>` in at most `max` bytes; a resource name too long for that is cut and told apart by a hash
 * of the whole.
 */
export function fitted(resource: string, suffix: string, max: number): string {
  const whole = `tidegate_${resource}_${suffix}`;
  if (Buffer.byteLength(whole) <= max) return whole;
  const hash = createHash('sha256').update(resource).digest('hex').slice(0, 8);
  const room = max - Buffer.byteLength(`tidegate__${hash}_${suffix}`);
  let kept = '';
  for (const character of resource) {
    if (Buffer.byteLength(kept + character) > room) break;
    kept += character;
  }
  return `tidegate_${kept}_${hash}_${suffix}`;
}
