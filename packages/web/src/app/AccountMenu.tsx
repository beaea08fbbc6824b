/** Who is signed in, how the pages look, and the way out. */
import { Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { reading } from '../api/queries.ts';
import { signOut } from '../api/session.ts';
import { Icon } from '../components/Icon.tsx';
import { common } from '../words/common.ts';
import styles from './AccountMenu.module.css';
import { useContrast } from './contrast.ts';

const SCHEMES = ['auto', 'light', 'dark'] as const;

export function AccountMenu() {
  const { data: me } = useSuspenseQuery(reading('me'));
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [contrast, setContrast] = useContrast();
  const chosen = (is: boolean) => (is ? <Icon name="check" size={14} /> : <span className={styles.gap} />);
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <UnstyledButton className={styles.who} aria-label={common.account(me.name)}>
          <Icon name="person" />
          <span className={styles.name}>{me.name}</span>
          <Icon name="down" size={14} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{common.colours.title}</Menu.Label>
        {SCHEMES.map((scheme) => (
          <Menu.Item
            key={scheme}
            leftSection={chosen(colorScheme === scheme)}
            onClick={() => setColorScheme(scheme)}
            aria-current={colorScheme === scheme}
          >
            {common.colours[scheme]}
          </Menu.Item>
        ))}
        <Menu.Item leftSection={chosen(contrast)} onClick={() => setContrast(!contrast)} aria-current={contrast}>
          {common.colours.contrast}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<span className={styles.gap} />} onClick={() => void signOut()}>
          {common.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
