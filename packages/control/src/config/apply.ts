/** Putting a configuration in force: all of it in one transaction, or nothing. */
import type { PersonName } from '@tidegate/core';
import type { Transaction } from 'kysely';
import type { Database } from '../store/schema.ts';

export interface ApplyInput {
  readonly yaml: string;
  /** From `planConfig`: applied only if the same text would still make the same change. */
  readonly planId: string | null;
  readonly by: PersonName;
  readonly at: Temporal.Instant;
}

/**
 * Makes `yaml` the configuration in force and answers its version. Throws `InvalidConfig` with every error, `conflict`
 * when the plan is stale or a resource with open grants would go. Writes the event `config.applied` itself (last in
 * the transaction, see `appendEvent`) and tells gateways and other control planes at commit.
 */
export async function applyConfig(tx: Transaction<Database>, input: ApplyInput): Promise<{ version: number }> {
  throw new Error(`not yet: ${tx.isTransaction} ${input.yaml.length}`);
}
