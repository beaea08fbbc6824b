/** More contrast: as the system asks for, until somebody chooses. theme.css does the rest by `data-contrast`. */
import { useLocalStorage, useMediaQuery } from '@mantine/hooks';
import { useEffect } from 'react';

export function useContrast(): [more: boolean, set: (more: boolean) => void] {
  const wished = useMediaQuery('(prefers-contrast: more)', false) ?? false;
  const [chosen, setChosen] = useLocalStorage<'more' | 'usual' | null>({
    key: 'tidegate.contrast',
    defaultValue: null,
    getInitialValueInEffect: false,
  });
  const more = chosen === null ? wished : chosen === 'more';
  useEffect(() => {
    if (more) document.documentElement.dataset.contrast = 'more';
    else delete document.documentElement.dataset.contrast;
  }, [more]);
  return [more, (next) => setChosen(next ? 'more' : 'usual')];
}
