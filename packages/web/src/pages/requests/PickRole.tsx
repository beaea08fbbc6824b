/** A role by what it may do, shown and not only named. */
import type { ResourceView } from '@tidegate/contract';
import { isoText } from '../../lib/time.ts';
import { access } from '../../words/access.ts';
import { requests } from '../../words/requests.ts';
import styles from './Ask.module.css';

export interface PickRoleProps {
  readonly roles: ResourceView['roles'];
  readonly chosen: string | undefined;
  readonly onChoose: (name: string) => void;
}

export function PickRole({ roles, chosen, onChoose }: PickRoleProps) {
  return (
    <fieldset className={styles.fieldset}>
      <legend className={styles.legend}>{requests.ask.role}</legend>
      <div className={styles.roles}>
        {roles.map((role) => (
          <label key={role.name} className={styles.role}>
            <input
              type="radio"
              name="role"
              value={role.name}
              checked={role.name === chosen}
              onChange={() => onChoose(role.name)}
            />
            <span className={styles.name}>{role.name}</span>
            <span className={styles.fine}>{isoText(role.maxDuration)}</span>
            <RoleGives role={role} />
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** What a role lets one do on its resource. */
export function RoleGives({ role }: { readonly role: ResourceView['roles'][number] }) {
  return (
    <span className={styles.may}>
      {access.privileges[role.privileges]}
      {role.lines.map((line) => (
        <code key={line}>{line}</code>
      ))}
    </span>
  );
}
