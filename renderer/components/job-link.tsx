import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { jobHref } from '../state/jobs-query-string.ts';

/** A job by its id, which leads to it. */
export function JobLink({ jobId }: { jobId: string }): ReactNode {
  return (
    <Link className="mono" href={jobHref(jobId)}>
      <bdi>{jobId}</bdi>
    </Link>
  );
}
