export { startCluster } from './cluster.ts';
export { EmbeddedError, type EmbeddedErrorCode } from './errors.ts';
export { type FolderLock, lockFolder } from './lock.ts';
export { removeCluster } from './remove.ts';
export type { Cluster, ClusterConnection, ClusterLog, ClusterOptions, ServerEnd, StopMode } from './types.ts';
