import { z } from 'zod';

/** What somebody may do. Each request of the contract names the one that it needs. */
export const permissionSchema = z.enum(['view', 'payload', 'money', 'retry', 'policy', 'runner', 'export']);
export type Permission = z.infer<typeof permissionSchema>;
