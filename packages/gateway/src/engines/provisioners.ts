/** How principals are made, engine by engine. One line each. */
import type { Engine } from '@tidegate/core';
import { postgresProvisioner } from './postgres/principal/index.ts';
import type { Provisioner, ProvisionerContext } from './provisioner.ts';

export const provisioners: Readonly<Record<Engine, (context: ProvisionerContext) => Provisioner>> = {
  postgres: (context) => postgresProvisioner(context),
};
