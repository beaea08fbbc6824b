import { readFile } from 'node:fs/promises';
import { type Client, createClient } from '@tidegate/contract';
import type { OrdersResource } from './orders.ts';
import type { ShopResource } from './shop.ts';

export interface SeedOptions {
  /** The control plane: `http://127.0.0.1:7300`. */
  readonly baseUrl: string;
  /** One-time: a control plane that was set up takes none. */
  readonly setupToken: string;
  readonly orders: { readonly resource: OrdersResource };
  /** null: there is no server on this machine to run it with. */
  readonly shop: { readonly resource: ShopResource } | null;
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
export async function seedDemo({ baseUrl, setupToken, orders, shop, password }: SeedOptions): Promise<void> {
  const client: Pick<Client, 'setup'> = createClient({ url: baseUrl });
  await client.setup({
    token: setupToken,
    people: PEOPLE.map(({ name, groups }) => ({ name, groups: [...groups], password })),
    config: await demoConfig(orders.resource, shop?.resource ?? null),
  });
}

/** The paragraph of `demo.yaml` that is the shop. */
const SHOP = /^ {2}# where a MariaDB server is installed\n(?: {2}.*\n)+\n/m;

/** `demo.yaml` with the resources' particulars filled in. */
export async function demoConfig(orders: OrdersResource, shop: ShopResource | null): Promise<string> {
  const whole = await readFile(new URL('../demo.yaml', import.meta.url), 'utf8');
  const template = shop === null ? whole.replace(SHOP, '') : whole;
  const values: Readonly<Record<string, string | readonly string[]>> = {
    ...particulars('ORDERS', orders),
    ...(shop === null ? {} : particulars('SHOP', shop)),
    RESOURCES: [orders.name, ...(shop === null ? [] : [shop.name])],
  };
  return template.replaceAll(/\$([A-Z_]+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`demo.yaml names $${name}, which nobody fills in`);
    return JSON.stringify(value); // a JSON string is a YAML string, whatever a home's path holds
  });
}

const particulars = (prefix: string, resource: OrdersResource | ShopResource) => ({
  [`${prefix}_ADDRESS`]: resource.address,
  [`${prefix}_ADMIN`]: resource.adminUser,
  [`${prefix}_PASSWORD_FILE`]: resource.adminPasswordFile,
  [`${prefix}_OWNER`]: resource.ownerRole,
});
