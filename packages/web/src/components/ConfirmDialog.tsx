/** Asked before what cannot be undone (ConfirmDialogBox.tsx has it; it is fetched when it is opened). */
import type { ConfirmDialogProps } from './ConfirmDialogBox.tsx';
import { whenOpened } from './whenOpened.tsx';

export type { ConfirmDialogProps } from './ConfirmDialogBox.tsx';
export const ConfirmDialog = whenOpened<ConfirmDialogProps>(
  async () => (await import('./ConfirmDialogBox.tsx')).ConfirmDialogBox,
);
