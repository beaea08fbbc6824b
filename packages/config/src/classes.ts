/**
 * Resources that no rule can tell apart. Ten thousand servers with a few labels are a few dozen classes: what is asked of
 * each class need not be asked of each server.
 */
import type { Policy, Resource } from '@tidegate/core';

export interface ResourceClass<R extends Resource = Resource> {
  readonly example: R;
  readonly members: readonly R[];
}

/** In the order in which each class first appears. */
export function resourceClasses<R extends Resource>(
  policies: readonly Policy[],
  resources: readonly R[],
): readonly ResourceClass<R>[] {
  const rules = policies.flatMap(({ rules }) => rules);
  const wanted = rules.flatMap(({ resources }) => ('all' in resources ? [] : [resources]));
  const names = new Set(wanted.flatMap((each) => each.names));
  const labels = [...new Set(wanted.flatMap((each) => Object.keys(each.labels)))].sort();
  const classes = new Map<string, { example: R; members: R[] }>();
  for (const resource of resources) {
    const key = names.has(resource.name)
      ? `name ${resource.name}`
      : `labels ${JSON.stringify(labels.map((label) => (Object.hasOwn(resource.labels, label) ? resource.labels[label] : null)))}`;
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { example: resource, members: [resource] });
    else known.members.push(resource);
  }
  return [...classes.values()];
}
