/** Text to take away: shown as it is, copied by one press, and said so. */
import { ActionIcon, CopyButton, Tooltip } from '@mantine/core';
import { common } from '../words/common.ts';
import styles from './Copyable.module.css';
import { Icon } from './Icon.tsx';

export interface CopyableProps {
  readonly text: string;
  /** What it is, for the button's name: “the psql command”. */
  readonly what: string;
  /** Copied but not shown: a password. */
  readonly hidden?: boolean;
}

export function Copyable({ text, what, hidden = false }: CopyableProps) {
  return (
    <span className={styles.copyable}>
      <code className={styles.text}>{hidden ? '••••••••••••' : text}</code>
      <CopyButton value={text} timeout={1500}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? common.copied : common.copy(what)}>
            <ActionIcon aria-label={copied ? common.copied : common.copy(what)} onClick={copy}>
              <Icon name={copied ? 'check' : 'copy'} />
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </span>
  );
}
