/** The approvals a request takes: who gave them, who still could, and what was said. */
import type { RequestView } from '@tidegate/contract';
import { Icon } from '../../components/Icon.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { stepText } from '../../lib/saying.ts';
import { isoText } from '../../lib/time.ts';
import { access } from '../../words/access.ts';
import { requests } from '../../words/requests.ts';
import styles from './Request.module.css';
import { WhoCould } from './WhoCould.tsx';

export function Steps({ request }: { readonly request: RequestView }) {
  const { steps, reviews } = request;
  return (
    <Section title={requests.one.steps}>
      {steps.length === 0 && <p className={styles.quiet}>{requests.one.noSteps}</p>}
      <ol className={styles.steps}>
        {steps.map((step, index) => (
          // Steps have no name but their place, which never changes.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <li key={index} className={styles.step} data-state={step.state}>
            <span className={styles.mark}>
              <Icon name={step.state === 'done' ? 'check' : 'clock'} size={16} />
            </span>
            <span>
              <strong>{stepText(step)}</strong> {step.state === 'done' && access.step.done(step.approvedBy)}
              {step.state === 'waiting' && request.state === 'pending' && access.step.waiting}
              {step.state === 'open' && <WhoCould request={request} brief />}
              {step.state === 'open' && step.escalate !== null && step.escalatesAt !== null && (
                <span className={styles.quiet}>
                  {' '}
                  {requests.one.escalates([...step.escalate.to.groups, ...step.escalate.to.people].join(', '))}{' '}
                  <RelativeTime at={step.escalatesAt} show="age" />
                </span>
              )}
            </span>
          </li>
        ))}
      </ol>
      {reviews.map(({ reviewer, onBehalfOf, decision, duration, comment, at, round }) => (
        <p key={`${reviewer} ${at}`} className={styles.review}>
          <strong>{reviewer}</strong> {onBehalfOf !== null && `${requests.one.inSteadOf(onBehalfOf)} `}
          {requests.one.said[decision]} {duration !== null && `${requests.one.shorter(isoText(duration))} `}
          <RelativeTime at={at} show="age" />
          {round < request.round && <span className={styles.quiet}> {requests.one.earlierRound}</span>}
          {comment !== null && comment !== '' && <span className={styles.comment}>{comment}</span>}
        </p>
      ))}
    </Section>
  );
}
