import { readFile } from 'node:fs/promises';
import { type Client, createClient } from '@tidegate/contract';
import type { OrdersResource } from './orders.ts';

export interface SeedOptions {
  /** The control plane: `http://127.0.0.1:7300`. */
  readonly baseUrl: string;
  /** One-time: a control plane that was set up takes none. */
  readonly setupToken: string;
  readonly orders: { readonly resource: OrdersResource };
  /** Everybody's, 8 to 256 characters. */
  readonly password: string;
}

/** Who may do what: docs, README and `npm run tour` tell their story. */
const PEOPLE = [
  { name: 'alice', groups: ['engineers'] },
  { name: 'bob', groups: ['leads'] },
  { name: 'carol', groups: ['dba', 'administrators', 'auditors'] },
] as const;

/**
 * Makes the demo's people and puts its configuration in force: one call, so all of it or nothing.
 * @throws Refusal when the control plane refuses or cannot be reached
 */
export async function seedDemo({ baseUrl, setupToken, orders, password }: SeedOptions): Promise<void> {
  const client: Pick<Client, 'setup'> = createClient({ url: baseUrl });
  await client.setup({
    token: setupToken,
    people: PEOPLE.map(({ name, groups }) => ({ name, groups: [...groups], password })),
    config: await demoConfig(orders.resource),
  });
}

/** `demo.yaml` with the resource's particulars filled in. */
export async function demoConfig(resource: OrdersResource): Promise<string> {
  const template = await readFile(new URL('../demo.yaml', import.meta.url), 'utf8');
  const values: Readonly<Record<string, string>> = {
    ORDERS_ADDRESS: resource.address,
    ORDERS_ADMIN: resource.adminUser,
    ORDERS_PASSWORD_FILE: resource.adminPasswordFile,
    ORDERS_OWNER: resource.ownerRole,
  };
  return template.replaceAll(/\$([A-Z_]+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`demo.yaml names $${name}, which nobody fills in`);
    return JSON.stringify(value); // a JSON string is a YAML string, whatever a home's path holds
  });
}
