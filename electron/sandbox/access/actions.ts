/** What `read` may do. */
export const READ = [
  'changeStream',
  'collStats',
  'dbHash',
  'dbStats',
  'find',
  'killCursors',
  'listCollections',
  'listIndexes',
  'listSearchIndexes',
  'planCacheRead',
] as const;

/** What `readWrite` may do. */
export const READ_WRITE = [
  ...READ,
  'cleanupStructuredEncryptionData',
  'compactStructuredEncryptionData',
  'convertToCapped',
  'createCollection',
  'createIndex',
  'createSearchIndexes',
  'dropCollection',
  'dropIndex',
  'dropSearchIndex',
  'insert',
  'remove',
  'renameCollectionSameDB',
  'update',
  'updateSearchIndex',
] as const;

/** What `userAdmin` may do. */
export const USER_ADMIN = [
  'changeCustomData',
  'changePassword',
  'createUser',
  'createRole',
  'dropUser',
  'dropRole',
  'grantRole',
  'revokeRole',
  'setAuthenticationRestriction',
  'viewUser',
  'viewRole',
] as const;

/** What `dbAdmin` may do. */
export const DB_ADMIN = [
  'analyze',
  'bypassDocumentValidation',
  'collMod',
  'collStats',
  'compact',
  'configureQueryAnalyzer',
  'convertToCapped',
  'createCollection',
  'createIndex',
  'createSearchIndexes',
  'dbStats',
  'dropCollection',
  'dropDatabase',
  'dropIndex',
  'dropSearchIndex',
  'enableProfiler',
  'listCollections',
  'listIndexes',
  'listSearchIndexes',
  'planCacheIndexFilter',
  'planCacheRead',
  'planCacheWrite',
  'reIndex',
  'renameCollectionSameDB',
  'storageDetails',
  'updateSearchIndex',
  'validate',
] as const;

/** What `dbAdmin` may do to the profiler's collection. */
export const PROFILE_ADMIN = [...READ, 'convertToCapped', 'createCollection', 'dropCollection'] as const;

/** What `clusterMonitor` may do to the deployment, and to each database. */
export const MONITOR_CLUSTER = [
  'allCollectionStats',
  'connPoolStats',
  'getCmdLineOpts',
  'getDefaultRWConcern',
  'getLog',
  'getParameter',
  'getShardMap',
  'hostInfo',
  'inprog',
  'listDatabases',
  'listSampledQueries',
  'listSessions',
  'listShards',
  'netstat',
  'operationMetrics',
  'replSetGetConfig',
  'replSetGetStatus',
  'serverStatus',
  'shardedDataDistribution',
  'shardingState',
  'top',
  'useUUID',
] as const;
export const MONITOR_DATABASE = [
  'collStats',
  'dbStats',
  'getDatabaseVersion',
  'getShardVersion',
  'indexStats',
] as const;

/** What `hostManager` may do to the deployment. */
export const HOST_CLUSTER = [
  'applicationMessage',
  'auditConfigure',
  'connPoolSync',
  'dropConnections',
  'flushRouterConfig',
  'fsync',
  'invalidateUserCache',
  'killAnyCursor',
  'killAnySession',
  'killop',
  'logRotate',
  'oidReset',
  'replSetResizeOplog',
  'resync',
  'rotateCertificates',
  'setParameter',
  'shutdown',
  'touch',
  'trafficRecord',
  'unlock',
] as const;

/** What `clusterManager` may do to the deployment, and to each database. */
export const MANAGER_CLUSTER = [
  'addShard',
  'appendOplogNote',
  'applicationMessage',
  'checkMetadataConsistency',
  'cleanupOrphaned',
  'flushRouterConfig',
  'getChangeStreamState',
  'getClusterParameter',
  'getDefaultRWConcern',
  'listSessions',
  'listShards',
  'removeShard',
  'replSetConfigure',
  'replSetGetConfig',
  'replSetGetStatus',
  'replSetStateChange',
  'resync',
  'setChangeStreamState',
  'setClusterParameter',
  'setDefaultRWConcern',
  'setFeatureCompatibilityVersion',
] as const;
export const MANAGER_DATABASE = [
  'analyzeShardKey',
  'clearJumboFlag',
  'configureQueryAnalyzer',
  'enableSharding',
  'moveChunk',
  'refineCollectionShardKey',
  'reshardCollection',
  'splitChunk',
  'splitVector',
] as const;

/** What `restore` may do to collections. */
export const RESTORE = [
  'bypassDocumentValidation',
  'collMod',
  'convertToCapped',
  'createCollection',
  'createIndex',
  'createSearchIndexes',
  'dropCollection',
  'insert',
  'updateSearchIndex',
] as const;

/** What `restore` may do to the deployment. */
export const RESTORE_CLUSTER = [
  'applyOps',
  'bypassWriteBlockingMode',
  'forceUUID',
  'getParameter',
  'setUserWriteBlockMode',
  'useUUID',
] as const;

/** Every action that a custom role may be given. */
export const ACTIONS: ReadonlySet<string> = new Set([
  ...READ_WRITE,
  ...USER_ADMIN,
  ...DB_ADMIN,
  ...MONITOR_CLUSTER,
  ...MONITOR_DATABASE,
  ...HOST_CLUSTER,
  ...MANAGER_CLUSTER,
  ...MANAGER_DATABASE,
  ...RESTORE,
  ...RESTORE_CLUSTER,
  'anyAction',
  'authSchemaUpgrade',
  'changeOwnCustomData',
  'changeOwnPassword',
  'cpuProfiler',
  'dbCheck',
  'exportCollection',
  'impersonate',
  'importCollection',
  'internal',
  'issueDirectShardOperations',
  'listCachedAndActiveUsers',
  'setUserWriteBlockMode',
  'useTenant',
]);
