/** What the gateway answers in the server's place: KILL with a number that it gave out, and commands that it refuses. */
import type { Buffer } from 'node:buffer';
import { type Aside, mysql } from '@tidegate/wire';
import type { Permit } from '../../relay/admit.ts';
import type { Answer } from '../../relay/engine.ts';
import type { KillDesk } from '../../relay/kills.ts';

const GENERAL = 'HY000';

export interface AnswerOptions {
  readonly kills: KillDesk;
  readonly permit: Permit;
  /** Agreed on for the session. */
  readonly capabilities: number;
  /** The server's status flags, as it last said them: drivers go by them. */
  readonly status: () => number;
}

export function answerer({ kills, permit, capabilities, status }: AnswerOptions): (aside: Aside) => Promise<Answer> {
  return async (aside) => {
    if (aside.kind === 'refuse') return refused(1235, '42000', aside.refusal.message);
    const { connection, scope } = aside;
    switch (await kills.kill(connection, scope, permit)) {
      case 'foreign':
        return null;
      case 'unknown':
        return refused(1094, GENERAL, `Unknown thread id: ${connection}`);
      case 'denied':
        return refused(1095, GENERAL, `You are not owner of thread ${connection}`);
      case 'failed':
        return refused(1105, GENERAL, `The gateway could not make the database stop thread ${connection}. Try again.`);
      case 'done': {
        const ok = { affectedRows: 0, lastInsertId: 0, status: status(), warnings: 0 };
        return { message: (sequence) => mysql.packet(sequence, mysql.okBody(ok, capabilities)), code: null };
      }
    }
  };
}

function refused(number: number, state: string, message: string): Answer {
  const said = (sequence: number): Buffer => mysql.packet(sequence, mysql.errorBody({ number, state, message }));
  return { message: said, code: state };
}
