/** Colours for whoever looks: light, dark, or more contrast; as the system says until somebody chooses. */
import './layers.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { lazy, type ReactNode, Suspense } from 'react';
import { theme } from './theme.ts';
import '@mantine/core/styles.layer.css';
import './theme.css';

/** After the page: what they say is said later. */
const Notices = lazy(() => import('./Notices.tsx'));

const remembered = localStorageColorSchemeManager({ key: 'tidegate.colours' });

export function Themed({ children }: { readonly children: ReactNode }) {
  return (
    <MantineProvider
      theme={theme}
      colorSchemeManager={remembered}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      {children}
      <Suspense fallback={null}>
        <Notices />
      </Suspense>
    </MantineProvider>
  );
}
