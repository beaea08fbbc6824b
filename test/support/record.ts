/** The record as an auditor gets it: exported, checked by the public key, and read for what the loads asked. */
import { createPublicKey } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Client } from '@tidegate/contract';
import { AuditVerifier, type Verification } from '@tidegate/core';
import { z } from 'zod';

const entry = z.object({ kind: z.literal('statement'), data: z.looseObject({ text: z.string() }) });
const values = z.array(z.object({ value: z.unknown() }));
/** How the loads ask where no value is bound. */
const IN_TEXT = /^SELECT (\d+)::int AS value/;

export interface Recorded {
  readonly verification: Verification;
  /** The numbers that statements on record asked for. */
  readonly asked: ReadonlySet<number>;
}

export async function recorded(auditor: Client): Promise<Recorded> {
  const { publicKey } = await auditor.auditKey();
  const verifier = new AuditVerifier([createPublicKey(publicKey)]);
  const asked = new Set<number>();
  for await (const line of createInterface({ input: Readable.fromWeb(await auditor.exportAudit()) })) {
    verifier.add(line);
    if (!line.includes('"statement"')) continue;
    const parsed = entry.safeParse(JSON.parse(line));
    if (!parsed.success) continue;
    const { text, values: bound } = parsed.data.data;
    const inText = IN_TEXT.exec(text)?.[1];
    if (inText !== undefined) asked.add(Number(inText));
    for (const { value } of values.parse(bound ?? [])) asked.add(Number(value));
  }
  return { verification: verifier.result(), asked };
}
