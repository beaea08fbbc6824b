/** Around every page of somebody who is signed in: the bar, the navigation, the page. */
import { ActionIcon } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { closeStream, openStream } from '../api/live-stream.ts';
import { Icon } from '../components/Icon.tsx';
import { Offline } from '../components/Offline.tsx';
import { common } from '../words/common.ts';
import { AccountMenu } from './AccountMenu.tsx';
import { Navigation } from './Navigation.tsx';
import { NewNotices } from './NewNotices.tsx';
import styles from './Shell.module.css';
import { StepUp } from './StepUp.tsx';

export function Shell() {
  const [shown, { toggle, close }] = useDisclosure(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the navigation of a narrow screen
  useEffect(close, [path]);
  useEffect(() => {
    openStream();
    return closeStream;
  }, []);
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#page">
        {common.skip}
      </a>
      <header className={styles.bar}>
        <ActionIcon
          className={styles.burger}
          variant="transparent"
          color="white"
          onClick={toggle}
          aria-label={common.openNavigation}
          aria-expanded={shown}
          aria-controls="navigation"
        >
          <Icon name="menu" size={20} />
        </ActionIcon>
        <span className={styles.news}>
          <NewNotices />
        </span>
        <span className={styles.name}>{common.name}</span>
        <AccountMenu />
      </header>
      <nav id="navigation" className={styles.side} data-shown={shown} aria-label={common.navigation}>
        <Navigation />
      </nav>
      <main id="page" className={styles.main} tabIndex={-1}>
        <Offline />
        <Outlet />
        <StepUp />
      </main>
    </div>
  );
}
