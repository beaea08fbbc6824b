/** Taking a resource out of the configuration: planned like every change, open grants told, applied as it was planned. */
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useNavigate } from '@tanstack/react-router';
import { withoutResource } from '@tidegate/config';
import { useState } from 'react';
import { Problem } from '../../components/Problem.tsx';
import { Section } from '../../components/Section.tsx';
import { resourceForm as words } from '../../words/resource-form.ts';
import { Change } from './Change.tsx';

export interface RemoveProps {
  readonly name: string;
  /** The text of the configuration. */
  readonly inForce: string;
}

export function Remove({ name, inForce }: RemoveProps) {
  const [yaml, setYaml] = useState<string | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const navigate = useNavigate();
  const plan = () => {
    try {
      setYaml(withoutResource(inForce, name));
    } catch (error) {
      setWrong(error);
    }
  };
  const leave = async () => {
    notifications.show({ message: words.removed(name) });
    await navigate({ to: '/resources' });
  };
  return (
    <>
      <Section
        title={words.removeTitle(name)}
        hint={words.removeHint}
        actions={
          <Button variant="light" color="red" onClick={plan} disabled={yaml !== null}>
            {words.remove}
          </Button>
        }
      >
        <Problem error={wrong} />
      </Section>
      {yaml !== null && <Change inForce={inForce} yaml={yaml} onApplied={leave} />}
    </>
  );
}
