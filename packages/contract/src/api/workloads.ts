/** Workloads: signing in, and how they are listed. */
import { z } from 'zod';
import { configCertificate, configTrust } from '../config.ts';
import { groupName, instant, personName } from '../shapes.ts';

/** A federated ID token (RFC 7519), as the platform gave it. */
export const workloadLogin = z.object({ token: z.string().min(1).max(16_384) });

export const workloadView = z
  .object({
    name: personName,
    runBy: z.array(personName),
    groups: z.array(groupName),
    trust: z.array(configTrust),
    certificates: z.array(configCertificate),
    /** By a login that is still there. */
    lastUsedAt: instant.nullable(),
  })
  .meta({ id: 'Workload' });
export type WorkloadView = z.infer<typeof workloadView>;
