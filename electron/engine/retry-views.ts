import type { RetryPreviewView } from '#contract/retry-views.ts';
import type { RetryPreview } from '#domain/retry-preview.ts';

/** The preview of a retry as a window sees it. */
export function toRetryPreviewView(preview: RetryPreview): RetryPreviewView {
  return {
    ...preview,
    evidence: [...preview.evidence],
    warnings: preview.warnings.map((warning) =>
      warning.type === 'same_input_under_way' ? { ...warning, jobIds: [...warning.jobIds] } : warning,
    ),
  };
}
