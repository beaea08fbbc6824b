/** Makes the databases match the desired state, again and again (DESIGN: reconcile, don't script). */
import type { Reconciler, ReconcilerOptions } from './ports.ts';

export type * from './ports.ts';

export type StartReconciler = (options: ReconcilerOptions) => Reconciler;
