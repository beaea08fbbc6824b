export { startCluster } from './cluster.ts';
export { EmbeddedError, type EmbeddedErrorCode } from './errors.ts';
export { removeCluster } from './place.ts';
export type { Cluster, ClusterConnection, ClusterLog, ClusterOptions, ServerEnd, StopMode } from './types.ts';
