/** Which of a list: those that are open, or all there ever were. The address keeps `all`; open ones are what is meant. */
import { SegmentedControl } from '@mantine/core';

export interface OpenOrAllProps {
  readonly words: { readonly which: string; readonly open: string; readonly all: string };
  readonly show: 'all' | undefined;
  readonly onShow: (search: { readonly show?: 'all' }) => void;
}

export const OpenOrAll = ({ words, show, onShow }: OpenOrAllProps) => (
  <SegmentedControl
    size="xs"
    aria-label={words.which}
    value={show ?? 'open'}
    data={[
      { value: 'open', label: words.open },
      { value: 'all', label: words.all },
    ]}
    onChange={(value) => onShow(value === 'all' ? { show: 'all' } : {})}
  />
);
