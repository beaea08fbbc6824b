/** Where reviewers say why. */
import { Textarea } from '@mantine/core';
import type { RefObject } from 'react';

export interface CommentBoxProps {
  /** For keys that lead here. */
  readonly box: RefObject<HTMLTextAreaElement | null>;
  readonly label: string;
  readonly description: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly required?: boolean;
}

export const CommentBox = ({ box, onChange, ...rest }: CommentBoxProps) => (
  <Textarea
    ref={box}
    onChange={(event) => onChange(event.currentTarget.value)}
    maxLength={2000}
    autosize
    minRows={2}
    {...rest}
  />
);
