/** The dialog that asks for a second factor, fetched when a call first wants one. */
import { useAsked } from '../api/step-up.ts';
import { whenOpened } from '../components/whenOpened.tsx';

const Dialog = whenOpened<{ readonly opened: boolean }>(async () => (await import('./StepUpDialog.tsx')).StepUpDialog);

export const StepUp = () => <Dialog opened={useAsked() !== null} />;
