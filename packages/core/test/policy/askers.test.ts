import { describe, expect, test } from 'vitest';
import { conditionTexts, couldAsk, rulesOn } from '../../src/index.ts';
import { alice, carol, resource as made, policy, rule, step } from '../make.ts';
import { condition } from './conditions.ts';

const resource = made();

describe('who could ask, before anybody does', () => {
  const inHours = condition('now.hour < 18');
  const known = policy(
    rule({ name: 'elsewhere', resources: { names: [], labels: { env: 'lab' } } }),
    rule({ name: 'in hours', when: inHours }),
    rule({ name: 'at once in hours', approvals: [], autoApprove: inHours }),
    rule({ name: 'always' }),
    rule({ name: 'never reached' }),
    rule({
      name: 'glass',
      breakGlass: { notify: { groups: [], people: [] }, reviewWithin: Temporal.Duration.from('PT1H') },
    }),
  );

  test('rules speak of the resource, and say what must hold', () => {
    expect(rulesOn(known, resource).map(({ name }) => name)).toEqual([
      'in hours',
      'at once in hours',
      'always',
      'never reached',
      'glass',
    ]);
    expect(rulesOn(known, resource).map(conditionTexts)).toEqual([['now.hour < 18'], ['now.hour < 18'], [], [], []]);
    // A condition under which no approval is needed keeps no rule with approvals from deciding.
    expect(conditionTexts(rule({ approvals: [step(1, ['leads'])], autoApprove: inHours }))).toEqual([]);
  });

  test('for each role the rules up to the first that decides whatever happens; break-glass apart', () => {
    const could = couldAsk(known, alice, resource);
    const of = could.filter(({ role }) => role === could[0]?.role);
    expect(of.map(({ rule: name, conditional, breakGlass }) => [name, conditional, breakGlass])).toEqual([
      ['in hours', true, false],
      ['at once in hours', true, false],
      ['always', false, false],
      ['glass', false, true],
    ]);
  });

  test('whoever no rule names could ask for nothing', () => {
    expect(couldAsk(known, carol, resource)).toEqual([]);
  });
});
