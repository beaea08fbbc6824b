/**
 * Some calls want a second factor, freshly shown. `insist` makes such a call, asks the person when the API says so, and
 * makes it again; the dialog (app/StepUpDialog.tsx) is the one that asks.
 */
import { Refusal } from '@tidegate/contract';
import { useSyncExternalStore } from 'react';

interface Asked {
  /** Why, in the API's words. */
  readonly why: string;
  /** True: shown; false: the person would rather not. */
  readonly answer: (shown: boolean) => void;
}

let asked: Asked | null = null;
const hearers = new Set<() => void>();

function set(next: Asked | null): void {
  asked = next;
  for (const each of hearers) each();
}

export const useAsked = (): Asked | null =>
  useSyncExternalStore(
    (hear) => {
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
    () => asked,
  );

/** Rejects with the API's refusal when the person does not show one. */
export async function insist<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'mfa_required') throw error;
    const shown = await new Promise<boolean>((answer) => set({ why: error.message, answer }));
    set(null);
    if (!shown) throw error;
    return call();
  }
}
