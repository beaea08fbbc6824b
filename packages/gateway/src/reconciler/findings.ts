/** Open findings of one resource: said once, said again to whom may not have heard, resolved by name. */
import type { FindingNote } from '../engines/provisioner.ts';
import type { Finding } from './ports.ts';

export type SendFinding = (note: FindingNote, resolved: boolean) => void;

export class Findings {
  readonly #send: SendFinding;
  readonly #inTouch: () => boolean;
  readonly #open = new Map<string, FindingNote>();
  /** Resolved while out of touch. */
  readonly #untold = new Map<string, FindingNote>();

  constructor(send: SendFinding, inTouch: () => boolean) {
    this.#send = send;
    this.#inTouch = inTouch;
  }

  /** What holds for this principal now: the rest of what was open for it is resolved. */
  now(principal: string, notes: readonly FindingNote[]): void {
    for (const note of notes) this.raise(note);
    const kinds = new Set(notes.map((note) => note.kind));
    for (const note of this.#open.values()) {
      if (note.principal === principal && !kinds.has(note.kind)) this.#resolve(note);
    }
  }

  raise(note: FindingNote): void {
    const known = this.#open.get(key(note));
    this.#open.set(key(note), note);
    this.#untold.delete(key(note));
    if (known?.detail !== note.detail) this.#send(note, false);
  }

  /** Resolved though perhaps raised before this process began: every kind that it can have had. */
  gone(principal: string, detail: string): void {
    for (const kind of KINDS) {
      const note = this.#open.get(key({ kind, principal })) ?? { kind, principal, detail };
      this.#resolve(note);
    }
  }

  /** In touch again. */
  retell(): void {
    for (const note of this.#open.values()) this.#send(note, false);
    for (const note of this.#untold.values()) this.#send(note, true);
    this.#untold.clear();
  }

  #resolve(note: FindingNote): void {
    this.#open.delete(key(note));
    if (!this.#inTouch()) this.#untold.set(key(note), note);
    this.#send(note, true);
  }
}

const KINDS: readonly Finding['kind'][] = ['leftover_principal', 'undroppable_principal', 'prepared_transaction'];
const key = ({ kind, principal }: Pick<FindingNote, 'kind' | 'principal'>) => `${kind} ${principal}`;
