/** Dialogs whose code is fetched when they are first opened: most visits open none. */

import { type ComponentType, lazy, Suspense, useState } from 'react';
import { part } from '../app/fetched.ts';

export function whenOpened<Props extends { readonly opened: boolean }>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  const Fetched = lazy<ComponentType<Props>>(async () => ({ default: await part(load) }));
  return function WhenOpened(props: Props) {
    const [wanted, setWanted] = useState(props.opened);
    if (props.opened && !wanted) setWanted(true);
    if (!wanted) return null;
    return (
      <Suspense fallback={null}>
        <Fetched {...props} />
      </Suspense>
    );
  };
}
