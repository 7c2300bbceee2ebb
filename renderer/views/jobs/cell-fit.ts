import { formatCredits } from '#domain/credits.ts';
import type { JobRow } from '#contract/job-views.ts';
import type { JobsColumn } from './jobs-columns.ts';

/** The sizes of the list's fonts in pixels: its texts, its badges, and what stands in the font of code. */
const TEXT_PX = 13;
const BADGE_PX = 12;
const CODE_PX = TEXT_PX * 0.94;
/** What a badge adds to its text: sign, gap, and for a state padding and border. */
const STATE_EXTRA_PX = 37;
const CHARGE_EXTRA_PX = 18;
/** A time as its distance from now, in days of at most four digits. */
const TIME_PX = 74;
const ORDINARY_FROM_MS = Date.UTC(2000, 0, 1);
const ORDINARY_TO_MS = Date.UTC(2050, 0, 1);

/** The widths of signs as shares of the font's size, rounded up; that of the font of code is the same for all. */
const NARROW = /[ !'(),./:;I[\]fijlrt|-]/;
const WIDE = /[%&@MWmw]/;
const CAPITAL = /[A-Z]/;
const CODE_SHARE = 0.6;

/**
 * What a text is wide at most, in pixels, in the application's fonts; infinite where it holds anything but ASCII, of which nothing is
 * known without drawing it.
 */
function widthAtMost(text: string, fontPx: number): number {
  let share = 0;
  for (const sign of text) {
    if (sign < ' ' || sign > '~') return Infinity;
    share += NARROW.test(sign) ? 0.47 : WIDE.test(sign) ? 1.07 : CAPITAL.test(sign) ? 0.82 : 0.67;
  }
  return share * fontPx;
}

/**
 * True where what a cell shows surely fits into its column. Only others are cut off: a box that cuts off costs more to paint than all
 * else in a cell, and a row in motion has a dozen cells.
 */
export function fitsCell(id: JobsColumn['id'], row: JobRow, cell: { widthPx: number; creditScale: number }): boolean {
  return cellWidthAtMost(id, row, cell.creditScale) <= cell.widthPx;
}

function cellWidthAtMost(id: JobsColumn['id'], row: JobRow, creditScale: number): number {
  switch (id) {
    case 'state':
      return STATE_EXTRA_PX + widthAtMost(row.progressFraction === null ? row.state : `${row.state} 100%`, BADGE_PX);
    case 'job':
      return codeWidthAtMost(row.id);
    case 'code':
      return codeWidthAtMost(row.failureCode ?? '');
    case 'kind':
      return widthAtMost(row.kind, TEXT_PX);
    case 'workspace':
      return widthAtMost(row.workspaceId, TEXT_PX);
    case 'user':
      return widthAtMost(row.userId, TEXT_PX);
    case 'provider':
      return widthAtMost(row.provider, TEXT_PX);
    case 'model':
      return widthAtMost(row.model, TEXT_PX);
    case 'attempt':
      return widthAtMost(`${row.attempt}/${row.maxAttempts}`, TEXT_PX);
    case 'charge':
      return CHARGE_EXTRA_PX + widthAtMost(row.isBlockedForCredit ? 'needs credit' : row.chargeStatus, BADGE_PX);
    case 'price':
      return widthAtMost(formatCredits(row.priceCredits, creditScale), TEXT_PX);
    case 'created':
      return timeWidthAtMost(row.createdAtMs);
    case 'updated':
      return timeWidthAtMost(row.updatedAtMs);
    case 'prompt':
      return Infinity;
  }
}

function codeWidthAtMost(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length * CODE_SHARE * CODE_PX : Infinity;
}

function timeWidthAtMost(atMs: number): number {
  return atMs > ORDINARY_FROM_MS && atMs < ORDINARY_TO_MS ? TIME_PX : Infinity;
}
