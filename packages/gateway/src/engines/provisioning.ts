/** The provisioner of a resource, whichever its engine; the engine's driver is loaded when it is first asked something. */
import { engineOf } from './engines.ts';
import type { Provisioner, ProvisionerContext } from './provisioner.ts';

export function provisionerFor(context: ProvisionerContext): Provisioner {
  const { engine } = context.resource;
  let made: Promise<Provisioner> | null = null;
  const provisioner = (): Promise<Provisioner> => {
    // The rejection is told to whoever asked; kept, for a module that does not load does not load the next time either.
    made ??= Promise.resolve()
      .then(() => engineOf(engine).provisioner())
      .then((make) => make(context));
    return made;
  };
  return {
    prepare: async (grant) => (await provisioner()).prepare(grant),
    open: async (grant, expiresAt) => (await provisioner()).open(grant, expiresAt),
    close: async (principal) => (await provisioner()).close(principal),
    leftovers: async (known) => (await provisioner()).leftovers(known),
    check: async () => (await provisioner()).check(),
    look: async (wanted) => (await provisioner()).look(wanted),
    test: async () => (await provisioner()).test(),
    end: async () => {
      if (made !== null) await (await made).end();
    },
  };
}
