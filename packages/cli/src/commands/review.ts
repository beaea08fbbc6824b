/** Agreeing and refusing. */
import type { Command } from 'commander';
import { withMfa } from '../asking.ts';
import { aDuration, aRequest } from '../usage.ts';
import { requestText } from '../views/access.ts';
import { action } from './command.ts';

export function reviewCommands(program: Command): void {
  for (const decision of ['approve', 'deny'] as const) {
    const command = program
      .command(`${decision} <request>`)
      .description(decision === 'approve' ? 'agree to a request' : 'refuse a request: one refusal ends it')
      .option('--mfa-code <code>', 'a code of your second factor, where the policy asks for it');
    if (decision === 'approve') command.option('--for <duration>', 'for this long only; never longer than was asked');
    if (decision === 'deny') command.requiredOption('--comment <text>', 'why; the person is told');
    else command.option('--comment <text>', 'a word to go with it');
    command.action(
      action<[string], { comment?: string; mfaCode?: string; for?: string }>(async (context, [id], given) => {
        const { comment, mfaCode } = given;
        const parsed = aRequest(id);
        const duration = given.for === undefined ? undefined : aDuration(given.for);
        const request = await withMfa(context, mfaCode, (client, code) =>
          client.review({ id: parsed, decision, comment, duration, mfaCode: code }),
        );
        context.answer(request, () => requestText(request));
      }),
    );
  }
}
