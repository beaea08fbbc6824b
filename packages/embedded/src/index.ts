export { EmbeddedError, type EmbeddedErrorCode } from './errors.ts';
export { type FolderLock, lockFolder } from './lock.ts';
export { installedMariadb, type MariadbBinaries } from './mariadb/binaries.ts';
export { startMariadb } from './mariadb/mariadb.ts';
export { startCluster } from './postgres/cluster.ts';
export { removeCluster, removeMariadb } from './remove.ts';
export type {
  Cluster,
  ClusterConnection,
  ClusterLog,
  ClusterOptions,
  Mariadb,
  MariadbConnection,
  MariadbOptions,
  RunningServer,
  ServerEnd,
  StopMode,
} from './types.ts';
