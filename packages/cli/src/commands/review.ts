/** Agreeing and refusing. */
import { requestId } from '@tidegate/contract';
import type { Command } from 'commander';
import { requestText } from '../views/access.ts';
import { typed } from './access.ts';
import { action } from './command.ts';
import { withMfa } from './identity.ts';

export function reviewCommands(program: Command): void {
  for (const [name, decision] of [
    ['approve', 'approve'],
    ['deny', 'deny'],
  ] as const) {
    const command = program
      .command(`${name} <request>`)
      .description(name === 'approve' ? 'agree to a request' : 'refuse a request; one refusal ends it')
      .option('--mfa-code <code>', 'a code of your second factor, where the policy asks for it');
    if (name === 'deny') command.requiredOption('--comment <text>', 'why; the person is told');
    else command.option('--comment <text>', 'a word to go with it');
    command.action(
      action<[string], { comment?: string; mfaCode?: string }>(async (context, [id], { comment, mfaCode }) => {
        const parsed = typed(requestId, id, 'the id of a request (req_…)');
        const request = await withMfa(context, mfaCode, (client, code) =>
          client.review({ id: parsed, decision, comment, mfaCode: code }),
        );
        context.answer(request, () => requestText(request));
      }),
    );
  }
}
