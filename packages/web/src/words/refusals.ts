/**
 * What a page says where the server's sentence names the command line: the server's words are for every way in, and a
 * page has its own. By the command or the option that the sentence names, and where that is a new one, by the
 * refusal's stable code.
 */
import type { ErrorCode } from '@tidegate/core';

export const refusals = {
  commands: {
    'tidegate login': 'Sign in again.',
    'tidegate request': 'Ask for it under “Request access”.',
    'tidegate requests': 'Look under “My requests”.',
    'tidegate grants': 'Your open grants are on Home.',
    'tidegate sessions': 'Look under “Sessions”.',
    'tidegate resources': 'Look under “Resources”.',
    'tidegate resources credential': 'The password that is stored for it is empty: set it on the resource’s page.',
    '(tidegate resources credential)':
      'Say where the password comes from: a variable, a file or a token’s file at the gateway, or stored with Tidegate.',
    'tidegate relinquish': 'Give it back on Home.',
    'tidegate revoke': 'Take them away first, on the resource’s page, so that their sessions are cut.',
    'tidegate connect': 'Get a login with “Connect” on Home, or end a client that has one.',
    'tidegate explain': '“Why each rule does or does not apply” says what each asks for.',
    'tidegate apply': 'Change it under “Policies and roles”.',
    'tidegate config': 'Look at the versions under “Policies and roles”.',
    'tidegate delegations': 'Look under “Stand-ins”.',
    'tidegate keys': 'API keys are under “My security”, an administrator’s under “Settings”.',
    'tidegate mfa': 'Add one under “My security”.',
    'tidegate gateways': 'Look under “Gateways”; an administrator can make a token there.',
    'tidegate gateway': 'Join it again with a new token, made under “Gateways”.',
    'tidegate findings': 'What was found is on the page of its resource.',
    'without --break-glass': 'Ask for it without break-glass.',
    '--break-glass': 'In an emergency it can be had by break-glass: tick “Break glass”.',
    '--comment': 'Say why in the comment.',
    '--reason': 'Say why, in the box for the reason.',
    '--ticket': 'Name the ticket in the form that is asked for.',
  },
  codes: {
    unauthenticated: 'Sign in again.',
    forbidden: 'Ask somebody who may do it, an administrator for one.',
    not_found: 'Go back to the list: it may have been moved, or be over.',
    conflict: 'Look at how it stands now, and try again.',
    wrong_state: 'Look at how it stands now: it has moved on.',
    policy_denied: 'Choose another role, or ask an administrator.',
    reason_required: 'Say why you need it, in the box for the reason.',
    ticket_required: 'Name the ticket in the form that is asked for.',
    comment_required: 'Say why in the comment.',
    mfa_required: 'Show a second factor; “My security” is where you add one.',
    no_active_grant: 'Ask for it under “Request access”.',
    too_many_tickets: 'End a client that you opened before.',
    setup_done: 'Sign in.',
    token_invalid: 'Make a new token under “Gateways”.',
  } satisfies Partial<Record<ErrorCode, string>>,
} as const;
