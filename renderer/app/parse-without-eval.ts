import { z } from 'zod';

// The page's content security policy forbids building functions from text, which zod would try for speed and report as a
// violation. This module is imported before any schema is used.
z.config({ jitless: true });
